"""Whether an archive is to have the papers of a programme, when it got them, and who was erased before that."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.pages.staff_programme import head_of, reader, show
from services.enrollment.usecases.record_archive import read_archive
from shared.runtime.service import Host
from shared.web.programme_page import who


async def archive(host: Host, request: Request) -> Response:
    programme_id = request.path_params["programme_id"]
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_archive(tx, {"programme_id": programme_id})
    return show(
        host,
        request,
        "staff_archive.html",
        head,
        archives=found["archive"],
        organiser=found["organiser"],
        archived=[
            (sent_at(datetime.fromisoformat(one["read_at"])), one["files"], one["sha256"]) for one in found["archived"]
        ],
        erased=[
            (sent_at(datetime.fromisoformat(one["at"])), one["reason"], who(one["by"]))
            for one in found["erased_before"]
        ],
        command=f"tovholder archive {programme_id} --out {programme_id}.zip",
    )
