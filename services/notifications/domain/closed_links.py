"""Whose own links were closed, and which are good since.

What opened something before the closing opens nothing now, in whichever order the two are heard of: they are told on
streams of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Whose = tuple[str, str]
"""Enrolment and person; of a guest, who is of none, the subject of the fact (as `participant.Seat`)."""


class Led(NamedTuple):
    """Where mails lead: to the page of one seat or place, and to the one with all that is theirs; None = to none."""

    one: str | None
    own: str | None


@dataclass(frozen=True, slots=True)
class Closed:
    """The last closing of somebody's links; those that it names are good from then on."""

    at: datetime
    own_path: str | None = None
    place_path: str | None = None
    seat_paths: Mapping[str, str] = field(default_factory=dict)

    def seat(self, meeting_id: str, told: datetime, led: Led) -> Led:
        """`led` as it was `told` for the seat at a meeting, by what is good now."""
        return self._led(self.seat_paths.get(meeting_id), told, led)

    def place(self, told: datetime, led: Led) -> Led:
        return self._led(self.place_path, told, led)

    def _led(self, good: str | None, told: datetime, led: Led) -> Led:
        """What is told at the same instant and is not named there came afterwards."""
        if told > self.at:
            return led
        still = led if told == self.at else Led(None, None)
        return Led(good or still.one, self.own_path or still.own)
