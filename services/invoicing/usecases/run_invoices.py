"""Claims have fallen due: they become invoices, with numbers in a row."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.invoicing.adapters import claims, invoices, links, meetings, programmes
from services.invoicing.domain.claim import NOT_ENDED, Claim, MeetingEnd, address_to, hold, withdraw
from services.invoicing.domain.from_invoice import payment_rows
from services.invoicing.domain.invoice import Held, first_reminder_at, group, issue
from services.invoicing.usecases.tell_held_back import tell_held_back
from services.invoicing.usecases.withdraw_fees import PROGRAMME_CANCELLED
from shared.base.cause import Cause
from shared.contracts.invoicing import Invoice, InvoiceIssued
from shared.contracts.programme import ProgrammeRef
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

AT_MOST = 2_000
"""Claims that one transaction invoices; what is left follows in the next, at the same domain time."""


async def run_invoices(tx: Tx, timers: Sequence[Timer]) -> None:
    for series, organiser in sorted({(timer.data["series"], timer.data["organiser"]) for timer in timers}):
        await _run(tx, series, organiser)


async def _run(tx: Tx, series: str, organiser: str) -> None:
    due, causes = await claims.load_due(tx, series, organiser, tx.now, AT_MOST)
    if len(due) == AT_MOST:
        due = _whole_groups(due)
        claims.arm_run(tx, series, organiser, tx.now, tx.cause)
    due = await _still_owed(tx, due)
    if not due:
        return
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in due})
    held = await meetings.held(tx, {claim.meeting_id for claim in due if claim.meeting_id is not None})
    due = await _with_newest_contacts(tx, due, causes, refs, held)
    if not due:
        return
    groups = group(due)

    first = await invoices.draw_numbers(tx, series, organiser, len(groups))
    if first is None:
        taken = f"Fakturaserien »{series}« tilhører en anden sælger."
        await claims.save_settled(tx, [hold(claim, taken) for claim in due])
        return
    today = day_of(tx.now)
    issued = [
        (issue(billed, number, today, refs, held), causes[billed[0].id]) for number, billed in enumerate(groups, first)
    ]

    saving = asyncio.ensure_future(_save(tx, issued))
    try:
        await _publish(tx, issued)
    finally:
        await saving
    for due_on, cause in {invoice.due_on: cause for invoice, cause in issued}.items():
        invoices.arm_reminder(tx, series, due_on, 1, first_reminder_at(due_on), cause)


async def _save(tx: Tx, issued: Sequence[tuple[Invoice, Cause]]) -> None:
    await invoices.insert(tx, issued)
    await claims.mark_invoiced(tx, {line.claim_id: invoice.id for invoice, _ in issued for line in invoice.lines})


async def _publish(tx: Tx, issued: Sequence[tuple[Invoice, Cause]]) -> None:
    """It gives way now and then, so that PostgreSQL is saving meanwhile."""
    for position, (invoice, cause) in enumerate(issued):
        if position % 100 == 0:
            await asyncio.sleep(0)
        fact = InvoiceIssued(
            owner=tx.source,
            invoice_id=invoice.id,
            invoice=invoice,
            how_to_pay=payment_rows(invoice),
            document_path=links.document_path(invoice.id),
        )
        tx.publish(fact, because=cause)


def _whole_groups(due: Sequence[Claim]) -> list[Claim]:
    """Without the last ones that stand together: more of them may be on the other side of the limit."""
    last = (due[-1].enrolment_id, due[-1].meeting_id)
    return [claim for claim in due if (claim.enrolment_id, claim.meeting_id) != last] or list(due)


async def _still_owed(tx: Tx, due: Sequence[Claim]) -> list[Claim]:
    """A fee of a programme that was cancelled falls away, whichever of the two was heard first."""
    cancelled = await programmes.cancelled(tx, {claim.programme_id for claim in due})
    fallen = [claim for claim in due if claim.kind == "fee" and claim.programme_id in cancelled]
    await claims.save_settled(tx, [withdraw(claim, PROGRAMME_CANCELLED) for claim in fallen])
    return [claim for claim in due if claim.kind == "extra" or claim.programme_id not in cancelled]


async def _with_newest_contacts(
    tx: Tx,
    due: Sequence[Claim],
    causes: Mapping[str, Cause],
    refs: Mapping[tuple[str, int], ProgrammeRef],
    held: Mapping[str, Held],
) -> list[Claim]:
    """Those that can be invoiced to whoever is the contact now; the others are held back, and staff are told."""
    appointed = await programmes.appointed(tx, {claim.enrolment_id for claim in due})
    if not appointed:
        return list(due)
    addressed = [
        address_to(claim, newer[0], refs[claim.programme_id, claim.programme_version], _ended(claim, held))
        if (newer := appointed.get(claim.enrolment_id)) and newer[1] > claim.told_at
        else claim
        for claim in due
    ]
    found = [claim for claim in addressed if claim.finding]
    of_enrolment = {claim.enrolment_id: refs[claim.programme_id, claim.programme_version] for claim in found}
    await claims.save(tx, found, causes)
    tell_held_back(tx, found, of_enrolment, causes)
    return [claim for claim in addressed if not claim.finding]


def _ended(claim: Claim, held: Mapping[str, Held]) -> MeetingEnd:
    return NOT_ENDED if claim.meeting_id is None else MeetingEnd(held[claim.meeting_id].held_on)
