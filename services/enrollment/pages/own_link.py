"""What somebody asks for by a link of their own: a form is shown, what is wrong is said in it, and what is done leads
back to the page of the link.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.contact import Speaker, closed_link
from services.enrollment.pages.confirming import OtherPage, own_page_of, require_confirmed
from services.enrollment.usecases.as_secretary import as_secretary
from services.enrollment.usecases.by_link import by_link
from services.enrollment.usecases.read_last_change import Wrote, read_last_change
from services.enrollment.usecases.read_seat import ClosedLink
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation, reader_actor
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.ledger import Reply
from shared.web.meanwhile import CHANGED, Stands, met
from shared.web.safety import SECRET_ADDRESS


async def submit(host: Host, act: Act, request: Request, command: Command, form: Form, speaker: Speaker) -> Reply:
    """Do it for whoever the link was given to, once their browser has shown that it reads their mailbox. Whose link was
    closed meanwhile is shown the page that says so: raises OtherPage.
    """
    await require_confirmed(host, request, command, speaker.person_id)
    actor = reader_actor(speaker.person_id, as_secretary=speaker.is_secretary)
    asked_for = by_link(as_secretary(act) if speaker.is_secretary else act, speaker)
    reply = await host.door.submit(asked_for, command, form.key, actor=actor, patient=True)
    refused = reply.refusal()
    if refused is not None and refused.code == closed_link().code:
        raise OtherPage(RedirectResponse(own_page_of(request), 303, headers=SECRET_ADDRESS))
    return reply


def closed(host: Host, found: ClosedLink, status: int = 410) -> Response:
    """The page of a link of somebody's own that was closed; 200 where they have done it just now."""
    return host.pages.render(
        "enrollment/own_links_closed.html",
        status=status,
        headers=SECRET_ADDRESS,
        terms=found.terms,
        organisation=found.organisation,
    )


async def refuse(form: Form, refused: Refused, stands: Callable[[], Awaitable[Stands | None]]) -> int:
    """The "no" in the form, and its status. Whoever was not the first meets what somebody else has changed; where that
    is what they wish themselves, they may send it again.
    """
    now = await stands() if refused.code == CHANGED else None
    if now is None or not met(form, now):
        form.refuse(refused)
    return refused.status


async def who_changed(host: Host, programme_id: str, command: type[Command], wrote: Wrote, person_id: str = "") -> str:
    """Who has done it last, and when, for whoever comes by a link; empty where that is not kept. Nobody at the
    organiser is named. `person_id` is whoever reads it.
    """
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        last = await read_last_change(tx, programme_id, command, wrote)
    if last is None:
        return ""
    kind, _, whose = last.actor.partition("/")
    words = "af jer selv, på en anden side" if kind == "person" and whose == person_id else _WHO.get(kind, "")
    return f"{sent_at(last.at)} {words}".strip()


_WHO = {
    "staff": "af en medarbejder hos arrangøren",
    "token": "af et program hos arrangøren",
    "client": "af et andet system",
    "person": "af en anden, med et link i en mail",
    "secretary": "af sekretæren, med et link i en mail",
    "form": "af en, der sendte formularen",
}


class Own(Protocol):
    """`path` and `person_id` are those of whoever the link was given to, `generation` is the link's."""

    @property
    def path(self) -> str: ...

    @property
    def person_id(self) -> str: ...

    @property
    def generation(self) -> int: ...


def speaker_of(own: Own) -> Speaker:
    return Speaker(own.person_id, generation=own.generation, own=True)


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
        reply = await submit(host, act, request, command, form, speaker_of(own))
        refused = reply.refusal()
        if refused is None:
            return RedirectResponse(f"{own.path}?besked={done}", 303, headers=SECRET_ADDRESS)
        form.refuse(refused)
        status = refused.status
    return show(status, form)
