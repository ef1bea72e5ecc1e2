"""Who is written to about an enrolment's invoices: its contact, and whoever holds its billing role. Opaque ids only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.invoicing.domain.closed_links import Recipient
from shared.storage.table import Table
from shared.storage.tx import Tx

_HOLDERS = Table(
    "billing_holders",
    {"enrolment_id": "text", "role_id": "text", "person_id": "text"},
    key=("enrolment_id", "role_id"),
)


async def save_holders(tx: Tx, held: Mapping[tuple[str, str], str | None]) -> None:
    """By enrolment and role; None = nobody holds it."""
    gone = [key for key, person_id in held.items() if person_id is None]
    if gone:
        await tx.execute(
            """
            DELETE FROM billing_holders USING unnest($1::text[], $2::text[]) AS gone (enrolment, role)
            WHERE enrolment_id = enrolment AND role_id = role
            """,
            [enrolment_id for enrolment_id, _ in gone],
            [role_id for _, role_id in gone],
        )
    rows = [
        {"enrolment_id": enrolment_id, "role_id": role_id, "person_id": person_id}
        for (enrolment_id, role_id), person_id in sorted(held.items())
        if person_id is not None
    ]
    await _HOLDERS.upsert(tx, rows)


async def load(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, tuple[Recipient, ...]]:
    """By enrolment, the contact that was told of last first; nobody who was erased.

    A claim that was told of after a contact was appointed names whoever it was by then: the enrolment came anew. One
    without an address names nobody (an option of a version before).
    """
    rows = await tx.fetch(
        """
        SELECT enrolment_id, person_id, coalesce(c.contact_generation::bigint + c.billing_generation, 0) AS generation
        FROM ((
            SELECT DISTINCT ON (enrolment_id) enrolment_id, contact ->> 'person_id' AS person_id FROM (
                SELECT enrolment_id, contact, told_at, true AS claimed FROM claims
                WHERE enrolment_id = ANY($1::text[]) AND contact ->> 'email' <> ''
                UNION ALL
                SELECT enrolment_id, contact, appointed_at, false FROM appointed_contacts
                WHERE enrolment_id = ANY($1::text[])
            ) AS told ORDER BY enrolment_id, told_at DESC, claimed DESC
        )
        UNION ALL
        (
            SELECT enrolment_id, person_id FROM billing_holders
            WHERE enrolment_id = ANY($1::text[]) ORDER BY enrolment_id, role_id
        )) AS people LEFT JOIN closed_links c USING (enrolment_id, person_id)
        WHERE NOT EXISTS (SELECT FROM erased_persons AS erased WHERE erased.person_id = people.person_id)
        """,
        sorted(set(enrolment_ids)),
    )
    found: dict[str, dict[Recipient, None]] = {}
    for row in rows:
        found.setdefault(row["enrolment_id"], {})[Recipient(row["person_id"], row["generation"])] = None
    return {enrolment_id: tuple(people) for enrolment_id, people in found.items()}
