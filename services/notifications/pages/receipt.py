"""The receipt of a sign-up as a PDF, for whom it was mailed to. The way here is good for some hours."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.notifications.usecases.read_receipt import read_as_file, read_receipt
from shared.base.cause import Cause, new_correlation
from shared.runtime.service import Host
from shared.web.safety import SECRET_ADDRESS


async def receipt(host: Host, request: Request) -> Response:
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_receipt(tx, request.path_params["token"])
    made = await read_as_file(found) if found else None
    if made is None:
        return host.pages.render("notifications/no_receipt.html", status=404, headers=SECRET_ADDRESS)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f"inline; filename*=UTF-8''{made.name}"}
    return Response(made.content, headers={**SECRET_ADDRESS, **headers}, media_type="application/pdf")
