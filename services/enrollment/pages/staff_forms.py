"""Forms that wait for staff to say whose they are: who sent them, and what staff say.

An address is vouched for, or told no to, in all programmes at once: that is for whoever has the role in all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.pages.staff_action import Ask, Doing, carry_out
from services.enrollment.pages.staff_programme import address, cursor_of, following, head_of, reader, show
from services.enrollment.usecases.read_programme_page import Head
from services.enrollment.usecases.read_sign_ups import read_sign_up, read_sign_ups
from shared.base.acts import Act
from shared.base.problems import Problem
from shared.contracts.enrollment import DismissSignUp, DismissSignUps, VouchForAddress
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form
from shared.web.scopes import of_command
from shared.web.staff import badge_in

ON_A_PAGE = "50"
_ONE, _ALL = "postkassen", "domaenet"
_NOT_HERE = (
    "Adressen gælder i alle forløb, og din rolle gælder kun i dette. Bed en kollega med rolle i alle forløb om det. "
    "Du kan afvise denne ene formular."
)
_OUTCOMES = {
    "enrolled": "får plads",
    "waitlisted": "kommer på ventelisten",
}


async def forms(host: Host, request: Request) -> Response:
    named = request.path_params["programme_id"]
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_sign_ups(tx, {"programme_id": named, "limit": ON_A_PAGE, **cursor_of(request)})
    return show(
        host,
        request,
        "staff_forms.html",
        head,
        forms=[_shown(one) for one in found["sign_ups"]],
        following=following(request, found["next"]),
    )


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "domain": one["contact"]["email"].rpartition("@")[2],
        "received": sent_at(datetime.fromisoformat(one["received_at"])),
    }


async def _find(host: Host, request: Request) -> tuple[Head, dict[str, Any]]:
    named = request.path_params
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_sign_up(tx, named["programme_id"], named["sign_up_id"])
    if found is None:
        raise Problem(404, "not_found")
    return head, _shown(found)


def _why_not(host: Host, act: Act, request: Request) -> str:
    everywhere = badge_in(request).may(of_command(act.command, host.service.name))
    return "" if everywhere else _NOT_HERE


def _which(one: Mapping[str, Any]) -> Ask:
    choices = [(_ONE, f"Kun {one['contact']['email']}"), (_ALL, f"Alle med @{one['domain']}")]
    return Ask("gaelder", "Hvad det gælder", type="radio", choices=choices)


def _chosen(form: Form) -> bool | None:
    """Whether all of the domain is meant; None, and an error, when nothing is chosen."""
    if form.value("gaelder") not in {_ONE, _ALL}:
        form.add_error("gaelder", "required", "Vælg, hvad det gælder.")
        return None
    return form.value("gaelder") == _ALL


async def vouch(host: Host, act: Act, request: Request) -> Response:
    head, one = await _find(host, request)

    def command(form: Form) -> Command | None:
        whole = _chosen(form)
        if whole is None:
            return None
        email, code = one["contact"]["email"], one["organisation"]["code"]
        return VouchForAddress(organisation_code=code, email=email, whole_domain=whole)

    doing = Doing(
        title=f"Sig god for {one['contact']['email']}",
        about=one["organisation"]["name"],
        button="Sig god for adressen",
        back=address(request, "/formularer"),
        crumb="Formularer",
        done="adresse",
        text=(
            f"Adressen taler derefter for {one['organisation']['name']} i alle forløb.",
            "Det, der venter på det, får plads i den rækkefølge, det kom i.",
        ),
        asks=(_which(one),),
        start={"gaelder": _ONE},
        sentences=lambda body: _let_in(one["organisation"]["name"], body["sign_ups"]),
        why_not=_why_not(host, act, request),
    )
    return await carry_out(host, request, act, head, doing, command)


def _let_in(name: str, forms: Sequence[Mapping[str, Any]]) -> list[str]:
    """What becomes of those that waited for it."""
    if not forms:
        return ["Ingen formular, der venter, kommer videre ved det."]
    counts = Counter(_OUTCOMES.get(one["outcome"], "bliver ved med at vente") for one in forms)
    return [f"{name} {what}{f' i {number} forløb' if number > 1 else ''}." for what, number in sorted(counts.items())]


async def dismiss(host: Host, act: Act, request: Request) -> Response:
    head, one = await _find(host, request)

    def command(_: Form) -> Command:
        return DismissSignUp(sign_up_id=one["sign_up_id"])

    doing = Doing(
        title=f"Afvis formularen fra {one['contact']['email']}",
        about=one["organisation"]["name"],
        button="Afvis formularen",
        back=address(request, "/formularer"),
        crumb="Formularer",
        done="afvist",
        text=(f"Formularen kom {one['received']}. Den bliver ikke til en tilmelding, og afsenderen får det at vide.",),
        warns=True,
    )
    return await carry_out(host, request, act, head, doing, command)


async def dismiss_alike(host: Host, act: Act, request: Request) -> Response:
    head, one = await _find(host, request)
    email = one["contact"]["email"]

    async def count(form: Form) -> None:
        """How many there are is asked first, and then those are meant and no others."""
        if form.value("gaelder") not in {_ONE, _ALL}:
            return
        asked = DismissSignUps(email=email, whole_domain=form.value("gaelder") == _ALL)
        there = await host.door.rehearse(act, asked, actor=badge_in(request).actor)
        form.values |= {name: str(there.body.get(name, 0)) for name in ("count", "up_to")}

    def command(form: Form) -> Command | None:
        whole = _chosen(form)
        if whole is None:
            return None
        said = Form({name: form.value(name) or "0" for name in ("count", "up_to")})
        wish = said.command(DismissSignUps, email=email, whole_domain=whole)
        form.errors += said.errors
        return wish

    doing = Doing(
        title=f"Afvis alle formularer fra {email}",
        about="Alle forløb",
        button="Afvis dem alle",
        back=address(request, "/formularer"),
        crumb="Formularer",
        done="alle-afvist",
        text=("Det gælder alle formularer i alle forløb, der venter på jer nu. De, der kommer senere, er ikke med.",),
        asks=(_which(one), Ask("count", "Antal", found=True), Ask("up_to", "Til og med", found=True)),
        start={"gaelder": _ONE},
        warns=True,
        sentences=lambda body: [
            "1 formular afvises." if body["count"] == 1 else f"{body['count']} formularer afvises."
        ],
        why_not=_why_not(host, act, request),
    )
    return await carry_out(host, request, act, head, doing, command, count)
