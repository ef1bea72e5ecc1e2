"""A table that somebody made in Excel: each cell is the text that stands in it, or something that is no text for sure.

What is stored is what stands there, or nothing: whoever made the table is told which cell it is, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Why = Literal["formula", "error", "boolean", "date", "time", "fraction", "long", "zeros", "lost", "invisible"]
_AS_TEXT = "Gør kolonnen til tekst i Excel, og skriv det igen."
_SENTENCES: dict[Why, str] = {
    "formula": "Her står en formel, som ikke er regnet ud. Åbn filen i Excel, gem den, og send den igen.",
    "error": "Her står en fejl fra Excel ({shown}). Ret den.",
    "boolean": "Her står {shown}, som Excel ikke regner for tekst. " + _AS_TEXT,
    "date": "Excel har gjort det til en dato ({shown}). " + _AS_TEXT,
    "time": "Excel har gjort det til et klokkeslæt ({shown}). " + _AS_TEXT,
    "fraction": "Her står et tal med decimaler ({shown}). " + _AS_TEXT,
    "long": "Tallet er så langt, at Excel ikke har gemt alle cifre ({shown}). " + _AS_TEXT,
    "zeros": "Excel viser {shown}, men har ikke gemt nullerne forrest. " + _AS_TEXT,
    "lost": "Et tegn er gået tabt, da filen blev gemt. Skriv det igen, og gem filen som »CSV UTF-8« eller .xlsx.",
    "invisible": "Her står et tegn, som ikke kan ses ({shown}). Slet indholdet, og skriv det igen.",
}


@dataclass(frozen=True, slots=True)
class Odd:
    """No text for sure; `shown` is what a person sees there."""

    why: Why
    shown: str

    def __str__(self) -> str:
        """What is wrong with it, and what to do, in Danish."""
        return _SENTENCES[self.why].format(shown=self.shown)


Cell = str | Odd


def texts(fields: Sequence[str | None], row: Sequence[Cell]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The texts of a row by field, each on one line without blanks around it, and what is wrong with the others.

    Columns without a field are passed over.
    """
    cells: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    for field, cell in zip(fields, row, strict=False):
        if field is None:
            continue
        if isinstance(cell, Odd):
            wrong.append((field, str(cell)))
        elif text := " ".join(cell.split()):
            cells[field] = text
    return cells, wrong
