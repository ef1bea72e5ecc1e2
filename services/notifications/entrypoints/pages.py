"""What is reached over HTTP beside the API."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute, Route

from services.notifications.entrypoints import acts
from services.notifications.pages import calendar, mail_gateway, receipt, today
from shared.runtime.service import Host
from shared.web.pages import page
from shared.web.staff import staff_page

EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The page says itself which one it takes."""


_CALENDAR = "/notifications/kalender"


def pages(host: Host) -> Sequence[BaseRoute]:
    """The first path that fits counts."""
    shows = partial(page, host)
    return (
        Route(mail_gateway.PATH, partial(mail_gateway.replies, host), methods=list(EVERY_METHOD)),
        shows(f"{_CALENDAR}/abonnement/{{token}}.ics", calendar.feed),
        shows(f"{_CALENDAR}/{{token}}", calendar.calendar),
        shows(f"{_CALENDAR}/{{token}}/nyt", calendar.renew, acts.RENEW_CALENDAR),
        shows("/notifications/kvittering/{token}", receipt.receipt),
        staff_page(host, "/notifications/stab/i-dag", today.today, opens=""),
    )
