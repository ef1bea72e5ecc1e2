"""HTML forms: what a person typed, what is wrong with it, and the same page again with all of it kept.

```
form = await read_form(request, labels={"contact_email": "E-mail"})
command = form.command(EnrolMunicipality, programme_id=programme_id)
if command is None:
    return host.pages.render("enrollment/sign_up.html", status=422, form=form)
reply = await host.door.submit(SIGN_UP, command, form.key, actor="form", patient=True)
if refused := reply.refusal():
    return host.pages.render("enrollment/sign_up.html", status=refused.status, form=form.refuse(refused))
return RedirectResponse(reply.location, 303)
```
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from shared.base.problems import FieldError, Problem, field_errors
from shared.contracts.refusal import Refused, errors_of
from shared.web.bodies import check_json, media_type, read_body

M = TypeVar("M", bound=BaseModel)

MAX_FIELDS = 500
MAX_FORM = 256 * 1024
MAX_FILES = 5
_ROOM, _FILES, _READ = "room for files", "files that were sent", "form that was read"
_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_DANISH_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_WHITE = re.compile(r"\r\n?")
STOOD, MEANWHILE, CHOICE = "_stod", "_imens", "imens."
"""What stood when the form was shown, what somebody else has changed since, and what is chosen of it."""
THEIRS, MINE = "deres", "mit"
LOOK, EDIT = "_se", "_ret"
"""The buttons that ask what would come of it, and that lead back to what was typed."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a browser sent it: what it says of itself counts for nothing."""

    called: str
    content: bytes


def new_key() -> str:
    """For the hidden `_key`: one wish, however often its button is pressed."""
    return uuid4().hex


@dataclass(frozen=True, slots=True)
class Met:
    """What somebody else has changed since a form was shown, in words; `fields` are one thing. `both`: so has whoever
    sends the form, who chooses. With neither `before` nor `theirs`, `label` says all that may be said.
    """

    fields: tuple[str, ...]
    label: str
    before: str
    theirs: str
    mine: str
    both: bool


