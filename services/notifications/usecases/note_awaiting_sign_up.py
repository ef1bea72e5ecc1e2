"""SignUpAwaitsStaff → staff read soon that they are to say who has signed up."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import digest_lines
from services.notifications.domain.digest import DIGEST_SOON, EVERYBODY, next_digest_soon
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cloudevents import Received
from shared.contracts.enrollment import SignUpAwaitsStaff
from shared.storage.tx import Tx


async def note_awaiting_sign_up(tx: Tx, events: Sequence[Received[SignUpAwaitsStaff]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    await tell_staff(tx, [(digest_lines.awaits_staff(event.data, event.time), event.cause) for event in events])
    tx.arm(DIGEST_SOON, EVERYBODY, next_digest_soon(tx.now), because=events[0].cause)
