"""Whether the installation kept its promises, judged from outside.

Reads the four databases, the topics, the mail server's folder and what the client was answered. It imports nothing of
the project, so that an error there cannot excuse itself here. `examine` returns the broken promises as sentences.
"""

from __future__ import annotations

import email
import email.policy
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

READS = {
    "enrollment": ("scheduling", "intake"),
    "scheduling": ("enrollment", "intake"),
    "invoicing": ("enrollment", "scheduling", "intake"),
    "notifications": ("enrollment", "scheduling", "invoicing", "intake"),
}
"""Whose topics each service reads."""

ENROLLED = "tovholder.enrollment.MunicipalityEnrolled.v1"
PARTICIPANT = tuple(f"tovholder.enrollment.Participant{what}.v1" for what in ("Registered", "Replaced", "Cancelled"))
EXTRA_ADDED = "tovholder.enrollment.ExtraParticipantAdded.v1"
EXTRA_REMOVED = "tovholder.enrollment.ExtraParticipantRemoved.v1"


@dataclass(frozen=True, slots=True)
class Where:
    """What is examined. `databases` are URLs of a role that may read everything; a service that is not there is not
    running, and nothing is asked of it."""

    kafka: Mapping[str, Any]
    """What a client of aiokafka is given to connect."""
    prefix: str
    databases: Mapping[str, str]
    mails: Path
    clocks: Mapping[str, datetime] = field(default_factory=dict)
    """Each service's domain time, as far as the test knows it."""
    producers: Sequence[str] = ()
    """Topics (without prefix) that other systems have of their own."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept."""

    promise: str
    what: str


@dataclass(slots=True)
class Attempt:
    """One try of a client's request. `outcome`: `ok`, `refused`, or `unknown` when no answer came."""

    key: str
    organisation: str
    outcome: str
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a test has put in itself: bad records per service, and that mails of unknown fate may exist."""

    dead_letters: Mapping[str, int] = field(default_factory=dict)
    unknown_mails: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """A record with a readable event."""

    topic: str
    partition: int
    offset: int
    key: str | None
    event: dict[str, Any]

    @property
    def identity(self) -> tuple[str, str]:
        return self.event["source"], self.event["id"]

    @property
    def stream(self) -> tuple[str, str]:
        return self.event["source"], self.event["subject"]

    @property
    def sequence(self) -> int | None:
        number = self.event.get("sequence")
        return None if number is None else int(number)


async def read_topics(where: Where) -> list[Told]:
    """Every readable event on every topic, in the order of each partition; what is no event is passed over."""
    consumer = AIOKafkaConsumer(**where.kafka, max_partition_fetch_bytes=8 * 1024 * 1024)
    await consumer.start()
    try:
        partitions = await _partitions(consumer, where)
        if not partitions:
            return []
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        left = {partition for partition, end in ends.items() if end > 0}
        told = []
        while left:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                told += [one for record in records if (one := _read(where, record)) is not None]
            done = [partition for partition in left if await consumer.position(partition) >= ends[partition]]
            left.difference_update(done)
        return sorted(told, key=lambda one: (one.topic, one.partition, one.offset))
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, where: Where) -> list[TopicPartition]:
    found = []
    for name in (*(f"tovholder.{service}" for service in (*READS, "intake")), *where.producers):
        topic = where.prefix + name
        await consumer._client.add_topic(topic)
        found += [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    return found


def _read(where: Where, record: Any) -> Told | None:
    try:
        event = json.loads(record.value)
        event["source"], event["id"], event["type"], event["subject"], event["data"]
    except (TypeError, ValueError, KeyError, RecursionError):
        return None
    key = None if record.key is None else record.key.decode(errors="replace")
    topic = _plain(record.topic).removeprefix(f"{where.prefix}tovholder.")
    return Told(topic, record.partition, record.offset, key, event)


def _plain(topic: str) -> str:
    """The topic that a producer's own one lies beside."""
    return topic.partition(".from.")[0]


