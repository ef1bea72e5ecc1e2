"""What a sender gets wrong, however often, is a dead letter or an answer; a reader halts for errors of ours only."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Sequence
from typing import Any

import pytest
import structlog
from aiokafka import AIOKafkaProducer

from shared.base.acts import act
from shared.base.answers import Answer
from shared.base.cloudevents import Received
from shared.contracts.decision import Alarm
from shared.contracts.event import INTAKE_TOPIC
from shared.contracts.invoicing import InvoiceRejected
from shared.contracts.notifications import SendMessage
from shared.contracts.refusal import Refused
from shared.messaging import dead_letters, packed
from shared.messaging import inbox as inbox_module
from shared.messaging.dead_letters import NotDone
from shared.messaging.inbox import MANY_DEAD
from shared.messaging.rows import Rows
from shared.messaging.subscriptions import intake
from shared.storage.tx import Tx
from tests.integration.messaging.harness import OWNER, Reader, an_answer, cluster, event
from tests.support.eventually import eventually

LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=9_000))  # noqa: S311  (not compressible)
EVERY_KIND = {
    "unreadable": lambda n: b'{"id": %d' % n,
    "an unknown version": lambda n: event(f"i{n}", 1, wire_type="tovholder.invoicing.InvoiceRejected.v2"),
    "against the schema": lambda n: event(f"i{n}", 1, data={"owner": OWNER, "invoice_id": n}),
    "refused by the database": lambda n: event(f"i{n}", 1, "poison"),
    "an id past its bound": lambda n: event(f"i{n}", 1, event_id=f"{n}" + "x" * 255),
    "a key that no index takes": lambda n: event(f"i{n}", 1, data=said(f"{n}{LONG}")),
    "a key with a NUL": lambda n: event(f"i{n}", 1, data=said(f"{n}\0")),
    "a scope that no index takes": lambda n: cluster(f"i{n}", 1, programme=f"{n}{LONG}"),
    "a scope with a NUL": lambda n: cluster(f"i{n}", 1, programme=f"{n}\0"),
    "a text with a NUL": lambda n: event(f"i{n}", 1, f"{n}\0"),
    "a time past every calendar": lambda n: event(f"i{n}", 1, time="9999-12-31T23:59:59-23:59"),
}


def said(invoice: str, reason: str = "") -> dict[str, Any]:
    return {"owner": OWNER, "invoice_id": invoice, "reason": reason}


@pytest.mark.parametrize("kind", EVERY_KIND)
async def test_fifty_of_a_kind_are_dead_letters_and_the_reader_goes_on(reader: Reader, kind: str) -> None:
    reader.listen_to_clusters()
    bad = [EVERY_KIND[kind](n) for n in range(50)]
    await reader.take(event("good", 1), *bad[:25], event("good", 2))
    await reader.take(*bad[25:], event("good", 3))
    assert await reader.effects() == [1, 2, 3]
    assert len(await reader.dead()) == 50


async def test_producers_that_are_upgraded_first_halt_no_reader(kafka_reader: Reader) -> None:
    reader = kafka_reader
    newer = [event(f"i{n}", 1, wire_type="tovholder.invoicing.InvoiceRejected.v2") for n in range(20)]
    await reader.send(*newer, event("good", 1))
    async with reader.running() as consumer:
        await reader.caught_up()
        assert consumer.state == "running"
    assert await reader.dead() == ["unsupported"] * 20
    assert await reader.effects() == [1]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_small_batch_that_unpacks_to_more_than_a_process_should_hold_is_a_dead_letter(
    kafka_reader: Reader, codec: str
) -> None:
    reader = kafka_reader
    sender = AIOKafkaProducer(
        bootstrap_servers=reader.kafka, compression_type=codec, max_request_size=2**28, max_batch_size=2**28
    )
    async with sender:
        await sender.send_and_wait(reader.topic, b'{"id":"' + b"x" * packed.LARGEST + b'"}', b"invoice/a", partition=0)
        await sender.send_and_wait(reader.topic, json.dumps(event("a", 1)).encode(), b"invoice/a", partition=0)
    async with reader.running() as consumer:
        await reader.caught_up()
        assert consumer.state == "running"
    assert await reader.effects() == [1]
    (letter,), _ = await dead_letters.letters(reader.pool, reader.inbox.consumer)
    _, _, value, headers = await dead_letters.show(reader.pool, letter.id)
    assert (letter.reason, headers) == ("bad_json", [(packed.HEADER, f"{codec}, 1 records".encode())])
    assert len(value or b"") < packed.LARGEST / 8, "kept as it came"


async def test_many_small_batches_that_unpack_to_much_are_read_a_few_at_a_time_and_none_is_left_out(
    kafka_reader: Reader,
) -> None:
    reader, most, take = kafka_reader, 0, kafka_reader.inbox.take

    async def watched(connection: Any, arrivals: Any, **how: Any) -> Any:
        nonlocal most
        most = max(most, sum(len(arrival.record.value or b"") for arrival in arrivals))
        return await take(connection, arrivals, **how)

    reader.inbox.take = watched  # type: ignore[method-assign]  # looks on
    sender = AIOKafkaProducer(
        bootstrap_servers=reader.kafka, compression_type="zstd", max_request_size=2**28, max_batch_size=2**28
    )
    async with sender:
        for _ in range(10):
            junk = b'{"id":"' + b"x" * (packed.LARGEST // 4 * 3) + b'"}'
            await sender.send_and_wait(reader.topic, junk, b"invoice/a", partition=0)
        await sender.send_and_wait(reader.topic, json.dumps(event("a", 1)).encode(), b"invoice/a", partition=0)
    async with reader.running():
        await reader.caught_up()
    assert most <= 2 * packed.LARGEST
    assert await reader.count("dead_letters") == 10
    assert await reader.effects() == [1]


async def test_a_header_with_a_nul_in_its_name_is_kept_as_it_came(reader: Reader) -> None:
    headers = (("a\0b", b"\0"), ("\ufffe", None), ("plain", b"x"))
    record = reader.record(b"rubbish", headers=headers)
    behind = reader.record(event("a", 2), headers=headers)
    await reader.take(record, event("a", 1, "poison"), behind, event("b", 1))
    assert await reader.effects() == [1]
    assert await reader.dead() == ["bad_json", "data_error"]
    connection = await reader.consumer._connect()
    (*_, shown) = await dead_letters.show(connection, 1)
    assert tuple(shown) == headers


async def test_nothing_waits_behind_an_event_whose_id_nobody_can_tell(reader: Reader) -> None:
    """Its stream may wait behind another one already, and must not be let go with it."""
    await reader.take(event("a", 1), event("a", 2, "poison"), event("a", 3))
    await reader.take(event("a", 4, event_id="x" * 256), event("b", 1, event_id="x" * 256), event("b", 1))
    assert await reader.effects() == [1, 1]
    assert await reader.pool.fetchval("SELECT dead_letter_id FROM parked_keys") == 1


def a_fact_about(tx: Tx, data: InvoiceRejected) -> None:
    tx.publish(an_answer(data.reason))


def an_alarm_for(tx: Tx, data: InvoiceRejected) -> None:
    tx.set(Alarm("t", data.reason, tx.now, {}))


def an_alarm_with(tx: Tx, data: InvoiceRejected) -> None:
    tx.set(Alarm("t", f"{data.invoice_id} {len(data.reason)}", tx.now, {"said": data.reason}))


@pytest.mark.parametrize(
    ("of", "bad"),
    [(a_fact_about, LONG), (an_alarm_for, LONG), (an_alarm_for, "x\0"), (an_alarm_with, "x\0")],
    ids=["a subject no index takes", "a timer's key no index takes", "a timer's key with a NUL", "a NUL in its data"],
)
async def test_what_follows_from_an_event_and_cannot_be_written_is_blamed_on_it(
    reader: Reader, of: Any, bad: str
) -> None:
    async def only_tell(tx: Tx, events: Sequence[Received[InvoiceRejected]]) -> None:
        for one in events:
            of(tx, one.data)
            await tx.execute("INSERT INTO effects (subject, said) VALUES ($1, '')", one.subject)

    reader.inbox.handlers[InvoiceRejected.type] = [only_tell]
    await reader.take(event("a", 1, "fine a"), event("b", 1, bad), event("c", 1, "fine c"), event("b", 2, "fine b"))
    assert await reader.dead() == ["data_error"]
    assert [row[0] for row in await reader.pool.fetch("SELECT subject FROM effects")] == ["invoice/a", "invoice/c"]
    assert await reader.parked() == [2]
    told = await reader.count("outbox") + await reader.count("timers")
    assert told == 2, "what the good ones tell is told once"


async def test_what_breaks_something_outside_every_use_case_is_found_one_by_one(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for what nobody has thought of: the database refuses what the core itself writes."""
    reader.listen_to_clusters()
    bind = Rows.bind_owners

    async def refused(rows: Rows, claims: Any) -> dict[str, str]:
        if any("odd" in scope for scope in claims):
            await rows._tx.execute("SELECT 1 / 0")
        return await bind(rows, claims)

    monkeypatch.setattr(Rows, "bind_owners", refused)
    for _ in range(3):
        reader.consumer._backoff.failed()
    await reader.take(event("a", 1), cluster("c", 1, programme="odd"), cluster("c", 2, programme="odd"), event("b", 1))
    assert await reader.dead() == ["data_error"]
    assert await reader.parked() == [2]
    assert sorted(row[0] for row in await reader.pool.fetch("SELECT subject FROM effects")) == [
        "invoice/a",
        "invoice/b",
    ]


