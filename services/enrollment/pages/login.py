"""Staff sign in with the organiser's identity provider, see where they are signed in, and sign out.

Two cookies, of this host alone: the session's secret, which only this service reads and knows the hash of, and the
badge, which every service reads (`shared.web.badge`). A GET signs nobody out, and begins nothing at the provider.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.session import LONGEST_HOURS, SIGN_IN_MINUTES, SignInFailed, back_to, browser_of
from services.enrollment.usecases.read_sessions import read_sessions
from services.enrollment.usecases.sign_in import CameBack, SignIns
from services.enrollment.usecases.sign_out import sign_out, sign_out_elsewhere
from shared.base.cause import Cause, new_correlation
from shared.base.clock import machine_now
from shared.base.problems import Problem
from shared.contracts.refusal import Refused
from shared.contracts.staff import EVERYWHERE, IN_DANISH
from shared.runtime.service import Host
from shared.web.badge import BADGE_MINUTES, COOKIE
from shared.web.forms import Form, read_form
from shared.web.gate import Caller, caller_of
from shared.web.staff import Renewed, badge_in, render, signed_in, staff_form

SESSION_COOKIE = "__Host-session"
STATE_COOKIE = "__Host-login"
SIGN_INS = {"limit": 60, "seconds": 600}
"""For one address in one window: a whole town hall may sit behind one."""
OF_AN_ACCOUNT = {"limit": 30, "seconds": 600}
_DAY = LONGEST_HOURS * 60


class Login:
    """Of one running service; without `sign_ins` nobody signs in, and the page says so."""

    def __init__(self, host: Host, sign_ins: SignIns | None) -> None:
        self._host = host
        self._sign_ins = sign_ins

    async def front(self, request: Request) -> Response:
        """GET: the way in; whoever is signed in already goes on. POST: off to the provider."""
        if request.method == "POST":
            return await self._begin(request)
        back = back_to(request.query_params.get("til"))
        if "afvist" in request.query_params and await signed_in(self._host, request) is not None:
            # Another would be refused there too: its keys are older than ours, or it has heard of a later sign-out.
            return self._host.pages.render("enrollment/not_let_in.html", status=503, back=back)
        if (renewed := await self.renew(request)) is not None:
            onward = RedirectResponse(back, 303)
            renewed.give(onward)
            return onward
        form = Form(values={"til": back})
        return self._host.pages.render("enrollment/login.html", form=form, possible=self._sign_ins is not None)

    async def _begin(self, request: Request) -> Response:
        form, sign_ins = await read_form(request), self._require_sign_ins()
        await self._host.gate.admit("sign-in", caller_of(request), **SIGN_INS)
        address, state = await sign_ins.begin(back_to(form.value("til")), machine_now())
        response = self._onward(address, out=False)
        _keep(response, STATE_COOKIE, state, minutes=SIGN_IN_MINUTES)
        return response

    async def back(self, request: Request) -> Response:
        """Where the provider sends them. Only the browser that began it may end it, and only once."""
        sign_ins, asked = self._require_sign_ins(), request.query_params
        state = request.cookies.get(STATE_COOKIE, "")
        if not state or not secrets.compare_digest(state.encode(), asked.get("state", "").encode()):
            return self._failed(SignInFailed("browser"))
        await self._host.gate.admit("sign-in back", caller_of(request), **SIGN_INS)

        async def admit(account: str) -> None:
            await self._host.gate.admit("sign-in account", Caller(account), **OF_AN_ACCOUNT)

        browser = browser_of(request.headers.get("user-agent", ""))
        try:
            entered = await sign_ins.come_back(
                CameBack(state, asked.get("code", "")),
                browser,
                request.cookies.get(SESSION_COOKIE),
                machine_now(),
                admit,
            )
        except SignInFailed as why:
            return self._failed(why)
        response = RedirectResponse(entered.back_to, 303)
        _keep(response, SESSION_COOKIE, entered.secret, minutes=_DAY)
        _keep(response, COOKIE, entered.cookie, minutes=BADGE_MINUTES)
        _drop(response, STATE_COOKIE)
        return response

    async def renew(self, request: Request) -> Renewed | None:
        """Another badge for whoever has a session that goes on."""
        secret = request.cookies.get(SESSION_COOKIE)
        found = await self._sign_ins.renew(secret, machine_now()) if secret and self._sign_ins else None
        if found is None:
            return None
        badge, cookie = found
        return Renewed(badge, lambda response: _keep(response, COOKIE, cookie, minutes=BADGE_MINUTES))

    async def out(self, request: Request) -> Response:
        """Signed out here, whatever the provider says then."""
        await read_form(request)
        if secret := request.cookies.get(SESSION_COOKIE):
            async with self._host.transaction(_reading(None)) as tx:
                await sign_out(tx, secret, machine_now())
        address = await self._sign_ins.end_session_url() if self._sign_ins else None
        response = self._onward(address, out=True) if address else RedirectResponse("/", 303)
        for one in (SESSION_COOKIE, COOKIE):
            _drop(response, one)
        return response

    async def told_by_provider(self, request: Request) -> Response:
        """The provider's own call, with a token that it has signed. No form of ours: it has no key."""
        async with request.form(max_files=0, max_fields=10) as sent:
            token = sent.get("logout_token")
        if not isinstance(token, str) or not token:
            raise Problem(400, "parameter_missing")
        await self._require_sign_ins().end_as_told(token, machine_now())
        return Response(status_code=200)

    def _require_sign_ins(self) -> SignIns:
        if self._sign_ins is None:
            raise Problem(503, "sign_in_unset")
        return self._sign_ins

    def _onward(self, address: str, *, out: bool) -> Response:
        """A page that leads to the provider by itself: our policy lets no form be redirected to another host."""
        return self._host.pages.render("enrollment/onward.html", address=address, out=out)

    def _failed(self, why: SignInFailed) -> Response:
        response = self._host.pages.render("enrollment/login_failed.html", status=400, why=why.why)
        _drop(response, STATE_COOKIE)
        return response


