"""Why something is as it is, in one place: this service's part, and those of the others, which the browser fetches."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.pages.workspace import SEES
from services.enrollment.usecases.explain import explain
from shared.runtime.service import Host
from shared.runtime.why_page import PAGE, part_of
from shared.web.staff import badge_in, render

PARTS = (
    ("moeder", "Møder", "scheduling", "scheduling.meetings"),
    ("fakturaer", "Fakturaer", "invoicing", "invoicing.invoices"),
    ("mails", "Mails", "notifications", "notifications.messages"),
)
"""What the other services know: its place, its heading, the service, and the scope of it."""


async def why(host: Host, request: Request) -> Response:
    badge, sought = badge_in(request), request.path_params["sought"]
    return render(
        host,
        request,
        "enrollment/why_all.html",
        part=await part_of(host, request, explain, SEES),
        parts=[
            (key, label, f"/{service}{PAGE}/{quote(sought, safe='')}")
            for key, label, service, scope in PARTS
            if badge.may_somewhere(scope)
        ],
        sought=sought,
    )
