"""Forms made from the format: what can be written at a place of a programme file, and what a form that was sent says.

A form shows what stands in the file and nothing else: a blank field is one that the file does not have, and what holds
then is said beside it. So whatever nobody touched stays as it is written.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.enrollment.domain.programme_file.findings import Path
from services.enrollment.domain.programme_file.format import MonthOrDay, ProgrammeFile
from services.enrollment.domain.programme_file.shape import field_types, model_at
from services.enrollment.domain.programme_file.words import ONE_OF, label, value_word
from shared.contracts.danish import clock, long_day, month_name

Kind = Literal["line", "text", "number", "amount", "date", "month", "clock", "select", "checkboxes", "numbers", "lines"]
_DANISH_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_DANISH_AMOUNT = re.compile(r"(\d{1,3}(?:\.\d{3})*|\d+)(?:,(\d{2}))?(?: ?kr\.?)?")


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the editor: a part of the file, and what it is called. `about`: what one decides there."""

    path: tuple[str, ...]
    title: str
    about: str = ""

    @property
    def where(self) -> str:
        return ".".join(self.path) or FRONT


FRONT = "om"
_SECTIONS = (
    Section((), "Om forløbet", "Hvad det hedder, hvad det går ud på, og hvornår det er."),
    Section(("organiser",), "Arrangør og bank", "Hvem der sælger, sender og skriver under, og hvor der betales."),
    Section(("enrolment",), "Tilmelding og frist", "Hvem der kan være med, hvordan og hvor længe."),
    Section(("enrolment", "invitation"), "Invitation og påmindelse", "Hvornår kommunerne inviteres og mindes om det."),
    Section(("enrolment", "capacity"), "Pladser", "Hvor mange der er plads til, og hvad der sker, når alt er fuldt."),
    Section(("enrolment", "forbehold"), "Forbehold", "Hvad et forbehold for politisk godkendelse betyder her."),
    Section(("fees",), "Priser og rater", "Hvad det koster, og hvornår det faktureres."),
    Section(("enrolment", "billing"), "Påmindelser om faktura", "Hvornår der spørges til det, en faktura mangler."),
    Section(("enrolment", "withdrawal"), "Når nogen melder fra", "Hvad der skyldes, når en kommune melder sig fra."),
    Section(("options",), "Tilkøb", "Det, kommunerne kan købe ved siden af."),
    Section(("groups",), "Grupper", "Dele af forløbet med deres egne møder."),
    Section(("meeting_kinds",), "Mødetyper", "Hvem der kommer til hvad, og hvor mange pladser der er."),
    Section(("meetings",), "Møder", "De enkelte møder og det, der er fastlagt om dem."),
    Section(("registration",), "Tilmelding af deltagere", "Hvornår den lukker, og hvornår der mindes om mødet."),
    Section(("registration", "needs"), "Kost og adgang", "Hvad deltagerne kan skrive, at de har brug for."),
    Section(("enrolment", "form"), "Formularens spørgsmål", "Det, kommunen svarer på, når den tilmelder sig."),
    Section(("enrolment", "declarations"), "Erklæringer", "Det, kommunen skriver under på."),
    Section(("enrolment", "roles"), "Roller ved siden af kontakten", "Andre, der skrives til."),
    Section(("enrolment", "invited"), "Medlemmer, der inviteres ved navn", "Organisationer, aldrig personer."),
    Section(("tracks",), "Spor", "Spor, faser og skridt."),
    Section(("milestones",), "Milepæle", "Dage, ingen inviteres til."),
    Section(("activities",), "Aktiviteter", "Det, der laves til, før og mellem møder."),
    Section(("readings",), "Læsninger", "Steder, hvor kilden kan læses på flere måder."),
    Section(("ours",), "Vores egne tilføjelser", "Det, kilden ikke siger, og vi har lagt til."),
)


@lru_cache(maxsize=1)
def sections() -> tuple[Section, ...]:
    """All of the format: a list that is added to it has a page of its own until somebody gives it another place, and
    whatever else is added is on the first page, or on that of its part.
    """
    named = {one.path for one in _SECTIONS}
    more = [
        Section((name,), label("ProgrammeFile", name))
        for name, there in field_types(ProgrammeFile).items()
        if (name,) not in named and not _is_part(there) and _entry(there) is not None
    ]
    return (*_SECTIONS, *more)


