"""Two transactions about one stream, in each other's way: of two readers, or of a reader and an operator.

Each test holds one of them in the middle of its work, lets the other one come as far as it can, and lets both end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.base.cloudevents import Defect, Received
from shared.contracts.invoicing import InvoiceRejected
from shared.messaging import dead_letters
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import NotDone
from shared.messaging.inbox import Inbox
from shared.storage.tx import Connection, Tx
from tests.integration.messaging.harness import Noon, Reader, allow_poison, cluster, event
from tests.support.eventually import eventually


class Pause:
    """A handler that stops when it has done its work for an event that says so, until it is let go."""

    def __init__(self, reader: Reader, said: str) -> None:
        self.reached = asyncio.Event()
        self.release = asyncio.Event()
        self._handle = reader.note
        self._said = said

    async def __call__(self, tx: Tx, events: Sequence[Received[InvoiceRejected]]) -> None:
        await self._handle(tx, events)
        if any(event.data.reason == self._said for event in events):
            self.reached.set()
            await asyncio.wait_for(self.release.wait(), 30)


@pytest.fixture
def pause(reader: Reader) -> Pause:
    made = Pause(reader, "pause")
    reader.inbox.handlers[InvoiceRejected.type] = [made]
    return made


@pytest.fixture
async def second(reader: Reader) -> AsyncIterator[Consumer]:
    """Another reader of the same group, in a process of its own."""
    inbox = Inbox("notifications", reader.subscriptions, Noon(), prefix=reader.prefix)
    consumer = Consumer(inbox, dsn=reader.database.url, kafka="", topics=[reader.topic])
    yield consumer
    await consumer._disconnect()


@asynccontextmanager
async def operator(reader: Reader) -> AsyncIterator[Connection]:
    async with reader.pool.acquire() as connection:
        yield connection


async def meet(
    reader: Reader, pause: Pause, first: Coroutine[Any, Any, Any], second: Coroutine[Any, Any, Any], pid: int
) -> tuple[Any, Any]:
    """`first` until it pauses, then `second` (its server process is `pid`) until it waits or is done, then both."""
    one = asyncio.create_task(first)
    await eventually(lambda: pause.reached.is_set() or one.done())
    other = asyncio.create_task(second)

    async def as_far_as_it_can() -> bool:
        waits = await reader.pool.fetchval(
            "SELECT cardinality(pg_blocking_pids($1)) > 0 AND wait_event_type = 'Lock' FROM pg_stat_activity "
            "WHERE pid = $1",
            pid,
        )
        return other.done() or bool(waits)

    await eventually(as_far_as_it_can)
    pause.release.set()
    return await asyncio.wait_for(asyncio.gather(one, other, return_exceptions=True), 30)  # type: ignore[return-value]


async def pid_of(consumer: Consumer) -> int:
    return (await consumer._connect()).get_server_pid()


async def take(reader: Reader, consumer: Consumer, *what: dict[str, Any]) -> None:
    await consumer._take([reader._as_record(one) for one in what])


async def unreadable(reader: Reader, *good: dict[str, Any]) -> int:
    """A dead letter that could not be read, and that a corrected version can: number 1 holds `a`'s next event."""
    record = reader.record(event("a", len(good) + 1, "pause"))
    arrival = reader.inbox.read(record)
    assert arrival is not None
    if good:
        await reader.take(*good)
    arrival.belongs_to(None, None)
    arrival.uid, arrival.data, arrival.defect = None, None, Defect("bad_json", "")
    await reader.inbox.take(await reader.consumer._connect(), [arrival])
    number: int = await reader.pool.fetchval("SELECT id FROM dead_letters")
    return number


@pytest.mark.parametrize("known", [0, 1], ids=["of a stream that nobody has seen", "of one that has a position"])
async def test_a_retry_of_the_missing_event_and_a_batch_with_the_next_one_wait_for_each_other(
    reader: Reader, pause: Pause, known: int
) -> None:
    """Else the batch parks its event behind a gap that is filled in the same moment, and nobody comes for it."""
    await reader.take(event("warm", 1))
    number = await unreadable(reader, *[event("a", n + 1) for n in range(known)])
    async with operator(reader) as connection:
        retried, batch = await meet(
            reader,
            pause,
            dead_letters.retry(reader.inbox, connection, number),
            reader.take(event("a", known + 2)),
            await pid_of(reader.consumer),
        )
    assert (retried, batch) == (1, None)
    assert await reader.effects("a") == [*range(1, known + 3)]
    assert await reader.count("parked_keys") == 0


async def test_a_batch_and_a_retry_of_the_event_before_it_wait_for_each_other(reader: Reader, pause: Pause) -> None:
    """The same the other way round: the batch is first, and the retry finds what it has parked."""
    number = await unreadable(reader)
    async with operator(reader) as connection:
        batch, retried = await meet(
            reader,
            pause,
            reader.take(event("a", 2), event("b", 1, "pause")),
            dead_letters.retry(reader.inbox, connection, number),
            connection.get_server_pid(),
        )
    assert (batch, retried) == (None, 2)
    assert await reader.effects("a") == [1, 2]
    assert await reader.count("parked_keys") == 0