async def test_past_a_rate_one_alarm_stands_for_all(reader: Reader) -> None:
    with structlog.testing.capture_logs() as logs:
        await reader.take(*[event(f"i{n}", 1, "poison") for n in range(MANY_DEAD + 20)])
    alarms = [line["event"] for line in logs if line.get("alarm")]
    assert alarms == ["dead_letter"] * MANY_DEAD + ["many_dead_letters"]
    assert len([line for line in logs if line["event"] == "dead_letter"]) == MANY_DEAD + 20


# Commands ---------------------------------------------------------------------------------------------------------


def command(name: str, **changes: Any) -> dict[str, Any]:
    data = {"recipient": "461", "email": "post@kommune.example", "about": name, "occasion": name}
    data |= {"title": "Hej", "text": "Tekst"} | changes.pop("data", {})
    named = {"event_id": name, "source": "/crm", "wire_type": SendMessage.type} | changes
    return event(name, None, data=data, **named)


@pytest.fixture
def desk(reader: Reader) -> Reader:
    async def carry_out(tx: Tx, asked: SendMessage) -> Answer:
        match asked.occasion:
            case "too large":
                tx.publish(an_answer("x" * 900_000))
            case "subject":
                tx.publish(an_answer(LONG))
            case "far":
                raise OverflowError("date value out of range")
            case "no":
                raise Refused("no", f"Nej\0: {'x' * 900_000}", field="a\0b")
            case "against our own contract":
                SendMessage.model_validate_json(b'{"recipient": 1}')
        await tx.execute("INSERT INTO effects (subject, said) VALUES ($1, $2)", asked.about, asked.occasion)
        return Answer()

    reader.build(intake(act(SendMessage, carry_out)))
    return reader