async def inside(host: Host, request: Request) -> Response:
    """For whoever signed in in a tab of its own, to go on in another."""
    return render(host, request, "enrollment/inside.html")


async def me(host: Host, request: Request) -> Response:
    """Where somebody is signed in, and what they may do; POST signs them out elsewhere."""
    badge, status = badge_in(request), 200
    form = staff_form(host, request)
    if request.method == "POST":
        form = await read_form(request)
        which = form.value("session_id") or None
        try:
            async with host.transaction(_reading(badge.actor)) as tx:
                await sign_out_elsewhere(tx, badge.subject, which, badge.session, machine_now())
        except Refused as refused:
            form.refuse(refused)
            status = refused.status
        else:
            return RedirectResponse("/login/mig?besked=ud", 303)
    async with host.transaction(_reading(badge.actor)) as tx:
        account, going_on = await read_sessions(tx, badge.subject, machine_now())
    roles = [
        ("Alle forløb" if one == EVERYWHERE else one, ", ".join(IN_DANISH[role] for role in sorted(roles)))
        for one, roles in sorted(badge.roles.items())
    ]
    return render(
        host,
        request,
        "enrollment/me.html",
        status=status,
        account=account,
        sessions=[(one, sent_at(one.began_at), sent_at(one.seen_at)) for one in going_on],
        mine=badge.session,
        roles=roles,
        form=form,
        out_elsewhere=request.query_params.get("besked") == "ud",
    )


def _reading(actor: str | None) -> Cause:
    return Cause(new_correlation(), None, actor)


def _keep(response: Response, name: str, value: str, *, minutes: int) -> None:
    age = int(timedelta(minutes=minutes).total_seconds())
    response.set_cookie(name, value, max_age=age, path="/", secure=True, httponly=True, samesite="lax")


def _drop(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
