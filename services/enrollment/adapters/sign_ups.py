"""Forms that wait for their contact to press the mailed link."""

from __future__ import annotations

from datetime import timedelta

from services.enrollment.domain.sign_up import Forms, SignUp
from shared.base.cause import Cause
from shared.contracts.enrollment import EnrolMunicipality
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_SIGN_UPS = Table(
    "sign_ups",
    {
        "id": "text",
        "enrolment_id": "text",
        "person_id": "text",
        "command": "jsonb",
        "received_at": "timestamptz",
        "confirmed_at": "timestamptz",
        **CAUSE,
    },
    key=("enrolment_id", "person_id"),
)


async def load(tx: Tx, sign_up_id: str) -> SignUp | None:
    row = await tx.fetchrow(
        "SELECT id, enrolment_id, person_id, command::text AS command, received_at, confirmed_at FROM sign_ups "
        "WHERE id = $1",
        sign_up_id,
    )
    if row is None:
        return None
    return SignUp(
        id=row["id"],
        enrolment_id=row["enrolment_id"],
        person_id=row["person_id"],
        command=EnrolMunicipality.model_validate_json(row["command"]),
        received_at=row["received_at"],
        confirmed_at=row["confirmed_at"],
    )


async def count_forms(tx: Tx, enrolment_id: str, email: str) -> Forms:
    """Another contact's form is one with another address than `email`."""
    row = await tx.fetchrow(
        """
        SELECT count(*) FILTER (WHERE received_at > $2) AS lately,
            coalesce(bool_or(confirmed_at IS NULL AND email_key <> lower($3)), false) AS another
        FROM sign_ups JOIN people USING (person_id) WHERE enrolment_id = $1
        """,
        enrolment_id,
        tx.now - timedelta(days=1),
        email,
    )
    return Forms(0, another_waits=False) if row is None else Forms(row["lately"], row["another"])


async def save(tx: Tx, sign_up: SignUp, cause: Cause) -> None:
    """Keep the form; an earlier one of the same contact, and its link with it, is gone."""
    row = {
        "id": sign_up.id,
        "enrolment_id": sign_up.enrolment_id,
        "person_id": sign_up.person_id,
        "command": sign_up.command.model_dump_json(),
        "received_at": sign_up.received_at,
        "confirmed_at": sign_up.confirmed_at,
        **cause_columns(cause),
    }
    await _SIGN_UPS.upsert(tx, [row])


async def mark_confirmed(tx: Tx, sign_up_id: str) -> None:
    await tx.execute("UPDATE sign_ups SET confirmed_at = $2 WHERE id = $1", sign_up_id, tx.now)
