"""Who at the organiser may do what: administrators see it, grant roles and take them back."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.address_book import require_email
from services.enrollment.usecases.grant_role import GrantRole
from services.enrollment.usecases.read_programmes import read_programmes
from services.enrollment.usecases.read_staff import read_grant, read_staff
from services.enrollment.usecases.revoke_role import RevokeRole
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.contracts.staff import IN_DANISH, ROLES
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.staff import badge_in, render, staff_form

_LABELS = {"email": "E-mail", "role": "Rolle", "programme_id": "Forløb"}
_DONE = {"givet": "Rollen er givet", "taget": "Rollen er taget tilbage"}
_HERE = "/stab/adgang"
_NEXT = "fra"


async def roles(host: Host, grant: Act, request: Request) -> Response:
    form, status = staff_form(host, request, labels=_LABELS), 200
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        command, status = form.command(GrantRole), 422
        if command is not None:
            reply = await host.door.submit(grant, command, form.key, actor=badge_in(request).actor, patient=True)
            if (refused := reply.refusal()) is None:
                return RedirectResponse(f"{_HERE}?besked=givet", 303)
            form.refuse(refused)
            status = refused.status
        elif form.value("email"):
            _check_email(form)
    return await _page(host, request, form, status)


def _check_email(form: Form) -> None:
    """What else is wrong is said with what the command found."""
    try:
        require_email(form.value("email"), "email")
    except Refused as refused:
        form.refuse(refused)


async def revoke(host: Host, act: Act, request: Request) -> Response:
    """What is taken back is shown first: it is gone from their pages within seconds."""
    grant_id = request.path_params["grant_id"]
    form, status = staff_form(host, request), 200
    if request.method == "POST":
        form = await read_form(request)
        command = RevokeRole(grant_id=grant_id)
        reply = await host.door.submit(act, command, form.key, actor=badge_in(request).actor, patient=True)
        if (refused := reply.refusal()) is None:
            return RedirectResponse(f"{_HERE}?besked=taget", 303)
        form.refuse(refused)
        status = refused.status
    async with host.transaction(_reader(request)) as tx:
        found = await read_grant(tx, grant_id)
    if found is None:
        raise Problem(404, "not_found")
    return render(host, request, "enrollment/revoke_role.html", status=status, form=form, one=_shown(found, {}))


async def _page(host: Host, request: Request, form: Form, status: int) -> Response:
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(_NEXT)) else {}
    async with host.transaction(_reader(request)) as tx:
        found = await read_staff(tx, asked)
        titles = {one["programme_id"]: one["title"] for one in (await read_programmes(tx, {}))["programmes"]}
    return render(
        host,
        request,
        "enrollment/staff_roles.html",
        status=status,
        form=form,
        granted=[_shown(one, titles) for one in found["roles"]],
        following=found["next"],
        choices=[(role, IN_DANISH[role]) for role in ROLES],
        programmes=sorted(titles.items(), key=lambda one: one[1].casefold()),
        said=_DONE.get(request.query_params.get("besked", "")),
    )


def _shown(one: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    where = titles.get(one["programme_id"], one["programme_id"]) if one["programme_id"] else "Alle forløb"
    return {**one, "word": IN_DANISH[one["role"]], "where": where}


def _reader(request: Request) -> Cause:
    return Cause(new_correlation(), None, badge_in(request).actor)
