"""A programme is published, changed or cancelled: its meetings follow its file."""

from __future__ import annotations

from collections.abc import Sequence

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import Standing, cancel, drop, follow_plan
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.decision import Decision
from shared.contracts.enrollment import ProgrammeCancelled, ProgrammeChanged, ProgrammePublished
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx


async def plan_meetings(tx: Tx, events: Sequence[Received[ProgrammePublished]]) -> None:
    for event in events:
        await _follow(tx, event.data.terms, event.cause)


async def change_meetings(tx: Tx, events: Sequence[Received[ProgrammeChanged]]) -> None:
    for event in events:
        await _follow(tx, event.data.terms, event.cause)


async def cancel_meetings(tx: Tx, events: Sequence[Received[ProgrammeCancelled]]) -> None:
    for event in events:
        if await meetings.save_frame(tx, event.data.terms, event.cause, cancelled=True):
            for standing in (await meetings.lock_all(tx, event.data.programme.id)).values():
                if not standing.over:
                    await _carry_out(tx, standing, cancel(standing, event.data.reason), event.cause)


async def _follow(tx: Tx, terms: ProgrammeTerms, cause: Cause) -> None:
    """Meetings that the file no longer names are cancelled; those that were added beside it stay."""
    news = await meetings.save_frame(tx, terms, cause, cancelled=False)
    if not news or terms.ref.meetings_owner != tx.source:
        return
    known = await meetings.lock_all(tx, terms.ref.id)
    for said in terms.meetings:
        standing = known.pop(said.key, None)
        await _carry_out(tx, standing, follow_plan(standing, terms.ref, said), cause)
    for standing in known.values():
        await _carry_out(tx, standing, drop(standing), cause)


async def _carry_out(tx: Tx, before: Standing | None, decided: Decision[Standing], cause: Cause) -> None:
    if decided.after != before:
        await meetings.save(tx, decided.after, cause)
    tx.tell(decided, because=cause)
