"""Events of every kind, most of them wrong in some way, over Kafka and over HTTP: nothing stops, and nothing is lost.

Each record is taken in, refused, parked or a dead letter, at every service that reads its topic, and each request is
answered. Afterwards a municipality that signs up gets its receipt and its invoice, and no service has grown.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts import catalogue
from shared.contracts.enrollment import CancelProgramme
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, PARTITIONS, topic_of
from shared.messaging.records import StoredRecord, record_identity
from tests.support.edges import Deck, as_json
from tests.support.eventually import eventually
from tests.support.facts import COMMAND_EXAMPLES, ENROLMENT_ID, FACT_EXAMPLES, MEETING, PROGRAMME, cloud_event
from tests.support.stack import AFTER_THE_DEADLINE, SERVICES, Installation, Make

pytestmark = [pytest.mark.fault, pytest.mark.timeout(5400)]

LONG = (200_000, 20_000)
SHORT = (3_000, 600)
"""Events over Kafka, and requests."""
A_WORLD = 400
"""Events about one programme; then another one is told of, so that no programme grows without end."""
AT_ONCE = 500
GROWTH = 1.3
CATCH_UP_S = 3600.0
READS = {
    service: {
        INTAKE_TOPIC,
        *(
            topic_of(FACTS[name].service)
            for name, effects in catalogue.EFFECTS.items()
            if service in {effect.service for effect in effects}
        ),
    }
    for service in SERVICES
}
EXAMPLES = {one.type: cloud_event(one, sequence=None) for one in (*FACT_EXAMPLES, *COMMAND_EXAMPLES)}

KEY = b"k"
DOORKEEPER = "enrollment"
"""Answers for what nobody owns, and for what nobody can read, on the intake topic."""
OWNED = tuple(f"tovholder.{service}." for service in SERVICES)
Places = set[tuple[str, int, int]]
Headers = list[tuple[str, bytes | None]]


@dataclass(slots=True)
class Sent:
    """A record, and what identifies it if its envelope can be read."""

    topic: str
    value: bytes | None
    headers: Headers = field(default_factory=list)
    source: str = ""
    id: str = ""
    type: str = ""
    partition: int = 0
    offset: int = 0
    bytes_identity: str = ""
    """Of two records with the same bytes in the same millisecond, which are one to whoever cannot read them."""


class Fuzz:
    """Endless records, the same ones for the same seed."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)  # noqa: S311  (chance, not secrecy)
        self._deck = Deck(seed)
        self._odd = self._oddities()
        self._count = 0
        self._earlier: list[Sent] = []
        self._run = secrets.token_hex(4)

    def record(self) -> Sent:
        kinds = (
            self._odd_data,
            self._usual,
            self._again,
            self._odd_envelope,
            self._binary,
            self._garbage,
            self._astray,
        )
        (kind,) = self._dice.choices(kinds, weights=(35, 15, 10, 15, 10, 10, 5))
        made = kind()
        if self._dice.random() < 0.02:
            self._earlier.append(made)
        return made

    def event(self) -> dict[str, Any]:
        """For HTTP: a command, as often as not with something odd in it. None ends the programme, for somebody is to
        sign up for it afterwards; over Kafka that is said of others.
        """
        commands = sorted(COMMANDS.keys() - {CancelProgramme.type})
        wire_type = self._dice.choice(commands)
        if self._dice.random() < 0.5:
            return self._named(EXAMPLES[wire_type], {"source": "/crm"})
        while True:
            found, data = next(self._odd)
            if found in commands:
                return self._named(EXAMPLES[found], {"source": "/crm", "data": data})

    def _oddities(self) -> Iterator[tuple[str, dict[str, Any]]]:
        names = sorted(EXAMPLES)
        while True:
            dealt = [
                (one, data) for one in names for data in self._deck.deal(one, EXAMPLES[one]["data"], own=1, shared=1)
            ]
            self._dice.shuffle(dealt)
            yield from dealt

    def _named(self, event: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        name = f"fuzz-{self._run}-{self._count}"
        return {**event, "id": name, "subject": f"fuzz/{name}", **changes}

    def _json(self, event: dict[str, Any]) -> bytes:
        """About the programme of today."""
        world = f"w{self._count // A_WORLD}"
        text = as_json(event)
        for known in (PROGRAMME.id, ENROLMENT_ID, MEETING.id):
            text = text.replace(known.encode(), f"{known}-{world}".encode())
        return text

    def _topic(self, wire_type: str) -> str:
        return INTAKE_TOPIC if wire_type in COMMANDS else topic_of(FACTS[wire_type].service)

    def _made(self, event: dict[str, Any], topic: str = "") -> Sent:
        said = {name: _readable(event.get(name)) for name in ("source", "id", "type")}
        return Sent(topic or self._topic(event["type"]), self._json(event), [], **said)

    def _odd_data(self) -> Sent:
        wire_type, data = next(self._odd)
        return self._made(self._named(EXAMPLES[wire_type], {"data": data}))

    def _usual(self) -> Sent:
        return self._made(self._named(EXAMPLES[self._dice.choice(sorted(EXAMPLES))], {}))

    def _again(self) -> Sent:
        if not self._earlier:
            return self._usual()
        one = self._dice.choice(self._earlier)
        return Sent(one.topic, one.value, one.headers, one.source, one.id, one.type)

    def _odd_envelope(self) -> Sent:
        usual = self._named(EXAMPLES[self._dice.choice(sorted(EXAMPLES))], {})
        topic, newer = self._topic(usual["type"]), usual["type"][:-1]
        odd: dict[str, list[Any]] = {
            "id": ["", "x" * 256, "x" * 9_000, "a\nb", "a\0b", 5, None, {}],
            "source": ["", "x" * 256, "\ud800", "/x\x07", 5, None, "/tovholder/enrollment"],
            "type": ["", "x" * 300, "tovholder.nobody.Knows.v1", f"{newer}2", f"{newer}99", 5, None],
            "subject": ["", "x" * 256, "a\0b", 5, None],
            "time": ["", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2020-06-15T09:30:00", "yesterday", 5, None],
            "specversion": ["0.3", "2.0", 1.0, None],
            "sequence": ["", "-1", "0", "9" * 30, "1e9", 2**63, 1.5, "١"],
            "data": [None, [], "text", 5, {}, {"owner": 5}],
            "actor": [5, "x" * 300, "\0"],
            "correlationid": ["", "x" * 300, 5, "a\0b"],
        }
        name = self._dice.choice(sorted(odd))
        value = self._dice.choice(odd[name])
        changed = {**usual, name: value}
        if value is None and self._dice.random() < 0.5:
            del changed[name]
        return self._made(changed, topic)

    def _binary(self) -> Sent:
        usual = self._named(EXAMPLES[self._dice.choice(sorted(EXAMPLES))], {})
        names = ("specversion", "id", "source", "type", "subject", "time")
        headers: Headers = [(f"ce_{name}", str(usual[name]).encode()) for name in names]
        headers.append(("content-type", b"application/json"))
        odd: list[Headers] = [
            [],
            [("ce_id", b"again")],
            [("ce_sequence", None)],
            [("ce_actor", b"\xff\xfe")],
            [("ce_correlationid", b"x" * 9_000)],
            [("traceparent", None), ("x", b"\x00" * 100), ("", b"")],
            [("content-type", b"application/cloudevents+json")],
        ]
        left_out = self._dice.choice(range(20))
        kept = [header for number, header in enumerate(headers) if number != left_out] + self._dice.choice(odd)
        told = {
            name: [value for key, value in kept if key == f"ce_{name}" and value] for name in ("source", "id", "type")
        }
        said = {name: _readable(values[0].decode()) if len(values) == 1 else "" for name, values in told.items()}
        return Sent(self._topic(usual["type"]), self._json(usual["data"]), kept, **said)

    def _garbage(self) -> Sent:
        usual = self._json(EXAMPLES[self._dice.choice(sorted(EXAMPLES))])
        value = self._dice.choice(
            [
                None,
                b"",
                b"{",
                b"[]",
                b'"text"',
                b"\xef\xbb\xbf{}",
                b"[" * 5_000,
                b"\x00\xff" * 500,
                self._dice.randbytes(300),
                usual[: self._dice.randrange(len(usual))],
                usual.replace(b'"', b"'"),
                usual + usual,
                usual.replace(b"e", b"\xe9", 3),
            ]
        )
        return Sent(self._dice.choice(self._topics()), value)

    def _astray(self) -> Sent:
        usual = self._named(EXAMPLES[self._dice.choice(sorted(EXAMPLES))], {})
        return self._made(usual, self._dice.choice(self._topics()))

    def _topics(self) -> list[str]:
        return [INTAKE_TOPIC, *(topic_of(service) for service in SERVICES)]


def _readable(said: Any) -> str:
    """As readers take an attribute; "" where they cannot."""
    return said if isinstance(said, str) and 0 < len(said) <= 255 and said.isprintable() else ""


@asynccontextmanager
async def producing(world: Installation) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=world.kafka, max_request_size=4 * 1024 * 1024) as producer:
        yield producer


async def over_kafka(world: Installation, fuzz: Fuzz, count: int) -> list[Sent]:
    """All of them, acknowledged; with where they lie now."""
    sent: list[Sent] = []
    dice = random.Random(count)  # noqa: S311  (chance, not secrecy)
    async with producing(world) as producer:
        while len(sent) < count:
            some = [fuzz.record() for _ in range(min(AT_ONCE, count - len(sent)))]
            now = time.time_ns() // 1_000_000
            acknowledged = [
                await producer.send(
                    world.prefix + one.topic,
                    one.value,
                    key=KEY,
                    headers=one.headers,
                    partition=dice.randrange(PARTITIONS),
                    # What the acknowledgement says is that of the first of a batch.
                    timestamp_ms=now,
                )
                for one in some
            ]
            for one, where in zip(some, await asyncio.gather(*acknowledged), strict=True):
                one.partition, one.offset = where.partition, where.offset
                stored = StoredRecord(
                    where.topic, where.partition, where.offset, now, KEY, one.value, tuple(one.headers)
                )
                one.bytes_identity = record_identity(stored)
                # What it says has been told; only where it lies is of interest from here on.
                one.value, one.headers = None, []
            sent += some
    return sent


async def over_http(world: Installation, fuzz: Fuzz, count: int) -> Counter[int]:
    """How often which status was answered."""
    answers: Counter[int] = Counter()
    dice = random.Random(count)  # noqa: S311  (chance, not secrecy)
    routes = [
        ("enrollment", "POST", "/api/enrollment/programmes"),
        ("enrollment", "POST", "/api/enrollment/enrolments"),
        ("enrollment", "PUT", "/api/enrollment/organisations/0101"),
        ("scheduling", "POST", "/api/scheduling/meetings"),
        ("scheduling", "POST", f"/api/scheduling/meetings/{MEETING.id}/date"),
        ("invoicing", "POST", "/api/invoicing/invoices/N-1/payments"),
        ("notifications", "POST", "/api/notifications/messages"),
    ]
    bearer = {"Authorization": f"Bearer {world.token}"}

    async def ask(number: int) -> None:
        event = fuzz.event()
        body, path = as_json(event), "/events"
        service, method, headers = dice.choice(SERVICES), "POST", {"Content-Type": "application/cloudevents+json"}
        roll = dice.random()
        if roll < 0.3:
            service, method, path = dice.choice(routes)
            body = as_json(event["data"]) if isinstance(event["data"], dict) else b"[]"
            headers = {"Content-Type": "application/json", "Idempotency-Key": f"fuzz-{number}"}
        elif roll < 0.4:
            body = dice.choice([b"", b"{", b"[" * 5_000, dice.randbytes(200), b"null", body[: len(body) // 2]])
        elif roll < 0.45:
            body, headers = b"[" + body + b"," + body + b"]", {"Content-Type": "application/cloudevents-batch+json"}
        elif roll < 0.5:
            headers = {"Content-Type": dice.choice(["text/plain", "", "application/json; charset=utf-16", "x"])}
        url = f"{world.running[service].url}{path}"
        try:
            answer = await http.request(method, url, content=body, headers={**bearer, **headers})
        except httpx.TransportError:
            await goes_on(world)
            raise
        answers[answer.status_code] += 1
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", answer.text
            assert answer.json()["code"], answer.text

    # httpcore closes one whose time is over although it has just been given to a request: here no time is ever over.
    kept = httpx.Limits(keepalive_expiry=None)
    async with httpx.AsyncClient(timeout=60.0, trust_env=False, limits=kept) as http:
        for start in range(0, count, 20):
            await asyncio.gather(*(ask(number) for number in range(start, min(start + 20, count))))
    return answers


async def caught_up(world: Installation, sent: list[Sent]) -> None:
    """Every reader has committed what was sent to it."""
    last: dict[tuple[str, int], int] = {}
    for one in sent:
        last[one.topic, one.partition] = max(one.offset, last.get((one.topic, one.partition), -1))
    admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka)
    await admin.start()
    try:

        async def committed() -> bool:
            await goes_on(world)
            behind = {}
            for service in SERVICES:
                found = await admin.list_consumer_group_offsets(f"{world.prefix}{topic_of(service)}")
                at = {(one.topic.removeprefix(world.prefix), one.partition): found[one].offset for one in found}
                own = {where: offset for where, offset in last.items() if where[0] in READS[service]}
                behind[service] = sum(max(0, offset + 1 - max(0, at.get(where, 0))) for where, offset in own.items())
            assert not any(behind.values()), f"records not read yet: {behind}"
            return True

        await eventually(committed, CATCH_UP_S, every=1.0, because="every reader has read all of it")
    finally:
        await admin.close()


async def goes_on(world: Installation) -> None:
    """No process has ended, and none has halted."""
    for name, one in world.running.items():
        if not one.alive or await world.metric(name, "tovholder_consumer_halted{"):
            pytest.fail(f"{name} has halted\n{one.log(30)}")


class Ledger:
    """What one service has kept of all records."""

    def __init__(self, service: str, doorkeeper: Ledger | None) -> None:
        self._service = service
        self._doorkeeper = doorkeeper
        self._dead: Places = set()
        self._parked: Places = set()
        self._identities: set[str] = set()
        self._buried: set[tuple[str | None, str | None]] = set()
        self._taken: set[tuple[str, str]] = set()

    async def read(self, world: Installation) -> None:
        rows = await world.rows(self._service, "SELECT source, event_id, identity::text AS identity FROM dead_letters")
        self._identities = {row["identity"] for row in rows}
        self._buried = {(row["source"], row["event_id"]) for row in rows}
        rows = await world.rows(self._service, "SELECT source, event_id FROM inbox")
        self._taken = {(row["source"], row["event_id"]) for row in rows}
        self._dead = await _places(world, self._service, "dead_letters")
        self._parked = await _places(world, self._service, "parked_events")

    def fate(self, one: Sent) -> str | None:
        """What became of it here; None = nothing that we know of."""
        place = (one.topic, one.partition, one.offset)
        if place in self._dead:
            return "dead letter"
        if one.bytes_identity in self._identities or (one.id and (one.source, one.id) in self._buried):
            return "a copy of a dead letter"
        if place in self._parked:
            return "parked"
        if (one.source, one.id) in self._taken:
            return "taken in or refused"
        return self._elsewhere(one) if one.topic == INTAKE_TOPIC else None

    def _elsewhere(self, one: Sent) -> str | None:
        """A command that others answer for: whose it is, or, where nobody can tell, the doorkeeper."""
        if one.type.startswith(OWNED):
            if not one.type.startswith(f"tovholder.{self._service}."):
                return "another's to answer"
            unreadable = self._doorkeeper is not None and one.bytes_identity in self._doorkeeper._identities
            return "the doorkeeper's to answer" if unreadable else None
        return None if self._doorkeeper is None else "the doorkeeper's to answer"


async def accounted_for(world: Installation, sent: list[Sent]) -> Counter[str]:
    """What became of each record at each of its readers; none is anywhere else."""
    fates: Counter[str] = Counter()
    doorkeeper: Ledger | None = None
    for service in (DOORKEEPER, *(one for one in SERVICES if one != DOORKEEPER)):
        ledger = Ledger(service, doorkeeper)
        await ledger.read(world)
        found = [(one, ledger.fate(one)) for one in sent if one.topic in READS[service]]
        lost = [one for one, fate in found if fate is None]
        assert not lost, f"{service}: {len(lost)} records are nowhere, such as {lost[:3]}"
        fates.update(fate for _, fate in found if fate is not None)
        doorkeeper = doorkeeper or ledger
    return fates


async def _places(world: Installation, service: str, table: str) -> Places:
    """Where the records lie that this table keeps."""
    rows = await world.rows(service, f'SELECT topic, partition, "offset" FROM {table}')
    return {(row["topic"].removeprefix(world.prefix), row["partition"], row["offset"]) for row in rows}


def resident(world: Installation) -> dict[str, int]:
    """Bytes of each process in memory."""
    sizes = {}
    for name, one in world.running.items():
        status = Path(f"/proc/{one.popen.pid}/status").read_text(encoding="ascii").splitlines()
        (line,) = [line for line in status if line.startswith("VmRSS")]
        sizes[name] = int(line.split()[1]) * 1024
    return sizes


async def signs_up(world: Installation) -> None:
    """A municipality gets its receipt, and its invoice."""
    attempt = await world.sign_up()
    await world.received(attempt, CATCH_UP_S)

    async def invoiced() -> bool:
        enrolment = (attempt.answer or {})["enrolment_id"]
        found = await world.rows("invoicing", "SELECT invoice_id FROM claims WHERE enrolment_id = $1", enrolment)
        return bool(found) and all(row["invoice_id"] for row in found)

    await eventually(invoiced, 300.0, because="the fee is invoiced")


async def test_events_and_requests_of_every_kind_stop_nothing(fresh: Make, pytestconfig: pytest.Config) -> None:
    events, requests = SHORT if pytestconfig.getoption("short") else LONG
    world = await fresh(starts={"invoicing": AFTER_THE_DEADLINE})
    await world.start_all()
    await world.publish()
    await signs_up(world)
    fuzz = Fuzz("all kinds")
    sent = await over_kafka(world, fuzz, events // 10)
    answers = await over_http(world, fuzz, requests // 10)
    await caught_up(world, sent)
    before = resident(world)

    more, answered = await asyncio.gather(
        over_kafka(world, fuzz, events - len(sent)), over_http(world, fuzz, requests - answers.total())
    )
    sent += more
    answers += answered
    await caught_up(world, sent)
    await goes_on(world)
    fates = await accounted_for(world, sent)
    await signs_up(world)
    after = resident(world)

    print(f"{len(sent)} events: {dict(fates)}; {answers.total()} requests: {dict(sorted(answers.items()))}")  # noqa: T201  (figures)
    grown = {name: round(after[name] / before[name], 2) for name in before}
    print(f"resident memory, times before: {grown}")  # noqa: T201  (figures)
    assert answers.total() == requests
    assert not [status for status in answers if status >= 500 and status != 503], answers
    if not pytestconfig.getoption("short"):
        assert max(grown.values()) <= GROWTH, grown