@dataclass(frozen=True, slots=True)
class Field:
    """`value` is as it stands in the file; `holds` what holds while it is blank, in words."""

    path: Path
    label: str
    kind: Kind
    value: str
    hint: str = ""
    holds: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Group:
    """Fields of a part inside the part; with none of them filled in the part is not there."""

    title: str
    hint: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Below:
    """A list, or a part, that has a page of its own."""

    path: Path
    title: str
    count: int | None

    @property
    def where(self) -> str:
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Part:
    """A place with fields. `there`: whether the file has it; `may_go`: whether it may be left out."""

    path: Path
    title: str
    there: bool
    may_go: bool
    fields: tuple[Field, ...] = ()
    groups: tuple[Group, ...] = ()
    below: tuple[Below, ...] = ()

    def all_fields(self) -> Iterator[Field]:
        yield from self.fields
        for group in self.groups:
            yield from group.fields


@dataclass(frozen=True, slots=True)
class Row:
    path: Path
    title: str
    about: str

    @property
    def where(self) -> str:
        return ".".join(map(str, self.path))


@dataclass(frozen=True, slots=True)
class Entries:
    """A list of parts."""

    path: Path
    title: str
    one: str
    rows: tuple[Row, ...] = field(default=())


def order_of(path: Path) -> list[str]:
    """The fields of what stands at a place, as the format has them."""
    model = model_at(path)
    return list(field_types(model)) if model else []


def path_of(where: str) -> Path | None:
    """From meetings.4.date; None when the format has nothing there."""
    if where == FRONT:
        return ()
    path: Path = tuple(int(step) if step.isascii() and step.isdecimal() else step for step in where.split("."))
    return path if _shown(path) else None


def _shown(path: Path) -> bool:
    here: Any = ProgrammeFile
    for step in path:
        here = (None if _is_part(here) else _entry(here)) if isinstance(step, int) else _inside(here, step)
        if here is None:
            return False
    return _is_part(here) or _entry(here) is not None


def shown(data: Mapping[str, Any], path: Path) -> Part | Entries | None:
    """What a page about this place has on it; None when the file has nothing there, and nothing can be put there."""
    there = value_at(data, path)
    model = model_at(path)
    if model is None:
        entry = _entry(_type_at(path))
        return None if entry is None else Entries(path, title_of(path), one_of(path), tuple(_rows(path, there)))
    if path and isinstance(path[-1], int):
        around = value_at(data, path[:-1])
        if path[-1] > (len(around) if isinstance(around, list) else 0):
            return None
    return _part(data, path, model, there)


def page_of(path: Path) -> Path:
    """The place whose page has this one on it: the nearest around it that is no group within another."""
    own = {one.path for one in sections()}
    for length in range(len(path), 0, -1):
        around = path[:length]
        is_list = model_at(around) is None and _entry(_type_at(around)) is not None
        if around in own or (isinstance(around[-1], int) and model_at(around) is not None) or is_list:
            return around
    return ()


def section_of(path: Path) -> Section:
    """The part of the editor that a place belongs to."""
    return max((one for one in sections() if path[: len(one.path)] == one.path), key=lambda one: len(one.path))


def where_of(path: Path) -> str:
    return ".".join(map(str, path)) or FRONT


def title_of(path: Path) -> str:
    section = next((one for one in sections() if one.path == path), None)
    if section is not None:
        return section.title
    if isinstance(path[-1], int):
        return one_of(path[:-1]).capitalize()
    around = model_at(path[:-1])
    return label(around.__name__ if around else "", path[-1])


def one_of(path: Path) -> str:
    return ONE_OF.get(str(path[-1]), "post")


def value_at(data: Any, path: Path) -> Any:
    """None where nothing stands."""
    here = data
    for step in path:
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
        else:
            here = here.get(step) if isinstance(here, Mapping) else None
    return here


