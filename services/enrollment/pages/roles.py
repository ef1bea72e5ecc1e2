"""A role beside the contact's: who holds it, and the form by which the contact gives it to somebody else.

A GET changes nothing: mail scanners follow links.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.pages.own_link import refuse, submit
from services.enrollment.pages.standing import find, render, stands_now
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_standing import Standing
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.enrollment import ChangeRole
from shared.contracts.seen import person_fields
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.meanwhile import Stands, begin, seen_in
from shared.web.safety import SECRET_ADDRESS

_LABELS = {"name": "Navn", "email": "E-mail", "reason": "Begrundelse", "role_id": "Rolle"}


async def role(host: Host, act: Act, request: Request) -> Response:
    """Both are told; an empty form empties a role that nobody has to hold."""
    found = await find(host, request, act)
    if isinstance(found, Response):
        return found
    role_id = request.path_params["role_id"]
    shown = next((one for one in found.roles if one.term.id == role_id), None)
    if shown is None:
        raise Problem(404, "not_found")
    form, status = begin(Form(labels=_LABELS), person_fields(shown.holder)), 200
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        wish, status = (
            form.command(ChangeRole, enrolment_id=found.enrolment.id, role_id=role_id, seen=seen_in(form)),
            422,
        )
        if wish is not None and not form.errors:
            refused = (await submit(host, act, request, wish, form, found.speaker)).refusal()
            if refused is None:
                return RedirectResponse(found.path, 303, headers=SECRET_ADDRESS)
            wrote = Wrote.role(found.enrolment.id, role_id)
            stands = stands_now(host, request, partial(_stands, role_id), ChangeRole, wrote)
            status = await refuse(form, refused, stands)
    return render(host, "role.html", found, status, form=form, role=shown)


def _stands(role_id: str, found: Standing) -> Stands:
    holder = next((one.holder for one in found.roles if one.term.id == role_id), None)
    return Stands(person_fields(holder), together=(("name", "email"),))
