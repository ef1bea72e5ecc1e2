"""The contact gives a secretary access to its pages, by a link of the secretary's own, and closes it again.

A GET changes nothing: mail scanners follow links.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.pages.own_link import submit
from services.enrollment.pages.standing import find, render
from services.enrollment.usecases.appoint_secretary import AppointSecretary
from services.enrollment.usecases.dismiss_secretary import DismissSecretary
from shared.base.acts import Act
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.safety import SECRET_ADDRESS

_LABELS = {"name": "Sekretærens navn", "email": "Sekretærens e-mail"}


async def _about(host: Host, act: Act, request: Request, *, template: str, model: type[Command], done: str) -> Response:
    found = await find(host, request, act)
    if isinstance(found, Response):
        return found
    form, status = Form(labels=_LABELS), 200
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        wish, status = form.command(model, enrolment_id=found.enrolment.id), 422
        if wish is not None:
            refused = (await submit(host, act, request, wish, form, found.speaker)).refusal()
            if refused is None:
                return RedirectResponse(f"{found.path}?besked={done}#kontakt", 303, headers=SECRET_ADDRESS)
            form.refuse(refused)
            status = refused.status
    return render(host, template, found, status, form=form)


appoint = partial(_about, template="secretary.html", model=AppointSecretary, done="sekretaer")
dismiss = partial(_about, template="close_secretary.html", model=DismissSecretary, done="sekretaer-lukket")
