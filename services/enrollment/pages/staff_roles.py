"""Who at the organiser may do what, and who is signed in: administrators see it, grant roles and take them back, and
sign somebody out.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.address_book import require_email
from services.enrollment.usecases.end_session import EndSession
from services.enrollment.usecases.grant_role import GrantRole
from services.enrollment.usecases.read_clients import read_access_history
from services.enrollment.usecases.read_programmes import read_programmes
from services.enrollment.usecases.read_sessions import read_session, read_signed_in
from services.enrollment.usecases.read_staff import read_grant, read_staff
from services.enrollment.usecases.revoke_role import RevokeRole
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.clock import machine_now
from shared.base.listing import CURSOR
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.contracts.staff import EVERYWHERE, IN_DANISH, ROLES
from shared.runtime.service import Host
from shared.storage.audit import SESSION_ENDED
from shared.web.forms import Form, read_form
from shared.web.staff import badge_in, render, staff_form
from shared.web.token_use import moment

_LABELS = {"email": "E-mail", "role": "Rolle", "programme_id": "Forløb"}
_DONE = {"givet": "Rollen er givet", "taget": "Rollen er taget tilbage", "ude": "Der er logget ud"}
_HERE = "/stab/adgang"
_NEXT, _NEXT_SIGNED_IN = "fra", "inde"
_SESSIONS, _GRANTS = "enrollment.sessions", "enrollment.GrantRole"
_NOT_YOURS = "I kan kun give roller i de forløb, I selv administrerer. Vælg et af dem."
_WHAT = {SESSION_ENDED: "loggede {} ud", "GrantRole": "gav en rolle", "RevokeRole": "tog en rolle tilbage"}


async def roles(host: Host, grant: Act, request: Request) -> Response:
    form, status = staff_form(host, request, labels=_LABELS), 200
    if request.method == "POST":
        form = await read_form(request, labels=_LABELS)
        command, status = form.command(GrantRole), 422
        if command is not None and not badge_in(request).may(_GRANTS, command.programme_id or EVERYWHERE):
            form.add_error("programme_id", "not_yours", _NOT_YOURS)
            status = 403
        elif command is not None:
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
    async with host.transaction(_reader(request)) as tx:
        found = await read_grant(tx, grant_id)
    if found is None or not badge_in(request).may(_GRANTS, found["programme_id"] or EVERYWHERE):
        raise Problem(404, "not_found")
    form, status = staff_form(host, request), 200
    if request.method == "POST":
        form = await read_form(request)
        command = RevokeRole(grant_id=grant_id)
        reply = await host.door.submit(act, command, form.key, actor=badge_in(request).actor, patient=True)
        if (refused := reply.refusal()) is None:
            return RedirectResponse(f"{_HERE}?besked=taget", 303)
        form.refuse(refused)
        status = refused.status
    return render(host, request, "enrollment/revoke_role.html", status=status, form=form, one=_shown(found, {}))


async def end(host: Host, act: Act, request: Request) -> Response:
    """Who is signed out, and where, is shown first."""
    session_id = request.path_params["session_id"]
    if not session_id.isprintable():
        raise Problem(404, "not_found")
    form, status = staff_form(host, request), 200
    if request.method == "POST":
        form = await read_form(request)
        command = EndSession(session_id=session_id, everywhere=form.value("everywhere") == "true")
        reply = await host.door.submit(act, command, form.key, actor=badge_in(request).actor, patient=True)
        if (refused := reply.refusal()) is None:
            return RedirectResponse(f"{_HERE}?besked=ude", 303)
        form.refuse(refused)
        status = refused.status
    async with host.transaction(_reader(request)) as tx:
        found = await read_session(tx, session_id, machine_now())
    if found is None:
        raise Problem(404, "not_found")
    session, account, going_on = found
    return render(
        host,
        request,
        "enrollment/staff_session.html",
        status=status,
        form=form,
        one=session,
        who=_called(account.name, account.email) if account else "Nogen",
        own=session.id == badge_in(request).session,
        began=moment(session.began_at),
        seen=moment(session.seen_at),
        number=len(going_on),
    )


async def _page(host: Host, request: Request, form: Form, status: int) -> Response:
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(_NEXT)) else {}
    inside = {CURSOR: cursor} if (cursor := request.query_params.get(_NEXT_SIGNED_IN)) else {}
    everywhere, own = badge_in(request).may(_SESSIONS), badge_in(request).programmes(_GRANTS)
    async with host.transaction(_reader(request)) as tx:
        found = await read_staff(tx, asked, own)
        signed_in = await read_signed_in(tx, inside) if everywhere else {"signed_in": [], "next": None}
        history = await read_access_history(tx) if everywhere else []
        titles = {one["programme_id"]: one["title"] for one in (await read_programmes(tx, {}))["programmes"]}
    theirs = {one: title for one, title in titles.items() if own is None or one in own}
    return render(
        host,
        request,
        "enrollment/staff_roles.html",
        status=status,
        form=form,
        granted=[_shown(one, titles) for one in found["roles"]],
        following=found["next"],
        choices=[(role, IN_DANISH[role]) for role in ROLES],
        programmes=sorted(theirs.items(), key=lambda one: one[1].casefold()),
        said=_DONE.get(request.query_params.get("besked", "")),
        everywhere=everywhere,
        signed_in=[
            {
                "id": one.session.id,
                "who": _called(one.name, one.email),
                "browser": one.session.browser,
                "began": moment(one.session.began_at),
                "seen": moment(one.session.seen_at),
                "mine": one.session.id == badge_in(request).session,
            }
            for one in signed_in["signed_in"]
        ],
        following_signed_in=signed_in["next"],
        history=[f"{moment(one['at'])}: {one['who']} {_WHAT[one['route']].format(one['whom'])}" for one in history],
    )


def _called(name: str, email: str) -> str:
    return name or email or "Uden navn"


def _shown(one: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    where = titles.get(one["programme_id"], one["programme_id"]) if one["programme_id"] else "Alle forløb"
    return {**one, "word": IN_DANISH[one["role"]], "where": where}


def _reader(request: Request) -> Cause:
    return Cause(new_correlation(), None, badge_in(request).actor)
