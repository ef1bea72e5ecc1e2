"""How many mails a version of a programme sends, before it is published: the browser brings what would be told."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.notifications.usecases.rehearse_version import RehearseMails
from shared.base.acts import Act
from shared.runtime.service import Host
from shared.web.carried import carried, show_part


async def publication(host: Host, act: Act, request: Request) -> Response:
    """As a part of another page for `HX-Request`."""
    found = await carried(host, act, RehearseMails, request)
    return show_part(host, request, "notifications/staff_publication.html", found)
