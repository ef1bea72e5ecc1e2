"""Issued documents are written to files, all the time, and the official rules look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path

from services.invoicing.adapters import invoices
from services.invoicing.adapters.einvoice.official_rules import OfficialRules, Verdict
from services.invoicing.usecases.write_documents import write_documents
from shared.base.cause import Cause
from shared.base.failures import Failure, classify
from shared.base.waiting import Backoff, first_of
from shared.runtime.service import Host
from shared.storage.tx import Tx, on_facts_committed

LOOK_SECONDS = 0.2
"""Machine time between two looks for new invoices; a commit of this process wakes the writer."""
FIRST_PAUSE = 0.4
LONGEST_PAUSE = 30.0
_CAUSE = Cause("documents", None, "clock")
"""Nothing is told here. It draws no id: how often we look is machine time, and a simulation's ids are not."""


class DocumentWriter:
    """Files of every invoice and credit note, in `folder`. `rules`: where the official rules are, if anywhere."""

    name = "documents"

    def __init__(self, host: Host, folder: Path, rules: Path | None) -> None:
        self._host = host
        self._folder = folder
        self._rules = rules
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """A full disk, or a database that is away, is waited for; the invoices are issued all the same."""
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        with OfficialRules(self._rules) as rules, ExitStack() as at_the_end:
            # Every document is told of when it is issued.
            at_the_end.callback(on_facts_committed(self._wake.set))
            while not stop.is_set():
                self._wake.clear()
                try:
                    if not await self._write(rules):
                        await first_of(stop, self._wake, seconds=LOOK_SECONDS)
                    backoff.succeeded()
                    continue
                except Exception as error:
                    if classify(error) is not Failure.TRANSIENT:
                        raise
                    pause = backoff.failed()
                    self._host.log.warning("documents_wait", error=type(error).__name__, seconds=pause)
                await first_of(stop, seconds=pause)

    async def pending(self) -> int:
        async with self._transaction() as tx:
            return await invoices.count_unwritten(tx)

    async def _write(self, rules: OfficialRules) -> bool:
        """Whether there was anything to write."""
        if not await self.pending():
            return False
        with self._host.activity.busy():
            self._tell(await write_documents(self._transaction, self._folder, rules))
        return True

    def _tell(self, verdicts: Mapping[str, Verdict]) -> None:
        for document_id, verdict in verdicts.items():
            if verdict.errors:
                broken = sorted({one.rule for one in verdict.errors})
                self._host.log.error("official_rules_refuse", alarm=True, document=document_id, rules=broken)

    def _transaction(self) -> AbstractAsyncContextManager[Tx]:
        return self._host.transaction(_CAUSE)