@dataclass(slots=True)
class Form:
    """Values by field name; a dotted name is a field inside a field. Names with `_` in front are the form's own."""

    values: dict[str, str | list[str]] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    key: str = field(default_factory=new_key)
    started: str = ""
    """Signed time at which the form was shown; only in forms that anybody may send (`shared.web.gate`)."""
    csrf: str = ""
    """Only in forms of staff: says that a page of ours has shown it to whoever sends it (`shared.web.staff`)."""
    labels: Mapping[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    files: dict[str, Upload] = field(default_factory=dict)
    """By the name of the field; only where the page takes files (`room`)."""
    stood: dict[str, str] | None = None
    """The thing that it changes, as it was shown (`shared.web.meanwhile`); None = nothing was said of it."""
    refused_by: str = ""
    """The code of the last "no" (`refuse`)."""
    met: list[Met] = field(default_factory=list)
    met_who: str = ""
    """Who has changed it since, and when, as far as that is known."""

    def value(self, name: str) -> str:
        found = self.values.get(name, "")
        return found if isinstance(found, str) else found[0] if found else ""

    def chosen(self, name: str) -> list[str]:
        """All values of a field that may be there several times."""
        found = self.values.get(name, [])
        return [found] if isinstance(found, str) else found

    def error(self, name: str) -> str | None:
        return next((error.detail for error in self.errors if error.field == name), None)

    def label(self, name: str) -> str:
        """As on the page; for the list of errors."""
        return self.labels.get(name, "")

    def add_error(self, name: str, code: str, detail: str) -> Form:
        self.errors.append(FieldError(name, code, detail))
        return self

    def refuse(self, refused: Refused) -> Form:
        """Show the domain's "no", all that it says is wrong. The key is spent: what is sent next is a new wish."""
        self.key, self.refused_by = new_key(), refused.code
        for one in errors_of(refused):
            self.add_error(one["field"], one["code"], one["detail"])
        return self

    def kept(self) -> list[tuple[str, str]]:
        """The hidden fields that say what stood, and what was met."""
        stood = [] if self.stood is None else [(STOOD, json.dumps(self.stood, ensure_ascii=False))]
        met = [[one.fields, one.label, one.before, one.theirs, one.mine, one.both] for one in self.met]
        return stood + ([(MEANWHILE, json.dumps([self.met_who, met], ensure_ascii=False))] if met else [])

    def choices(self) -> list[tuple[str, Met]]:
        """Of what both have changed: the name of the field in which it is chosen, too."""
        return [(f"{CHOICE}{one.fields[0]}", one) for one in self.met if one.both]

    def command(self, model: type[M], /, **given: Any) -> M | None:
        """What was typed as `model`, with `given` beside it (never from the form); None and errors when it is not one.

        Blank means not filled in. A date may be 2021-04-15 or, typed without JavaScript, 15/04/2021.
        """
        nested: dict[str, Any] = {}
        for name, typed in self.values.items():
            _place(nested, name.split("."), typed)
        said = _in_model(model, nested) or {}
        try:
            # A form knows only texts: 3 and true are read out of them, as no JSON may have them.
            return model.model_validate({**said, **given}, strict=False)
        except ValidationError as error:
            self.errors.extend(field_errors(error))
            return None


def _place(nested: dict[str, Any], path: Sequence[str], typed: str | list[str]) -> None:
    inner = nested
    for part in path[:-1]:
        found = inner.setdefault(part, {})
        if not isinstance(found, dict):
            return
        inner = found
    inner[path[-1]] = typed


def _models(annotation: Any) -> list[Any]:
    """The types that an annotation allows, without None and without what bounds them."""
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in {typing.Union, types.UnionType}:
        return [inner for choice in typing.get_args(annotation) for inner in _models(choice)]
    return [] if annotation is type(None) else [annotation]


def _in_model(model: Any, typed: Any) -> Any:
    """Without blanks, and with Danish dates as ISO dates where `model` wants a date; None when nothing is left."""
    if isinstance(typed, dict):
        fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
        read = {}
        for name, value in typed.items():
            allowed = _models(fields[name].annotation) if name in fields else []
            kept = _in_model(allowed[0] if allowed else None, value)
            if kept is not None:
                read[name] = kept
        return read or None
    if isinstance(typed, list):
        return [text for text in typed if text] or None
    if model is date and (found := _DANISH_DATE.fullmatch(typed)):
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    if typing.get_origin(model) in {tuple, list} and typed:
        return [typed]
    return typed or None


def take_files(request: Request, room: int) -> None:
    """Forms that are sent here may bring files of so many octets in all."""
    request.scope[_ROOM] = room


async def _files_of(request: Request, sent: FormData) -> dict[str, Upload]:
    """Read once: a form that is read again has its files closed."""
    if _FILES not in request.scope:
        request.scope[_FILES] = {
            name: Upload(value.filename or "", await value.read())
            for name, value in sent.multi_items()
            if isinstance(value, UploadFile) and (value.filename or value.size)
        }
    found: dict[str, Upload] = request.scope[_FILES]
    return found


def _read_met(form: Form) -> None:
    """What stood, and what was chosen of what somebody else has changed; an error where nothing was."""
    stood = _read(form.own.get(STOOD, ""))
    if isinstance(stood, dict) and all(isinstance(one, str) for one in stood.values()):
        form.stood = stood
    found = _read(form.own.get(MEANWHILE, ""))
    try:
        form.met_who, rows = found
        form.met = [
            Met(tuple(map(str, fields)), str(label), str(before), str(theirs), str(mine), both is True)
            for fields, label, before, theirs, mine, both in rows
        ]
    except (TypeError, ValueError):
        form.met, form.met_who = [], ""
    if not isinstance(form.met_who, str) or not all(one.fields for one in form.met):
        form.met, form.met_who = [], ""
    undecided = False
    for name, one in form.choices():
        match form.values.pop(name, ""):
            case "deres":
                form.values |= {each: (form.stood or {}).get(each, "") for each in one.fields}
            case "mit":
                pass
            case _:
                undecided = True
                form.add_error(name, "required", f"Vælg, hvad der skal stå i »{one.label}«.")
    if not undecided:
        form.met, form.met_who = [], ""


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


async def read_form(request: Request, *, labels: Mapping[str, str] | None = None) -> Form:
    """What was sent, trimmed. Problem 400, 413 or 415 for what no form of ours sends.

    Files are taken, so many octets of them, where the page says so (`take_files`).
    """
    found = media_type(request)
    if found not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        raise Problem(415, "unsupported_media_type")
    # Read here, for its limit; the form parser then finds it in the request.
    room = request.scope.get(_ROOM, 0)
    request._body = await read_body(request, MAX_FORM + room)  # noqa: SLF001  (where Starlette itself keeps a body that was read)
    try:
        async with request.form(max_files=MAX_FILES if room else 0, max_fields=MAX_FIELDS) as sent:
            items = [(name, value) for name, value in sent.multi_items() if isinstance(value, str)]
            files = await _files_of(request, sent)
    except (HTTPException, MultiPartException, UnicodeDecodeError):
        raise Problem(400, "invalid_parameter") from None
    form = Form(labels=labels or {}, files=files)
    for name, value in items:
        text = _WHITE.sub("\n", value).strip()
        if name.startswith("_"):
            form.own[name] = text
        elif name not in form.values:
            form.values[name] = text
        else:
            form.values[name] = [*form.chosen(name), text]
    if check_json(dict(form.values)):
        raise Problem(400, "invalid_parameter")
    key = form.own.get("_key", "")
    if not _KEY.fullmatch(key):
        raise Problem(400, "form_key_missing")
    form.key, form.csrf = key, form.own.get("_csrf", "")
    # As it was sent: pages change the form that they read.
    request.scope.setdefault(_READ, replace(form, values=dict(form.values), own=dict(form.own), errors=[]))
    _read_met(form)
    return form


def form_in(request: Request) -> Form | None:
    """As it was sent, where the page has read one."""
    found: Form | None = request.scope.get(_READ)
    return found


def carried(form: Form) -> list[tuple[str, str]]:
    """All that was sent but its key and who sent it, for another page that sends it again."""
    typed = [(name, one) for name in form.values for one in form.chosen(name)]
    return [*typed, *((name, value) for name, value in form.own.items() if name not in {"_key", "_csrf"})]
