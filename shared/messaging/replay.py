"""Telling it again: what Kafka had and lost (a disk, a power cut before its tail was written) is sent once more.

Same ids, same bytes, same producer settings: readers drop what they know. Nothing is inserted anywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Sequence
from datetime import datetime
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.messaging.kafka import Address, client_options
from shared.messaging.relay import BATCH, Sender
from shared.storage.pool import connect

log: structlog.stdlib.BoundLogger = structlog.get_logger()

READERS_DEADLINE_S = 30.0
ASK_EVERY_S = 0.5

SENT = "SELECT id, topic, key, payload FROM outbox_sent WHERE sent_at >= $1 ORDER BY id"
UNSENT = "SELECT id, topic, key, payload FROM outbox ORDER BY id"
AS_IT_IS_READ = "SET LOCAL enable_sort = off; SET LOCAL cursor_tuple_fraction = 0.0001"
"""Never sort it all first, whatever that would save in the end: it may be a million payloads."""


class ReadersAhead(Exception):  # noqa: N818  (the sentence says what to do)
    """A running reader stands behind the end of a log that was cut, and would skip what is sent there now."""


async def replay(
    dsn: str, kafka: Address, since: datetime, *, topics: Sequence[str], readers: Sequence[str], prefix: str = ""
) -> int:
    """Send everything again that was sent since `since` (machine time), in its order; returns how many.

    `readers` are the group ids that read `topics`. Where Kafka has lost the tail of its log, an offset committed behind
    the new end is worthless, and is set back to that end first. Raises ReadersAhead when a running reader keeps one:
    stop it and replay again.
    """
    await rewind(kafka, [prefix + topic for topic in topics], readers)
    sender = Sender(kafka, prefix=prefix, client_id=f"{prefix}replay")
    connection = await connect(dsn, "replay", settings={"idle_in_transaction_session_timeout": "5min"})
    sent = 0
    try:
        await sender.start()
        await sender.check_topics(topics)
        # One snapshot for both: between two, the relay could move a row past both.
        async with connection.transaction(readonly=True, isolation="repeatable_read"):
            await connection.execute(AS_IT_IS_READ)
            acks: list[Awaitable[Any]] = []
            async for row in in_order(
                connection.cursor(SENT, since, prefetch=BATCH), connection.cursor(UNSENT, prefetch=BATCH)
            ):
                acks.append(await sender.send(row["topic"], row["key"], row["payload"]))
                if len(acks) == BATCH:
                    await asyncio.gather(*acks)
                    sent += len(acks)
                    acks.clear()
            await asyncio.gather(*acks)
            sent += len(acks)
    finally:
        await sender.stop()
        await connection.close()
    log.info("replayed", events=sent, since=since.isoformat())
    return sent


async def in_order(*cursors: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """The rows of cursors that are each in the order of their ids, in that order; one fetch of each is held."""
    left = [aiter(cursor) for cursor in cursors]
    heads = {at: row for at, rows in enumerate(left) if (row := await anext(rows, None)) is not None}
    while heads:
        at = min(heads, key=lambda at: heads[at]["id"])
        yield heads.pop(at)
        if (row := await anext(left[at], None)) is not None:
            heads[at] = row


async def rewind(kafka: Address, topics: Sequence[str], readers: Sequence[str]) -> None:
    """Set back every committed offset that lies behind the end of its log (`topics` with prefix).

    A running reader notices by itself and starts anew at the beginning; it is given half a minute to say so.
    """
    admin = AIOKafkaAdminClient(**client_options(kafka), client_id="tovholder-replay")
    await admin.start()
    try:
        for group in readers:
            async with asyncio.timeout(READERS_DEADLINE_S + 10):
                await _rewind_group(admin, kafka, topics, group)
    finally:
        await admin.close()


async def _rewind_group(admin: AIOKafkaAdminClient, kafka: Address, topics: Sequence[str], group: str) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + READERS_DEADLINE_S
    while ahead := await _ahead(admin, kafka, topics, group):
        consumer = AIOKafkaConsumer(**client_options(kafka), group_id=group, enable_auto_commit=False)
        consumer.assign(list(ahead))
        await consumer.start()
        try:
            await consumer.commit(ahead)
            log.warning("reader_rewound", group=group, partitions=len(ahead))
        except KafkaError as error:
            # Kafka takes offsets from outside only while nobody is in the group.
            if loop.time() > until:
                raise ReadersAhead(f"{group} stands behind the end of the log. Stop it, then replay again.") from error
            await asyncio.sleep(ASK_EVERY_S)
        finally:
            await consumer.stop()


async def _ahead(
    admin: AIOKafkaAdminClient, kafka: Address, topics: Sequence[str], group: str
) -> dict[TopicPartition, int]:
    """The partitions where `group` has committed more than there is, with the offset where each log ends now."""
    committed = {
        partition: known.offset
        for partition, known in (await admin.list_consumer_group_offsets(group)).items()
        if partition.topic in topics and known.offset > 0
    }
    if not committed:
        return {}
    consumer = AIOKafkaConsumer(**client_options(kafka), enable_auto_commit=False)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(committed))
    finally:
        await consumer.stop()
    return {partition: end for partition, end in ends.items() if committed[partition] > end}
