"""What waits for staff, by kind: how many there are, the first few by name, and where each is settled.

A service shows its own on a page, and as a part of the workspace, which the browser asks for (`HX-Request`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.base.cause import Cause, new_correlation
from shared.contracts.danish import short_day
from shared.contracts.staff import EVERYWHERE
from shared.contracts.time import day_of
from shared.web.badge import Badge
from shared.web.staff import badge_in, render


class Waits(Protocol):
    """What a service has read: beside its own, how many events it has put aside, and since when."""

    @property
    def letters(self) -> tuple[int, datetime | None]: ...


T = TypeVar("T", bound=Waits)


@dataclass(frozen=True, slots=True)
class Item:
    """One that is named: what it is, a few words about it, and the page where it is settled, if there is one."""

    what: str
    about: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class More:
    """Where all of a kind are that stand in one place."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Kind:
    """`total` of them, of which `items` are named, the most urgent first. `note` says what is to be done about them."""

    id: str
    title: str
    total: int
    items: Sequence[Item] = ()
    more: Sequence[More] = ()
    note: str = ""

    @property
    def rest(self) -> int:
        return max(0, self.total - len(self.items)) if self.items else 0


async def today(
    host: Any,
    request: Request,
    title: str,
    sees: str,
    read: Callable[[Any, Collection[str] | None], Awaitable[T]],
    kinds: Callable[[T], Iterable[Kind]],
) -> Response:
    """What waits in a service: its own, as far as the badge opens the scope `sees`, and for operators what it has put
    aside. `read` looks in these programmes (None = all there are).
    """
    badge = badge_in(request)
    async with host.transaction(Cause(new_correlation(), None, badge.actor)) as tx:
        found = await read(tx, badge.programmes(sees))
    shown = list(kinds(found)) if badge.may_somewhere(sees) else []
    if runs_it(badge):
        shown.append(dead_letters(host.service.name, *found.letters))
    return _part(host, request, title, shown, sees=bool(shown))


def _part(host: Any, request: Request, title: str, kinds: Sequence[Kind], *, sees: bool) -> Response:
    """The part alone for a page that has a place for it, else a page. `sees`: whether this badge shows any of it."""
    shown = [one for one in kinds if one.total]
    values: dict[str, Any] = {"kinds": shown, "title": title, "sees": sees}
    vary = {"Vary": "HX-Request", "Cache-Control": "no-store"}
    if request.headers.get("hx-request") == "true":
        return HTMLResponse(host.pages.fragment("web/today.html", "part", **values), headers=vary)
    page = render(host, request, "web/today.html", **values)
    page.headers.update(vary)
    return page


def dead_letters(service: str, count: int, since: datetime | None) -> Kind:
    """For whoever keeps the installation running: so many events of others a service has put aside (machine time)."""
    about = "" if since is None else f"viser dem; den ældste har ligget siden {short_day(day_of(since))}"
    title = "event kunne ikke læses ind" if count == 1 else "events kunne ikke læses ind"
    return Kind(f"events-{service}", f"{title} i {service}", count, (Item(f"./tovholder dlq {service} list", about),))


def runs_it(badge: Badge) -> bool:
    """Whether whoever has this badge keeps the installation running."""
    return "operator" in badge.roles_in(EVERYWHERE)
