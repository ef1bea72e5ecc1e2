"""Which calendars a change may concern, and how far we have come with looking at them.

A meeting may have any number of guests, and an enrolment any number of meetings. So a look is taken in slices, each in
a transaction of its own, and a slice compares with what holds then: a calendar that changed again meanwhile gets one
mail, which says what holds now, and none that is out of date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from shared.contracts.decision import Alarm

CALENDARS = "calendars"
"""Timer: what is left of looks that found no room in their transaction. It rings at once."""
CALENDARS_AT_ONCE = 20

Subject = Literal["meeting", "enrolment"]


@dataclass(frozen=True, slots=True)
class Look:
    """At the calendars that a fact of `at` about this meeting or enrolment may concern, after `place`.

    `fact` (`Received.uid`) tells it from another look at the same: both wait, none takes the other's row away from
    whoever holds it. `own`: the organisation whose letters are the actor's own, if any.
    """

    subject: Subject
    id: str
    fact: str
    at: datetime
    place: str = ""
    own: str | None = None


class Found(NamedTuple):
    """One mailbox to look at. `place` is its hash, and the order in which a look goes on: no address has to be kept."""

    look: Look
    pair: tuple[str, str]
    place: str


def newest(looks: Iterable[Look]) -> list[Look]:
    """One for each meeting or enrolment, in the order they came: the latest fact counts, from wherever one has to.

    Its letters are its actor's own where those of all of them were to be.
    """
    found: dict[tuple[Subject, str], Look] = {}
    for look in looks:
        known = found.get((look.subject, look.id), look)
        latest = max(known, look, key=lambda one: one.at)
        own = latest.own if known.own == look.own else None
        found[look.subject, look.id] = replace(latest, place=min(known.place, look.place), own=own)
    return list(found.values())


def left_over(looks: Sequence[Look], taken: Sequence[Found], *, complete: bool) -> list[Look]:
    """What of `looks` has to go on in another transaction, after those that were taken, in their order."""
    if complete:
        return []
    if not taken:
        return list(looks)
    last = taken[-1]
    at = looks.index(last.look)
    return [replace(last.look, place=last.place), *looks[at + 1 :]]


def alarm_of(look: Look, due: datetime) -> Alarm:
    told = {
        "subject": look.subject,
        "id": look.id,
        "fact": look.fact,
        "at": look.at.isoformat(),
        "place": look.place,
        "own": look.own,
    }
    return Alarm(CALENDARS, f"{look.subject}/{look.id} {look.fact}", due, told)


def look_of(told: Mapping[str, Any]) -> Look:
    """As `alarm_of` wrote it down; a version before this one knew no `own`."""
    at = datetime.fromisoformat(told["at"])
    return Look(told["subject"], told["id"], told["fact"], at, told["place"], told.get("own"))
