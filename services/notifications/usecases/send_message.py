"""SendMessage: another service has somebody told, once per (recipient, about, occasion)."""

from __future__ import annotations

from services.notifications.adapters import programmes
from services.notifications.domain import letters
from services.notifications.domain.notes import check_note
from services.notifications.usecases.write_letters import write_letters
from shared.base.answers import Answer
from shared.contracts.notifications import SendMessage
from shared.storage.tx import Tx


async def send_message(tx: Tx, command: SendMessage) -> Answer:
    check_note(command)
    letter = letters.note(command, await programmes.load_of_subject(tx, command.about), tx.now)
    new = await write_letters(tx, [(letter, tx.cause)])
    return Answer({"message_id": letter.id}, status=202 if new else 200)
