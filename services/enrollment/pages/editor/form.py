"""A part of a draft in a form: its fields with what is found in them, or a list's entries with their buttons.

Whoever saves what somebody else has saved meanwhile is shown what the other changed, field by field; what both changed
is theirs to choose, and all that they typed stays on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.enrollment.domain.programme_draft import written_anew
from services.enrollment.domain.programme_file.changes import (
    Meeting,
    Where,
    met,
    together,
)
from services.enrollment.domain.programme_file.day_notes import day_notes
from services.enrollment.domain.programme_file.fields import Entries, Field, Part, shown
from services.enrollment.domain.programme_file.findings import Path
from services.enrollment.domain.programme_file.moving import Moved
from services.enrollment.domain.programme_file.places import path_of, where_of
from services.enrollment.domain.programme_file.typed import said_by, with_entries, with_part
from services.enrollment.domain.programme_file.yaml_lines import read
from services.enrollment.domain.programme_preview import change_in_words, day_in_words
from services.enrollment.pages.editor.common import EDITION, SCOPE, Desk, Noted, desk, edition_in, looked_at, show
from services.enrollment.usecases.save_programme_draft import SaveProgrammeDraft
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.staff import badge_in, staff_form

CHECK, ACT, BACK, SEEN, BASE, MINE = "_tjek", "_goer", "_liste", "_set", "_grundlag", "_mit"
ADD, REMOVE = "tilfoej", "udelad"
"""The buttons that only look, change a list, and lead back to it; the days that were looked at; and of a merger the
edition that both began with, and the places where mine is chosen.
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A field on the page, and what is said beside it."""

    field: Field
    value: str
    notes: Sequence[Noted]
    day: str
    proposal: Moved | None
    was: str


async def fields(host: Host, act: Act, request: Request) -> Response:
    where = request.path_params["where"]
    path = path_of(where)
    if path is None:
        raise Problem(404, "not_found")
    form, edition = staff_form(host, request), None
    if request.method == "POST":
        form = await read_form(request)
        edition = edition_in(form.own.get(BASE) or form.own.get(EDITION, "")) or None
    at = await desk(host, request, edition)
    page = shown(read(at.opened.base).value or {} if at.opened.base else at.data, path)
    if page is None:
        raise Problem(404, "not_found")
    if request.method == "GET":
        return _page(host, request, at, page, form)
    return await _sent(host, act, request, at, page, form)


async def _sent(host: Host, act: Act, request: Request, at: Desk, page: Part | Entries, form: Form) -> Response:
    before = _before(at)
    wanted = _wanted(before, page, form)
    if CHECK in form.own or request.query_params.get("tjek"):
        as_typed = looked_at(at.opened, _text(_base(at), before, wanted, form))
        if request.headers.get("hx-request") == "true":
            return _notes(host, as_typed, page, form)
        return _page(host, request, as_typed, page, form, checked=True)
    is_newest = edition_in(form.own.get(EDITION, "")) == at.opened.draft.edition
    if is_newest and BASE not in form.own:
        return await _saving(host, act, request, at, page, form, _text(_base(at), before, wanted, form), before)
    meeting = met(before, at.data, wanted)
    if not is_newest:
        return _merging(host, request, at, meeting, form)
    both = together(at.data, wanted, meeting, _chosen(form, meeting))
    return await _saving(host, act, request, at, page, form, _text(at.opened.draft.text, at.data, both, form), before)


async def _saving(
    host: Host,
    act: Act,
    request: Request,
    at: Desk,
    page: Part | Entries,
    form: Form,
    text: str,
    before: Mapping[str, Any],
) -> Response:
    draft = at.opened.draft
    named = (read(text).value or {}).get("id")
    if isinstance(named, str) and named != draft.programme_id and not badge_in(request).may(SCOPE, named):
        form.add_error("id", "forbidden", "Din rolle gælder ikke et forløb, der hedder det.")
    status = 422
    if not form.errors:
        wish = SaveProgrammeDraft(draft_id=draft.id, edition=draft.edition, file=text, seen=_seen(at, page, form))
        reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
        refused = reply.refusal()
        if refused is None:
            return RedirectResponse(_onward(at, page, form), 303)
        form.refuse(refused)
        status = refused.status
        if refused.code == "draft_edited":
            # It was saved while this was being read: the same again, with what it is now.
            newer = await desk(host, request, edition_in(form.own.get(BASE) or form.own.get(EDITION, "")) or None)
            return _merging(host, request, newer, met(before, newer.data, _wanted(before, page, form)), form)
    return _page(host, request, looked_at(at.opened, text), page, form, status=status, checked=True)


def _base(at: Desk) -> str:
    """The text that the page was opened with; the newest where that is not kept any more."""
    return at.opened.base if at.opened.base is not None else at.opened.draft.text


def _before(at: Desk) -> dict[str, Any]:
    """What the draft said when the page was opened; as it is now where that is not kept any more."""
    base = at.opened.base
    return (read(base).value or {}) if base is not None else at.data


def _wanted(before: Mapping[str, Any], page: Part | Entries, form: Form) -> dict[str, Any]:
    act, _, number = form.own.get(ACT, "").partition(":")
    if isinstance(page, Entries):
        return with_entries(before, page.path, act, int(number) if number.isdecimal() and len(number) < 5 else -1)  # noqa: PLR2004  (digits of a place)
    if act in {ADD, REMOVE} and page.may_go and not isinstance(page.path[-1], int):
        return with_part(before, page.path, there=act == ADD)
    return said_by(page, before, {name: form.chosen(name) for name in form.values})


def _text(text: str, before: Mapping[str, Any], wanted: Mapping[str, Any], form: Form) -> str:
    """The file with what is wanted; as it was, and an error, where that cannot be written."""
    if wanted == before:
        return text
    try:
        return written_anew(text, wanted)
    except Refused as refused:
        form.refuse(refused)
        return text


def _seen(at: Desk, page: Part | Entries, form: Form) -> tuple[Where, ...]:
    """Of the days that are to be looked at, those on the page that somebody has."""
    if not isinstance(page, Part):
        return ()
    names = {one.path: one.name for one in page.all_fields()}
    return tuple(
        one.where for path, one in at.proposals.items() if path in names and f"{SEEN}:{names[path]}" in form.own
    )


def _onward(at: Desk, page: Part | Entries, form: Form) -> str:
    if isinstance(page, Part) and page.path and isinstance(page.path[-1], int) and form.own.get(BACK):
        return f"{at.base}/felter/{where_of(page.path[:-1])}?besked=gemt"
    return f"{at.base}/felter/{where_of(page.path)}?besked=gemt"


# What is shown -------------------------------------------------------------------------------------------------------


def _page(
    host: Host,
    request: Request,
    at: Desk,
    page: Part | Entries,
    form: Form,
    *,
    status: int = 200,
    checked: bool = False,
) -> Response:
    """`checked`: it shows what was typed, and begins with what is wrong in it."""
    around = [(title, f"{at.base}/felter/{where}") for title, where in _way_to(at.data, page.path)]
    values: dict[str, Any] = {"page": page, "form": form, "where": where_of(page.path), "around": around}
    if isinstance(page, Entries):
        return show(host, request, "editor_list.html", at, status=status, notes=at.on(page.path), **values)
    showing = _showing(at, page, form if checked else None)
    on_page = _on_page(at, page)
    if checked:
        for one in on_page:
            if one.finding.severity == "error":
                form.add_error(_anchor(one, showing), one.finding.code, f"{one.about}: {one.finding.message}")
    known = {one.field.name for one in showing.values()}
    return show(
        host,
        request,
        "editor_form.html",
        at,
        status=status,
        showing=showing,
        notes=[one for one in on_page if one.name not in known],
        checked=checked,
        **values,
    )


def _notes(host: Host, at: Desk, page: Part | Entries, form: Form) -> Response:
    """What is found in what is typed, for the places beside the fields."""
    showing = _showing(at, page, form) if isinstance(page, Part) else {}
    known = set(showing)
    on_page = _on_page(at, page)
    text = host.pages.fragment(
        "enrollment/editor_notes.html",
        "notes",
        showing=showing,
        notes=[one for one in on_page if one.name not in known],
        wrong=sum(one.finding.severity == "error" for one in on_page),
        draft=at.opened.draft,
        base=at.base,
    )
    return HTMLResponse(text, headers={"Cache-Control": "no-store"})


def _on_page(at: Desk, page: Part | Entries) -> list[Noted]:
    """What belongs to this page; of an entry that is not in the file yet, nothing but what is typed."""
    return at.on(page.path)


def _anchor(one: Noted, showing: Mapping[str, Shown]) -> str:
    return one.name if one.name in showing else ""


def _showing(at: Desk, page: Part, form: Form | None) -> dict[str, Shown]:
    by_name: dict[str, list[Noted]] = {}
    for one in at.on(page.path):
        by_name.setdefault(one.name, []).append(one)
    found = {}
    for field in page.all_fields():
        typed = None if form is None or field.name not in form.values else "\n".join(form.chosen(field.name))
        if form is not None and field.kind == "checkboxes":
            typed = "\n".join(form.chosen(field.name))
        value = field.value if typed is None else typed
        proposal = at.proposals.get(field.path)
        found[field.name] = Shown(
            field,
            value,
            by_name.get(field.name, ()),
            day_notes(value) if field.kind in {"date", "month"} else "",
            proposal,
            day_in_words(proposal.was) if proposal else "",
        )
    return found


def _way_to(data: Mapping[str, Any], path: Path) -> list[tuple[str, str]]:
    """The pages around this one, from the outside in."""
    way = []
    for length in range(1, len(path)):
        around = path[:length]
        if isinstance(page := shown(data, around), Entries) or isinstance(around[-1], int):
            way.append((page.title if page else "", where_of(around)))
    return way


# Two at once ---------------------------------------------------------------------------------------------------------


def _chosen(form: Form, meeting: Meeting) -> list[Where]:
    """Where mine is to stand: of the places where both changed something."""
    places = [one.where for one, _ in meeting.conflicts]
    return [where for number, where in enumerate(places) if form.own.get(f"{MINE}{number}") == "mit"]


def _merging(host: Host, request: Request, at: Desk, meeting: Meeting, form: Form) -> Response:
    """What the other changed, and what I did; both are there until somebody chooses."""
    base = _before(at)
    lost = {one.where for one, _ in meeting.conflicts}
    return show(
        host,
        request,
        "editor_merge.html",
        at,
        status=409,
        form=form,
        theirs=[change_in_words(one, base, at.data) for one in meeting.theirs],
        mine=[change_in_words(one, base, base) for one in meeting.mine if one.where not in lost],
        conflicts=[
            (change_in_words(one, base, base), change_in_words(other, base, at.data))
            for one, other in meeting.conflicts
        ],
        typed=[(name, one) for name in form.values for one in form.chosen(name)],
        kept=[
            (name, one) for name, one in form.own.items() if name == ACT or name.startswith(f"{SEEN}:") or name == "_og"
        ],
        grundlag=form.own.get(BASE) or form.own.get(EDITION, ""),
        mine_name=MINE,
        base_name=BASE,
    )
