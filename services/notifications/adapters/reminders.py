"""Reminders that other services asked for. The timer holds the key only."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.domain.text import lines, one_line
from shared.contracts.event import natural_id
from shared.contracts.notifications import ArmReminder
from shared.storage.tx import Tx

TIMER = "reminder"


def reminder_id(command: ArmReminder) -> str:
    return natural_id("reminder", command.recipient, command.about, command.occasion)


async def save(tx: Tx, command: ArmReminder) -> str:
    """Under its natural key; asked for again it moves, and says what it says now."""
    one = reminder_id(command)
    await tx.execute(
        """
        INSERT INTO reminders (id, recipient, email, about, occasion, title, text, due)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (id) DO UPDATE SET
            email = excluded.email, title = excluded.title, text = excluded.text, due = excluded.due
        """,
        one,
        one_line(command.recipient),
        command.email,
        one_line(command.about),
        one_line(command.occasion),
        one_line(command.title),
        lines(command.text),
        command.due,
    )
    return one


async def take(tx: Tx, ids: Sequence[str]) -> dict[str, ArmReminder]:
    rows = await tx.fetch("DELETE FROM reminders WHERE id = ANY($1::text[]) RETURNING *", list(ids))
    return {row["id"]: ArmReminder(**{name: row[name] for name in ArmReminder.model_fields}) for row in rows}
