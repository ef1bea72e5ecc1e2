"""The consumer on a real broker: records that break FastStream's own parser, halts, retries, groups and offsets."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import Any

import asyncpg
import pytest
from aiokafka import ConsumerRecord
from aiokafka.producer import message_accumulator as accumulator
from aiokafka.producer import producer as aiokafka_producer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.base.acts import act
from shared.base.answers import Answer
from shared.contracts.notifications import SendMessage
from shared.contracts.refusal import Refused
from shared.messaging import consumer as consumer_module
from shared.messaging.consumer import MAX_RECORDS, Consumer
from shared.messaging.subscriptions import intake
from shared.storage.tx import Tx
from tests.integration.messaging.harness import Reader, event, producer
from tests.support.eventually import eventually


async def test_records_that_no_parser_likes_become_dead_letters_and_their_neighbours_live(kafka_reader: Reader) -> None:
    reader = kafka_reader
    good = iter(range(1, 100))
    async with producer(reader.kafka) as sender:
        for value, headers in (
            (b"\xff" * 2_000_000, []),
            (b"not json", [("null", None), ("latin", b"\xe6\xf8\xe5"), ("twice", b"1"), ("twice", b"2")]),
            (None, []),
            (b"", []),
            (b"\xef\xbb\xbf{}", []),
            (b"[" * 100_000, []),
            (b'{"specversion": "1.0"}', [("ce_id", None)]),
            (b"null", []),
        ):
            # All in one partition and most in one batch, where the default parser loses the good ones.
            others = [(name, given) for name, given in headers if not name.startswith("ce_")]
            await sender.send(reader.topic, _bytes(event("a", next(good))), partition=3, headers=others)
            await sender.send(reader.topic, value, key=b"k", partition=3, headers=headers)
        await sender.flush()
    async with reader.running():
        await reader.caught_up()
    assert await reader.effects() == [*range(1, 9)]
    assert sorted(await reader.dead()) == sorted(
        ["bad_json", "bad_json", "no_value", "no_value", "bad_json", "bad_json", "bad_header", "bad_envelope"]
    )
    stored = await reader.pool.fetch("SELECT octet_length(value) AS size, headers FROM dead_letters ORDER BY id")
    assert stored[0]["size"] == 2_000_000
    assert stored[1]["headers"] == '[["null", null], ["latin", "5vjl"], ["twice", "MQ=="], ["twice", "Mg=="]]'


async def test_binary_cloudevents_are_read_as_well(kafka_reader: Reader) -> None:
    reader = kafka_reader
    headers = [(f"ce_{name}", value.encode()) for name, value in event("a", 1).items() if isinstance(value, str)]
    del headers[[name for name, _ in headers].index("ce_datacontenttype")]
    await reader.send(_bytes(event("a", 1)["data"]), headers=[*headers, ("content-type", b"application/json")])
    async with reader.running():
        await reader.caught_up()
    assert await reader.effects("a") == [1]
    assert await reader.dead() == []


async def test_a_bug_halts_without_dead_letters_and_after_its_repair_nothing_is_missing(kafka_reader: Reader) -> None:
    reader = kafka_reader
    reader.bug_on = "unforeseen"
    await reader.send(event("a", 1), event("a", 2, "unforeseen"), event("b", 1))
    async with reader.running() as consumer:
        await eventually(lambda: consumer.state == "halted")
        assert not consumer.ready
        # Where it came alone it is named too: how many come at once is for the broker to say.
        assert consumer.reason.partition(" at topic ")[0] == "KeyError in a handler"
    assert await reader.count("dead_letters") == 0
    assert await reader.count("parked_events") == 0
    reader.bug_on = None
    reader.build()
    async with reader.running():
        await reader.caught_up()
    assert await reader.effects("a") == [1, 2]
    assert await reader.effects("b") == [1]


async def test_a_transient_error_is_tried_again_and_never_becomes_a_dead_letter(kafka_reader: Reader) -> None:
    reader = kafka_reader
    failures = iter([asyncpg.DeadlockDetectedError("x"), ConnectionResetError(), asyncpg.TooManyConnectionsError("x")])
    handler = reader.note

    async def unlucky(tx: Tx, events: Any) -> None:
        await handler(tx, events)
        if (failure := next(failures, None)) is not None:
            raise failure

    reader.inbox.handlers["tovholder.invoicing.InvoiceRejected.v1"] = [unlucky]
    await reader.send(event("a", 1), event("a", 2))
    async with reader.running() as consumer:
        await reader.caught_up()
        assert consumer.state == "running"
    assert await reader.effects() == [1, 2]
    assert await reader.count("dead_letters") == 0


async def test_no_record_stays_in_memory_after_its_batch(kafka_reader: Reader) -> None:
    """Not by the timers of asyncpg's statements either, each of which keeps the context it was set in for minutes."""
    reader, before = kafka_reader, _records_in_memory()
    await reader.send(*(event("a", number) for number in range(1, 4 * MAX_RECORDS)))
    async with reader.running():
        await reader.caught_up()
        assert _records_in_memory() - before <= MAX_RECORDS
    assert len(await reader.effects("a")) == 4 * MAX_RECORDS - 1


