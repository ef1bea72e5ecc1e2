"""Reminders that other services asked for. The timer holds the key only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.notifications.domain.notes import reminder_id
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
    fixed=("recipient", "about", "occasion"),
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


async def save(tx: Tx, asked: ArmReminder) -> None:
    row = {
        "id": reminder_id(asked),
        "recipient": one_line(asked.recipient),
        "email": asked.email,
        "about": one_line(asked.about),
        "occasion": one_line(asked.occasion),
        "title": one_line(asked.title),
        "text": lines(asked.text),
        "due": asked.due,
    }
    await _REMINDERS.upsert(tx, [row])


async def take(tx: Tx, ids: Sequence[str]) -> dict[str, ArmReminder]:
    """They are gone from here: whoever takes them sends them. What was taken in already has no bounds any more."""
    rows = await tx.fetch("DELETE FROM reminders WHERE id = ANY($1::text[]) RETURNING *", list(ids))
    return {
        row["id"]: ArmReminder.model_construct(**{name: row[name] for name in ArmReminder.model_fields}) for row in rows
    }