def spoken(where: Sequence[str | int], data: Any = None) -> str:
    """Møder › 1. netværksmøde › Dato: a place in words; entries of lists by their titles where `data` has them."""
    words: list[str] = []
    here: Any = ProgrammeFile
    stands = data
    for step in where:
        if (entry := _entry(here)) is not None and not _is_part(here):
            one = _entry_at(stands, step)
            words.append(_row_title(one) or (f"nr. {step + 1}" if isinstance(step, int) else step))
            here, stands = entry, one
        else:
            words.append(label(here.__name__, str(step)) if _is_part(here) else str(step))
            here = field_types(here).get(str(step)) if _is_part(here) else None
            stands = stands.get(step) if isinstance(stands, Mapping) else None
    return " › ".join(words) or "Hele filen"


def spoken_value(where: Sequence[str], value: Any) -> str:
    """What stands there, on a line."""
    if isinstance(value, Mapping):
        return _row_title(value) or ", ".join(f"{name}: {spoken_value((), one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(spoken_value((), one) for one in value) or "ingen"
    part = _part_around(where)
    text = str(value) if value is not None else ""
    return value_word(part, where[-1], text) if part and where else text


def said_by(part: Part, data: Mapping[str, Any], typed: Mapping[str, list[str]]) -> dict[str, Any]:
    """The whole file, as it is when the form of that part was sent with this typed. What was not sent stays."""
    made: dict[str, Any] = _copied(data)
    for one in part.all_fields():
        if one.name not in typed and one.kind != "checkboxes":
            continue
        said = typed.get(one.name, [])
        if _same(one, said):
            continue
        _put(made, one.path, _read(one, said))
    return made


def with_entries(data: Mapping[str, Any], path: Path, act: str, number: int) -> dict[str, Any]:
    """A list in which one entry went `op`, `ned` or away (`fjern`)."""
    made: dict[str, Any] = _copied(data)
    entries = value_at(made, path)
    if not isinstance(entries, list) or not 0 <= number < len(entries):
        return made
    other = number - 1 if act == "op" else number + 1
    if act == "fjern":
        del entries[number]
        if not entries:
            _put(made, path, None)
    elif act in {"op", "ned"} and 0 <= other < len(entries):
        entries[number], entries[other] = entries[other], entries[number]
    return made


def with_part(data: Mapping[str, Any], path: Path, *, there: bool) -> dict[str, Any]:
    """The file with an optional part, as it begins, or without."""
    made: dict[str, Any] = _copied(data)
    _put(made, path, {} if there else None)
    return made


# How the format is read ----------------------------------------------------------------------------------------------


def _inside(here: Any, step: str) -> Any:
    return field_types(here).get(step) if _is_part(here) else None


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _entry(annotation: Any) -> Any:
    """What a list of parts has in it, or the part itself; None for anything else."""
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        return inner if _is_part(inner) else None
    return annotation if _is_part(annotation) else None


def _type_at(path: Path) -> Any:
    around = model_at(path[:-1]) if path else None
    return field_types(around).get(str(path[-1])) if around else None


def _part_around(where: Sequence[str]) -> str:
    here: Any = ProgrammeFile
    for step in where[:-1]:
        here = _inside(here, step) if _is_part(here) else _entry(here)
    return here.__name__ if _is_part(here) else ""


def _part(data: Mapping[str, Any], path: Path, model: type[BaseModel], there: Any) -> Part:
    own = {one.path for one in sections()}
    fields: list[Field] = []
    groups: list[Group] = []
    below: list[Below] = []
    for alias, info, kind in _model_fields(model):
        here: Path = (*path, alias)
        stands = there.get(alias) if isinstance(there, Mapping) else None
        if _is_part(kind) and here not in own:
            inside = tuple(_group_fields(data, here, kind, info))
            groups.append(Group(label(model.__name__, alias), info.description or "", inside))
            below += _lists_of(kind, here, stands)
        elif _is_part(kind) or _entry(kind) is not None:
            if path or here not in own:
                count = len(stands) if isinstance(stands, list) else None if _is_part(kind) else 0
                below.append(Below(here, title_of(here), count))
        else:
            fields.append(_field(data, here, model, alias, info, kind, stands))
    may_go = bool(path) and (isinstance(path[-1], int) or _may_be_blank(path))
    return Part(path, _own_title(path, there), there is not None, may_go, tuple(fields), tuple(groups), tuple(below))


def _own_title(path: Path, there: Any) -> str:
    if path and isinstance(path[-1], int):
        return (_row_title(there) or f"Nyt {one_of(path[:-1])}") if there is not None else _new(path[:-1])
    return title_of(path)


def _new(path: Path) -> str:
    one = one_of(path)
    neuter = {"tilkøb", "møde", "spor", "skridt", "spørgsmål", "medlem", "svar"}
    return f"{'Nyt' if one in neuter else 'Ny'} {one}"


def _may_be_blank(path: Path) -> bool:
    around = model_at(path[:-1])
    if around is None:
        return False
    return not next(info for alias, info, _ in _model_fields(around) if alias == path[-1]).is_required()


def _model_fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, Any]]:
    kinds = field_types(model)
    for name, info in model.model_fields.items():
        alias = info.alias or name
        yield alias, info, kinds[alias]


