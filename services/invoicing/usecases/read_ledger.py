"""A programme's money as staff follow it, one thing owed, one invoice, and an invoice that is looked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.invoicing.adapters import audit, claims, invoices, ledger
from services.invoicing.adapters.invoices import Paid, Reminded
from services.invoicing.domain.claim import Claim
from services.invoicing.domain.ledger import Row, Sums, stands_named
from services.invoicing.usecases.read_linked_invoices import LinkedInvoice, read_desk
from shared.base.failures import Failure, classify
from shared.base.listing import invalid_cursor, page_of
from shared.contracts.event import Command
from shared.contracts.programme import ProgrammeRef
from shared.contracts.time import day_of
from shared.storage.tx import Tx

ON_A_PAGE = 50
MOST_FOUND = 50
MOST_PAYMENTS = 200
MOST_DIGITS = 18
"""Of a number that a bigint holds."""


@dataclass(frozen=True, slots=True)
class Ledger:
    ref: ProgrammeRef
    sums: Sums
    rows: Sequence[Row]
    following: str | None


@dataclass(frozen=True, slots=True)
class ClaimPage:
    ref: ProgrammeRef
    row: Row
    claim: Claim


@dataclass(frozen=True, slots=True)
class InvoicePage:
    ref: ProgrammeRef
    desk: LinkedInvoice
    payments: Sequence[Paid]
    reminders: Sequence[Reminded]
    today: date


async def read_programme(tx: Tx, programme_id: str) -> ProgrammeRef | None:
    """None where nothing of it was ever owed."""
    return await ledger.load_programme(tx, programme_id)


async def read_ledger(tx: Tx, programme_id: str, query: Mapping[str, str]) -> Ledger | None:
    """What `named` finds, or a page of what `stands` so; None where nothing of the programme was ever owed. Refused for
    a cursor that is none of ours.
    """
    ref = await ledger.load_programme(tx, programme_id)
    if ref is None:
        return None
    today = day_of(tx.now)
    if named := query.get("named", ""):
        sums, _ = await ledger.load_sums(tx, programme_id, today)
        found = await ledger.load_named(tx, programme_id, today, named, MOST_FOUND)
        return Ledger(ref, sums, found, None)
    page, stands = page_of(query, "ledger", most=ON_A_PAGE), stands_named(query.get("stands", ""))
    try:
        sums, claim_ids = await ledger.load_sums(tx, programme_id, today, stands, page)
        if stands is None:
            placed = await ledger.load_page_of_rows(tx, page, programme_id, today)
        else:
            placed = await ledger.load_rows(tx, programme_id, today, claim_ids)
    except Exception as error:
        if page.after is not None and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise
    rows, following = page.cut(placed)
    return Ledger(ref, sums, rows, following)


async def read_claim_page(tx: Tx, programme_id: str, claim_id: str) -> ClaimPage | ProgrammeRef | None:
    """The programme alone where it has no such claim; None where nothing of it was ever owed."""
    ref = await ledger.load_programme(tx, programme_id)
    if ref is None:
        return None
    row = await ledger.load_row(tx, programme_id, claim_id, day_of(tx.now))
    found = await claims.load(tx, claim_id)
    return ref if row is None or found is None else ClaimPage(ref, row, found[0])


async def read_last_change(tx: Tx, claim_id: str, command: type[Command]) -> tuple[datetime, str] | None:
    """When it was changed last so, and by which actor; None where that is not kept. Machine time."""
    return await audit.load_last(tx, claim_id, getattr(command, "type", command.__name__))


async def read_invoice_page(
    tx: Tx, programme_id: str, invoice_id: str, actor: str
) -> InvoicePage | ProgrammeRef | None:
    """As of a claim. `actor` is who looks."""
    ref = await ledger.load_programme(tx, programme_id)
    if ref is None:
        return None
    found = await invoices.load(tx, invoice_id)
    if found is None or found[0].invoice.programme.id != programme_id:
        return ref
    return InvoicePage(
        ref,
        await read_desk(tx, invoice_id, actor),
        await invoices.load_payments(tx, invoice_id, MOST_PAYMENTS),
        await invoices.load_notices(tx, invoice_id),
        day_of(tx.now),
    )


async def read_numbered(tx: Tx, programme_ids: Collection[str] | None, typed: str) -> list[tuple[str, str, str]]:
    """Invoices of these programmes (None = of all) that what was typed is the id or the number of: id, programme, and
    whom it is to. The id of a credit note finds what it credits.
    """
    digits = typed if typed.isascii() and typed.isdigit() and len(typed) <= MOST_DIGITS else ""
    return await ledger.load_numbered(tx, programme_ids, typed, int(digits) if digits else None, MOST_FOUND)
