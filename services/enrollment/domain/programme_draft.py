"""A programme that is written before it is published: who began it, what is to be looked at, and who chose what.

Its text is a programme file like any other and is checked as one, but it may be wrong for as long as it is a draft.
Whatever is saved has the number of the edition that was opened: whoever saves second is told (`draft_edited`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.enrollment.domain.programme_file.changes import Where, at, by_ids
from services.enrollment.domain.programme_file.check import CheckResult, check
from services.enrollment.domain.programme_file.fields import order_of
from services.enrollment.domain.programme_file.findings import Finding, Path, path_of_text
from services.enrollment.domain.programme_file.moving import BLANK, Moved, copied, still_proposed
from services.enrollment.domain.programme_file.shape import refused_id
from services.enrollment.domain.programme_file.splice import rewritten
from services.enrollment.domain.programme_file.yaml_lines import MOST_CHARACTERS, read
from shared.contracts.danish import weekday
from shared.contracts.refusal import Refused

MOST_EDITIONS = 50
"""So many of a draft are kept, the newest ones."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who chose which reading of a place."""

    where: Where
    reading: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProgrammeDraft:
    """`programme_id` is the one that the text names, or named last when it named a good one."""

    id: str
    programme_id: str
    title: str
    edition: int
    text: str
    proposals: tuple[Moved, ...]
    """Those that nobody has looked at."""
    decisions: tuple[Chosen, ...]
    begun_at: datetime
    begun_by: str
    saved_at: datetime
    saved_by: str


def data_of(text: str) -> dict[str, Any]:
    """Refused 422 `programme_unreadable` with each place where it cannot be read."""
    if len(text) > MOST_CHARACTERS:
        text = text[: MOST_CHARACTERS + 1]
    document = read(text)
    if document.value is None or document.findings:
        errors = [
            {"field": f"file:{one.line}:{one.column}", "code": one.code, "detail": one.message}
            for one in document.findings
        ]
        raise Refused("programme_unreadable", "Filen kan ikke læses: ret den, og prøv igen.", status=422, errors=errors)
    return document.value


def require_id(programme_id: str) -> str:
    """The same id; Refused 422 `invalid_id`."""
    if why := refused_id(programme_id):
        raise Refused("invalid_id", why, status=422, field="programme_id")
    return programme_id


def copy_of(text: str, programme_id: str, title: str, year: int | None) -> tuple[str, list[Moved]]:
    """The text of an earlier programme as a new one, and the days that moved with it."""
    made, moved = copied(data_of(text), programme_id, title, year)
    return written_anew(text, made), moved


def blank(programme_id: str, title: str, year: int) -> str:
    text = BLANK.format(id=programme_id, title="Titel", year=year)
    return written_anew(text, {**data_of(text), "title": title})


def next_version(text: str, version: int, capacity: tuple[int, int] | None) -> str:
    """A published file as its next version; `capacity` as staff have changed it since."""
    made = data_of(text)
    made["version"] = str(version)
    if capacity is not None and isinstance(made.get("enrolment"), dict):
        there = made["enrolment"].get("capacity")
        if isinstance(there, dict):
            there["usual"], there["hard"] = map(str, capacity)
    return written_anew(text, made)


def written_anew(text: str, wanted: Mapping[str, Any]) -> str:
    """The text as it says what is wanted; Refused 422 where that cannot be written, or is too much."""
    try:
        made = rewritten(text, wanted, order_of)
    except ValueError:
        raise Refused("unwritable", "Teksten har tegn, som ikke kan stå i filen.", status=422) from None
    return require_size(made)


def require_size(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise Refused("too_large", "Forløbet er blevet for langt til at kunne gemmes.", status=422)
    return text


def begun(
    draft_id: str, programme_id: str, text: str, moved: Iterable[Moved], *, now: datetime, by: str
) -> ProgrammeDraft:
    data = data_of(require_size(text))
    return ProgrammeDraft(draft_id, programme_id, _title(data), 1, text, tuple(moved), (), now, by, now, by)


def saved(
    draft: ProgrammeDraft, edition: int, text: str, seen: Sequence[Where], *, now: datetime, by: str
) -> ProgrammeDraft:
    """`seen`: proposals that were looked at. Refused 409 `draft_edited` when it was saved by somebody since."""
    require_edition(draft, edition)
    if text == draft.text and not seen:
        return draft
    data = data_of(require_size(text))
    named = data.get("id")
    looked = set(seen)
    left = [one for one in still_proposed(data, draft.proposals) if one.where not in looked]
    return replace(
        draft,
        programme_id=draft.programme_id if not isinstance(named, str) or refused_id(named) else named,
        title=_title(data),
        edition=draft.edition + 1,
        text=text,
        proposals=tuple(left),
        saved_at=max(now, draft.saved_at),
        saved_by=by,
    )


def require_edition(draft: ProgrammeDraft, edition: int) -> None:
    if draft.edition != edition:
        raise Refused(
            "draft_edited", "En anden har gemt kladden, siden du åbnede den. Det, du har skrevet, er ikke tabt."
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A place of the text that can be read in more than one way. `chosen` is None as long as nobody has chosen."""

    where: Where
    finding: Finding
    chosen: Chosen | None


def questions(draft: ProgrammeDraft, result: CheckResult, data: Mapping[str, Any]) -> list[Question]:
    """`result` and `data` are what its text comes to."""
    known = {one.where: one for one in draft.decisions}
    found = []
    for one in result.findings:
        if one.readings:
            where = by_ids(data, _place(path_of_text(one.path)))
            found.append(Question(where, one, known.get(where)))
    return found


def _place(path: Path) -> Path:
    """Of a meeting or a reading: the entry itself, whichever of its fields is named."""
    return path[:2] if path and path[0] in {"meetings", "readings"} else path


def choose(
    draft: ProgrammeDraft, edition: int, where: Where, reading: str, why: str, *, now: datetime, by: str
) -> ProgrammeDraft:
    """A person says how a place is to be read; Refused 422 `unknown_reading` for what is no reading of it."""
    require_edition(draft, edition)
    data = data_of(draft.text)
    asked = next((one for one in questions(draft, check(draft.text), data) if one.where == where), None)
    if asked is None or reading not in {one.value for one in asked.finding.readings}:
        raise Refused("unknown_reading", "Vælg en af læsningerne.", status=422, field="chosen")
    entry = at(data, where)
    if where[0] in {"meetings", "readings"} and isinstance(entry, dict):
        entry["chosen"] = reading
        if why and where[0] == "readings":
            entry["why"] = why
    else:
        # A deadline has no reading of its own: the day that is chosen is the deadline.
        plan = data["enrolment"]
        plan["deadline"], plan["deadline_weekday"] = reading, weekday(date.fromisoformat(reading))
    made = saved(draft, edition, written_anew(draft.text, data), (), now=now, by=by)
    if made.edition == edition:
        # The file says it already, and now a person does: whoever has seen the question open has seen another edition.
        made = replace(draft, edition=edition + 1, saved_at=max(now, draft.saved_at), saved_by=by)
    others = tuple(one for one in draft.decisions if one.where != where)
    return replace(made, decisions=(*others, Chosen(where, reading, by, now)))


def _title(data: Mapping[str, Any]) -> str:
    title = data.get("title")
    return title.strip()[:200] if isinstance(title, str) else ""


def unknown_draft() -> Refused:
    return Refused("unknown_draft", "Kladden er der ikke længere: den er udgivet eller kasseret.", status=404)
