"""The drafts there are, how one begins, and how one ends: by hand, from a file, and back into one."""

from __future__ import annotations

from collections import Counter

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.programme_file.places import section_of, sections
from services.enrollment.domain.programme_file.yaml_lines import MOST_CHARACTERS, read
from services.enrollment.pages.editor.common import (
    EDITION,
    HERE,
    READS,
    SCOPE,
    Desk,
    desk,
    desk_if_there,
    done_word,
    edition_in,
    show,
)
from services.enrollment.pages.staff_programme import cursor_of, following, reader
from services.enrollment.usecases.begin_programme_draft import (
    BLANK,
    FILE,
    PUBLISHED,
    TEMPLATE,
    VERSION,
    BeginProgrammeDraft,
)
from services.enrollment.usecases.discard_programme_draft import DiscardProgrammeDraft
from services.enrollment.usecases.read_programme_drafts import read_programme_drafts, read_sources
from services.enrollment.usecases.save_programme_draft import SaveProgrammeDraft
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.ledger import Reply
from shared.web.staff import badge_in, render, staff_form

_LABELS = {"source": "Begynd med", "programme_id": "Kort navn", "title": "Titel", "year": "År", "file": "Fil"}
_NOT_YOURS = "Din rolle gælder ikke det forløb. Skriv et, du må udgive, eller bed en administrator om rollen."


async def overview(host: Host, request: Request) -> Response:
    badge = badge_in(request)
    asked = {**cursor_of(request), "limit": "50"}
    async with host.transaction(reader(request)) as tx:
        found = await read_programme_drafts(tx, asked, badge.programmes(SCOPE))
        sources = await read_sources(tx, badge.programmes(SCOPE))
    there = {one["programme_id"] for one in found["drafts"]}
    return render(
        host,
        request,
        "enrollment/editor_drafts.html",
        drafts=[{**one, "saved_at": sent_at(one["saved_at"])} for one in found["drafts"]],
        following=following(request, found["next"]),
        published=[(key, title) for key, title in sources.published.items() if key not in there],
        may_begin=badge.may(SCOPE),
        said=done_word(request),
    )


async def begin(host: Host, act: Act, request: Request) -> Response:
    """A copy of something, or a blank one, under a new name."""
    badge, form, status = badge_in(request), staff_form(host, request, labels=_LABELS), 200
    async with host.transaction(reader(request)) as tx:
        sources = await read_sources(tx, badge.programmes(READS))
        year = day_of(tx.now).year + 1
    choices = [
        (BLANK, "Ingenting: et tomt forløb med rimelige begyndelser"),
        *((f"{PUBLISHED}:{key}", f"Jeres forløb: {title}") for key, title in sources.published.items()),
        *((f"{TEMPLATE}:{key}", f"Skabelon: {title}") for key, title in sources.templates.items()),
    ]
    if request.method == "GET":
        given = request.query_params.get("med", "")
        form.values.update({"source": given if given in dict(choices) else "", "year": str(year)})
    else:
        form, status = await read_form(request, labels=_LABELS), 422
        chosen = form.value("source")
        if chosen not in dict(choices):
            form.add_error("source", "required", "Vælg, hvad der begyndes med.")
        if not badge.may(SCOPE, form.value("programme_id")):
            form.add_error("programme_id", "forbidden", _NOT_YOURS)
        command = form.command(BeginProgrammeDraft) if not form.errors else None
        if command is not None:
            reply = await _ask(host, request, act, command, form)
            if reply.refusal() is None:
                return _onward(reply, "begyndt")
            status = reply.status
    return render(host, request, "enrollment/editor_begin.html", status=status, form=form, choices=choices)


async def next_version(host: Host, act: Act, request: Request) -> Response:
    """Of a published programme: as it stands, one version on."""
    programme_id = request.path_params["programme_id"]
    form, status = staff_form(host, request), 200
    async with host.transaction(reader(request)) as tx:
        title = (await read_sources(tx, {programme_id})).published.get(programme_id)
    if title is None:
        raise Problem(404, "not_found")
    if request.method == "POST":
        form = await read_form(request)
        reply = await _ask(host, request, act, BeginProgrammeDraft(source=f"{VERSION}:{programme_id}"), form)
        if reply.refusal() is None:
            return _onward(reply, "begyndt")
        status = reply.status
    return render(
        host, request, "enrollment/editor_version.html", status=status, form=form, programme=title, id=programme_id
    )


async def from_file(host: Host, act: Act, request: Request) -> Response:
    """A file that somebody has: uploaded, or pasted."""
    form, status = staff_form(host, request, labels=_LABELS), 200
    if request.method == "POST":
        form, status = await read_form(request, labels=_LABELS), 422
        text = _text(form)
        if text and _is_yours(form, request, text):
            wish = BeginProgrammeDraft(source=FILE, file=text)
            found = await host.door.rehearse(act, wish, actor=badge_in(request).actor)
            if found.refused is not None:
                _refuse(form, found.refused)
                status = found.refused.status
            else:
                reply = await _ask(host, request, act, wish, form)
                if reply.refusal() is None:
                    return _onward(reply, "begyndt")
                status = reply.status
    return render(host, request, "enrollment/editor_file.html", status=status, form=form, draft=None, base=HERE)