def _group_fields(data: Mapping[str, Any], path: Path, model: type[BaseModel], around: FieldInfo) -> Iterator[Field]:
    there = value_at(data, path)
    for alias, info, kind in _model_fields(model):
        stands = there.get(alias) if isinstance(there, Mapping) else None
        if _entry(kind) is None:
            made = _field(data, (*path, alias), model, alias, info, kind, stands)
            yield made if around.is_required() else _not_required(made)
        elif _is_part(kind):
            yield from _group_fields(data, (*path, alias), kind, info)


def _not_required(one: Field) -> Field:
    return Field(one.path, one.label, one.kind, one.value, one.hint, one.holds, required=False, choices=one.choices)


def _lists_of(model: type[BaseModel], path: Path, there: Any) -> Iterator[Below]:
    for alias, _, kind in _model_fields(model):
        stands = there.get(alias) if isinstance(there, Mapping) else None
        if not _is_part(kind) and _entry(kind) is not None and isinstance(there, Mapping):
            count = len(stands) if isinstance(stands, list) else 0
            below = f"{title_of(path)}: {label(model.__name__, alias).lower()}"
            yield Below((*path, alias), below, count)


def _field(
    data: Mapping[str, Any], path: Path, model: type[BaseModel], alias: str, info: FieldInfo, kind: Any, stands: Any
) -> Field:
    part = model.__name__
    shown_as, choices = _kind(part, alias, kind)
    references = _references(data, path, alias)
    if references and shown_as == "line":
        known = [one for one, _ in references]
        stray = [(stands, f"{stands} (findes ikke)")] if isinstance(stands, str) and stands not in known else []
        shown_as, choices = "select", (*references, *stray)
    elif shown_as == "select" and isinstance(stands, str) and stands not in dict(choices):
        choices = (*choices, (stands, f"{stands} (kan ikke bruges)"))
    return Field(
        path=path,
        label=label(part, alias),
        kind=shown_as,
        value=_as_typed(shown_as, stands),
        hint=_hint(info, shown_as),
        holds=_default(part, alias, info),
        required=info.is_required(),
        choices=choices,
    )


_PLACES: Mapping[str, tuple[str, str]] = {
    "option": ("options", "id"),
    "group": ("groups", "id"),
    "meeting": ("meetings", "key"),
    "track": ("tracks", "id"),
}


def _references(data: Mapping[str, Any], path: Path, alias: str) -> tuple[tuple[str, str], ...]:
    """What a field that points at something else of the file can point at."""
    if alias == "kind" and path[0] in {"meetings", "tracks"}:
        where, key = "meeting_kinds", "key"
    elif alias == "field" and path[-2:] == ("when", "field"):
        number = path[-3]
        form = value_at(data, path[:-3])
        earlier = form[:number] if isinstance(form, list) and isinstance(number, int) else []
        return tuple(_named(earlier, "id"))
    elif alias == "phase":
        tracks = value_at(data, ("tracks",))
        phases = [one.get("phases") for one in tracks if isinstance(one, Mapping)] if isinstance(tracks, list) else []
        return tuple(pair for one in phases if isinstance(one, list) for pair in _named(one, "id"))
    elif alias == "chosen" and path[0] == "readings":
        possible = value_at(data, (*path[:-1], "possible"))
        return tuple(_named(possible if isinstance(possible, list) else [], "id"))
    elif alias in _PLACES:
        where, key = _PLACES[alias]
    else:
        return ()
    entries = data.get(where)
    return tuple(_named(entries if isinstance(entries, list) else [], key))


