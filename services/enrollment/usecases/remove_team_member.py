"""Somebody is not on the standing team any more."""

from __future__ import annotations

from services.enrollment.adapters import teams
from services.enrollment.domain.team import remove_member, size_text
from services.enrollment.domain.team_meetings import require_own_leave
from services.enrollment.usecases.load_team_meetings import load_team_meetings
from services.enrollment.usecases.lock_team import lock_team
from shared.base.answers import Answer
from shared.contracts.enrollment import RemoveTeamMember
from shared.storage.tx import Tx


async def remove_team_member(tx: Tx, command: RemoveTeamMember) -> Answer:
    team = await lock_team(tx, command.enrolment_id)

    own = tx.cause.is_by(command.person_id) and not team.enrolment.is_contact(command.person_id)
    if own:
        require_own_leave(await load_team_meetings(tx, team), tx.now)
    decided = remove_member(team, command.person_id, tx.now, by_participant=own)

    await teams.save(tx, team, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(
        {"person_id": command.person_id, "size": len(decided.after.members), "team": size_text(decided.after)}
    )