async def test_a_migration_beside_a_running_reader_halts_nobody(kafka_reader: Reader) -> None:
    reader = kafka_reader

    async def take_out(tx: Tx, events: Any) -> None:
        await tx.fetch(
            "INSERT INTO effects (subject, sequence, said) VALUES ($1, $2, '') RETURNING *", events[0].subject, 1
        )

    reader.inbox.handlers["tovholder.invoicing.InvoiceRejected.v1"] = [take_out]
    async with reader.running() as consumer:
        await reader.send(event("a", 1))
        await reader.caught_up()
        owner = await asyncpg.connect(reader.database.owner_url)
        await owner.execute("ALTER TABLE effects ADD COLUMN another text")
        await owner.close()
        await reader.send(event("b", 1))
        await reader.caught_up()
        assert (consumer.state, consumer.reason) == ("running", None)
    assert await reader.effects("b") == [1]
    assert await reader.count("dead_letters") == 0


async def test_a_reader_that_gets_nothing_done_ends_its_process(kafka_reader: Reader, ended: list[int]) -> None:
    reader = kafka_reader
    release = asyncio.Event()

    async def stuck(_tx: Tx, _events: Any) -> None:
        await release.wait()

    reader.inbox.handlers["tovholder.invoicing.InvoiceRejected.v1"] = [stuck]
    async with reader.running():
        await reader.caught_up()
        assert ended == []
        await reader.send(event("a", 1))
        await eventually(lambda: ended)
        assert set(ended) == {1}
        release.set()
        await reader.caught_up()


