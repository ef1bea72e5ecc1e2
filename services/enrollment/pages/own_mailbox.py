"""Whoever is signed in lets a letter to themselves be sent: here their address is known, elsewhere it is not."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.usecases.read_sessions import read_account
from shared.base.cause import Cause, new_correlation
from shared.base.clock import machine_now
from shared.base.problems import Problem
from shared.runtime.service import Host
from shared.web.own_mailbox import sign_own_mailbox, takes_own_mailbox
from shared.web.staff import badge_in, render, staff_form


async def own_mailbox(host: Host, request: Request) -> Response:
    badge, onward = badge_in(request), request.query_params.get("til", "")
    if not takes_own_mailbox(onward):
        raise Problem(404, "not_found")
    async with host.transaction(Cause(new_correlation(), None, badge.actor)) as tx:
        account = await read_account(tx, badge.subject)
    email = account.email if account else None
    return render(
        host,
        request,
        "enrollment/own_mailbox.html",
        form=staff_form(host, request),
        onward=onward,
        back=onward.removesuffix("/proeve"),
        email=email,
        signed=sign_own_mailbox(host.settings.links, email, badge.subject, machine_now()) if email else "",
    )
