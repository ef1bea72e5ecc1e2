"""Other systems and their tokens: administrators of all programmes see them, make one, exchange it, and revoke it.

A token is made here, shown on the page that answers, and kept nowhere: what is asked of the service is its SHA-256.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.enrollment.usecases.add_client import AddClient, Days
from services.enrollment.usecases.read_clients import read_client, read_clients, read_token_history
from services.enrollment.usecases.renew_token import RenewToken
from services.enrollment.usecases.revoke_tokens import RevokeTokens
from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.listing import CURSOR
from shared.base.problems import Problem
from shared.contracts.catalogue import BUNDLES, CALLED, OPENS, SERVICES
from shared.contracts.event import Command
from shared.contracts.staff import is_write
from shared.runtime.service import Host
from shared.web import clients
from shared.web.forms import Form, read_form
from shared.web.ledger import Reply
from shared.web.scopes import STAFF
from shared.web.staff import badge_in, render, staff_form
from shared.web.token_use import in_words, moment, read_use
from shared.web.tokens import NAME, PREFIX, TOKEN_BYTES, digest_of

HERE = "/stab/noegler"
_OF_ONE = f"{HERE}/klient"
_LOOK, _EDIT = "_se", "_ret"
_NEXT = "fra"
_DAYS = (("30", "30 dage"), ("90", "90 dage"), ("365", "Et år"))
_ALL = "Alt, i alle tjenester, som personale. Kun til jeres egne værktøjer"
_LABELS = {"client": "Navn", "sources": "Afsendere", "days": "Hvor længe", "may_bundles": "Hvad den må"}
_DONE = {"spaerret": "Nøglerne er spærret", "vist": "Nøglen er lavet, og den er vist"}
_WHAT = {clients.ADDED: "lavede en nøgle til", clients.RENEWED: "byttede nøglen til", clients.REVOKED: "spærrede"}
_DRAWN = frozenset({"sha256"})


@dataclass(frozen=True, slots=True)
class Group:
    """Scopes that stand together in the form: its field, what they are, and each with what it opens."""

    field: str
    title: str
    choices: Sequence[tuple[str, str]]


def _groups() -> tuple[Group, ...]:
    bundles = [(one, OPENS[one]) for one in sorted(BUNDLES) if one in OPENS]
    found = [Group("may_bundles", "Det, andre systemer oftest skal", [*bundles, (STAFF, _ALL)])]
    for service in SERVICES:
        own = [(one, words) for one, words in OPENS.items() if one.startswith(f"{service}.")]
        for field, title, writes in (("see", "se", False), ("do", "gøre", True)):
            choices = [(one, f"{words} ({one})") for one, words in own if is_write(one) == writes]
            found.append(Group(f"may_{service}_{field}", f"{CALLED[service]}: {title}", choices))
    return tuple(one for one in found if one.choices)


GROUPS = _groups()


async def tokens(host: Host, request: Request) -> Response:
    asked = {CURSOR: cursor} if (cursor := request.query_params.get(_NEXT)) else {}
    async with host.transaction(_reader(request)) as tx:
        found = await read_clients(tx, asked)
        use, more_use = await read_use(tx, {})
        history = await read_token_history(tx)
    return render(
        host,
        request,
        "enrollment/staff_tokens.html",
        clients=[_listed(one) for one in found["clients"]],
        following=found["next"],
        use=use,
        more_use=more_use,
        use_days=clients.REFUSED_DAYS,
        parts=_parts(host),
        history=[(moment(one["at"]), one["who"], _WHAT[one["route"]], one["command"]) for one in history],
        said=_DONE.get(request.query_params.get("besked", "")),
    )


async def client(host: Host, request: Request) -> Response:
    found = await _found(host, request)
    async with host.transaction(_reader(request)) as tx:
        use, _ = await read_use(tx, {}, found["name"])
    return render(
        host,
        request,
        "enrollment/staff_token.html",
        one=found,
        may=_said(found["scopes"]),
        tokens=[
            {
                "made": moment(one["made_at"]),
                "who": _by(one["who"]),
                "ends": moment(one["expires_at"]),
                "used": moment(one["last_used_at"]) if one["last_used_at"] else "aldrig brugt",
                "opens": one["opens"],
            }
            for one in found["tokens"]
        ],
        live=any(one["opens"] for one in found["tokens"]),
        use=use,
        use_days=clients.REFUSED_DAYS,
        parts=_parts(host, found["name"]),
        said=_DONE.get(request.query_params.get("besked", "")),
    )


async def add(host: Host, act: Act, request: Request) -> Response:
    """Typed, said what it comes to, done: then the token is on the page that answers, and nowhere else."""
    form, status, looks = staff_form(host, request, labels=_LABELS), 200, False
    if request.method == "POST":
        form, token = await read_form(request, labels=_LABELS), _new_token()
        wish, status = None if _EDIT in form.own else _wish(form, token), 200 if _EDIT in form.own else 422
        if wish is not None and _LOOK in form.own:
            rehearsed = await host.door.rehearse(act, wish, actor=badge_in(request).actor)
            if rehearsed.refused is None:
                looks, status = True, 200
            else:
                form.refuse(rehearsed.refused)
        elif wish is not None:
            reply = await _ask(host, request, act, wish, form)
            if reply.replayed and not reply.refused:
                return RedirectResponse(f"{_OF_ONE}/{wish.client}?besked=vist", 303)
            if (refused := reply.refusal()) is None:
                return _once(host, request, wish.client, token, exchanged=False)
            form.refuse(refused)
            status = refused.status
    return render(
        host,
        request,
        "enrollment/staff_token_new.html",
        status=status,
        form=form,
        groups=GROUPS,
        days=_DAYS,
        looks=looks,
        may=_said(_scopes(form)),
        sources=_sources(form),
        look=_LOOK,
        edit=_EDIT,
    )


async def exchange(host: Host, act: Act, request: Request) -> Response:
    """Another one that opens the same: how long is chosen, and what becomes of the one before is said."""
    found = await _found(host, request)
    form, status = staff_form(host, request, labels=_LABELS), 200
    form.values["days"] = "365"
    if request.method == "POST":
        form, token = await read_form(request, labels=_LABELS), _new_token()
        days, status = _days(form), 422
        if days is not None:
            wish = RenewToken(client=found["name"], days=days, sha256=digest_of(token).hex())
            reply = await _ask(host, request, act, wish, form)
            if reply.replayed and not reply.refused:
                return RedirectResponse(f"{_OF_ONE}/{found['name']}?besked=vist", 303)
            if (refused := reply.refusal()) is None:
                return _once(host, request, found["name"], token, exchanged=True)
            form.refuse(refused)
            status = refused.status
    return render(
        host, request, "enrollment/staff_token_exchange.html", status=status, form=form, one=found, days=_DAYS
    )


async def revoke(host: Host, act: Act, request: Request) -> Response:
    found = await _found(host, request)
    form, status = staff_form(host, request), 200
    if request.method == "POST":
        form = await read_form(request)
        wish = RevokeTokens(client=found["name"])
        reply = await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True)
        if (refused := reply.refusal()) is None:
            return RedirectResponse(f"{_OF_ONE}/{found['name']}?besked=spaerret", 303)
        form.refuse(refused)
        status = refused.status
    live = sum(one["opens"] for one in found["tokens"])
    return render(host, request, "enrollment/staff_token_revoke.html", status=status, form=form, one=found, live=live)


async def _ask(host: Host, request: Request, act: Act, wish: Command, form: Form) -> Reply:
    """When this form was sent before, that token was shown then, and this one is nobody's (`Reply.replayed`)."""
    return await host.door.submit(act, wish, form.key, actor=badge_in(request).actor, patient=True, drawn=_DRAWN)


