"""ArmReminder: as SendMessage, when its time has come; asked for again it moves."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import messages, programmes, reminders
from services.notifications.domain import letters
from services.notifications.usecases.send_message import check_message
from shared.base.answers import Answer
from shared.contracts.notifications import ArmReminder
from shared.contracts.refusal import Refused
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def arm_reminder(tx: Tx, command: ArmReminder) -> Answer:
    check_message(command)
    if command.due.tzinfo is None:
        raise Refused("no_time_zone", "Tidspunktet mangler sin tidszone.", status=422, field="due")
    one = await reminders.save(tx, command)
    tx.arm(reminders.TIMER, one, command.due)
    return Answer({"reminder_id": one, "due": command.due.isoformat()}, status=202)


async def send_reminder(tx: Tx, timers: Sequence[Timer]) -> None:
    found = await reminders.take(tx, [timer.key for timer in timers])
    written = []
    for timer in timers:
        if (command := found.get(timer.key)) is not None:
            programme = await programmes.of_subject(tx, command.about)
            written.append((letters.note(command, programme, timer.due), timer.cause))
    await messages.write(tx, written)
