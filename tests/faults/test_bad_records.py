"""Whatever stands on a topic, the reader takes what is good, keeps what is bad, and goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest

from tests.support import external_producer as crm
from tests.support.eventually import eventually
from tests.support.external_producer import Producer
from tests.support.stack import Installation

pytestmark = pytest.mark.fault

CODES = count(1000)
TOPIC = "tovholder.enrollment"


@pytest.fixture
async def producer(reader: Installation) -> AsyncIterator[Producer]:
    async with Producer(reader.kafka, reader.prefix) as made:
        yield made


def a_code() -> str:
    return str(next(CODES))


async def is_claimed(reader: Installation, code: str) -> None:
    async def claimed() -> bool:
        found = await reader.rows("invoicing", "SELECT id FROM claims WHERE enrolment_id = $1", f"crm-enrolment-{code}")
        return len(found) == 1

    await eventually(claimed, because=f"{code} has its claim")


async def dead_of(reader: Installation, reason: str) -> list[dict[str, Any]]:
    return await reader.rows("invoicing", "SELECT * FROM dead_letters WHERE reason = $1 AND state = 'open'", reason)


async def goes_on(reader: Installation, producer: Producer) -> None:
    """A good event on each partition is taken in, and everything that was promised holds."""
    codes = [a_code() for _ in range(8)]
    await producer.tell(*(crm.enrolled(code) for code in codes))
    for code in codes:
        await is_claimed(reader, code)
    await reader.holds()


async def put_among_good_ones(producer: Producer, value: bytes | None, **options: Any) -> list[str]:
    """The record in the middle of six good ones on one partition; the codes of the good ones."""
    codes = [a_code() for _ in range(6)]
    for code in codes[:3]:
        await producer.put(TOPIC, json.dumps(crm.enrolled(code)).encode(), partition=3)
    await producer.put(TOPIC, value, key=b"in-the-middle", partition=3, **options)
    for code in codes[3:]:
        await producer.put(TOPIC, json.dumps(crm.enrolled(code)).encode(), partition=3)
    return codes


async def test_a_poison_event_among_good_ones_stands_aside_alone(reader: Installation, producer: Producer) -> None:
    poison = crm.enrolled("poison")
    del poison["data"]["fees"][0]["amount_ore"]
    before = len(await dead_of(reader, "bad_data"))
    codes = await put_among_good_ones(producer, json.dumps(poison).encode())
    for code in codes:
        await is_claimed(reader, code)
    reader.dead["invoicing"] = reader.dead.get("invoicing", 0) + 1
    found = await dead_of(reader, "bad_data")
    assert len(found) == before + 1
    assert json.loads(found[-1]["value"]) == poison
    await goes_on(reader, producer)


async def test_data_that_the_database_refuses_stands_aside_alone(reader: Installation, producer: Producer) -> None:
    poison = crm.enrolled(a_code())
    # The contract allows it, the database does not.
    poison["data"]["fees"][0]["id"] = "a\0b"
    before = len(await dead_of(reader, "data_error"))
    codes = await put_among_good_ones(producer, json.dumps(poison).encode())
    for code in codes:
        await is_claimed(reader, code)
    reader.dead["invoicing"] = reader.dead.get("invoicing", 0) + 1
    assert len(await dead_of(reader, "data_error")) == before + 1
    await goes_on(reader, producer)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("traceparent", None)], id="null"),
        pytest.param([("traceparent", b"\xff\xfe\x00")], id="not UTF-8"),
        pytest.param([("x", b"1"), ("x", None), ("", b"")], id="repeated and nameless"),
    ],
)
async def test_strange_headers_lose_nothing(
    reader: Installation, producer: Producer, headers: list[tuple[str, bytes | None]]
) -> None:
    code = a_code()
    codes = await put_among_good_ones(producer, json.dumps(crm.enrolled(code)).encode(), headers=headers)
    for one in [code, *codes]:
        await is_claimed(reader, one)
    await goes_on(reader, producer)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "no_value", id="no value"),
        pytest.param(b"", "no_value", id="empty"),
        pytest.param(b"\x00\xff" * 1024 * 1024, "bad_json", id="2 MB of garbage"),
        pytest.param(b"[" * 100_000, "bad_json", id="deeply nested"),
        pytest.param(b'{"id": "1"', "bad_json", id="cut off"),
        pytest.param(b"\xef\xbb\xbf[]", "bad_json", id="byte order mark"),
        pytest.param(b'"text"', "bad_envelope", id="no object"),
    ],
)
async def test_garbage_is_kept_aside_as_it_came(
    reader: Installation, producer: Producer, value: bytes | None, reason: str
) -> None:
    before = len(await dead_of(reader, reason))
    codes = await put_among_good_ones(producer, value)
    for code in codes:
        await is_claimed(reader, code)
    reader.dead["invoicing"] = reader.dead.get("invoicing", 0) + 1
    found = await dead_of(reader, reason)
    assert len(found) == before + 1
    assert found[-1]["value"] == value
    await goes_on(reader, producer)


async def test_an_unknown_type_is_skipped_and_counted_and_keeps_its_place(
    reader: Installation, producer: Producer
) -> None:
    code = a_code()
    before = await reader.metric("invoicing", "tovholder_events_skipped_total")
    unknown = crm.event("enrollment.FlagHoisted", f"enrolment/crm-enrolment-{code}", {"any": 1}, sequence=7)
    await producer.tell(unknown, crm.enrolled(code, sequence=8))
    await is_claimed(reader, code)
    assert await reader.metric("invoicing", "tovholder_events_skipped_total") == before + 1
    assert await reader.rows("invoicing", "SELECT 1 FROM inbox WHERE event_id = $1", unknown["id"])
    await goes_on(reader, producer)


async def test_an_unknown_version_of_a_known_type_is_kept_aside(reader: Installation, producer: Producer) -> None:
    newer = crm.enrolled(a_code())
    newer["type"] = "tovholder.enrollment.MunicipalityEnrolled.v9"
    before = len(await dead_of(reader, "unsupported"))
    codes = await put_among_good_ones(producer, json.dumps(newer).encode())
    for code in codes:
        await is_claimed(reader, code)
    reader.dead["invoicing"] = reader.dead.get("invoicing", 0) + 1
    assert len(await dead_of(reader, "unsupported")) == before + 1
    await goes_on(reader, producer)


async def test_the_same_event_a_thousand_times_is_one_claim(reader: Installation, producer: Producer) -> None:
    code = a_code()
    same = json.dumps(crm.enrolled(code)).encode()
    for _ in range(1000):
        await producer.send(TOPIC, same, key=b"same")
    await producer.flush()
    await is_claimed(reader, code)
    await goes_on(reader, producer)


async def test_events_of_one_key_out_of_order_wait_for_their_turn(reader: Installation, producer: Producer) -> None:
    code = a_code()
    subject = f"enrolment/crm-enrolment-{code}"
    about = {
        name: crm.municipality_enrolled(code)[name] for name in ("owner", "programme", "enrolment_id", "organisation")
    }
    withdrawn = {**about, "contact": crm.contact(code), "reason": ""}
    appointed = {**about, "contact": {**crm.contact(code), "email": "ny@kommune.example"}}
    first = crm.enrolled(code, sequence=1)
    second = crm.event("enrollment.TovholderAppointed", subject, appointed, sequence=2)
    third = crm.event("enrollment.EnrolmentWithdrawn", subject, withdrawn, sequence=3)

    async def parked() -> list[dict[str, Any]]:
        return await reader.rows("invoicing", "SELECT 1 FROM parked_events WHERE subject = $1", subject)

    await producer.tell(first, third)
    await eventually(parked, because="the third waits")
    (claim,) = await reader.rows("invoicing", "SELECT state FROM claims WHERE enrolment_id = $1", subject[10:])
    assert claim["state"] != "withdrawn"
    await producer.tell(second)

    async def healed() -> bool:
        (now,) = await reader.rows("invoicing", "SELECT state FROM claims WHERE enrolment_id = $1", subject[10:])
        return now["state"] == "withdrawn" and not await parked()

    await eventually(healed, because="the second has come, and the third had its turn")
    await goes_on(reader, producer)


async def test_an_event_that_comes_too_late_is_kept_aside(reader: Installation, producer: Producer) -> None:
    code = a_code()
    subject = f"enrolment/crm-enrolment-{code}"
    before = len(await dead_of(reader, "sequence_regressed"))
    await producer.tell(crm.enrolled(code, sequence=5), crm.event("enrollment.Flag", subject, {}, sequence=4))
    await is_claimed(reader, code)
    await eventually(lambda: _grown(reader, "sequence_regressed", before), because="the late one is kept aside")
    reader.dead["invoicing"] = reader.dead.get("invoicing", 0) + 1
    await goes_on(reader, producer)


async def _grown(reader: Installation, reason: str, before: int) -> bool:
    return len(await dead_of(reader, reason)) == before + 1


async def test_fifty_subjects_of_a_producer_that_is_upgraded_first_halt_nobody(
    reader: Installation, producer: Producer
) -> None:
    codes = [a_code() for _ in range(50)]
    before = len(await dead_of(reader, "unsupported"))
    newer = [{**crm.enrolled(code), "type": "tovholder.enrollment.MunicipalityEnrolled.v2"} for code in codes]
    await producer.tell(*newer)
    reader.dead["invoicing"] = reader.dead.get("invoicing", 0) + 50

    async def all_kept() -> bool:
        return len(await dead_of(reader, "unsupported")) == before + 50

    await eventually(all_kept, because="each is a dead letter")
    await goes_on(reader, producer)


async def test_a_reader_that_a_bug_has_halted_is_let_go_on_by_a_command(
    reader: Installation, producer: Producer
) -> None:
    code = a_code()
    await reader.stop("invoicing")
    broken = await reader.start("invoicing", mutant="handler_with_a_bug")
    await producer.tell(crm.enrolled(code))

    async def named() -> dict[str, Any]:
        listed = (await reader.command("invoicing", "dlq", "list")).splitlines()
        return next((one for line in listed if (one := _json(line)).get("kind") == "halted"), {})

    halted = await eventually(named, 30, because="the event is named")
    assert (halted["error"], halted["source"]) == ("ZeroDivisionError", crm.SOURCE)
    unready = (await reader.http.get(f"{broken.url}/readyz")).json()
    assert f"dlq set-aside {halted['id']}" in str(unready["reasons"])
    assert await reader.metric("invoicing", "tovholder_consumer_halted_at{") == halted["offset"]
    await reader.command("invoicing", "dlq", "set-aside", str(halted["id"]))
    await reader.ready(broken)
    assert broken.alive
    (letter,) = await eventually(lambda: dead_of(reader, "bug"), because="it is a dead letter in its turn")
    await reader.stop("invoicing")
    await reader.start("invoicing")
    said = await reader.command("invoicing", "dlq", "retry-cause", letter["fingerprint"], "1", str(letter["id"]))
    assert _json(said)["settled"] == 1
    await is_claimed(reader, code)
    await goes_on(reader, producer)


def _json(line: str) -> dict[str, Any]:
    """What stands in the line; nothing if it is for people."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found


async def test_a_bug_in_a_handler_stops_the_reader_and_costs_nothing(reader: Installation, producer: Producer) -> None:
    code = a_code()
    await reader.stop("invoicing")
    broken = await reader.start("invoicing", mutant="handler_with_a_bug")
    before = await reader.rows("invoicing", "SELECT count(*) FROM dead_letters")
    await producer.tell(crm.enrolled(code))

    async def halted() -> bool:
        unready = (await reader.http.get(f"{broken.url}/readyz")).status_code == 503
        return unready and await reader.metric("invoicing", "tovholder_consumer_halted{") == 1

    await eventually(halted, because="the reader has stopped")
    assert '"consumer_halted"' in broken.command.log.read_text()
    assert broken.alive
    assert await reader.rows("invoicing", "SELECT count(*) FROM dead_letters") == before
    assert not await reader.rows("invoicing", "SELECT 1 FROM claims WHERE enrolment_id = $1", f"crm-enrolment-{code}")
    await reader.stop("invoicing")
    await reader.start("invoicing")
    await is_claimed(reader, code)
    await goes_on(reader, producer)
