"""The address book: every organisation, what each lacks, and all of it as a spreadsheet that can be imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.book import LACKS, Lack, Line, Sort, lack_of, sought
from services.enrollment.usecases.read_book import read_book, read_sheet, read_twins
from shared.base.listing import CURSOR
from shared.runtime.service import Host
from shared.web.exports import Format, whole_table
from shared.web.forms import read_form
from shared.web.programme_page import NEXT_PAGE, reader
from shared.web.staff import badge_in, render, staff_form

HERE = "/stab/adressebog"
PUT, IMPORT, MERGE = "enrollment.PutOrganisation", "enrollment.ImportAddresses", "enrollment.MergeOrganisations"
_SORTS: Mapping[str, Sort] = {"navn": "name", "kode": "code", "forloeb": "programmes"}
_SORT_WORDS = (("Navn", "navn"), ("Kode", "kode"), ("Forløb nu", "forloeb"))
_DONE = {"indlaest": "Arket er indlæst"}
_WHY = {"cvr": "samme CVR-nummer", "ean": "samme EAN-nummer", "name": "samme navn"}
_HEADINGS = {
    "cvr-nummer": "CVR-nummer",
    "ean-nummer": "EAN-nummer",
    "p-nummer": "P-nummer",
    "fakturaformat": "Fakturaformat",
}


async def book(host: Host, request: Request) -> Response:
    """What is searched for is sent, and stands in no address."""
    asked = request.query_params
    word, lack = asked.get("efter", "navn"), lack_of(asked.get("vis", ""))
    sort = word if word in _SORTS else "navn"
    form, cursor = staff_form(host, request), asked.get(NEXT_PAGE)
    if request.method == "POST":
        typed = await read_form(request)
        form.values["q"], cursor = typed.value("q"), typed.value(NEXT_PAGE) or None
    looked_for = sought(form.value("q"))
    form.values["q"] = looked_for.text
    async with host.transaction(reader(request)) as tx:
        query = {CURSOR: cursor} if cursor else {}
        found = await read_book(tx, query, sort=_SORTS[sort], lack=lack, asked=looked_for)
    badge = badge_in(request)
    return render(
        host,
        request,
        "enrollment/book.html",
        form=form,
        base=HERE,
        rows=[_shown(one) for one in found.lines],
        everybody=(found.everybody, _address(None, sort), lack is None),
        filters=[
            (title, found.counts.get(key, 0), _address(key, sort), key == lack)
            for key, _, title in LACKS
            if found.counts.get(key) or key == lack
        ],
        sorts=[(title, _address(lack, key), key == sort) for title, key in _SORT_WORDS],
        twins=found.twins,
        searched=not looked_for.is_empty,
        following=found.following,
        next_page="" if found.following is None else _address(lack, sort, found.following),
        is_filtered=bool(lack) or not looked_for.is_empty,
        said=_DONE.get(asked.get("besked", ""), ""),
        may_import=badge.may(IMPORT),
        may_merge=badge.may(MERGE),
    )


def _address(lack: Lack | None, sort: str, cursor: str = "") -> str:
    word = next((known for key, known, _ in LACKS if key == lack), "")
    asked = {"vis": word, "efter": "" if sort == "navn" else sort, NEXT_PAGE: cursor}
    kept = {name: value for name, value in asked.items() if value}
    return f"{HERE}?{urlencode(kept)}" if kept else HERE


def mailbox_word(lacks: frozenset[Lack]) -> str:
    if "missing" in lacks:
        return "Mangler"
    return "Kommet retur" if "bounced" in lacks else "Ja"


def _shown(one: Line) -> dict[str, Any]:
    known = {key: title for key, _, title in LACKS}
    return {
        "code": one.code,
        "name": one.name,
        "member": one.member_of is not None,
        "mailbox": mailbox_word(one.lacks),
        "units": one.units,
        "programmes": one.programmes,
        "lacks": [known[key] for key, _, _ in LACKS if key in one.lacks and key not in {"missing", "bounced"}],
    }


async def as_csv(host: Host, request: Request) -> Response:
    return await _sheet(host, request, "csv")


async def as_xlsx(host: Host, request: Request) -> Response:
    return await _sheet(host, request, "xlsx")


async def _sheet(host: Host, request: Request, kind: Format) -> Response:
    async def read(asked: Mapping[str, str]) -> Any:
        async with host.transaction(reader(request)) as tx:
            found = await read_sheet(tx, asked)
        return {**found, "sheet": [{_titled(name): text for name, text in row.items()} for row in found["sheet"]]}

    return await whole_table(read, {}, kind, "adressebog")


def _titled(column: str) -> str:
    return _HEADINGS.get(column, column[:1].upper() + column[1:])


async def twins(host: Host, request: Request) -> Response:
    """Entries that may be one organisation."""
    async with host.transaction(reader(request)) as tx:
        found = await read_twins(tx)
    return render(
        host,
        request,
        "enrollment/book_twins.html",
        base=HERE,
        pairs=[{"pair": one, "why": [_WHY[each] for each in sorted(one.because)]} for one in found],
        may_merge=badge_in(request).may(MERGE),
    )
