"""From the outbox to Kafka: in order per key, every event at least once, and never more than readers can drop.

One relay per database (session advisory lock on a connection of its own). It scans `ORDER BY id` and moves the rows
that Kafka has acknowledged to `outbox_sent`: there is no cursor that a late commit could hide behind. Per key the order
of ids is the order of commits, because a fact's sequence is drawn and its row inserted under one lock.

While batch N is being moved, N + 1 is already on its way: one snapshot said what there is to send, and a batch is sent
only after all of the one before was acknowledged. After any delivery error the producer is thrown away (its numbering
of batches is broken), and what was not moved is scanned again: duplicates, which readers drop. A relay that was paused
and resumes makes only those.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import murmur2

from shared.base.activity import Busy
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, TryAgain, classify
from shared.base.tasks import alongside
from shared.base.waiting import Backoff, first_of
from shared.messaging import metrics
from shared.messaging.kafka import Address, client_options
from shared.messaging.partitions import make_days
from shared.storage.pool import close, connect
from shared.storage.tx import Connection, on_facts_committed

log: structlog.stdlib.BoundLogger = structlog.get_logger()

LOCK = 7_405_611_230_002
"""Advisory lock of the relay; such locks belong to one database."""
BATCH = 1000
MAX_REQUEST_BYTES = 1024 * 1024
AT_ONCE = 20 * BATCH
"""Rows that one look at the table sends; then it looks again."""
FIRST_LOOK_S = 0.010
LONGEST_LOOK_S = 0.100
"""Between looks at an empty outbox, doubling: a commit of this process wakes the relay, one of another does not."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
"""After an error, doubling."""
LOCK_EVERY_S = 1.0
"""Between looks at whether the lock is still held. A relay without it makes duplicates, which readers drop."""
LOCK_WAIT_S = 0.5
REPORT_EVERY_S = 1.0
ACK_DEADLINE_S = 30.0
PING_S = 2.0
STOP_S = 5.0
SESSION_IDLE_S = 10
"""PostgreSQL ends a relay's session that says nothing for so long: a paused process must not keep the lock."""
EXIT_STATUS = 1

NEVER_SENDABLE = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    InvalidTopicError,
)
"""Errors that the same record will always get. A batch that got one is sent again record by record."""

_WAITING_IDS = """
SELECT array(SELECT id FROM outbox ORDER BY id LIMIT $1) AS ids, EXISTS (SELECT FROM outbox_dead) AS blocked
"""
_UNBLOCKED_IDS = """
SELECT array(
    SELECT id FROM outbox o WHERE NOT EXISTS (SELECT FROM outbox_dead d WHERE d.key = o.key AND d.topic = o.topic)
    ORDER BY id LIMIT $1)
"""
_ROWS = "SELECT id, topic, key, payload FROM outbox WHERE id = ANY ($1) ORDER BY id"
_PENDING = """
SELECT count(*) FROM outbox o
WHERE NOT EXISTS (SELECT 1 FROM outbox_dead d WHERE d.key = o.key AND d.topic = o.topic)
"""
_WAITING = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
FROM (SELECT created_at FROM outbox ORDER BY id LIMIT $1) AS first
"""
_COLUMNS = (
    "id, event_id, source, topic, key, sequence, type, payload, correlation_id, causation_id, actor, occurred_at, "
    "created_at"
)
_MOVE = f"""
WITH moved AS (DELETE FROM outbox WHERE id = ANY ($1) RETURNING *)
INSERT INTO outbox_sent ({_COLUMNS}, sent_at) SELECT {_COLUMNS}, clock_timestamp() FROM moved
"""
_GIVE_UP = f"""
WITH dead AS (DELETE FROM outbox WHERE id = $1 RETURNING *)
INSERT INTO outbox_dead ({_COLUMNS}, reason) SELECT {_COLUMNS}, $2 FROM dead
"""
_HELD = """
SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
               AND (classid::bigint << 32 | objid::bigint) = $1)
"""


class TopicMissing(Exception):  # noqa: N818  (the sentence says it)
    """A topic that this relay sends to is not there; an operator has to make it."""


class Row(Protocol):
    """A row of the outbox: id, topic, key, payload."""

    def __getitem__(self, name: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a batch: the ids that Kafka has, and the rows it refused, each with the error."""

    acked: list[int]
    refused: list[tuple[Row, Exception]]


