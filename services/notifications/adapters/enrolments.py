"""Enrolments as far as letters go."""

from __future__ import annotations

import json
from collections.abc import Iterable

from services.notifications.domain.enrolment import Enrolment
from services.notifications.domain.text import address_key, storable
from shared.contracts.parties import Contact, Organisation
from shared.storage.tx import Tx


async def load(tx: Tx, ids: Iterable[str]) -> dict[str, Enrolment]:
    rows = await tx.fetch(
        """
        SELECT id, programme_id, organisation_code, organisation_name, has_place, group_id, person_id, contact_name,
               email, contact_role, attendance::text AS attendance, participants_path, enrolled_at, since, withdrawn_at
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
            enrolled_at=row["enrolled_at"],
            withdrawn_at=row["withdrawn_at"],
        )
        for row in rows
    }


async def save(tx: Tx, enrolments: Iterable[Enrolment]) -> None:
    newest = {one.id: one for one in enrolments}
    rows = [newest[one] for one in sorted(newest)]
    await tx.execute(
        """
        INSERT INTO enrolments (id, programme_id, organisation_code, organisation_name, has_place, group_id, person_id,
                                contact_name, email, address_key, contact_role, attendance, participants_path,
                                enrolled_at, since, withdrawn_at)
        SELECT id, programme_id, organisation_code, organisation_name, has_place, group_id, person_id, contact_name,
               email, address_key, contact_role, attendance::jsonb, participants_path, enrolled_at, since, withdrawn_at
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[],
                    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[],
                    $15::timestamptz[], $16::timestamptz[])
             AS u (id, programme_id, organisation_code, organisation_name, has_place, group_id, person_id, contact_name,
                   email, address_key, contact_role, attendance, participants_path, enrolled_at, since, withdrawn_at)
        ORDER BY id
        ON CONFLICT (id) DO UPDATE SET
            organisation_name = excluded.organisation_name, has_place = excluded.has_place,
            group_id = excluded.group_id, person_id = excluded.person_id, contact_name = excluded.contact_name,
            email = excluded.email, address_key = excluded.address_key, contact_role = excluded.contact_role,
            attendance = excluded.attendance, participants_path = excluded.participants_path,
            enrolled_at = excluded.enrolled_at, since = excluded.since, withdrawn_at = excluded.withdrawn_at
        """,
        [one.id for one in rows],
        [one.programme_id for one in rows],
        [storable(one.organisation.code) for one in rows],
        [storable(one.organisation.name) for one in rows],
        [one.has_place for one in rows],
        [storable(one.group) for one in rows],
        [storable(one.contact.person_id) for one in rows],
        [storable(one.contact.name) for one in rows],
        [storable(one.contact.email) for one in rows],
        [address_key(one.contact.email) for one in rows],
        [storable(one.contact.role) for one in rows],
        [json.dumps(storable(one.attendance)) for one in rows],
        [storable(one.participants_path) for one in rows],
        [one.enrolled_at for one in rows],
        [one.since for one in rows],
        [one.withdrawn_at for one in rows],
    )
