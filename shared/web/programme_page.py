"""A programme's page as every service shows its part of it: the same head, and the same tabs, each a link.

Which service has a tab nobody has to know who uses it. What a tab shows, its service decides from the badge.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.contracts.danish import day_and_clock
from shared.contracts.programme import ProgrammeRef
from shared.contracts.time import COPENHAGEN
from shared.web.badge import Badge
from shared.web.staff import badge_in, render

T = TypeVar("T")
Shown = Callable[..., Awaitable[Response]]
OVERVIEW = "/stab/forloeb/{}"
TABS = (
    ("Tilmeldinger", OVERVIEW, "enrollment.enrolments"),
    ("Deltagere", f"{OVERVIEW}/deltagere", "enrollment.enrolments.participants"),
    ("Formularer", f"{OVERVIEW}/formularer", "enrollment.sign-ups"),
    ("Venteliste", f"{OVERVIEW}/venteliste", "enrollment.programmes.waiting-list"),
    ("Møder", "/scheduling/stab/forloeb/{}/moeder", "scheduling.meetings"),
    ("Økonomi", "/invoicing/stab/forloeb/{}/oekonomi", "invoicing.claims"),
    ("Mails", "/notifications/stab/forloeb/{}/mails", "notifications.programmes.mails"),
    ("Historik", f"{OVERVIEW}/historik", "enrollment.programmes.audit"),
)
"""Label, address by programme, and the scope that opens it."""


NEXT_PAGE = "fra"
"""Parameter of every list: the cursor of a page."""
DONE = "besked"
"""Parameter of a page that says what was just done: the word of it."""
UNDO = "fortryd"
"""Beside it: the page that undoes that. In that one's own address: what it begins with, by the key of the wish that is
undone, or an id.
"""


def reader(request: Request) -> Cause:
    """Whoever looks: of what is read for a page of staff's."""
    return Cause(new_correlation(), None, badge_in(request).actor)


def cursor_of(request: Request) -> dict[str, str]:
    return {CURSOR: cursor} if (cursor := request.query_params.get(NEXT_PAGE)) else {}


def following(request: Request, cursor: str | None) -> str | None:
    """The address of the next page, which keeps all else that was asked for."""
    if cursor is None:
        return None
    asked = {name: value for name, value in request.query_params.items() if name not in {NEXT_PAGE, DONE, UNDO}}
    return f"{request.url.path}?{urlencode({**asked, NEXT_PAGE: cursor})}"


def overview_of(programme_id: str) -> str:
    """Where the programme's own page is."""
    return OVERVIEW.format(programme_id)


def tabs_of(badge: Badge, programme_id: str) -> list[tuple[str, str]]:
    """Those that whoever has the badge may open in this programme."""
    return [(title, path.format(programme_id)) for title, path, scope in TABS if badge.may(scope, programme_id)]


def show_programme(
    host: Any,
    request: Request,
    template: str,
    ref: ProgrammeRef,
    *,
    said: str | None = None,
    more: Sequence[tuple[str, str]] = (),
    status: int = 200,
    **values: Any,
) -> Response:
    """A page below the programme, in `web/staff_programme.html`. `said`: what was just done; `more`: what else can be
    done here, each by its address.
    """
    badge = badge_in(request)
    return render(
        host,
        request,
        template,
        status=status,
        ref=ref,
        tabs=tabs_of(badge, ref.id),
        base=overview_of(ref.id),
        said=said,
        undo=_undo(request, ref.id) if said else "",
        more=more,
        may=lambda scope: badge.may(scope, ref.id),
        **values,
    )


def _undo(request: Request, programme_id: str) -> str:
    """The page that undoes what was just done: one of this programme, or none."""
    found = request.query_params.get(UNDO, "")
    ours = rf"(/[a-z]+)?{re.escape(overview_of(programme_id))}/[A-Za-z0-9_/.-]+(\?{UNDO}=[A-Za-z0-9_-]+)?"
    return found if re.fullmatch(ours, found) and ".." not in found else ""


def unheard(host: Any, request: Request, why: str = "") -> Response:
    """A page (404) for a programme that this service has heard nothing of; `why`: when it usually does."""
    base = overview_of(request.path_params["programme_id"])
    return render(host, request, "web/unheard_programme.html", status=404, base=base, why=why)


def not_there(host: Any, request: Request, ref: ProgrammeRef, what: str) -> Response:
    """A page (404): the programme has nothing of that name. `what`: Mødet findes ikke."""
    return show_programme(host, request, "web/not_in_programme.html", ref, status=404, what=what)


def of_one(find: Callable[[Any, Request], Awaitable[T | Response]]) -> Callable[[Shown], Shown]:
    """Decorates pages of one thing, `shown(host, *asked, request, found)`: where `find(host, request)` answers that it
    is not there, that is what each of them shows.
    """

    def of_what_is_there(shown: Shown) -> Shown:
        @wraps(shown)
        async def page(host: Any, *asked: Any) -> Response:
            found = await find(host, asked[-1])
            return found if isinstance(found, Response) else await shown(host, *asked, found)

        return page

    return of_what_is_there


def who(actor: str | None) -> str:
    """Who is behind something, in words, without what is only an id."""
    kind, _, name = (actor or "").partition("/")
    known = {
        "staff": "En medarbejder",
        "person": "Kommunen, med et link i en mail",
        "secretary": "Sekretæren, med et link i en mail",
        "form": "Nogen, der sendte formularen",
        "client": f"Et andet system ({name.removeprefix('~')})",
        "token": f"Et program hos arrangøren ({name})",
    }
    return known.get(kind, "Tovholder selv")


def at_and_who(at: datetime, actor: str, me: str) -> str:
    """When something was done, and who was behind it, inside a sentence that `me` reads."""
    there, name = at.astimezone(COPENHAGEN), "jer selv, på en anden side" if actor == me else who(actor)
    return f"{day_and_clock(there.date(), there.time())} af {name[:1].lower()}{name[1:]}"
