"""What a service knows of the clients of its API: when each was here last, and what was refused to it.

Each service shows its own, on a page and as a part of the page of tokens, which the browser asks for (`HX-Request`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR, page_of
from shared.contracts.catalogue import CALLED, OPENS
from shared.contracts.danish import clock, short_day
from shared.contracts.time import COPENHAGEN
from shared.storage.tx import Tx
from shared.web import clients
from shared.web.staff import Renew, badge_in, render, staff_page
from shared.web.tokens import NAME

OFTEN = 10
"""So many refusals in `clients.REFUSED_DAYS` are said to be often."""
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Use:
    """A client in one service; `refused` is what was refused to it last, and when, in a sentence."""

    name: str
    in_environment: bool
    used: str
    times: int
    refused: str

    @property
    def often(self) -> bool:
        return self.times >= OFTEN


def use_page(host: Any, renew: Renew | None = None) -> BaseRoute:
    """The line in a service's table of pages."""
    service = host.service.name
    return staff_page(host, f"/{service}/stab/noegler", _page, opens=f"{service}.clients", renew=renew, everywhere=True)


async def read_use(tx: Tx, query: Mapping[str, str], only: str | None = None) -> tuple[Sequence[Use], str | None]:
    """A page of them, by name, or `only` this one; and where the next begins."""
    page = page_of(query, "use", most=SHOWN)
    rows, following = page.cut(await clients.load_use(tx, page, only))
    return [_use(row) for row in rows], following


def moment(instant: datetime) -> str:
    """15. april 2021 kl. 9.30, in Denmark."""
    there = instant.astimezone(COPENHAGEN)
    return f"{short_day(there.date())} kl. {clock(there.time())}"


def in_words(scope: str) -> str:
    """What a scope opens; as it is named where nobody has said it in Danish."""
    return OPENS.get(scope, scope)


def _use(row: Mapping[str, Any]) -> Use:
    refused = ""
    if row["refused_at"] is not None:
        wanted = "; ".join(in_words(one) for one in row["refused_scope"].split())
        refused = f"{moment(row['refused_at'])}: {wanted} ({row['refused_route']})"
    used = short_day(row["last_used_at"].astimezone(COPENHAGEN).date()) if row["last_used_at"] else "aldrig brugt"
    return Use(row["name"], row["in_environment"], used, row["times"], refused)


async def _page(host: Any, request: Request) -> Response:
    asked = {CURSOR: cursor} if (cursor := request.query_params.get("fra")) else {}
    only = request.query_params.get("navn") or None
    if only is not None and not NAME.fullmatch(only):
        only = None
    async with host.transaction(Cause(new_correlation(), None, badge_in(request).actor)) as tx:
        found, following = await read_use(tx, asked, only)
    title = f"Brug af nøgler: {CALLED.get(host.service.name, host.service.name)}"
    values: dict[str, Any] = {"use": found, "title": title, "following": following, "only": only, "days": _DAYS}
    vary = {"Vary": "HX-Request", "Cache-Control": "no-store"}
    if request.headers.get("hx-request") == "true":
        return HTMLResponse(host.pages.fragment("web/token_use.html", "part", **values), headers=vary)
    page = render(host, request, "web/token_use.html", **values)
    page.headers.update(vary)
    return page


_DAYS = clients.REFUSED_DAYS
