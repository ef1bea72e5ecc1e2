"""The invoice run with its gapless numbers, against its bare SQL.

Ours is the use case in its transaction. The bare run is the very statements that ours executed, with the same
arguments, replayed on an equal database with nothing in between: no decisions, no models, no JSON.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bench.consume import records
from bench.harness import Row, Servers, median, step
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.usecases.run_invoices import run_invoices
from shared.base.cause import Cause
from shared.base.clock import DomainClock
from shared.messaging.inbox import Inbox
from shared.messaging.records import StoredRecord
from shared.runtime.settings import ServiceSettings
from shared.runtime.timers import Timer
from shared.storage.pool import connect
from shared.storage.tx import Connection, Tx

CLAIMS = 10_000
BATCH = 500
ROUNDS = 5
TARGET = 0.6
NOW = datetime(2020, 9, 1, 6, 0, tzinfo=UTC)


class Recorder:
    """A connection that writes down every statement with its arguments."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements: list[tuple[str, str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._connection, name)
        if name not in {"fetch", "fetchrow", "fetchval", "execute"}:
            return inner

        async def recorded(sql: str, *args: Any) -> Any:
            self.statements.append((name, sql, args))
            return await inner(sql, *args)

        return recorded


async def with_claims(servers: Servers) -> str:
    """A database in which that many claims are due."""
    url = await servers.database("invoicing")
    connection = await connect(url, "bench")
    inbox = Inbox("invoicing", SUBSCRIPTIONS, DomainClock(datetime(2020, 6, 15, tzinfo=UTC)))
    values = records(CLAIMS)
    try:
        for start in range(0, CLAIMS, BATCH):
            stored = [
                StoredRecord("tovholder.enrollment", 0, start + place, 0, key, value, ())
                for place, (key, value) in enumerate(values[start : start + BATCH])
            ]
            await inbox.take(connection, [arrival for record in stored if (arrival := inbox.read(record))])
        await connection.execute("ANALYZE claims")
    finally:
        await connection.close()
    return url


async def ours(url: str) -> tuple[float, list[list[tuple[str, str, tuple[Any, ...]]]]]:
    """Seconds, and the statements of each transaction."""
    connection = await connect(url, "bench")
    links = ServiceSettings().links
    transactions = []
    started = time.perf_counter()
    try:
        while timers := await connection.fetch("SELECT timer, key, due, data FROM timers WHERE timer = 'invoice_run'"):
            recorder = Recorder(connection)
            async with connection.transaction():
                tx = Tx(recorder, NOW, "/tovholder/invoicing", Cause("bench", None, "clock"), links)  # type: ignore[arg-type]  # records what passes
                due = [
                    Timer(row["timer"], row["key"], row["due"], {"series": "N", "organiser": "62532416"}, tx.cause)
                    for row in timers
                ]
                await tx.execute("DELETE FROM timers WHERE timer = 'invoice_run'")
                await run_invoices(tx, due)
                await tx.flush()
            transactions.append(recorder.statements)
        return time.perf_counter() - started, transactions
    finally:
        await connection.close()


async def bare(url: str, transactions: list[list[tuple[str, str, tuple[Any, ...]]]]) -> float:
    connection = await connect(url, "bench")
    started = time.perf_counter()
    try:
        for statements in transactions:
            async with connection.transaction():
                for name, sql, args in statements:
                    await getattr(connection, name)(sql, *args)
        return time.perf_counter() - started
    finally:
        await connection.close()


async def check(url: str) -> None:
    """Numbers without a hole, one claim each, and an event for each invoice."""
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchrow(
            "SELECT count(*), max(number), count(DISTINCT number), sum(gross_ore), (SELECT count(*) FROM outbox),"
            " (SELECT count(*) FROM claims WHERE state = 'invoiced') FROM invoices"
        )
        assert tuple(found or ()) == (CLAIMS, CLAIMS, CLAIMS, CLAIMS * 2_437_500, CLAIMS, CLAIMS), found
    finally:
        await connection.close()


async def run(servers: Servers) -> list[Row]:
    ratios, rates = [], []
    for turn in range(ROUNDS):
        step(f"invoices: round {turn + 1} of {ROUNDS}")
        first, second = await with_claims(servers), await with_claims(servers)
        seconds, transactions = await ours(first)
        bare_seconds = await bare(second, transactions)
        await check(first)
        await check(second)
        ratios.append(bare_seconds / seconds)
        rates.append(CLAIMS / seconds)
    ratio = median(ratios)
    return [
        Row(
            *("invoice run, gapless numbers", median(rates), "invoices/s", ratio, "its bare SQL, replayed"),
            target=f"≥ {TARGET}", reached=ratio >= TARGET, runs=ratios,
        )
    ]  # fmt: skip