async def unsettled(where: Where, allowed: Allowed | None = None) -> tuple[list[str], list[int]]:
    """What is still going on, or stuck: outboxes, lags, parked events, dead letters, mails on their way.

    Also how much has been done so far: something may move on while one looks, so all is settled when two looks in a
    row found nothing and counted the same.
    """
    allowed = allowed or Allowed()
    waiting = []
    done = []
    for service, url in where.databases.items():
        connection = await asyncpg.connect(url)
        try:
            for what, query in _PENDING.items():
                count = await connection.fetchval(query)
                if count != (allowed.dead_letters.get(service, 0) if what == "open dead letters" else 0):
                    waiting.append(f"{service}: {count} {what}")
            done += await connection.fetchrow(_DONE)
            if service in where.clocks:
                query = "SELECT count(*) FROM timers WHERE due <= $1"
                if count := await connection.fetchval(query, where.clocks[service]):
                    waiting.append(f"{service}: {count} timers due")
            if service == "notifications":
                count, finished = await connection.fetchrow(_MAILS)
                done.append(finished)
                if count:
                    waiting.append(f"notifications: {count} mails under way")
        finally:
            await connection.close()
    return waiting + await _lags(where), done


_DONE = "SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM outbox_sent), (SELECT count(*) FROM dead_letters)"
_MAILS = """
SELECT count(*) FILTER (WHERE state IN ('pending', 'claimed', 'sending')),
       count(*) FILTER (WHERE state NOT IN ('pending', 'claimed', 'sending')) FROM messages
"""
_PENDING = {
    "events in the outbox": "SELECT count(*) FROM outbox",
    "events that cannot be sent": "SELECT count(*) FROM outbox_dead",
    "parked events": "SELECT count(*) FROM parked_events",
    "open dead letters": "SELECT count(*) FROM dead_letters WHERE state = 'open'",
}


async def _lags(where: Where) -> list[str]:
    admin = AIOKafkaAdminClient(**where.kafka)
    consumer = AIOKafkaConsumer(**where.kafka)
    await admin.start()
    await consumer.start()
    try:
        partitions = await _partitions(consumer, where)
        ends = await consumer.end_offsets(partitions)
        lags = []
        for service in where.databases:
            committed = await admin.list_consumer_group_offsets(f"{where.prefix}tovholder.{service}")
            read = {f"{where.prefix}tovholder.{name}" for name in READS[service]}
            lag = sum(
                end - max(0, committed[partition].offset if partition in committed else 0)
                for partition, end in ends.items()
                if _plain(partition.topic) in read
            )
            if lag:
                lags.append(f"{service}: {lag} records not read")
        return lags
    finally:
        await consumer.stop()
        await admin.close()


@dataclass(slots=True)
class Evidence:
    """What was found."""

    told: list[Told]
    mails: list[tuple[str, str]]
    """(Message-ID, recipient), one for each mail that the server took."""
    rows: dict[str, dict[str, list[dict[str, Any]]]]
    """service → name of a query → rows."""
    clocks: Mapping[str, datetime] = field(default_factory=dict)

    def of(self, service: str, name: str) -> list[dict[str, Any]]:
        return self.rows.get(service, {}).get(name, [])


_KERNEL = {
    "sent": "SELECT source, event_id, topic, key, sequence, type FROM outbox_sent"
    " UNION ALL SELECT source, event_id, topic, key, sequence, type FROM outbox",
    "inbox": "SELECT source, event_id, type, subject, sequence, received_at FROM inbox ORDER BY received_at",
    "dead": "SELECT source, event_id, reason FROM dead_letters WHERE state <> 'retried'",
    "positions": "SELECT subject, sequence FROM stream_out",
    "parked": "SELECT subject, source, reason FROM parked_keys",
}
_OWN = {
    "enrollment": {
        "enrolments": "SELECT id, programme_id, organisation_code, state, causation_id FROM enrolments",
        "seats": "SELECT r.enrolment_id, r.meeting_id, m.meeting->>'kind' AS kind, count(s.*) AS taken"
        " FROM rosters r JOIN meetings m ON m.id = r.meeting_id LEFT JOIN seats s ON s.roster_id = r.id"
        " GROUP BY r.enrolment_id, r.meeting_id, kind",
    },
    "scheduling": {},
    "invoicing": {
        "claims": "SELECT id, kind, state, enrolment_id, item, meeting_id, amount_ore, vat_percent, invoice_id, wanted,"
        " causation_id, due_at FROM claims",
        "invoices": "SELECT id, series, organiser, number, net_ore, vat_ore, gross_ore, document::text AS document"
        " FROM invoices",
        "credit_notes": "SELECT organiser, series, number FROM credit_notes",
        "counters": "SELECT series, organiser, last FROM counters",
    },
    "notifications": {
        "messages": "SELECT id, template, recipient, about, occasion, email, state, causation_id FROM messages",
    },
}


