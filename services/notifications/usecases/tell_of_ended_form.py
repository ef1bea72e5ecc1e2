"""SignUpEnded → word to whoever waits for something to come of a form."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import letters
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import SignUpEnded
from shared.storage.tx import Tx


async def tell_of_ended_form(tx: Tx, events: Sequence[Received[SignUpEnded]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    written = [(letters.sign_up_ended(event.data, event.time), event.cause) for event in events]
    await write_letters(tx, [(letter, cause) for letter, cause in written if letter is not None])
