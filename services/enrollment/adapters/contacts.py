"""Who held which role of an enrolment, from when until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.enrollment.domain.roles import Held
from shared.base.cause import Cause
from shared.contracts.enrollment import SECRETARY_ROLE
from shared.contracts.parties import Contact
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_HISTORY = Table(
    "contact_history",
    {
        "enrolment_id": "text",
        "role_id": "text",
        "turn": "integer",
        "round": "integer",
        "holder": "jsonb",
        "held_from": "timestamptz",
        "held_until": "timestamptz",
        "because": "text",
        **CAUSE,
    },
    key=("enrolment_id", "role_id", "turn"),
    # How it began stays as it was: what is written later is its end, or the holder's name.
    fixed=("round", "held_from", "because", *CAUSE),
)


async def load_history(tx: Tx, enrolment_id: str) -> list[Held]:
    """Nothing as long as nobody has been changed, or named beside the contact."""
    return (await load_histories(tx, [enrolment_id])).get(enrolment_id, [])


async def load_histories(tx: Tx, enrolment_ids: Sequence[str]) -> dict[str, list[Held]]:
    """Of those that have one."""
    rows = await tx.fetch(
        """
        SELECT enrolment_id, role_id, turn, round, holder::text AS holder, held_from, held_until, because, actor
        FROM contact_history WHERE enrolment_id = ANY($1::text[]) ORDER BY enrolment_id, role_id, turn
        """,
        list(enrolment_ids),
    )
    found: dict[str, list[Held]] = {}
    for row in rows:
        found.setdefault(row["enrolment_id"], []).append(
            Held(
                role=row["role_id"],
                turn=row["turn"],
                round=row["round"],
                holder=Contact.model_validate_json(row["holder"]),
                since=row["held_from"],
                until=row["held_until"],
                because=row["because"],
                by=row["actor"],
            )
        )
    return found


async def save(tx: Tx, enrolment_id: str, written: Sequence[Held], cause: Cause) -> None:
    """Of an enrolment that is locked. A unique index keeps a role from having two holders at a time."""
    await _HISTORY.upsert(
        tx,
        [
            {
                "enrolment_id": enrolment_id,
                "role_id": one.role,
                "turn": one.turn,
                "round": one.round,
                "holder": one.holder.model_dump_json(),
                "held_from": one.since,
                "held_until": one.until,
                "because": one.because,
                **cause_columns(cause),
            }
            for one in written
        ],
    )


async def lock_secretary(tx: Tx, enrolment_id: str) -> None:
    """Whoever has the access has it until COMMIT; whoever closes it meanwhile waits, or was waited for."""
    await tx.execute(
        "SELECT FROM contact_history WHERE enrolment_id = $1 AND role_id = $2 AND held_until IS NULL FOR SHARE",
        enrolment_id,
        SECRETARY_ROLE,
    )


async def mark_ended(tx: Tx, enrolment_ids: Sequence[str], now: datetime) -> None:
    """The enrolments have ended, and whoever held a role of them holds it no more."""
    await tx.execute(
        """
        UPDATE contact_history SET held_until = greatest(held_from, $2)
        WHERE enrolment_id = ANY($1) AND held_until IS NULL
        """,
        list(enrolment_ids),
        now,
    )
