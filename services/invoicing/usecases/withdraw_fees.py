"""An enrolment, or the whole programme, comes to an end: what is not invoiced yet falls away, but what is delivered.

Of a programme of which nothing was held the fees on invoices are credited; of one of which something was staff are
asked about each fee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from services.invoicing.adapters import claims, programmes
from services.invoicing.domain.claim import (
    LAPSED,
    WITHDRAWN,
    WITHDRAWN_FREE,
    Claim,
    asked_about,
    end_with_programme,
    fall_away,
    fees_to_credit,
    fees_to_withdraw,
    is_to_credit,
)
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import EnrolmentLapsed, EnrolmentWithdrawn, ProgrammeCancelled
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def withdraw_fees(tx: Tx, events: Sequence[Received[EnrolmentWithdrawn]]) -> None:
    """As was agreed: who owes all of the fee goes on owing it. What was ordered and is not delivered falls away; what
    is invoiced staff credit, if anybody does.
    """
    newest = {event.data.enrolment_id: event for event in events}
    for owes, reason in (("nothing", WITHDRAWN_FREE), ("billed", WITHDRAWN), ("all", WITHDRAWN)):
        ended = {one: event.cause for one, event in newest.items() if (event.data.owes or "billed") == owes}
        known = await claims.lock_fees_and_options(tx, ended) if ended else {}
        if owes == "all":
            known = {one: claim for one, claim in known.items() if claim.kind != "fee"}
        await _withdraw(tx, known, ended, reason)


async def lapse_fees(tx: Tx, events: Sequence[Received[EnrolmentLapsed]]) -> None:
    known = await claims.lock_fees_and_options(tx, {event.data.enrolment_id for event in events})
    await _withdraw(tx, known, {event.data.enrolment_id: event.cause for event in events}, LAPSED)


async def withdraw_fees_of_programmes(tx: Tx, events: Sequence[Received[ProgrammeCancelled]]) -> None:
    """Fees that are claimed later on are stopped by the invoice run, options when they are claimed."""
    await programmes.insert_cancelled(tx, (event.data for event in events))
    await _end(tx, {event.data.programme.id: event.cause for event in events}, "", tx.now)


async def withdraw_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    """Fees and options that found no room in the transaction of the programme's end."""
    for timer in timers:
        await _end(tx, {timer.data["programme_id"]: timer.cause}, timer.data["after"], timer.due)


async def _end(tx: Tx, because: Mapping[str, Cause], after: str, due: datetime) -> None:
    """As many as the transaction has room for, by programme; `after` is a claim of the first one."""
    found = await claims.load_ids_of_fees_and_options(tx, (min(because), after), because, tx.room + 1)
    now = found[: tx.room]
    tx.take_on(len(now))
    known = await claims.lock(tx, [one.claim_id for one in now])
    await _end_claims(tx, known, because, due)
    if len(found) > len(now):
        last = now[-1] if now else claims.Place(min(because), after)
        for programme_id in [one for one in because if one >= last.whose]:
            place = last.claim_id if programme_id == last.whose else ""
            tx.set(fees_to_withdraw(programme_id, place, due), because=because[programme_id])


async def _end_claims(tx: Tx, known: Mapping[str, Claim], because: Mapping[str, Cause], due: datetime) -> None:
    cancelled = await programmes.load_cancelled(tx, because)
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in known.values()})
    causes = {claim.id: because[claim.programme_id] for claim in known.values()}

    ended = [end_with_programme(claim, cancelled) for claim in known.values()]

    await claims.save(tx, [one.after for one in ended if one.after != known[one.after.id]], causes)
    asked = []
    for one in ended:
        after, before = one.after, known[one.after.id]
        ref = refs.get((after.programme_id, after.programme_version))
        asked.append(replace(one, facts=asked_about(before, after, ref, tx.source) if ref else ()))
        if cancelled[after.programme_id] is False and is_to_credit(after):
            tx.set(fees_to_credit(after, due), because=causes[after.id])
    tell_all(tx, asked, causes)


async def _withdraw(tx: Tx, known: Mapping[str, Claim], because: Mapping[str, Cause], reason: str) -> None:
    decided = [fall_away(claim, reason) for claim in known.values()]
    changed = [one.after for one in decided if one.after != known[one.after.id]]
    await claims.save(tx, changed, {claim.id: because[claim.enrolment_id] for claim in changed})
