"""Who holds the roles beside the contacts'."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.notifications.domain.roles import RoleHolder
from services.notifications.domain.text import address_key, storable
from shared.contracts.parties import Contact
from shared.storage.table import Table
from shared.storage.tx import Tx

_HOLDERS = Table(
    "role_holders",
    {
        "enrolment_id": "text",
        "role_id": "text",
        "programme_id": "text",
        "organisation_code": "text",
        "role_label": "text",
        "purpose": "text",
        "person_id": "text",
        "name": "text",
        "email": "text",
        "address_key": "text",
    },
    key=("enrolment_id", "role_id"),
)


async def load(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, list[RoleHolder]]:
    """By enrolment; of those where anybody has a role."""
    rows = await tx.fetch(
        """
        SELECT enrolment_id, role_id, programme_id, organisation_code, role_label, purpose, person_id, name, email
        FROM role_holders WHERE enrolment_id = ANY($1::text[]) ORDER BY enrolment_id, role_id
        """,
        sorted(set(enrolment_ids)),
    )
    found: dict[str, list[RoleHolder]] = {}
    for row in rows:
        found.setdefault(row["enrolment_id"], []).append(
            RoleHolder(
                enrolment_id=row["enrolment_id"],
                role_id=row["role_id"],
                programme_id=row["programme_id"],
                organisation_code=row["organisation_code"],
                purpose=row["purpose"],
                holder=Contact(
                    person_id=row["person_id"], name=row["name"], email=row["email"], role=row["role_label"]
                ),
            )
        )
    return found


async def save(tx: Tx, holders: Iterable[RoleHolder]) -> None:
    rows = [
        {
            "enrolment_id": storable(one.enrolment_id),
            "role_id": storable(one.role_id),
            "programme_id": storable(one.programme_id),
            "organisation_code": storable(one.organisation_code),
            "role_label": storable(one.holder.role),
            "purpose": storable(one.purpose),
            "person_id": storable(one.holder.person_id),
            "name": storable(one.holder.name),
            "email": storable(one.holder.email),
            "address_key": address_key(one.holder.email),
        }
        for one in holders
    ]
    await _HOLDERS.upsert(tx, rows)


async def mark_vacant(tx: Tx, roles: Sequence[tuple[str, str]]) -> None:
    """Nobody holds them, by enrolment and role."""
    if roles:
        await tx.execute(
            """
            DELETE FROM role_holders USING unnest($1::text[], $2::text[]) AS u (enrolment, role)
            WHERE enrolment_id = enrolment AND role_id = role
            """,
            [enrolment for enrolment, _ in roles],
            [role for _, role in roles],
        )
