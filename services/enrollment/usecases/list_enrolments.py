"""Who has signed up for what, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import enrolments, links
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.status import status
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def list_enrolments(tx: Tx, query: Mapping[str, str]) -> Any:
    """Filtered by `programme_id`, `state` and `organisation_code`, each if given; in Danish order."""
    found = await enrolments.find(
        tx,
        programme_id=query.get("programme_id"),
        state=query.get("state"),
        organisation_code=query.get("organisation_code"),
    )
    return {"enrolments": [_short(one) for one in found]}


async def show_enrolment(tx: Tx, query: Mapping[str, str]) -> Any:
    found = await enrolments.load(tx, query["enrolment_id"])
    if found is None:
        raise Refused("unknown_enrolment", "Tilmeldingen findes ikke.", status=404, field="enrolment_id")
    path = (
        links.participants_path(tx.links, found.id, found.contact.person_id)
        if found.contact and found.has_place
        else None
    )
    return {
        **_short(found),
        "billing": found.billing.model_dump(mode="json"),
        "answers": dict(found.answers),
        "participants_path": path,
    }


def _short(one: Enrolment) -> dict[str, Any]:
    return {
        "enrolment_id": one.id,
        "programme_id": one.programme_id,
        "organisation": one.organisation.model_dump(mode="json"),
        "state": one.state,
        "status": status(one.state, forbehold_open=one.forbehold_open),
        "group": one.group,
        "contact": None if one.contact is None else one.contact.model_dump(mode="json"),
        "received_at": None if one.received_at is None else one.received_at.isoformat(),
        "enrolled_at": None if one.enrolled_at is None else one.enrolled_at.isoformat(),
    }
