"""The forms that wait for staff to say who their contact is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import enrolments, organisations, sign_ups
from services.enrollment.domain.sign_up import SignUp
from services.enrollment.domain.status import status
from shared.base.listing import page_of
from shared.contracts.parties import Organisation
from shared.storage.tx import Tx


async def read_sign_ups(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """In the order they came in; by `programme_id` and `organisation_code`, each if given."""
    page = page_of(query, "sign_ups")
    found = await sign_ups.load_page_of_waiting(
        tx, page, programme_id=query.get("programme_id"), organisation_code=query.get("organisation_code")
    )
    book = await organisations.load_many(tx, [one.organisation_code for _, one in found])
    standing = await enrolments.load_many(tx, [one.enrolment_id for _, one in found])
    placed = {key for key, one in standing.items() if one.is_signed_up}
    return page.answer(found, lambda one: _shown(one, book[one.organisation_code].organisation, placed))


async def read_sign_up(tx: Tx, programme_id: str, sign_up_id: str) -> dict[str, Any] | None:
    """One of them; None where none like that waits for staff in the programme."""
    found = await sign_ups.load(tx, sign_up_id)
    if found is None or found.command.programme_id != programme_id or not found.waits_for_staff:
        return None
    book = await organisations.load_many(tx, [found.organisation_code])
    standing = await enrolments.load_many(tx, [found.enrolment_id])
    placed = {key for key, one in standing.items() if one.is_signed_up}
    return _shown(found, book[found.organisation_code].organisation, placed)


def _shown(one: SignUp, organisation: Organisation, placed: set[str]) -> dict[str, Any]:
    """`has_place`: the organisation has one by another sign-up, so nothing can come of it, and it is forgotten soon."""
    return {
        "sign_up_id": one.id,
        "enrolment_id": one.enrolment_id,
        "programme_id": one.command.programme_id,
        "organisation": organisation.model_dump(mode="json"),
        "contact": one.contact.model_dump(mode="json"),
        "received_at": one.received_at.isoformat(),
        "shown_at": one.shown_at.isoformat() if one.shown_at else None,
        "status": status("received"),
        "has_place": one.enrolment_id in placed,
    }
