"""Staff, or another system, add a meeting that is not in the programme file."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import meeting_id, plan
from services.scheduling.usecases.read_meetings import shown
from shared.base.answers import Answer
from shared.contracts.scheduling import PlanMeeting
from shared.storage.tx import Tx


async def plan_meeting(tx: Tx, command: PlanMeeting) -> Answer:
    frame = await meetings.lock_frame(tx, command.programme_id)
    standing = await meetings.lock(tx, meeting_id(command.programme_id, command.key))

    decided = plan(frame, standing, command, tx.source)

    if decided.after != standing:
        await meetings.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(shown(decided.after), location=f"/api/scheduling/meetings/{decided.after.meeting.id}")