def _once(host: Host, request: Request, name: str, token: str, *, exchanged: bool) -> Response:
    return render(host, request, "enrollment/staff_token_once.html", name=name, token=token, exchanged=exchanged)


def _new_token() -> str:
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


async def _found(host: Host, request: Request) -> dict[str, Any]:
    name = request.path_params["client"]
    if not NAME.fullmatch(name):
        raise Problem(404, "not_found")
    async with host.transaction(_reader(request)) as tx:
        found = await read_client(tx, name)
    if found is None:
        raise Problem(404, "not_found")
    return found


def _wish(form: Form, token: str) -> AddClient | None:
    """What was typed; None and errors when it is none."""
    if not form.value("client"):
        form.add_error("client", "missing", "Skriv et navn.")
    days = _days(form)
    if not _scopes(form):
        form.add_error("may_bundles", "missing", "Vælg mindst én ting, som nøglen må.")
    if form.errors or days is None:
        return None
    given = {"scopes": tuple(_scopes(form)), "sources": tuple(_sources(form)), "days": days}
    wish = Form(values={"client": form.value("client")})
    found = wish.command(AddClient, sha256=digest_of(token).hex(), **given)
    for one in wish.errors:
        field = one.field.partition(".")[0]
        form.add_error("may_bundles" if field == "scopes" else field, one.code, one.detail)
    return found


def _days(form: Form) -> Days | None:
    """None, and an error, for another number than those that are offered."""
    known: dict[str, Days] = {str(days): days for days in get_args(Days)}
    if (found := known.get(form.value("days"))) is None:
        form.add_error("days", "missing", "Vælg, hvor længe nøglen skal virke.")
    return found


def _scopes(form: Form) -> list[str]:
    return [one for group in GROUPS for one in form.chosen(group.field) if one]


def _sources(form: Form) -> list[str]:
    return [line.strip() for line in form.value("sources").splitlines() if line.strip()]


def _said(scopes: Sequence[str]) -> list[tuple[str, list[str]]]:
    """What these open, in words, by service; bundles, and everything, before them."""
    together = [_ALL if one == STAFF else in_words(one) for one in scopes if "." not in one]
    found = [("", together)] if together else []
    for service in SERVICES:
        own = [in_words(one) for one in scopes if one.startswith(f"{service}.")]
        found += [(CALLED[service], own)] if own else []
    rest = [one for one in scopes if "." in one and one.partition(".")[0] not in SERVICES]
    return [*found, ("Andet", rest)] if rest else found


def _listed(one: dict[str, Any]) -> dict[str, Any]:
    said = [words for _, group in _said(one["scopes"]) for words in group]
    more = len(said) - 2
    return {
        **one,
        "may": "; ".join(said[:2]) + (f"; {more} til" if more > 0 else ""),
        "ends": moment(one["ends"][0]) if one["ends"] else "",
    }


def _parts(host: Host, name: str = "") -> list[tuple[str, str, str]]:
    """Of the other services: id, what each is called, and where it shows its own."""
    query = f"?navn={name}" if name else ""
    others = [one for one in SERVICES if one != host.service.name]
    return [(f"brug-{one}", CALLED[one], f"/{one}/stab/noegler{query}") for one in others]


def _by(who: str | None) -> str:
    return "ved kommandolinjen" if who in {None, clients.OPERATOR} else f"af {who}"


def _reader(request: Request) -> Cause:
    return Cause(new_correlation(), None, badge_in(request).actor)
