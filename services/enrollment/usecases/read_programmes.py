"""What is published, for staff and programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.enrollment.adapters import programmes
from services.enrollment.domain.programme import Outline, outline, takes_sign_ups, unknown_programme
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_programmes(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    page = page_of(query, "programmes")
    return page.answer(await programmes.load_page(tx, page), lambda one: _short(one, tx.now))


async def read_programme(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    found = await programmes.load(tx, query["programme_id"])
    if found is None:
        raise unknown_programme()
    return {
        **_short(outline(found), tx.now),
        "merged_groups": dict(found.merged),
        "terms": found.terms.model_dump(mode="json"),
    }


def _short(programme: Outline, now: datetime) -> dict[str, Any]:
    return {
        "programme_id": programme.id,
        "version": programme.version,
        "title": programme.title,
        "noun": programme.noun,
        "owner": programme.owner,
        "deadline": programme.deadline.isoformat() if programme.deadline else None,
        "open": takes_sign_ups(programme, now),
        "cancelled": not programme.open,
        "places_taken": programme.taken,
        "places": programme.places,
    }