async def test_what_comes_while_a_retry_is_at_work_queues_behind_it(reader: Reader, pause: Pause) -> None:
    await reader.take(event("a", 1, "poison"), event("a", 2, "pause"), event("a", 3))
    await allow_poison(reader)
    async with operator(reader) as connection:
        retried, batch = await meet(
            reader,
            pause,
            dead_letters.retry(reader.inbox, connection, 1),
            reader.take(event("a", 4), event("b", 1)),
            await pid_of(reader.consumer),
        )
    assert (retried, batch) == (3, None)
    assert await reader.effects("a") == [1, 2, 3, 4]


async def test_a_retry_and_a_batch_with_a_copy_of_its_event_do_not_lock_each_other_out(
    reader: Reader, pause: Pause
) -> None:
    await reader.take(event("z", 1))
    late = event("z", 1, "pause", event_id="late")
    await reader.take(late)
    async with operator(reader) as connection:
        accepted, batch = await meet(
            reader,
            pause,
            dead_letters.accept(reader.inbox, connection, 1),
            reader.take(event("b", 1), late, event("z", 2)),
            await pid_of(reader.consumer),
        )
    assert (accepted, batch) == (1, None)
    assert await reader.effects("z") == [1, 1, 2]
    assert await reader.dead() == []


@pytest.mark.parametrize("other", [dead_letters.retry, dead_letters.discard])
async def test_of_two_operators_one_decides_about_a_dead_letter(reader: Reader, pause: Pause, other: Any) -> None:
    number = await unreadable(reader)
    async with operator(reader) as one, operator(reader) as two:
        first, second = await meet(
            reader,
            pause,
            dead_letters.retry(reader.inbox, one, number),
            other(reader.inbox, two, number),
            two.get_server_pid(),
        )
    assert first == 1
    assert isinstance(second, NotDone)
    assert str(second) == f"dead letter {number} was retried already"
    assert await reader.effects("a") == [1]


async def test_two_readers_of_one_stream_that_a_producer_has_put_on_two_partitions_take_turns(
    reader: Reader, pause: Pause, second: Consumer
) -> None:
    """Else the second one sees a gap where the first one is about to fill it, and waits for ever."""
    await reader.take(event("a", 1))
    await meet(
        reader,
        pause,
        reader.take(event("a", 2, "pause")),
        take(reader, second, event("a", 3)),
        await pid_of(second),
    )
    assert await reader.effects("a") == [1, 2, 3]
    assert await reader.count("parked_keys") == 0


async def test_two_readers_with_the_same_events_have_one_effect_in_order(
    reader: Reader, pause: Pause, second: Consumer
) -> None:
    events = [event("a", 1), event("a", 2, "pause"), event("b", 1)]
    await meet(
        reader,
        pause,
        reader.take(*events),
        take(reader, second, *events, event("a", 3)),
        await pid_of(second),
    )
    assert await reader.effects("a") == [1, 2, 3]
    assert await reader.effects("b") == [1]
    assert await reader.count("inbox") == 4


async def test_of_two_sources_that_tell_of_one_subject_at_once_one_is_believed(
    reader: Reader, pause: Pause, second: Consumer
) -> None:
    """Each owns a programme of its own, and both call a cluster by one name."""
    ours, theirs = cluster("c", 1, programme="p"), cluster("c", 1, programme="q", source="/crm", event_id="theirs")
    reader.listen_to_clusters()
    reader.inbox.handlers[InvoiceRejected.type] = [pause]
    second.inbox.handlers = reader.inbox.handlers
    second.inbox._facts, second.inbox._topics = reader.inbox._facts, reader.inbox._topics
    await reader.take(cluster("known", 1, programme="p"), cluster("known too", 1, programme="q", source="/crm"))

    async def until_taken() -> None:
        async def taken() -> bool:
            try:
                await take(reader, second, theirs)
            except Exception as error:
                if second._is_bug(error):
                    raise
                return False
            return True

        await eventually(taken)

    first, other = await meet(
        reader,
        pause,
        reader.take(ours, event("p", 1, "pause")),
        until_taken(),
        await pid_of(second),
    )
    assert (first, other) == (None, None)
    assert await reader.dead() == ["not_owner"]
    believed = await reader.pool.fetch("SELECT source FROM stream_in WHERE subject = 'cluster/c' AND bound")
    told = await reader.pool.fetch("SELECT said AS source FROM effects WHERE subject = 'cluster/c'")
    assert len(believed) == 1
    assert told == believed


async def test_what_was_parked_is_taken_out_in_the_order_of_its_arrival(reader: Reader) -> None:
    """Without sequences that is the only one there is; where the rows lie says nothing about it."""
    names = [f"n{number}" for number in range(12)]
    await reader.take(event("a", None, "poison", event_id="dead"))
    await reader.take(*[event("a", None, name, event_id=name) for name in names])
    # A row that is written again lies behind all others, and the table is read as it lies.
    for name in names[:6]:
        await reader.pool.execute("UPDATE parked_events SET type = type WHERE event_id = $1", name)
    connection = await reader.consumer._connect()
    await connection.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
    await dead_letters.discard(reader.inbox, connection, 1)
    assert [row[0] for row in await reader.pool.fetch("SELECT said FROM effects ORDER BY id")] == names
