"""A log that an earlier version wrote is read to the same state by this one.

`two-years` is what the demo's two years left in the topics, cut down to eight municipalities: one that withdrew, one in
another group, two by form (one of them never confirmed), one that never signed up, and some with extra, cancelled and
replaced participants. The others are what a story of that name left: credit notes, a meeting that moved and one that
was cancelled, sign-ups that wait for staff, roles beside the contact's, other systems' facts and commands (on the plain
topics, as they came before they had topics of their own, and `for-sig` on those).

The services read a log in steps, all events of one instant at a time; what they would do at a later time (invoice,
remind) is not part of it. A difference that is meant is accepted by writing the expected state anew, in a change of
its own: TOVHOLDER_WRITE_GOLDEN=1 python -m pytest tests/contracts/test_golden_log.py
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
from shared.contracts.event import COMMANDS, FACTS, TOLD_BY_OTHERS, topic_of
from tests.support import golden
from tests.support.golden import EXPECTED, FOLDER, LOG, Kept, read_log, readers
from tests.support.servers import MakeDatabase

LARGEST = 1_000_000


LOGS = sorted(file.parent for file in FOLDER.glob(f"*/{LOG}"))
STRANGERS: dict[str, dict[str, list[str]]] = {
    name: {
        "invoicing": ["tovholder.enrollment.MunicipalityEnrolled.v1"],
        "notifications": ["tovholder.enrollment.MunicipalityEnrolled.v1"],
        "scheduling": ["tovholder.enrollment.MunicipalityEnrolled.v1"],
    }
    for name in ("andre-systemer", "andre-systemer-for-sig")
}
"""What a system tells of an enrolment in another's programme: it is not believed."""
IN_NO_LOG: dict[str, str] = {}
"""Fact → why no log has it, of those that a service of ours tells."""
every_log = pytest.mark.parametrize("folder", LOGS, ids=lambda folder: folder.name)


def log_in(folder: Path) -> list[Kept]:
    return read_log((folder / LOG).read_text(encoding="utf-8"))


def expected_in(folder: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
    return expected


def _type_of(kept: Kept) -> str:
    return str(kept.value["type"]) if isinstance(kept.value, dict) else ""


@pytest.fixture(scope="module")
def log() -> list[Kept]:
    return log_in(FOLDER / "two-years")


@pytest.mark.timeout(300)  # a few hundred steps, each through Kafka and four databases
@every_log
async def test_the_golden_log_is_read_to_the_same_state(
    folder: Path, kafka: str, prefix: str, database: MakeDatabase
) -> None:
    log = log_in(folder)
    first = next(kept.time for kept in log if kept.is_event)
    async with readers(kafka, prefix, database, first) as services:
        await services.feed(log)
        state = json.loads(json.dumps(await services.state()))
    if os.environ.get("TOVHOLDER_WRITE_GOLDEN"):
        (folder / EXPECTED).write_text(json.dumps(state, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    expected = expected_in(folder)
    assert set(state) == set(expected) == set(service_names())
    for service, tables in expected.items():
        for table, rows in tables.items():
            assert state[service][table] == rows, f"{service}.{table} is not what it was"


async def test_whoever_is_forgotten_in_the_same_night_is_so_whether_a_service_reads_of_them_together_or_not(
    kafka: str, prefix: str, database: MakeDatabase
) -> None:
    folder = FOLDER / "sletter-sig-selv"
    log = log_in(folder)
    async with readers(kafka, prefix, database, next(kept.time for kept in log if kept.is_event)) as services:
        await services.feed(log, singly=True)
        assert json.loads(json.dumps(await services.state())) == expected_in(folder)


@every_log
def test_the_expected_state_has_no_event_that_could_not_be_read(folder: Path) -> None:
    strangers = STRANGERS.get(folder.name, {})
    for service, tables in expected_in(folder).items():
        assert [dead["type"] for dead in tables["dead_letters"]] == strangers.get(service, []), service
        assert {dead["reason"] for dead in tables["dead_letters"]} <= {"not_owner"}, service
        assert len(tables["parked_keys"]) == len(tables["dead_letters"]), service
        assert tables["heard"], f"{service} has read nothing"


def test_the_logs_hold_events_of_every_service_that_is_listened_to() -> None:
    told = {kept.topic for folder in LOGS for kept in log_in(folder)}
    assert {topic_of(name) for name in ("enrollment", "scheduling", "invoicing")} <= told
    assert "tovholder.intake" in told
    assert all((folder / LOG).stat().st_size < LARGEST for folder in LOGS)


def test_every_fact_of_the_catalogue_stands_in_a_log_or_has_its_reason() -> None:
    told = {_type_of(kept) for folder in LOGS for kept in log_in(folder) if kept.is_event}
    assert set(FACTS) - told == {*TOLD_BY_OTHERS, *IN_NO_LOG}


@every_log
def test_the_log_holds_known_types_only_each_under_its_subject(folder: Path) -> None:
    for kept in log_in(folder):
        if not kept.is_event:
            continue
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
