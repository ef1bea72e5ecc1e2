"""A programme is published, changed or cancelled: its meetings follow its file."""

from __future__ import annotations

from collections.abc import Sequence

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import DROPPED, adopt, cancel, evolve, follow_plan
from shared.base.cause import Cause
from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged, ProgrammePublished
from shared.contracts.programme import ProgrammeTerms
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def plan_meetings(tx: Tx, events: Sequence[Received[ProgrammePublished]]) -> None:
    for event in events:
        await _follow(tx, event.data.terms, event.cause)


async def change_meetings(tx: Tx, events: Sequence[Received[ProgrammeChanged]]) -> None:
    for event in events:
        await _follow(tx, event.data.terms, event.cause)


async def cancel_meetings(tx: Tx, events: Sequence[Received[ProgrammeCancelled]]) -> None:
    for event in events:
        if await meetings.save_programme(tx, event.data.terms, event.cause, cancelled=True):
            for standing in (await meetings.load_all(tx, event.data.programme.id)).values():
                if not standing.over and (fact := cancel(standing, event.data.reason)):
                    await meetings.save(tx, evolve(standing, fact), event.cause)
                    tx.publish(fact, because=event.cause)


async def _follow(tx: Tx, terms: ProgrammeTerms, cause: Cause) -> None:
    """Meetings that the file no longer names are cancelled; those that were added beside it stay."""
    news = await meetings.save_programme(tx, terms, cause, cancelled=False)
    if not news or terms.ref.meetings_owner != tx.source:
        return
    known = await meetings.load_all(tx, terms.ref.id)
    for said in terms.meetings:
        standing = known.pop(said.key, None)
        fact = follow_plan(standing, terms.ref, said)
        if fact is not None:
            await meetings.save(tx, evolve(standing, fact, said), cause)
            tx.publish(fact, because=cause)
        elif standing is not None and not standing.over:
            await meetings.save(tx, adopt(standing, terms.ref, said), cause)
    for standing in known.values():
        if standing.plan is not None and not standing.over and (dropped := cancel(standing, DROPPED)):
            await meetings.save(tx, evolve(standing, dropped), cause)
            tx.publish(dropped, because=cause)
