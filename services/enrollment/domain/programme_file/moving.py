"""A programme made from an earlier one: a new name, and its days in another year.

A day moves by whole years to the same weekday, the nearest one there is. That is a proposal, and said to be one: what
moved is answered beside the text, and stays to be looked at until a person has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from services.enrollment.domain.programme_file.changes import Where, at, ids_of
from services.enrollment.domain.programme_file.format import FIRST_YEAR, LAST_YEAR

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_WEEK = 7
_KEPT = frozenset({"readings", "ours"})
"""What the source says of them is about the earlier one, in words; a person reads it again."""


class Moved(NamedTuple):
    """A day or a month that was `was`, and is proposed to be `now`."""

    where: Where
    was: str
    now: str


def same_weekday(day: date, years: int) -> date:
    """The nearest day of that weekday, so many years on. The 29th of February is the 28th in most years."""
    try:
        there = day.replace(year=day.year + years)
    except ValueError:
        there = day.replace(year=day.year + years, day=28)
    off = (day.weekday() - there.weekday()) % _WEEK
    return there + timedelta(days=off if off <= _WEEK // 2 else off - _WEEK)


def copied(
    data: Mapping[str, Any], programme_id: str, title: str, year: int | None
) -> tuple[dict[str, Any], list[Moved]]:
    """As `yaml_lines.read` gives it. Without a year no day moves."""
    began = _first_year(data)
    years = 0 if year is None or began is None else year - began
    moved: list[Moved] = []
    made = {
        name: value if name in _KEPT or not years else _moved(value, years, (name,), moved)
        for name, value in data.items()
    }
    return {**made, "id": programme_id, "version": "1", "title": title}, moved


def _first_year(data: Mapping[str, Any]) -> int | None:
    period = data.get("period")
    starts = period.get("starts") if isinstance(period, Mapping) else None
    return int(starts[:4]) if isinstance(starts, str) and re.match(r"[0-9]{4}-", starts) else None


def _moved(value: Any, years: int, where: Where, moved: list[Moved]) -> Any:
    if isinstance(value, Mapping):
        return {name: _moved(one, years, (*where, name), moved) for name, one in value.items()}
    if isinstance(value, list):
        names = ids_of(value) or [str(number) for number in range(len(value))]
        return [_moved(one, years, (*where, name), moved) for name, one in zip(names, value, strict=True)]
    now = moved_text(value, years) if isinstance(value, str) else None
    if now is None:
        return value
    moved.append(Moved(where, value, now))
    return now


def moved_text(text: str, years: int) -> str | None:
    """None for what is neither a day nor a month, or would leave the years that a programme can lie in."""
    month = _MONTH.fullmatch(text)
    if not (month or _DAY.fullmatch(text)) or not FIRST_YEAR <= int(text[:4]) + years <= LAST_YEAR:
        return None
    if month:
        return f"{int(text[:4]) + years}{text[4:]}"
    try:
        return same_weekday(date.fromisoformat(text), years).isoformat()
    except ValueError:
        return None


def still_proposed(data: Any, moved: Iterable[Moved]) -> list[Moved]:
    """Those that stand there as they were proposed."""
    return [one for one in moved if at(data, one.where) == one.now]


BLANK = """\
# Et nyt forløb. Det, der skal skrives, er skrevet som forslag.
id: {id}
version: 1
title: {title}
noun: forløb
summary: Skriv kort, hvad forløbet går ud på.
period: {{starts: {year}-01, ends: {year}-12}}
staff_email: stab@arrangoer.example

organiser:
  name: Arrangøren
  cvr: "90000012"
  street: Eksempelgade 1
  postcode: "1000"
  city: København K
  sender_name: Arrangøren
  sender_email: noreply@arrangoer.example
  organizer_email: forloeb@arrangoer.example

enrolment:
  who: municipalities
  how: sign_up
  confirmation: address_book
  form:
    - {{id: baggrund, label: "Hvorfor vil I gerne være med?", kind: lines, max_lines: 10}}

meeting_kinds:
  - {{key: moede, title: Møde, included: 2, extra: refused}}

registration:
  closes_days_before: 3
  reminder_days: [14, 2]

meetings:
  - {{key: moede-1, title: 1. møde, kind: moede, precision: undated}}
"""
"""Where one begins that is like no other."""
