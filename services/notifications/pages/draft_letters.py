"""The mails of a programme that is still a draft: the browser brings its terms, and nothing is kept or sent."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from services.notifications.usecases.read_draft_letters import read_draft_letters
from shared.base.cause import Cause, new_correlation
from shared.runtime.service import Host
from shared.web.forms import read_form
from shared.web.staff import badge_in, render


async def draft_letters(host: Host, request: Request) -> Response:
    """As a part of another page for `HX-Request`."""
    letters = None
    if request.method == "POST":
        form = await read_form(request)
        async with host.transaction(Cause(new_correlation(), None, badge_in(request).actor)) as tx:
            letters = await read_draft_letters(tx, form.value("terms"), host.settings.public_url)
    if request.headers.get("hx-request") == "true":
        text = host.pages.fragment("notifications/staff_draft_letters.html", "letters", letters=letters)
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})
    status = 200 if letters is not None or request.method == "GET" else 422
    return render(host, request, "notifications/staff_draft_letters.html", status=status, letters=letters)
