"""Facts are told on a connection of their own after COMMIT: a crash between the two loses them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from shared.base.failpoints import failpoint
from shared.runtime import service
from shared.storage import tx as storage

_properly = storage.transaction


@asynccontextmanager
async def transaction(where: Any, clock: Any, source: str, cause: Any, links: Any) -> AsyncIterator[storage.Tx]:
    async with _properly(where, clock, source, cause, links) as tx:
        yield tx
        told, tx._told = tx._told, []
    if told:
        # Where the product has the same crash point, after all is committed.
        await failpoint("api.after_commit")
        assert isinstance(where, asyncpg.Pool)
        async with _properly(where, clock, source, cause, links) as second:
            second._told = told


def apply() -> None:
    storage.transaction = transaction
    service.transaction = transaction
