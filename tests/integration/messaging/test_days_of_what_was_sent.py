"""Whoever reads `outbox_sent`, for however long, stops neither the relay nor the days that are to come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from structlog.testing import capture_logs

from shared.messaging import partitions
from shared.messaging.partitions import Partitions, make_days
from shared.messaging.retention import forget
from shared.storage.migrate import SHARED, migrate
from tests.integration.messaging.harness import make_topics
from tests.integration.messaging.telling import SOURCE, TOPIC, Told
from tests.support.eventually import eventually
from tests.support.servers import Database, MakeDatabase

SOON_S = 8
"""Longer than the relay takes, shorter than it would wait for a lock."""


@pytest.fixture
async def told(database: MakeDatabase, prefix: str, kafka: str) -> AsyncIterator[Told]:
    """On a database of its own: days are taken away from it."""
    await make_topics(kafka, prefix + TOPIC)
    made = await database("notifications")
    async with asyncpg.create_pool(made.url, min_size=1, max_size=8) as pool:
        yield Told(made, pool, kafka, prefix)


def day(ahead: int) -> str:
    return f"outbox_sent_{datetime.now(UTC) + timedelta(days=ahead):%Y%m%d}"  # noqa: TID251  (partitions are of machine time)


async def days(told: Told) -> list[str]:
    rows = await told.pool.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'outbox_sent'::regclass"
    )
    return sorted(row["name"] for row in rows)


async def take_away(told: Told, ahead: Sequence[int]) -> None:
    owner = await asyncpg.connect(told.database.owner_url)
    try:
        for one in ahead:
            await owner.execute(f"DROP TABLE IF EXISTS {day(one)}")
    finally:
        await owner.close()


@asynccontextmanager
async def holding(database: Database, *statements: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction in which this was done, open as long as the block."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        for statement in statements:
            await connection.execute(statement)
        yield connection
        assert await connection.fetchval("SELECT 1") == 1
    finally:
        await connection.close()


READS = "SELECT count(*) FROM outbox_sent"


async def tables(told: Told) -> str:
    rows = await told.pool.fetch(
        "SELECT oid::regclass::text AS name FROM pg_class"
        " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    return ", ".join(row["name"] for row in rows)


@asynccontextmanager
async def a_backup(told: Told) -> AsyncIterator[None]:
    """As pg_dump: it locks every table that is there, and reads for as long as it takes."""
    async with holding(told.database, f"LOCK TABLE {await tables(told)} IN ACCESS SHARE MODE", READS):
        yield


async def test_the_relay_sends_and_starts_again_and_sends_while_somebody_reads_what_was_sent(told: Told) -> None:
    """Days are to be made at the same time."""
    await take_away(told, range(1, 40))
    async with holding(told.database, READS):
        for about in ("a", "b"):
            await told.tell(about)
            async with told.relaying():
                await eventually(told.empty, SOON_S)
    assert await told.sequences("a") == await told.sequences("b") == [1]


async def test_a_backup_over_midnight_stops_nobody(told: Told) -> None:
    """It began when today, and all that comes, had no partition yet."""
    await take_away(told, range(40))
    async with a_backup(told):
        await told.tell("a")
        async with told.relaying():
            await eventually(told.empty, SOON_S)
            await told.tell("a")
            await eventually(told.empty, SOON_S)
        assert day(0) in await days(told)
        async with told.pool.acquire() as connection:
            assert await make_days(connection) > partitions.DAYS_AHEAD
    moved = await told.pool.fetch("SELECT DISTINCT tableoid::regclass::text AS name FROM outbox_sent")
    assert [row["name"] for row in moved] == [day(0)]


async def test_the_version_before_which_makes_days_itself_is_not_held_up_either(told: Told) -> None:
    await take_away(told, range(1, 40))
    async with a_backup(told), told.pool.acquire() as connection, asyncio.timeout(SOON_S):
        await connection.execute("SELECT outbox_sent_make_partitions($1)", 7)
    assert await days(told) == [day(ahead) for ahead in range(-1, 8)]


async def test_days_that_are_there_are_seen_without_a_lock(told: Told) -> None:
    async with told.pool.acquire() as connection:
        assert await make_days(connection) == partitions.DAYS_AHEAD + 1
        mine = "SELECT pg_advisory_xact_lock(hashtext('tovholder.outbox_sent'))"
        async with holding(told.database, mine, "LOCK TABLE outbox_sent IN ACCESS EXCLUSIVE MODE"):
            async with asyncio.timeout(SOON_S):
                assert await make_days(connection) == partitions.DAYS_AHEAD + 1


@pytest.mark.parametrize(
    "taken",
    [
        "SELECT pg_advisory_xact_lock(hashtext('tovholder.outbox_sent'))",
        "LOCK TABLE outbox_sent IN SHARE UPDATE EXCLUSIVE MODE",
    ],
)
async def test_days_that_cannot_be_made_now_are_given_up_at_once_and_made_later(
    told: Told, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "FIRST_PAUSE_S", 0.01)
    await take_away(told, range(1, 40))
    stop = asyncio.Event()
    keeper = Partitions(SOURCE, told.pool)
    async with holding(told.database, taken):
        async with told.pool.acquire() as connection, asyncio.timeout(SOON_S):
            assert await make_days(connection) == 1
        await told.tell("a")
        keeping = asyncio.create_task(keeper.run(stop))
        async with told.relaying():
            await eventually(told.empty, SOON_S)
        assert day(1) not in await days(told)
    await eventually(lambda: _has(told, day(partitions.DAYS_AHEAD)))
    stop.set()
    await keeping


async def _has(told: Told, name: str) -> bool:
    return name in await days(told)


async def test_a_day_that_cannot_be_had_is_told_and_ends_nothing_and_is_used_when_it_can(told: Told) -> None:
    """Somebody has detached today."""
    today = datetime.now(UTC).date()  # noqa: TID251  (as above)
    values = f"FROM ('{today} 00:00:00+00') TO ('{today + timedelta(days=1)} 00:00:00+00')"
    owner = await asyncpg.connect(told.database.owner_url)
    try:
        await owner.execute(f"ALTER TABLE outbox_sent DETACH PARTITION {day(0)}")
        await told.tell("a")
        with capture_logs() as said:
            async with told.relaying():
                await eventually(lambda: any(line["event"] == "day_without_a_partition" for line in said))
                await owner.execute(f"ALTER TABLE outbox_sent ATTACH PARTITION {day(0)} FOR VALUES {values}")
                await eventually(told.empty, 20)
    finally:
        await owner.close()
    assert set(await told.sequences("a")) == {1}


async def test_old_days_are_dropped_when_nobody_reads_and_the_relay_never_waits_for_it(told: Told) -> None:
    owner = await asyncpg.connect(told.database.owner_url)
    try:
        await owner.execute(
            "CREATE TABLE outbox_sent_20200101 PARTITION OF outbox_sent "
            "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00')"
        )
    finally:
        await owner.close()
    async with told.relaying(), told.pool.acquire() as connection:
        async with a_backup(told), asyncio.timeout(SOON_S):
            await forget(connection)
            await told.tell("a")
            await eventually(told.empty, SOON_S)
        assert "outbox_sent_20200101" in await days(told)
        await forget(connection)
    assert "outbox_sent_20200101" not in await days(told)


async def test_a_schema_that_is_up_to_date_waits_for_nobody_and_neither_do_its_rights(told: Told) -> None:
    async with holding(told.database, f"LOCK TABLE {await tables(told)} IN ROW EXCLUSIVE MODE"):
        async with asyncio.timeout(SOON_S):
            assert await migrate(told.database.owner_url, [SHARED], "test_notifications") == []
