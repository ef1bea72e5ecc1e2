"""A municipality moves to another group of the programme, such as the other regional network."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import group_fields, regroup, require_enrolment
from services.enrollment.usecases.empty_rosters import empty_rosters
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeGroup
from shared.contracts.seen import require_seen
from shared.storage.tx import Tx


async def change_group(tx: Tx, command: ChangeGroup) -> Answer:
    """People leave the rosters of the old group's meetings that are still to come; nobody is moved by guess.

    The programme is locked: whoever merges two groups of it moves all of the one.
    """
    seen = require_enrolment(await enrolments.load(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.lock_of(tx, seen)
    before = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    require_seen(group_fields(before), command.seen)

    decided = regroup(before, programme, command.group)

    if decided.after != before:
        await enrolments.save(tx, decided.after, tx.cause)
        await empty_rosters(tx, programme, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"enrolment_id": decided.after.id, "group": decided.after.group, "was": group_fields(before)})
