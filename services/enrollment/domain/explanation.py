"""A count, entry by entry: who is on a list, as number what and why, who put them in, and who came and went.

Whoever put somebody in is not who takes part: the secretary of a committee registers its politicians. Of staff and of
other systems it is said what they are, never who.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.moves import Move
from services.enrollment.domain.price_text import price
from services.enrollment.domain.roster import Roster, Seat, seats_for
from services.enrollment.domain.team import Member, Team, members_for
from shared.contracts.danish import day_and_clock, short_day
from shared.contracts.parties import Person
from shared.contracts.time import COPENHAGEN

By = Literal["contact", "secretary", "participant", "staff", "system"]
"""`secretary`: for the contact. `system`: another one, or a version that did not keep it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody on the list: as number `place` of it, since when they have the seat, and why it is what it is."""

    place: int
    person: Person
    since: datetime
    by: By
    by_text: str
    extra: bool
    walked_in: bool
    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who was on the list. `left_at` None = a version before this one took them off."""

    person: Person
    since: datetime
    by: By
    by_text: str
    left_at: datetime | None
    still_billed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    entries: tuple[Entry, ...]
    gone: tuple[Gone, ...]


@dataclass(frozen=True, slots=True)
class _Stay:
    """One person's time on one seat. `before` had it until then, `until` is when they left it or passed it on."""

    number: int
    person: Person
    since: datetime
    actor: str | None
    before: Person | None = None
    until: Move | None = None


@dataclass(frozen=True, slots=True)
class _MovedIn:
    leaver: Person
    at: datetime


def explain_roster(roster: Roster, moves: Sequence[Move], *, client: bool) -> Explanation:
    """`client`: as `seats_for` shows the seats; of the others only how many they are is said."""
    shown = {seat.number for seat in seats_for(roster, client=client)}
    stays = _stays({seat.number: (seat.person, seat.registered_at, seat.put_in_by) for seat in roster.seats}, moves)
    moved_in = _moved_in(roster, moves)
    extras = {seat.number for seat in roster.extras}
    entries = []
    for place, seat in enumerate(roster.seats, start=1):
        if seat.number not in shown:
            continue
        stay = stays.now[seat.number]
        why = _why_extra(roster, seat, place, shown) if seat.number in extras else _why_included(roster, seat, place)
        sentences = [why, *_how(stay), *_then(roster, seat, stay, moved_in.get(seat.number))]
        entries.append(
            Entry(
                place=place,
                person=seat.person,
                since=stay.since,
                by=_by(stay, roster.enrolment),
                by_text=_by_text(stay, roster.enrolment),
                extra=seat.number in extras,
                walked_in=seat.walked_in,
                why=" ".join(sentences),
            )
        )
    return Explanation(tuple(entries), _left(stays, roster.enrolment, client=client))


def explain_team(team: Team, moves: Sequence[Move], *, client: bool) -> Explanation:
    shown = {one.number for one in members_for(team, client=client)}
    stays = _stays({one.number: (one.person, one.named_at, one.put_in_by) for one in team.members}, moves)
    entries = []
    for place, one in enumerate(team.members, start=1):
        if one.number not in shown:
            continue
        stay = stays.now[one.number]
        entries.append(
            Entry(
                place=place,
                person=one.person,
                since=stay.since,
                by=_by(stay, team.enrolment),
                by_text=_by_text(stay, team.enrolment),
                extra=False,
                walked_in=False,
                why=" ".join([_why_on_team(team, one, place), *_how(stay)]),
            )
        )
    return Explanation(tuple(entries), _left(stays, team.enrolment, client=client))


def shown_to(explained: Explanation) -> list[Entry | Gone]:
    """One list: who is there, in their order, and then who was, in the order in which they left."""
    return [*explained.entries, *explained.gone]


@dataclass(frozen=True, slots=True)
class _Stays:
    now: Mapping[int, _Stay]
    gone: tuple[_Stay, ...]


def _stays(there: Mapping[int, tuple[Person, datetime, str | None]], moves: Sequence[Move]) -> _Stays:
    """Who has had which seat. A version before this one wrote no moves: what is there now counts, as far as it says."""
    now: dict[int, _Stay] = {}
    gone: list[_Stay] = []
    for move in moves:
        before = now.pop(move.number, None)
        if before is not None:
            gone.append(_Stay(before.number, before.person, before.since, before.actor, before.before, move))
        elif move.kind == "left":
            gone.append(_Stay(move.number, move.person, move.at, None, None, move))
        if move.kind != "left":
            now[move.number] = _Stay(move.number, move.person, move.at, move.actor, before.person if before else None)
    for number, (person, since, actor) in there.items():
        known = now.get(number)
        if known is None or known.person.person_id != person.person_id:
            now[number] = _Stay(number, person, since, actor)
        elif known.before is None:
            # It stands in the order by this, also where a clock was set back.
            now[number] = _Stay(number, person, since, known.actor)
        else:
            now[number] = _Stay(number, person, known.since, known.actor, known.before)
    left = [now.pop(number) for number in sorted(set(now) - set(there))]
    return _Stays(now, (*gone, *left))


def _moved_in(roster: Roster, moves: Sequence[Move]) -> dict[int, _MovedIn]:
    """By number: whose leaving let an extra one move in, and when.

    Those that stay extra never stood in the way of anybody.
    """
    if roster.limit is None:
        return {}
    aside = {seat.number for seat in roster.seats if seat.stays_extra}
    told = {move.number for move in moves if move.kind == "came"}
    untold = {seat.number for seat in roster.seats} | {move.number for move in moves}
    order = sorted(untold - told - aside)
    found: dict[int, _MovedIn] = {}
    for move in moves:
        if move.number in aside:
            continue
        if move.kind == "came":
            insort(order, move.number)
        elif move.kind == "left" and move.number in order:
            waiting = order[roster.limit : roster.limit + 1]
            if order.index(move.number) < roster.limit and waiting:
                found[waiting[0]] = _MovedIn(move.person, move.at)
            order.remove(move.number)
    return found


