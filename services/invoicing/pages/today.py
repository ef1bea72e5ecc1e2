"""What staff have to do about invoices, on a page of its own and as a part of the workspace."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from services.invoicing.pages.programme import in_sentences
from services.invoicing.usecases.read_today import Today, read_today
from shared.contracts.danish import kroner, short_day
from shared.runtime.service import Host
from shared.web.today import Item, Kind
from shared.web.today import today as today_of

_SEES = "invoicing.invoices"


async def today(host: Host, request: Request) -> Response:
    return await today_of(host, request, "Fakturaer", _SEES, read_today, _kinds)


def _kinds(found: Today) -> Iterator[Kind]:
    yield Kind(
        "holdt-tilbage",
        "tilmeldt kan ikke faktureres endnu" if found.held_back_total == 1 else "tilmeldte kan ikke faktureres endnu",
        found.held_back_total,
        [
            Item(
                one.buyer,
                f"{one.programme}: {kroner(one.amount_ore)} uden moms. {in_sentences(one.finding)}",
                f"/stab/forloeb/{one.programme_id}/tilmeldinger/{one.enrolment_id}",
            )
            for one in found.held_back
        ],
    )
    yield Kind(
        "forfaldne",
        "faktura er ikke betalt til tiden" if found.overdue_total == 1 else "fakturaer er ikke betalt til tiden",
        found.overdue_total,
        [
            Item(
                f"Faktura {one.invoice_id}",
                f"{one.buyer}: mangler {kroner(one.outstanding_ore)}, forfaldt {short_day(one.due_on)}, rykket "
                f"{one.reminders} gang{'' if one.reminders == 1 else 'e'}",
                f"/invoicing/stab/forloeb/{one.programme_id}/fakturaer/{one.invoice_id}",
            )
            for one in found.overdue
        ],
        note=f"I alt udestår {kroner(found.outstanding_ore)}",
    )
