"""Everybody who is invited to a programme or signed up for it, as staff look for them, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from services.enrollment.adapters import enrolments, invitations, overview, teams
from services.enrollment.adapters.overview import Sort
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.overview import (
    MayLack,
    Stands,
    counted,
    link_of,
    may_lack,
    next_meetings,
    standing_of,
    wants,
)
from services.enrollment.usecases.load_standings import load_standings
from services.enrollment.usecases.read_programme_page import Head
from shared.base.failures import Failure, classify
from shared.base.listing import Page, Placed, invalid_cursor, page_of
from shared.contracts.danish import danish_sort_key
from shared.storage.tx import Tx

ON_A_PAGE = 50
LOOKED_AT = 200
"""Of those that may lack something; the page ends there, also if fewer do."""


@dataclass(frozen=True, slots=True)
class Row:
    """`status` as everywhere; `lacks` is what is missing, in a few words each."""

    enrolment: Enrolment
    status: str
    position: int | None
    lacks: tuple[str, ...]
    invited_at: datetime | None = None
    opened_at: datetime | None = None
    """When its link was opened first, by a person or by a scanner of mails."""


@dataclass(frozen=True, slots=True)
class Found:
    rows: tuple[Row, ...]
    following: str | None
    """Cursor of the next page."""
    counts: Mapping[Stands, int]


async def read_standings(tx: Tx, head: Head, query: Mapping[str, str]) -> Found:
    """By `standing`, `lacking` ("ja"), `link` and `named` (a part of the organisation's name), each if given, in the
    order of `sort`. Refused for a cursor that is none of ours.
    """
    programme = head.programme
    sort: Sort = next((one for one in get_args(Sort) if one == query.get("sort")), "name")
    standing, only_lacking = standing_of(query.get("standing", "")), bool(query.get("lacking"))
    named = query.get("named", "")
    coming = next_meetings(programme, head.meetings, tx.now)
    lacking = may_lack(programme, coming) if only_lacking else None
    page = page_of(query, f"standings by {sort}", most=LOOKED_AT if lacking else ON_A_PAGE)

    async def look(page: Page, lacking: MayLack | None) -> list[Placed[str]]:
        return await overview.load_ids(
            tx,
            page,
            programme.id,
            sort=sort,
            states=standing.states if standing else None,
            forbehold=standing.forbehold if standing else None,
            named=danish_sort_key(named) or named or None,
            lacking=lacking,
            link=link_of(query.get("link", "")),
        )

    try:
        placed = await look(page, lacking)
    except Exception as error:
        # The place in a cursor is told by whoever asks: what cannot be one is theirs to put right.
        if page.after is not None and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise
    known = await enrolments.load_many(tx, [one for _, one in placed])
    sizes = await teams.load_sizes(tx, known)
    registered = await overview.load_registered(tx, list(known), [one.meeting.id for one in coming.values()])

    def lacks(one: Enrolment) -> tuple[str, ...]:
        meeting = coming.get(one.group or "")
        unnamed = meeting if meeting and not registered.get((one.id, meeting.meeting.id)) else None
        return wants(one, programme, team=sizes.get(one.id, 0), unnamed=unnamed)

    if lacking is None:
        ids, following = page.cut(placed)
    else:
        ids, following = _cut(page, [(place, one, bool(lacks(known[one]))) for place, one in placed])
    shown = [known[one] for one in ids]
    standings = await load_standings(tx, shown)
    when = await invitations.load_when(tx, ids)
    return Found(
        tuple(
            Row(one, standings[one.id].word, standings[one.id].position, lacks(one), *when.get(one.id, (None, None)))
            for one in shown
        ),
        following,
        counted(await overview.count_standings(tx, programme.id)),
    )


def _cut(page: Page, looked_at: Sequence[tuple[Sequence[str], str, bool]]) -> tuple[list[str], str | None]:
    """Those that lack something, as many as stand on a page; the next one goes on after the last that was looked at."""
    ids: list[str] = []
    last: Sequence[str] = ()
    for place, one, lacks in looked_at[: page.limit]:
        if len(ids) == ON_A_PAGE:
            return ids, page.cursor(last)
        last = place
        if lacks:
            ids.append(one)
    return ids, page.cursor(last) if len(looked_at) > page.limit else None
