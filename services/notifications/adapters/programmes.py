"""Programmes as every fact names them, and the reminder days of those whose publication was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.notifications.domain.reminders import UNLESS_AGREED
from services.notifications.domain.text import storable
from shared.contracts.programme import ProgrammeRef, ProgrammeTerms
from shared.storage.tx import Tx


async def keep(tx: Tx, refs: Iterable[ProgrammeRef]) -> None:
    """Store the newest version of each, and lock them all until the transaction ends."""
    newest: dict[str, ProgrammeRef] = {}
    for ref in refs:
        if ref.id not in newest or ref.version > newest[ref.id].version:
            newest[ref.id] = ref
    ids = sorted(newest)
    await tx.execute(
        """
        INSERT INTO programmes AS p (id, version, ref)
        SELECT id, version, ref::jsonb FROM unnest($1::text[], $2::integer[], $3::text[]) AS u (id, version, ref)
        ORDER BY id
        ON CONFLICT (id) DO UPDATE SET
            ref = CASE WHEN excluded.version >= p.version THEN excluded.ref ELSE p.ref END,
            version = greatest(p.version, excluded.version)
        """,
        ids,
        [newest[one].version for one in ids],
        [_stored(newest[one]) for one in ids],
    )


async def keep_terms(tx: Tx, terms: Sequence[ProgrammeTerms]) -> None:
    """Store what was published; call `keep` first. The newest version wins."""
    await tx.execute(
        """
        UPDATE programmes p SET reminder_days = string_to_array(u.days, ',')::integer[], terms_version = u.version
        FROM unnest($1::text[], $2::integer[], $3::text[]) AS u (id, version, days)
        WHERE p.id = u.id AND (p.terms_version IS NULL OR p.terms_version <= u.version)
        """,
        [one.ref.id for one in terms],
        [one.ref.version for one in terms],
        [",".join(str(days) for days in one.terms.reminder_days) for one in terms],
    )


async def reminder_days(tx: Tx, ids: Iterable[str]) -> dict[str, tuple[int, ...]]:
    rows = await tx.fetch("SELECT id, reminder_days FROM programmes WHERE id = ANY($1::text[])", sorted(set(ids)))
    return {row["id"]: UNLESS_AGREED if row["reminder_days"] is None else tuple(row["reminder_days"]) for row in rows}


async def load_all(tx: Tx) -> dict[str, ProgrammeRef]:
    rows = await tx.fetch("SELECT id, ref::text AS ref FROM programmes ORDER BY id")
    return {row["id"]: ProgrammeRef.model_validate_json(row["ref"]) for row in rows}


async def of_subject(tx: Tx, about: str) -> ProgrammeRef | None:
    """The programme that a programme, an enrolment or a meeting (`<kind>/<id>`) belongs to, if it is known."""
    kind, _, one = about.partition("/")
    ref = await tx.fetchval(
        """
        SELECT p.ref::text FROM programmes p
        WHERE ($1 = 'programme' AND p.id = $2)
           OR ($1 = 'enrolment' AND p.id = (SELECT programme_id FROM enrolments WHERE id = $2))
           OR ($1 = 'meeting' AND p.id = (SELECT programme_id FROM meetings WHERE id = $2))
        """,
        kind,
        one,
    )
    return None if ref is None else ProgrammeRef.model_validate_json(ref)


def _stored(ref: ProgrammeRef) -> str:
    return type(ref).model_validate(storable(ref.model_dump())).model_dump_json()
