"""Reminders that other services asked for. The timer holds the key only."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.domain.notes import reminder_id
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
