"""The places of a programme file as the editor shows them: its sections, its pages, and each place in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from services.enrollment.domain.programme_file.findings import Path
from services.enrollment.domain.programme_file.format import ProgrammeFile
from services.enrollment.domain.programme_file.kinds import entry_of, inside, is_part, type_at
from services.enrollment.domain.programme_file.shape import field_types, model_at
from services.enrollment.domain.programme_file.words import ONE_OF, label, value_word
from shared.contracts.danish import long_day, month_name


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
        if (name,) not in named and not is_part(there) and entry_of(there) is not None
    ]
    return (*_SECTIONS, *more)


def path_of(where: str) -> Path | None:
    """From meetings.4.date; None when the format has nothing there."""
    if where == FRONT:
        return ()
    path: Path = tuple(int(step) if step.isascii() and step.isdecimal() else step for step in where.split("."))
    return path if _shown(path) else None


def _shown(path: Path) -> bool:
    here: Any = ProgrammeFile
    for step in path:
        here = (None if is_part(here) else entry_of(here)) if isinstance(step, int) else inside(here, step)
        if here is None:
            return False
    return is_part(here) or entry_of(here) is not None


def page_of(path: Path) -> Path:
    """The place whose page has this one on it: the nearest around it that is no group within another."""
    own = {one.path for one in sections()}
    for length in range(len(path), 0, -1):
        around = path[:length]
        is_list = model_at(around) is None and entry_of(type_at(around)) is not None
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
        if (entry := entry_of(here)) is not None and not is_part(here):
            one = _entry_at(stands, step)
            words.append(title_in(one) or (f"nr. {step + 1}" if isinstance(step, int) else step))
            here, stands = entry, one
        else:
            words.append(label(here.__name__, str(step)) if is_part(here) else str(step))
            here = field_types(here).get(str(step)) if is_part(here) else None
            stands = stands.get(step) if isinstance(stands, Mapping) else None
    return " › ".join(words) or "Hele filen"


def spoken_value(where: Sequence[str], value: Any) -> str:
    """What stands there, on a line."""
    if isinstance(value, Mapping):
        return title_in(value) or ", ".join(f"{name}: {spoken_value((), one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(spoken_value((), one) for one in value) or "ingen"
    part = _part_around(where)
    text = str(value) if value is not None else ""
    return value_word(part, where[-1], text) if part and where else text


def _part_around(where: Sequence[str]) -> str:
    here: Any = ProgrammeFile
    for step in where[:-1]:
        here = inside(here, step) if is_part(here) else entry_of(here)
    return here.__name__ if is_part(here) else ""


_TITLES = ("title", "label", "question", "text", "about", "id", "key")

_LONGEST_TITLE = 90


def title_in(one: Any) -> str:
    if not isinstance(one, Mapping):
        return ""
    found = next((one[name] for name in _TITLES if isinstance(one.get(name), str) and one[name]), "")
    return found if len(found) <= _LONGEST_TITLE else f"{found[:_LONGEST_TITLE].rstrip()} …"


def about_in(path: Path, one: Any) -> str:
    """What else is worth knowing of it in a list."""
    if not isinstance(one, Mapping):
        return ""
    entry = entry_of(type_at(path))
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
