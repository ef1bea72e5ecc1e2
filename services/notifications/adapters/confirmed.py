"""Sign-ups that main mailboxes are to be told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from services.notifications.domain.confirmed import Confirmed
from services.notifications.domain.text import storable
from shared.contracts.enrollment import Mailbox
from shared.contracts.parties import Contact, Organisation
from shared.storage.table import Table
from shared.storage.tx import Tx

_CONFIRMED = Table(
    "confirmed_sign_ups",
    {
        "enrolment_id": "text",
        "enrolled_at": "timestamptz",
        "organisation_code": "text",
        "organisation_name": "text",
        "programme_id": "text",
        "role": "text",
        "email": "text",
        "person_id": "text",
        "contact_name": "text",
        "contact_email": "text",
        "day": "date",
    },
    key=("enrolment_id", "enrolled_at"),
)


async def insert_new(tx: Tx, sign_ups: Sequence[Confirmed]) -> None:
    rows = [
        {
            "enrolment_id": storable(one.enrolment_id),
            "enrolled_at": one.enrolled_at,
            "organisation_code": storable(one.organisation.code),
            "organisation_name": storable(one.organisation.name),
            "programme_id": one.programme_id,
            "role": storable(one.to.role),
            "email": storable(one.to.email),
            "person_id": storable(one.contact.person_id),
            "contact_name": storable(one.contact.name),
            "contact_email": storable(one.contact.email),
            "day": one.day,
        }
        for one in sign_ups
    ]
    await _CONFIRMED.insert_new(tx, rows)


async def count_told_of(tx: Tx, enrolment_ids: Sequence[str]) -> int:
    """How many main mailboxes are told of these, and of no others."""
    found: int = await tx.fetchval(
        """
        SELECT count(*) FROM (
            SELECT c.organisation_code FROM confirmed_sign_ups c
            WHERE c.organisation_code IN (SELECT organisation_code FROM confirmed_sign_ups
                                          WHERE enrolment_id = ANY($1::text[]))
            GROUP BY c.organisation_code HAVING bool_and(c.enrolment_id = ANY($1::text[]))
        ) AS told
        """,
        list(enrolment_ids),
    )
    return found


async def take(tx: Tx, organisation_code: str, day: date) -> list[Confirmed]:
    """Of that day and before, in the order of their places; gone from here: whoever takes them tells them."""
    rows = await tx.fetch(
        "DELETE FROM confirmed_sign_ups WHERE organisation_code = $1 AND day <= $2 RETURNING *", organisation_code, day
    )
    return [
        Confirmed(
            enrolment_id=row["enrolment_id"],
            enrolled_at=row["enrolled_at"],
            organisation=Organisation(code=row["organisation_code"], name=row["organisation_name"]),
            programme_id=row["programme_id"],
            to=Mailbox(role=row["role"], email=row["email"]),
            contact=Contact(person_id=row["person_id"], name=row["contact_name"], email=row["contact_email"]),
            day=row["day"],
        )
        for row in sorted(rows, key=lambda row: (row["enrolled_at"], row["enrolment_id"]))
    ]
