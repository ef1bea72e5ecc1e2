"""Text that can be drawn: PDF/A allows no glyph that says "missing", so what no font can draw is replaced first.

Which characters a font draws is read from its `cmap` table (OpenType 1.9.1, formats 4 and 12).
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import fontpkg_ibm_plex_sans
import manimgx_fonts

FAMILY = "IBM Plex Sans"
_MAIN: Path = fontpkg_ibm_plex_sans.ROOT / "files"
_OTHERS = Path(manimgx_fonts.__file__).parent
"""Noto: emoji, symbols and the scripts that the main family does not have."""
FOLDERS = (_MAIN, _OTHERS)
MISSING = "\ufffd"
"""Stands for characters that no font has a glyph for; several in a row are one."""

_BREAKS = re.compile("\r\n|[\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029]")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Control and direction marks, lone surrogates, private and unassigned characters (Unicode general categories)."""
_MARKS = frozenset({"Mn", "Mc", "Me", "Sk"})
"""What is drawn on or beside the character before it; skin tones of emoji are among Sk."""
_MOST_MARKS = 4
"""On one character; more of them would be drawn over the lines above and below."""
_SEVERAL_MISSING = re.compile(f"{MISSING}(?:[ ]?{MISSING})+")


def drawable(text: str) -> str:
    """The text as the fonts can draw it, the same on every machine; line breaks stay, each as one line feed."""
    whole = unicodedata.normalize("NFC", _BREAKS.sub("\n", text).replace("\t", " "))
    if _simple().issuperset(whole):
        return whole
    return _SEVERAL_MISSING.sub(MISSING, "".join(map(_drawn, _clusters(whole))))


def _clusters(text: str) -> Iterator[str]:
    """Characters with their marks, without what is never seen."""
    cluster = ""
    for mark in text:
        category = unicodedata.category(mark)
        if mark != "\n" and (category in _UNSEEN or "\ufe00" <= mark <= "\ufe0f"):
            continue  # the latter choose between drawings of the same character
        if category not in _MARKS:
            if cluster:
                yield cluster
            cluster = mark
        elif len(cluster) <= _MOST_MARKS:
            cluster += mark
    if cluster:
        yield cluster


def _drawn(cluster: str) -> str:
    """A character and its marks come from one font, or the marks are left out."""
    if cluster == "\n" or any(drawn.issuperset(cluster) for drawn in _each()):
        return cluster
    if len(cluster) > 1:
        return _drawn(cluster[0])
    category = unicodedata.category(cluster)
    return " " if category == "Zs" else "" if category in _MARKS else MISSING


def families() -> list[str]:
    """In the order in which they are asked for a character."""
    return list(_files())


def families_for(text: str) -> list[str]:
    """Those of them that a text which is `drawable` needs: the main one, or all."""
    return [FAMILY] if _simple().issuperset(text.replace("\n", "")) else families()


def characters(family: str) -> frozenset[str]:
    """What every file of the family draws, without what is never seen."""
    return _files()[family]


@cache
def _simple() -> frozenset[str]:
    """What the main family draws and is no mark on something else."""
    return frozenset(mark for mark in characters(FAMILY) if unicodedata.category(mark) not in _MARKS)


@cache
def _each() -> tuple[frozenset[str], ...]:
    return tuple(_files().values())


@cache
def _files() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for folder in FOLDERS:
        for path in sorted(folder.glob("*.ttf")):
            font = path.read_bytes()
            name = _name(font)
            drawn = frozenset(mark for mark in map(chr, _cmap(font)) if unicodedata.category(mark) not in _UNSEEN)
            found[name] = found.get(name, drawn) & drawn
    if next(iter(found), None) != FAMILY:
        raise FileNotFoundError(f"no fonts of {FAMILY}")
    return found


def _tables(font: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">H", font, 4)
    places = {font[at : at + 4]: struct.unpack_from(">II", font, at + 8) for at in range(12, 12 + 16 * count, 16)}
    return {tag: font[start : start + length] for tag, (start, length) in places.items()}


def _name(font: bytes) -> str:
    """The family's name in English (`name` table, Windows platform; 16 before 1)."""
    table = _tables(font)[b"name"]
    _, count, storage = struct.unpack_from(">HHH", table)
    names = {}
    for at in range(6, 6 + 12 * count, 12):
        platform, _, language, kind, length, offset = struct.unpack_from(">HHHHHH", table, at)
        if (platform, language) == (3, 0x409):
            names[kind] = table[storage + offset : storage + offset + length].decode("utf-16-be")
    return names.get(16) or names[1]


def _cmap(font: bytes) -> frozenset[int]:
    """Code points with a glyph of their own."""
    table = _tables(font)[b"cmap"]
    found: set[int] = set()
    for at in range(4, 4 + 8 * struct.unpack_from(">H", table, 2)[0], 8):
        platform, _, offset = struct.unpack_from(">HHI", table, at)
        if platform in {0, 3}:  # Unicode, Windows
            found |= _subtable(table[offset:])
    return frozenset(found)


def _subtable(table: bytes) -> set[int]:
    (kind,) = struct.unpack_from(">H", table)
    if kind == 12:  # noqa: PLR2004 # format 12: groups of 32-bit code points
        (count,) = struct.unpack_from(">I", table, 12)
        groups = (struct.unpack_from(">III", table, 16 + 12 * one) for one in range(count))
        return {code for first, last, glyph in groups for code in range(first, last + 1) if glyph + code - first}
    if kind != 4:  # noqa: PLR2004 # the other formats repeat what these two say
        return set()
    (size,) = struct.unpack_from(">H", table, 6)
    count = size // 2
    ends = struct.unpack_from(f">{count}H", table, 14)
    starts = struct.unpack_from(f">{count}H", table, 16 + size)
    deltas = struct.unpack_from(f">{count}H", table, 16 + 2 * size)
    offsets_at = 16 + 3 * size
    found = set()
    for one in range(count):
        (offset,) = struct.unpack_from(">H", table, offsets_at + 2 * one)
        for code in range(starts[one], min(ends[one], 0xFFFE) + 1):
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", table, offsets_at + 2 * one + offset + 2 * (code - starts[one]))
                if not glyph:
                    continue
            if (glyph + deltas[one]) & 0xFFFF:
                found.add(code)
    return found
