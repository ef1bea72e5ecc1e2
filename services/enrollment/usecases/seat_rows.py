"""The people of a spreadsheet's rows: on their municipality's standing team, and at the meetings that they name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.enrollment.adapters import links, people, rosters, seat_moves, teams
from services.enrollment.adapters.people import Named
from services.enrollment.domain import enrolment_sheet
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.enrolment_sheet import Frame, Outcome, Row
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.roster import Roster, register
from services.enrollment.domain.team import Team, name_member, team_terms
from shared.base.cause import Cause
from shared.contracts.decision import Decision
from shared.contracts.enrollment import roster_id
from shared.contracts.parties import Person
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

T = TypeVar("T")

MOST_SEATS = 8_000
"""Seats that one file may ask for: all of it is one transaction."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A row of somebody whose municipality has a place, and the meetings that it is about."""

    row: Row
    enrolment: Enrolment
    person: Person
    meetings: tuple[MeetingCopy, ...]

    @property
    def for_team(self) -> bool:
        return not self.row.is_contact and bool(team_terms(self.enrolment))


async def seat_rows(
    tx: Tx,
    frame: Frame,
    standing: Mapping[str, Enrolment],
    rows: Sequence[Row],
    outcomes: Mapping[int, list[Outcome]],
    because: Cause,
    *,
    quiet: bool,
) -> None:
    """What came of each is added to its outcomes; a "no" to one does not touch the others."""
    jobs = await _jobs(tx, frame, standing, rows, outcomes)
    locked = await rosters.lock_many(
        tx, frame.programme, [(one.enrolment, copy) for one in jobs for copy in one.meetings]
    )
    named = {one.enrolment.id: one.enrolment for one in jobs if one.for_team}
    known = {one: await teams.lock(tx, frame.programme, named[one]) for one in sorted(named)}
    lists: Sequence[Team | Roster] = [*known.values(), *locked.values()]
    been_there = await seat_moves.load_people(tx, {one.id: one.enrolment.enrolled_at or tx.now for one in lists})

    after_teams, after_rosters = dict(known), dict(locked)
    decisions: list[Decision[Team] | Decision[Roster]] = []
    async for job in _in_turns(jobs):
        told = outcomes[job.row.number]
        if job.for_team:
            of_team = _named(after_teams[job.enrolment.id], job, been_there, told, tx, quiet=quiet)
            after_teams[job.enrolment.id] = of_team.after
            decisions.append(of_team)
        for copy in job.meetings:
            at = roster_id(job.enrolment.id, copy.meeting.id)
            of_roster = _registered(after_rosters[at], job, been_there, told, tx, quiet=quiet)
            after_rosters[at] = of_roster.after
            decisions.append(of_roster)

    for one, team in known.items():
        if after_teams[one] != team:
            await teams.save(tx, team, after_teams[one], because)
    for one, roster in locked.items():
        if after_rosters[one] != roster:
            await rosters.save(tx, roster, after_rosters[one], because)
    async for decided in _in_turns(decisions):
        tx.tell(decided, because=because)


async def _jobs(
    tx: Tx,
    frame: Frame,
    standing: Mapping[str, Enrolment],
    rows: Sequence[Row],
    outcomes: Mapping[int, list[Outcome]],
) -> list[_Job]:
    """Of whoever has something to come to, in the order of the rows."""
    wanted: list[tuple[Row, Enrolment, tuple[MeetingCopy, ...]]] = []
    for row in rows:
        enrolment = standing.get(row.code)
        if row.is_contact and not row.comes:
            continue
        if enrolment is None or not enrolment.has_place:
            outcomes[row.number].append(enrolment_sheet.no_place(frame.book[row.code]))
            continue
        copies = enrolment_sheet.meetings_of(row, frame, enrolment)
        if row.comes and not copies:
            outcomes[row.number].append(enrolment_sheet.nothing_to_come_to())
        wanted.append((row, enrolment, copies))
    if sum(len(copies) for _, _, copies in wanted) > MOST_SEATS:
        detail = f"Filen beder om mere end {MOST_SEATS} pladser på møder. Del den i flere."
        raise Refused("too_many_seats", detail, status=422, field="content")
    # Whoever is known keeps their name: a file that is read again is older than what has been put right since.
    called = [Named(row.code, row.name, row.email, renames=False) for row, _, _ in wanted]
    found = await people.recognise_many(tx, called)
    return [
        _Job(row, enrolment, found[name.key], copies)
        for (row, enrolment, copies), name in zip(wanted, called, strict=True)
    ]


async def _in_turns(many: Iterable[T]) -> AsyncIterator[T]:
    """Whoever else this process serves gets a turn before each."""
    for one in many:
        await asyncio.sleep(0)
        yield one


def _named(
    team: Team, job: _Job, been_there: Mapping[str, set[str]], told: list[Outcome], tx: Tx, *, quiet: bool
) -> Decision[Team]:
    if team.member(job.person.person_id) is not None:
        told.append(enrolment_sheet.on_team(already=True))
        return Decision(team)
    try:
        if job.person.person_id in been_there.get(team.id, ()):
            raise enrolment_sheet.has_left("taget af det faste hold")
        paths = links.place_paths(tx.links, team.enrolment, job.person.person_id, team.next_number)
        decided = name_member(team, job.person, tx.now, paths=paths, quiet=quiet)
    except Refused as no:
        told.append(enrolment_sheet.refused(no))
        return Decision(team)
    told.append(enrolment_sheet.on_team(already=False))
    return decided


def _registered(
    roster: Roster, job: _Job, been_there: Mapping[str, set[str]], told: list[Outcome], tx: Tx, *, quiet: bool
) -> Decision[Roster]:
    title = roster.meeting.title
    if roster.seat_of(job.person.person_id) is not None:
        told.append(enrolment_sheet.at_meeting(title, already=True))
        return Decision(roster)
    if job.row.all_meetings and roster.meeting_state == "planned":
        told.append(enrolment_sheet.without_date(title))
        return Decision(roster)
    paths = links.seat_paths(tx.links, roster.enrolment, roster.meeting.id, job.person.person_id, roster.next_number)
    try:
        if job.person.person_id in been_there.get(roster.id, ()):
            raise enrolment_sheet.has_left("meldt fra")
        decided = register(roster, job.person, None, tx.now, job.row.level, paths=paths, quiet=quiet)
    except Refused as no:
        told.append(enrolment_sheet.refused(no, title))
        return Decision(roster)
    told.append(enrolment_sheet.at_meeting(title, already=False))
    return decided
