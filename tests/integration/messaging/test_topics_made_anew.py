"""A topic that is made anew gives old places to other records; what waits is known by what cannot come again.

And the version before, whose statements know a place as the key, writes beside this one while an upgrade lasts.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging import dead_letters
from shared.messaging.records import StoredRecord, headers_from_json
from tests.integration.messaging.harness import Reader, event, make_topics
from tests.support.eventually import eventually

BURY_BEFORE = """
INSERT INTO dead_letters (consumer, topic, partition, "offset", key, value, headers, timestamp_ms, source, subject,
    sequence, event_id, type, reason, detail, fingerprint)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT ("offset", partition, topic, consumer) DO UPDATE SET reason = excluded.reason,
    detail = excluded.detail, fingerprint = excluded.fingerprint, state = 'open', settled_at = NULL
RETURNING id
"""
PARK_BEFORE = """
INSERT INTO parked_events (consumer, topic, partition, "offset", key, value, headers, timestamp_ms, source, subject,
    sequence, event_id, type)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT DO NOTHING
"""


class VersionBefore:
    """What it writes, in its own words."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def _row(self, record: StoredRecord) -> list[Any]:
        arrival = self._reader.inbox.read(record)
        assert arrival is not None
        place = [self._reader.inbox.consumer, record.topic, record.partition, record.offset]
        kept = [record.key, record.value, "[]", record.timestamp]
        return [*place, *kept, arrival.source, arrival.subject, arrival.sequence, arrival.id, arrival.type]

    async def bury(self, record: StoredRecord, *, holds: bool = False) -> int:
        row = [*self._row(record), "data_error", "d", "f"]
        number: int = await self._reader.pool.fetchval(BURY_BEFORE, *row)
        if holds:
            await self._reader.pool.execute(
                "INSERT INTO parked_keys (subject, source, consumer, reason, dead_letter_id) "
                "SELECT subject, source, consumer, 'dead_letter', id FROM dead_letters WHERE id = $1",
                number,
            )
        return number

    async def park(self, record: StoredRecord) -> None:
        await self._reader.pool.execute(PARK_BEFORE, *self._row(record)[:8], *self._row(record)[8:])


@pytest.fixture
def before(reader: Reader) -> VersionBefore:
    return VersionBefore(reader)


async def rows(reader: Reader, table: str = "dead_letters") -> list[tuple[Any, ...]]:
    found = await reader.pool.fetch(f'SELECT value, "offset" FROM {table} ORDER BY id')
    return [tuple(row) for row in found]


def value(what: dict[str, Any]) -> bytes:
    return json.dumps(what).encode()


async def state(reader: Reader) -> list[str]:
    return [row[0] for row in await reader.pool.fetch("SELECT state FROM dead_letters ORDER BY id")]


async def test_a_dead_letter_at_an_old_place_is_a_new_one_and_the_old_one_stays_as_it_was_settled(
    reader: Reader,
) -> None:
    await reader.take(reader.record(event("a", 1, "poison"), offset=5), reader.record(b"rubbish", offset=6))
    connection = await reader.consumer._connect()
    for number in (1, 2):
        await dead_letters.discard(reader.inbox, connection, number)
    anew = [reader.record(event("b", 1, "poison"), offset=5), reader.record(b"other rubbish", offset=6)]
    await reader.take(*anew)
    assert await state(reader) == ["discarded", "discarded", "open", "open"]
    found, _ = await dead_letters.letters(reader.pool, reader.inbox.consumer)
    letters = sorted(found, key=lambda letter: letter.id)
    assert [(letter.event_id, letter.offset) for letter in letters] == [("b.1", 5), (None, 6)]
    (*_, kept, _) = await dead_letters.show(reader.pool, letters[0].id)
    assert kept == anew[0].value


