"""What staff see of a whole programme at a glance: where it stands, where its enrolments do, and what they lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.invoice_details import lacking
from services.enrollment.domain.meeting_copy import MeetingCopy, begins_at
from services.enrollment.domain.price_text import is_billed
from services.enrollment.domain.programme import Programme, is_over, takes_sign_ups
from services.enrollment.domain.status import State
from services.enrollment.domain.team import MEMBERS, team_terms
from shared.contracts.danish import short_day
from shared.contracts.parties import BILLING_DETAILS

Stands = Literal["plads", "forbehold", "venteliste", "inviteret", "nej", "afmeldt", "ikke-godkendt", "bortfaldet"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One way in which enrolments stand, as a list is filtered. `forbehold`: whether one is open; None = any."""

    key: Stands
    word: str
    states: tuple[State, ...]
    forbehold: bool | None = None


STANDINGS = (
    Standing("plads", "Plads bekræftet", ("enrolled",), forbehold=False),
    Standing("forbehold", "Plads med forbehold", ("enrolled",), forbehold=True),
    Standing("venteliste", "Venter på plads", ("waitlisted",)),
    Standing("inviteret", "Inviteret", ("invited", "received")),
    Standing("nej", "Har takket nej", ("declined",)),
    Standing("afmeldt", "Afmeldt", ("withdrawn",)),
    Standing("ikke-godkendt", "Ikke godkendt politisk", ("not_approved",)),
    Standing("bortfaldet", "Bortfaldet", ("lapsed",)),
)


Link = Literal["inviteret", "ikke-aabnet", "aabnet"]
"""How far the link of an invitation has come, of those that have not answered: not opened, or opened."""
LINKS: Mapping[Link, str] = {
    "inviteret": "Inviteret af os",
    "ikke-aabnet": "Inviteret, linket er ikke åbnet",
    "aabnet": "Har åbnet linket og ikke svaret",
}


def link_of(key: str) -> Link | None:
    return next((one for one in LINKS if one == key), None)


@dataclass(frozen=True, slots=True)
class MayLack:
    """What anybody who has a place may lack: `billed` = something of their invoices; `meetings` = people at the next
    one of their group (by group, "" = none; its id); `minimum` = a team of so many.
    """

    billed: bool
    meetings: Mapping[str, str]
    minimum: int


def standing_of(key: str) -> Standing | None:
    return next((one for one in STANDINGS if one.key == key), None)


def counted(counts: Mapping[tuple[State, bool], int]) -> dict[Stands, int]:
    """By state and whether a forbehold is open."""
    return {
        one.key: sum(
            number
            for (state, forbehold), number in counts.items()
            if state in one.states and one.forbehold in {None, forbehold}
        )
        for one in STANDINGS
    }


def programme_state(programme: Programme, last_meeting: date | None, now: datetime) -> str:
    """Where it stands, in a sentence."""
    deadline = programme.deadline
    if not programme.open:
        return f"Aflyst. {programme.because}".strip()
    if is_over(programme, last_meeting, now):
        return "Afsluttet"
    if not programme.has_form:
        return "I gang"
    if takes_sign_ups(programme, now):
        return f"Åbent for tilmelding til og med {short_day(deadline)}" if deadline else "Åbent for tilmelding"
    return f"I gang; tilmeldingen lukkede {short_day(deadline)}" if deadline else "I gang"


def places_text(programme: Programme) -> str:
    """12 af 30 pladser er taget."""
    if programme.places is None:
        return f"{programme.taken} har plads; der er plads til alle"
    word = "plads" if programme.places == 1 else "pladser"
    return f"{programme.taken} af {programme.places} {word} er taget"


def next_meetings(programme: Programme, meetings: Sequence[MeetingCopy], now: datetime) -> dict[str, MeetingCopy]:
    """By group ("" = of whoever is in none): the next one that people are registered for, which has its day."""
    registered = {one.kind for one in programme.terms.terms.seats if one.attendance == "registered"}
    ahead = sorted(
        (
            (begins_at(one.meeting.when), one.meeting.id, one)
            for one in meetings
            if one.state == "scheduled" and one.meeting.when is not None and one.meeting.kind in registered
        ),
        key=lambda one: one[:2],
    )
    coming = [one for begins, _, one in ahead if begins > now and not one.meeting.roles]
    groups = ("", *(one.id for one in programme.terms.groups))
    found = {
        group: next((one for one in coming if one.meeting.group in {None, group or None}), None) for group in groups
    }
    return {group: one for group, one in found.items() if one is not None}


def may_lack(programme: Programme, coming: Mapping[str, MeetingCopy]) -> MayLack:
    """`coming` as `next_meetings` says."""
    teams = [one.minimum for one in programme.terms.terms.seats if one.attendance in {"team", MEMBERS}]
    return MayLack(
        is_billed(programme.terms), {group: one.meeting.id for group, one in coming.items()}, max(teams, default=0)
    )


def wants(enrolment: Enrolment, programme: Programme, *, team: int, unnamed: MeetingCopy | None) -> tuple[str, ...]:
    """What is missing of whoever has a place, in a few words each. `team`: how many are on it; `unnamed`: the next
    meeting, if nobody is registered for it.
    """
    if not programme.open or not enrolment.has_place:
        return ()
    found = []
    when = unnamed.meeting.when if unnamed else None
    if unnamed is not None and when is not None and unnamed.meeting.kind in _registers(enrolment):
        found.append(f"Deltagere til {short_day(when.first_day)}")
    least = max((one.minimum for one in team_terms(enrolment)), default=0)
    if team < least and not enrolment.ad_hoc:
        found.append(f"{least - team} til holdet")
    if enrolment.is_member and enrolment.contact is None:
        found.append("Postkasse")
    found += [_capitalised(BILLING_DETAILS[one]) for one in lacking(enrolment, programme)]
    return tuple(found)


def _registers(enrolment: Enrolment) -> set[str]:
    return {one.kind for one in enrolment.agreed.seats if one.attendance == "registered"}


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Places:
    """Of one organisation at one meeting: `free` None = as many as they like."""

    registered: int
    free: int | None
    extra: int


def places_at(enrolment: Enrolment, kind: str, seats: int, stay_extra: int, *, team: int | None) -> Places:
    """`seats` are registered, of which so many `stay_extra` whatever becomes free; of a team its size counts."""
    term = enrolment.seat_terms(kind)
    if team is not None:
        return Places(team, None, 0)
    if term is None or term.included is None:
        return Places(seats, None, 0)
    included = min(term.included, seats - stay_extra)
    return Places(seats, term.included - included, seats - included)
