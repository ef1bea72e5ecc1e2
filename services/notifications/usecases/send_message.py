"""SendMessage: another service has somebody told, once per (recipient, about, occasion)."""

from __future__ import annotations

from services.notifications.adapters import messages, programmes
from services.notifications.domain import letters
from services.notifications.domain.text import is_address, one_line
from shared.base.answers import Answer
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

_LONGEST_NAME = 255


async def send_message(tx: Tx, command: SendMessage) -> Answer:
    check_message(command)
    letter = letters.note(command, await programmes.of_subject(tx, command.about), tx.now)
    new = await messages.write(tx, [(letter, tx.cause)])
    return Answer({"message_id": letter.id}, status=202 if new else 200)


def check_message(command: SendMessage | ArmReminder) -> None:
    """Refused, with the field, for what no mail can be made of."""
    if not is_address(command.email):
        raise Refused("invalid_address", "Mailadressen kan ikke bruges.", status=422, field="email")
    for field in ("recipient", "about", "occasion", "title", "text"):
        if not one_line(getattr(command, field)):
            raise Refused("missing", "Feltet må ikke være tomt.", status=422, field=field)
    for field in ("recipient", "about", "occasion"):
        if len(getattr(command, field).encode()) > _LONGEST_NAME:
            raise Refused("too_long", "Feltet er for langt.", status=422, field=field)
