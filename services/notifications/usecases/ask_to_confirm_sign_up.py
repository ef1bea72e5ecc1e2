"""EnrolmentReceived → the link that confirms a sign-up by form."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import messages, programmes
from services.notifications.domain import letters
from shared.contracts.enrollment import EnrolmentReceived
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


async def ask_to_confirm_sign_up(tx: Tx, events: Sequence[Received[EnrolmentReceived]]) -> None:
    await programmes.keep(tx, (event.data.programme for event in events))
    await messages.write(tx, [(letters.sign_up_received(event.data, event.time), event.cause) for event in events])
