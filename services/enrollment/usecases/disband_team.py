"""An enrolment that has ended has no standing team."""

from __future__ import annotations

from services.enrollment.adapters import teams
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.team import disband, team_terms
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def disband_team(tx: Tx, programme: Programme, enrolment: Enrolment, because: Cause) -> None:
    """The enrolment is locked."""
    if not team_terms(enrolment):
        return
    team = await teams.lock(tx, programme, enrolment)

    decided = disband(team)

    await teams.save(tx, team, decided.after, because)
    tx.tell(decided, because=because)
