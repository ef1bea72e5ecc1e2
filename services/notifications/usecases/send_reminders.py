"""The time of reminders that other services asked for has come."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes, reminders
from services.notifications.domain import letters
from services.notifications.usecases.write_letters import write_letters
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def send_reminders(tx: Tx, timers: Sequence[Timer]) -> None:
    asked = await reminders.take(tx, [timer.key for timer in timers])
    written = []
    for timer in timers:
        if (command := asked.get(timer.key)) is not None:
            programme = await programmes.load_of_subject(tx, command.about)
            written.append((letters.note(command, programme, timer.due), timer.cause))
    await write_letters(tx, written)
