"""EnrolmentReceived → the link that confirms a sign-up by form."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import letters
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import EnrolmentReceived
from shared.storage.tx import Tx


async def ask_to_confirm_sign_up(tx: Tx, events: Sequence[Received[EnrolmentReceived]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(tx, [(letters.sign_up_received(event.data, event.time), event.cause) for event in events])
