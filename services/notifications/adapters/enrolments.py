"""Enrolments as far as letters go."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable

from services.notifications.domain.enrolment import Enrolment
from services.notifications.domain.text import address_key, storable
from shared.contracts.parties import Contact, Organisation
from shared.storage.table import Table
from shared.storage.tx import Tx

_ENROLMENTS = Table(
    "enrolments",
    {
        "id": "text",
        "programme_id": "text",
        "organisation_code": "text",
        "organisation_name": "text",
        "has_place": "boolean",
        "group_id": "text",
        "person_id": "text",
        "contact_name": "text",
        "email": "text",
        "address_key": "text",
        "contact_role": "text",
        "attendance": "jsonb",
        "participants_path": "text",
        "standing_path": "text",
        "standing_since": "timestamptz",
        "enrolled_at": "timestamptz",
        "since": "timestamptz",
        "withdrawn_at": "timestamptz",
        "contact_quiet_since": "timestamptz",
    },
    key=("id",),
    fixed=("programme_id", "organisation_code"),
)


_FORMER = Table(
    "former_contacts",
    {"enrolment_id": "text", "person_id": "text", "address_key": "text"},
    key=("enrolment_id", "address_key"),
)


async def load(tx: Tx, ids: Iterable[str]) -> dict[str, Enrolment]:
    rows = await tx.fetch(
        """
        SELECT id, programme_id, organisation_code, organisation_name, has_place, group_id, person_id, contact_name,
               email, contact_role, attendance::text AS attendance, participants_path,
               CASE WHEN standing_since = since THEN standing_path END AS standing_path,
               enrolled_at, since, withdrawn_at, contact_quiet_since IS NOT DISTINCT FROM since AS quiet
        FROM enrolments WHERE id = ANY($1::text[])
        """,
        sorted(set(ids)),
    )
    return {
        row["id"]: Enrolment(
            id=row["id"],
            programme_id=row["programme_id"],
            organisation=Organisation(code=row["organisation_code"], name=row["organisation_name"]),
            contact=Contact(
                person_id=row["person_id"], name=row["contact_name"], email=row["email"], role=row["contact_role"]
            ),
            has_place=row["has_place"],
            since=row["since"],
            group=row["group_id"],
            attendance=json.loads(row["attendance"]),
            participants_path=row["participants_path"],
            standing_path=row["standing_path"],
            enrolled_at=row["enrolled_at"],
            withdrawn_at=row["withdrawn_at"],
            quiet=row["quiet"],
        )
        for row in rows
    }


async def load_pages(tx: Tx, people: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Of these (programme, person), who is the contact of an enrolment that has a page of its own: where it is."""
    rows = await tx.fetch(
        """
        SELECT programme_id, person_id,
               coalesce(CASE WHEN standing_since = since THEN standing_path END, participants_path) AS page
        FROM enrolments WHERE person_id = ANY($2::text[]) AND programme_id = ANY($1::text[])
        ORDER BY since
        """,
        sorted({programme for programme, _ in people}),
        sorted({person for _, person in people}),
    )
    return {(row["programme_id"], row["person_id"]): row["page"] for row in rows if row["page"] is not None}


async def save(tx: Tx, enrolments: Iterable[Enrolment]) -> None:
    rows = [
        {
            "id": one.id,
            "programme_id": one.programme_id,
            "organisation_code": storable(one.organisation.code),
            "organisation_name": storable(one.organisation.name),
            "has_place": one.has_place,
            "group_id": storable(one.group),
            "person_id": storable(one.contact.person_id),
            "contact_name": storable(one.contact.name),
            "email": storable(one.contact.email),
            "address_key": address_key(one.contact.email),
            "contact_role": storable(one.contact.role),
            "attendance": json.dumps(storable(one.attendance)),
            "participants_path": storable(one.participants_path),
            "standing_path": storable(one.standing_path),
            "standing_since": one.since,
            "enrolled_at": one.enrolled_at,
            "since": one.since,
            "withdrawn_at": one.withdrawn_at,
            "contact_quiet_since": one.since if one.quiet else None,
        }
        for one in enrolments
    ]
    await _ENROLMENTS.upsert(tx, rows)


async def insert_former(tx: Tx, enrolments: Iterable[Enrolment]) -> None:
    """Whose contacts are no longer reached at the address that they name."""
    rows = [
        {
            "enrolment_id": one.id,
            "person_id": storable(one.contact.person_id),
            "address_key": address_key(one.contact.email),
        }
        for one in enrolments
    ]
    await _FORMER.insert_new(tx, rows)
