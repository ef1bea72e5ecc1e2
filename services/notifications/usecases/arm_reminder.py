"""ArmReminder: as SendMessage, when its time has come; asked for again it moves, and a client moves its own alone."""

from __future__ import annotations

from services.notifications.adapters import reminders
from services.notifications.adapters.forgetting import load_gone
from services.notifications.domain.notes import arm, reminder_id, require_own
from shared.base.answers import Answer
from shared.contracts.notifications import ArmReminder
from shared.storage.tx import Tx


async def arm_reminder(tx: Tx, command: ArmReminder) -> Answer:
    gone = await load_gone(tx, [command.recipient])
    decided = arm(command, erased=bool(gone))
    require_own(await reminders.insert_or_lock(tx, decided.after, tx.cause.actor), tx.cause.client)
    await reminders.save(tx, decided.after)
    tx.tell(decided)
    return Answer({"reminder_id": reminder_id(command), "due": command.due.isoformat()}, status=202)