def _why_included(roster: Roster, seat: Seat, place: int) -> str:
    name = seat.person.name
    if roster.limit is None:
        return f"{name} er nr. {place}. Der er ingen grænse for, hvor mange I kan tilmelde."
    included = [one.number for one in roster.included].index(seat.number) + 1
    return f"{name} er nr. {included} af {roster.limit} inkluderede {_places(roster.limit)}."


def _why_extra(roster: Roster, seat: Seat, place: int, shown: Collection[int]) -> str:
    name, last, term = seat.person.name, roster.last_free_day, roster.terms.extra if roster.terms else None
    first = roster.included
    before = [one.person.name for one in first if one.number in shown]
    others = len(first) - len(before)
    if seat.stays_extra:
        day = f" efter den {short_day(last)}" if last else ""
        why = (
            f"{name} er nr. {place} og ekstra deltager. En af jeres pladser blev ledig, men først{day}: da kunne en "
            "ekstra plads ikke længere afmeldes uden betaling, så ingen rykkede ind på den."
        )
    elif before or others:
        who = _listed([*before, *([_others(others, more=bool(before))] if others else [])])
        why = f"{name} er nr. {place} af {roster.limit} inkluderede {_places(roster.limit or 0)}: {who} kom før."
    else:
        why = f"{name} er nr. {place}, og ingen pladser er inkluderet."
    return f"{why} Den ekstra plads koster {price(term)}." if term else why


def _why_on_team(team: Team, member: Member, place: int) -> str:
    most = f" af højst {team.most}" if team.most is not None else ""
    who = f"{member.person.name} er nr. {place}{most}"
    if team.enrolment.ad_hoc:
        return f"{who}, som er navngivet, og inviteres til de møder, medlemmet inviteres til."
    if team.enrolment.is_member:
        return f"{who}, som er navngivet, og inviteres til alle medlemmernes møder."
    return f"{who} på det faste hold og inviteres til alle holdets møder."


def _how(stay: _Stay) -> list[str]:
    if stay.before is None:
        return []
    return [f"Overtog pladsen og nummeret efter {stay.before.name} den {_moment(stay.since)}."]


def _then(roster: Roster, seat: Seat, stay: _Stay, moved_in: _MovedIn | None) -> list[str]:
    sentences = []
    if seat.walked_in:
        sentences.append(f"{seat.person.name} kom til mødet uden at være tilmeldt.")
    if moved_in is not None and seat in roster.included:
        whose = stay.person.name if stay.since <= moved_in.at else "Pladsen"
        was = "var ekstra deltager" if whose != "Pladsen" else "var en ekstra plads"
        sentences.append(f"{whose} {was}, indtil {moved_in.leaver.name} blev afmeldt den {_moment(moved_in.at)}.")
    return sentences


def _left(stays: _Stays, enrolment: Enrolment, *, client: bool) -> tuple[Gone, ...]:
    since = enrolment.enrolled_at
    shown = [one for one in stays.gone if not client or (since is not None and one.since >= since)]
    return tuple(_gone(one, enrolment) for one in shown)


def _gone(stay: _Stay, enrolment: Enrolment) -> Gone:
    name, until = stay.person.name, stay.until
    if until is None:
        why = f"{name} er ikke med længere."
    elif until.kind == "took_over":
        why = f"{name} gav pladsen videre til {until.person.name} den {_moment(until.at)}."
    else:
        whom = _whom(_kind(until.actor, enrolment, {stay.person.person_id}), enrolment)
        why = f"{name} blev afmeldt den {_moment(until.at)} af {whom}."
        if until.still_billed:
            why += " Den ekstra plads faktureres alligevel, fordi den sidste dag for afmelding uden betaling var gået."
    return Gone(
        person=stay.person,
        since=stay.since,
        by=_by(stay, enrolment),
        by_text=_by_text(stay, enrolment),
        left_at=until.at if until else None,
        still_billed=until is not None and until.still_billed,
        why=why,
    )


def _by(stay: _Stay, enrolment: Enrolment) -> By:
    persons = {stay.person.person_id, *([stay.before.person_id] if stay.before else [])}
    return _kind(stay.actor, enrolment, persons)


def _kind(actor: str | None, enrolment: Enrolment, persons: Collection[str]) -> By:
    who, _, whose = (actor or "").partition("/")
    if who == "person":
        return "participant" if whose in persons and not enrolment.is_contact(whose) else "contact"
    if who == "secretary":
        return "secretary"
    return "staff" if who == "token" else "system"


def _by_text(stay: _Stay, enrolment: Enrolment) -> str:
    by = _by(stay, enrolment)
    return stay.before.name if by == "participant" and stay.before else _whom(by, enrolment)


def _whom(by: By, enrolment: Enrolment) -> str:
    role = enrolment.contact.role if enrolment.contact else "kontaktperson"
    return {
        "contact": f"kommunens {role}",
        "secretary": "sekretæren",
        "participant": "deltageren selv",
        "staff": "staben",
        "system": "et andet system",
    }[by]


def _places(count: int) -> str:
    return "plads" if count == 1 else "pladser"


def _others(count: int, *, more: bool) -> str:
    if count == 1:
        return "1 anden" if more else "1 person"
    return f"{count} andre" if more else f"{count} personer"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} og {last}" if first else last


def _moment(at: datetime) -> str:
    local = at.astimezone(COPENHAGEN)
    return day_and_clock(local.date(), local.time()).partition(" den ")[2]
