"""Where a mail gateway brings the replies of calendars: `POST /api/notifications/calendar/replies`, the mail as it is.

The mail is the whole body (`message/rfc822`); the same one again changes nothing, so it has no Idempotency-Key. A token
with the bundle `calendar` may do this and nothing else. 200 says what became of it; 4xx is for good, 503 for later.
"""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.notifications.domain.calendar.replies import LARGEST_MAIL
from services.notifications.usecases.note_answer import note_answer
from shared.base.cause import Cause
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.runtime.service import Host
from shared.web.api import answered, bearer
from shared.web.bodies import need_media_type, read_body
from shared.web.scopes import of_path

PATH = "/api/notifications/calendar/replies"
SCOPE = of_path(PATH)

_log = structlog.get_logger()


async def replies(host: Host, request: Request) -> Response:
    async def take(request: Request, correlation_id: str) -> Response:
        if request.method != "POST":
            raise Problem(405, "method_not_allowed", headers={"Allow": "POST"})
        principal = await bearer(request, host.keyring, SCOPE, correlation_id)
        host.door.check_room()
        need_media_type(request, "message/rfc822")
        mail = await read_body(request, LARGEST_MAIL)
        try:
            async with host.transaction(Cause(correlation_id, None, principal.actor)) as tx:
                answer = await note_answer(tx, mail)
        except Refused as refused:
            _log.info("calendar_reply_refused", code=refused.code)
            raise Problem(refused.status, refused.code, refused.detail) from None
        _log.info("calendar_reply", outcome=answer.body["outcome"])
        return JSONResponse(answer.body, headers={"Cache-Control": "no-store"})

    return await answered(request, take)
