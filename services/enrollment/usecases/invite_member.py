"""Staff invite a member that comes to single meetings to one of them."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, meetings, member_meetings, programmes
from services.enrollment.domain.enrolment import require_place
from services.enrollment.domain.membership import call
from shared.base.answers import Answer
from shared.contracts.enrollment import InviteMember
from shared.storage.tx import Tx


async def invite_member(tx: Tx, command: InviteMember) -> Answer:
    enrolment = require_place(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.lock_going_on(tx, enrolment)
    meeting = await meetings.load(tx, command.meeting_id)
    called = await member_meetings.load(tx, enrolment.id)

    decided = call(enrolment, programme, meeting, called, tx.now)

    if decided.after:
        await member_meetings.insert(tx, enrolment.id, command.meeting_id, tx.cause)
    tx.tell(decided)
    return Answer({"enrolment_id": enrolment.id, "meeting_id": command.meeting_id, "changed": decided.after})
