"""Claims have fallen due: they become invoices, with numbers in a row."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from services.invoicing.adapters import claims, invoices, meetings, programmes, recipients
from services.invoicing.adapters.links import document_links, document_path
from services.invoicing.domain.claim import (
    NOT_ENDED,
    Claim,
    MeetingEnd,
    address_to,
    asked_about,
    end_with_programme,
    hold,
    invoice_run,
    invoiced,
)
from services.invoicing.domain.closed_links import Recipient
from services.invoicing.domain.invoice import Held, announce, group, issue, series_taken, whole_groups
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cause import Cause
from shared.base.tasks import alongside
from shared.contracts.decision import Decision
from shared.contracts.invoicing import Invoice
from shared.contracts.programme import ProgrammeRef
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

AT_MOST = 2_000
"""Claims that one transaction invoices; what is left follows in the next, at the same domain time."""
AT_A_TIME = 100
"""Invoices told before PostgreSQL is looked after again."""


async def run_invoices(tx: Tx, timers: Sequence[Timer]) -> None:
    for series, organiser in sorted({(timer.data["series"], timer.data["organiser"]) for timer in timers}):
        await _run(tx, series, organiser)


async def _run(tx: Tx, series: str, organiser: str) -> None:
    due, causes = await claims.lock_due(tx, series, organiser, tx.now, AT_MOST)
    if len(due) == AT_MOST:
        due = whole_groups(due)
        tx.set(invoice_run(series, organiser, tx.now))
    due = await _still_owed(tx, due, causes)
    if not due:
        return
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in due})
    held = await meetings.load_held(tx, {claim.meeting_id for claim in due if claim.meeting_id is not None})
    due = await _with_newest_contacts(tx, due, causes, refs, held)
    if not due:
        return
    groups = group(due)
    people = await recipients.load(tx, {claim.enrolment_id for claim in due})

    first = await invoices.draw_numbers(tx, series, organiser, len(groups))
    if first is None:
        await claims.save_settled(tx, [hold(claim, series_taken(series)).after for claim in due])
        return
    today = day_of(tx.now)
    issued = [issue(together, number, today, refs, held) for number, together in enumerate(groups, first)]
    billed = [
        invoiced(claim, invoice.id) for invoice, together in zip(issued, groups, strict=True) for claim in together
    ]
    because = {invoice.id: causes[invoice.lines[0].claim_id] for invoice in issued}

    async with alongside(_save(tx, issued, billed, because)):
        await _tell(tx, issued, because, people)


async def _save(tx: Tx, issued: Sequence[Invoice], billed: Sequence[Claim], because: Mapping[str, Cause]) -> None:
    await invoices.insert(tx, issued, because)
    await claims.mark_invoiced(tx, billed)


async def _tell(
    tx: Tx, issued: Sequence[Invoice], because: Mapping[str, Cause], people: Mapping[str, Sequence[Recipient]]
) -> None:
    """It gives way now and then, so that PostgreSQL is saving meanwhile."""
    for start in range(0, len(issued), AT_A_TIME):
        await asyncio.sleep(0)
        some = issued[start : start + AT_A_TIME]
        decided = (
            announce(
                one,
                tx.source,
                document_path(tx.links, one.id),
                document_links(tx.links, one, one.id, people.get(one.enrolment_id, ())),
            )
            for one in some
        )
        tell_all(tx, decided, because)


async def _still_owed(tx: Tx, due: Sequence[Claim], causes: Mapping[str, Cause]) -> list[Claim]:
    """What falls away with a programme that was cancelled does so, whichever of the two was heard first; and what staff
    are to decide about waits for them.
    """
    cancelled = await programmes.load_cancelled(tx, {claim.programme_id for claim in due})
    if not cancelled:
        return list(due)
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in due})
    ended = []
    for claim in due:
        after = end_with_programme(claim, cancelled).after
        told = asked_about(claim, after, refs[claim.programme_id, claim.programme_version], tx.source)
        ended.append(Decision(after, told))
    stopped = [one for one in ended if one.after.state != "ready"]
    await claims.save_settled(tx, [one.after for one in stopped])
    tell_all(tx, stopped, causes)
    return [one.after for one in ended if one.after.state == "ready"]


async def _with_newest_contacts(
    tx: Tx,
    due: Sequence[Claim],
    causes: Mapping[str, Cause],
    refs: Mapping[tuple[str, int], ProgrammeRef],
    held: Mapping[str, Held],
) -> list[Claim]:
    """Those that can be invoiced to whoever is the contact now; the others are held back, and staff are told."""
    appointed = await programmes.load_appointed(tx, {claim.enrolment_id for claim in due})
    decided = {
        claim.id: address_to(
            claim,
            appointed[claim.enrolment_id],
            refs[claim.programme_id, claim.programme_version],
            tx.source,
            _ended(claim, held),
        )
        for claim in due
        if claim.enrolment_id in appointed
    }
    stuck = [one for one in decided.values() if one.after.finding]
    await claims.save(tx, [one.after for one in stuck], causes)
    tell_all(tx, stuck, causes)
    addressed = [decided[claim.id].after if claim.id in decided else claim for claim in due]
    return [claim for claim in addressed if not claim.finding]


def _ended(claim: Claim, held: Mapping[str, Held]) -> MeetingEnd:
    return NOT_ENDED if claim.meeting_id is None else MeetingEnd(held[claim.meeting_id].held_on)
