"""Before something is changed by a mailed link, whoever sent the form shows that they read the mailbox it went to.

A browser that has not is shown one page that asks for a code and keeps everything that was typed; with the right code
the change goes on. Two cookies, of this host alone and for this service alone: one knows the browser that asked for a
code, and one the browser that has shown a mailbox. Only their SHA-256 is kept. A GET asks for nothing.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from services.enrollment.domain.mailbox_code import (
    CODE_MINUTES,
    DIGITS,
    LONGEST_HOURS,
    SAID,
    Code,
    Confirmed,
    digits_of,
    may_ask,
    why_not,
)
from services.enrollment.usecases.confirm_mailbox import (
    Whose,
    confirm_mailbox,
    draw_code,
    forget_browser,
    is_confirmed,
    name_browser,
    read_code,
    read_confirmed,
    read_whose,
)
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.clock import machine_now
from shared.base.problems import Problem
from shared.contracts.danish import clock
from shared.contracts.event import Command
from shared.contracts.time import COPENHAGEN
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.gate import Caller, caller_of
from shared.web.safety import SECRET_ADDRESS
from shared.web.sent_before import once

CONFIRMED_COOKIE = "__Host-bekraeftet"
ASKED_COOKIE = "__Host-kode"
CODE_FIELD = "_kode"
AGAIN_FIELD = "_ny_kode"
CODES_TO_A_MAILBOX = {"limit": 10, "seconds": 3600}
CODES_OF_A_CALLER = {"limit": 60, "seconds": 3600}
"""A whole town hall may sit behind one address."""
_SECRET_BYTES = 32
_ASKED = 401
_NOT_TYPED = ("_key", CODE_FIELD, AGAIN_FIELD)
_GIVEN = "confirmed_cookies"


class OtherPage(Exception):  # noqa: N818  (an answer, and no error)
    """The page that is shown instead of the one that was asked for: what was asked for is not done."""

    def __init__(self, page: Response) -> None:
        super().__init__()
        self.page = page


class CodeNeeded(OtherPage):
    """The page that asks for a code."""


def guarded_page(host: Host, path: str, shown: Callable[..., Awaitable[Response]], *asked: Act) -> BaseRoute:
    """A line in a table of pages, as `shared.web.pages.page`, behind a link that was mailed to one person. What it asks
    for it asks for by `own_link.submit`.
    """
    return Route(path, partial(_shown, host, shown, asked), methods=["GET", "POST"] if asked else ["GET"])


async def _shown(
    host: Host, shown: Callable[..., Awaitable[Response]], asked: tuple[Act, ...], request: Request
) -> Response:
    here = copy.copy(host)
    here.pages = host.pages.with_values(confirmed=await _confirmed_in(host, request))
    try:
        response = await once(here, request, shown(here, *asked, request))
    except OtherPage as other:
        # Nobody is asked for a code for what was done by the same press, which had the browser forgotten.
        response = await once(here, request, _given(other.page)) if other.page.status_code == _ASKED else other.page
    for name, value, minutes in getattr(request.state, _GIVEN, ()):
        _keep(response, name, value, minutes)
    return response


async def _given(page: Response) -> Response:
    return page


async def require_confirmed(host: Host, request: Request, command: Command, person_id: str) -> None:
    """Go on if this browser has shown that it reads the mailbox of this person, or does so now; else raises CodeNeeded,
    and nothing is changed.
    """
    now, before = machine_now(), request.cookies.get(CONFIRMED_COOKIE)
    async with host.transaction(_nobody()) as tx:
        whose = await read_whose(
            tx, person_id, enrolment_id=_of(command, "enrolment_id"), programme_id=_of(command, "programme_id")
        )
        if whose is not None and before and await is_confirmed(tx, whose, before, now):
            return
    if whose is None:
        raise Problem(404, "not_found")
    form = await read_form(request, labels={CODE_FIELD: "Kode"})
    asked_by = request.cookies.get(ASKED_COOKIE)
    if CODE_FIELD in form.own and AGAIN_FIELD not in form.own:
        no = await _try(host, request, whose, form, asked_by, before)
        if no is None:
            return
        form.add_error(CODE_FIELD, no, SAID[no])
    await _ask(host, request, whose, form, asked_by)


async def _try(
    host: Host, request: Request, whose: Whose, form: Form, asked_by: str | None, before: str | None
) -> str | None:
    """Why the code that was typed is not good; None = the browser is known from now on."""
    if asked_by is None:
        return "no_cookie"
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    async with host.transaction(_nobody()) as tx:
        typed = digits_of(form.own[CODE_FIELD])
        no = await confirm_mailbox(tx, whose, asked_by, typed, before, secret, machine_now())
    if no is None:
        _give(request, CONFIRMED_COOKIE, secret, LONGEST_HOURS * 60)
    return no


async def _ask(host: Host, request: Request, whose: Whose, form: Form, asked_by: str | None) -> None:
    """One that is under way still is the one to type; else, and when another is asked for, one is sent."""
    other = secrets.token_urlsafe(_SECRET_BYTES)
    async with host.transaction(_nobody()) as tx:
        browser = asked_by or await name_browser(tx, whose, form.key, other, machine_now())
        code = await read_code(tx, whose, browser)
    now, again = machine_now(), AGAIN_FIELD in form.own
    if again and not may_ask(code, now):
        form.add_error(CODE_FIELD, "too_soon", SAID["too_soon"])
    elif again or (why_not(code, now) is not None and not form.errors):
        try:
            await host.gate.admit("code to a mailbox", Caller(whose.mailbox.hex()), **CODES_TO_A_MAILBOX)
            await host.gate.admit("code", caller_of(request), **CODES_OF_A_CALLER)
        except Problem as problem:
            if problem.code != "too_many_attempts":
                raise
            form.add_error(CODE_FIELD, "too_often", SAID["too_often"])
            raise CodeNeeded(_page(host, request, whose, form, code, 429)) from None
        async with host.transaction(_nobody()) as tx:
            code = await draw_code(tx, whose, browser, str(uuid4()), _drawn(), machine_now())
    _give(request, ASKED_COOKIE, browser, LONGEST_HOURS * 60)
    raise CodeNeeded(_page(host, request, whose, form, code, 422 if form.errors else 401))


def own_page_of(request: Request) -> str:
    """Where the link leads that the page is behind: `/kind/token`."""
    return "/".join(request.url.path.split("/")[:3])


def _of(command: Command, name: str) -> str | None:
    found: str | None = getattr(command, name, None)
    return found


def _drawn() -> str:
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def _page(host: Host, request: Request, whose: Whose, form: Form, code: Code | None, status: int) -> Response:
    """With everything that was typed on the page before; the wish keeps its key. It says that nothing is changed, but
    for a code that is used: perhaps by the first press of the same button.
    """
    typed = [(name, one) for name in form.values for one in form.chosen(name)]
    own = [(name, value) for name, value in form.own.items() if name not in _NOT_TYPED]
    sender = whose.programme.seller
    return host.pages.render(
        "enrollment/code.html",
        status=status,
        headers=SECRET_ADDRESS,
        form=form,
        fields=[*typed, *own],
        mailbox=whose.shown,
        title=whose.programme.title,
        minutes=CODE_MINUTES,
        perhaps_done_at=own_page_of(request) if any(one.code == "used" for one in form.errors) else None,
        good_until=_at(code) if code is not None and why_not(code, machine_now()) is None else None,
        code_id=code.id if code is not None else None,
        write=sender.organizer_email,
        phone=sender.phone,
        code_field=CODE_FIELD,
        again_field=AGAIN_FIELD,
    )


async def browser(host: Host, request: Request) -> Response:
    """What this browser has shown; POST has it forgotten."""
    status = 200
    if request.method == "POST":
        await read_form(request)
        if secret := request.cookies.get(CONFIRMED_COOKIE):
            async with host.transaction(_nobody()) as tx:
                await forget_browser(tx, secret)
        response: Response = RedirectResponse("/bekraeftet?besked=glemt", 303)
        for name in (CONFIRMED_COOKIE, ASKED_COOKIE):
            response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
        return response
    return host.pages.render(
        "enrollment/confirmed_browser.html",
        status=status,
        known=await _confirmed_in(host, request),
        form=Form(),
        done=request.query_params.get("besked") == "glemt",
    )


async def _confirmed_in(host: Host, request: Request) -> dict[str, Any] | None:
    """Which mailboxes the browser has shown, and how long the first of them is believed."""
    secret = request.cookies.get(CONFIRMED_COOKIE)
    if not secret:
        return None
    async with host.transaction(_nobody()) as tx:
        known = await read_confirmed(tx, secret, machine_now())
    return {"mailboxes": [(one.shown, _until(one)) for one in known], "form": Form()} if known else None


def _until(confirmed: Confirmed) -> str:
    return clock(confirmed.until.astimezone(COPENHAGEN).time())


def _at(code: Code) -> str:
    return clock(code.good_until.astimezone(COPENHAGEN).time())


def _nobody() -> Cause:
    return Cause(new_correlation(), None, None)


def _give(request: Request, name: str, value: str, minutes: int) -> None:
    """With the answer, whichever page it becomes."""
    setattr(request.state, _GIVEN, [*getattr(request.state, _GIVEN, ()), (name, value, minutes)])


def _keep(response: Response, name: str, value: str, minutes: int) -> None:
    age = int(timedelta(minutes=minutes).total_seconds())
    response.set_cookie(name, value, max_age=age, path="/", secure=True, httponly=True, samesite="lax")
