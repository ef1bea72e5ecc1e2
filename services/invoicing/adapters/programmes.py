"""What invoicing remembers of programmes and their enrolments' contacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.invoicing.domain.claim import Appointed
from shared.contracts.enrollment import ProgrammeCancelled
from shared.contracts.parties import Contact
from shared.contracts.programme import ProgrammeRef
from shared.storage.table import Table
from shared.storage.tx import Tx

_PROGRAMMES = Table("programmes", {"id": "text", "version": "integer", "ref": "jsonb"}, key=("id", "version"))
_CANCELLED = Table("cancelled_programmes", {"id": "text", "reason": "text", "some_held": "boolean"}, key=("id",))
_APPOINTED = Table(
    "appointed_contacts",
    {"enrolment_id": "text", "contact": "jsonb", "appointed_at": "timestamptz"},
    key=("enrolment_id",),
)


async def insert_new(tx: Tx, refs: Iterable[ProgrammeRef]) -> None:
    """Each version of each programme, once."""
    versions = {(ref.id, ref.version): ref for ref in refs}
    rows = [{"id": ref.id, "version": ref.version, "ref": ref.model_dump_json()} for ref in versions.values()]
    await _PROGRAMMES.insert_new(tx, rows)


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


async def insert_cancelled(tx: Tx, told: Iterable[ProgrammeCancelled]) -> None:
    """What was told first stands."""
    first: dict[str, ProgrammeCancelled] = {}
    for one in told:
        first.setdefault(one.programme.id, one)
    rows = [{"id": one.programme.id, "reason": one.reason, "some_held": one.some_held} for one in first.values()]
    await _CANCELLED.insert_new(tx, rows)


async def load_cancelled(tx: Tx, programme_ids: Iterable[str]) -> dict[str, bool | None]:
    """Those of them that were cancelled, and whether any of their meetings had been held (None = nothing was said)."""
    rows = await tx.fetch(
        "SELECT id, some_held FROM cancelled_programmes WHERE id = ANY($1::text[])", sorted(set(programme_ids))
    )
    return {row["id"]: row["some_held"] for row in rows}


async def save_appointed(tx: Tx, appointed: Mapping[str, Appointed]) -> None:
    """By enrolment; the newest stands, whatever is heard again."""
    rows = [
        {"enrolment_id": enrolment_id, "contact": one.contact.model_dump_json(), "appointed_at": one.at}
        for enrolment_id, one in appointed.items()
    ]
    await _APPOINTED.upsert(tx, rows, when="excluded.appointed_at >= old.appointed_at")


async def load_appointed(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Appointed]:
    """By enrolment."""
    rows = await tx.fetch(
        """
        SELECT enrolment_id, contact::text AS contact, appointed_at FROM appointed_contacts
        WHERE enrolment_id = ANY($1::text[])
        """,
        list(enrolment_ids),
    )
    return {
        row["enrolment_id"]: Appointed(Contact.model_validate_json(row["contact"]), row["appointed_at"]) for row in rows
    }
