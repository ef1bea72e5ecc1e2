"""A story file, read and checked before anything is played: every fault with its line, several at once.

Beside the fields themselves: commands and facts by their wire names and their data by their schemas, references to
steps that come before, instants in order, programmes and changes to them.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deploy.local.stories import shapes
from deploy.local.stories.matching import is_comparison
from deploy.local.stories.programmes import NoSuchPathError, changed_copy, municipalities, programme_file
from deploy.local.stories.reading import Document, Place, Trail, UnreadableError, read_file, read_text
from deploy.local.stories.references import NAME, has_reference, is_lookup, names_in
from deploy.local.stories.story import (
    EXPECTATIONS,
    REASONS,
    STEPS,
    Mail,
    MailLink,
    MailThere,
    Publication,
    Redeliver,
    Story,
    instant,
)
from shared.base.problems import field_errors
from shared.contracts import catalogue
from shared.contracts.event import COMMANDS, FACTS, Command, Event, other_version

SERVICES = catalogue.SERVICES
"""With the catalogue every fact and command is in the registries."""

_BRANCHES = {"str", "int", "MailLink", "Publication", "Address", "dict[str,any]"}
"""What pydantic calls the members of a union in the place of an error."""
_INNER: Mapping[str, type[BaseModel]] = {"mails": Mail, "link": MailLink, "programmes": Publication}
MOST_NAMED = 16
"""So many choices are a help."""
DEAD_LETTER: Mapping[str, Collection[str]] = {
    "service": SERVICES,
    "reason": REASONS,
    "type": {**FACTS, **COMMANDS},
    "detail": (),
    "source": (),
    "subject": (),
}
"""What may be said of one, and of which words; of none where any will do."""
_NESTED = ("together", "steps", "expect")


@dataclass(frozen=True, slots=True)
class Published:
    """A programme file, changed, and when it is published; at the beginning when that is None."""

    at: datetime | None
    text: str
    trail: Trail


@dataclass(frozen=True, slots=True)
class Checked:
    """A story that can be played, and where its parts stand."""

    story: Story
    file: str
    published: tuple[Published, ...] = ()
    places: Document | None = None

    def where(self, trail: Trail) -> str:
        """`stories/extras.yaml:34`; the file alone for a story that is written while it is played."""
        return f"{self.file}:{self.line(trail)}" if self.places else self.file

    def line(self, trail: Trail) -> int:
        return self.place(trail).line

    def place(self, trail: Trail) -> Place:
        return self.places.place(trail) if self.places else Place(1, 1)


def check_file(path: Path) -> Checked:
    """Raises UnreadableError with everything that is wrong."""
    return _check(read_file(path), path.parent)


def check_text(text: str, file: str, beside: Path) -> Checked:
    """As check_file, for a text that lies in no file of its own."""
    return _check(read_text(text, file), beside)


def check_story(story: Story, file: str, beside: Path) -> Checked:
    """For a story that is made by a program. Raises NoSuchPathError."""
    published = [_published(one, ("programmes", place), beside) for place, one in enumerate(story.publications)]
    return Checked(story, file, tuple(published))


def _published(one: Publication, trail: Trail, beside: Path) -> Published:
    text = programme_file(one.file, beside).read_text(encoding="utf-8")
    return Published(one.at, changed_copy(text, one.change), trail)


def _check(document: Document, beside: Path) -> Checked:
    _Checker(document, beside).check()
    story: Story | None = None
    try:
        story = Story.model_validate(document.value)
    except ValidationError as error:
        _structure(document, error)
    if document.faults or story is None:
        raise UnreadableError(document.file, document.faults)
    published = [_published(one, ("programmes", place), beside) for place, one in enumerate(story.publications)]
    return Checked(story, document.file, tuple(published), document)


# The fields


def _structure(document: Document, error: ValidationError) -> None:
    """pydantic's errors, each where it stands, with the nearest field's name where one is unknown."""
    texts = field_errors(error)
    found: dict[Trail, list[tuple[ErrorDetails, str]]] = {}
    for item, said in zip(error.errors(include_url=False, include_input=False), texts, strict=True):
        trail = tuple(part for part in item["loc"] if not _is_label(part))
        found.setdefault(trail, []).append((item, said.detail))
    for trail, items in found.items():
        deeper = any(len(other) > len(trail) and other[: len(trail)] == trail for other in found)
        if len(items) > 1 and not deeper:
            document.fault(trail, "Skal være en tekst, et tal eller felter, som docs/stories.md siger.")
        for item, text in items if len(items) == 1 else ():
            if not (deeper and item["type"] in {"string_type", "int_type"}):
                document.fault(trail, _said(item, text))


def _is_label(part: str | int) -> bool:
    return isinstance(part, str) and (part.startswith("<") or part in _BRANCHES)


def _said(item: ErrorDetails, text: str) -> str:
    if item["type"] == "no_kind":
        return item["msg"]
    if item["type"] == "extra_forbidden":
        return text + _meant(str(item["loc"][-1]), _fields(item["loc"][:-1]))
    return text


def _fields(loc: tuple[str | int, ...]) -> list[str]:
    """The fields that the model at this place has."""
    model: type[BaseModel] = Story
    for part in loc:
        if isinstance(part, str) and part.startswith("<"):
            model = {**STEPS, **EXPECTATIONS}[part.strip("<>")]
        elif part in _INNER:
            model = _INNER[str(part)]
    return [one.alias or name for name, one in model.model_fields.items()]


def _meant(word: str, words: Iterable[str]) -> str:
    words = sorted(words)
    near = difflib.get_close_matches(word, words, 1)
    if near:
        return f" Mente du {near[0]}?"
    return f" Der er: {', '.join(words)}." if 0 < len(words) <= MOST_NAMED else ""


# What the fields say


@dataclass(slots=True)
class _Checker:
    document: Document
    beside: Path
    names: dict[str, Place] = field(default_factory=dict)
    """What steps before this one are called; a name with a reference in it is a pattern."""
    last: datetime | None = None

    def check(self) -> None:
        raw = self.document.value
        self.last = _instant(raw.get("clock"))
        for place, one in enumerate(_list(raw.get("addresses"))):
            code = one.get("code") if isinstance(one, dict) else one
            if isinstance(code, str) and all(code != known["code"] for known in municipalities()):
                self.document.fault(("addresses", place), f"Ingen kommune har koden {code}.")
        for place, one in enumerate(_list(raw.get("programmes"))):
            self._programme(one if isinstance(one, dict) else {"file": one}, ("programmes", place))
        self._steps(raw, ("steps",))
        self._not_before(raw.get("until"), self.last, ("until",))
        self._expectations(raw, ("expect",))

    def _programme(self, one: dict[str, Any], trail: Trail) -> None:
        self._not_before(one.get("at"), self.last, (*trail, "at"))
        file, change = one.get("file"), one.get("change", {})
        if not isinstance(file, str) or not isinstance(change, dict):
            return
        path = programme_file(file, self.beside)
        try:
            changed_copy(path.read_text(encoding="utf-8"), change)
        except NoSuchPathError as error:
            self.document.fault(trail, str(error))
        except (yaml.YAMLError, UnicodeDecodeError):
            self.document.fault(trail, f"Programfilen {path} kan ikke læses som YAML i UTF-8. Ret den først.")
        except OSError:
            self.document.fault(trail, f"Programfilen {path} findes ikke.")

    def _steps(self, owner: dict[str, Any], trail: Trail, *, inside: bool = False) -> None:
        for place, step in enumerate(_list(owner.get(str(trail[-1])))):
            if isinstance(step, dict):
                self._step(step, (*trail, place), inside=inside)

    def _step(self, step: dict[str, Any], trail: Trail, *, inside: bool) -> None:
        if "at" in step and inside:
            self.document.fault((*trail, "at"), "Et trin inde i et andet sker samtidig med det; slet at.")
        elif "at" in step:
            self._not_before(step["at"], self.last, (*trail, "at"))
            self.last = _instant(step["at"]) or self.last
        outer = dict(self.names)
        loop = step.get("for_each")
        if isinstance(loop, dict):
            items = {name: inner for name, inner in loop.items() if name != "where"}
            self._known(items, (*trail, "for_each"))
            self.names |= dict.fromkeys(items, self.document.place(trail))
            self._known({"where": loop.get("where")}, (*trail, "for_each"))
        for kind, registry in (("command", COMMANDS), ("fact", FACTS)):
            self._data(step, kind, registry, trail)
        if isinstance(step.get("redeliver"), str):
            wire_type = Redeliver.model_construct(redeliver=step["redeliver"]).type
            self._wire_name(wire_type, {**FACTS, **COMMANDS}, (*trail, "redeliver"))
        rest = {name: value for name, value in step.items() if name not in (*_NESTED, "for_each", "as")}
        self._known(rest, trail)
        self._steps(step, (*trail, "together"), inside=True)
        self._steps(step, (*trail, "steps"), inside=True)
        self._expectations(step, (*trail, "expect"))
        if isinstance(loop, dict):
            self.names = {name: place for name, place in self.names.items() if name not in loop or name in outer}
        if isinstance(step.get("as"), str):
            self._named(step["as"], (*trail, "as"), looped=isinstance(loop, dict))

    def _named(self, name: str, trail: Trail, *, looped: bool) -> None:
        place = self.document.place(trail)
        if not re.fullmatch(NAME, re.sub(r"\{[^{}]*\}", "x", name)):
            self.document.fault(trail, "Et navn er bogstaver, tal, - og _, for eksempel aarhus.")
        elif looped and not has_reference(name):
            self.document.fault(trail, "I for_each skal navnet være forskelligt, for eksempel k{kommune}.")
        elif name in self.names and not has_reference(name):
            self.document.fault(trail, f"Navnet er brugt på linje {self.names[name].line}. Vælg et andet.")
        self.names[name] = place

    def _expectations(self, owner: dict[str, Any], trail: Trail) -> None:
        for place, one in enumerate(_list(owner.get("expect"))):
            if not isinstance(one, dict):
                continue
            here = (*trail, place)
            if self._wire_name(one.get("facts"), FACTS, (*here, "facts")):
                shape = shapes.of(FACTS[one["facts"]])
                for name in ("where", "sum", "each"):
                    self._paths(shape, one.get(name), (*here, name))
            if isinstance(one.get("dead_letters"), dict):
                self._dead_letters(one["dead_letters"], (*here, "dead_letters"))
            for number, mail in enumerate(_list(one.get("order"))):
                self._paths((MailThere,), mail, (*here, "order", number))
            self._known(one, here)

    def _paths(self, shape: shapes.Shapes, said: Any, trail: Trail) -> None:
        """A path that can lead nowhere would hold of nothing for ever."""
        for path, part, fields in shapes.astray(shape, said):
            self.document.fault((*trail, path), f"Stien {path} fører ingen steder hen.{_meant(part, fields)}")

    def _dead_letters(self, where: dict[str, Any], trail: Trail) -> None:
        for path, said in where.items():
            if path not in DEAD_LETTER and not has_reference(path):
                self.document.fault((*trail, path), f"Det felt har ingen dead letter.{_meant(path, DEAD_LETTER)}")
            known = DEAD_LETTER.get(path, ())
            for text in _named(said):
                if known and text not in known and not (path == "type" and other_version(text)):
                    self.document.fault((*trail, path), f"Der er ingen {path} {text}.{_meant(text, known)}")

    def _wire_name(self, name: Any, known: Mapping[str, type[Event | Command]], trail: Trail) -> bool:
        if not isinstance(name, str):
            return False
        if name in known:
            return True
        if has_reference(name):
            self.document.fault(trail, "Navnet skal skrives helt ud; her kan ingen henvisning stå.")
        elif name in COMMANDS:
            self.document.fault(trail, "Det er en kommando, der kan bedes om; skriv command: foran den.")
        elif name in FACTS:
            self.document.fault(
                trail, "Det er et faktum, som en tjeneste eller et andet system fortæller; skriv fact:."
            )
        else:
            what = "En kommando" if known is COMMANDS else "Et faktum" if known is FACTS else "En type"
            meant = _meant(name, known) or " Se docs/events.md."
            self.document.fault(trail, f"{what} med det navn findes ikke.{meant}")
        return False

    def _data(self, step: dict[str, Any], kind: str, known: Mapping[str, type[Event | Command]], trail: Trail) -> None:
        """Against the command's or fact's own schema, except where only the play will tell."""
        name, data = step.get(kind), step.get("data", {} if kind == "command" else None)
        if kind == "fact" and other_version(name) is not None:
            # Of a producer that is ahead of us; nobody here knows what stands in it.
            return
        if name is None or not self._wire_name(name, known, (*trail, kind)) or not isinstance(data, dict):
            return
        if kind == "fact":
            data.setdefault("owner", step.get("source"))
        here = (*trail, "data")
        while (error := _wrong(known[name], data)) is not None:
            if not self._as_written(error, data, here):
                self._faults_of(error, known[name], data, here)
                break
        if kind == "fact":
            # A reader lets pass what it does not know, so that producers may be ahead; a story means what it says.
            for path, part, fields in shapes.astray(shapes.of(known[name]), data):
                self.document.fault((*here, path), f"Feltet {part} kendes ikke.{_meant(part, fields)}")

    def _as_written(self, error: ValidationError, data: dict[str, Any], here: Trail) -> bool:
        """A number that stands where a text must stand is taken as it is written; whether there was one."""
        changed = False
        for item in error.errors(include_url=False, include_input=False):
            written = self.document.written.get((*here, *item["loc"]))
            holder = _reach(data, item["loc"][:-1])
            if item["type"] == "string_type" and written not in (None, "null", "~", "") and holder is not None:
                changed = changed or holder[item["loc"][-1]] != written
                holder[item["loc"][-1]] = written
        return changed

    def _faults_of(self, error: ValidationError, model: type[BaseModel], data: dict[str, Any], here: Trail) -> None:
        details = zip(error.errors(include_url=False, include_input=False), field_errors(error), strict=True)
        for item, text in details:
            loc = item["loc"]
            if item["type"] != "extra_forbidden" and _unsure(data, loc):
                continue
            what = text.detail
            if item["type"] == "extra_forbidden":
                what += _meant(str(loc[-1]), model.model_fields) if len(loc) == 1 else ""
            self.document.fault((*here, *loc), f"{what} Se docs/schemas/{getattr(model, 'type', '')}.schema.json.")

    def _not_before(self, value: Any, earliest: datetime | None, trail: Trail) -> None:
        at = _instant(value)
        if at is not None and earliest is not None and at < earliest:
            self.document.fault(trail, "Tidspunktet ligger før det, der står ovenfor. Skriv trinnene i rækkefølge.")

    def _known(self, value: Any, trail: Trail) -> None:
        for inner, text in _texts(value, trail):
            for name in names_in(text):
                if not any(_fits(name, known) for known in self.names):
                    self.document.fault(inner, f"Intet trin før dette hedder {name}.{_meant(name, self.names)}")


def _instant(value: Any) -> datetime | None:
    try:
        return None if value is None else instant(value)
    except ValueError:
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _named(said: Any) -> Iterator[str]:
    """The whole texts that a value is said to be, or not to be."""
    if isinstance(said, str) and not has_reference(said):
        yield said
    elif is_comparison(said):
        for name in ("one_of", "not"):
            limit = said.get(name)
            for one in limit if isinstance(limit, list) else [limit]:
                yield from _named(one)


def _fits(name: str, known: str) -> bool:
    pattern = "".join(".+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^{}]*\})", known))
    return re.fullmatch(pattern, name) is not None


def _texts(value: Any, trail: Trail) -> Iterator[tuple[Trail, str]]:
    if isinstance(value, str):
        yield trail, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*trail, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _texts(inner, (*trail, place))


def _wrong(model: type[BaseModel], data: dict[str, Any]) -> ValidationError | None:
    try:
        model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        return error
    return None


def _reach(value: Any, loc: tuple[str | int, ...]) -> Any:
    """What is there, or None."""
    for part in loc:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _unsure(data: dict[str, Any], loc: tuple[str | int, ...]) -> bool:
    """Whether the value there, or one around it, is known only when the story is played."""
    inner = (_reach(data, loc[:end]) for end in range(1, len(loc) + 1))
    return any((isinstance(one, str) and has_reference(one)) or is_lookup(one) for one in inner)