class Sender:
    """An idempotent producer and the numbers of partitions; used by the relay, by `replay`, and by the benchmark."""

    def __init__(self, kafka: Address, *, prefix: str = "", client_id: str = "tovholder-relay") -> None:
        self._prefix = prefix
        self._producer = AIOKafkaProducer(
            **client_options(kafka),
            client_id=client_id,
            enable_idempotence=True,
            acks="all",
            compression_type="lz4",
            linger_ms=5,
            max_batch_size=256 * 1024,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=10_000,
        )
        self._counts: dict[str, int] = {}

    async def start(self) -> None:
        await self._producer.start()

    async def stop(self) -> None:
        """Let go of the connections; what is still unsent is dropped after five seconds, and sent again by the next."""
        try:
            await asyncio.wait_for(self._producer.stop(), STOP_S)
        except (TimeoutError, KafkaError, OSError):
            # `stop` waits for unsent batches for ever, and a producer left alone would go on sending them.
            await self._producer._sender.close()  # noqa: SLF001
            await self._producer.client.close()

    async def check_topics(self, topics: Sequence[str]) -> None:
        """Raises TopicMissing, with all that are missing; `topics` without prefix."""
        there = await self._producer.client.fetch_all_metadata()
        missing = sorted(self._prefix + topic for topic in topics if self._prefix + topic not in there.topics())
        if missing:
            raise TopicMissing(f"Kafka has no topic {', '.join(missing)}")

    async def send(self, topic: str, key: str, payload: bytes) -> Awaitable[Any]:
        """Put one record into the producer's buffer; the future is Kafka's acknowledgement.

        Kafka's timestamp is machine time. The partition is murmur2 of the key as in Java, so that any client agrees.
        """
        count = self._counts.get(topic)
        if count is None:
            count = self._counts[topic] = len(await self._producer.partitions_for(self._prefix + topic))
        encoded, hashed = _hash(key)
        acked: Awaitable[Any] = await self._producer.send(
            self._prefix + topic, payload, key=encoded, partition=hashed % count
        )
        return acked


@lru_cache(maxsize=2048)
def _hash(key: str) -> tuple[bytes, int]:
    # murmur2 in Python costs more than all else in a send, and the keys of a minute are few.
    encoded = key.encode()
    return encoded, murmur2(encoded) & 0x7FFFFFFF


