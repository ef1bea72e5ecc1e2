"""What is published, for staff and programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.enrollment.adapters import programmes
from services.enrollment.domain.programme import Programme, takes_sign_ups, unknown_programme
from shared.storage.tx import Tx


async def read_programmes(tx: Tx, _query: Mapping[str, str]) -> dict[str, Any]:
    return {"programmes": [_short(one, tx.now) for one in await programmes.load_all(tx)]}


async def read_programme(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    found = await programmes.load(tx, query["programme_id"])
    if found is None:
        raise unknown_programme()
    return {**_short(found, tx.now), "terms": found.terms.model_dump(mode="json")}


def _short(programme: Programme, now: datetime) -> dict[str, Any]:
    deadline = programme.terms.terms.deadline
    return {
        "programme_id": programme.id,
        "version": programme.ref.version,
        "title": programme.ref.title,
        "noun": programme.ref.noun,
        "owner": programme.ref.owner,
        "deadline": deadline.isoformat() if deadline else None,
        "open": takes_sign_ups(programme, now),
        "places_taken": programme.taken,
        "places": programme.places,
    }
