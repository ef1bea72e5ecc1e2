"""ProgrammeAwaitsArchive → staff read that people are kept for an archive, since when, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes
from services.notifications.domain import digest_lines
from services.notifications.usecases.tell_staff import tell_staff
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ProgrammeAwaitsArchive
from shared.storage.tx import Tx


async def note_awaiting_archive(tx: Tx, events: Sequence[Received[ProgrammeAwaitsArchive]]) -> None:
    await programmes.lock(tx, (event.data.programme for event in events))
    await tell_staff(tx, [(digest_lines.archive_awaited(event.data, event.time), event.cause) for event in events])
