"""What everybody who changes a meeting's guests starts from: the meeting, which is locked, and its programme, which
nobody cancels meanwhile.
"""

from __future__ import annotations

from services.enrollment.adapters import meetings, programmes
from services.enrollment.domain.guest import require_meeting
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.programme import Programme, unknown_programme
from shared.storage.tx import Tx


async def lock_guests(tx: Tx, programme_id: str, meeting_id: str) -> tuple[Programme, MeetingCopy]:
    """Refused `unknown_programme` or `unknown_meeting`.

    The programme comes last: whoever holds it waits for nobody, also where a guest is invited and the programme called
    off in one transaction.
    """
    locked = await meetings.lock_many(tx, [meeting_id])
    programme = await programmes.lock_going_on_by_id(tx, programme_id)
    if programme is None:
        raise unknown_programme()
    return programme, require_meeting(programme, locked.get(meeting_id))
