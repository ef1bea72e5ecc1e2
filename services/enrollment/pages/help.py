"""Help, by who one is: a template for each kind of person. What it quotes from pages stands there; a test looks."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.base.problems import Problem
from shared.runtime.service import Host

AT = "/hjaelp"
READERS: Mapping[str, str] = {
    "kontaktperson": "For kontaktpersoner og tovholdere",
    "deltager": "For deltagere",
    "konsulent": "For konsulenter",
    "oekonomi": "For økonomi",
    "drift": "For drift og administratorer",
    "andre-systemer": "For dem, der kobler andre systemer på",
}
"""The last part of the address, and what the page is called."""


async def front(host: Host, request: Request) -> Response:
    """Also by the name that people type."""
    if request.url.path != AT:
        return RedirectResponse(AT, 308)
    return host.pages.render("enrollment/help.html", readers=READERS, at=AT)


async def of_reader(host: Host, request: Request) -> Response:
    reader = request.path_params["reader"]
    if reader not in READERS:
        raise Problem(404, "not_found")
    template = f"enrollment/help_{reader.replace('-', '_')}.html"
    return host.pages.render(template, title=READERS[reader], at=AT)
