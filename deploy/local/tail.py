"""`tovholder tail`: what stands in the topics, as lines for people or JSON for programs.

It joins no group and commits nothing, so it can look on without being noticed. Since when is machine time (Kafka's
timestamps); the time on a line is the event's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.errors import StackError
from deploy.local.topics import event_topics
from shared.base.cloudevents import Arrival, Reader, Record, attribute_headers
from shared.messaging.kafka import Address, client_options
from shared.messaging.lenient import read_any_name

POLL_MS = 500
_DURATION = re.compile(r"(\d{1,6})(s|m|t|h|d)")
_UNITS = {"s": 1, "m": 60, "t": 3600, "h": 3600, "d": 86_400}
_READER = Reader({})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to show. A pattern with `*` must fit the whole name, one without must occur in it; none = all."""

    types: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()

    def fits(self, arrival: Arrival) -> bool:
        return _fits(self.types, arrival.type or "") and _fits(self.subjects, arrival.subject or "")


def _fits(patterns: Sequence[str], name: str) -> bool:
    return not patterns or any(
        fnmatchcase(name, pattern) if "*" in pattern else pattern in name for pattern in patterns
    )


def parse_since(text: str | None, now: datetime) -> datetime | None:
    """`start`, a span such as 90s, 10m, 2t or 3d, or a time in ISO 8601; None = only what comes from now on."""
    if text is None:
        return None
    if text == "start":
        return datetime.fromtimestamp(0, UTC)
    if match := _DURATION.fullmatch(text):
        return now - timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise StackError(f"--since {text}: skriv start, et tidsrum (90s, 10m, 2t, 3d) eller et tidspunkt.") from None
    return found if found.tzinfo else found.astimezone()


async def topics(kafka: Address, prefix: str) -> tuple[str, ...]:
    """All that there is to see of an installation now. Raises StackError when Kafka does not answer."""
    try:
        return await event_topics(kafka, prefix)
    except (KafkaError, OSError) as error:
        raise StackError(f"Kafka svarer ikke som ventet: {type(error).__name__}.") from None


async def records(
    kafka: Address, topics: Sequence[str], since: datetime | None, *, follow: bool
) -> AsyncIterator[Record]:
    """The records of these topics, per partition in order; without `follow` it ends at the present end of each.

    Raises StackError when Kafka does not answer or a topic is missing.
    """
    read_any_name()
    consumer = AIOKafkaConsumer(**client_options(kafka), client_id="tovholder-tail", enable_auto_commit=False)
    try:
        await consumer.start()
        partitions = await _partitions(kafka, topics)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        starts = await _starts(consumer, partitions, since, ends)
        for partition, offset in starts.items():
            consumer.seek(partition, offset)
        left = {partition for partition in partitions if starts[partition] < ends[partition]}
        while follow or left:
            for partition, batch in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in batch:
                    if follow or record.offset < ends[partition]:
                        yield record
            # Where a log has holes the last offset has no record, so the position decides.
            left = {partition for partition in left if await consumer.position(partition) < ends[partition]}
    except (KafkaError, OSError) as error:
        raise StackError(f"Kafka svarer ikke som ventet: {type(error).__name__}.") from None
    finally:
        await consumer.stop()


async def _partitions(kafka: Address, topics: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**client_options(kafka), client_id="tovholder-tail")
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    if missing := sorted(topic["topic"] for topic in described if topic["error_code"] != 0):
        raise StackError(f"Disse topics findes ikke: {', '.join(missing)}.")
    return [TopicPartition(topic["topic"], each["partition"]) for topic in described for each in topic["partitions"]]


async def _starts(
    consumer: AIOKafkaConsumer,
    partitions: Sequence[TopicPartition],
    since: datetime | None,
    ends: dict[TopicPartition, int],
) -> dict[TopicPartition, int]:
    if since is None:
        return dict(ends)
    wanted = max(0, int(since.timestamp() * 1000))
    found = await consumer.offsets_for_times(dict.fromkeys(partitions, wanted))
    return {partition: at.offset if (at := found[partition]) else ends[partition] for partition in partitions}


def read(record: Record) -> Arrival:
    """What the envelope says; never raises."""
    return _READER.read(record)


def line(arrival: Arrival) -> str:
    """Time, type, subject and id, for a person; no data, so no personal data."""
    record = arrival.record
    where = f"{record.topic}/{record.partition}@{record.offset}"
    if arrival.source is None:
        return f"{'(ikke en CloudEvent)':<20}  {where}"
    time = arrival.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if arrival.time else "-"
    caused = f" ← {arrival.causation_id}" if arrival.causation_id else ""
    kind = (arrival.type or "").removeprefix("tovholder.")
    return f"{time:<20}  {kind:<40}  {arrival.subject or '-'}  {arrival.id}{caused}"


def as_json(arrival: Arrival) -> str:
    """One object: where it stands, and the event as it came; of one in binary mode the attributes and the data."""
    record = arrival.record
    shown: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC).isoformat(),
        "key": _text(record.key),
    }
    content = _decoded(record.value)
    if attributes := {name: _text(value) for name, value in attribute_headers(record.headers)}:
        content = {**attributes, "data": content}
    return json.dumps({**shown, "event": content}, ensure_ascii=False)


def _decoded(value: bytes | None) -> Any:
    try:
        return json.loads(value or b"null")
    except ValueError:
        return _text(value)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
