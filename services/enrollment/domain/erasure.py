"""Somebody is forgotten: what has to be done first, and what others are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.guest import Guest, remove_guest
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import Held, appoint, roles_of
from services.enrollment.domain.roster import Roster, cancel, is_changeable
from services.enrollment.domain.secretary import TERM as SECRETARY
from services.enrollment.domain.secretary import dismiss, secretary_of
from services.enrollment.domain.team import Team, remove_member
from shared.contracts.decision import Decision
from shared.contracts.enrollment import PersonErased
from shared.contracts.parties import Contact, erased
from shared.contracts.refusal import Refused


def require_words(person_id: str | None, email: str | None, *, by_event: bool) -> None:
    """Somebody has to be meant; `by_event`: by their id, because what is said over a topic lies there."""
    if by_event and email:
        raise Refused(
            "say_the_id", "Skriv personens id: en adresse ville ligge i loggen i 90 dage.", status=422, field="email"
        )
    if not person_id and not email:
        raise Refused("nobody_named", "Skriv personens e-mailadresse.", status=422, field="email")


def require_known(person_ids: Sequence[str]) -> None:
    if not person_ids:
        raise Refused("unknown_person", "Ingen er kendt under den adresse.", status=404, field="email")


def require_no_contact(enrolments: Sequence[Enrolment], person_ids: Collection[str], over: Collection[str]) -> None:
    """A municipality with a place, or one that waits for it, has somebody who is written to, until the programme is
    among those that are `over`.
    """
    held = [
        one
        for one in enrolments
        if one.is_signed_up and one.contact and one.contact.person_id in person_ids and one.programme_id not in over
    ]
    if held:
        count = "én tilmelding" if len(held) == 1 else f"{len(held)} tilmeldinger"
        raise Refused("still_contact", f"Personen er kontakt for {count}. Skift kontakt først.", field="email")


def free_seat(roster: Roster, person_id: str, now: datetime) -> tuple[Roster, Decision[Roster]]:
    """The roster as it stands without the name, and what becomes of the seat at a meeting that has not begun: it is
    left as by anybody, and nobody is told who it was.
    """
    nameless = replace(
        roster,
        seats=tuple(
            replace(seat, person=erased(person_id)) if seat.person.person_id == person_id else seat
            for seat in roster.seats
        ),
    )
    if not is_changeable(roster, now) or roster.seat_of(person_id) is None:
        return nameless, Decision(nameless)
    return nameless, cancel(nameless, person_id, now)


def leave_team(team: Team, person_id: str, now: datetime) -> tuple[Team, Decision[Team]]:
    """As `free_seat`, of a standing team."""
    nameless = replace(
        team,
        members=tuple(
            replace(one, person=erased(person_id)) if one.person.person_id == person_id else one for one in team.members
        ),
    )
    if not team.programme.open or not team.terms or team.member(person_id) is None:
        return nameless, Decision(nameless)
    return nameless, remove_member(nameless, person_id, now)


def leave_roles(
    enrolment: Enrolment,
    programme: Programme,
    history: Sequence[Held],
    person_ids: Collection[str],
    now: datetime,
) -> list[Decision[tuple[Held, ...]]]:
    """Nobody holds what they held beside the contact's role, one decision for each; also where somebody has to."""
    nameless = [
        replace(one, holder=Contact(**erased(one.holder.person_id).model_dump(), role=one.holder.role))
        if one.holder.person_id in person_ids
        else one
        for one in history
    ]
    return [
        appoint(enrolment, programme, nameless, role.term, None, "", now)
        for role in roles_of(enrolment, programme, nameless)
        if role.holder is not None and role.holder.person_id in person_ids
    ]


def leave_secretary(
    enrolment: Enrolment, programme: Programme, history: Sequence[Held], person_ids: Collection[str], now: datetime
) -> Decision[tuple[Held, ...]]:
    """Whoever had the contact's access has it no more, and is not written to about it."""
    held = secretary_of(enrolment, history)
    ended = dismiss(enrolment, programme, history, now) if held and held.holder.person_id in person_ids else None
    if ended is None:
        return Decision(())
    gone = Contact(**erased(ended.person_id).model_dump(), role=SECRETARY.label)
    rows = tuple(replace(one, holder=gone) for one in ended.rows)
    return Decision(rows, (ended.fact.model_copy(update={"before": None}),))


def leave_meeting(programme: Programme, meeting: MeetingCopy, guest: Guest) -> Decision[Guest]:
    """As `free_seat`, of a guest: there is nothing to keep of them."""
    return remove_guest(programme, meeting, replace(guest, person=erased(guest.person.person_id)))


def told(person_ids: Sequence[str], owner: str, why: Literal["retention"] | None = None) -> list[PersonErased]:
    return [PersonErased(owner=owner, person_id=one, why=why) for one in person_ids]
