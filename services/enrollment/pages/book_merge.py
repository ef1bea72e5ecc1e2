"""Two entries of the address book become one: what moves and what stays as it is are said first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.pages.book import MERGE
from services.enrollment.pages.book_entry import action_page, address, known_of, not_yours
from services.enrollment.usecases.merge_organisations import MergeOrganisations
from services.enrollment.usecases.read_organisations import read_names
from shared.base.acts import Act
from shared.contracts.danish import listed
from shared.contracts.event import Command
from shared.runtime.service import Host
from shared.web.forms import Form, read_form
from shared.web.programme_page import reader
from shared.web.staff import badge_in
from shared.web.staff_action import Ask, Doing, carry_out

_THIS, _OTHER = "denne", "anden"
_LONGEST_CODE = 200


async def merge(host: Host, act: Act, request: Request) -> Response:
    if not badge_in(request).may(MERGE):
        return not_yours(host, request)
    one = (await known_of(host, request)).entry.organisation
    proposed = request.query_params.get("med", "")[:_LONGEST_CODE]
    typed = (await read_form(request)).value("other") if request.method == "POST" else ""
    async with host.transaction(reader(request)) as tx:
        names = await read_names(tx, [one for one in (proposed, typed) if one])
    other = names.get(proposed)

    def command(form: Form) -> Command | None:
        code, stays = form.value("other"), form.value("stays")
        if not code:
            form.add_error("other", "required", "Skriv den andens kode.")
        elif code not in names:
            form.add_error("other", "unknown_organisation", "Ingen organisation i adressebogen har den kode.")
        if stays not in {_THIS, _OTHER}:
            form.add_error("stays", "required", "Vælg, hvem der bliver.")
        if form.errors:
            return None
        goes, into = (code, one.code) if stays == _THIS else (one.code, code)
        return MergeOrganisations(code=goes, into=into)

    doing = Doing(
        title=f"Læg {one.name} sammen med en anden",
        about=f"{one.name} ({one.code})",
        button="Læg dem sammen for altid",
        back=address(one.code),
        crumb=one.name,
        done="lagt-sammen",
        text=(
            "Det kan ikke gøres om.",
            "Tilmeldinger beholder det navn, de blev aftalt med.",
            "Adresser, roller, enheder og domæner samles hos den, der bliver. Siger begge noget, gælder dens.",
        ),
        asks=(
            Ask("other", "Den andens kode", maxlength=_LONGEST_CODE, width="m", hint="Står i adressebogen, fx 0751."),
            Ask(
                "stays",
                "Hvem bliver?",
                type="radio",
                choices=[
                    (_THIS, f"{one.name} ({one.code})"),
                    (_OTHER, f"{other} ({proposed})" if other else "Den anden"),
                ],
            ),
        ),
        start={"other": proposed if other else ""},
        warns=True,
        sentences=_sentences,
    )
    return await carry_out(host, request, act, doing, command, partial(action_page, host, request))


def _sentences(body: Mapping[str, Any]) -> list[str]:
    moved = [
        f"{body[name]} {one if body[name] == 1 else several}"
        for name, one, several in (
            ("units", "enhed", "enheder"),
            ("roles", "rolle", "roller"),
            ("speakers", "postkasse eller domæne", "postkasser og domæner"),
        )
        if body[name]
    ]
    kept = body["enrolments"]
    said = [
        f"{body['name']} ({body['code']}) forsvinder fra adressebogen. {body['into_name']} ({body['into']}) bliver.",
        f"{listed(moved).capitalize()} flytter med." if moved else "Intet flytter med, som ikke stod der i forvejen.",
    ]
    if kept:
        whose = "1 tilmelding beholder" if kept == 1 else f"{kept} tilmeldinger beholder"
        said.append(f"{whose} navnet {body['name']}, men der skrives til {body['into_name']}s postkasser.")
    said.append(f"Koden {body['code']} kan ikke bruges til noget nyt. Hvem der prøver, får den rigtige at vide.")
    return said
