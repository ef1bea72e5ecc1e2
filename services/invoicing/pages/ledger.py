"""A programme's money: the sums of it, everything owed by organisation, and where each stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from services.invoicing.domain.ledger import STANDS, TITLES, Row, Sums, stands_named
from services.invoicing.pages.programme import address, in_sentences, show, unheard
from services.invoicing.usecases.read_claims import read_claims
from services.invoicing.usecases.read_invoices import read_invoices
from services.invoicing.usecases.read_ledger import MOST_FOUND, read_ledger, read_programme
from shared.contracts.danish import kroner, short_day
from shared.contracts.time import day_of
from shared.runtime.service import Host
from shared.storage.tx import Tx
from shared.web.exports import Format, whole_table
from shared.web.forms import read_form
from shared.web.programme_page import cursor_of, following, reader
from shared.web.staff import staff_form

LONGEST_SEARCH = 200
WIDTH = 1000
"""Of the picture of the sums, in its own units."""
_BAR = {
    "paid": ("Betalt", "#2a6600"),
    "outstanding": ("Udestår, ikke forfaldent", "#0059b3"),
    "overdue": ("Forfaldent", "#b30000"),
    "to_come": ("Ikke faktureret endnu", "#747474"),
}


async def ledger(host: Host, request: Request) -> Response:
    """GET shows a page of it, POST what was looked for: nothing typed stands in an address."""
    programme_id = request.path_params["programme_id"]
    form, named = staff_form(host, request), ""
    if request.method == "POST":
        named = (await read_form(request)).value("q")[:LONGEST_SEARCH]
        form.values["q"] = named
    stands = stands_named(request.query_params.get("staar", ""))
    query = {"stands": stands or "", "named": named, **(cursor_of(request) if not named else {})}
    async with host.transaction(reader(request)) as tx:
        found = await read_ledger(tx, programme_id, query)
    if found is None:
        return unheard(host, request)
    counts = found.sums.counts
    return show(
        host,
        request,
        "invoicing/ledger.html",
        found.ref,
        form=form,
        named=named,
        most=MOST_FOUND if named and len(found.rows) == MOST_FOUND else 0,
        rows=[_row(request, one) for one in found.rows],
        following=following(request, found.following),
        totals=_totals(found.sums),
        bar=[(*_BAR[which], at, wide) for which, at, wide in found.sums.shares(WIDTH)],
        width=WIDTH,
        filters=[
            (
                TITLES[one],
                counts.get(one, 0),
                f"{request.url.path}?{urlencode({'staar': one})}",
                one == stands and not named,
            )
            for one in STANDS
            if counts.get(one) or one == stands
        ],
        everything=(sum(counts.values()), request.url.path, stands is None and not named),
        chosen=TITLES[stands] if stands else "",
    )


def _totals(sums: Sums) -> list[tuple[str, str, str]]:
    """Each with its amount including moms, and what is to be known beside it."""
    return [
        (
            "Ikke faktureret endnu",
            kroner(sums.to_come_ore),
            f"{kroner(sums.to_come_net_ore)} ekskl. moms",
        ),
        ("Faktureret", kroner(sums.invoiced_ore), f"{kroner(sums.invoiced_net_ore)} ekskl. moms"),
        ("Betalt", kroner(sums.paid_ore), ""),
        ("Udestår", kroner(sums.outstanding_ore), ""),
        ("Heraf forfaldent", kroner(sums.overdue_ore), ""),
        ("Krediteret", kroner(sums.credited_ore), ""),
    ]


def _row(request: Request, one: Row) -> dict[str, Any]:
    return {
        "organisation": one.organisation,
        "enrolment": f"/stab/forloeb/{request.path_params['programme_id']}/tilmeldinger/{one.enrolment_id}",
        "what": one.text if one.person_name is None else f"{one.text}: {one.person_name}",
        "claim": address(request, f"/oekonomi/krav/{one.claim_id}"),
        "net": kroner(one.net_ore),
        "gross": kroner(one.gross_ore),
        "stands": TITLES[one.stands],
        "loud": one.stands in {"held_back", "overdue", "to_credit"},
        "about": about(one),
        "invoice_id": one.invoice_id,
        "invoice": address(request, f"/fakturaer/{one.invoice_id}") if one.invoice_id else "",
    }


def about(one: Row) -> str:
    """What is to be known of where it stands."""
    match one.stands:
        case "held_back" | "waived" | "withdrawn" | "to_credit" | "waiting":
            return in_sentences(one.why)
        case "ready" if one.due_at is not None:
            return f"faktureres fra {short_day(day_of(one.due_at))}"
        case "issued" | "overdue" if one.due_on is not None:
            word = "forfaldt" if one.stands == "overdue" else "betales senest"
            left = f", fakturaen mangler {kroner(one.outstanding_ore)}" if one.outstanding_ore is not None else ""
            return f"{word} {short_day(one.due_on)}{left}"
        case _:
            return ""


async def _table(
    read: Callable[[Tx, Mapping[str, str]], Awaitable[Any]], name: str, kind: Format, host: Host, request: Request
) -> Response:
    """The same table as the API's list, of this programme."""
    programme_id = request.path_params["programme_id"]

    async def one_page(asked: Mapping[str, str]) -> Any:
        async with host.transaction(reader(request)) as tx:
            return await read(tx, asked)

    async with host.transaction(reader(request)) as tx:
        if await read_programme(tx, programme_id) is None:
            return unheard(host, request)
    return await whole_table(one_page, {"programme_id": programme_id}, kind, f"{name}-{programme_id}")


claims_as_csv = partial(_table, read_claims, "krav", "csv")
claims_as_xlsx = partial(_table, read_claims, "krav", "xlsx")
invoices_as_csv = partial(_table, read_invoices, "fakturaer", "csv")
invoices_as_xlsx = partial(_table, read_invoices, "fakturaer", "xlsx")
