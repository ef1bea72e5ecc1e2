"""Reminders that other services asked for. The timer holds the key only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.notifications.domain.notes import REMINDER, reminder_id
from services.notifications.domain.reminders import MEETING_REMINDER
from services.notifications.domain.text import lines, one_line
from shared.contracts.notifications import ArmReminder
from shared.storage.table import Table
from shared.storage.tx import Tx

_REMINDERS = Table(
    "reminders",
    {
        "id": "text",
        "recipient": "text",
        "email": "text",
        "about": "text",
        "occasion": "text",
        "title": "text",
        "text": "text",
        "due": "timestamptz",
    },
    key=("id",),
)


async def lock_overdue(tx: Tx, meeting_ids: Iterable[str]) -> dict[str, int]:
    """The date versions of meetings whose reminder is due and has not rung yet, by meeting."""
    rows = await tx.fetch(
        """
        SELECT key, (data ->> 'date_version')::bigint AS date_version FROM timers
        WHERE timer = $1 AND key = ANY($2::text[]) AND due <= $3 ORDER BY key FOR UPDATE
        """,
        MEETING_REMINDER,
        sorted(meeting_ids),
        tx.now,
    )
    return {row["key"]: row["date_version"] for row in rows}


async def insert_or_lock(tx: Tx, asked: ArmReminder, actor: str | None) -> str:
    """Who armed it first, by whichever version; this actor, if nobody had. Either way its row is this transaction's."""
    row = {**_row(asked), "put_in_by": actor or ""}
    put_in_by: str = await tx.fetchval(
        f"""
        INSERT INTO reminders ({", ".join(row)}) VALUES ({", ".join(f"${at}" for at in range(1, len(row) + 1))})
        ON CONFLICT (id) DO UPDATE SET put_in_by = coalesce(
            reminders.put_in_by, (SELECT actor FROM timers WHERE timer = '{REMINDER}' AND key = reminders.id), '')
        RETURNING put_in_by
        """,
        *row.values(),
    )
    return put_in_by


async def save(tx: Tx, asked: ArmReminder) -> None:
    """As it is asked for now; its row is locked."""
    await _REMINDERS.update(tx, [_row(asked)])


def _row(asked: ArmReminder) -> dict[str, Any]:
    return {
        "id": reminder_id(asked),
        "recipient": one_line(asked.recipient),
        "email": asked.email,
        "about": one_line(asked.about),
        "occasion": one_line(asked.occasion),
        "title": one_line(asked.title),
        "text": lines(asked.text),
        "due": asked.due,
    }


async def take(tx: Tx, ids: Sequence[str]) -> dict[str, ArmReminder]:
    """They are gone from here: whoever takes them sends them. What was taken in already has no bounds any more."""
    rows = await tx.fetch("DELETE FROM reminders WHERE id = ANY($1::text[]) RETURNING *", list(ids))
    return {
        row["id"]: ArmReminder.model_construct(**{name: row[name] for name in ArmReminder.model_fields}) for row in rows
    }
