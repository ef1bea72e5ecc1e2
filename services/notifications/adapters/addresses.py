"""Who is reached at an address, as letters go."""

from __future__ import annotations

from typing import Literal, NamedTuple

from shared.storage.tx import Tx

As = Literal["contact", "role", "participant", "team"]


class Use(NamedTuple):
    """`label` is what a role is called, or a meeting's title. A guest is of no enrolment."""

    used_as: As
    enrolment_id: str
    organisation: str
    name: str
    label: str


async def load_uses(tx: Tx, programme_id: str, address: str, limit: int = 50) -> list[Use]:
    """In one programme, by those who have their places now. `address` in lower case."""
    rows = await tx.fetch(
        """
        SELECT 'contact' AS used_as, e.id AS enrolment_id, e.organisation_name AS organisation, e.contact_name AS name,
               e.contact_role AS label
        FROM enrolments e WHERE e.address_key = $2 AND e.programme_id = $1 AND e.has_place
        UNION ALL
        SELECT 'role', h.enrolment_id, e.organisation_name, h.name, h.role_label
        FROM role_holders h JOIN enrolments e ON e.id = h.enrolment_id
        WHERE h.address_key = $2 AND h.programme_id = $1
        UNION ALL
        SELECT 'participant', p.enrolment_id, p.organisation_name, p.name, m.meeting ->> 'title'
        FROM participants p JOIN meetings m ON m.id = p.meeting_id
        WHERE p.address_key = $2 AND p.programme_id = $1 AND p.takes_part
        UNION ALL
        SELECT 'team', t.enrolment_id, t.organisation_name, t.name, ''
        FROM team_members t WHERE t.address_key = $2 AND t.programme_id = $1 AND t.takes_part
        ORDER BY 1, 3, 4, 5 LIMIT $3
        """,
        programme_id,
        address,
        limit,
    )
    return [Use(row["used_as"], row["enrolment_id"], row["organisation"], row["name"], row["label"]) for row in rows]
