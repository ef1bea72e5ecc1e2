"""What is printed of a meeting: name tags, eight on an A4 sheet, and the list of those who come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from services.enrollment.domain.attendees import Attendee
from shared.pdf.typesetting import Layout, clipped

Paper = Literal["name-tags", "list"]

_TEMPLATES = Path(__file__).parents[1] / "templates" / "pdf"
_LONGEST = 200
TAGS_ON_A_SHEET = 8


@cache
def _layout(paper: Paper) -> Layout:
    return Layout(_TEMPLATES / ("name_tags.typ" if paper == "name-tags" else "attendees.typ"))


def write(paper: Paper, about: dict[str, str], people: Sequence[Attendee], dated: date) -> bytes:
    """`about`: `meeting`, `when`, `where`, `programme` and `seller`. The same people give the same bytes."""
    return _layout(paper).pdf(shown(about, people), title=_title(paper, about), dated=dated)


def pictures(paper: Paper, about: dict[str, str], people: Sequence[Attendee], dated: date) -> list[bytes]:
    """Its pages as PNG."""
    return _layout(paper).pictures(shown(about, people), title=_title(paper, about), dated=dated)


def _title(paper: Paper, about: dict[str, str]) -> str:
    return f"{'Navneskilte' if paper == 'name-tags' else 'Deltagerliste'} – {about['meeting']}"


def shown(about: dict[str, str], people: Sequence[Attendee]) -> dict[str, Any]:
    tags = [[clipped(one.name, _LONGEST), clipped(one.organisation, _LONGEST)] for one in people]
    return {
        "running": clipped(f"{about['meeting']} · {about['when']}", 90),
        "foot": clipped(about["seller"], 90),
        "meeting": clipped(about["meeting"], _LONGEST),
        "programme": clipped(about["programme"], 60),
        "facts": [
            (label, clipped(text, _LONGEST))
            for label, text in (
                ("Forløb", about["programme"]),
                ("Hvornår", about["when"]),
                ("Hvor", about["where"]),
                ("Deltagere", str(len(people))),
            )
            if text
        ],
        "sheets": [tags[first : first + TAGS_ON_A_SHEET] for first in range(0, len(tags), TAGS_ON_A_SHEET)],
        "levels": any(one.level for one in people),
        "rows": [
            [clipped(one.name, _LONGEST), clipped(one.organisation, _LONGEST), clipped(one.level, 80)] for one in people
        ],
    }
