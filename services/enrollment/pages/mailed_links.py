"""The links that are mailed to a municipality: one confirms its form, or takes it back, one says no to its invitation.

The first leads as well to forms that no mail was sent for, because too many came for the same mailbox. GET shows a
button, POST does what the link is for, and afterwards the same address says what has happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.form import declared
from services.enrollment.pages.sign_up import ACTOR, NEXT_PAGE, STEPS, answers, by_visitor, facts
from services.enrollment.usecases.read_confirmation import Confirmation, read_confirmation, read_taking_back
from services.enrollment.usecases.read_invitation import read_invitation
from services.enrollment.usecases.read_not_mailed import read_not_mailed
from shared.base.acts import Act
from shared.base.listing import CURSOR
from shared.contracts.event import Command
from shared.contracts.programme import ProgrammeTerms
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.forms import Form, read_form
from shared.web.safety import SECRET_ADDRESS


class Link(Protocol):
    """What a link is about, and what it can be used for."""

    @property
    def terms(self) -> ProgrammeTerms: ...
    @property
    def wish(self) -> Command: ...


async def _by_link(
    host: Host,
    act: Act,
    request: Request,
    *,
    template: str,
    read: Callable[[Tx, str], Awaitable[Link | None]],
    below: bool = False,
) -> Response:
    """`below`: what has happened is said by the page above this one."""
    async with host.transaction(by_visitor()) as tx:
        link = await read(tx, request.path_params["token"])
    if link is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    form, status = Form(), 200
    if request.method == "POST":
        form = await read_form(request)
        reply = await host.door.submit(act, link.wish, form.key, actor=ACTOR, patient=True)
        refused = reply.refusal()
        if refused is None:
            done = request.url.path.rpartition("/")[0] if below else request.url.path
            return RedirectResponse(done, 303, headers=SECRET_ADDRESS)
        form.refuse(refused)
        status = refused.status
    return host.pages.render(
        template,
        status=status,
        headers=SECRET_ADDRESS,
        form=form,
        link=link,
        terms=link.terms,
        steps=STEPS,
        declared=declared(link.terms.enrolment, link.form.answers, link.asked)
        if isinstance(link, Confirmation)
        else (),
        answers=answers(link.terms, link.form, link.asked) if isinstance(link, Confirmation) else (),
        **facts(link.terms),
    )


async def not_mailed(host: Host, request: Request) -> Response:
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(NEXT_PAGE)) else {}
    async with host.transaction(by_visitor()) as tx:
        found = await read_not_mailed(tx, request.path_params["token"], asked)
    if found is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    return host.pages.render(
        "enrollment/not_mailed.html",
        headers=SECRET_ADDRESS,
        path=found.path,
        forms=[(one, sent_at(one.received_at), confirm) for one, confirm in found.forms],
        following=f"{found.more_path}?{urlencode({NEXT_PAGE: found.following})}" if found.following else None,
    )


confirm = partial(_by_link, template="enrollment/confirm.html", read=read_confirmation)
take_back = partial(_by_link, template="enrollment/take_back.html", read=read_taking_back, below=True)
decline = partial(_by_link, template="enrollment/decline.html", read=read_invitation)
