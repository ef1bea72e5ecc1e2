"""Whoever waits moves up where there is a place: the one promotion, called from every path that frees or adds one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.enrollment.adapters import enrolments, links, programmes
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Programme, holds_place
from services.enrollment.domain.sign_up import welcome
from services.enrollment.domain.waiting_list import going_on, left_free, may_have_place, promote, why_nobody
from shared.base.cause import Cause
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class MovedUp:
    """The programmes as they are now, by id, and who has a place since."""

    programmes: Mapping[str, Programme]
    enrolments: tuple[Enrolment, ...]


async def fill_places(tx: Tx, locked: Iterable[Programme], because: Cause, ended: Sequence[Enrolment] = ()) -> MovedUp:
    """As many as the transaction has room for; a timer goes on with the rest at once.

    `ended`: whose places are free with this transaction, as they were; whoever asked for it, staff read whose place
    nobody got, and why.
    """
    after: dict[str, Programme] = {}
    moved: list[Enrolment] = []
    for programme in locked:
        after[programme.id] = programme
        if programme.waits and may_have_place(programme, tx.now, forbehold=False):
            after[programme.id], placed = await _fill(tx, programme, because)
            moved += placed
    await _tell_of_places_left(tx, after, moved, ended, because)
    return MovedUp(after, tuple(moved))


async def _fill(tx: Tx, before: Programme, because: Cause) -> tuple[Programme, list[Enrolment]]:
    most = tx.room if before.free is None else min(tx.room, before.free)
    waiting = await enrolments.lock_waiting(tx, before.id, most, with_forbehold=holds_place(before, tx.now))
    tx.take_on(len(waiting))

    after, placed = promote(before, waiting, tx.now)

    decided = [welcome(one, links.paths_of(tx.links, one.enrolment), tx.now) for one in placed]
    await programmes.take_places(tx, [after])
    await enrolments.save_many(tx, [(one.after, because) for one in decided])
    for one in decided:
        tx.tell(one, because=because)
    if not tx.room and may_have_place(after, tx.now, forbehold=False):
        tx.set(going_on(after, tx.now), because=because)
        after = replace(after, others_first=True)
    return after, [one.after for one in decided]


async def _tell_of_places_left(
    tx: Tx, after: Mapping[str, Programme], moved: Sequence[Enrolment], ended: Sequence[Enrolment], because: Cause
) -> None:
    for programme_id in sorted({one.programme_id for one in ended if one.has_place}):
        waiting = await enrolments.count_waiting(tx, programme_id)
        own = [one for one in ended if one.programme_id == programme_id]
        moved_up = sum(one.programme_id == programme_id for one in moved)
        for fact in left_free(after[programme_id], own, moved_up, waiting, tx.now):
            tx.publish(fact, because)


async def what_moved(tx: Tx, moved: MovedUp, programme_id: str) -> dict[str, Any]:
    """As staff are answered; to others it is nobody's business who else waits."""
    if tx.cause.client is not None or tx.cause.is_person:
        return {}
    waiting = await enrolments.count_waiting(tx, programme_id)
    return {
        "moved_up": [{"enrolment_id": one.id, "organisation": one.organisation.name} for one in moved.enrolments],
        "why_no_more": why_nobody(moved.programmes[programme_id], waiting, tx.now),
    }
