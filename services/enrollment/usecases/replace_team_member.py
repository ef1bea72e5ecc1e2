"""A colleague takes over from somebody on the standing team, also when it is full."""

from __future__ import annotations

from services.enrollment.adapters import links, people, teams
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.team import replace_member, size_text
from services.enrollment.domain.team_meetings import require_own_swap
from services.enrollment.usecases.load_team_meetings import load_team_meetings
from services.enrollment.usecases.lock_team import lock_team
from shared.base.answers import Answer
from shared.contracts.enrollment import ReplaceTeamMember
from shared.storage.tx import Tx


async def replace_team_member(tx: Tx, command: ReplaceTeamMember) -> Answer:
    team = await lock_team(tx, command.enrolment_id)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    code, renames = team.enrolment.organisation.code, people.may_rename(tx.cause, team.enrolment)
    person = await people.recognise(tx, code, name, email, renames=renames)

    own = tx.cause.is_by(command.person_id) and not team.enrolment.is_contact(command.person_id)
    if own and person.person_id != command.person_id:
        require_own_swap(await load_team_meetings(tx, team), tx.now)
    member = team.member(command.person_id)
    decided = replace_member(
        team,
        command.person_id,
        person,
        tx.now,
        paths=links.place_paths(tx.links, team.enrolment, person.person_id, member.number) if member else None,
        by_participant=own,
    )

    await teams.save(tx, team, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "person_id": person.person_id,
            "previous": command.person_id,
            "size": len(decided.after.members),
            "team": size_text(decided.after),
        }
    )
