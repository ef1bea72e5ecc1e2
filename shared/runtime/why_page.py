"""Why something is as it is, for staff: what happened in order, because of what, and what it led to.

Each service shows its own part on a page, and as a part of `/stab/hvorfor/{id}` that the browser fetches
(decision 34). A title may name people: it is shown to whoever may see what is theirs in its programme. What happened
is said in sentences and ids alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from shared.base.cause import Cause, new_correlation
from shared.contracts.catalogue import IN_DANISH
from shared.runtime.service import Host
from shared.runtime.why import Effect, Explain, Told, story
from shared.web.staff import badge_in, render, staff_page

PAGE = "/stab/hvorfor"
LONGEST = 200
_NOBODY = "Ingen person: en frist eller et andet system"
_ACTORS: Mapping[str, str] = {
    "staff": "En medarbejder, der var logget ind",
    "token": "Et program hos arrangøren ({})",
    "client": "Et andet system ({})",
    "person": "Nogen med et link i en mail",
    "source": "Et andet system",
    "clock": "Uret: en dato eller en frist",
    "form": "Nogen, der udfyldte en formular",
}


class Line(NamedTuple):
    """Something that happened. `href` leads to its own story."""

    when: str
    what: str
    about: str
    href: str


class Part(NamedTuple):
    """What one service shows. `known` False = it has nothing that this badge may see."""

    known: bool
    title: str
    lines: Sequence[Line]
    """The oldest first; the last one is what is asked about, where it is an event."""
    behind: str
    followed: Sequence[Line]
    more: bool


_NOTHING = Part(known=False, title="", lines=(), behind="", followed=(), more=False)


def address_of(sought: str) -> str:
    """Of the page that puts all of it together."""
    return f"{PAGE}/{quote(sought, safe='')}"


def why_page(host: Host, effect_of: Explain | None, sees: str) -> BaseRoute:
    """A service's own part; `sees` is the scope of what its titles say."""

    async def shown(host: Host, request: Request) -> Response:
        part = await part_of(host, request, effect_of, sees)
        values: dict[str, Any] = {"part": part, "sought": request.path_params["sought"]}
        vary = {"Vary": "HX-Request", "Cache-Control": "no-store"}
        if request.headers.get("hx-request") == "true":
            return HTMLResponse(host.pages.fragment("web/why.html", "part", **values), headers=vary)
        page = render(host, request, "web/why.html", status=200 if part.known else 404, **values)
        page.headers.update(vary)
        return page

    return staff_page(host, f"/{host.service.name}{PAGE}/{{sought:path}}", shown, opens=sees)


async def part_of(host: Host, request: Request, effect_of: Explain | None, sees: str) -> Part:
    """As far as the badge goes."""
    badge, sought = badge_in(request), request.path_params["sought"][:LONGEST]
    async with host.transaction(Cause(new_correlation(), None, badge.actor)) as tx:
        found = await story(tx, effect_of, sought)
    effect = found.effect

    def may(programme_id: str | None) -> bool:
        return badge.may(sees) if programme_id is None else badge.may(sees, programme_id)

    # An event says of itself which programme it is of, if any; what only heard of it does not know.
    if effect is not None and not may(effect.programme_id):
        return _NOTHING
    if effect is None and (found.event is None or not may(found.event.programme_id)):
        return _NOTHING
    lines = [*reversed(found.because), *([found.event] if found.event else [])]
    actor = _actor(effect, lines)
    return Part(
        known=True,
        title=f"{effect.kind[:1].upper()}{effect.kind[1:]}: {effect.title}" if effect else "",
        lines=[_line(one) for one in lines],
        behind=_behind(actor),
        followed=[_line(one) for one in found.followed],
        more=found.more,
    )


def _actor(effect: Effect | None, lines: Sequence[Told]) -> str | None:
    """Whoever it began with, as far as this service knows."""
    return next((one.actor for one in lines if one.actor), effect.cause.actor if effect else None)


def _behind(actor: str | None) -> str:
    if not actor:
        return _NOBODY
    kind, _, name = actor.partition("/")
    return _ACTORS.get(kind, _NOBODY).format(name.removeprefix("~"))


def _line(one: Told) -> Line:
    said = IN_DANISH.get(one.type, one.type)
    return Line(one.when, said[:1].upper() + said[1:], one.subject, address_of(one.id))
