"""From Kafka to the inbox: FastStream reads batches, offsets are committed after COMMIT, a bug stops everything.

A halted reader has left its group and says before which event it stands. It begins anew when a person has set that one
aside (`dlq set-aside`), or when another version of the code is started; when no event can be named, once a minute.

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
from contextlib import AbstractContextManager, nullcontext, suppress
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
from shared.base.cloudevents import Arrival, Record
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, TryAgain, classify
from shared.base.log import redact
from shared.base.tasks import companion
from shared.base.waiting import Backoff, first_of
from shared.messaging import metrics
from shared.messaging.grants import FROM, LOOK_EVERY_S, Grants
from shared.messaging.inbox import BugFound, Inbox
from shared.messaging.kafka import Address, broker_options, client_options
from shared.messaging.lenient import read_any_name
from shared.messaging.plan import Stream
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
ASK_WITHIN_S = 5.0
CAREFUL_TRIES = 3
ALARM_AFTER = 8
"""Failures in a row, about a minute: then somebody should look."""
DECISION_EVERY_S = 1.0
"""Between looks at whether a person has set aside what a halted reader stands before."""
TRY_AGAIN_S = 60.0
"""After so long a reader that halted before no event in particular tries again."""
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
        self._broker: KafkaBroker | None = None
        self._subscriber: BatchSubscriber | None = None
        self._unhealed = True
        self._going_on: Stream | None = None
        self._faults: list[tuple[Arrival, str]] = []
        self._listener = _Listener(self)
        self._subscribed: list[str] = []

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
        # A batch makes tens of thousands of objects that live until COMMIT. With Python's threshold (700) the collector
        # goes over them again and again and finds nothing: 40 % of the time it takes to read them.
        thresholds = gc.get_threshold()
        gc.set_threshold(max(thresholds[0], COLLECT_AFTER), *thresholds[1:])
        try:
            while not stop.is_set():
                await self._read(stop)
                if self.state == "halted":
                    await self._wait_for_decision(stop)
        finally:
            if self._grants is not None:
                await self._grants.close()
            await self._disconnect()
            gc.set_threshold(*thresholds)
        if self.state != "halted":
            self.state = "stopped"

    async def _read(self, stop: asyncio.Event) -> None:
        """Until `stop` is set, or the reader halts."""
        self._stopping.clear()
        self._halted.clear()
        self._assigned = False
        self._unhealed = True
        broker = self._build()
        try:
            if await self._start(broker, stop):
                self.state = "running"
                async with companion(self._watch), companion(self._follow_producers):
                    await first_of(stop, self._halted)
        finally:
            self._stopping.set()
            await broker.stop()
            await self._disconnect()

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
        read_any_name()
        broker = KafkaBroker(
            **broker_options(self._kafka),
            client_id=self.inbox.consumer,
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
        )
        subscriber = broker.subscriber(
            *self._subscribe_to(),
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
        self._broker, self._subscriber = broker, subscriber
        return broker

    # Other producers ----------------------------------------------------------------------------------------------

    def _readable(self) -> list[str]:
        return [self._prefix + topic for topic in (*self._topics, *self.inbox.granted.topics(self._topics))]

    def _subscribe_to(self) -> list[str]:
        """All that may be read now; remembered, as batches look at what is granted too."""
        self._subscribed = self._readable()
        return self._subscribed

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
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._grants is None:
                continue
            self.inbox.granted = await self._grants.look()
            consumer = self._consumer()
            if self._readable() != self._subscribed and consumer is not None:
                log.info("producers_changed", consumer=self.inbox.consumer, producers=len(self.inbox.granted.producers))
                consumer.subscribe(topics=self._subscribe_to(), listener=self._listener)

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
            with self._activity.busy() if self._activity is not None else nullcontext(), self._unseen():
                await self._take(records)
                await failpoint("consumer.after_commit")
                await self._commit_offsets()
        except Exception as error:
            if self._is_bug(error):
                await self._halt(error, records)
            else:
                await self._retry_later(error)
            raise NackMessage from error
        finally:
            self._in_flight = 0
            self._idle.set()

    def _unseen(self) -> AbstractContextManager[object]:
        """FastStream's message is in no context inside: each timer of asyncio keeps the one it was set in, and asyncpg
        sets one of five minutes per statement. They would keep every batch of the last five minutes in memory.
        """
        return self._broker.context.scope("message", None) if self._broker is not None else nullcontext()

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
        arrivals = self._arrivals(records)
        connection = await self._connect() if arrivals or self._unhealed else None
        self._going_on = None
        if connection is not None:
            if self._unhealed:
                for stream in await self.inbox.can_go_on(connection):
                    await self._go_on(connection, stream)
                self._unhealed = False
            go_on = await self._take_in(connection, arrivals)
            # Until they have gone on: the same batch again would not know of it.
            self._unhealed = bool(go_on)
            for stream in go_on:
                await self._go_on(connection, stream)
            self._unhealed = False
        self._backoff.succeeded()
        self._progress_at = time.monotonic()
        metrics.BATCH_SECONDS.labels(self.inbox.consumer).observe(self._progress_at - started)

    def _arrivals(self, records: Sequence[Record]) -> list[Arrival]:
        read = self.inbox.read
        return [arrival for record in records if (arrival := read(record)) is not None]

    async def _take_in(self, connection: Connection, arrivals: Sequence[Arrival]) -> Sequence[Stream]:
        """Streams that have to go on."""
        if not arrivals:
            return ()
        try:
            return (await self.inbox.take(connection, arrivals)).go_on
        except Exception as error:
            if classify(error) is not Failure.DATA:
                raise
        try:
            return (await self.inbox.take(connection, arrivals, careful=True)).go_on
        except Exception as error:
            if classify(error) is not Failure.DATA:
                raise
            if self._backoff.failures < CAREFUL_TRIES:
                # No event is to blame: two consumers bound one subject at a time, say. Then the next attempt sees it.
                raise TryAgain from error
        return await self.inbox.take_one_by_one(connection, arrivals)

    async def _go_on(self, connection: Connection, stream: Stream) -> None:
        self._going_on = stream
        await self.inbox.go_on(connection, stream)
        self._going_on = None

    def _is_bug(self, error: Exception) -> bool:
        # On a connection that is gone asyncpg may raise anything: the next attempt shows whether it is a bug.
        cut = self._connection is not None and self._connection.is_closed()
        return not cut and classify(error) is not Failure.TRANSIENT

    async def _halt(self, error: Exception, records: Sequence[Record]) -> None:
        self.state = "halted"
        # The text of an exception may repeat values of an event; its type and place do not.
        self.reason = str(error) if isinstance(error, BugFound) else f"{type(error).__name__} in a handler"
        if named := await self._name_faults(records):
            self.reason += f" at {'; '.join(named)}"
        log.critical(
            "consumer_halted",
            alarm=True,
            consumer=self.inbox.consumer,
            reason=self.reason,
            error=type(error).__name__,
            where="".join(traceback.format_tb(error.__traceback__)[-6:]),
        )
        metrics.HALTED.labels(self.inbox.consumer).set(1)
        self._halted.set()

    async def _name_faults(self, records: Sequence[Record]) -> list[str]:
        """Before which events it stands, and what a person may set each aside by."""
        try:
            connection = await self._connect()
            self._faults = await self.inbox.find_fault(connection, self._arrivals(records), self._going_on)
            noted = await self.inbox.note_halt(connection, self._faults)
        except Exception as error:  # noqa: BLE001  (the reader stands, and says so, whatever comes of this)
            log.warning("fault_not_found", consumer=self.inbox.consumer, error=type(error).__name__)
            await self._disconnect()
            return []
        named: list[str] = []
        for number, arrival in noted.items():
            record = arrival.record
            at = metrics.HALTED_AT.labels(self.inbox.consumer, record.topic, record.partition)
            at.set(record.offset)
            named.append(
                redact(
                    f"topic {record.topic} partition {record.partition} offset {record.offset} "
                    f"(source {arrival.source}, id {arrival.id}): dlq set-aside {number}"
                )
            )
        return named

    async def _wait_for_decision(self, stop: asyncio.Event) -> None:
        """Until a person has set aside an event that it stands before; without such an event, for a while."""
        since = time.monotonic()
        while not stop.is_set():
            try:
                connection = await self._connect()
                await self.inbox.note_halt(connection, self._faults)
                decided = await self.inbox.has_new_decision(connection)
            except Exception as error:
                if self._is_bug(error):
                    raise
                decided = False
                await self._disconnect()
            if decided or (not self._faults and time.monotonic() - since > TRY_AGAIN_S):
                break
            await first_of(stop, seconds=DECISION_EVERY_S)
        else:
            return
        for arrival, _ in self._faults:
            record = arrival.record
            with suppress(KeyError):
                metrics.HALTED_AT.remove(self.inbox.consumer, record.topic, str(record.partition))
        self.state, self.reason, self._faults, self._going_on = "starting", None, [], None
        metrics.HALTED.labels(self.inbox.consumer).set(0)
        log.info("consumer_goes_on", consumer=self.inbox.consumer)

    async def _retry_later(self, error: Exception) -> None:
        # What tries again is not stuck: neither in what it tried, nor while it waits, each shorter than NO_PROGRESS_S.
        self._progress_at = time.monotonic()
        pause = self._backoff.failed()
        metrics.RETRIES.labels(self.inbox.consumer).inc()
        log.warning(
            "batch_retried",
            alarm=self._backoff.failures >= ALARM_AFTER,
            consumer=self.inbox.consumer,
            error=type(error).__name__,
            failures=self._backoff.failures,
        )
        await self._disconnect()
        await first_of(self._stopping, seconds=pause)
        self._progress_at = time.monotonic()

    async def _connect(self) -> Connection:
        if self._connection is not None and (
            self._connection.is_closed() or time.monotonic() - self._connected_at > CONNECTION_AGE_S
        ):
            await self._disconnect()
        if self._connection is None:
            self._connection = await connect(self._dsn, self.inbox.consumer)
            self._connection.add_query_logger(self._notice)
            self._connected_at = time.monotonic()
        return self._connection

    def _notice(self, _statement: object) -> None:
        """A batch may be long, as with hundreds of bad events on a busy machine: each statement of it is progress."""
        self._progress_at = time.monotonic()

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
        """End the process when there is work and none gets done: a stuck client never recovers by itself.

        One that does not even say how much there is to do is stuck too, unless Kafka answers nobody.
        """
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            lag = await self._lag()
            if lag is not None:
                metrics.LAG.labels(self.inbox.consumer).set(lag)
            if lag == 0 or self.state == "halted":
                self._progress_at = time.monotonic()
            elif time.monotonic() - self._progress_at > NO_PROGRESS_S:
                if await self._kafka_answers():
                    log.critical("consumer_stuck", alarm=True, consumer=self.inbox.consumer, lag=lag)
                    os._exit(1)
                self._progress_at = time.monotonic()

    async def _lag(self) -> int | None:
        """`pending`, or None when its client does not say."""
        try:
            async with asyncio.timeout(WATCH_EVERY_S):
                return await self.pending()
        except (KafkaError, OSError, TimeoutError):
            return None

    async def _kafka_answers(self) -> bool:
        """Somebody who asks for the first time is told where the logs of its partitions end."""
        reader = self._consumer()
        partitions = list(reader.assignment()) if reader is not None else []
        other = AIOKafkaConsumer(
            **client_options(self._kafka), client_id=f"{self.inbox.consumer} watchdog", enable_auto_commit=False
        )
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                await other.start()
                await other.end_offsets(partitions or [TopicPartition(topic, 0) for topic in self._subscribed])
        except (KafkaError, OSError, TimeoutError):
            return False
        else:
            return True
        finally:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(ASK_WITHIN_S):
                    await other.stop()


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
