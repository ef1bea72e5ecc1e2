"""A log that an earlier version wrote is read to the same state by this one.

It is what the demo's two years left in the topics, cut down to eight municipalities: one that withdrew, one in another
group, two by form (one of them never confirmed), one that never signed up, and some with extra, cancelled and replaced
participants.

The services read it in steps, all events of one instant at a time; what they would do at a later time (invoice, remind)
is not part of it. A difference that is meant is accepted by writing the expected state anew, in a change of its own:
TOVHOLDER_WRITE_GOLDEN=1 python -m pytest tests/contracts/test_golden_log.py
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local import topics
from deploy.local.locations import service_names
from shared.contracts.event import COMMANDS, FACTS, topic_of
from tests.support import golden
from tests.support.golden import EXPECTED, LOG, Kept, read_log, readers
from tests.support.servers import MakeDatabase

LARGEST = 1_000_000


@pytest.fixture(scope="module")
def log() -> list[Kept]:
    return read_log(LOG.read_text(encoding="utf-8"))


@pytest.mark.timeout(300)  # a few hundred steps, each through Kafka and four databases
async def test_the_golden_log_is_read_to_the_same_state(
    log: list[Kept], kafka: str, prefix: str, database: MakeDatabase
) -> None:
    async with readers(kafka, prefix, database, log[0].time) as services:
        await services.feed(log)
        state = json.loads(json.dumps(await services.state()))
    if os.environ.get("TOVHOLDER_WRITE_GOLDEN"):
        EXPECTED.write_text(json.dumps(state, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    assert set(state) == set(expected) == set(service_names())
    for service, tables in expected.items():
        for table, rows in tables.items():
            assert state[service][table] == rows, f"{service}.{table} is not what it was"


def test_the_expected_state_has_no_event_that_could_not_be_read() -> None:
    expected: dict[str, Any] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    for service, tables in expected.items():
        assert tables["dead_letters"] == [], service
        assert tables["parked_keys"] == [], service
        assert tables["heard"], f"{service} has read nothing"


def test_the_log_holds_events_of_every_service_that_is_listened_to(log: list[Kept]) -> None:
    told = {kept.topic for kept in log}
    assert {topic_of(name) for name in ("enrollment", "scheduling", "invoicing")} <= told
    assert LOG.stat().st_size < LARGEST


def test_the_log_holds_known_types_only_each_under_its_subject(log: list[Kept]) -> None:
    for kept in log:
        assert isinstance(kept.value, dict)
        assert kept.value["type"] in {*FACTS, *COMMANDS}
        assert kept.key == kept.value["subject"]


def test_a_dump_is_written_and_read_without_loss(log: list[Kept]) -> None:
    odd = Kept("tovholder.intake", None, [("a", None), ("b", "ø")], 1, b"\xff not JSON")
    again = read_log("\n".join(kept.line() for kept in (*log, odd)))
    assert again == [*log, odd]


async def test_a_dump_of_topics_is_what_was_written(kafka: str, prefix: str, log: list[Kept], tmp_path: Path) -> None:
    await topics.ensure_topics(kafka, prefix)
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for kept in log[:20]:
            key = None if kept.key is None else kept.key.encode()
            await producer.send_and_wait(prefix + kept.topic, kept.bytes, key=key, timestamp_ms=kept.timestamp)
    found = await golden.dump(kafka, prefix)
    assert sorted(kept.line() for kept in found) == sorted(kept.line() for kept in log[:20])
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(kept.line() for kept in found))
    assert read_log(file.read_text()) == found
