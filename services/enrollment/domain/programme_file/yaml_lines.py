"""YAML read for its text and its places: every value and every key knows its line.

Safe against hostile files: no object is built, tags, anchors and aliases are refused (so no "billion laughs"), size and
depth are limited. Only three forms of nothing mean nothing (null, ~ and an empty value); every other scalar stays the
text that stands in the file, and the field it belongs to decides what it means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from services.enrollment.domain.programme_file.findings import Finding, Path, path_text

MOST_CHARACTERS = 128 * 1024
MOST_LEVELS = 12
NOTHING = frozenset({"", "~", "null", "Null", "NULL"})

HINTS = {
    "cannot start any token": "Brug mellemrum til indrykning, ikke tabulator, og sæt tekst med særlige tegn i "
    "anførselstegn.",
    "mapping values are not allowed here": "Her står et kolon, der ikke hører til et feltnavn. Sæt teksten i "
    "anførselstegn, eller ret indrykningen.",
    "could not find expected ':'": "Her mangler et kolon efter feltnavnet.",
    "found unexpected end of stream": "Et anførselstegn bliver aldrig lukket.",
    "expected <block end>": "Indrykningen passer ikke med linjerne ovenfor.",
}
OTHER_HINT = "Linjen kan ikke læses som YAML. Se efter indrykning, kolon og anførselstegn."


@dataclass(frozen=True, slots=True)
class Place:
    """Counted from 1, as editors do."""

    line: int
    column: int


START = Place(1, 1)


@dataclass(slots=True)
class Document:
    """`value` is None when `findings` say why the text cannot be read at all."""

    value: dict[str, Any] | None = None
    values: dict[Path, Place] = field(default_factory=dict)
    keys: dict[Path, Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands; of what is not there, the nearest thing around it."""
        if path in self.values:
            return self.values[path]
        while path:
            path = path[:-1]
            around = self.keys.get(path) or self.values.get(path)
            if path and around:
                return around
        return START

    def key_place(self, path: Path) -> Place:
        return self.keys.get(path) or self.place(path)


class _RefusedError(Exception):
    def __init__(self, code: str, place: Place, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.finding = Finding(code, place.line, place.column, path_text(path), message)


def read(text: str) -> Document:
    """The mapping that `text` holds. Never raises: what cannot be read is a finding."""
    document = Document()
    try:
        document.value = _root(text, document)
    except _RefusedError as refused:
        document.findings.append(refused.finding)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else START
        document.findings.append(Finding("yaml_syntax", place.line, place.column, "", _hint(error.problem or "")))
    except (yaml.YAMLError, ValueError, OverflowError):
        # The reader refuses control characters, and escapes such as "\UFFFFFFFF" end in chr().
        message = "Filen indeholder tegn, som ikke må stå i YAML. Gem den som ren tekst i UTF-8."
        document.findings.append(Finding("yaml_syntax", 1, 1, "", message))
    if document.findings and document.findings[-1].code != "duplicate_key":
        document.value = None
    return document


def _hint(problem: str) -> str:
    return next((hint for part, hint in HINTS.items() if part in problem), OTHER_HINT)


def _root(text: str, document: Document) -> dict[str, Any]:
    if len(text) > MOST_CHARACTERS:
        message = f"Filen fylder mere end {MOST_CHARACTERS // 1024} KiB. Et forløb fylder langt mindre."
        raise _RefusedError("too_large", START, message)
    events = _checked(yaml.parse(text, Loader=yaml.SafeLoader))
    value: Any = None
    documents = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _RefusedError(
                    "several_documents", _place(event), "Skriv kun ét forløb i filen; linjen --- begynder et nyt."
                )
        elif isinstance(event, yaml.NodeEvent):
            value = _node(event, events, document, ())
    if not isinstance(value, dict):
        message = "Filen skal bestå af felter (navn: værdi), fx title: Netværk for ungeledere."
        raise _RefusedError("empty", START, message)
    return value


def _checked(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    levels = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "Genveje med & og * er ikke tilladt. Skriv indholdet helt ud."
            raise _RefusedError("alias", _place(event), message)
        if getattr(event, "tag", None):
            raise _RefusedError("tag", _place(event), "Mærker med udråbstegn er ikke tilladt. Skriv værdien alene.")
        if isinstance(event, yaml.CollectionStartEvent):
            levels += 1
            if levels > MOST_LEVELS:
                raise _RefusedError("too_deep", _place(event), f"Felterne ligger mere end {MOST_LEVELS} lag dybt.")
        elif isinstance(event, yaml.CollectionEndEvent):
            levels -= 1
        yield event


def _node(event: yaml.Event, events: Iterator[yaml.Event], document: Document, path: Path) -> Any:
    document.values[path] = _place(event)
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, document, path)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        for item in events:
            if isinstance(item, yaml.SequenceEndEvent):
                break
            items.append(_node(item, events, document, (*path, len(items))))
        return items
    return _scalar(event) if isinstance(event, yaml.ScalarEvent) else None


def _mapping(events: Iterator[yaml.Event], document: Document, path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key in events:
        if isinstance(key, yaml.MappingEndEvent):
            break
        name = _scalar(key) if isinstance(key, yaml.ScalarEvent) else None
        if name is None:
            raise _RefusedError("yaml_syntax", _place(key), "Her skal stå et feltnavn.", path)
        here = (*path, name)
        if name in fields:
            place = _place(key)
            first = document.keys[here].line
            message = f"Feltet «{name}» står også på linje {first}. Slet det ene."
            document.findings.append(Finding("duplicate_key", place.line, place.column, path_text(here), message))
            _node(next(events), events, Document(), here)
        else:
            document.keys[here] = _place(key)
            fields[name] = _node(next(events), events, document, here)
    return fields


def _scalar(event: yaml.ScalarEvent) -> str | None:
    if event.style is None and event.value in NOTHING:
        return None
    value: str = event.value
    if not value.isascii() and any("\ud800" <= mark <= "\udfff" for mark in value):
        raise _RefusedError("yaml_syntax", _place(event), "Teksten indeholder et tegn, der ikke findes.")
    return value


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else START
