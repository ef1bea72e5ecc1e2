"""MessageFailed → the page of a code says that its mail did not get there."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import mailbox_codes
from shared.base.cloudevents import Received
from shared.contracts.notifications import MessageFailed
from shared.storage.tx import Tx

_CODE = "code/"


async def note_bounced_codes(tx: Tx, events: Sequence[Received[MessageFailed]]) -> None:
    """Of other mails nothing is noted."""
    told = [event.data.about for event in events if event.data.about.startswith(_CODE)]
    if told:
        await mailbox_codes.mark_bounced(tx, [one.removeprefix(_CODE) for one in told])
