"""What somebody asks for by a link of their own: a form is shown, what is wrong is said in it, and what is done leads
back to the page of the link.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.pages.confirming import require_confirmed
from shared.base.acts import Act
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.ledger import Reply
from shared.web.meanwhile import CHANGED, Stands, met
from shared.web.safety import SECRET_ADDRESS


async def submit(host: Host, act: Act, request: Request, command: Command, form: Form, person_id: str) -> Reply:
    """Do it for whoever the link was given to, once their browser has shown that it reads their mailbox."""
    await require_confirmed(host, request, command, person_id)
    return await host.door.submit(act, command, form.key, actor=f"person/{person_id}", patient=True)


async def refuse(form: Form, refused: Refused, stands: Callable[[], Awaitable[Stands | None]]) -> int:
    """The "no" in the form, and its status. Whoever was not the first meets what somebody else has changed; where that
    is what they wish themselves, they may send it again.
    """
    now = await stands() if refused.code == CHANGED else None
    if now is None or not met(form, now):
        form.refuse(refused)
    return refused.status


class Own(Protocol):
    """`path` and `person_id` are those of whoever the link was given to."""

    @property
    def path(self) -> str: ...

    @property
    def person_id(self) -> str: ...


async def asked(
    host: Host,
    act: Act,
    request: Request,
    own: Own,
    *,
    labels: Mapping[str, str],
    command_of: Callable[[Form], Command | None],
    show: Callable[[int, Form], Response],
    done: str,
) -> Response:
    """`command_of` is None where the form is not filled in, with the reason in the form; `done` is what the page of the
    link says then.
    """
    form, status = Form(labels=labels), 200
    if request.method == "POST":
        form = await read_form(request, labels=labels)
        command = command_of(form)
        if command is None:
            return show(422, form)
        reply = await submit(host, act, request, command, form, own.person_id)
        refused = reply.refusal()
        if refused is None:
            return RedirectResponse(f"{own.path}?besked={done}", 303, headers=SECRET_ADDRESS)
        form.refuse(refused)
        status = refused.status
    return show(status, form)
