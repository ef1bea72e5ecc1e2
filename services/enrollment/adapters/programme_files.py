"""Programme files and the municipalities that lie beside them, read from disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from services.enrollment.domain.municipality import Municipality, parse_municipalities
from services.enrollment.domain.yaml_lines import MOST_CHARACTERS

MUNICIPALITIES = "municipalities.csv"
MOST_BYTES = 4 * MOST_CHARACTERS
"""UTF-8 takes at most four bytes a character; more is not read from the disk at all."""


class UnreadableError(Exception):
    """The file cannot be read; the message says why, in Danish."""


def programme_paths(named: Iterable[Path]) -> Iterator[Path]:
    """The files named; of a folder, every *.yaml in it, sorted by name."""
    for path in named:
        if path.is_dir():
            yield from sorted(path.glob("*.yaml"))
        else:
            yield path


def read_text(path: Path) -> str:
    """The text of a programme file. Raises UnreadableError when there is none, or it is not UTF-8."""
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise UnreadableError("Filen findes ikke.") from None
    except OSError as error:
        raise UnreadableError(f"Filen kan ikke læses ({error.strerror}).") from error
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"Filen fylder mere end {MOST_BYTES // 1024} KiB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"Linje {line} er ikke UTF-8. Gem filen som UTF-8.") from error


def municipalities_beside(path: Path) -> tuple[Municipality, ...]:
    """The municipalities in the same folder; none when there is no such file. Raises MunicipalityFileError."""
    try:
        return parse_municipalities(path.with_name(MUNICIPALITIES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