async def ask(desk: Reader, *commands: dict[str, Any]) -> None:
    await desk.take(*[desk.record(one, topic=f"{desk.prefix}{INTAKE_TOPIC}") for one in commands])


async def answers(desk: Reader) -> dict[str, str]:
    rows = await desk.pool.fetch("SELECT causation_id, payload FROM outbox WHERE type LIKE '%IntakeRejected%'")
    return {row[0]: json.loads(row[1])["data"]["problem"]["code"] for row in rows}


async def test_commands_at_fault_are_answered_or_kept_and_their_neighbours_are_carried_out(desk: Reader) -> None:
    await ask(
        desk,
        command("first"),
        *[command(f"n{n}", event_id=f"{n}" + "x" * 255) for n in range(6)],
        command("large", data={"occasion": "too large"}),
        command("subject", data={"occasion": "subject"}),
        command("far", data={"occasion": "far"}),
        command("no", data={"occasion": "no"}),
        command("odd", data={"\0" * 300: 1, "x" * 300_000: 1}),
        command("many", data={f"field{n}": 1 for n in range(20_000)}),
        command("nul", data={"about": "a\0b"}),
        command("late", time="9999-12-31T23:59:59-23:59"),
        command("last"),
    )
    assert [row[0] for row in await desk.pool.fetch("SELECT said FROM effects ORDER BY id")] == ["first", "last"]
    assert await answers(desk) == {
        "large": "fact_too_large",
        "no": "no",
        "odd": "validation_failed",
        "many": "validation_failed",
        "nul": "validation_failed",
        "late": "invalid_json",
    }
    assert sorted(await desk.dead()) == ["bad_envelope"] * 6 + ["data_error"] * 2
    biggest = await desk.pool.fetchval("SELECT max(octet_length(payload)) FROM outbox")
    assert biggest < 50_000
    assert not [row[0] for row in await desk.pool.fetch("SELECT payload FROM outbox") if b"\\u0000" in row[0]]


