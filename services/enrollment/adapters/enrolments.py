"""Enrolments: one organisation in one programme."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from asyncpg import Record
from pydantic import TypeAdapter

from services.enrollment.domain.enrolment import Agreed, Enrolment
from shared.base.cause import Cause
from shared.contracts.parties import Billing, Contact, Organisation
from shared.storage.tx import Tx

_SELECT = """
    SELECT enrolments.id, programme_id, state, forbehold_open, group_id, contact::text AS contact,
        billing::text AS billing, answers::text AS answers, agreed::text AS agreed, number, received_at, enrolled_at,
        withdrawn_at, code, name, region, cvr
    FROM enrolments JOIN organisations ON code = organisation_code
"""
_AGREED = TypeAdapter(Agreed)


async def load(tx: Tx, enrolment_id: str) -> Enrolment | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE enrolments.id = $1", enrolment_id)
    return None if row is None else _enrolment(row)


async def share(tx: Tx, enrolment_id: str) -> Enrolment | None:
    """Held as it stands until the transaction ends; others may hold it so too, but not change it."""
    row = await tx.fetchrow(f"{_SELECT} WHERE enrolments.id = $1 FOR SHARE OF enrolments", enrolment_id)
    return None if row is None else _enrolment(row)


async def lock(tx: Tx, enrolment_ids: Iterable[str]) -> dict[str, Enrolment]:
    """By id, locked in the order of their ids."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE enrolments.id = ANY($1) ORDER BY enrolments.id FOR UPDATE OF enrolments",
        sorted(set(enrolment_ids)),
    )
    return {row["id"]: _enrolment(row) for row in rows}


async def lock_one(tx: Tx, enrolment_id: str) -> Enrolment | None:
    return (await lock(tx, [enrolment_id])).get(enrolment_id)


async def find(
    tx: Tx, *, programme_id: str | None = None, state: str | None = None, organisation_code: str | None = None
) -> tuple[Enrolment, ...]:
    """In Danish order of the organisations; None = any."""
    rows = await tx.fetch(
        f"""{_SELECT}
        WHERE ($1::text IS NULL OR programme_id = $1) AND ($2::text IS NULL OR state = $2)
            AND ($3::text IS NULL OR organisation_code = $3)
        ORDER BY programme_id, sort_key, code""",
        programme_id,
        state,
        organisation_code,
    )
    return tuple(map(_enrolment, rows))


async def save(tx: Tx, enrolments: Sequence[tuple[Enrolment, Cause]]) -> None:
    """Insert or replace each, with the cause beside it."""
    listed = [
        {
            "id": one.id,
            "programme_id": one.programme_id,
            "organisation_code": one.organisation.code,
            "state": one.state,
            "forbehold_open": one.forbehold_open,
            "group_id": one.group,
            "contact": None if one.contact is None else one.contact.model_dump(mode="json"),
            "billing": one.billing.model_dump(mode="json"),
            "answers": dict(one.answers),
            "agreed": _AGREED.dump_python(one.agreed, mode="json") if one.enrolled_at else None,
            "number": one.number,
            "received_at": _iso(one.received_at),
            "enrolled_at": _iso(one.enrolled_at),
            "withdrawn_at": _iso(one.withdrawn_at),
            "correlation_id": cause.correlation_id,
            "causation_id": cause.causation_id,
            "actor": cause.actor,
        }
        for one, cause in sorted(enrolments, key=lambda pair: pair[0].id)
    ]
    await tx.execute(
        """
        INSERT INTO enrolments (id, programme_id, organisation_code, state, forbehold_open, group_id, contact, billing,
            answers, agreed, number, received_at, enrolled_at, withdrawn_at, correlation_id, causation_id, actor)
        SELECT id, programme_id, organisation_code, state, forbehold_open, group_id, contact, billing,
            answers, agreed, number, received_at, enrolled_at, withdrawn_at, correlation_id, causation_id, actor
        FROM jsonb_to_recordset($1::text::jsonb) AS new (
            id text, programme_id text, organisation_code text, state text, forbehold_open boolean, group_id text,
            contact jsonb, billing jsonb, answers jsonb, agreed jsonb, number integer, received_at timestamptz,
            enrolled_at timestamptz, withdrawn_at timestamptz, correlation_id text, causation_id text, actor text)
        ON CONFLICT (id) DO UPDATE SET
            state = excluded.state, forbehold_open = excluded.forbehold_open, group_id = excluded.group_id,
            contact = excluded.contact, billing = excluded.billing, answers = excluded.answers,
            agreed = excluded.agreed, number = excluded.number, received_at = excluded.received_at,
            enrolled_at = excluded.enrolled_at, withdrawn_at = excluded.withdrawn_at,
            correlation_id = excluded.correlation_id, causation_id = excluded.causation_id, actor = excluded.actor
        """,
        json.dumps(listed),
    )


def _iso(instant: Any) -> str | None:
    return None if instant is None else instant.isoformat()


def _enrolment(row: Record) -> Enrolment:
    contact = None if row["contact"] is None else Contact.model_validate_json(row["contact"])
    agreed = Agreed() if row["agreed"] is None else _AGREED.validate_json(row["agreed"])
    return Enrolment(
        id=row["id"],
        programme_id=row["programme_id"],
        organisation=Organisation(code=row["code"], name=row["name"], region=row["region"], cvr=row["cvr"]),
        state=row["state"],
        group=row["group_id"],
        contact=contact,
        billing=Billing.model_validate_json(row["billing"]),
        answers=json.loads(row["answers"]),
        agreed=agreed,
        forbehold_open=row["forbehold_open"],
        number=row["number"],
        received_at=row["received_at"],
        enrolled_at=row["enrolled_at"],
        withdrawn_at=row["withdrawn_at"],
    )