class Relay:
    """Sends one database's outbox. `run` returns when `stop` is set; a second relay waits for the lock."""

    name = "relay"

    def __init__(
        self,
        source: str,
        *,
        dsn: str,
        kafka: Address,
        topics: Sequence[str],
        prefix: str = "",
        activity: Busy | None = None,
        ack_deadline_s: float = ACK_DEADLINE_S,
    ) -> None:
        """`topics` (without prefix) are those that this service sends to; they must be there at the start."""
        self.source = source
        self.active = False
        self.done = 0
        self._dsn = dsn
        self._kafka = kafka
        self._topics = tuple(topics)
        self._prefix = prefix
        self._activity = activity
        self._ack_deadline_s = ack_deadline_s
        self._wake = asyncio.Event()
        self._asked = asyncio.Lock()
        self._asking: Connection | None = None
        self._sender: Sender | None = None
        self._pause = FIRST_LOOK_S
        self._held_at = 0.0
        self._reported_at = 0.0
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop` is set, and then what is in hand. Connection errors are tried again for ever."""
        unhook = on_facts_committed(self._wake.set)
        try:
            while not stop.is_set():
                try:
                    await self._serve(stop)
                except Exception as error:
                    if classify(error) is not Failure.TRANSIENT:
                        raise
                    await self._pause_after(error, stop)
                finally:
                    self.active = False
        finally:
            unhook()
            await self._drop_sender()
            async with self._asked:
                if self._asking is not None:
                    await close(self._asking)

    async def pending(self) -> int:
        """Rows in the outbox, those behind a dead record left out; asked over a connection of its own."""
        async with self._asked:
            if self._asking is None or self._asking.is_closed():
                self._asking = await connect(self._dsn, f"{self.source} relay pending")
            count: int = await self._asking.fetchval(_PENDING)
            return count

    async def _pause_after(self, error: Exception, stop: asyncio.Event) -> None:
        pause = self._backoff.failed()
        log.warning("relay_retries", source=self.source, error=type(error).__name__, failures=self._backoff.failures)
        await self._drop_sender()
        await first_of(stop, seconds=pause)

    # One session -------------------------------------------------------------------------------------------------

    async def _serve(self, stop: asyncio.Event) -> None:
        connection = await connect(
            self._dsn, f"{self.source} relay", settings={"idle_session_timeout": f"{SESSION_IDLE_S}s"}
        )
        try:
            if not await self._acquire(connection, stop):
                return
            await self._new_sender()
            self.active = True
            log.info("relay_active", source=self.source)
            while not stop.is_set() and await self._holds(connection):
                self._wake.clear()
                sent = await self._drain(connection, self._sender or await self._new_sender())
                self._backoff.succeeded()
                await self._report(connection)
                if not sent or not self._wake.is_set():
                    await self._sleep(sent=sent, stop=stop)
            await self._drain_at_the_end(connection)
        except Exception as error:
            if connection.is_closed():
                # Whatever asyncpg raises then, the cut is the reason.
                raise TryAgain from error
            raise
        finally:
            await close(connection)

    async def _holds(self, connection: Connection) -> bool:
        now = time.monotonic()
        if now - self._held_at < LOCK_EVERY_S:
            return True
        self._held_at = now
        held: bool = await connection.fetchval(_HELD, LOCK)
        return held

    async def _drain_at_the_end(self, connection: Connection) -> None:
        """What was told while the process was stopping is sent before it ends."""
        if self._sender is not None and await connection.fetchval(_HELD, LOCK):
            await self._drain(connection, self._sender)

    async def _acquire(self, connection: Connection, stop: asyncio.Event) -> bool:
        while not stop.is_set():
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                return True
            await first_of(stop, seconds=LOCK_WAIT_S)
        return False

    async def _report(self, connection: Connection) -> None:
        now = time.monotonic()
        if now - self._reported_at < REPORT_EVERY_S:
            return
        self._reported_at = now
        rows, age = await connection.fetchrow(_WAITING, BATCH) or (0, 0.0)
        metrics.OUTBOX_ROWS.labels(self.source).set(rows)
        metrics.OUTBOX_AGE.labels(self.source).set(age)

    async def _sleep(self, *, sent: bool, stop: asyncio.Event) -> None:
        self._pause = FIRST_LOOK_S if sent else min(2 * self._pause, LONGEST_LOOK_S)
        await first_of(self._wake, stop, seconds=self._pause)

    # Sending -----------------------------------------------------------------------------------------------------

    async def _drain(self, connection: Connection, sender: Sender) -> bool:
        """Send what is there; True when there was something.

        What is sent is what one snapshot saw. A row that was committed later is left for the next one, also when its id
        is lower: whatever its key has told since is not in the snapshot either.
        """
        ids, blocked = await connection.fetchrow(_WAITING_IDS, AT_ONCE) or ([], False)
        if ids and blocked:
            ids = await connection.fetchval(_UNBLOCKED_IDS, AT_ONCE)
        if not ids:
            return False
        with self._activity.busy() if self._activity is not None else nullcontext():
            await self._send_all(connection, sender, ids)
        return True

    async def _send_all(self, connection: Connection, sender: Sender, ids: Sequence[int]) -> None:
        """Batch after batch, each moved while the next one is handed over."""
        to_move: list[int] = []
        rows = await connection.fetch(_ROWS, ids[:BATCH])
        for end in range(BATCH, len(ids) + BATCH, BATCH):
            await failpoint("relay.before_send")
            async with alongside(self._put(sender, rows)) as putting:
                await self._move(connection, to_move)
            following = await connection.fetch(_ROWS, ids[end : end + BATCH]) if end < len(ids) else []
            result = await self._settle(connection, putting.result())
            await failpoint("relay.between_ack_and_move")
            to_move = result.acked
            if result.refused:
                await self._move(connection, to_move)
                await self._face(connection, result.refused)
                return
            rows = following
        await self._move(connection, to_move)

    async def _put(self, sender: Sender, rows: Sequence[Row]) -> list[tuple[Row, Awaitable[Any] | Exception]]:
        """Hand the rows to the producer in order. After a refusal nothing more of that key is handed over."""
        put: list[tuple[Row, Awaitable[Any] | Exception]] = []
        refused: set[tuple[str, str]] = set()
        missing: set[str] = set()
        for row in rows:
            topic, key = row["topic"], row["key"]
            if topic in missing or (refused and (topic, key) in refused):
                continue
            try:
                put.append((row, await sender.send(topic, key, row["payload"])))
            except NEVER_SENDABLE as error:
                refused.add((topic, key))
                put.append((row, error))
                if not isinstance(error, MessageSizeTooLargeError):
                    # One look per batch: each costs as long as the client searches for the topic.
                    missing.add(topic)
            except KafkaError as error:
                put.append((row, error))
                break
        return put

    async def _settle(self, connection: Connection, put: Sequence[tuple[Row, Awaitable[Any] | Exception]]) -> Result:
        """Wait for Kafka's word on each row. Never gives up while Kafka is away, never waits for a hung client."""
        waiting = {future for _, future in put if isinstance(future, asyncio.Future)}
        deadline = time.monotonic() + self._ack_deadline_s
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=PING_S)
            if waiting:
                # Says to PostgreSQL that this relay is alive, and to this relay that PostgreSQL is.
                await connection.execute("SELECT 1")
                if time.monotonic() > deadline:
                    if await _answers(self._kafka):
                        log.critical("relay_hangs", alarm=True, source=self.source, unacknowledged=len(waiting))
                        os._exit(EXIT_STATUS)
                    deadline = time.monotonic() + self._ack_deadline_s
        acked: list[int] = []
        refused: list[tuple[Row, Exception]] = []
        for row, future in put:
            error = future.exception() if isinstance(future, asyncio.Future) else future
            if error is None:
                acked.append(row["id"])
            elif isinstance(error, Exception):
                refused.append((row, error))
        return Result(acked, refused)

    async def _move(self, connection: Connection, ids: Sequence[int]) -> None:
        if not ids:
            return
        try:
            await connection.execute(_MOVE, ids)
        except asyncpg.CheckViolationError:
            # The day has no partition: the clock has leapt, or nobody could make it. To attach one stops no reader.
            days = await make_days(connection, 1)
            log.warning("partition_made_late", source=self.source, days=days)
            try:
                await connection.execute(_MOVE, ids)
            except asyncpg.CheckViolationError:
                # Until there is one the rows are sent again and again, and readers drop them.
                log.critical("day_without_a_partition", alarm=True, source=self.source)
                raise TryAgain from None
        self.done += len(ids)
        metrics.SENT.labels(self.source).inc(len(ids))
        await failpoint("relay.after_move")

    async def _face(self, connection: Connection, refused: Sequence[tuple[Row, Exception]]) -> None:
        """After a delivery error: a new producer, and one record at a time for those that may be to blame."""
        sender = await self._new_sender()
        metrics.REBUILT.labels(self.source).inc()
        log.warning(
            "delivery_refused", source=self.source, errors=sorted({type(error).__name__ for _, error in refused})
        )
        blocked: set[tuple[str, str]] = set()
        for row, error in sorted(refused, key=lambda one: one[0]["id"]):
            if not isinstance(error, NEVER_SENDABLE) or (row["topic"], row["key"]) in blocked:
                continue
            alone = await self._settle(connection, await self._put(sender, [row]))
            if alone.acked:
                await self._move(connection, alone.acked)
            elif isinstance(alone.refused[0][1], NEVER_SENDABLE):
                blocked.add((row["topic"], row["key"]))
                await self._give_up(connection, row, alone.refused[0][1])
                sender = await self._new_sender()
            else:
                raise alone.refused[0][1]
        if all(not isinstance(error, NEVER_SENDABLE) for _, error in refused):
            raise refused[0][1]

    async def _give_up(self, connection: Connection, row: Row, error: Exception) -> None:
        reason = type(error).__name__
        await connection.execute(_GIVE_UP, row["id"], reason)
        metrics.UNSENDABLE.labels(self.source).inc()
        log.critical(
            "outbox_dead",
            alarm=True,
            source=self.source,
            outbox_id=row["id"],
            topic=row["topic"],
            subject=row["key"],
            reason=reason,
        )

    async def _new_sender(self) -> Sender:
        await self._drop_sender()
        sender = Sender(self._kafka, prefix=self._prefix, client_id=f"{self._prefix}relay")
        try:
            await sender.start()
            await sender.check_topics(self._topics)
        except BaseException:
            await sender.stop()
            raise
        self._sender = sender
        return sender

    async def _drop_sender(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.stop()


async def _answers(kafka: Address) -> bool:
    """Whether Kafka can be talked to right now, asked by a client of its own."""
    probe = AIOKafkaClient(**client_options(kafka), request_timeout_ms=3000)
    try:
        async with asyncio.timeout(STOP_S):
            await probe.bootstrap()
    except (KafkaError, OSError, TimeoutError):
        return False
    else:
        return True
    finally:
        await probe.close()
