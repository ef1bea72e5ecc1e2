"""Days on which people in Denmark are away: public holidays, days on which much is closed, school holiday weeks.

Computed, and the same on every machine: the feasts follow Easter, and there has been one change of them in law since
1770 (store bededag, which is no holiday from 2024 on: lov nr. 214 af 6. marts 2023). Nothing here refuses a day; it
says what stands in the way of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import MAXYEAR, date, timedelta
from functools import lru_cache
from types import MappingProxyType

from shared.contracts.danish import short_day, weekday

GREAT_PRAYER_DAY_UNTIL = 2023
"""The last year in which store bededag was a public holiday."""
FIRST_YEAR = 1900
"""Easter of years before is not asked for here."""
WINTER_WEEKS, AUTUMN_WEEK = (7, 8), 42
"""ISO weeks in which schools are on holiday: in winter each municipality chooses one of the two."""
FRIDAY = 4
MOST_DAYS = 366
"""Of a meeting over several days so many are looked at."""

_BY_EASTER = (
    (-3, "skærtorsdag"),
    (-2, "langfredag"),
    (0, "påskedag"),
    (1, "2. påskedag"),
    (39, "Kristi himmelfartsdag"),
    (49, "pinsedag"),
    (50, "2. pinsedag"),
)
_FIXED = ((1, 1, "nytårsdag"), (12, 25, "juledag"), (12, 26, "2. juledag"))
_CLOSED = {(6, 5): "grundlovsdag", (12, 24): "juleaftensdag", (12, 31): "nytårsaftensdag"}


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of Meeus, Astronomical Algorithms, ch. 8)."""
    golden, century = year % 19, year // 100
    leap, rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap - correction + 15) % 30
    quarter, year_rest = divmod(year % 100, 4)
    weekday = (32 + 2 * rest + 2 * quarter - moon - year_rest) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def holidays(year: int) -> Mapping[date, str]:
    """The public holidays of a year, in the order of their days, by what they are called inside a sentence."""
    found = {date(year, month, day): name for month, day, name in _FIXED}
    if year >= FIRST_YEAR:
        sunday = easter(year)
        found |= {sunday + timedelta(days=after): name for after, name in _BY_EASTER}
        if year <= GREAT_PRAYER_DAY_UNTIL:
            found[sunday + timedelta(days=26)] = "store bededag"
    return MappingProxyType(dict(sorted(found.items())))


def holiday(day: date) -> str | None:
    """What a public holiday is called: skærtorsdag."""
    return holidays(day.year).get(day)


def closed(day: date) -> str | None:
    """What a day is called that is no public holiday, and on which many are away all the same: grundlovsdag."""
    return None if holiday(day) else _CLOSED.get((day.month, day.day))


def school_holiday(day: date) -> str | None:
    """The school holiday whose week a day lies in: vinterferie i uge 7. In winter not all schools have it then."""
    _, week, _ = day.isocalendar()
    if week in WINTER_WEEKS:
        return f"vinterferie i uge {week}"
    return f"efterårsferie i uge {week}" if week == AUTUMN_WEEK else None


def said_of(day: date) -> tuple[str, ...]:
    """What speaks against a day in Denmark, in sentences; nothing for an ordinary one."""
    said = []
    if name := holiday(day):
        said.append(f"{_named(day)} er {name}, som er en helligdag.")
    elif day.weekday() > FRIDAY:
        said.append(f"{_named(day)} er en {weekday(day)}.")
    if name := closed(day):
        said.append(f"{_named(day)} er {name}, hvor mange holder fri.")
    if name := school_holiday(day):
        who = "nogle skoler har" if name.startswith("vinterferie") else "skolerne har"
        said.append(f"{_named(day)} ligger i en uge, hvor {who} {name}.")
    return tuple(said)


def said_of_days(first: date, last: date) -> tuple[str, ...]:
    """The same of all days from the first to the last; of a school holiday once."""
    said: dict[str, None] = {}
    weeks: set[str] = set()
    for number in range(min((last - first).days, MOST_DAYS) + 1):
        if first > date(MAXYEAR, 12, 31) - timedelta(days=number):
            break
        day = first + timedelta(days=number)
        week = school_holiday(day)
        for sentence in said_of(day):
            if week is not None and week in sentence:
                if week in weeks:
                    continue
                weeks.add(week)
            said.setdefault(sentence)
    return tuple(said)


def _named(day: date) -> str:
    """Den 15. april 2021, at the beginning of a sentence."""
    return f"Den {short_day(day)}"
