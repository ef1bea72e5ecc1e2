"""An address that refuses mails: who is reached there, where another one is given, and that it works again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.notifications.domain.letter import TITLES
from services.notifications.domain.shown import why
from services.notifications.pages.mails import SEES_ADDRESSES, moment
from services.notifications.pages.programme import carry_out, mails_at, may, programme_of, reader, show
from services.notifications.usecases.trust_address import Refusing, TrustAddress, read_refusing
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.runtime.service import Host
from shared.web.staff_action import Doing

_AS = {
    "contact": "kontakt ({})",
    "role": "{}",
    "participant": "deltager ved {}",
    "team": "på det faste hold",
}


async def refusing(host: Host, request: Request) -> Response:
    found = await _found(host, request)
    return show(
        host,
        request,
        "staff_refusing.html",
        found.programme,
        email=found.message.email if may(request, SEES_ADDRESSES) else "",
        why=why(found.message.reply),
        at=_at(request),
        uses=[_use(found, one) for one in found.uses],
        refused=[
            (mails_at(request, f"/{one.id}"), TITLES.get(one.template, one.template), moment(one.written_at))
            for one in found.refused
        ],
        can_work=found.message.reply != "invalid_address",
    )


def _use(found: Refusing, one: Any) -> Mapping[str, str]:
    """What it is used as, and the page where another address is given."""
    enrolment = f"/stab/forloeb/{found.programme.id}/tilmeldinger/{one.enrolment_id}"
    return {
        "what": f"{one.name}, {_AS[one.used_as].format(one.label)}",
        "organisation": one.organisation,
        "enrolment": enrolment if one.enrolment_id and one.organisation else "",
        "change": f"{enrolment}/kontakt" if one.used_as == "contact" else "",
    }


async def trust(host: Host, act: Act, request: Request) -> Response:
    found = await _found(host, request)
    doing = Doing(
        title="Adressen virker igen",
        about=found.message.email,
        button="Send mailene igen",
        back=mails_at(request),
        done="virker",
        sentences=_what_is_sent,
        text=("Afviser mailserveren dem igen, står adressen her igen.",),
    )
    wish = TrustAddress(programme_id=found.programme.id, message_id=found.message.id)
    return await carry_out(host, request, act, found.programme, doing, wish)


def _what_is_sent(body: Mapping[str, Any]) -> Sequence[str]:
    count = body["messages"]
    return (f"{'Én mail, der blev afvist, lægges' if count == 1 else f'{count} mails, der blev afvist, lægges'} i kø.",)


def _at(request: Request) -> str:
    return f"/notifications/stab/forloeb/{programme_of(request)}/retur/{request.path_params['message_id']}"


async def _found(host: Host, request: Request) -> Refusing:
    async with host.transaction(reader(request)) as tx:
        found = await read_refusing(tx, programme_of(request), request.path_params["message_id"])
    if found is None:
        raise Problem(404, "not_found")
    return found
