"""Somebody is on the municipality's standing team from now on, and invited to all of its meetings."""

from __future__ import annotations

from services.enrollment.adapters import links, people, teams
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.team import name_member, size_text
from services.enrollment.usecases.lock_team import lock_team
from shared.base.answers import Answer
from shared.contracts.enrollment import NameTeamMember
from shared.storage.tx import Tx


async def name_team_member(tx: Tx, command: NameTeamMember) -> Answer:
    team = await lock_team(tx, command.enrolment_id)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    code, renames = team.enrolment.organisation.code, people.may_rename(tx.cause, team.enrolment)
    person = await people.recognise(tx, code, name, email, renames=renames)

    paths = links.place_paths(tx.links, team.enrolment, person.person_id, team.next_number)
    decided = name_member(team, person, tx.now, paths=paths)

    await teams.save(tx, team, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"person_id": person.person_id, "size": len(decided.after.members), "team": size_text(decided.after)})