def _named(entries: Sequence[Any], key: str) -> Iterator[tuple[str, str]]:
    for one in entries:
        if isinstance(one, Mapping) and isinstance(one.get(key), str):
            yield one[key], _row_title(one) or one[key]


def _kind(part: str, alias: str, kind: Any) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    many = get_origin(kind) is tuple
    inner = _bare(get_args(kind)[0] if many else kind)
    if get_origin(inner) is Literal:
        choices = tuple((one, value_word(part, alias, one)) for one in get_args(inner))
        return ("checkboxes" if many else "select"), choices
    if many:
        return ("numbers" if inner is int else "lines"), ()
    if inner is bool:
        return "select", (("true", "Ja"), ("false", "Nej"))
    return _SIMPLE.get(inner) or _kind_by_schema(_schema_of(part_model(part), alias)), ()


_SIMPLE: Mapping[Any, Kind] = {date: "date", time: "clock"}


def _kind_by_schema(schema: Mapping[str, Any]) -> Kind:
    kind = schema.get("type")
    if isinstance(kind, list) and "number" in kind:
        return "amount"
    if kind == "integer":
        return "number"
    if schema.get("maxLength") == _LONG:
        return "text"
    return "month" if "[0-9]{4}-" in str(schema.get("pattern", "")) else "line"


_LONG = 4000


@lru_cache(maxsize=128)
def part_model(part: str) -> type[BaseModel] | None:
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [ProgrammeFile]
    while waiting:
        here = waiting.pop()
        model = _entry(here)
        if model is not None and model.__name__ not in found:
            found[model.__name__] = model
            waiting += field_types(model).values()
    return found.get(part)


@lru_cache(maxsize=512)
def _schema_of(model: type[BaseModel] | None, alias: str) -> Mapping[str, Any]:
    if model is None:
        return {}
    schema: dict[str, Any] = model.model_json_schema(by_alias=True, mode="validation")["properties"].get(alias, {})
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            return {**schema, **one}
    return schema


def _bare(annotation: Any) -> Any:
    """Without what bounds it, and without None."""
    if get_origin(annotation) in {Union, types.UnionType}:
        annotation = next(one for one in get_args(annotation) if one is not types.NoneType)
    while hasattr(annotation, "__metadata__"):
        annotation = get_args(annotation)[0]
    return annotation


def _hint(info: FieldInfo, kind: Kind) -> str:
    said = info.description or ""
    how = {
        "month": "Skriv år og måned, fx 2027-03, eller hele datoen." if info.annotation is MonthOrDay else "",
        "numbers": "Tal med komma imellem.",
        "lines": "Ét på hver linje.",
        "amount": "Kroner uden moms." if "kroner" not in said else "",
        "clock": "Fx 9.30.",
    }.get(kind, "")
    text = said[:1].upper() + said[1:]
    return " ".join(filter(None, (text + ("." if text and text[-1] not in ".;" else ""), how)))


def _default(part: str, alias: str, info: FieldInfo) -> str:
    value = None if info.is_required() or info.default_factory else info.default
    if value is None or isinstance(value, BaseModel) or value == ():
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "Ja" if value else "Nej"
    return value_word(part, alias, clock(value) if isinstance(value, time) else str(value))


def _as_typed(kind: Kind, stands: Any) -> str:
    if stands is None or isinstance(stands, Mapping):
        return ""
    if isinstance(stands, list):
        joint = {"numbers": ", ", "lines": "\n", "checkboxes": "\n"}.get(kind, ", ")
        return joint.join(str(one) for one in stands if not isinstance(one, Mapping | list) and one is not None)
    return str(stands)


def _same(one: Field, said: list[str]) -> bool:
    if one.kind == "checkboxes":
        return [each for each in said if each] == [each for each in one.value.split("\n") if each]
    # A form trims what is typed; what the file has around a text is not changed by that.
    return (said[0] if said else "").strip() == one.value.strip()