async def gather(where: Where) -> Evidence:
    """Everything there is to be seen. The databases are read first: an event they know of must then be on a topic."""
    rows: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for service, url in where.databases.items():
        connection = await asyncpg.connect(url)
        try:
            queries = {**_KERNEL, **_OWN[service]}
            rows[service] = {name: [dict(row) for row in await connection.fetch(sql)] for name, sql in queries.items()}
        finally:
            await connection.close()
    mails = []
    for file in sorted(where.mails.glob("*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        mails.append((str(mail["Message-ID"]).strip(), str(mail["Delivered-To"]).strip().lower()))
    return Evidence(await read_topics(where), mails, rows, where.clocks)


def judge(seen: Evidence, history: Sequence[Attempt] = (), allowed: Allowed | None = None) -> list[Broken]:
    """The promises that what was seen breaks. The installation must have settled."""
    allowed = allowed or Allowed()
    first = _first_of_each(seen.told)
    return [
        *_client_is_answered_once(history),
        *_nothing_lost(seen, first, history),
        *_nothing_twice(seen),
        *_order_on_the_topics(first),
        *_order_at_the_readers(seen),
        *_no_ghosts(seen, first),
        *_state_and_facts_agree(seen, first),
        *_numbers_gapless(seen),
        *_due_is_invoiced(seen),
        *_sums_balance(seen),
        *_seats_count(seen, first),
        *_only_expected_dead_letters(seen, allowed),
        *_mails_agree(seen, allowed),
    ]


async def examine(where: Where, history: Sequence[Attempt] = (), allowed: Allowed | None = None) -> list[Broken]:
    """`gather` and `judge`."""
    return judge(await gather(where), history, allowed)


def _first_of_each(told: Iterable[Told]) -> list[Told]:
    """Each event once, where it stands first; a topic may hold it again, since it is told at least once."""
    first: dict[tuple[str, str], Told] = {}
    for one in told:
        first.setdefault(one.identity, one)
    return list(first.values())


def _ours(source: str) -> str | None:
    """The service whose source this is."""
    return next((name for name in READS if source == f"/tovholder/{name}"), None)


def _client_is_answered_once(history: Sequence[Attempt]) -> Iterable[Broken]:
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for attempt in history:
        if attempt.outcome == "ok":
            answers[attempt.key].append(attempt.answer)
    for key, given in answers.items():
        if any(answer != given[0] for answer in given):
            yield Broken("same answer", f"the key {key} was answered in {len(given)} ways")
    for key in {attempt.key for attempt in history} - answers.keys():
        if all(attempt.outcome == "unknown" for attempt in history if attempt.key == key):
            yield Broken("resolved", f"what became of {key} is still unknown to the client")


def _nothing_lost(seen: Evidence, first: Sequence[Told], history: Sequence[Attempt]) -> Iterable[Broken]:
    enrolled = {one.event["data"]["enrolment_id"]: one for one in first if one.event["type"] == ENROLLED}
    for attempt in history:
        if attempt.outcome == "ok" and attempt.answer["enrolment_id"] not in enrolled:
            yield Broken("nothing lost", f"{attempt.organisation} was told yes, and no event says so")
    yield from _claims_follow(seen, first)
    yield from _receipts_follow(seen, enrolled)
    yield from _read_by_all(seen, first)
    on_topic = {one.identity for one in first}
    for service in seen.rows:
        for row in seen.of(service, "sent"):
            if (row["source"], row["event_id"]) not in on_topic:
                yield Broken("nothing lost", f"{row['type']} {row['key']} of {service} never reached its topic")


def _dead_at(seen: Evidence, service: str) -> set[tuple[str, str]]:
    return {(row["source"], row["event_id"]) for row in seen.of(service, "dead")}


def _claims_follow(seen: Evidence, first: Sequence[Told]) -> Iterable[Broken]:
    if "invoicing" not in seen.rows:
        return
    dead = _dead_at(seen, "invoicing")
    claims = {(claim["enrolment_id"], claim["item"], claim["meeting_id"]) for claim in seen.of("invoicing", "claims")}
    for one in first:
        data = one.event["data"]
        owed = []
        if one.event["type"] == ENROLLED and one.identity not in dead:
            owed = [(data["enrolment_id"], fee["id"], None) for fee in data["fees"]]
        elif one.event["type"] == EXTRA_ADDED and one.identity not in dead:
            owed = [(data["enrolment_id"], data["person"]["person_id"], data["meeting"]["id"])]
        for claim in owed:
            if claim not in claims:
                yield Broken("nothing lost", f"{one.event['subject']} has no claim {claim}")


def _receipts_follow(seen: Evidence, enrolled: Mapping[str, Told]) -> Iterable[Broken]:
    if "notifications" not in seen.rows:
        return
    dead = _dead_at(seen, "notifications")
    receipts = {m["about"] for m in seen.of("notifications", "messages") if m["state"] in ("sent", "unknown")}
    for enrolment_id, one in enrolled.items():
        if one.identity not in dead and f"enrolment/{enrolment_id}" not in receipts:
            yield Broken("nothing lost", f"enrolment {enrolment_id} has no receipt")


def _read_by_all(seen: Evidence, first: Sequence[Told]) -> Iterable[Broken]:
    for service in seen.rows:
        known = {(row["source"], row["event_id"]) for row in seen.of(service, "inbox")}
        known |= {(row["source"], row["event_id"]) for row in seen.of(service, "dead")}
        for one in first:
            theirs = one.topic in READS[service] and one.topic != "intake"
            asked = one.topic == "intake" and one.event["type"].startswith(f"tovholder.{service}.")
            if (theirs or asked) and one.identity not in known:
                yield Broken("nothing lost", f"{service} has passed over {one.event['type']} {one.event['subject']}")


def _nothing_twice(seen: Evidence) -> Iterable[Broken]:
    keys: dict[str, list[Any]] = {
        "claims": [(c["enrolment_id"], c["item"], c["meeting_id"]) for c in seen.of("invoicing", "claims")],
        "invoices": [(i["series"], i["number"]) for i in seen.of("invoicing", "invoices")],
        "messages": [
            (m["template"], m["recipient"], m["about"], m["occasion"]) for m in seen.of("notifications", "messages")
        ],
        "mails": [message_id for message_id, _ in seen.mails],
        "enrolments": [(e["programme_id"], e["organisation_code"]) for e in seen.of("enrollment", "enrolments")],
    }
    lines = [
        (line["claim_id"],) for i in seen.of("invoicing", "invoices") for line in json.loads(i["document"])["lines"]
    ]
    keys["invoice lines"] = lines
    for what, found in keys.items():
        for key in {key for key in found if found.count(key) > 1}:
            yield Broken("nothing twice", f"{what}: {key} is there {found.count(key)} times")
    for service in seen.rows:
        taken = [(row["source"], row["event_id"]) for row in seen.of(service, "inbox")]
        if len(taken) != len(set(taken)):
            yield Broken("nothing twice", f"{service} has taken in an event twice")


def _order_on_the_topics(first: Sequence[Told]) -> Iterable[Broken]:
    streams: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for one in first:
        if _ours(one.event["source"]) and one.topic != "intake":
            streams[one.stream].append(one)
    for stream, told in streams.items():
        if len({(one.topic, one.partition) for one in told}) > 1:
            yield Broken("order on the topic", f"{stream} lies in several partitions")
        sequences = [one.sequence for one in told]
        if sequences != list(range(1, len(told) + 1)):
            yield Broken("order on the topic", f"{stream} was told as {sequences}")
        if any(one.key != one.event["subject"] for one in told):
            yield Broken("order on the topic", f"{stream} has a key that is not its subject")


def _order_at_the_readers(seen: Evidence) -> Iterable[Broken]:
    for service in seen.rows:
        batches: dict[tuple[str, str], dict[Any, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row in seen.of(service, "inbox"):
            if _ours(row["source"]) and row["sequence"] is not None:
                batches[row["source"], row["subject"]][row["received_at"]].append(row["sequence"])
        for stream, by_time in batches.items():
            taken = [number for at in sorted(by_time) for number in sorted(by_time[at])]
            if taken != list(range(1, len(taken) + 1)):
                yield Broken("order at the reader", f"{service} took in {stream} as {taken}")


def _no_ghosts(seen: Evidence, first: Sequence[Told]) -> Iterable[Broken]:
    committed = {(row["source"], row["event_id"]) for service in seen.rows for row in seen.of(service, "sent")}
    for one in first:
        if _ours(one.event["source"]) in seen.rows and one.identity not in committed:
            yield Broken("no ghosts", f"nobody has committed {one.event['type']} {one.event['subject']}")
    known = {one.event["id"] for one in first}
    for service, name in (("invoicing", "claims"), ("notifications", "messages")):
        for row in seen.of(service, name):
            if row["causation_id"] is not None and row["causation_id"] not in known:
                yield Broken("no ghosts", f"{name} {row['id']} comes from an event that was never told")


def _state_and_facts_agree(seen: Evidence, first: Sequence[Told]) -> Iterable[Broken]:
    enrolments = {row["id"]: row for row in seen.of("enrollment", "enrolments")}
    told = {
        one.event["data"]["enrolment_id"]
        for one in first
        if one.event["type"] == ENROLLED and _ours(one.event["source"]) == "enrollment"
    }
    if "enrollment" in seen.rows:
        for enrolment_id in told - enrolments.keys():
            yield Broken("state and facts agree", f"enrolment {enrolment_id} was told and does not exist")
        for enrolment_id, row in enrolments.items():
            if row["state"] == "enrolled" and enrolment_id not in told:
                yield Broken("state and facts agree", f"enrolment {enrolment_id} has a place that nobody was told of")
    last: dict[tuple[str | None, str], int] = {}
    for one in first:
        if one.topic != "intake" and one.sequence is not None:
            stream = (_ours(one.event["source"]), one.event["subject"])
            last[stream] = max(last.get(stream, 0), one.sequence)
    for service in seen.rows:
        for row in seen.of(service, "positions"):
            if last.get((service, row["subject"]), 0) != row["sequence"]:
                found = last.get((service, row["subject"]), 0)
                yield Broken("state and facts agree", f"{row['subject']}: {row['sequence']} facts, {found} were told")


def _numbers_gapless(seen: Evidence) -> Iterable[Broken]:
    series: dict[tuple[str, str], list[int]] = defaultdict(list)
    for numbered in (*seen.of("invoicing", "invoices"), *seen.of("invoicing", "credit_notes")):
        series[numbered["organiser"], numbered["series"]].append(numbered["number"])
    for name, numbers in series.items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield Broken("gapless numbers", f"{name}: {sorted(numbers)}")
    for counter in seen.of("invoicing", "counters"):
        if counter["last"] != len(series[counter["organiser"], counter["series"]]):
            yield Broken("gapless numbers", f"the counter of {counter['series']} stands at {counter['last']}")


def _due_is_invoiced(seen: Evidence) -> Iterable[Broken]:
    clock = seen.clocks.get("invoicing")
    for claim in seen.of("invoicing", "claims"):
        if clock is not None and claim["state"] == "ready" and claim["due_at"] <= clock:
            yield Broken("nothing lost", f"claim {claim['id']} was due and is on no invoice")


def _sums_balance(seen: Evidence) -> Iterable[Broken]:
    claims = {claim["id"]: claim for claim in seen.of("invoicing", "claims")}
    on_invoices: dict[str, str] = {}
    for invoice in seen.of("invoicing", "invoices"):
        lines = json.loads(invoice["document"])["lines"]
        net = sum(line["net_ore"] for line in lines)
        if net != invoice["net_ore"] or invoice["gross_ore"] != invoice["net_ore"] + invoice["vat_ore"]:
            yield Broken("sums balance", f"invoice {invoice['id']} is not the sum of its lines")
        rates: dict[int, int] = defaultdict(int)
        for line in lines:
            rates[line["vat_percent"]] += line["net_ore"]
            on_invoices[line["claim_id"]] = invoice["id"]
        # Half an øre is rounded up, per rate.
        if invoice["vat_ore"] != sum((2 * sum_ * rate + 100) // 200 for rate, sum_ in rates.items()):
            yield Broken("sums balance", f"the moms of invoice {invoice['id']} is wrong")
        for line in lines:
            claim = claims.get(line["claim_id"])
            if claim is None or claim["amount_ore"] != line["net_ore"] or claim["invoice_id"] != invoice["id"]:
                yield Broken("sums balance", f"a line of invoice {invoice['id']} has no claim of its amount")
    for claim in claims.values():
        if claim["state"] in ("invoiced", "invoiced_then_removed", "credited") and claim["id"] not in on_invoices:
            yield Broken("sums balance", f"claim {claim['id']} is invoiced on no invoice")


def _seats_count(seen: Evidence, first: Sequence[Told]) -> Iterable[Broken]:
    included = {
        (one.event["data"]["enrolment_id"], term["kind"]): term["included"]
        for one in first
        if one.event["type"] == ENROLLED
        for term in one.event["data"]["seats"]
    }
    extras = _extras_by_facts(first)
    people = _people_by_facts(first)
    for row in seen.of("enrollment", "seats"):
        roster = row["enrolment_id"], row["meeting_id"]
        if len(people[roster]) != row["taken"]:
            yield Broken("seats count", f"{roster}: {row['taken']} people, {len(people[roster])} by the facts")
        limit = included.get((row["enrolment_id"], row["kind"]))
        beyond = 0 if limit is None else max(0, row["taken"] - limit)
        if len(extras[roster]) != beyond:
            yield Broken("seats count", f"{roster}: {row['taken']} people, {len(extras[roster])} of them extra")
    if "invoicing" in seen.rows:
        claimed: dict[tuple[str, str], set[str]] = defaultdict(set)
        for claim in seen.of("invoicing", "claims"):
            if claim["kind"] == "extra" and claim["wanted"]:
                claimed[claim["enrolment_id"], claim["meeting_id"]].add(claim["item"])
        for roster in extras.keys() | claimed.keys():
            if extras[roster] != claimed[roster]:
                yield Broken("seats count", f"{roster}: {len(extras[roster])} extra, {len(claimed[roster])} claimed")


def _extras_by_facts(first: Sequence[Told]) -> dict[tuple[str, str], set[str]]:
    extras: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in first:
        data = one.event["data"]
        if one.event["type"] == EXTRA_ADDED:
            extras[data["enrolment_id"], data["meeting"]["id"]].add(data["person"]["person_id"])
        elif one.event["type"] == EXTRA_REMOVED:
            extras[data["enrolment_id"], data["meeting"]["id"]].discard(data["person"]["person_id"])
    return extras


def _people_by_facts(first: Sequence[Told]) -> dict[tuple[str, str], set[str]]:
    people: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in first:
        if one.event["type"] in PARTICIPANT:
            data = one.event["data"]
            roster = people[data["enrolment_id"], data["meeting"]["id"]]
            if one.event["type"] == PARTICIPANT[0]:
                roster.add(data["person"]["person_id"])
            elif one.event["type"] == PARTICIPANT[1]:
                roster.discard(data["previous"]["person_id"])
                roster.add(data["person"]["person_id"])
            else:
                roster.discard(data["person"]["person_id"])
    return people


def _only_expected_dead_letters(seen: Evidence, allowed: Allowed) -> Iterable[Broken]:
    for service in seen.rows:
        dead = seen.of(service, "dead")
        if len(dead) != allowed.dead_letters.get(service, 0):
            reasons = sorted({row["reason"] for row in dead})
            yield Broken("no dead letters", f"{service} has {len(dead)} dead letters: {reasons}")


def _mails_agree(seen: Evidence, allowed: Allowed) -> Iterable[Broken]:
    if "notifications" not in seen.rows:
        return
    messages = seen.of("notifications", "messages")
    unknown = [m for m in messages if m["state"] == "unknown"]
    if len(unknown) > allowed.unknown_mails:
        yield Broken("mails agree", f"{len(unknown)} mails have an unknown fate")
    sent: dict[str, int] = defaultdict(int)
    doubtful: dict[str, int] = defaultdict(int)
    for message in messages:
        sent[message["email"].lower()] += message["state"] == "sent"
        doubtful[message["email"].lower()] += message["state"] == "unknown"
    kept: dict[str, int] = defaultdict(int)
    for _, recipient in seen.mails:
        kept[recipient] += 1
    for address in sent.keys() | kept.keys():
        if not sent[address] <= kept[address] <= sent[address] + doubtful[address]:
            yield Broken("mails agree", f"{sent[address]} mails were sent to an address that got {kept[address]}")
