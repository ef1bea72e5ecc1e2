"""Forms that wait for their contact to press the mailed link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.enrollment import EnrolMunicipality
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class SignUp:
    id: str
    enrolment_id: str
    command: EnrolMunicipality
    received_at: datetime
    confirmed_at: datetime | None


async def waiting(tx: Tx, enrolment_id: str, person_email: str) -> tuple[int, bool]:
    """How many forms came in the last day, and whether another contact's form is among those not confirmed."""
    row = await tx.fetchrow(
        """
        SELECT count(*) FILTER (WHERE received_at > $2) AS lately,
            coalesce(bool_or(confirmed_at IS NULL AND email_key <> lower($3)), false) AS another
        FROM sign_ups JOIN people USING (person_id) WHERE enrolment_id = $1
        """,
        enrolment_id,
        tx.now - timedelta(days=1),
        person_email,
    )
    return (0, False) if row is None else (row["lately"], row["another"])


async def put(tx: Tx, sign_up_id: str, enrolment_id: str, person_id: str, command: EnrolMunicipality) -> None:
    """Keep the form; an earlier one of the same contact, and its link with it, is gone."""
    await tx.execute(
        """
        INSERT INTO sign_ups
            (id, enrolment_id, person_id, command, received_at, correlation_id, causation_id, actor)
        VALUES ($1, $2, $3, $4::text::jsonb, $5, $6, $7, $8)
        ON CONFLICT (enrolment_id, person_id) DO UPDATE SET
            id = excluded.id, command = excluded.command, received_at = excluded.received_at, confirmed_at = NULL,
            correlation_id = excluded.correlation_id, causation_id = excluded.causation_id, actor = excluded.actor
        """,
        sign_up_id,
        enrolment_id,
        person_id,
        command.model_dump_json(),
        tx.now,
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )


async def load(tx: Tx, sign_up_id: str) -> SignUp | None:
    row = await tx.fetchrow(
        "SELECT id, enrolment_id, command::text AS command, received_at, confirmed_at FROM sign_ups WHERE id = $1",
        sign_up_id,
    )
    if row is None:
        return None
    return SignUp(
        id=row["id"],
        enrolment_id=row["enrolment_id"],
        command=EnrolMunicipality.model_validate_json(row["command"]),
        received_at=row["received_at"],
        confirmed_at=row["confirmed_at"],
    )


async def confirm(tx: Tx, sign_up_id: str) -> None:
    await tx.execute("UPDATE sign_ups SET confirmed_at = $2 WHERE id = $1", sign_up_id, tx.now)
