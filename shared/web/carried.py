"""What the browser carries from a page of one service to that of another: facts that nobody has told (decision 51).

The page hears them in a rehearsal and shows what would come of them, for whoever has the role in their programme.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.base.acts import Act
from shared.contracts.event import Command
from shared.web.forms import Form, read_form
from shared.web.scopes import of_command
from shared.web.staff import badge_in, render, staff_form

ROOM = 4 * 1024 * 1024
"""Octets of facts, as a form encodes them."""


@dataclass(frozen=True, slots=True)
class Carried:
    """`body` is the answer; None where nothing was brought, or it cannot be read."""

    form: Form
    programme_id: str = ""
    facts: Sequence[str] = ()
    body: Mapping[str, Any] | None = None
    status: int = 200


async def carried(host: Any, act: Act, command: type[Command], request: Request) -> Carried:
    """Nothing of it is kept. Problem as of the door."""
    form = staff_form(host, request)
    if request.method != "POST":
        return Carried(form)
    sent = await read_form(request)
    programme_id, facts = sent.value("programme_id"), _facts(sent.value("facts"))
    if facts is None:
        return Carried(form, status=422)
    badge = badge_in(request)
    if not badge.may(of_command(act.command, host.service.name), programme_id):
        return Carried(form, status=403)
    try:
        wish = command(programme_id=programme_id, facts=tuple(facts))  # type: ignore[call-arg]  # all that are carried have both
    except ValidationError:
        return Carried(form, status=422)
    found = await host.door.rehearse(act, wish, actor=badge.actor)
    if found.refused is not None:
        return Carried(form, status=found.refused.status)
    return Carried(form, programme_id, facts, found.body)


def show_part(host: Any, request: Request, template: str, found: Carried, **values: Any) -> Response:
    """The page, or its block `part` alone for `HX-Request`."""
    shown = {"form": found.form, "programme_id": found.programme_id, "answer": found.body, **values}
    if request.headers.get("hx-request") == "true":
        part = host.pages.fragment(template, "part", **shown)
        return HTMLResponse(part, found.status, headers={"Vary": "HX-Request", "Cache-Control": "no-store"})
    return render(host, request, template, status=found.status, **shown)


def _facts(text: str) -> list[str] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else None