def _read(one: Field, said: list[str]) -> Any:
    """As it stands in the file; None = it does not."""
    if one.kind == "checkboxes":
        return [each for each in said if each] or None
    text = (said[0] if said else "").strip()
    if not text:
        return None
    if one.kind in {"numbers", "lines"}:
        return [each.strip() for each in re.split(r"[,;\s]+" if one.kind == "numbers" else "\n", text) if each.strip()]
    return _as_written(one.kind, text)


def _as_written(kind: Kind, text: str) -> str:
    """As the file has it, whichever way somebody in Denmark types it."""
    if kind == "date" and (found := _DANISH_DAY.fullmatch(text)):
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    if kind == "amount" and (found := _DANISH_AMOUNT.fullmatch(text)):
        # A full stop that divides thousands cannot be one that divides kroner from øre.
        return found[1].replace(".", "") + (f".{found[2]}" if found[2] else "")
    return text


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _within(data: dict[str, Any], path: Path) -> Any:
    """What stands there, made where nothing does."""
    here: Any = data
    for number, step in enumerate(path):
        following: Any = [] if number + 1 < len(path) and isinstance(path[number + 1], int) else {}
        if number + 1 == len(path):
            following = [] if model_at(path) is None else {}
        if isinstance(step, int):
            if not isinstance(here, list) or step > len(here):
                return None
            if step == len(here):
                here.append(following)
            here = here[step]
        else:
            if not isinstance(here.get(step), dict | list):
                here[step] = following
            here = here[step]
    return here


def _put(data: dict[str, Any], path: Path, value: Any) -> None:
    """None takes it away, and with it what is left of a group that it was all of."""
    if value is not None:
        around = _within(data, path[:-1])
        if isinstance(around, dict):
            around[str(path[-1])] = value
        return
    around = value_at(data, path[:-1])
    if not isinstance(around, dict):
        return
    around.pop(path[-1], None)
    own = {one.path for one in sections()}
    if not around and path[:-1] and path[:-1] not in own and not isinstance(path[-2], int):
        _put(data, path[:-1], None)


def _rows(path: Path, entries: Any) -> Iterator[Row]:
    for number, one in enumerate(entries if isinstance(entries, list) else ()):
        yield Row((*path, number), _row_title(one) or f"Nr. {number + 1}", _row_about(path, one))


_TITLES = ("title", "label", "question", "text", "about", "id", "key")
_LONGEST_TITLE = 90


def _row_title(one: Any) -> str:
    if not isinstance(one, Mapping):
        return ""
    found = next((one[name] for name in _TITLES if isinstance(one.get(name), str) and one[name]), "")
    return found if len(found) <= _LONGEST_TITLE else f"{found[:_LONGEST_TITLE].rstrip()} …"


def _row_about(path: Path, one: Any) -> str:
    """What else is worth knowing of it in a list."""
    if not isinstance(one, Mapping):
        return ""
    entry = _entry(_type_at(path))
    part = entry.__name__ if entry else ""
    said = [_said_of(part, name, one[name]) for name in _TOLD if isinstance(one.get(name), str)]
    return " · ".join(said)


_TOLD = ("kind", "attendance", "date", "month", "invoice_on", "amount", "price", "purpose", "per", "when")


def _said_of(part: str, name: str, value: str) -> str:
    if name in {"amount", "price"}:
        return f"{value} kr."
    try:
        return (
            long_day(date.fromisoformat(value))
            if len(value) == len("2020-01-01")
            else _month_or_word(part, name, value)
        )
    except ValueError:
        return value_word(part, name, value)


def _month_or_word(part: str, name: str, value: str) -> str:
    return month_name(value) if re.fullmatch("[0-9]{4}-(0[1-9]|1[0-2])", value) else value_word(part, name, value)


def _entry_at(entries: Any, step: str | int) -> Any:
    if not isinstance(entries, list):
        return None
    if isinstance(step, int):
        return entries[step] if step < len(entries) else None
    known = (one for one in entries if isinstance(one, Mapping) and step in {one.get("id"), one.get("key")})
    found = next(known, None)
    if found is None and step.isdecimal() and int(step) < len(entries):
        return entries[int(step)]
    return found
