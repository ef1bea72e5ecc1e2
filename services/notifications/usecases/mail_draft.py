"""SignUpDraftSaved → the link that takes the draft up again."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import letters
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import SignUpDraftSaved
from shared.storage.tx import Tx


async def mail_draft(tx: Tx, events: Sequence[Received[SignUpDraftSaved]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    await write_letters(tx, [(letters.draft_saved(event.data, event.time), event.cause) for event in events])
