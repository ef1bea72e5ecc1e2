"""Meetings for those who look: the list, and one meeting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import STATE_TITLES, Standing, not_found
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_meetings(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All meetings, or those of `programme_id`, `group` or `state`."""
    page = page_of(query, "meetings")
    found = await meetings.load_page(
        tx, page, programme_id=query.get("programme_id"), group=query.get("group"), state=query.get("state")
    )
    return page.answer(found, shown)


async def read_meeting(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    found = await meetings.load(tx, query["meeting_id"])
    if found is None:
        raise not_found()
    return shown(found[0])


async def read_changes(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """Every date and state that the meetings of a programme have had, and by whom."""
    page = page_of(query, "changes")
    return page.answer(await meetings.load_page_of_changes(tx, page, query["programme_id"]), _change)


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    days = ("first_day", "last_day", "starts_at", "ends_at", "changed_at")
    return {
        "key": row["key"],
        "title": row["title"],
        "state": STATE_TITLES[row["state"]],
        **{name: row[name].isoformat() if row[name] else None for name in days},
        "place": row["place"] or None,
        "reason": row["reason"] or None,
        "by": row["actor"],
    }


def shown(standing: Standing) -> dict[str, Any]:
    """A meeting as the API shows it: the fields of the events, the state, and its Danish name."""
    return {
        **standing.meeting.model_dump(mode="json"),
        "programme_id": standing.programme.id,
        "state": standing.state,
        "state_title": STATE_TITLES[standing.state],
        "held_on": standing.held_on.isoformat() if standing.held_on else None,
        "reason": standing.reason,
    }