async def test_a_reader_that_tries_again_and_again_is_not_stuck(
    kafka_reader: Reader, ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away takes nobody's process down: web and mailer live in it too."""
    monkeypatch.setattr(consumer_module, "LONGEST_BACKOFF_S", 0.1)
    reader, tries, away = kafka_reader, 0, True
    reader.build()

    async def without_a_database(tx: Tx, events: Any) -> None:
        nonlocal tries
        tries += 1
        if away:
            raise ConnectionResetError
        await reader.note(tx, events)

    reader.inbox.handlers["tovholder.invoicing.InvoiceRejected.v1"] = [without_a_database]
    await reader.send(event("a", 1))
    async with reader.running():
        await eventually(lambda: tries > 12)
        assert ended == []
        away = False
        await reader.caught_up()
    assert await reader.effects() == [1]


async def test_a_reader_that_is_long_about_one_batch_is_not_stuck(kafka_reader: Reader, ended: list[int]) -> None:
    """A busy machine, or hundreds of bad events that are found by halving: statement after statement is done."""
    reader, slow = kafka_reader, "SELECT count(*) FROM generate_series(1, 500_000)"

    async def long_about_it(tx: Tx, events: Any) -> None:
        begun = time.monotonic()
        while time.monotonic() - begun < 1.5 * consumer_module.NO_PROGRESS_S:
            await tx.fetchval(slow)
        await reader.note(tx, events)

    reader.inbox.handlers["tovholder.invoicing.InvoiceRejected.v1"] = [long_about_it]
    await reader.send(event("a", 1))
    async with reader.running():
        await reader.caught_up()
    assert ended == []
    assert await reader.effects() == [1]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Exit statuses of a process that ends itself; it is quick to."""
    found: list[int] = []
    monkeypatch.setattr(consumer_module, "WATCH_EVERY_S", 0.1)
    monkeypatch.setattr(consumer_module, "NO_PROGRESS_S", 2.0)
    monkeypatch.setattr(consumer_module.os, "_exit", found.append)
    return found


async def hang(*_: Any, **__: Any) -> None:
    await asyncio.Event().wait()


async def test_a_reader_whose_client_hangs_ends_its_process(
    kafka_reader: Reader, ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing at all, not even how much there is to do."""
    async with kafka_reader.running() as consumer:
        await kafka_reader.caught_up()
        client = consumer._consumer()
        assert client is not None
        monkeypatch.setattr(client, "end_offsets", hang)
        await eventually(lambda: ended)
        assert set(ended) == {1}
        monkeypatch.undo()


async def test_a_reader_does_not_end_its_process_while_kafka_answers_nobody(
    kafka_reader: Reader, ended: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    answers = Consumer._kafka_answers

    async def asking(consumer: Consumer) -> bool:
        asked.append(await answers(consumer))
        return asked[-1]

    monkeypatch.setattr(Consumer, "_kafka_answers", asking)
    async with kafka_reader.running() as consumer:
        await kafka_reader.caught_up()
        client = consumer._consumer()
        assert client is not None
        monkeypatch.setattr(client, "end_offsets", hang)
        consumer._kafka = "127.0.0.1:1"
        await eventually(lambda: len(asked) > 1)
        assert ended == []
        monkeypatch.undo()
    assert not any(asked)


async def test_two_readers_share_the_partitions_and_one_takes_over_for_the_other(kafka_reader: Reader) -> None:
    reader = kafka_reader
    second = Consumer(reader.inbox, dsn=reader.database.url, kafka=reader.kafka, topics=[reader.topic])
    stop = asyncio.Event()
    subjects = [f"s{n}" for n in range(24)]

    async def all_at(sequence: int) -> bool:
        rows = await reader.pool.fetch("SELECT subject FROM effects WHERE sequence = $1", sequence)
        return len(rows) == len(subjects)

    async with reader.running():
        await reader.caught_up()
        beside = asyncio.create_task(second.run(stop))
        await reader.send(*[event(subject, 1) for subject in subjects])
        await eventually(lambda: second.ready)
        await reader.send(*[event(subject, 2) for subject in subjects])
        await eventually(lambda: all_at(2), 30)
        stop.set()
        await beside
        await reader.send(*[event(subject, 3) for subject in subjects])
        await eventually(lambda: all_at(3), 30)
    for subject in subjects:
        assert await reader.effects(subject) == [1, 2, 3]


async def test_commands_are_carried_out_or_answered_and_never_tried_again(kafka_reader: Reader) -> None:
    reader = kafka_reader
    done: list[str] = []

    async def send_message(tx: Tx, command: SendMessage) -> Answer:
        await tx.execute("INSERT INTO effects (subject, said) VALUES ($1, $2)", command.about, command.occasion)
        if command.occasion == "no":
            raise Refused("already_told", "Beskeden er sendt.", field="occasion")
        done.append(command.about)
        return Answer()

    reader.build(intake(act(SendMessage, send_message)))
    yes, no = _command("yes"), _command("no")
    unreadable = {**_command("x"), "data": {"about": 5}}
    version = {**_command("v"), "type": "tovholder.notifications.SendMessage.v7"}
    foreign = {**_command("f"), "type": "tovholder.invoicing.RegisterPayment.v1"}
    bad = {**_command("bad"), "data": {**_command("bad")["data"], "occasion": "poison"}}
    await reader.send(
        yes, no, no, unreadable, version, foreign, bad, b"rubbish", topic=f"{reader.prefix}tovholder.intake"
    )
    async with reader.running():
        await reader.caught_up()
    assert done == ["invoice/yes"]
    assert [row[0] for row in await reader.pool.fetch("SELECT subject FROM effects")] == ["invoice/yes"]
    assert await reader.dead() == ["data_error"]
    answers = await reader.pool.fetch(
        "SELECT type, key, causation_id, convert_from(payload, 'UTF8') AS said FROM outbox"
    )
    assert {row["causation_id"] for row in answers} == {"no", "x", "v"}
    assert len(answers) == 3
    for row in answers:
        assert row["type"] == "tovholder.notifications.IntakeRejected.v1"
    by_cause = {row["causation_id"]: row["said"] for row in answers}
    assert '"code":"already_told"' in by_cause["no"]
    assert '"field":"occasion"' in by_cause["no"]
    assert '"code":"validation_failed"' in by_cause["x"]
    assert '"code":"unknown_command"' in by_cause["v"]


async def test_enrollment_answers_for_commands_that_nobody_owns(kafka_reader: Reader) -> None:
    reader = kafka_reader
    reader.subscriptions = ()
    consumer = reader.build(service="enrollment", doorkeeper=True)
    consumer._topics = (f"{reader.prefix}tovholder.intake",)
    await reader.send(
        {**_command("who"), "type": "tovholder.catering.OrderLunch.v1"},
        _command("others"),
        b"rubbish",
        topic=f"{reader.prefix}tovholder.intake",
    )
    async with reader.running():
        await reader.caught_up()
    rows = await reader.pool.fetch("SELECT type, causation_id FROM outbox")
    assert [tuple(row) for row in rows] == [("tovholder.enrollment.IntakeRejected.v1", "who")]
    assert await reader.dead() == ["bad_json"]


async def test_a_name_of_a_header_that_is_no_text_halts_nobody(
    kafka_reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may write any bytes there, and the one that reads decodes them before we see anything."""
    reader = kafka_reader

    class Raw(str):
        __slots__ = ()

        def encode(self, *_: Any) -> bytes:  # type: ignore[override]
            return b"\xff\xfe"

    await reader.send(event("a", 1))
    for module in (accumulator, aiokafka_producer):
        monkeypatch.setattr(module, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    await reader.send(event("a", 2), headers=[(Raw("x"), b"1")])
    monkeypatch.undo()
    await reader.send(event("a", 3), event("b", 1))
    async with reader.running():
        await reader.caught_up()
    assert await reader.effects("a") == [1, 2, 3]


async def test_events_that_are_all_told_again_after_a_restart_have_no_effect_again(kafka_reader: Reader) -> None:
    reader = kafka_reader
    await reader.send(*[event("a", n) for n in range(1, 51)])
    async with reader.running():
        await reader.caught_up()
    reader.build()
    async with producer(reader.kafka) as sender:
        for n in range(1, 51):
            await sender.send(reader.topic, _bytes(event("a", n)), key=b"invoice/a")
        await sender.flush()
    async with reader.running():
        await reader.caught_up()
    assert await reader.effects() == [*range(1, 51)]
    assert await reader.count("inbox") == 50


def _records_in_memory() -> int:
    gc.collect()
    return sum(isinstance(one, ConsumerRecord) for one in gc.get_objects())


def _bytes(what: Any) -> bytes:
    return json.dumps(what).encode()


def _command(name: str) -> dict[str, Any]:
    return event(
        name,
        None,
        event_id=name,
        source="/crm",
        wire_type=SendMessage.type,
        data={
            "recipient": "461/sekretariat",
            "email": "post@kommune.example",
            "about": f"invoice/{name}",
            "occasion": name,
            "title": "Hej",
            "text": "Tekst",
        },
    )
