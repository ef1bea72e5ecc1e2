"""What everybody who changes a roster starts from: the enrolment with a place, and its locked roster at the meeting."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes, rosters
from services.enrollment.domain.enrolment import Enrolment, Programme, require_place
from services.enrollment.domain.roster import Roster
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def open_roster(tx: Tx, enrolment_id: str, meeting_id: str) -> tuple[Programme, Enrolment, Roster]:
    """Refused `unknown_enrolment`, `no_place` or `unknown_meeting`."""
    enrolment = require_place(await enrolments.share(tx, enrolment_id))
    programme = await programmes.load(tx, enrolment.programme_id)
    roster = None if programme is None else await rosters.lock(tx, programme, enrolment, meeting_id)
    if programme is None or roster is None:
        raise Refused("unknown_meeting", "Mødet findes ikke i forløbet.", status=404, field="meeting_id")
    return programme, enrolment, roster
