"""A programme's page as every service shows its part of it: the same head, and the same tabs, each a link.

Which service has a tab nobody has to know who uses it. What a tab shows, its service decides from the badge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from shared.contracts.programme import ProgrammeRef
from shared.web.badge import Badge
from shared.web.staff import badge_in, render

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
        more=more,
        may=lambda scope: badge.may(scope, ref.id),
        **values,
    )


def unheard(host: Any, request: Request) -> Response:
    """A page (404) for a programme that this service has heard nothing of."""
    programme_id = request.path_params["programme_id"]
    return render(host, request, "web/unheard_programme.html", status=404, base=overview_of(programme_id))
