"""Whether the mail with a code got to its mailbox, for whoever waits for it: by an id that only their page has.

It says nothing of whom it is to. The browser asks for it as a part of the page that asks for the code.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.notifications.usecases.read_code_mail import read_code_mail
from shared.base.cause import Cause, new_correlation
from shared.runtime.service import Host

_TEMPLATE = "notifications/code_mail.html"


async def code_mail(host: Host, request: Request) -> Response:
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        fate = await read_code_mail(tx, request.path_params["code_id"])
    shown: dict[str, Any] = {"fate": fate, "path": request.url.path}
    if request.headers.get("hx-request") == "true":
        return HTMLResponse(host.pages.fragment(_TEMPLATE, "part", **shown), headers={"Cache-Control": "no-store"})
    return host.pages.render(_TEMPLATE, **shown)
