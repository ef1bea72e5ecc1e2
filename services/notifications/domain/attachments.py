"""Files that staff attach: what a file is by its content, what it is called when saved, and whether all can read it."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.notifications.domain.text import one_line, storable
from shared.contracts.refusal import Refused

LARGEST_FILE = 3_000_000
"""Octets; in a mail a file takes a third more."""
LARGEST_OF_ALL = 6_000_000
MOST_FILES = 3
TYPES = "PDF, Word, Excel, PowerPoint, PNG eller JPEG"
DOCUMENTS = "PDF, Word eller PowerPoint"
"""What is asked for as accessible; of a picture or a sheet nobody is asked."""
Access = Literal["yes", "beside", "no"]
_LONGEST_NAME = 100
_OFFICE = {
    "word/document.xml": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/workbook.xml": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ppt/presentation.xml": ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
}
_DOCUMENTS = frozenset({"application/pdf", _OFFICE["word/document.xml"][1], _OFFICE["ppt/presentation.xml"][1]})
_BY_BEGINNING = (
    (b"%PDF-", "pdf", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
)
_DANISH = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa"})
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")
_RUNS = ("vbaproject.bin", "activex")
"""Parts of a document that carries a program."""


@dataclass(frozen=True, slots=True)
class Said:
    """Whether everybody can read a document. `beside` is the place of the accessible version, `why_not` why there is
    none: each is there where that is what was said, and nowhere else.
    """

    access: Access
    beside: int | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is attached. `place` tells it from the others; `said` None = nobody was asked."""

    place: int
    name: str
    media_type: str
    size: int
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as it is kept: its name is made of ASCII, its type is what its content says."""

    name: str
    media_type: str
    content: bytes
    said: Said | None = None


def take_in(called: str, content: bytes, others: Sequence[Kept]) -> Taken:
    """The file, beside those that are there; refused for what is no document, or too much."""
    if not content:
        raise Refused("empty_file", "Filen er tom, eller der er ikke valgt nogen.", status=422, field="fil")
    if len(content) > LARGEST_FILE:
        raise Refused("file_too_large", "Filen må højst være 3 MB.", status=422, field="fil")
    if len(others) >= MOST_FILES:
        raise Refused("too_many_files", f"Der kan højst vedhæftes {MOST_FILES} filer.", field="fil")
    if len(content) + sum(one.size for one in others) > LARGEST_OF_ALL:
        raise Refused("files_too_large", "Filerne må højst være 6 MB tilsammen.", field="fil")
    found = _kind(content)
    if found is None:
        raise Refused("unknown_file_type", f"Filen skal være {TYPES}, uden makroer.", status=422, field="fil")
    extension, media_type = found
    name = f"{_plain(called)}.{extension}"
    if any(one.name == name for one in others):
        raise Refused("file_there_already", f"Der er allerede vedhæftet en fil, der hedder {name}.", field="fil")
    return Taken(name, media_type, content)


def answered(taken: Taken, said: Said | None, others: Sequence[Kept]) -> Taken:
    """With what is said of it; refused for a document of which nothing is. Of anything else nothing is kept."""
    if taken.media_type not in _DOCUMENTS:
        return taken
    match said:
        case None:
            asked = f"Svar, om {taken.name} er tilgængelig for alle, og vælg filen igen."
            raise Refused("missing", asked, status=422, field="access")
        case Said("beside", place):
            if place not in {one.place for one in accessible(others)}:
                gone = "Den tilgængelige udgave er ikke blandt filerne. Vedhæft den først, og vælg så filen her igen."
                raise Refused("no_accessible_file", gone, status=422, field="access")
            return replace(taken, said=Said("beside", place))
        case Said("no", _, why_not):
            why = one_line(storable(why_not)).rstrip(" .")
            if not why:
                asked = "Skriv, hvorfor der ikke er en tilgængelig udgave, og vælg filen igen."
                raise Refused("missing", asked, status=422, field="why_not")
            return replace(taken, said=Said("no", None, why))
    return replace(taken, said=Said("yes"))


def accessible(files: Sequence[Kept]) -> list[Kept]:
    """Those that another one may lead to."""
    return [one for one in files if one.said is not None and one.said.access == "yes"]


def require_not_led_to(place: int, files: Sequence[Kept]) -> None:
    leads = next((one.name for one in files if one.said is not None and one.said.beside == place), None)
    if leads is not None:
        raise Refused("is_the_accessible_file", f"Filen er den tilgængelige udgave af {leads}. Tag først {leads} af.")


def _kind(content: bytes) -> tuple[str, str] | None:
    """By what it begins with, or what a document of Office holds; its name counts for nothing."""
    for beginning, extension, media_type in _BY_BEGINNING:
        if content.startswith(beginning):
            return extension, media_type
    if not content.startswith(b"PK\x03\x04"):
        return None
    try:
        # Only the list of what lies in it is read: nothing is unpacked. RuntimeError: it takes a newer reader.
        with zipfile.ZipFile(io.BytesIO(content)) as found:
            names = [one.lower() for one in found.namelist()]
    except (zipfile.BadZipFile, ValueError, RuntimeError, OSError):
        return None
    if any(part in name for name in names for part in _RUNS):
        return None
    return next((kind for part, kind in _OFFICE.items() if part in names), None)


def _plain(called: str) -> str:
    """Without its folder and its extension, in letters that every program saves."""
    last = called.replace("\\", "/").rpartition("/")[2]
    stem = last.rpartition(".")[0] or last
    ascii_only = unicodedata.normalize("NFKD", stem.translate(_DANISH)).encode("ascii", "ignore").decode()
    return _OTHER.sub("-", ascii_only).strip("-_")[:_LONGEST_NAME].strip("-_") or "bilag"
