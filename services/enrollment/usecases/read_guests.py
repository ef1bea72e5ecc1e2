"""A meeting's guests, in the order in which they were invited. They are staff's: another system has put in none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import guests, meetings, programmes
from services.enrollment.domain.guest import Guest, require_meeting
from services.enrollment.domain.programme import unknown_programme
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_guests(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    programme = await programmes.load(tx, query["programme_id"])
    if programme is None:
        raise unknown_programme()
    meeting = require_meeting(programme, await meetings.load(tx, query["meeting_id"]))
    page = page_of(query, "guests")
    found = await guests.load_page(tx, page, meeting.meeting.id)
    return {"meeting_id": meeting.meeting.id, **page.answer(found, _shown)}


async def read_guest(tx: Tx, meeting_id: str, guest_id: str) -> Guest | None:
    return await guests.load(tx, meeting_id, guest_id)


def _shown(one: Guest) -> dict[str, Any]:
    return {**one.person.model_dump(mode="json"), "track": one.track, "invited_at": one.invited_at.isoformat()}
