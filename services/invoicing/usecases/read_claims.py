"""Claims for those who look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import STATE_TITLES, Claim, not_found, state_named
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_claims(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All claims, or those of `programme_id` or in `state`; `invoiced_then_removed` waits for somebody to decide.

    Refused 422 `unknown_state` for a state that no claim can be in.
    """
    state = state_named(query["state"]) if "state" in query else None
    page = page_of(query, "claims")
    return page.answer(await claims.load_page(tx, page, programme_id=query.get("programme_id"), state=state), shown)


async def read_claim(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    found = await claims.load(tx, query["claim_id"])
    if found is None:
        raise not_found()
    return shown(found[0])


def shown(claim: Claim) -> dict[str, Any]:
    """A claim as the API shows it; amounts in øre without moms, instants in UTC."""
    return {
        "id": claim.id,
        "kind": claim.kind,
        "state": claim.state,
        "state_title": STATE_TITLES[claim.state],
        "due_at": claim.due_at.isoformat() if claim.due_at else None,
        "reason": claim.waived_because if claim.state == "waived" else claim.reason,
        "on_hold": claim.on_hold,
        "finding": claim.finding,
        "programme_id": claim.programme_id,
        "enrolment_id": claim.enrolment_id,
        "meeting_id": claim.meeting_id,
        "organisation": claim.buyer.model_dump(mode="json"),
        "text": claim.text,
        "person": claim.person_name,
        "net_ore": claim.amount_ore,
        "vat_percent": claim.vat_percent,
        "invoice_id": claim.invoice_id,
    }
