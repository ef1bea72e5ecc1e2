"""All meetings of a programme, as staff plan them; and one of them with its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.scheduling.adapters import meetings, outlines
from services.scheduling.domain.meeting import Standing
from services.scheduling.domain.outline import Outline
from shared.base.failures import Failure, classify
from shared.base.listing import invalid_cursor, page_of
from shared.storage.tx import Tx

ON_A_PAGE = 100
HISTORY_ON_A_PAGE = 50
MOST_BESIDE = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """`counts`: how many of all its meetings stand as, by state."""

    outline: Outline
    meetings: Sequence[Standing]
    following: str | None
    counts: Mapping[str, int]
    now: datetime


@dataclass(frozen=True, slots=True)
class MeetingPage:
    """`history`: every date and state it has had, the newest at first."""

    outline: Outline
    standing: Standing
    history: Sequence[Mapping[str, Any]]
    following: str | None
    now: datetime


async def read_outline(tx: Tx, programme_id: str) -> Outline | None:
    return await outlines.load(tx, programme_id)


async def read_plan(tx: Tx, programme_id: str, query: Mapping[str, str]) -> Plan | None:
    """None of a programme that nobody has told of; `group`: its meetings, and those for everybody. Refused for a cursor
    that is none of ours.
    """
    outline = await outlines.load(tx, programme_id)
    if outline is None:
        return None
    page = page_of(query, "plan", most=ON_A_PAGE)
    counts = await meetings.count_states(tx, programme_id)
    try:
        found = await meetings.load_page_as_planned(tx, page, programme_id, query.get("group"))
    except Exception as error:
        if page.after is not None and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise
    rows, following = page.cut(found)
    return Plan(outline, rows, following, counts, tx.now)


async def read_meeting_page(
    tx: Tx, programme_id: str, meeting_id: str, query: Mapping[str, str]
) -> MeetingPage | Outline | None:
    """The outline alone where the programme has no such meeting; None where nobody has told of the programme."""
    outline = await outlines.load(tx, programme_id)
    if outline is None:
        return None
    found = await meetings.load(tx, meeting_id)
    if found is None or found[0].programme.id != programme_id:
        return outline
    page = page_of(query, "history", most=HISTORY_ON_A_PAGE)
    try:
        changes = await meetings.load_page_of_history(tx, page, meeting_id)
    except Exception as error:
        if page.after is not None and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise
    rows, following = page.cut(changes)
    return MeetingPage(outline, found[0], rows, following, tx.now)


async def read_beside(tx: Tx, programme_id: str, meeting_id: str, first: date, last: date) -> list[str]:
    """Titles of the programme's other meetings on one of these days."""
    return await meetings.load_beside(tx, programme_id, meeting_id, first, last, MOST_BESIDE)
