"""Who did what in a programme, and when, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.pages.staff_programme import cursor_of, following, head_of, reader, show
from services.enrollment.usecases.read_history import STAFF, read_history
from shared.contracts.catalogue import IN_DANISH
from shared.runtime.service import Host
from shared.web.programme_page import who

ON_A_PAGE = "50"
_OF_THIS_SERVICE = {
    "PublishProgramme": "nogen offentliggjorde forløbet eller en ny version af det",
    "ImportEnrolments": "nogen læste tilmeldinger ind fra et ark",
    "BeginImport": "nogen begyndte at læse tilmeldinger ind fra et ark",
    "ReceiveSignUp": "en formular blev sendt",
    "SaveDraft": "en kladde blev gemt",
    "BeginProgrammeDraft": "nogen begyndte en kladde til forløbet",
    "SaveProgrammeDraft": "nogen gemte en kladde til forløbet",
    "ChooseReading": "nogen valgte, hvordan kilden læses",
    "ConfirmSignUp": "en tilmelding blev bekræftet med linket",
    "TakeBackSignUp": "en tilmelding blev trukket tilbage med linket",
    "DeclineInvitation": "kommunen takkede nej til invitationen",
    "SetNeeds": "nogen skrev, hvad de har brug for på mødet",
}
"""Wishes that have no wire name."""
_REFUSED = 400


async def history(host: Host, request: Request) -> Response:
    asked = {"programme_id": request.path_params["programme_id"], "limit": ON_A_PAGE, **cursor_of(request)}
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_history(tx, asked)
    return show(
        host,
        request,
        "staff_history.html",
        head,
        rows=[_shown(one) for one in found["audit"]],
        following=following(request, found["next"]),
    )


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    said = IN_DANISH.get(one["command"]) or _OF_THIS_SERVICE.get(one["command"], one["command"])
    return {
        "at": sent_at(datetime.fromisoformat(one["at"])),
        "what": said[:1].upper() + said[1:],
        "who": one["who"] or _who(one["actor"] or one["by"] or ""),
        "refused": one["status"] >= _REFUSED,
    }


def _who(actor: str) -> str:
    """In words, without what is only an id."""
    return "En medarbejder, der ikke har konto her længere" if actor.startswith(STAFF) else who(actor)
