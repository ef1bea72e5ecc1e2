"""How often the links were closed by which somebody comes to an enrolment's invoices. Opaque ids only."""

from __future__ import annotations

from collections.abc import Mapping

from services.invoicing.domain.closed_links import OPEN, Closings, Whose
from shared.storage.tx import Tx


async def keep(tx: Tx, told: Mapping[Whose, Closings]) -> None:
    """Whatever is heard in whichever order, the highest generation stays."""
    whose = sorted(told)
    await tx.execute(
        """
        INSERT INTO closed_links AS c (enrolment_id, person_id, contact_generation, billing_generation)
        SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::integer[])
        ON CONFLICT (enrolment_id, person_id) DO UPDATE
            SET contact_generation = greatest(c.contact_generation, excluded.contact_generation),
                billing_generation = greatest(c.billing_generation, excluded.billing_generation)
        """,
        [enrolment_id for enrolment_id, _ in whose],
        [person_id for _, person_id in whose],
        [told[one].contact for one in whose],
        [told[one].billing for one in whose],
    )


async def load(tx: Tx, enrolment_id: str, person_id: str) -> Closings:
    row = await tx.fetchrow(
        """
        SELECT contact_generation, billing_generation FROM closed_links WHERE enrolment_id = $1 AND person_id = $2
        """,
        enrolment_id,
        person_id,
    )
    return OPEN if row is None else Closings(row["contact_generation"], row["billing_generation"])
