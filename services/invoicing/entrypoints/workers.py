"""What invoicing does all the time: it writes issued documents to files, and has the official rules look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

from services.invoicing.adapters import invoices
from services.invoicing.adapters.einvoice.official_rules import OfficialRules, Verdict
from services.invoicing.usecases.write_documents import write_documents
from shared.base.cause import Cause
from shared.base.failures import Failure, classify
from shared.runtime.service import Host, Worker
from shared.storage.tx import Tx

LOOK_SECONDS = 0.2
"""Machine time between two looks for new invoices."""
LONGEST_PAUSE = 30.0
_CAUSE = Cause("documents", None, "clock")
"""Nothing is told here. It draws no id: how often we look is machine time, and a simulation's ids are not."""


class DocumentWriter:
    """Files of every invoice in `<documents>/invoices/`."""

    name = "documents"

    def __init__(self, host: Host, folder: Path, rules: Path | None) -> None:
        self._host = host
        self._folder = folder
        self._rules = rules

    async def run(self, stop: asyncio.Event) -> None:
        """A full disk, or a database that is away, is waited for; the invoices are issued all the same."""
        with OfficialRules(self._rules) as rules:
            await self._write(stop, rules)

    async def _write(self, stop: asyncio.Event, rules: OfficialRules) -> None:
        failures = 0
        while not stop.is_set():
            pause = LOOK_SECONDS
            try:
                if await self.pending():
                    with self._host.activity.busy():
                        self._tell(await write_documents(self._transaction, self._folder, rules))
                    pause = 0.0
                failures = 0
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                failures += 1
                pause = min(LONGEST_PAUSE, LOOK_SECONDS * 2**failures)
                self._host.log.warning("documents_wait", error=type(error).__name__, seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    def _tell(self, verdicts: Mapping[str, Verdict]) -> None:
        for document_id, verdict in verdicts.items():
            if verdict.errors:
                broken = sorted({one.rule for one in verdict.errors})
                self._host.log.error("official_rules_refuse", alarm=True, document=document_id, rules=broken)

    async def pending(self) -> int:
        async with self._transaction() as tx:
            return await invoices.count_unwritten(tx)

    def _transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self._host.transaction(_CAUSE)


def workers(host: Host, rules: Path | None) -> Sequence[Worker]:
    """`rules`: folder with the official rules, if they are there."""
    folder = host.settings.documents_dir
    return [] if folder is None else [DocumentWriter(host, folder / "invoices", rules)]
