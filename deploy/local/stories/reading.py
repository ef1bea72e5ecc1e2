"""YAML for stories: the values that JSON knows, and the line and column of each.

Stricter than YAML where YAML guesses. A plain scalar is a number only as JSON writes one, so `0751` and `09:30` stay
texts, and yes or no are `true` and `false`. `{name.field}` without quotation marks, which YAML takes for a mapping, is
the reference that it looks like. Anchors, aliases, tags and repeated keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deploy.local.errors import StackError

Trail = tuple[str | int, ...]
"""How one comes to a value from the top of the file: ("steps", 3, "data", "name")."""

ENDINGS = (".yaml", ".yml")
MOST_CHARACTERS = 1024 * 1024
MOST_LEVELS = 30
MOST_SHOWN = 40
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}
_HINTS = {
    "cannot start any token": "Brug mellemrum til indrykning, og sæt tekst med særlige tegn i anførselstegn.",
    "mapping values are not allowed here": "Her står et kolon, der ikke hører til et felt. Sæt teksten i "
    "anførselstegn, eller ret indrykningen.",
    "could not find expected ':'": "Her mangler et kolon efter feltnavnet.",
    "found unexpected end of stream": "Et anførselstegn bliver aldrig lukket.",
    "expected <block end>": "Indrykningen passer ikke med linjerne ovenfor. Står {…} forrest i en tekst, skal den i "
    "anførselstegn.",
}
_OTHER_HINT = "Linjen kan ikke læses som YAML. Se efter indrykning, kolon og anførselstegn."


@dataclass(frozen=True, slots=True)
class Place:
    """Counted from 1, as editors do."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something in a file that must be put right; `what` says how, in Danish."""

    line: int
    column: int
    trail: Trail = field(compare=False)
    what: str = field(compare=False)


class UnreadableError(StackError):
    """A story that cannot be played as it stands: every fault with its file and line."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self.file = file
        self.faults = sorted(faults)
        lines = [
            f"{file}:{one.line}:{one.column}: {trail_text(one.trail)}{': ' if one.trail else ''}{one.what}"
            for one in self.faults[:MOST_SHOWN]
        ]
        if len(self.faults) > MOST_SHOWN:
            lines.append(f"… og {len(self.faults) - MOST_SHOWN} fejl til")
        super().__init__("\n".join(lines))


@dataclass(slots=True)
class Document:
    """What a file holds, where each value and key stands, and how a number or a yes or no is written there."""

    file: str
    value: dict[str, Any] = field(default_factory=dict)
    values: dict[Trail, Place] = field(default_factory=dict)
    keys: dict[Trail, Place] = field(default_factory=dict)
    written: dict[Trail, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place(self, trail: Trail) -> Place:
        """Where the field or value stands; of what is not there, the nearest thing around it."""
        while trail:
            found = self.keys.get(trail) or self.values.get(trail)
            if found:
                return found
            trail = trail[:-1]
        return Place(1, 1)

    def fault(self, trail: Trail, what: str) -> None:
        place = self.place(trail)
        self.faults.append(Fault(place.line, place.column, trail, what))


def trail_text(trail: Trail) -> str:
    """steps[3].data.name from ("steps", 3, "data", "name")."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in trail).removeprefix(".")


def read_file(path: Path) -> Document:
    """Raises UnreadableError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableError(str(path), [Fault(1, 1, (), f"Filen kan ikke læses: {error.strerror}.")]) from None
    except UnicodeDecodeError:
        raise UnreadableError(str(path), [Fault(1, 1, (), "Filen er ikke ren tekst i UTF-8.")]) from None
    return read_text(text, str(path))


def read_text(text: str, file: str) -> Document:
    """The mapping that `text` holds. Raises UnreadableError when it is no YAML, or no mapping."""
    document = Document(file)
    if len(text) > MOST_CHARACTERS:
        raise UnreadableError(file, [Fault(1, 1, (), "Filen fylder mere end 1 MiB; en historie fylder mindre.")])
    try:
        document.value = _Reader(document, text).root()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        hint = next((hint for part, hint in _HINTS.items() if part in (error.problem or "")), _OTHER_HINT)
        raise UnreadableError(file, [Fault(line, column, (), hint)]) from None
    except (yaml.YAMLError, ValueError, OverflowError):
        raise UnreadableError(file, [Fault(1, 1, (), "Filen indeholder tegn, som ikke må stå i YAML.")]) from None
    return document


class _Reader:
    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)

    def root(self) -> dict[str, Any]:
        value: Any = None
        documents = 0
        for event in self._events:
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                raise self._refuse(event, (), "Skriv kun én historie i filen; linjen --- begynder en ny.")
            if isinstance(event, yaml.NodeEvent):
                value = self._node(event, ())
        if not isinstance(value, dict):
            what = "Filen skal bestå af felter, for eksempel story: En kommune melder sig til."
            raise UnreadableError(self._document.file, [Fault(1, 1, (), what)])
        return value

    def _node(self, event: yaml.Event, trail: Trail) -> Any:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refuse(event, trail, "Genveje med & og * er ikke tilladt. Skriv indholdet helt ud.")
        if getattr(event, "tag", None):
            raise self._refuse(event, trail, "Mærker med udråbstegn er ikke tilladt. Skriv værdien alene.")
        if len(trail) > MOST_LEVELS:
            raise self._refuse(event, trail, f"Felterne ligger mere end {MOST_LEVELS} lag dybt.")
        self._document.values[trail] = _place(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, trail)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            for item in self._events:
                if isinstance(item, yaml.SequenceEndEvent):
                    break
                items.append(self._node(item, (*trail, len(items))))
            return items
        return self._scalar(event, trail) if isinstance(event, yaml.ScalarEvent) else None

    def _mapping(self, start: yaml.MappingStartEvent, trail: Trail) -> Any:
        fields: dict[str, Any] = {}
        bare = bool(start.flow_style)
        for key in self._events:
            if isinstance(key, yaml.MappingEndEvent):
                break
            if not isinstance(key, yaml.ScalarEvent):
                raise self._refuse(key, trail, "Her skal stå et feltnavn.")
            name = str(key.value)
            here = (*trail, name)
            if name in fields:
                first = self._document.keys[here].line
                place = _place(key)
                what = f"Feltet står også på linje {first}. Slet det ene."
                self._document.faults.append(Fault(place.line, place.column, here, what))
                _Reader._node(self, next(self._events), (*trail, name, "igen"))
                continue
            self._document.keys[here] = _place(key)
            value = next(self._events)
            bare = bare and isinstance(value, yaml.ScalarEvent) and not value.value and value.style is None
            fields[name] = self._node(value, here)
        # YAML reads {name.field} as a mapping from that name to nothing; nobody who writes it means that.
        return f"{{{next(iter(fields))}}}" if bare and len(fields) == 1 else fields

    def _scalar(self, event: yaml.ScalarEvent, trail: Trail) -> Any:
        text = str(event.value)
        if any("\ud800" <= mark <= "\udfff" for mark in text):
            raise self._refuse(event, trail, "Teksten indeholder et tegn, der ikke findes.")
        if event.style is not None:
            return text
        if text in _WORDS:
            value = _WORDS[text]
        elif found := _NUMBER.fullmatch(text):
            value = float(text) if found[2] else int(text)
        else:
            return text
        self._document.written[trail] = text
        return value

    def _refuse(self, event: yaml.Event, trail: Trail, what: str) -> UnreadableError:
        place = _place(event)
        return UnreadableError(self._document.file, [Fault(place.line, place.column, trail, what)])


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
