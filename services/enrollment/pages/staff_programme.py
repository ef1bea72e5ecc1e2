"""A programme as staff work with it: what stands above each of its pages, and who is invited or signed up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.confirmation_text import sent_at
from services.enrollment.domain.overview import LINKS, STANDINGS, link_of, standing_of
from services.enrollment.domain.programme import group_title
from services.enrollment.usecases.read_enrolments import read_enrolments
from services.enrollment.usecases.read_programme_page import Head, read_head
from services.enrollment.usecases.read_standings import Row, read_standings
from shared.base.problems import Problem
from shared.contracts.danish import short_day
from shared.contracts.time import COPENHAGEN
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.exports import Format, whole_table
from shared.web.programme_page import cursor_of, following, overview_of, reader, show_programme
from shared.web.staff import badge_in, staff_form

__all__ = ["address", "cursor_of", "following", "head_of", "reader", "show", "shown"]

LONGEST_SEARCH = 100
_DONE = {
    "afmeldt": "Tilmeldingen er afmeldt",
    "godkendt": "Forbeholdet er godkendt",
    "ikke-godkendt": "Det er noteret, at forbeholdet ikke blev godkendt",
    "forbehold": "Forbeholdet er rettet",
    "kontakt": "Kontakten er skiftet",
    "gruppe": "Gruppen er skiftet",
    "faktura": "Oplysningerne til fakturaen er gemt",
    "leveret": "Tilkøbet er meldt leveret",
    "tilbud": "Tilbuddet er givet",
    "adresse": "Adressen er godkendt",
    "afvist": "Formularen er afvist",
    "alle-afvist": "Formularerne er afvist",
    "pladser": "Antallet af pladser er ændret",
    "indskrevet": "Tilmeldingen er skrevet ind",
    "links": "De gamle links er lukket, og nye er sendt",
    "sekretaer": "Sekretæren har fået adgang, og kontakten har fået besked",
    "sekretaer-lukket": "Sekretærens adgang er lukket",
    "udgivet": "Forløbet er udgivet",
    "aflyst": "Forløbet er aflyst. Alle får besked nu",
    "lagt-sammen": "Grupperne er lagt sammen",
    "fra-ark": "Arket indlæses",
    "inviteret": "Invitationerne er sendt",
    "tilmeldt": "Deltageren er tilmeldt",
    "moedt-op": "Deltageren er skrevet på",
    "skiftet": "Deltageren er skiftet",
    "afmeldt-moede": "Deltageren er afmeldt",
    "behov": "Kost og adgang er opdateret",
    "paa-holdet": "Personen er på holdet",
    "hold-skiftet": "Personen er skiftet",
    "af-holdet": "Personen er taget af holdet",
    "inviteret-moede": "Medlemmet er inviteret til mødet",
    "ikke-inviteret": "Invitationen er taget tilbage",
    "bestilt": "Det er bestilt",
    "sagt-nej": "Det er noteret, at kommunen sagde nej til tilbuddet",
    "trukket-tilbage": "Det er trukket tilbage",
    "rolle": "Rollen er gemt",
    "gaest": "Gæsten er inviteret",
    "gaest-fjernet": "Gæsten er taget af listen",
}
"""What was done, by the word in the address of the page after it."""
_SORTS = {"navn": "name", "modtaget": "received", "tilstand": "state", "inviteret": "invited", "aabnet": "opened"}


def address(request: Request, rest: str = "") -> str:
    """Of a page of this programme."""
    return f"{overview_of(request.path_params['programme_id'])}{rest}"


async def head_of(tx: Tx, request: Request) -> Head:
    """Problem 404 where there is no such programme."""
    found = await read_head(tx, request.path_params["programme_id"])
    if found is None:
        raise Problem(404, "not_found")
    return found


def show(host: Host, request: Request, template: str, head: Head, *, status: int = 200, **values: Any) -> Response:
    """A page of the programme, with its tabs."""
    return show_programme(
        host,
        request,
        template if "/" in template else f"enrollment/{template}",
        head.programme.ref,
        said=_DONE.get(request.query_params.get("besked", "")),
        more=_more(request, head),
        status=status,
        head=head,
        terms=head.programme.terms,
        **values,
    )


def _more(request: Request, head: Head) -> list[tuple[str, str]]:
    """What can be done to the whole programme, by whoever is signed in."""
    badge, programme = badge_in(request), head.programme
    archive = [("Arkiv", address(request, "/arkiv"))] if programme.terms.archive else []
    if not programme.open:
        return archive
    here = (
        ("Skriv en tilmelding ind", "/skriv-ind", "enrollment.EnrolMunicipality", programme.has_form),
        ("Indlæs tilmeldinger fra et ark", "/indlaes", "enrollment.BeginImport", programme.has_form),
        ("Invitér kommuner", "/inviter", "enrollment.InviteMunicipalities", programme.has_form),
        ("Lav en ny version", "", "enrollment.PublishProgramme", True),
        ("Læg to grupper sammen", "/grupper", "enrollment.MergeGroups", bool(programme.terms.groups)),
        ("Aflys forløbet", "/aflys", "enrollment.CancelProgramme", True),
    )
    done = [
        (title, address(request, rest) if rest else f"/stab/redigering/ny-version/{programme.id}")
        for title, rest, scope, there in here
        if there and badge.may(scope, programme.id)
    ]
    return [*done, *archive]


async def enrolments(host: Host, request: Request) -> Response:
    asked = request.query_params
    standing, sort = standing_of(asked.get("stilling", "")), asked.get("efter", "navn")
    lacking, named = asked.get("mangler") == "ja", asked.get("soeg", "").strip()[:LONGEST_SEARCH]
    link = link_of(asked.get("link", ""))
    query = {
        "link": link or "",
        "standing": standing.key if standing else "",
        "sort": _SORTS.get(sort, "name"),
        "lacking": "ja" if lacking else "",
        "named": named,
        **cursor_of(request),
    }
    async with host.transaction(reader(request)) as tx:
        head = await head_of(tx, request)
        found = await read_standings(tx, head, query)
    chosen = {
        "stilling": standing.key if standing else "",
        "mangler": "ja" if lacking else "",
        "soeg": named,
        "link": link or "",
    }
    return show(
        host,
        request,
        "staff_enrolments.html",
        head,
        form=staff_form(host, request),
        write_at=f"/notifications/stab/forloeb/{head.programme.id}/skriv",
        rows=[shown(head, one) for one in found.rows],
        following=following(request, found.following),
        filters=[
            (one.word, found.counts[one.key], _with(request, chosen, sort, stilling=one.key), standing is one)
            for one in STANDINGS
            if found.counts[one.key] or standing is one
        ],
        everybody=(sum(found.counts.values()), _with(request, chosen, sort, stilling=""), standing is None),
        sorts=[
            (title, _with(request, chosen, key), sort == key if key in _SORTS else False)
            for title, key in (
                ("Navn", "navn"),
                ("Inviteret", "inviteret"),
                ("Link åbnet", "aabnet"),
                ("Modtaget", "modtaget"),
                ("Stilling", "tilstand"),
            )
        ],
        sort=sort if sort in _SORTS else "navn",
        standing=standing,
        lacking=lacking,
        named=named,
        link=link,
        links=list(LINKS.items()),
        is_filtered=bool(standing or lacking or named or link),
    )


def _with(request: Request, chosen: Mapping[str, str], sort: str, **other: str) -> str:
    asked = {**chosen, "efter": "" if sort == "navn" else sort, **other}
    kept = {name: value for name, value in asked.items() if value}
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def shown(head: Head, row: Row) -> dict[str, Any]:
    one = row.enrolment
    forbehold = one.forbehold
    day = f"svar {short_day(forbehold.expected_on)}" if forbehold.expected_on else ""
    awaited = ", ".join(filter(None, (forbehold.committee, day))) or "åbent"
    return {
        "id": one.id,
        "name": one.organisation.name,
        "status": row.status,
        "received": _day(one.received_at),
        "invited": _day(row.invited_at),
        "opened": _day(row.opened_at),
        "received_at": sent_at(one.received_at) if one.received_at else "",
        "group": group_title(head.programme, one.group) if one.group else "",
        "forbehold": awaited if one.forbehold_open else "",
        "lacks": row.lacks,
        "contact": one.contact,
    }


def _day(at: datetime | None) -> str:
    return short_day(at.astimezone(COPENHAGEN).date()) if at else ""


async def as_csv(host: Host, request: Request) -> Response:
    return await _table(host, request, "csv")


async def as_xlsx(host: Host, request: Request) -> Response:
    return await _table(host, request, "xlsx")


async def _table(host: Host, request: Request, kind: Format) -> Response:
    """The same table as the API's list of enrolments, of this programme."""
    programme_id = request.path_params["programme_id"]

    async def read(asked: Mapping[str, str]) -> Any:
        async with host.transaction(reader(request)) as tx:
            return await read_enrolments(tx, asked)

    async with host.transaction(reader(request)) as tx:
        await head_of(tx, request)
    return await whole_table(read, {"programme_id": programme_id}, kind, f"tilmeldinger-{programme_id}")
