"""What is awaited from an organisation that is signed up, the most urgent first: what its page says on top.

Nothing is stored of it: it follows from how the enrolment, its options, its roles, its meetings and its team stand now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.forbehold import last_day
from services.enrollment.domain.invoice_details import invoiced_from, lacking
from services.enrollment.domain.meeting_copy import begins_at
from services.enrollment.domain.options import Option, as_it_stands, lacking_for, may_answer
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import Role
from services.enrollment.domain.roster import Roster, seats_for, why_closed
from services.enrollment.domain.roster import lacking_for as lacking_for_seat
from services.enrollment.domain.team import Team
from shared.contracts.danish import short_day
from shared.contracts.parties import billing_details
from shared.contracts.time import day_of, days_after

AT_ONCE = 3
"""So many are shown; the others come when these are done."""
SOON = 14
"""Days before its last one from which on a quote is awaited, where its programme does not ask for it earlier."""

What = Literal[
    "forbehold", "reservation", "invoice", "order_invoice", "seat_invoice", "quote", "meeting", "team", "role"
]
"""Also which of two comes first that are due on one day, or on none."""
_RANKS: tuple[What, ...] = (
    "forbehold",
    "reservation",
    "invoice",
    "order_invoice",
    "seat_invoice",
    "quote",
    "meeting",
    "team",
    "role",
)
DONE_BY: Mapping[What, str] = {
    "forbehold": "ResolveReservation",
    "reservation": "ChangeReservation",
    "invoice": "ChangeBilling",
    "order_invoice": "ChangeOptionBilling",
    "seat_invoice": "ChangeExtraBilling",
    "quote": "AcceptQuote",
    "meeting": "RegisterParticipant",
    "team": "NameTeamMember",
    "role": "ChangeRole",
}
"""The command that it is done by."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """`line` says it in Danish, with its day. `by`: the day it is due; None = there is none, so that it comes after all
    that has one. `about`: the id of the meeting, the option or the role.
    """

    what: What
    line: str
    by: date | None = None
    about: str = ""
    round: int | None = None
    """Of the quote."""


@dataclass(frozen=True, slots=True)
class Stands:
    """What it is read off. `rosters`: of the meetings that are for the organisation; `team` None = it names none."""

    enrolment: Enrolment
    programme: Programme
    options: Sequence[Option] = ()
    roles: Sequence[Role] = ()
    rosters: Sequence[Roster] = ()
    team: Team | None = None


def awaited(stands: Stands, now: datetime) -> tuple[Awaited, ...]:
    """All of it, in the order of its days. Nothing of whoever is not signed up, or whose programme is called off."""
    if not (stands.programme.open and stands.enrolment.is_signed_up):
        return ()
    found = [*_forbehold(stands, now), *_role(stands)]
    if stands.enrolment.has_place:
        found += [*_invoice(stands, now), *_quotes(stands, now), *_meeting(stands, now), *_team(stands, now)]
    return tuple(sorted(found, key=lambda one: (one.by or date.max, _RANKS.index(one.what))))


def _forbehold(stands: Stands, now: datetime) -> Iterator[Awaited]:
    """As long as it is the organisation's to answer: one that holds its place no more is nobody's."""
    enrolment = stands.enrolment
    if not enrolment.forbehold_open:
        return
    expected, today = enrolment.forbehold.expected_on, day_of(now)
    until = last_day(enrolment, stands.programme) if enrolment.has_place else None
    if until is not None and today > until:
        return
    if until is not None and (expected is None or until < expected):
        said = f"Svar på jeres forbehold: pladsen holdes til og med {short_day(until)}"
        yield Awaited("forbehold", said, until)
    elif expected is None:
        yield Awaited("reservation", "Skriv, hvornår I venter svar på jeres forbehold")
    else:
        word = "svaret ventes" if expected >= today else "svaret var ventet"
        yield Awaited("forbehold", f"Svar på jeres forbehold: {word} {short_day(expected)}", expected)


def _invoice(stands: Stands, now: datetime) -> Iterator[Awaited]:
    """What holds an invoice back: of the fee, of what was ordered, of extra participants. What has no invoice to come
    is waited for by none.
    """
    enrolment, programme = stands.enrolment, stands.programme
    fees_wait = enrolment.forbehold_open and programme.forbehold.fees_wait
    by_fee = invoiced_from(enrolment) if not fees_wait else None
    ordered = [(one, as_it_stands(one.order, now)) for one in stands.options]
    held = [(one, order) for one, order in ordered if order is not None and lacking_for(one, order)]
    extras = [
        (roster, seat)
        for roster in stands.rosters
        for seat in seats_for(roster, client=enrolment.by_client)
        if roster.meeting_state != "cancelled" and seat in roster.extras and lacking_for_seat(roster, seat)
    ]
    as_enrolment = [*(order for _, order in held if order.billing is None)]
    seats_as_enrolment = [seat for _, seat in extras if seat.billing is None]
    missing = lacking(enrolment, programme)
    if missing and (by_fee is not None or as_enrolment or seats_as_enrolment):
        late = by_fee is not None and by_fee <= day_of(now)
        day = "" if by_fee is None else "; fakturaen venter på det" if late else f"; helst inden {short_day(by_fee)}"
        yield Awaited("invoice", f"Oplysninger til fakturaen: {billing_details(missing)}{day}", by_fee)
    for option, order in held:
        if order.billing is not None:
            details = billing_details(lacking_for(option, order))
            said = f"Oplysninger til fakturaen for {order.title}: {details}"
            yield Awaited("order_invoice", said, order.delivered_on, option.option_id)
    for roster in dict.fromkeys(roster.id for roster, seat in extras if seat.billing is not None):
        meeting = next(one.meeting for one, _ in extras if one.id == roster)
        said = f"Oplysninger til fakturaen for en ekstra deltager: {meeting.title}"
        yield Awaited("seat_invoice", said, meeting.when.last_day if meeting.when else None, meeting.id)


def _quotes(stands: Stands, now: datetime) -> Iterator[Awaited]:
    """Those that end soon: from the day on which the programme asks for the answer first, or a fortnight before."""
    for option in stands.options:
        order = option.order
        if order is None or order.good_until is None or not may_answer(option, now):
            continue
        asks = max((*(option.term.remind_before if option.term else ()), SOON))
        if day_of(now) >= days_after(order.good_until, -asks):
            said = f"Svar på tilbuddet på {order.title}: det gælder til og med {short_day(order.good_until)}"
            yield Awaited("quote", said, order.good_until, option.option_id, order.round)


def _meeting(stands: Stands, now: datetime) -> Iterator[Awaited]:
    """The next one that people are registered for, as long as nobody is."""
    ahead = [
        (begins_at(one.meeting.when), one)
        for one in stands.rosters
        if one.meeting.when is not None and why_closed(one, now) is None
    ]
    _, roster = min(ahead, key=lambda pair: pair[0], default=(None, None))
    if roster is None or roster.seats or roster.full or roster.limit == 0 or roster.meeting.when is None:
        return
    limit, last = roster.limit, roster.last_day_to_register
    seats = "" if limit is None else "1 plads, " if limit == 1 else f"{limit} pladser, "
    day = short_day(roster.meeting.when.first_day)
    by = f" ({seats}senest {short_day(last)})" if last else ""
    yield Awaited("meeting", f"Tilmeld deltagere til {roster.meeting.title} {day}{by}", last, roster.meeting.id)


def _team(stands: Stands, now: datetime) -> Iterator[Awaited]:
    """It is smaller than agreed; due on the day of its next meeting that has one."""
    team = stands.team
    if team is None or not team.missing:
        return
    kinds = {one.kind for one in team.terms}
    days = [
        one.meeting.when.first_day
        for one in stands.rosters
        if one.meeting.kind in kinds
        and not one.meeting.roles
        and one.meeting_state == "scheduled"
        and one.meeting.when is not None
        and now < begins_at(one.meeting.when)
    ]
    what = "jeres deltagere" if team.enrolment.is_member else "jeres faste hold"
    said = f"Navngiv {what}: {len(team.members)} af mindst {team.minimum}"
    yield Awaited("team", said, min(days, default=None))


def _role(stands: Stands) -> Iterator[Awaited]:
    """One that has to be held, and is not."""
    for role in stands.roles:
        if role.term.required and role.holder is None:
            yield Awaited("role", f"Skriv, hvem der er {role.term.label}", about=role.term.id)
