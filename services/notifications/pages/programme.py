"""What stands above each page of a programme here, and how staff are asked before something is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.notifications.usecases.read_programme_mails import read_programme
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.contracts.event import Command
from shared.contracts.programme import ProgrammeRef
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web import staff_action
from shared.web.forms import Form
from shared.web.programme_page import show_programme
from shared.web.staff import badge_in
from shared.web.staff_action import Doing

_DONE = {
    "igen": "Mailen er lagt i kø og sendes nu",
    "afgjort": "Mailen er afgjort og bliver ikke sendt",
    "gemt": "Teksten er gemt. Se den igennem, før I sender",
    "rettet": "Teksten er rettet, siden I læste den. Læs den igen, før I sender den",
    "vedhaeftet": "Filen er vedhæftet",
    "fjernet": "Filen er taget af",
    "proevet": "Prøven er på vej til din egen postkasse",
    "sendes": "Mailene sendes nu. I kan roligt forlade siden",
    "virker": "Adressen bruges igen. Mailene til den sendes nu",
}
"""What was done, by the word in the address of the page after it."""


def reader(request: Request) -> Cause:
    return Cause(new_correlation(), None, badge_in(request).actor)


def programme_of(request: Request) -> str:
    programme_id: str = request.path_params["programme_id"]
    return programme_id


def mails_at(request: Request, rest: str = "") -> str:
    return f"/notifications/stab/forloeb/{programme_of(request)}/mails{rest}"


def writings_at(request: Request, rest: str = "") -> str:
    return f"/notifications/stab/forloeb/{programme_of(request)}/skriv{rest}"


async def known(tx: Tx, request: Request) -> ProgrammeRef | None:
    """None where nothing was told of it (`unheard`)."""
    return await read_programme(tx, programme_of(request))


def may(request: Request, scope: str) -> bool:
    return badge_in(request).may(scope, programme_of(request))


def show(
    host: Host, request: Request, template: str, programme: ProgrammeRef, *, status: int = 200, **values: Any
) -> Response:
    """A page of the programme, in the head and the tabs that every service shows."""
    return show_programme(
        host,
        request,
        template if template.startswith("web/") else f"notifications/{template}",
        programme,
        said=_DONE.get(request.query_params.get("besked", "")),
        status=status,
        title=programme.title,
        mails_at=mails_at(request),
        **values,
    )


async def carry_out(
    host: Host,
    request: Request,
    act: Act,
    programme: ProgrammeRef,
    doing: Doing,
    command: Command | Callable[[Form], Command],
) -> Response:
    """GET says what would come of it, from a rehearsal, and has the button; POST does it."""
    return await staff_action.carry_out(
        host,
        request,
        act,
        doing,
        command if not isinstance(command, Command) else lambda _: command,
        lambda template, **values: show(host, request, template, programme, **values),
    )
