"""Who gets a place, now or when one is free: the one order, for every way in and every place that comes free.

The order is (received at, number), and whoever waits comes before whoever signs up next. An open forbehold keeps its
owner waiting where the programme says that it holds no place, or not any longer; then the next one moves up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.enrollment.domain.enrolment import Agreed, Enrolment, Held, about
from services.enrollment.domain.programme import Programme, allots, holds_place, holds_until
from shared.contracts.danish import long_day
from shared.contracts.decision import Alarm
from shared.contracts.enrollment import NobodyMovedUp, Prospect
from shared.contracts.programme import ProgrammeTerms
from shared.contracts.time import day_after, start_of_day

PLACES = "places"
"""The timer of a programme whose places are to be given; its key is the programme's id."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many are on the list, and how many of them have an open forbehold."""

    all: int = 0
    with_forbehold: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Of somebody who waits: the first one is number 1; and so among those without an open forbehold."""

    number: int
    settled: int


@dataclass(frozen=True, slots=True)
class Placed:
    """An enrolment as it came out of a sign-up or a promotion, and the programme as it was just after it."""

    enrolment: Enrolment
    programme: Programme
    from_waiting_list: bool = False


def may_have_place(programme: Programme, now: datetime, *, forbehold: bool) -> bool:
    """Whether somebody who is next gets a place now."""
    has_room = programme.free is None or programme.free > 0
    return programme.open and has_room and allots(programme, now) and (not forbehold or holds_place(programme, now))


def may_come_in(programme: Programme, now: datetime, *, forbehold: bool) -> bool:
    """Whether a newcomer gets a place now: nobody who waits is passed."""
    return not programme.others_first and may_have_place(programme, now, forbehold=forbehold)


def prospect(programme: Programme, now: datetime, *, forbehold: bool = False) -> Prospect:
    """What somebody may hope for who signs up now."""
    if not allots(programme, now):
        return "after_deadline"
    return "waiting_list" if programme.is_full or (forbehold and not holds_place(programme, now)) else "place"


def give_place(programme: Programme, enrolment: Enrolment, now: datetime) -> tuple[Programme, Enrolment]:
    """One place fewer, and the enrolment that has it, on the terms of today."""
    terms = programme.terms.terms
    after = replace(
        enrolment,
        state="enrolled",
        agreed=Agreed(fees=terms.fees, seats=terms.seats),
        leaving=programme.terms.enrolment.withdrawal,
        held=Held(holds_until(programme)) if enrolment.forbehold_open else None,
        enrolled_at=now,
    )
    return replace(programme, taken=programme.taken + 1), after


def promote(programme: Programme, waiting: Sequence[Enrolment], now: datetime) -> tuple[Programme, tuple[Placed, ...]]:
    """Those who move up, as long as there is room. `waiting` in their order; a forbehold is kept as it is."""
    placed: list[Placed] = []
    for one in waiting:
        if may_have_place(programme, now, forbehold=one.forbehold_open):
            programme, after = give_place(programme, one, now)
            placed.append(Placed(after, programme, from_waiting_list=True))
    return programme, tuple(placed)


def would_have_place(programme: Programme, one: Enrolment, position: Position, free: int | None, now: datetime) -> bool:
    """Whether `one` would have a place if so many were free and given now (None = as many as wait)."""
    holds = holds_place(programme, now)
    if not programme.open or (one.forbehold_open and not holds):
        return False
    return free is None or (position.number if holds else position.settled) <= free


def why_nobody(programme: Programme, waiting: Waiting, now: datetime) -> str | None:
    """Why nobody (more) moves up, in a sentence for staff; None while somebody can."""
    if not programme.open:
        return f"{programme.ref.title} er aflyst."
    if not waiting.all:
        return "Ingen står på ventelisten."
    if not allots(programme, now) and programme.deadline is not None:
        return f"Pladserne gives først efter tilmeldingsfristen {long_day(programme.deadline)}."
    if programme.free == 0:
        return "Den ene plads er taget." if programme.places == 1 else f"Alle {programme.places} pladser er taget."
    if waiting.with_forbehold == waiting.all and not holds_place(programme, now):
        return "De, der står på ventelisten, har alle et åbent forbehold, og det holder ingen plads her."
    return None


def left_free(
    programme: Programme, ended: Sequence[Enrolment], moved_up: int, waiting: Waiting, now: datetime
) -> tuple[NobodyMovedUp, ...]:
    """Word of each place that nobody got of those that `ended` had, the last first to be without one.

    `programme`, `waiting`: as they are once so many have moved up. Whoever is still to move up, at once and by a timer,
    has moved up. Nothing is said where nobody waits and nobody could have: places were free all the time, or whoever
    came when there were none was refused.
    """
    freed = [one for one in ended if one.has_place]
    full_before = programme.places is not None and programme.taken - moved_up + len(freed) >= programme.places
    if programme.places is None or not (waiting.all or moved_up or (full_before and _has_waiting_list(programme))):
        return ()
    coming = _still_to_move_up(programme, waiting, now)
    settled = replace(programme, taken=programme.taken + coming)
    why = why_nobody(settled, Waiting(waiting.all - coming, waiting.with_forbehold), now)
    if why is None:
        return ()
    return tuple(
        NobodyMovedUp(**about(one, programme), why=why, free=settled.free or 0) for one in freed[moved_up + coming :]
    )


def _has_waiting_list(programme: Programme) -> bool:
    return programme.when_full == "waiting_list"


def _still_to_move_up(programme: Programme, waiting: Waiting, now: datetime) -> int:
    """Those for whom there was no room in a transaction (`going_on`)."""
    if not may_have_place(programme, now, forbehold=False):
        return 0
    may = waiting.all if holds_place(programme, now) else waiting.all - waiting.with_forbehold
    return may if programme.free is None else min(may, programme.free)


def giving(terms: ProgrammeTerms) -> Alarm:
    """When the places are given of a programme that gives them after its deadline."""
    capacity, deadline = terms.enrolment.capacity, terms.terms.deadline
    at_deadline = capacity is not None and capacity.given == "at_deadline" and deadline is not None
    due = start_of_day(day_after(deadline)) if at_deadline and deadline is not None else None
    return Alarm(PLACES, terms.ref.id, due, {"programme_id": terms.ref.id})


def going_on(programme: Programme, now: datetime) -> Alarm:
    """With those who found no room in the transaction that gave the others their places."""
    return Alarm(PLACES, programme.id, now, {"programme_id": programme.id})