async def test_a_topic_of_a_broker_is_made_anew(kafka_reader: Reader) -> None:
    reader = kafka_reader
    await reader.send(event("a", 1, "poison"), event("a", 2))
    async with reader.running():
        await reader.caught_up()
    async with reader.pool.acquire() as connection:
        (letter,), _ = await dead_letters.letters(connection, reader.inbox.consumer)
        assert await dead_letters.discard(reader.inbox, connection, letter.id) == 1
    await reader.send(event("a", 3, "poison"), event("a", 4))
    async with reader.running():
        await reader.caught_up()
    await make_anew(reader.kafka, reader.topic)
    # The same subject, so the same partition and the same offsets.
    await reader.send(b"rubbish", event("a", 5), event("a", 6), event("a", 7), key=b"invoice/a")
    async with reader.running():
        await reader.caught_up()
    assert await state(reader) == ["discarded", "open", "open"]
    assert await reader.parked() == [4, 5, 6, 7]
    async with reader.pool.acquire() as connection:
        for letter in (await dead_letters.letters(connection, reader.inbox.consumer))[0]:
            await dead_letters.discard(reader.inbox, connection, letter.id)
    assert await reader.effects("a") == [2, 4, 5, 6, 7]


async def make_anew(kafka: str, topic: str) -> None:
    """It is deleted, and made again when it is gone."""
    await delete(kafka, topic)
    await make_topics(kafka, topic)


async def delete(kafka: str, topic: str) -> None:
    """It is gone when this returns."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await eventually(gone, 30)
    finally:
        await admin.close()


async def test_what_is_parked_at_an_old_place_waits_and_is_taken_in(reader: Reader) -> None:
    await reader.take(reader.record(event("a", 1, "poison"), offset=5), reader.record(event("a", 2), offset=6))
    await reader.take(reader.record(event("b", 1), offset=3), reader.record(event("b", 3), offset=6))
    assert await reader.parked() == [2, 3]
    await reader.take(reader.record(event("b", 2), offset=5))
    await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1)
    assert await reader.effects("a") == [2]
    assert await reader.effects("b") == [1, 2, 3]


async def test_two_that_die_at_once_may_stand_at_one_place(reader: Reader) -> None:
    await reader.take(reader.record(event("a", 1), offset=4), reader.record(event("a", 3, "poison"), offset=6))
    await reader.take(reader.record(event("a", 2), offset=5), reader.record(event("b", 1, "poison"), offset=6))
    assert await reader.dead() == ["data_error"] * 2
    held = await reader.pool.fetch(
        "SELECT k.subject, d.event_id FROM parked_keys k JOIN dead_letters d ON d.id = dead_letter_id ORDER BY 1"
    )
    assert [tuple(row) for row in held] == [("invoice/a", "a.3"), ("invoice/b", "b.1")]


async def test_what_was_told_before_and_is_told_again_in_the_new_topic_is_known(reader: Reader) -> None:
    await reader.take(reader.record(event("a", 1, "poison"), offset=5), reader.record(event("a", 2), offset=6))
    await reader.take(reader.record(event("x", 1), offset=0), reader.record(event("a", 1, "poison"), offset=1))
    await reader.take(reader.record(event("a", 2), offset=2), reader.record(event("a", 3), offset=3))
    assert await reader.dead() == ["data_error"]
    await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1)
    assert await reader.effects("a") == [2, 3]


async def test_a_reader_that_knew_the_beginning_of_a_topic_knows_it_of_the_new_one(reader: Reader) -> None:
    """It has met every subject's first event, or is told it again: what it does not know still begins with 1."""
    await reader.take(reader.record(event("a", 1), offset=0), reader.record(event("a", 2), offset=1))
    await reader.consumer._disconnect()
    reader.build()
    await reader.take(reader.record(event("b", 2), offset=0), reader.record(event("a", 3), offset=1))
    assert await reader.effects("a") == [1, 2, 3]
    assert await reader.effects("b") == []
    await reader.take(reader.record(event("b", 1), offset=2))
    assert await reader.effects("b") == [1, 2]


