"""A table that somebody made in Excel: each cell is the text that stands in it, or something that is no text for sure.

What is stored is what stands there, or nothing: whoever made the table is told which cell it is, and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.contracts.bounds import LONGEST_TEXT

Why = Literal[
    "formula", "error", "boolean", "date", "time", "fraction", "long", "zeros", "lost", "invisible", "too_long"
]
MOST_CELL = 500
"""Characters of a cell that is no answer; most fields have less room, and say so themselves."""
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
    "too_long": "Her står {shown} tegn, og så mange er der ikke plads til. Skriv det kortere.",
}


@dataclass(frozen=True, slots=True)
class Odd:
    """No text for sure, or too long a one; `shown` is what a person sees there, or how many characters it has."""

    why: Why
    shown: str

    @property
    def code(self) -> str:
        """Stable, of what is wrong with it."""
        return self.why if self.why == "too_long" else "wrong_cell"

    def __str__(self) -> str:
        """What is wrong with it, and what to do, in Danish."""
        return _SENTENCES[self.why].format(shown=self.shown)


Cell = str | Odd
_LINE_END = re.compile(r"\r\n?")


def texts(
    fields: Sequence[str | None], row: Sequence[Cell], answers: Collection[str] = (), in_lines: Collection[str] = ()
) -> tuple[dict[str, str], list[tuple[str, Odd]]]:
    """The texts of a row by field without blanks around them, and the cells that are none.

    Each is on one line, but those `in_lines` are as they were written; `answers` may be as long as a text can be.
    Columns without a field are passed over.
    """
    cells: dict[str, str] = {}
    wrong: list[tuple[str, Odd]] = []
    for field, cell in zip(fields, row, strict=False):
        if field is None:
            continue
        if isinstance(cell, Odd):
            wrong.append((field, cell))
        elif len(cell) > (LONGEST_TEXT if field in answers else MOST_CELL):
            wrong.append((field, Odd("too_long", str(len(cell)))))
        elif text := _LINE_END.sub("\n", cell).strip() if field in in_lines else " ".join(cell.split()):
            cells[field] = text
    return cells, wrong