async def test_a_mistake_of_ours_in_the_shape_of_a_value_halts(desk: Reader) -> None:
    with pytest.raises(ValueError, match="SendMessage"):
        await ask(desk, command("a", data={"occasion": "against our own contract"}))
    assert await desk.dead() == []


# What still halts -------------------------------------------------------------------------------------------------


async def test_a_halted_reader_names_the_event_and_goes_on_when_a_person_has_set_it_aside(kafka_reader: Reader) -> None:
    reader = kafka_reader
    reader.bug_on = "unforeseen"
    await reader.send(event("a", 1), event("a", 2, "unforeseen"), event("a", 3), event("b", 1))
    async with reader.running() as consumer:
        await eventually(lambda: consumer.state == "halted" and "set-aside" in (consumer.reason or ""))
        assert await reader.count("effects") == await reader.count("inbox") == await reader.count("dead_letters") == 0
        (halt,), _ = await dead_letters.halts(reader.pool, reader.inbox.consumer)
        assert (halt.source, halt.event_id, halt.error) == (OWNER, "a.2", "KeyError")
        assert (halt.topic, halt.type) == (reader.topic, InvoiceRejected.type)
        place = f"topic {halt.topic} partition {halt.partition} offset {halt.offset} (source {OWNER}, id a.2)"
        assert consumer.reason == f"KeyError in a handler at {place}: dlq set-aside {halt.id}"
        with pytest.raises(NotDone):
            await dead_letters.set_aside(reader.inbox, reader.pool, halt.id + 1)
        await dead_letters.set_aside(reader.inbox, reader.pool, halt.id)
        await reader.caught_up()
        assert consumer.ready
        assert consumer.reason is None
        assert await reader.effects("b") == [1]
        assert await reader.effects("a") == [1]
        assert await reader.dead() == ["bug"]
        assert await reader.parked() == [3]
        assert await dead_letters.halts(reader.pool, reader.inbox.consumer) == ([], None)
        (letter,), _ = await dead_letters.letters(reader.pool, reader.inbox.consumer)
        await reader.send(event("a", 4), event("b", 2))
        await reader.caught_up()
        assert await reader.effects("b") == [1, 2]
    async with reader.pool.acquire() as connection:
        with pytest.raises(NotDone, match="at fault still: bug: KeyError"):
            await dead_letters.retry(reader.inbox, connection, letter.id)
        assert await reader.parked() == [3, 4]
        reader.bug_on = None
        assert await dead_letters.retry(reader.inbox, connection, letter.id) == 3
    assert await reader.effects("a") == [1, 2, 3, 4]


