"""Programmes as every fact names them, and the reminder days of those whose publication was told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from services.notifications.domain.colours import readable
from services.notifications.domain.digest import Staffed
from services.notifications.domain.reminders import UNLESS_AGREED
from services.notifications.domain.subscription import ends_on, planned
from services.notifications.domain.text import storable
from shared.contracts.programme import LookTerm, ProgrammeRef, ProgrammeTerms
from shared.storage.table import Table
from shared.storage.tx import Tx

_PROGRAMMES = Table(
    "programmes",
    {
        "id": "text",
        "version": "integer",
        "ref": "jsonb",
        "reminder_days": "integer[]",
        "terms_version": "integer",
        "asks_needs": "boolean",
        "look_colour": "text",
        "look_text": "text",
        "ends_on": "date",
        "planned": "jsonb",
    },
    key=("id",),
)


async def lock(tx: Tx, refs: Iterable[ProgrammeRef]) -> None:
    """All of them until the transaction ends; first what they say is stored, the newest version of each."""
    newest: dict[str, ProgrammeRef] = {}
    for ref in refs:
        if ref.id not in newest or ref.version > newest[ref.id].version:
            newest[ref.id] = ref
    rows = [{"id": one.id, "version": one.version, "ref": _stored(one)} for one in newest.values()]
    # A row that `when` leaves as it is is locked all the same.
    await _PROGRAMMES.upsert(tx, rows, when="excluded.version >= old.version")


async def lock_known(tx: Tx, ids: Iterable[str]) -> None:
    """As `lock`; nothing new is said of them."""
    await tx.execute("SELECT id FROM programmes WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", sorted(ids))


async def lock_of(tx: Tx, *, meeting_ids: Sequence[str], enrolment_ids: Sequence[str]) -> None:
    """The programmes of these meetings and enrolments, as `lock`; nothing new is said of them."""
    await tx.execute(
        """
        SELECT id FROM programmes WHERE id IN (
            SELECT programme_id FROM meetings WHERE id = ANY($1::text[])
            UNION ALL SELECT programme_id FROM enrolments WHERE id = ANY($2::text[])
            UNION ALL SELECT programme_id FROM team_members WHERE enrolment_id = ANY($2::text[])
        ) ORDER BY id FOR UPDATE
        """,
        meeting_ids,
        enrolment_ids,
    )


async def load_terms_versions(tx: Tx, ids: Iterable[str]) -> dict[str, int]:
    """Of those whose publication was told."""
    rows = await tx.fetch(
        "SELECT id, terms_version FROM programmes WHERE id = ANY($1::text[]) AND terms_version IS NOT NULL",
        sorted(set(ids)),
    )
    return {row["id"]: row["terms_version"] for row in rows}


async def save_terms(tx: Tx, terms: Sequence[ProgrammeTerms]) -> None:
    """Of programmes that are locked."""
    rows = [
        {
            "id": one.ref.id,
            "reminder_days": json.dumps(one.terms.reminder_days),
            "terms_version": one.ref.version,
            "asks_needs": one.needs is not None,
            **_look(one),
            "ends_on": ends_on(one),
            "planned": json.dumps(storable(planned(one.meetings))),
        }
        for one in terms
    ]
    await _PROGRAMMES.update(tx, rows)


async def load_reminder_days(tx: Tx, ids: Iterable[str]) -> dict[str, tuple[int, ...]]:
    rows = await tx.fetch("SELECT id, reminder_days FROM programmes WHERE id = ANY($1::text[])", sorted(set(ids)))
    return {row["id"]: UNLESS_AGREED if row["reminder_days"] is None else tuple(row["reminder_days"]) for row in rows}


async def load_colours(tx: Tx, ids: Iterable[str]) -> dict[str, LookTerm]:
    """Of those that have a look of their own."""
    rows = await tx.fetch(
        "SELECT id, look_colour, look_text FROM programmes WHERE id = ANY($1::text[]) AND look_colour IS NOT NULL",
        sorted(set(ids)),
    )
    return {row["id"]: LookTerm(colour=row["look_colour"], text=row["look_text"]) for row in rows}


async def load_staff(tx: Tx) -> list[Staffed]:
    """Of every programme the mailbox of its staff, and its title."""
    rows = await tx.fetch("SELECT id, ref ->> 'title' AS title, ref ->> 'staff_email' AS email FROM programmes")
    return [Staffed(row["id"], row["title"], row["email"]) for row in rows]


async def load(tx: Tx, ids: Iterable[str]) -> dict[str, ProgrammeRef]:
    rows = await tx.fetch(
        "SELECT id, ref::text AS ref FROM programmes WHERE id = ANY($1::text[]) ORDER BY id", sorted(set(ids))
    )
    return {row["id"]: ProgrammeRef.model_validate_json(row["ref"]) for row in rows}


async def load_many(tx: Tx, ids: Iterable[str]) -> dict[str, ProgrammeRef]:
    """By id."""
    rows = await tx.fetch("SELECT id, ref::text AS ref FROM programmes WHERE id = ANY($1::text[])", sorted(set(ids)))
    return {row["id"]: ProgrammeRef.model_validate_json(row["ref"]) for row in rows}


async def load_of_subject(tx: Tx, about: str) -> ProgrammeRef | None:
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


def _look(terms: ProgrammeTerms) -> dict[str, str | None]:
    look = readable(terms.look)
    return {"look_colour": None, "look_text": None} if look is None else {f"look_{name}": text for name, text in look}


def _stored(ref: ProgrammeRef) -> str:
    return type(ref).model_validate(storable(ref.model_dump())).model_dump_json()