async def draft(host: Host, request: Request) -> Response:
    """All of it at a glance."""
    at = await desk(host, request)
    wrong = Counter(section_of(one.path) for one in at.of("error"))
    counted = [(one, _there(at, one.path), wrong[one]) for one in sections()]
    return show(host, request, "editor_draft.html", at, sections=counted)


def _there(at: Desk, path: tuple[str, ...]) -> str:
    """How much of a section the file has."""
    here: object = at.data
    for step in path:
        here = here.get(step) if isinstance(here, dict) else None
    if here is None:
        return "ikke med"
    return f"{len(here)}" if isinstance(here, list) else ""


async def download(host: Host, request: Request) -> Response:
    at = await desk(host, request)
    name = at.opened.draft.programme_id
    return Response(
        at.opened.draft.text,
        headers={"Content-Disposition": f'attachment; filename="{name}.yaml"'},
        media_type="application/yaml; charset=utf-8",
    )


async def replace_file(host: Host, act: Act, request: Request) -> Response:
    """The draft as a file says it: its errors by line."""
    at = await desk(host, request)
    form, status = staff_form(host, request, labels=_LABELS), 200
    if request.method == "POST":
        form, status = await read_form(request, labels=_LABELS), 422
        text = _text(form)
        if text and _is_yours(form, request, text):
            wish = SaveProgrammeDraft(
                draft_id=at.opened.draft.id, edition=max(1, edition_in(form.own.get(EDITION, ""))), file=text
            )
            reply = await _ask(host, request, act, wish, form)
            if reply.refusal() is None:
                return RedirectResponse(f"{at.base}?besked=indlaest", 303)
            status = reply.status
    else:
        form.values["text"] = at.opened.draft.text
    return show(host, request, "editor_file.html", at, status=status, form=form)


async def discard(host: Host, act: Act, request: Request) -> Response:
    at = await desk_if_there(host, request)
    if at is None:
        return RedirectResponse(f"{HERE}?besked=vaek", 303)
    form, status = staff_form(host, request), 200
    if request.method == "POST":
        form = await read_form(request)
        wish = DiscardProgrammeDraft(draft_id=at.opened.draft.id, edition=max(1, edition_in(form.own.get(EDITION, ""))))
        reply = await _ask(host, request, act, wish, form)
        if reply.refusal() is None:
            return RedirectResponse(f"{HERE}?besked=kasseret", 303)
        status = reply.status
    return show(host, request, "editor_discard.html", at, status=status, form=form)


async def _ask(host: Host, request: Request, act: Act, command: Command, form: Form) -> Reply:
    """What was answered; a "no" is among the form's errors then."""
    reply = await host.door.submit(act, command, form.key, actor=badge_in(request).actor, patient=True)
    if (refused := reply.refusal()) is not None:
        _refuse(form, refused)
    return reply


def _refuse(form: Form, refused: Refused) -> None:
    """Whatever is wrong in a file is said at the field that it was pasted into, with its line."""
    form.refuse(refused)
    for number, one in enumerate(form.errors):
        kind, _, place = one.field.partition(":")
        if kind == "file" and place:
            line = place.partition(":")[0]
            form.errors[number] = type(one)("text", one.code, f"Linje {line}: {one.detail}")
        elif one.field == "id" or (one.field == "programme_id" and "programme_id" not in form.values):
            form.errors[number] = type(one)("text", one.code, one.detail)


def _text(form: Form) -> str:
    """The file, or what was pasted; an error when neither is there."""
    if (sent := form.files.get("file")) is not None:
        try:
            # Whatever is wrong with it is mended in the field below.
            form.values["text"] = sent.content.decode("utf-8-sig").replace("\r\n", "\n").strip()
        except UnicodeDecodeError:
            form.add_error("file", "not_utf8", "Filen er ikke tekst i UTF-8. Gem den som UTF-8, og prøv igen.")
            return ""
    text = form.value("text")
    if len(text) > MOST_CHARACTERS:
        form.add_error("file", "too_large", "Filen er for lang. Et forløb fylder langt mindre.")
        return ""
    if not text:
        form.add_error("file", "required", "Vælg en fil, eller sæt teksten ind.")
    return f"{text}\n" if text else ""


def _is_yours(form: Form, request: Request, text: str) -> bool:
    """Whether they may write the programme that the file names. What names none is refused for that, or stays."""
    named = (read(text).value or {}).get("id")
    if isinstance(named, str) and not badge_in(request).may(SCOPE, named):
        form.add_error("file", "forbidden", _NOT_YOURS)
        return False
    return True


def _onward(reply: Reply, done: str) -> RedirectResponse:
    return RedirectResponse(f"{HERE}/{reply.json()['draft_id']}?besked={done}", 303)
