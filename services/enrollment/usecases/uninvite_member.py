"""A member is not to come to a single meeting after all."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, meetings, member_meetings, programmes
from services.enrollment.domain.enrolment import require_place
from services.enrollment.domain.membership import call_off
from shared.base.answers import Answer
from shared.contracts.enrollment import UninviteMember
from shared.storage.tx import Tx


async def uninvite_member(tx: Tx, command: UninviteMember) -> Answer:
    enrolment = require_place(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.load_of(tx, enrolment)
    meeting = await meetings.load(tx, command.meeting_id)
    called = await member_meetings.load(tx, enrolment.id)

    decided = call_off(enrolment, programme, meeting, called)

    if decided.after:
        await member_meetings.remove(tx, enrolment.id, command.meeting_id)
    tx.tell(decided)
    return Answer({"enrolment_id": enrolment.id, "meeting_id": command.meeting_id, "changed": decided.after})
