"""What everybody who changes a standing team starts from: its enrolment has a place, and the team is locked."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes, teams
from services.enrollment.domain.enrolment import require_place
from services.enrollment.domain.team import Team
from shared.storage.tx import Tx


async def lock_team(tx: Tx, enrolment_id: str) -> Team:
    """Refused `unknown_enrolment` or `no_place`."""
    enrolment = require_place(await enrolments.lock_shared(tx, enrolment_id), tx.cause.client)
    programme = await programmes.lock_going_on(tx, enrolment)
    return await teams.lock(tx, programme, enrolment)
