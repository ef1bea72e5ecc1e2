"""What somebody needs at a meeting, or at all that their team is invited to, is said or taken back: by themselves, or
by whoever has them come.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from services.enrollment.adapters import guests, meetings, member_meetings, needs
from services.enrollment.domain.needs import (
    MOST_ARMED,
    STOOD,
    Needs,
    alarms,
    asked,
    asked_of_guests,
    asked_of_team,
    forgetting,
    say,
    say_as_guest,
    say_on_team,
)
from services.enrollment.domain.team_meetings import meetings_of
from services.enrollment.usecases.lock_guests import lock_guests
from services.enrollment.usecases.lock_roster import lock_roster
from services.enrollment.usecases.lock_team import lock_team
from shared.base.answers import Answer
from shared.contracts.bounds import Id, Line
from shared.contracts.event import Command
from shared.contracts.programme import NeedsTerm
from shared.contracts.seen import require_seen
from shared.storage.tx import Tx


class SaysNeeds(Command):
    """All that is said: what is left out is not kept, and nothing at all takes it back.

    It is no command of the intake: a topic keeps for 90 days what is said on it.
    """

    service: ClassVar[str] = "enrollment"

    person_id: Id
    diet: tuple[Id, ...] = Field(default=(), max_length=30)
    diet_text: Line = ""
    access: tuple[Id, ...] = Field(default=(), max_length=30)
    access_text: Line = ""
    consent: bool = False
    seen: Id | None = None
    """The mark of what was kept when the form was shown. Whoever takes back their own is not asked."""


class SetNeeds(SaysNeeds):
    """Of somebody who is registered for the meeting."""

    enrolment_id: Id
    meeting_id: Id


class SetTeamNeeds(SaysNeeds):
    """Of somebody on a standing team, or named by a member: at every meeting that it is invited to."""

    enrolment_id: Id


class SetGuestNeeds(SaysNeeds):
    """Of a guest at the meeting."""

    programme_id: Id
    meeting_id: Id


async def set_needs(tx: Tx, command: SetNeeds) -> Answer:
    """The answer, which is stored, says whether something is kept, and nothing of it."""
    roster = await lock_roster(tx, command.enrolment_id, command.meeting_id)
    # Whoever calls the meeting off meanwhile is waited for, or finds what is said here.
    copy = await meetings.lock_shared(tx, command.meeting_id)
    roster = replace(roster, meeting=copy.meeting, meeting_state=copy.state)
    before = await needs.load(tx, roster.id, command.person_id)
    wish = _wish(tx, command, asked(roster))

    kept = say(roster, wish, before, tx.now, consent=command.consent, by_another=_by_another(tx, wish))

    _require_seen(command, wish, kept, needs.kept_mark(tx, before, roster.id, command.person_id))
    if kept is None:
        await needs.remove(tx, roster.id, command.person_id)
    elif kept != before:
        await needs.save(tx, roster.id, kept, tx.cause)
        tx.set(forgetting(copy, (await needs.load_kept(tx, [copy.meeting.id]))[copy.meeting.id], tx.now))
    return _answer(kept, command)


async def set_team_needs(tx: Tx, command: SetTeamNeeds) -> Answer:
    """As `set_needs`. All meetings of the programme have their timers set: a team may be moved, or called, to any."""
    team = await lock_team(tx, command.enrolment_id)
    # Whoever gives one a date meanwhile, moves it or calls it off is waited for, or finds what is said here.
    known = await meetings.lock_shared_of_programme(tx, team.programme.id)
    called = await member_meetings.load(tx, team.id) if team.enrolment.ad_hoc else frozenset()
    before = await needs.load_of_team(tx, team.id, command.person_id)
    wish = _wish(tx, command, asked_of_team(team))
    by_another = _by_another(tx, wish)

    kept = say_on_team(
        team, meetings_of(team, known, called), wish, before, tx.now, consent=command.consent, by_another=by_another
    )

    _require_seen(command, wish, kept, needs.kept_mark(tx, before, team.id, command.person_id))
    if kept is None:
        await needs.remove_of_team(tx, team.id, command.person_id)
    elif kept != before:
        await needs.save_of_team(tx, team.id, kept, tx.cause)
        kept_days = await needs.load_kept(tx, (one.meeting.id for one in known))
        for alarm in alarms(known, kept_days, tx.now)[:MOST_ARMED]:
            tx.set(alarm)
    return _answer(kept, command)


async def set_guest_needs(tx: Tx, command: SetGuestNeeds) -> Answer:
    """As `set_needs`."""
    programme, copy = await lock_guests(tx, command.programme_id, command.meeting_id)
    there = await guests.load(tx, copy.meeting.id, command.person_id)
    before = await needs.load_of_guest(tx, command.person_id) if there else None
    wish = _wish(tx, command, asked_of_guests(programme))
    by_another = _by_another(tx, wish)

    kept = say_as_guest(programme, copy, there, wish, before, tx.now, consent=command.consent, by_another=by_another)

    _require_seen(command, wish, kept, needs.kept_mark(tx, before, command.person_id))
    if kept is None:
        await needs.remove_of_guest(tx, command.person_id)
    elif kept != before:
        await needs.save_of_guest(tx, kept, tx.cause)
        tx.set(forgetting(copy, (await needs.load_kept(tx, [copy.meeting.id]))[copy.meeting.id], tx.now))
    return _answer(kept, command)


def _wish(tx: Tx, command: SaysNeeds, term: NeedsTerm | None) -> Needs:
    return Needs(
        person_id=command.person_id,
        diet=tuple(dict.fromkeys(command.diet)),
        diet_text=" ".join(command.diet_text.split()),
        access=tuple(dict.fromkeys(command.access)),
        access_text=" ".join(command.access_text.split()),
        consent=term.consent if term else "",
        keep_days=term.keep_days if term else 0,
        consented_at=tx.now,
        own=tx.cause.is_by(command.person_id),
    )


def _require_seen(command: SaysNeeds, wish: Needs, kept: Needs | None, mark: str) -> None:
    """Consent is taken back whatever has become of it: nobody has to look at it first."""
    if kept is not None or not wish.own:
        require_seen({STOOD: mark}, command.seen)


def _by_another(tx: Tx, wish: Needs) -> bool:
    """Neither the person themselves nor staff."""
    return not wish.own and (tx.cause.is_person or tx.cause.client is not None)


def _answer(kept: Needs | None, command: SaysNeeds) -> Answer:
    return Answer({"person_id": command.person_id, "kept": kept is not None})
