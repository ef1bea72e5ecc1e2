"""What invoicing remembers of programmes and their enrolments' contacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from shared.contracts.parties import Contact
from shared.contracts.programme import ProgrammeRef
from shared.storage.tx import Tx


async def remember(tx: Tx, refs: Iterable[ProgrammeRef]) -> None:
    """Each version of each programme, once."""
    versions = {(ref.id, ref.version): ref for ref in refs}
    known = sorted(versions)
    await tx.execute(
        """
        INSERT INTO programmes (id, version, ref)
        SELECT id, version, ref::jsonb FROM unnest($1::text[], $2::int[], $3::text[]) AS new (id, version, ref)
        ON CONFLICT DO NOTHING
        """,
        [programme_id for programme_id, _ in known],
        [version for _, version in known],
        [versions[key].model_dump_json() for key in known],
    )


async def load(tx: Tx, versions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], ProgrammeRef]:
    wanted = list(versions)
    rows = await tx.fetch(
        """
        SELECT id, version, ref::text AS ref FROM programmes
        JOIN unnest($1::text[], $2::int[]) AS wanted (id, version) USING (id, version)
        """,
        [programme_id for programme_id, _ in wanted],
        [version for _, version in wanted],
    )
    return {(row["id"], row["version"]): ProgrammeRef.model_validate_json(row["ref"]) for row in rows}


async def cancel(tx: Tx, reasons: Mapping[str, str]) -> None:
    await tx.execute(
        """
        INSERT INTO cancelled_programmes (id, reason) SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT DO NOTHING
        """,
        list(reasons),
        list(reasons.values()),
    )


async def cancelled(tx: Tx, programme_ids: Iterable[str]) -> dict[str, str]:
    """The reasons of those that were cancelled."""
    rows = await tx.fetch("SELECT id, reason FROM cancelled_programmes WHERE id = ANY($1::text[])", list(programme_ids))
    return {row["id"]: row["reason"] for row in rows}


async def appoint(tx: Tx, appointed: Sequence[tuple[str, Contact, datetime]]) -> None:
    """(enrolment, contact, when it was told); the latest of each enrolment stands last."""
    latest = {enrolment_id: (contact, told_at) for enrolment_id, contact, told_at in appointed}
    await tx.execute(
        """
        INSERT INTO appointed_contacts (enrolment_id, contact, appointed_at)
        SELECT id, contact::jsonb, told_at
        FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS new (id, contact, told_at)
        ON CONFLICT (enrolment_id) DO UPDATE SET contact = excluded.contact, appointed_at = excluded.appointed_at
        """,
        list(latest),
        [contact.model_dump_json() for contact, _ in latest.values()],
        [told_at for _, told_at in latest.values()],
    )


async def appointed(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, tuple[Contact, datetime]]:
    rows = await tx.fetch(
        """
        SELECT enrolment_id, contact::text AS contact, appointed_at FROM appointed_contacts
        WHERE enrolment_id = ANY($1::text[])
        """,
        list(enrolment_ids),
    )
    return {row["enrolment_id"]: (Contact.model_validate_json(row["contact"]), row["appointed_at"]) for row in rows}
