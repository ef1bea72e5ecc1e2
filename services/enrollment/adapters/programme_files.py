"""Programme files and the municipalities that lie beside them, read from disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from services.enrollment.domain.programme_file.beside import Written
from services.enrollment.domain.programme_file.municipality import (
    Municipality,
    MunicipalityFileError,
    parse_municipalities,
)
from services.enrollment.domain.programme_file.yaml_lines import MOST_CHARACTERS, read

TEMPLATES = Path(__file__).parents[3] / "programmes"
"""What lies beside the services, in a checkout as in the image."""
MUNICIPALITIES = "municipalities.csv"
MOST_BYTES = 4 * MOST_CHARACTERS
"""UTF-8 takes at most four bytes a character; more is not read from the disk at all."""


class _UnreadableError(Exception):
    """The file cannot be read; the message says why, in Danish."""


def load_all(named: Iterable[Path]) -> list[Written]:
    """The files named; of a folder, every *.yaml in it, sorted by name. What cannot be read says so."""
    return [_load(path) for path in _paths(named)]


@cache
def templates() -> Mapping[str, str]:
    """The texts of the programmes that come along, by their ids; none where they are not there. Read once."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.yaml"))}


@cache
def template_titles() -> Mapping[str, str]:
    known = {name: read(text).value for name, text in templates().items()}
    return {name: str(value.get("title") or name) for name, value in known.items() if value}


def _load(path: Path) -> Written:
    try:
        return Written(path, _text(path), _municipalities_beside(path))
    except _UnreadableError as error:
        return Written(path, trouble=str(error))
    except MunicipalityFileError as error:
        return Written(path, trouble=f"Kommunelisten ved siden af kan ikke bruges: {error}")


def _paths(named: Iterable[Path]) -> Iterator[Path]:
    for path in named:
        if path.is_dir():
            yield from sorted(path.glob("*.yaml"))
        else:
            yield path


def _text(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise _UnreadableError("Filen findes ikke.") from None
    except OSError as error:
        raise _UnreadableError(f"Filen kan ikke læses ({error.strerror}).") from error
    if len(content) > MOST_BYTES:
        raise _UnreadableError(f"Filen fylder mere end {MOST_BYTES // 1024} KiB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _UnreadableError(f"Linje {line} er ikke UTF-8. Gem filen som UTF-8.") from error


def _municipalities_beside(path: Path) -> tuple[Municipality, ...]:
    """None when there is no such file in the folder. Raises MunicipalityFileError."""
    try:
        return parse_municipalities(path.with_name(MUNICIPALITIES).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
