"""A layout and plain data → a PDF that meets PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1), both at once.

The layout is typst; data comes in as JSON and is never evaluated, so that a text can hold typst's own syntax. Nothing
is read but the layout, the house style and the fonts; no network. The same data gives the same bytes on every machine
with the same typst and fonts: the document is dated by its own date, never by a clock. Setting takes 5-20 ms of a core
and frees the GIL; in a service it belongs in a thread.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import typst

from shared.pdf.glyphs import FOLDERS, drawable, families_for

_HOUSE = Path(__file__).parent / "house"
"""The only folder that a layout may read; it holds the house style."""
_STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]
_LONGEST_TITLE = 120
PIXELS_PER_INCH = 96.0


class SettingError(ValueError):
    """The layout does not fit its data."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """The same document for programs, inside the PDF (associated file with AFRelationship Alternative)."""

    name: str
    content: bytes
    """UTF-8; comes out again byte for byte."""
    media_type: str
    description: str


class Layout:
    """One kind of document. It may be used from several threads; they take turns."""

    def __init__(self, template: Path) -> None:
        self._source = (_HOUSE / "house.typ").read_bytes() + template.read_bytes()
        self._lock = threading.Lock()
        self._compiler = typst.Compiler(root=_HOUSE, font_paths=_fonts(), ignore_system_fonts=True)

    def pdf(self, data: Mapping[str, Any], *, title: str, dated: date, attached: AttachedFile | None = None) -> bytes:
        """`title` is what readers show of the file, and all that its metadata say. Raises SettingError, and
        UnicodeDecodeError for an attached file that is no UTF-8.
        """
        content = self._compile("pdf", data, title, dated, attached)
        if not isinstance(content, bytes):
            raise TypeError("a PDF is one file")
        return content

    def pictures(self, data: Mapping[str, Any], *, title: str, dated: date) -> list[bytes]:
        """Each page as PNG, to look at."""
        content = self._compile("png", data, title, dated, None)
        return [content] if isinstance(content, bytes) else list(content or [])

    def _compile(
        self,
        kind: typst.OutputFormat,
        data: Mapping[str, Any],
        title: str,
        dated: date,
        attached: AttachedFile | None,
    ) -> bytes | list[bytes] | None:
        house = {"title": clipped(title), "dated": [dated.year, dated.month, dated.day], "attached": None}
        shown = {**_drawable(data), **house}
        inputs = {"file": ""}
        if attached is not None:
            shown["attached"] = [drawable(text) for text in (attached.name, attached.media_type, attached.description)]
            inputs["file"] = attached.content.decode()
        # Each family in the list costs time, and hardly any document needs more than the first.
        shown["fonts"] = families_for(json.dumps(shown, ensure_ascii=False))
        inputs["data"] = json.dumps(shown, ensure_ascii=False)
        try:
            with self._lock:
                return self._compiler.compile(
                    self._source,
                    format=kind,
                    sys_inputs=inputs,
                    pdf_standards=_STANDARDS if kind == "pdf" else [],
                    timestamp=datetime.combine(dated, time(), UTC),
                    ppi=PIXELS_PER_INCH,
                )
        except typst.TypstError:
            # Not `from error`: what it says may quote the data, which no log is to show.
            raise SettingError("the document could not be set") from None


def clipped(text: str, most: int = _LONGEST_TITLE) -> str:
    """On one line of at most so many characters, for places that have no room for more."""
    line = " ".join(drawable(text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(FOLDERS))


def _drawable(value: Any) -> Any:
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, Mapping):
        return {key: _drawable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(item) for item in value]
    return value
