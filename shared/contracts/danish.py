"""How Danish is written and sorted: amounts, days, clock times, alphabet. Pure, and the same on every machine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, time

WEEKDAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")
"""Monday first, as date.weekday() counts."""

MONTHS = (
    "januar",
    "februar",
    "marts",
    "april",
    "maj",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "december",
)

_KRONER = re.compile(r"(\d{1,3}(?:[. ]\d{3})+|\d{1,10})(?:,(\d{1,2}))?")
# "{", "|" and "}" follow "z" in ASCII, so that æ, ø and å come last and in that order under byte-wise comparison.
_ALPHABET = str.maketrans(
    {"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}", "ü": "y", "ð": "d", "þ": "th", "œ": "{"},
)


def danish_sort_key(text: str) -> str:
    """A key whose plain comparison (Python's, or PostgreSQL's COLLATE "C") is the Danish order of `text`.

    æ, ø, å come after z, and aa counts as å (Retskrivningsordbogen). Case, accents and
    punctuation do not matter; a space or hyphen comes before every letter.
    """
    folded = unicodedata.normalize("NFC", text).casefold().replace("aa", "å").translate(_ALPHABET)
    plain = "".join(mark for mark in unicodedata.normalize("NFD", folded) if not unicodedata.combining(mark))
    kept = "".join(mark if mark.isalnum() or mark in "{|}" else " " for mark in plain if mark not in "'’.,()")
    return " ".join(kept.split())


def kroner(ore: int) -> str:
    """24.375,00 kr.: øre as the Danish write an amount."""
    whole, rest = divmod(abs(ore), 100)
    grouped = f"{whole:,}".replace(",", ".")
    return f"{'-' if ore < 0 else ''}{grouped},{rest:02d} kr."


def listed(words: Sequence[str]) -> str:
    """Æbler, pærer og blommer."""
    return " og ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def short_day(day: date) -> str:
    """15. april 2021."""
    return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


def weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()]


def long_day(day: date) -> str:
    """Torsdag den 15. april 2021, in lower case as inside a sentence."""
    return f"{weekday(day)} den {short_day(day)}"


def day_span(first: date, last: date) -> str:
    """One day as long_day; several as "torsdag den 15. april 2021 til fredag den 16. april 2021"."""
    return long_day(first) if first == last else f"{long_day(first)} til {long_day(last)}"


def clock(at: time) -> str:
    """9.30."""
    return f"{at.hour}.{at.minute:02d}"


def day_and_clock(day: date, at: time) -> str:
    """Torsdag den 15. april 2021 kl. 9.30, in lower case as inside a sentence."""
    return f"{long_day(day)} kl. {clock(at)}"


def clock_span(starts: time, ends: time) -> str:
    """Kl. 9.30-15.00, in lower case as inside a sentence."""
    return f"kl. {clock(starts)}-{clock(ends)}"


def month_name(year_and_month: str) -> str:
    """Marts 2013 from 2013-03, in lower case as inside a sentence."""
    year, month = year_and_month.split("-")
    return f"{MONTHS[int(month) - 1]} {int(year)}"


def ore_of(text: str) -> int | None:
    """Øre of an amount as people write it: 24.375,00 kr., 24375 or 24375,5; None for what is no such amount."""
    read = _KRONER.fullmatch(text.strip().removesuffix(".").removesuffix("kr").strip())
    if read is None:
        return None
    whole, rest = read[1].replace(".", "").replace(" ", ""), (read[2] or "").ljust(2, "0")
    return int(whole) * 100 + int(rest)
