"""What of a programme the pages for staff show around its meetings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from shared.contracts.danish import month_name, short_day
from shared.contracts.programme import ProgrammeRef, TrackTerm
from shared.contracts.time import days_after

_YEAR_MONTH = len("2021-04")


@dataclass(frozen=True, slots=True)
class Outline:
    """`kinds` and `groups`: id → title, in the order of the file. `starts` and `ends`: YYYY-MM, YYYY-MM-DD or empty.

    `tracks` None = those of its newest version are not known here. `ours`: its meetings are told of from here.
    """

    ref: ProgrammeRef
    cancelled: bool
    ours: bool
    kinds: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    starts: str = ""
    ends: str = ""
    tracks: tuple[TrackTerm, ...] | None = None

    @property
    def begins(self) -> date | None:
        """Its first day; of a month that is its first."""
        return _day(self.starts, last=False)

    @property
    def is_over(self) -> date | None:
        """Its last day; of a month that is its last."""
        return _day(self.ends, last=True)

    def kind(self, kind: str) -> str:
        return self.kinds.get(kind, kind)

    def group(self, group: str | None) -> str:
        return "Alle" if group is None else self.groups.get(group, group)

    @property
    def own_tracks(self) -> tuple[TrackTerm, ...]:
        """Those that each organisation runs for itself."""
        return tuple(one for one in self.tracks or () if one.per == "organisation")


def in_words(when: str) -> str:
    """Oktober 2020 or 3. oktober 2020, from what a programme file says."""
    return month_name(when) if len(when) == _YEAR_MONTH else short_day(date.fromisoformat(when))


def _day(when: str, *, last: bool) -> date | None:
    """None where nothing that can be a day was said: whoever checks a file says so, nobody here."""
    try:
        if len(when) != _YEAR_MONTH:
            return date.fromisoformat(when) if when else None
        first = date.fromisoformat(f"{when}-01")
    except ValueError:
        return None
    if not last:
        return first
    # Some day of the month after, back by as many days as that has had.
    following = days_after(first, 31)
    return days_after(following, -following.day)