async def test_a_reader_that_came_late_takes_what_the_new_topic_begins_with(reader: Reader) -> None:
    await reader.take(reader.record(event("a", 41), offset=7_000))
    await reader.consumer._disconnect()
    reader.build()
    await reader.take(reader.record(event("b", 9), offset=0), reader.record(event("a", 42), offset=1))
    assert await reader.effects("b") == [9]
    assert await reader.effects("a") == [41, 42]


async def test_rubbish_that_comes_again_is_one_dead_letter_wherever_it_stands(reader: Reader) -> None:
    await reader.take(reader.record(b"rubbish", offset=5))
    await reader.take(reader.record(b"rubbish", offset=9), reader.record(b"rubbish", offset=10, key=b"other"))
    assert await reader.dead() == ["bad_json"] * 2
    await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1)
    await reader.take(reader.record(b"rubbish", offset=5))
    assert await state(reader) == ["discarded", "open"], "what was discarded stays so"


async def test_a_new_event_at_the_place_of_what_the_version_before_wrote_leaves_that_alone(
    reader: Reader, before: VersionBefore
) -> None:
    old, waiting = reader.record(event("a", 1, "poison"), offset=5), reader.record(event("a", 2), offset=6)
    await before.bury(old, holds=True)
    await before.park(waiting)
    await reader.take(reader.record(event("b", 1, "poison"), offset=5), reader.record(event("b", 2), offset=6))
    assert {row[0] for row in await rows(reader)} == {value(event("a", 1, "poison")), value(event("b", 1, "poison"))}
    assert {row[0] for row in await rows(reader, "parked_events")} == {value(event(name, 2)) for name in "ab"}
    connection = await reader.consumer._connect()
    for letter in (await dead_letters.letters(reader.pool, reader.inbox.consumer))[0]:
        assert await dead_letters.discard(reader.inbox, connection, letter.id) == 1
    assert await reader.effects("a") == await reader.effects("b") == [2]


async def test_the_same_record_is_one_dead_letter_whichever_version_meets_it_first(
    reader: Reader, before: VersionBefore
) -> None:
    for rubbish in (reader.record(b"first the old one", offset=5), reader.record(b"then the new one", offset=6)):
        first, second = before.bury, reader.take
        if rubbish.offset == 6:
            first, second = second, first  # type: ignore[assignment]
        await first(rubbish)
        await second(rubbish)
    assert [row[1] for row in await rows(reader)] == [5, 6]
    identities = await reader.pool.fetch("SELECT identity FROM dead_letters")
    assert None not in [row[0] for row in identities], "it is known from now on by what cannot come again"


async def test_the_same_parked_event_waits_once_whichever_version_meets_it_first(
    reader: Reader, before: VersionBefore
) -> None:
    dead = reader.record(event("a", 1, "poison"), offset=5)
    waiting = [reader.record(event("a", n), offset=5 + n) for n in (2, 3)]
    await before.bury(dead, holds=True)
    await before.park(waiting[0])
    await reader.take(dead, *waiting)
    await before.park(waiting[1])
    assert await reader.parked() == [2, 1, 3], "a copy of the dead letter waits behind it"
    assert await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1) == 2
    assert await reader.effects("a") == [2, 3]


async def test_copies_that_the_version_before_parks_elsewhere_disturb_nobody(
    reader: Reader, before: VersionBefore
) -> None:
    await reader.take(reader.record(event("a", 1, "poison"), offset=5), reader.record(event("a", 2), offset=6))
    await before.park(reader.record(event("a", 2), offset=16))
    assert await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1) == 1
    assert await reader.effects("a") == [2]
    late = reader.record(event("a", 2, event_id="late"), offset=17)
    await reader.take(late)
    await before.bury(reader.record(event("a", 2, event_id="late"), offset=27))
    await before.bury(late)
    assert len(await rows(reader)) == 3
    await reader.take(reader.record(event("a", 2, event_id="late"), offset=27))
    assert len(await rows(reader)) == 3


def test_headers_that_the_version_before_has_written_are_read() -> None:
    assert headers_from_json('[["null", null], ["twice", "MQ=="]]') == (("null", None), ("twice", b"1"))
