"""What staff have to do about meetings, on a page of its own and as a part of the workspace."""

from __future__ import annotations

from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from services.scheduling.usecases.read_today import Today, read_today
from shared.base.cause import Cause, new_correlation
from shared.contracts.danish import month_name
from shared.runtime.service import Host
from shared.web.staff import badge_in
from shared.web.today import Item, Kind, dead_letters, part, runs_it

_SEES = "scheduling.meetings"


async def today(host: Host, request: Request) -> Response:
    badge = badge_in(request)
    async with host.transaction(Cause(new_correlation(), None, badge.actor)) as tx:
        found = await read_today(tx, badge.programmes(_SEES))
    kinds = [_undated(found)] if badge.may_somewhere(_SEES) else []
    if runs_it(badge):
        kinds.append(dead_letters(host.service.name, *found.letters))
    return part(host, request, "Møder", kinds, sees=bool(kinds))


def _undated(found: Today) -> Kind:
    return Kind(
        "uden-dato",
        "møde mangler en dato" if found.total == 1 else "møder mangler en dato",
        found.total,
        [
            Item(
                one.title,
                f"{one.programme}: planlagt til {_when(one.month, found.today)}",
                f"/stab/forloeb/{one.programme_id}",
            )
            for one in found.undated
        ],
    )


def _when(month: str, today: date) -> str:
    this = f"{today:%Y-%m}"
    past = " (måneden er forbi)" if month < this else " (denne måned)" if month == this else ""
    return f"{month_name(month)}{past}"
