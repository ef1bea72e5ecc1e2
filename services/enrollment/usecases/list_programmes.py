"""What is published, for staff and programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import programmes
from services.enrollment.domain.enrolment import Programme, deadline_passed
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def list_programmes(tx: Tx, _query: Mapping[str, str]) -> Any:
    return {"programmes": [_short(tx, one) for one in await programmes.all_by_title(tx)]}


async def show_programme(tx: Tx, query: Mapping[str, str]) -> Any:
    found = await programmes.load(tx, query["programme_id"])
    if found is None:
        raise Refused("unknown_programme", "Forløbet findes ikke.", status=404, field="programme_id")
    return {**_short(tx, found), "terms": found.terms.model_dump(mode="json")}


def _short(tx: Tx, programme: Programme) -> dict[str, Any]:
    deadline = programme.terms.terms.deadline
    return {
        "programme_id": programme.id,
        "version": programme.ref.version,
        "title": programme.ref.title,
        "noun": programme.ref.noun,
        "owner": programme.ref.owner,
        "deadline": deadline.isoformat() if deadline else None,
        "open": programme.open and not deadline_passed(programme, tx.now),
        "places_taken": programme.taken,
        "places": programme.hard,
    }
