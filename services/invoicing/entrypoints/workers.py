"""What invoicing does all the time: it writes issued invoices to files."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from services.invoicing.adapters import invoices
from services.invoicing.usecases.write_documents import write_documents
from shared.runtime.ids import new_id
from shared.storage.tx import Cause

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shared.runtime.service import Host, Worker

LOOK_SECONDS = 0.2
"""Machine time between two looks for new invoices."""


class DocumentWriter:
    """Files of every invoice in `<documents>/invoices/`."""

    name = "documents"

    def __init__(self, host: Host, folder: Path) -> None:
        self._host = host
        self._folder = folder

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not await self._write():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_SECONDS)

    async def pending(self) -> int:
        async with self._host.transaction(Cause(new_id(), None, "clock")) as tx:
            return await invoices.count_unwritten(tx)

    async def _write(self) -> int:
        if not await self.pending():
            return 0
        with self._host.activity.busy():
            async with self._host.transaction(Cause(new_id(), None, "clock")) as tx:
                return await write_documents(tx, self._folder)


def workers(host: Host) -> Sequence[Worker]:
    folder = host.settings.documents_dir
    return [] if folder is None else [DocumentWriter(host, folder / "invoices")]
