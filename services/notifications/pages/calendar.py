"""Where somebody subscribes to their meetings, gets a new address for it, and where calendars fetch them.

The page comes by a pass of whoever let the reader in, as a part of that page or alone. A GET changes nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.notifications.usecases.read_calendar import Calendar, read_calendar, read_feed
from services.notifications.usecases.renew_calendar import RenewCalendar
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.safety import SECRET_ADDRESS

_RENEWED = "fornyet"
_KEPT = {"Cache-Control": "private, no-cache"}
"""Programs keep it, and ask each time whether it is still so."""


async def calendar(host: Host, request: Request) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found
    values = _values(found, renewed=request.query_params.get("besked") == _RENEWED)
    if request.headers.get("hx-request") == "true":
        text = host.pages.fragment("notifications/calendar.html", "part", **values)
        return HTMLResponse(text, headers={**SECRET_ADDRESS, "Vary": "HX-Request", "Cache-Control": "no-store"})
    return host.pages.render("notifications/calendar.html", headers={**SECRET_ADDRESS, "Vary": "HX-Request"}, **values)


async def renew(host: Host, act: Act, request: Request) -> Response:
    found = await _find(host, request)
    if isinstance(found, Response):
        return found
    form, status = Form(), 200
    if request.method == "POST":
        form = await read_form(request)
        reader = found.reader
        wish = RenewCalendar(role=reader.role, of_id=reader.of, person_id=reader.person_id)
        reply = await host.door.submit(act, wish, form.key, actor=f"person/{reader.person_id}", patient=True)
        refused = reply.refusal()
        if refused is None:
            return RedirectResponse(f"{found.path}?besked={_RENEWED}", 303, headers=SECRET_ADDRESS)
        form.refuse(refused)
        status = refused.status
    return host.pages.render(
        "notifications/renew_calendar.html", status=status, headers=SECRET_ADDRESS, form=form, **_values(found)
    )


async def feed(host: Host, request: Request) -> Response:
    """As programs fetch it: they ask by its ETag whether anything has changed."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_feed(tx, request.path_params["token"])
    if found is None:
        return host.pages.render("notifications/dead_calendar.html", status=404, headers=SECRET_ADDRESS, closed=False)
    if found == "closed":
        return host.pages.render("notifications/dead_calendar.html", status=410, headers=SECRET_ADDRESS, closed=True)
    etag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
    headers = {**SECRET_ADDRESS, **_KEPT, "ETag": etag}
    if _has(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="moeder.ics"'
    return Response(found, headers=headers, media_type="text/calendar; charset=utf-8")


def _has(asked: str, etag: str) -> bool:
    """RFC 9110 § 13.1.2: compared weakly."""
    known = {one.strip().removeprefix("W/") for one in asked.split(",")}
    return "*" in known or etag in known


async def _find(host: Host, request: Request) -> Calendar | Response:
    """The calendar; or a page that says that the way to it is over."""
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_calendar(tx, request.path_params["token"])
    if found is None:
        return host.pages.render("notifications/dead_calendar.html", status=404, headers=SECRET_ADDRESS, closed=False)
    return found


def _values(found: Calendar, *, renewed: bool = False) -> dict[str, Any]:
    return {
        "title": found.subscription.programme.title,
        "organisation": found.subscription.organisation,
        "path": found.path,
        "address": found.address,
        "webcal": f"webcal://{found.address.partition('://')[2]}",
        "renewed": renewed,
    }
