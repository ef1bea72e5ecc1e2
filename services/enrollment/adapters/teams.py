"""Standing teams: one enrolment's people at every meeting of its kinds."""

from __future__ import annotations

from collections.abc import Iterable

from services.enrollment.adapters import people, seat_moves
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.moves import moves
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.team import Member, Team
from shared.base.cause import Cause
from shared.contracts.parties import Person
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_TEAMS = Table(
    "teams",
    {"enrolment_id": "text", "size": "integer", "most": "integer", "next_number": "integer"},
    key=("enrolment_id",),
)
_MEMBERS = Table(
    "team_members",
    {
        "enrolment_id": "text",
        "person_id": "text",
        "number": "integer",
        "named_at": "timestamptz",
        "written_name": "text",
        "written_email": "text",
        **CAUSE,
    },
    key=("enrolment_id", "person_id"),
)


async def lock(tx: Tx, programme: Programme, enrolment: Enrolment) -> Team:
    row = await tx.fetchrow(
        """
        INSERT INTO teams (enrolment_id) VALUES ($1)
        ON CONFLICT (enrolment_id) DO UPDATE SET enrolment_id = excluded.enrolment_id RETURNING next_number
        """,
        enrolment.id,
    )
    if row is None:
        raise RuntimeError("an upsert returned no row")
    return Team(programme, enrolment, await _members(tx, enrolment.id), row["next_number"])


async def load(tx: Tx, programme: Programme, enrolment: Enrolment) -> Team:
    number = await tx.fetchval("SELECT next_number FROM teams WHERE enrolment_id = $1", enrolment.id)
    return Team(programme, enrolment, await _members(tx, enrolment.id), number or 1)


async def load_sizes(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, int]:
    """How many are on each, by enrolment; nobody names more while the enrolments are locked."""
    rows = await tx.fetch("SELECT enrolment_id, size FROM teams WHERE enrolment_id = ANY($1)", sorted(enrolment_ids))
    return {row["enrolment_id"]: row["size"] for row in rows}


async def save(tx: Tx, before: Team, after: Team, cause: Cause) -> None:
    """Of a locked team; as rosters are saved, and who came and went with it. Whoever is only written otherwise keeps
    their row, and with it what they have said that they need; whoever is gone loses it.
    """
    as_written = not people.may_rename(cause, after.enrolment)
    size = {"size": len(after.members), "most": after.most, "next_number": after.next_number}
    stay = {one.person.person_id for one in after.members}
    gone = [one.person.person_id for one in before.members if one.person.person_id not in stay]
    if gone:
        await tx.execute("DELETE FROM team_members WHERE enrolment_id = $1 AND person_id = ANY($2)", after.id, gone)
    await _TEAMS.update(tx, [{"enrolment_id": after.id, **size}])
    await _MEMBERS.upsert(
        tx,
        [
            {
                "enrolment_id": after.id,
                "person_id": one.person.person_id,
                "number": one.number,
                "named_at": one.named_at,
                "written_name": one.person.name if as_written else None,
                "written_email": one.person.email if as_written else None,
                **cause_columns(cause),
            }
            for one in after.members
            if one not in before.members
        ],
    )
    earlier, later = ({one.number: one.person for one in team.members} for team in (before, after))
    await seat_moves.insert(tx, after.id, moves(earlier, later, tx.now, cause.actor), as_written=as_written)


async def _members(tx: Tx, enrolment_id: str) -> tuple[Member, ...]:
    rows = await tx.fetch(
        """
        SELECT m.person_id, coalesce(m.written_name, p.name) AS name, coalesce(m.written_email, p.email) AS email,
               m.named_at, m.number, m.actor
        FROM team_members m JOIN people p ON p.person_id = m.person_id WHERE m.enrolment_id = $1
        ORDER BY m.named_at, m.number
        """,
        enrolment_id,
    )
    return tuple(
        Member(
            person=Person(person_id=row["person_id"], name=row["name"], email=row["email"]),
            named_at=row["named_at"],
            number=row["number"],
            put_in_by=row["actor"],
        )
        for row in rows
    )
