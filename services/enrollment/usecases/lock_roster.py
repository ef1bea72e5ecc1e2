"""What everybody who changes a roster starts from: its enrolment has a place, and the roster is locked."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes, rosters
from services.enrollment.domain.enrolment import require_place
from services.enrollment.domain.roster import Roster, require_roster
from shared.storage.tx import Tx


async def lock_roster(tx: Tx, enrolment_id: str, meeting_id: str) -> Roster:
    """Refused `unknown_enrolment`, `no_place` or `unknown_meeting`."""
    enrolment = require_place(await enrolments.lock_shared(tx, enrolment_id), tx.cause.client)
    programme = await programmes.lock_going_on(tx, enrolment)
    return require_roster(await rosters.lock(tx, programme, enrolment, meeting_id))
