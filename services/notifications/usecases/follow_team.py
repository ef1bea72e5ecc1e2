"""A standing team is named, changed or too small: each of it is invited to every dated meeting of its kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.notifications.adapters import closed_links, programmes, team_members
from services.notifications.domain import digest_lines, letters
from services.notifications.domain.looks import Look
from services.notifications.domain.team import Member, follow_members
from services.notifications.domain.text import storable
from services.notifications.domain.turns import in_turns
from services.notifications.usecases.look_at_calendars import look_at_calendars
from services.notifications.usecases.tell_staff import tell_staff
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import TeamMemberNamed, TeamMemberRemoved, TeamMemberReplaced, TeamReminderDue
from shared.contracts.parties import Person
from shared.storage.tx import Tx

Told = tuple[Received[Any], Person, bool]
"""The fact, somebody whom it tells of, and whether they are on the team."""


async def invite_member(tx: Tx, events: Sequence[Received[TeamMemberNamed]]) -> None:
    """TeamMemberNamed → the invitation to each of the team's meetings; to others as they get their dates. One that is
    quiet: to those alone.
    """
    await _follow(tx, [(event, event.data.person, True) for event in events])


async def replace_member(tx: Tx, events: Sequence[Received[TeamMemberReplaced]]) -> None:
    """TeamMemberReplaced → the cancellations for the one, the invitations for the other; the contact hears of it, where
    the one did it by the link of their own.
    """
    passed_on = [event for event in events if event.data.by_participant]
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(
        tx, [(letters.place_passed_on(event.data, event.sequence, event.time), event.cause) for event in passed_on]
    )
    await _follow(
        tx,
        [
            (event, person, person is event.data.person)
            for event in events
            for person in (event.data.previous, event.data.person)
        ],
    )


async def uninvite_member(tx: Tx, events: Sequence[Received[TeamMemberRemoved]]) -> None:
    """TeamMemberRemoved → the cancellations, to that person only; the contact hears of it, where that is news."""
    left = [event for event in events if event.data.by_participant]
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(
        tx, [(letters.place_left(event.data, event.sequence, event.time), event.cause) for event in left]
    )
    await _follow(tx, [(event, event.data.person, False) for event in events])


async def remind_of_team(tx: Tx, events: Sequence[Received[TeamReminderDue]]) -> None:
    """TeamReminderDue → a mail to the contact, and a line for staff."""
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(tx, [(letters.team_incomplete(event.data, event.time), event.cause) for event in events])
    await tell_staff(tx, [(digest_lines.team_short(event.data, event.time), event.cause) for event in events])


async def _follow(tx: Tx, told: Sequence[Told]) -> None:
    """Store who is on the team, and bring the calendars of its people in line.

    One look at the enrolment's, which goes on in slices: a team may have any number of meetings.
    """
    await programmes.lock(tx, (event.data.programme for event, _, _ in told))
    for turn in in_turns(told, lambda one: f"{one[0].data.enrolment_id}\n{one[1].person_id}"):
        members = [
            Member(
                event.data,
                person,
                event.time,
                takes_part,
                place_path=getattr(event.data, "place_path", None) if takes_part else None,
                own_path=getattr(event.data, "own_path", None) if takes_part else None,
                quiet=getattr(event.data, "quiet", False),
            )
            for event, person, takes_part in turn
        ]
        known = await team_members.load_known(tx, (one.place for one in members))
        closed = await closed_links.load(tx, (one.place for one in members))
        await team_members.save(tx, follow_members(members, known, closed))
        newest = {event.data.enrolment_id: event for event, _, _ in turn}
        looks = [
            Look("enrolment", one, event.uid, event.time, own=storable(event.data.organisation.name))
            for one, event in sorted(newest.items())
        ]
        await look_at_calendars(tx, looks, {event.uid: event.cause for event in newest.values()}, tx.now)