async def test_a_command_that_halts_the_reader_is_set_aside_and_not_refused(desk: Reader) -> None:
    bad = command("a", data={"occasion": "against our own contract"})
    arrival = desk.inbox.read(desk.record(bad, topic=f"{desk.prefix}{INTAKE_TOPIC}"))
    assert arrival is not None
    connection = await desk.consumer._connect()
    found = await desk.inbox.find_fault(connection, [arrival])
    assert found == [(arrival, "ValidationError")]
    (number,) = await desk.inbox.note_halt(connection, found)
    await dead_letters.set_aside(desk.inbox, connection, number)
    assert await desk.inbox.has_new_decision(connection)
    await ask(desk, bad, command("b"))
    assert await desk.dead() == ["bug"]
    assert await answers(desk) == {}


async def test_an_event_that_waits_and_that_our_code_fails_on_is_named_itself(reader: Reader) -> None:
    reader.bug_on = "unforeseen"
    await reader.take(event("a", 1), event("a", 3), event("a", 4, "unforeseen"))
    filling = reader.inbox.read(reader.record(event("a", 2)))
    good = reader.inbox.read(reader.record(event("b", 1)))
    assert filling is not None
    assert good is not None
    connection = await reader.consumer._connect()
    ((found, error),) = await reader.inbox.find_fault(connection, [good, filling])
    assert (found.id, error) == ("a.4", "KeyError")
    assert await reader.effects() == [1]
    assert await reader.parked() == [3, 4]


async def test_every_event_that_our_code_fails_on_is_named_and_each_is_set_aside_for_itself(reader: Reader) -> None:
    reader.bug_on = "unforeseen"
    events = [event(name, 1, "unforeseen" if name in "bd" else "") for name in "abcde"]
    records = [reader.record(one) for one in events]

    async def faults() -> list[str | None]:
        connection = await reader.consumer._connect()
        await reader.consumer._name_faults(records)
        named = [arrival.id for arrival, _ in reader.consumer._faults]
        for halt in (await dead_letters.halts(connection, reader.inbox.consumer))[0]:
            if halt.event_id == named[0]:
                await dead_letters.set_aside(reader.inbox, connection, halt.id)
        assert await reader.inbox.has_new_decision(connection)
        return named

    assert await faults() == ["b.1", "d.1"]
    assert await faults() == ["d.1"]
    await reader.take(*records)
    assert await reader.dead() == ["bug", "bug"]
    assert await reader.effects() == [1, 1, 1]


async def test_an_event_that_breaks_the_core_itself_is_named_too(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = inbox_module.plan

    def broken(known: Any, arrivals: Any) -> Any:
        if any(arrival.id == "odd.1" for arrival in arrivals):
            raise RuntimeError("not foreseen")
        return stranger(known, arrivals)

    monkeypatch.setattr(inbox_module, "plan", broken)
    arrivals = [reader.inbox.read(reader.record(event(name, 1))) for name in ("a", "b", "odd", "c", "d")]
    connection = await reader.consumer._connect()
    ((found, error),) = await reader.inbox.find_fault(connection, [one for one in arrivals if one])
    assert (found.id, error) == ("odd.1", "RuntimeError")
    assert await reader.count("inbox") == 0


async def test_a_discard_lets_go_what_waits_and_what_our_code_fails_on_is_the_next_dead_letter(reader: Reader) -> None:
    await reader.take(event("a", 1, "poison"), event("a", 2), event("a", 3, "unforeseen"), event("a", 4))
    reader.bug_on = "unforeseen"
    assert await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1) == 1
    assert await reader.effects() == [2]
    assert await reader.dead() == ["bug"]
    assert await reader.parked() == [4]
