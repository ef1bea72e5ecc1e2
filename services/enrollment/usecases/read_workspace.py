"""The front of the workspace: what waits for staff in their programmes, and where each programme is on its time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import enrolments, programmes, workspace
from services.enrollment.domain.invoice_details import lacking
from services.enrollment.domain.waiting_list import Waiting
from services.enrollment.domain.workspace import (
    NAMED,
    Counts,
    Course,
    Current,
    Found,
    closes_soon,
    course,
    forbehold_by,
    goes_on,
    why_they_wait,
)
from shared.base.listing import CURSOR
from shared.contracts.danish import danish_sort_key
from shared.contracts.parties import billing_details
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.messaging.dead_letters import count_open
from shared.storage.tx import Tx

ON_A_PAGE = 20
_NOBODY = Counts(Waiting(), 0)


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits, by kind; `missing`: what invoices lack, in words, by enrolment."""

    forms: Found
    forbehold: Found
    teams: Found
    mailboxes: Found
    billing: Found
    missing: Mapping[str, str]
    beyond_usual: Sequence[Current]
    lines: Sequence[tuple[Current, int, str]]
    """Programmes with free places, how many wait there all the same, and why."""
    silent: Sequence[tuple[Current, int]]
    """How many have not answered their invitation, and the deadline is near."""


@dataclass(frozen=True, slots=True)
class Row:
    """A programme as one of the list."""

    programme: Current
    course: Course
    counts: Counts


@dataclass(frozen=True, slots=True)
class Workspace:
    """`following` is the cursor of the next page of programmes; `ended`: how many more there are that have ended."""

    waits: Waits
    titles: Mapping[str, str]
    rows: Sequence[Row]
    total: int
    ended: int
    following: str | None


async def read_workspace(
    tx: Tx, programme_ids: Collection[str] | None, query: Mapping[str, str], *, only_ended: bool = False
) -> Workspace:
    """Of these programmes; None = of all there are. A page of those that go on, or of those that have ended."""
    today = day_of(tx.now)
    known = await workspace.load_current(tx, programme_ids)
    going_on = [one for one in known if goes_on(one, today)]
    over = [one for one in known if not goes_on(one, today)]
    counts = await workspace.count_enrolments(tx, [one.id for one in going_on])
    listed = sorted(over if only_ended else going_on, key=lambda one: (danish_sort_key(one.title), one.id))
    shown, following = _page(listed, query.get(CURSOR))
    return Workspace(
        waits=await _waits(tx, known, going_on, counts),
        titles={one.id: one.title for one in known},
        rows=[Row(one, course(one, today), counts.get(one.id, _NOBODY)) for one in shown],
        total=len(going_on),
        ended=len(over),
        following=following,
    )


def _page(listed: Sequence[Current], after: str | None) -> tuple[Sequence[Current], str | None]:
    """From the programme on whose id is the cursor."""
    place = next((number for number, one in enumerate(listed) if one.id == after), None) if after else 0
    if place is None:
        raise Refused("invalid_cursor", "Siden findes ikke længere. Begynd forfra.", status=422, field=CURSOR)
    rest = listed[place + ON_A_PAGE :]
    return listed[place : place + ON_A_PAGE], rest[0].id if rest else None


async def _waits(tx: Tx, known: Sequence[Current], going_on: Sequence[Current], counts: Mapping[str, Counts]) -> Waits:
    """A form waits as long as its programme is not called off."""
    ids, today = [one.id for one in going_on], day_of(tx.now)
    billing = await workspace.load_without_billing(tx, going_on, NAMED)
    closing = [one for one in going_on if closes_soon(one, today)]
    silent = await workspace.count_silent(tx, [one.id for one in closing])
    return Waits(
        forms=await workspace.load_forms(tx, [one.id for one in known], NAMED),
        forbehold=await workspace.load_forbehold(tx, going_on, forbehold_by(today), NAMED),
        teams=await workspace.load_short_teams(tx, ids, NAMED),
        mailboxes=await workspace.load_without_mailbox(tx, ids, NAMED),
        billing=billing,
        missing=await _missing(tx, [one.id for one in billing.named]),
        beyond_usual=sorted((one for one in going_on if one.is_beyond_usual), key=lambda one: (one.free or 0, one.id)),
        lines=await _lines(tx, going_on, counts),
        silent=sorted(
            ((one, silent[one.id]) for one in closing if one.id in silent),
            key=lambda one: (one[0].deadline or today, one[0].id),
        ),
    )


async def _missing(tx: Tx, enrolment_ids: Collection[str]) -> dict[str, str]:
    found = await enrolments.load_many(tx, enrolment_ids)
    terms = await programmes.load_many(tx, [one.programme_id for one in found.values()])
    return {one.id: billing_details(lacking(one, terms[one.programme_id])) for one in found.values()}


async def _lines(tx: Tx, going_on: Sequence[Current], counts: Mapping[str, Counts]) -> list[tuple[Current, int, str]]:
    stuck = [one for one in going_on if one.free != 0 and counts.get(one.id, _NOBODY).waiting.all]
    terms = await programmes.load_many(tx, [one.id for one in stuck])
    return [
        (one, counts[one.id].waiting.all, why_they_wait(terms[one.id], counts[one.id].waiting, tx.now)) for one in stuck
    ]


async def read_open_letters(tx: Tx) -> tuple[int, datetime | None]:
    """How many events of others this service has put aside, and since when (machine time) the oldest lies there."""
    return await count_open(tx)
