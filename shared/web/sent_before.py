"""A form that comes a second time: its button was pressed twice, or somebody went back to it in their browser.

What was asked for is done once by its key (`shared.web.ledger`), and the same once more has the same answer. But a page
may look at what it is about before it asks, and that is gone or otherwise by then; and whoever went back may have typed
something else. They are told that it is done, and keep what they typed: it is sent as a new wish, if they want that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.web.forms import EDIT, LOOK, Form, carried, form_in, new_key, read_form
from shared.web.ledger import was_done
from shared.web.safety import SECRET_ADDRESS

OTHERWISE = "idempotency_key_reused"
"""The door's code for a key under which something else was asked for."""
_NO = frozenset({401, 403, 404, 409, 410, 422})
_GONE = frozenset({404, 410})


async def once(host: Any, request: Request, shown: Awaitable[Response], principal: str | None = None) -> Response:
    """The page that is `shown`; or, where it says no to a form by whose key something was done, that it is done.

    `principal` is whose keys they are; None = of whoever has the link.
    """
    try:
        response = await shown
    except (Problem, Refused) as error:
        if (page := await _told(host, request, error.code, error.status, principal)) is not None:
            return page
        raise
    if request.method != "POST" or response.status_code not in _NO:
        return response
    form = await _sent_in(request)
    # Whoever only looks is shown what is wrong, with all that they typed.
    if form is None or {LOOK, EDIT} & form.own.keys():
        return response
    return await _told(host, request, "", response.status_code, principal) or response


async def is_sent_before(host: Any, request: Request, principal: str | None = None) -> bool:
    """Whether the form that this page was sent was sent before, and something was done by it."""
    form = await _sent_in(request)
    return form is not None and await was_done(host.pool, form.key, principal)


async def _sent_in(request: Request) -> Form | None:
    """Also where the page has not looked at it, as what it is about is not there."""
    if request.method == "POST" and form_in(request) is None:
        with suppress(Problem):
            await read_form(request)
    return form_in(request)


async def _told(host: Any, request: Request, code: str, status: int, principal: str | None) -> Response | None:
    """None where nothing was sent by this key before."""
    form = await _sent_in(request) if status in _NO else None
    if form is None:
        return None
    done = await is_sent_before(host, request, principal)
    if not done and code != OTHERWISE:
        return None
    again = Form(key=new_key(), csrf=form.own.get("_csrf", ""))
    page: Response = host.pages.render(
        "web/sent_before.html",
        status=409,
        headers={} if principal else SECRET_ADDRESS,
        form=again,
        done=done,
        gone=status in _GONE,
        fields=carried(form),
        files=[(name, one.called) for name, one in form.files.items()],
        typed=any(not name.startswith("_") for name in (*form.values, *form.files)),
        here=request.url.path,
        front="/stab" if principal else "/",
    )
    return page
