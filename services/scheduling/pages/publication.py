"""What a version of a programme makes of its meetings, before it is published: the browser brings it from the editor.

A part of the editor's page for `HX-Request`, and a page of its own for whoever has no scripts. From here the browser
carries all of it on to `notifications`, which knows who is written to.
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from services.scheduling.usecases.rehearse_version import RehearseMeetings
from shared.base.acts import Act
from shared.runtime.service import Host
from shared.web.carried import carried, show_part

_WORDS = {
    "moved": "Flyttes eller får et andet sted",
    "cancelled": "Aflyses",
    "dated": "Får sin første dato",
    "planned": "Planlægges, uden dato endnu",
    "held": "Afholdt",
}


async def publication(host: Host, act: Act, request: Request) -> Response:
    found = await carried(host, act, RehearseMeetings, request)
    answer, onward = found.body, ""
    if answer is not None:
        onward = json.dumps([*found.facts, *answer["facts"]], ensure_ascii=False)
    return show_part(
        host,
        request,
        "scheduling/publication.html",
        found,
        meetings=[
            (one["title"], _WORDS[one["what"]], one["before"] or "", one["after"] or "") for one in answer["meetings"]
        ]
        if answer is not None
        else (),
        elsewhere=answer is not None and answer["elsewhere"],
        onward=onward,
    )
