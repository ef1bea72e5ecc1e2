"""What is reached over HTTP beside the API."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute, Route

from services.notifications.pages import code_mail, mail_gateway, today
from shared.runtime.service import Host
from shared.web.pages import page
from shared.web.staff import staff_page

EVERY_METHOD = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The page says itself which one it takes."""


def pages(host: Host) -> Sequence[BaseRoute]:
    return (
        Route(mail_gateway.PATH, partial(mail_gateway.replies, host), methods=list(EVERY_METHOD)),
        page(host, "/notifications/kode/{code_id}", code_mail.code_mail),
        staff_page(host, "/notifications/stab/i-dag", today.today, opens=""),
    )
