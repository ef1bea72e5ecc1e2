"""MailboxCodeDrawn → the code, to the mailbox that is to be shown as somebody's own."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import letters
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import MailboxCodeDrawn
from shared.storage.tx import Tx


async def mail_code(tx: Tx, events: Sequence[Received[MailboxCodeDrawn]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(tx, [(letters.mailbox_code(event.data, event.time), event.cause) for event in events])
