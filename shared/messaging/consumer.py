"""From Kafka to the inbox: FastStream reads batches, offsets are committed after COMMIT, a bug stops everything.

FastStream's own parser drops the batch around a null or non-UTF-8 header; ours hands it empty headers and passes the
raw records on.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
import traceback
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import Any, Literal

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.exceptions import NackMessage
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.message import AckStatus

from shared.base.activity import Busy
from shared.base.cloudevents import Record
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, TryAgain, classify
from shared.base.waiting import Backoff, first_of
from shared.messaging import metrics
from shared.messaging.grants import FROM, Grants
from shared.messaging.inbox import BugFound, Inbox
from shared.messaging.kafka import Address, broker_options
from shared.messaging.records import StoredRecord
from shared.storage.pool import close, connect
from shared.storage.tx import Connection

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MAX_RECORDS = 500
BATCH_TIMEOUT_MS = 20
SESSION_TIMEOUT_MS = 10_000
REBALANCE_TIMEOUT_MS = 20_000
REVOKE_WAIT_S = 10.0
LONGEST_BACKOFF_S = 30.0
FIRST_BACKOFF_S = 0.2
CONNECTION_AGE_S = 3600.0
NO_PROGRESS_S = 60.0
WATCH_EVERY_S = 5.0
CAREFUL_TRIES = 3
COLLECT_AFTER = 50_000

State = Literal["starting", "running", "halted", "stopped"]


class Consumer:
    """One service's subscriber. `run` returns when `stop` is set; a halted one stands still until then."""

    name = "consumer"

    def __init__(
        self,
        inbox: Inbox,
        *,
        dsn: str,
        kafka: Address,
        topics: Sequence[str],
        prefix: str = "",
        activity: Busy | None = None,
        grants: Grants | None = None,
    ) -> None:
        """`topics` without `prefix`, the installation's; the group id is the inbox's consumer name.

        With `grants`, what other producers tell beside these topics is read as well, from when it is granted on.
        """
        self.inbox = inbox
        self.state: State = "starting"
        self.reason: str | None = None
        self._dsn = dsn
        self._kafka = kafka
        self._topics = tuple(topics)
        self._prefix = prefix
        self._grants = grants
        self._activity = activity
        self._connection: Connection | None = None
        self._connected_at = 0.0
        self._message: KafkaMessage | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._in_flight = 0
        self._backoff = Backoff(FIRST_BACKOFF_S, LONGEST_BACKOFF_S)
        self._assigned = False
        self._halted = asyncio.Event()
        self._stopping = asyncio.Event()
        self._progress_at = time.monotonic()
        self._subscriber: BatchSubscriber | None = None
        self._listener = _Listener(self)

    @property
    def ready(self) -> bool:
        """Reading, with partitions of its own."""
        return self.state == "running" and self._assigned

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set, then finish the batch in hand, commit its offsets and leave the group."""
        if not self._topics:
            self.state = "running"
            self._assigned = True
            await stop.wait()
            self.state = "stopped"
            return
        await self._know_producers(stop)
        broker = self._build()
        watchdog: asyncio.Task[None] | None = None
        following: asyncio.Task[None] | None = None
        # A batch makes tens of thousands of objects that live until COMMIT. With Python's threshold (700) the collector
        # goes over them again and again and finds nothing: 40 % of the time it takes to read them.
        thresholds = gc.get_threshold()
        gc.set_threshold(max(thresholds[0], COLLECT_AFTER), *thresholds[1:])
        try:
            if await self._start(broker, stop):
                self.state = "running"
                watchdog = asyncio.create_task(self._watch())
                following = asyncio.create_task(self._follow_producers())
                await first_of(stop, self._halted)
        finally:
            self._stopping.set()
            for task in (watchdog, following):
                if task is not None:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
            await broker.stop()
            if self._grants is not None:
                await self._grants.close()
            await self._disconnect()
            gc.set_threshold(*thresholds)
        if self.state == "halted":
            await stop.wait()
        else:
            self.state = "stopped"

    async def pending(self) -> int:
        """Records of its partitions that are not committed yet; at least 1 while it has no partitions."""
        if not self._topics:
            return 0
        consumer = self._consumer()
        if consumer is None or not self._assigned:
            return 1
        ends = await consumer.end_offsets(list(consumer.assignment()))
        lag = 0
        try:
            for partition, end in ends.items():
                lag += max(0, end - await consumer.position(partition))
        except IllegalStateError:
            # The group is being divided anew at this moment.
            return 1
        return lag + self._in_flight

    # Kafka -------------------------------------------------------------------------------------------------------

    def _build(self) -> KafkaBroker:
        broker = KafkaBroker(
            **broker_options(self._kafka),
            client_id=self.inbox.consumer,
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
        )
        subscriber = broker.subscriber(
            *self._subscribed(),
            batch=True,
            group_id=self.inbox.consumer,
            ack_policy=AckPolicy.NACK_ON_ERROR,
            auto_offset_reset="earliest",
            max_records=MAX_RECORDS,
            batch_timeout_ms=BATCH_TIMEOUT_MS,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            listener=self._listener,
            parser=self._parse,
            decoder=_raw,
        )
        subscriber(self._handle)
        self._subscriber = subscriber
        return broker

    # Other producers ----------------------------------------------------------------------------------------------

    def _subscribed(self) -> list[str]:
        return [self._prefix + topic for topic in (*self._topics, *self.inbox.granted.topics(self._topics))]

    async def _know_producers(self, stop: asyncio.Event) -> None:
        """What they may tell, before anything of theirs is read; tried until it is known."""
        while self._grants is not None and not stop.is_set():
            try:
                self.inbox.granted = await self._grants.catch_up()
            except (KafkaError, OSError) as error:
                log.warning("consumer_cannot_start", consumer=self.inbox.consumer, error=type(error).__name__)
                await first_of(stop, seconds=self._backoff.failed())
            else:
                self._backoff.succeeded()
                return

    async def _follow_producers(self) -> None:
        """Those that come later are read as soon as they are granted something, without another start."""
        if self._grants is None:
            return
        changed = asyncio.Event()
        following = asyncio.create_task(self._grants.follow(self._stopping, changed))
        try:
            while True:
                await changed.wait()
                changed.clear()
                before, self.inbox.granted = self._subscribed(), self._grants.granted
                consumer = self._consumer()
                if self._subscribed() != before and consumer is not None:
                    log.info(
                        "producers_changed", consumer=self.inbox.consumer, producers=len(self.inbox.granted.producers)
                    )
                    consumer.subscribe(topics=self._subscribed(), listener=self._listener)
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def _look_at_grants(self, records: Sequence[Record]) -> None:
        """What a producer was granted before it wrote one of these is known, whenever we looked last."""
        if self._grants is not None and any(FROM in record.topic for record in records):
            self.inbox.granted = await self._grants.catch_up()

    async def _start(self, broker: KafkaBroker, stop: asyncio.Event) -> bool:
        while not stop.is_set():
            try:
                await broker.start()
            except (KafkaError, OSError) as error:
                log.warning("consumer_cannot_start", consumer=self.inbox.consumer, error=type(error).__name__)
                await broker.stop()
                await first_of(stop, seconds=self._backoff.failed())
            else:
                self._backoff.succeeded()
                return True
        return False

    def _consumer(self) -> AIOKafkaConsumer | None:
        return self._subscriber.consumer if self._subscriber is not None else None

    async def _parse(self, records: Any, original: Any) -> Any:
        # The original reads the first and the last record for its bookkeeping, and every header: it gets none.
        first, last = records[0], records[-1]
        message = await original((_without_headers(first), _without_headers(last)))
        message.raw_message = records
        self._message = message
        return message

    async def _handle(self, records: Any) -> None:
        # Any: FastStream builds a pydantic model from this signature, and the records are not for it to check.
        if self.state == "halted":
            await asyncio.sleep(0.1)
            raise NackMessage
        self._idle.clear()
        self._in_flight = len(records)
        try:
            with self._activity.busy() if self._activity is not None else nullcontext():
                await self._take(records)
                await failpoint("consumer.after_commit")
                await self._commit_offsets()
        except Exception as error:
            if self._is_bug(error):
                self._halt(error)
            else:
                await self._retry_later(error)
            raise NackMessage from error
        finally:
            self._in_flight = 0
            self._idle.set()

    async def _commit_offsets(self) -> None:
        message = self._message
        if message is None:
            return
        try:
            await message.ack()
        except KafkaError as error:
            # The group has moved on. Whoever has the partitions now gets the batch again, and knows it all.
            message.committed = AckStatus.ACKED
            metrics.UNCOMMITTED.labels(self.inbox.consumer).inc()
            log.warning("offsets_not_committed", consumer=self.inbox.consumer, error=type(error).__name__)

    # The batch ---------------------------------------------------------------------------------------------------

    async def _take(self, records: Sequence[Record]) -> None:
        started = time.monotonic()
        await self._look_at_grants(records)
        read = self.inbox.read
        arrivals = [arrival for record in records if (arrival := read(record)) is not None]
        if arrivals:
            connection = await self._connect()
            try:
                await self.inbox.take(connection, arrivals)
            except Exception as error:
                if classify(error) is not Failure.DATA:
                    raise
                await self._take_carefully(connection, arrivals)
        self._backoff.succeeded()
        self._progress_at = time.monotonic()
        metrics.BATCH_SECONDS.labels(self.inbox.consumer).observe(self._progress_at - started)

    async def _take_carefully(self, connection: Connection, arrivals: Sequence[Any]) -> None:
        try:
            await self.inbox.take(connection, arrivals, careful=True)
        except Exception as error:
            if classify(error) is Failure.DATA:
                # No event is to blame: two consumers bound one subject at a time, say. Then the next attempt sees it.
                if self._backoff.failures >= CAREFUL_TRIES:
                    raise BugFound("a data error outside every event") from error
                raise TryAgain from error
            raise

    def _is_bug(self, error: Exception) -> bool:
        # On a connection that is gone asyncpg may raise anything: the next attempt shows whether it is a bug.
        cut = self._connection is not None and self._connection.is_closed()
        return not cut and classify(error) is not Failure.TRANSIENT

    def _halt(self, error: Exception) -> None:
        self.state = "halted"
        # The text of an exception may repeat values of an event; its type and place do not.
        self.reason = str(error) if isinstance(error, BugFound) else f"{type(error).__name__} in a handler"
        metrics.HALTED.labels(self.inbox.consumer).set(1)
        log.critical(
            "consumer_halted",
            alarm=True,
            consumer=self.inbox.consumer,
            reason=self.reason,
            error=type(error).__name__,
            where="".join(traceback.format_tb(error.__traceback__)[-6:]),
        )
        self._halted.set()

    async def _retry_later(self, error: Exception) -> None:
        pause = self._backoff.failed()
        metrics.RETRIES.labels(self.inbox.consumer).inc()
        log.warning(
            "batch_retried",
            consumer=self.inbox.consumer,
            error=type(error).__name__,
            failures=self._backoff.failures,
        )
        await self._disconnect()
        await first_of(self._stopping, seconds=pause)

    async def _connect(self) -> Connection:
        if self._connection is not None and (
            self._connection.is_closed() or time.monotonic() - self._connected_at > CONNECTION_AGE_S
        ):
            await self._disconnect()
        if self._connection is None:
            self._connection = await connect(self._dsn, self.inbox.consumer)
            self._connected_at = time.monotonic()
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await close(connection)

    # Groups and liveness -----------------------------------------------------------------------------------------

    async def revoked(self) -> None:
        """Let the batch in hand commit its offsets before somebody else gets its partitions (bounded)."""
        self._assigned = False
        await first_of(self._idle, seconds=REVOKE_WAIT_S)

    def assigned(self) -> None:
        self._assigned = True
        self._progress_at = time.monotonic()

    async def _watch(self) -> None:
        """End the process when there is work and none gets done: a stuck client never recovers by itself."""
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            try:
                async with asyncio.timeout(WATCH_EVERY_S):
                    lag = await self.pending()
            except (KafkaError, OSError, TimeoutError):
                continue
            metrics.LAG.labels(self.inbox.consumer).set(lag)
            if lag == 0:
                self._progress_at = time.monotonic()
            elif self.state != "halted" and time.monotonic() - self._progress_at > NO_PROGRESS_S:
                log.critical("consumer_stuck", alarm=True, consumer=self.inbox.consumer, lag=lag)
                os._exit(1)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no type information
    def __init__(self, consumer: Consumer) -> None:
        self._of = consumer

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            await self._of.revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:  # noqa: ARG002  (aiokafka's signature)
        self._of.assigned()


def _without_headers(record: Any) -> StoredRecord:
    return StoredRecord(record.topic, record.partition, record.offset, record.timestamp, record.key, record.value, ())


async def _raw(message: KafkaMessage) -> Any:
    return message.raw_message
