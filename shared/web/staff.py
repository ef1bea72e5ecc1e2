"""Pages for the organiser's own people: who is signed in, what they may do, and no form that another page sent.

Whoever is not signed in is shown the way in, and comes back to the page that was asked for. A form that was sent
without being signed in is shown again with everything that was typed: it is sent once more after signing in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from shared.base.acts import Act
from shared.base.cause import new_correlation
from shared.base.clock import machine_now
from shared.base.links import Links
from shared.base.problems import Problem
from shared.web.badge import COOKIE, Badge, is_current
from shared.web.forms import Form, carried, read_form, take_files
from shared.web.scopes import of_command
from shared.web.sent_before import once

Renew = Callable[[Request], Awaitable["Renewed | None"]]
_CSRF = "form of staff"
LOGIN = "/login"


class Renewed:
    """A badge that was given out just now, and how the browser gets it."""

    def __init__(self, badge: Badge, give: Callable[[Response], None]) -> None:
        self.badge = badge
        self.give = give


class StaffRoute(Route):
    """A page for staff, and the scopes that it opens: what the table of roles is made from."""

    def __init__(self, path: str, endpoint: Any, methods: list[str], opens: str, asks: tuple[str, ...]) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.opens = opens
        self.asks = asks


@dataclass(frozen=True, slots=True)
class Needs:
    """The scopes that a page takes, to be seen and to be sent; `everywhere`: in all programmes."""

    opens: str
    asks: tuple[str, ...]
    everywhere: bool

    def missing(self, badge: Badge, request: Request) -> list[str]:
        needed = [*([self.opens] if self.opens else []), *(self.asks if request.method == "POST" else ())]
        programme_id = request.path_params.get("programme_id")
        if programme_id is not None:
            return [scope for scope in needed if not badge.may(scope, programme_id)]
        has = badge.may if self.everywhere else badge.may_somewhere
        return [scope for scope in needed if not has(scope)]


def staff_page(
    host: Any,
    path: str,
    shown: Callable[..., Awaitable[Response]],
    *asked: Act,
    opens: str,
    renew: Renew | None = None,
    posts: bool = False,
    everywhere: bool = False,
    room: int = 0,
) -> BaseRoute:
    """A line in a table of pages: `shown(host, *asked, request)`, for whoever `opens` is open to (a scope).

    In a path with `{programme_id}` the role has to be of that programme; else of any, and the page shows no more than
    what `Badge.programmes` says, unless the role has to be in all of them (`everywhere`). To send it takes the scope of
    each act too. An empty `opens` is for whoever is signed in. `renew` gives another badge to somebody whose badge is
    over; only the service that signs them can. `room`: the form may bring files of so many octets (`Form.files`).
    """
    asks = tuple(of_command(act.command, host.service.name) for act in asked)
    needs = Needs(opens, asks, everywhere)
    endpoint = partial(_guarded, host, shown, asked, needs, renew, room)
    return StaffRoute(path, endpoint, ["GET", "POST"] if asked or posts else ["GET"], opens, asks)


def badge_in(request: Request) -> Badge:
    """Whose page it is: within a page for staff."""
    badge: Badge = request.scope["badge"]
    return badge


def staff_form(host: Any, request: Request, *, labels: Mapping[str, str] | None = None) -> Form:
    """An empty form that only whoever is signed in here can send."""
    return Form(labels=labels or {}, csrf=_csrf(host.settings.links, badge_in(request)))


def render(host: Any, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page in the layout for staff."""
    badge = badge_in(request)
    out = Form(csrf=_csrf(host.settings.links, badge))
    shown: Response = host.pages.render(
        template, status=status, badge=badge, sign_out=out, here=request.url.path, **values
    )
    return shown


async def signed_in(host: Any, request: Request) -> Badge | None:
    """By the cookie, if it is good and nobody has signed them out since (machine time)."""
    cookie = request.cookies.get(COOKIE)
    badge = host.settings.badges.read(cookie, machine_now()) if cookie else None
    return badge if badge is not None and await is_current(host.pool, badge) else None


async def _guarded(
    host: Any,
    shown: Callable[..., Awaitable[Response]],
    asked: tuple[Act, ...],
    needs: Needs,
    renew: Renew | None,
    room: int,
    request: Request,
) -> Response:
    take_files(request, room)
    badge, renewed = await signed_in(host, request), None
    if badge is None and renew is not None and (renewed := await renew(request)) is not None:
        badge = renewed.badge
    if badge is None:
        return await _sign_in_first(host, request)
    request.scope["badge"] = badge
    request.scope["principal"] = badge.actor
    response = await _answer(host, shown, asked, needs, request)
    if renewed is not None:
        renewed.give(response)
    return response


async def _answer(
    host: Any,
    shown: Callable[..., Awaitable[Response]],
    asked: tuple[Act, ...],
    needs: Needs,
    request: Request,
) -> Response:
    badge = badge_in(request)
    missing = needs.missing(badge, request)
    if missing:
        await host.keyring.note_refused_staff(badge.actor, _route(request), " ".join(missing), new_correlation())
        return render(host, request, "web/no_role.html", status=403)
    if request.method == "POST":
        form = await read_form(request)
        if not _is_ours(host.settings.links, form, badge):
            return _once_more(host, form, badge, 403)
    return await once(host, request, shown(host, *asked, request), badge.actor)


async def _sign_in_first(host: Any, request: Request) -> Response:
    if request.method == "POST":
        return _once_more(host, await read_form(request), None, 401)
    if not host.settings.badges.can_read:
        raise Problem(503, "sign_in_away")
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.headers.get("hx-request") == "true":
        return host.pages.render("web/signed_out.html", status=401, back=back)  # type: ignore[no-any-return]
    # Who shows one that is not taken here is not sent back and forth for it (`pages/login.py` of enrollment).
    refused = {"afvist": "1"} if COOKIE in request.cookies else {}
    return RedirectResponse(f"{LOGIN}?{urlencode({'til': back, **refused})}", 303)


def _once_more(host: Any, form: Form, badge: Badge | None, status: int) -> Response:
    """All that was typed, to be sent again by whoever pressed the button, once they are signed in."""
    # Whoever signs in again as who they were sends the form that they were shown; anybody else sees it first.
    form.csrf = form.own.get("_csrf", "") if badge is None else _csrf(host.settings.links, badge)
    page: Response = host.pages.render(
        "web/once_more.html",
        status=status,
        form=form,
        fields=carried(form),
        files=[(name, one.called) for name, one in form.files.items()],
        signed_in=badge is not None,
        login=LOGIN,
    )
    return page


def _csrf(links: Links, badge: Badge) -> str:
    return links.sign(_CSRF, badge.subject)


def _is_ours(links: Links, form: Form, badge: Badge) -> bool:
    return links.verify(_CSRF, form.own.get("_csrf", ""), machine_now()) == badge.subject


def _route(request: Request) -> str:
    return f"{request.method} {request.scope.get('template', 'none')}"
