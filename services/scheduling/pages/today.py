"""What staff have to do about meetings, on a page of its own and as a part of the workspace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from services.scheduling.usecases.read_today import Today, read_today
from shared.contracts.danish import month_name
from shared.runtime.service import Host
from shared.web.today import Item, Kind
from shared.web.today import today as today_of

_SEES = "scheduling.meetings"


async def today(host: Host, request: Request) -> Response:
    return await today_of(host, request, "Møder", _SEES, read_today, _kinds)


def _kinds(found: Today) -> Iterator[Kind]:
    yield Kind(
        "uden-dato",
        "møde mangler en dato" if found.total == 1 else "møder mangler en dato",
        found.total,
        [
            Item(
                one.title,
                f"{one.programme}: planlagt til {_when(one.month, found.today)}",
                f"/scheduling/stab/forloeb/{one.programme_id}/moeder/{one.meeting_id}",
            )
            for one in found.undated
        ],
    )


def _when(month: str, today: date) -> str:
    this = f"{today:%Y-%m}"
    past = " (måneden er forbi)" if month < this else " (denne måned)" if month == this else ""
    return f"{month_name(month)}{past}"
