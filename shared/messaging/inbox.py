"""Taking events in: one batch, one transaction. What becomes of each event is decided in `plan.py`.

Order of the locks, the same in every transaction: inbox rows (sorted), parked keys (sorted), positions (sorted). The
inbox comes first because it is where two consumers with the same records meet: the second one waits there, and sees
all that the first one parked when it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.clock import Clock
from shared.base.cloudevents import Arrival, Defect, Reader, Received, Record
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, classify, describe_data_error
from shared.base.links import NO_LINKS, Links
from shared.base.problems import DETAILS, field_errors, problem, problem_of
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, Command, Event, IntakeRejected, topic_of
from shared.contracts.refusal import Refused
from shared.messaging import metrics
from shared.messaging.plan import (
    Dead,
    Known,
    Partition,
    Settled,
    Stream,
    after,
    alive,
    may_go_on,
    plan,
    rounds,
)
from shared.messaging.records import StoredRecord, headers_from_json, headers_to_json
from shared.messaging.subscriptions import Handler, Intake, On, Subscription
from shared.storage.columns import Columns, sent
from shared.storage.table import Table, columns_of
from shared.storage.tx import Connection, Tx

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Place = tuple[str, int, int]
"""Of a record: topic, partition, offset."""

SAME_DEFECT_KEYS = 5
SAME_DEFECT_SECONDS = 60.0
KNOWN_OWNERS = 10_000


class BugFound(Exception):  # noqa: N818  (it halts, it is not handled)
    """Our code is at fault, or so many events are that it probably is. Nothing of the batch is kept."""


_INBOX = {
    "uid": "uuid",
    "source": "text",
    "event_id": "text",
    "type": "text",
    "subject": "text",
    "sequence": "bigint",
    "occurred_at": "timestamptz",
    "correlation_id": "text",
    "causation_id": "text",
    "actor": "text",
}

_NOTE_FIRST = """
INSERT INTO first_read (topic, partition, consumer, "offset")
SELECT topic, partition, $1, "offset"
FROM unnest($2::text[], $3::integer[], $4::bigint[]) AS u (topic, partition, "offset")
ORDER BY topic, partition
ON CONFLICT DO NOTHING
"""

_FIRST = """
SELECT f.topic, f.partition, f."offset" FROM first_read f
JOIN unnest($2::text[], $3::integer[]) AS u (topic, partition) USING (topic, partition) WHERE consumer = $1
"""

_LOCK_PARKED = """
SELECT subject, source, reason FROM parked_keys WHERE subject = ANY (string_to_array($1, E'\\x1f')) AND consumer = $2
ORDER BY subject, source FOR UPDATE
"""

_LOCK_POSITIONS = """
SELECT subject, source, sequence, bound FROM stream_in
WHERE subject = ANY (string_to_array($1, E'\\x1f')) AND consumer = $2
ORDER BY subject, source FOR UPDATE
"""

_POSITION = {"subject": "text", "source": "text", "sequence": "bigint", "bound": "boolean"}

_BIND_SCOPES = """
INSERT INTO owners (scope, owner) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
"""

_LOCK = """
INSERT INTO parked_keys (subject, source, consumer, reason, dead_letter_id)
SELECT subject, source, $1, reason, dead_letter_id
FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS u (subject, source, reason, dead_letter_id)
ORDER BY subject, source
ON CONFLICT (subject, source, consumer) DO UPDATE SET reason = excluded.reason, dead_letter_id = excluded.dead_letter_id
"""

_UNLOCK = """
DELETE FROM parked_keys p USING unnest($2::text[], $3::text[]) AS u (subject, source)
WHERE p.subject = u.subject AND p.source = u.source AND p.consumer = $1
"""

_RECORD = {
    "consumer": "text",
    "topic": "text",
    "partition": "integer",
    "offset": "bigint",
    "key": "bytea",
    "value": "bytea",
    "headers": "jsonb",
    "timestamp_ms": "bigint",
    "source": "text",
    "subject": "text",
    "sequence": "bigint",
    "event_id": "text",
    "type": "text",
}
_PARKED_EVENTS = Table("parked_events", _RECORD, key=())
_DEAD_LETTER = {**_RECORD, "reason": "text", "detail": "text", "fingerprint": "text"}

_PARKED = """
SELECT subject, source, reason FROM parked_keys WHERE subject = ANY (string_to_array($1, E'\\x1f')) AND consumer = $2
ORDER BY subject, source FOR UPDATE
"""

_LOCK_POSITIONS = """
SELECT subject, source, sequence, bound FROM stream_in
WHERE subject = ANY (string_to_array($1, E'\\x1f')) AND consumer = $2
ORDER BY subject, source FOR UPDATE
"""

_POSITION = {"subject": "text", "source": "text", "sequence": "bigint", "bound": "boolean"}

_BIND_SCOPES = """
INSERT INTO owners (scope, owner) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
"""

_LOCK = """
INSERT INTO parked_keys (subject, source, consumer, reason, dead_letter_id)
SELECT subject, source, $1, reason, dead_letter_id
FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS u (subject, source, reason, dead_letter_id)
ORDER BY subject, source
ON CONFLICT (subject, source, consumer) DO UPDATE SET reason = excluded.reason, dead_letter_id = excluded.dead_letter_id
"""

_UNLOCK = """
DELETE FROM parked_keys p USING unnest($2::text[], $3::text[]) AS u (subject, source)
WHERE p.subject = u.subject AND p.source = u.source AND p.consumer = $1
"""

_PARKED_EVENTS = Table(
    "parked_events",
    {
        "subject": "text",
        "source": "text",
        "consumer": "text",
        "topic": "text",
        "partition": "integer",
        "offset": "bigint",
        "key": "bytea",
        "value": "bytea",
        "headers": "jsonb",
        "timestamp_ms": "bigint",
        "event_id": "text",
        "type": "text",
        "sequence": "bigint",
    },
    key=(),
)

_PARKED = """
SELECT e.id, e.subject, e.source, e.topic, e.partition, e."offset", e.key, e.value, e.headers, e.timestamp_ms
FROM parked_events e JOIN unnest($2::text[], $3::text[]) AS u (subject, source) USING (subject, source)
WHERE e.consumer = $1 ORDER BY e.id
"""

_UNPARK = "DELETE FROM parked_events WHERE id = ANY ($1::bigint[])"
_UNDO = "DELETE FROM inbox WHERE uid = ANY ($1) AND consumer = $2"


@dataclass(slots=True)
class Outcome:
    """What became of a batch, counted."""

    handled: int = 0
    skipped: int = 0
    duplicates: int = 0
    parked: int = 0
    rejected: int = 0
    dead: list[Dead] = field(default_factory=list)
    gaps: list[Stream] = field(default_factory=list)


class Defects:
    """The same defect on five keys in a minute (machine time) is a bug, ours or the producer's, not five bad events.

    A stranger's facts (`not_owner`) and events without a key do not count: nobody must be able to stop a service by
    sending rubbish.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seen: dict[str, dict[Stream, float]] = {}
        self._monotonic = monotonic

    def check(self, dead: Iterable[Dead]) -> None:
        """Raises BugFound when `dead` would make it five."""
        for print_, keys in self._merged(dead).items():
            if len(keys) >= SAME_DEFECT_KEYS:
                raise BugFound(f"the same defect on {len(keys)} keys within a minute: {print_}")

    def remember(self, dead: Iterable[Dead]) -> None:
        """After COMMIT."""
        self._seen = self._merged(dead)

    def _merged(self, dead: Iterable[Dead]) -> dict[str, dict[Stream, float]]:
        now = self._monotonic()
        merged: dict[str, dict[Stream, float]] = {}
        for print_, keys in self._seen.items():
            fresh = {key: at for key, at in keys.items() if now - at < SAME_DEFECT_SECONDS}
            if fresh:
                merged[print_] = fresh
        for one in dead:
            stream = one.arrival.stream
            if stream is not None and one.defect.reason != "not_owner":
                merged.setdefault(one.fingerprint, {})[stream] = now
        return merged


class Inbox:
    """One service's reading side, without Kafka: `take` is given records and is safe to be given them again."""

    def __init__(
        self,
        service: str,
        subscriptions: Sequence[Subscription],
        clock: Clock,
        *,
        prefix: str = "",
        doorkeeper: bool = False,
        links: Links = NO_LINKS,
    ) -> None:
        """`doorkeeper`: also answers for commands that nobody owns, and for what is unreadable on the intake topic."""
        self.service = service
        self.source = f"/tovholder/{service}"
        self.consumer = f"{prefix}{topic_of(service)}"
        self.clock = clock
        self.links = links
        self.defects = Defects()
        self.owners: dict[str, str] = {}
        self.first_read: dict[Partition, int] = {}
        self.handlers: dict[str, list[Handler[Any]]] = {}
        self.acts: dict[str, Act] = {}
        self._prefix = prefix
        self._intake_topic = prefix + INTAKE_TOPIC
        self._doorkeeper = doorkeeper
        self._owned = f"tovholder.{service}."
        for entry in subscriptions:
            self._enter(entry)
        self._facts = Reader({name: FACTS[name] for name in self.handlers})
        self._commands = Reader({name: COMMANDS[name] for name in self.acts})
        services = {fact.service for fact in FACTS.values()} | {command.service for command in COMMANDS.values()}
        self._prefixes = tuple(f"tovholder.{name}." for name in sorted(services))
        self._topics = {name: prefix + topic_of(FACTS[name].service) for name in self.handlers}

    def _enter(self, entry: Subscription) -> None:
        match entry:
            case On(fact, usecase):
                self.handlers.setdefault(fact.type, []).append(usecase)
            case Intake(act):
                if act.name in self.acts:
                    raise ValueError(f"two use cases carry out {act.name}")
                if act.command.service != self.service:
                    raise ValueError(f"{act.name} is not this service's to carry out")
                self.acts[act.name] = act

    def read(self, record: Record) -> Arrival | None:
        """What the record says; None when it is a command that another service answers for."""
        if record.topic != self._intake_topic:
            arrival = self._facts.read(record)
            if arrival.data is not None and record.topic != self._topics[arrival.type or ""]:
                # Who may write to a topic speaks for that topic's service only.
                arrival.data, arrival.defect = None, Defect("wrong_topic", "a fact stands in another service's topic")
            return arrival
        arrival = self._commands.read(record)
        arrival.command = True
        if arrival.type is None:
            return arrival if self._doorkeeper else None
        if arrival.subject is None and arrival.uid is not None:
            arrival.belongs_to(f"intake/{arrival.uid}", arrival.source)
        if arrival.type.startswith(self._owned) or (self._doorkeeper and not arrival.type.startswith(self._prefixes)):
            return arrival
        return None

    async def take(self, connection: Connection, arrivals: Sequence[Arrival], *, careful: bool = False) -> Outcome:
        """Take these events in and commit. Raises what `classify` sorts; then nothing of it has happened.

        The quick way dispatches all at once and fails as a whole; `careful` finds the events at fault by halving, each
        half under a savepoint, and makes dead letters of them.
        """
        batch = Batch(self, connection, careful=careful)
        async with connection.transaction():
            if careful:
                # A constraint that is checked at COMMIT could not be blamed on one event.
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await batch.run(arrivals)
            self.defects.check(batch.outcome.dead)
            await batch.tx.flush()
            await failpoint("consumer.before_commit")
        self.settle(batch)
        return batch.outcome

    def settle(self, batch: Batch) -> None:
        """After COMMIT: remember what is now certain."""
        batch.tx.committed()
        outcome = batch.outcome
        self.defects.remember(outcome.dead)
        if len(self.owners) > KNOWN_OWNERS:
            self.owners.clear()
        self.owners.update(batch.owners)
        self.first_read.update(batch.first_read)
        metrics.CONSUMED.labels(self.consumer).inc(outcome.handled + outcome.skipped)
        metrics.SKIPPED.labels(self.consumer).inc(outcome.skipped)
        metrics.DUPLICATES.labels(self.consumer).inc(outcome.duplicates)
        metrics.PARKED.labels(self.consumer).inc(outcome.parked)
        metrics.REJECTED.labels(self.consumer).inc(outcome.rejected)
        for one in outcome.dead:
            metrics.DEAD.labels(self.consumer, one.defect.reason).inc()
            log.error(
                "dead_letter",
                alarm=True,
                consumer=self.consumer,
                reason=one.defect.reason,
                detail=one.defect.detail,
                fingerprint=one.fingerprint,
                event_type=one.arrival.type,
                topic=one.arrival.record.topic,
                partition=one.arrival.record.partition,
                offset=one.arrival.record.offset,
            )
        for subject, source in outcome.gaps:
            log.error("sequence_gap", alarm=True, consumer=self.consumer, subject=subject, source=source)


class Batch:
    """The inside of one transaction of `Inbox.take`, of a retry and of a discard.

    Look up what is known, `plan`, hand over what is ready, `after`, write: the rules are all in `plan.py`.
    """

    def __init__(self, inbox: Inbox, connection: Connection, *, careful: bool) -> None:
        self.inbox = inbox
        self.consumer = inbox.consumer
        self.tx = Tx(connection, inbox.clock.now(), inbox.source, Cause(new_correlation(), None, None), inbox.links)
        self.outcome = Outcome()
        self.owners: dict[str, str] = {}
        self.first_read: dict[Partition, int] = {}
        self._hand_over = self._halve if careful else self._dispatch

    async def run(
        self, arrivals: Sequence[Arrival], *, released: Stream | None = None, out_of_turn: bool = False
    ) -> Settled:
        """Everything but flush and COMMIT.

        `released` is a stream whose lock the caller holds, and that goes on. `out_of_turn` takes the one event in
        though it was passed: its stream stays where it is.
        """
        known = await self._look_up(arrivals, released, out_of_turn=out_of_turn)
        planned = plan(known, arrivals)
        dead, rejected = await self._hand_over(planned.ready, ())
        settled = after(planned, dead)
        await self._write(settled)
        self.outcome = _counted(settled, rejected)
        return settled

    async def step_over(self, arrival: Arrival, released: Stream | None) -> None:
        """Treat `arrival` as settled without its effect: copies of it are known, and its position is passed."""
        stream = arrival.stream
        if stream is None or arrival.uid is None:
            return
        await self._insert_into_inbox([arrival])
        if stream == released and arrival.sequence is not None and not arrival.command:
            await self._move_positions({stream: (arrival.sequence, False)})

    # Looking up --------------------------------------------------------------------------------------------------

    async def _look_up(self, arrivals: Sequence[Arrival], released: Stream | None, *, out_of_turn: bool) -> Known:
        """What is known, and locked until COMMIT: a fixed number of statements, however many events there are."""
        keyed = [arrival for arrival in arrivals if arrival.stream is not None and arrival.uid is not None]
        new = await self._insert_into_inbox(keyed)
        await self._note_first(arrivals)
        known = Known(new, released=released, out_of_turn=out_of_turn, beginnings=self._beginnings())
        let_go = set() if released is None else {released}
        subjects = {subject for one in keyed if (subject := one.subject)} | {subject for subject, _ in let_go}
        if subjects:
            known = await self._lock(known, sorted(subjects))
        if streams := may_go_on(known, keyed) | let_go:
            waiting = await self._load_parked(streams)
            parked = [arrival for of_one in waiting.values() for arrival in of_one]
            known = replace(known, new=known.new | await self._insert_into_inbox(parked), waiting=waiting)
            keyed += parked
        return replace(known, owners=await self._know_owners(keyed))

    async def _insert_into_inbox(self, arrivals: Sequence[Arrival]) -> frozenset[str]:
        """The ids that were not there: the answer and the lock in one."""
        if not arrivals:
            return frozenset()
        sql, arguments = taking(
            self.consumer,
            {
                "uid": [a.uid for a in arrivals],
                "source": [a.source for a in arrivals],
                "event_id": [a.id for a in arrivals],
                "type": [a.type or "" for a in arrivals],
                "subject": [a.subject for a in arrivals],
                "sequence": [a.sequence for a in arrivals],
                "occurred_at": [a.time or self.tx.now for a in arrivals],
                "correlation_id": [a.correlation_id or a.id for a in arrivals],
                "causation_id": [a.causation_id for a in arrivals],
                "actor": [a.actor for a in arrivals],
            },
        )
        rows = await self.tx.fetch(sql, *arguments)
        return frozenset([row["uid"] for row in rows])

    async def _note_first(self, arrivals: Iterable[Arrival]) -> None:
        """Where this reader's knowledge of each partition begins; written down when it meets the first record."""
        lowest: dict[Partition, int] = {}
        for record in [arrival.record for arrival in arrivals]:
            partition = (record.topic, record.partition)
            if partition not in self.inbox.first_read:
                lowest[partition] = min(record.offset, lowest.get(partition, record.offset))
        if not lowest:
            return
        listed = sorted(lowest)
        where = [topic for topic, _ in listed], [number for _, number in listed]
        await self.tx.execute(_NOTE_FIRST, self.consumer, *where, [lowest[partition] for partition in listed])
        for row in await self.tx.fetch(_FIRST, self.consumer, *where):
            self.first_read[row["topic"], row["partition"]] = row["offset"]

    def _beginnings(self) -> frozenset[Partition]:
        first_read = self.inbox.first_read | self.first_read
        return frozenset([partition for partition, offset in first_read.items() if offset == 0])

    async def _lock(self, known: Known, subjects: Sequence[str]) -> Known:
        # Two statements: what a retry that we waited for has made is seen by a later one only. No subject that was read
        # has a control character.
        listed = "\x1f".join(subjects)
        parked = await self.tx.fetch(_LOCK_PARKED, listed, self.consumer)
        positions = await self.tx.fetch(_LOCK_POSITIONS, listed, self.consumer)
        return replace(
            known,
            locks={(row["subject"], row["source"]): row["reason"] for row in parked},
            positions={(row["subject"], row["source"]): row["sequence"] for row in positions},
            bound={row["subject"]: row["source"] for row in positions if row["bound"]},
        )

    async def _load_parked(self, streams: AbstractSet[Stream]) -> dict[Stream, list[Arrival]]:
        """What waits in these streams, in the order of its arrival."""
        listed = sorted(streams)
        rows = await self.tx.fetch(
            _PARKED, self.consumer, [subject for subject, _ in listed], [source for _, source in listed]
        )
        found: dict[Stream, list[Arrival]] = {}
        nobodys: list[int] = []
        for row in rows:
            arrival = self.inbox.read(stored_record(row))
            if arrival is None:
                nobodys.append(row["id"])
            else:
                arrival.parked = row["id"]
                found.setdefault((row["subject"], row["source"]), []).append(arrival)
        if nobodys:
            # Commands that another service answers for by now.
            await self.tx.execute(_UNPARK, nobodys)
        return found

    async def _know_owners(self, arrivals: Iterable[Arrival]) -> dict[str, str]:
        """The owner of every scope in the batch; an unknown scope is bound to the first owner that tells of it."""
        owners: dict[str, str] = {}
        claims: dict[str, str] = {}
        known = self.inbox.owners
        for arrival in arrivals:
            data = arrival.data
            if isinstance(data, Event) and data.owner == arrival.source:
                scope = data.scope
                if (owner := known.get(scope)) is not None:
                    owners[scope] = owner
                else:
                    claims.setdefault(scope, data.owner)
        if claims:
            scopes = sorted(claims)
            await self.tx.execute(_BIND_SCOPES, scopes, [claims[scope] for scope in scopes])
            rows = await self.tx.fetch("SELECT scope, owner FROM owners WHERE scope = ANY ($1)", scopes)
            self.owners.update((row["scope"], row["owner"]) for row in rows)
        return owners | self.owners

    # Handing over ------------------------------------------------------------------------------------------------

    async def _halve(self, arrivals: Sequence[Arrival], dead: Sequence[Dead]) -> tuple[list[Dead], int]:
        """As `_dispatch`; when the data of some are at fault, halve until each of them is alone, and bury it."""
        live = alive(arrivals, dead)
        if not live:
            return [], 0
        try:
            async with self.tx.savepoint():
                return await self._dispatch(live, dead)
        except Exception as error:
            if classify(error) is not Failure.DATA:
                raise
            if len(live) == 1:
                return [Dead(live[0], Defect("data_error", describe_data_error(error)))], 0
        middle = len(live) // 2
        first, rejected = await self._halve(live[:middle], dead)
        second, more = await self._halve(live[middle:], [*dead, *first])
        return [*first, *second], rejected + more

    async def _dispatch(self, arrivals: Sequence[Arrival], _dead: Sequence[Dead]) -> tuple[list[Dead], int]:
        """Hand the arrivals to their use cases; which commands died, and how many were refused."""
        dead: list[Dead] = []
        rejected = 0
        for groups in rounds(arrivals):
            for wire_type, command, group in groups:
                if command:
                    for arrival in group:
                        if alive([arrival], dead):
                            died, no = await self._carry_out(arrival)
                            dead += died
                            rejected += no
                elif handlers := self.inbox.handlers.get(wire_type):
                    events: list[Received[Any]] = [arrival.received() for arrival in alive(group, dead)]
                    for handler in handlers if events else ():
                        await handler(self.tx, events)
        return dead, rejected

    async def _carry_out(self, arrival: Arrival) -> tuple[list[Dead], int]:
        """One command under its own savepoint: done, refused (which is an answer), or dead."""
        if arrival.defect is not None or not isinstance(arrival.data, Command):
            self._reject(arrival, _problem_of_arrival(arrival))
            return [], 1
        outer = self.tx.cause
        try:
            async with self.tx.savepoint():
                self.tx.cause = arrival.cause()
                await self.inbox.acts[arrival.type or ""].do(self.tx, arrival.data)
        except Refused as refused:
            if classify(refused) is Failure.DATA:
                return [Dead(arrival, Defect("data_error", describe_data_error(refused)))], 0
            self._reject(arrival, problem_of(refused, arrival.correlation_id))
            return [], 1
        except Exception as error:
            if classify(error) is not Failure.DATA:
                raise
            return [Dead(arrival, Defect("data_error", describe_data_error(error)))], 0
        finally:
            self.tx.cause = outer
        return [], 0

    def _reject(self, arrival: Arrival, why: dict[str, Any]) -> None:
        answer = FACTS[f"tovholder.{self.inbox.service}.IntakeRejected.v1"]
        if not issubclass(answer, IntakeRejected):
            raise TypeError(f"{answer.__name__} is no IntakeRejected")
        self.tx.publish(
            answer(
                owner=self.inbox.source,
                refused_source=arrival.source or "",
                refused_id=arrival.id or "",
                refused_type=arrival.type or "",
                problem=why,
            ),
            because=arrival.cause(),
        )

    # Writing -----------------------------------------------------------------------------------------------------

    async def _write(self, settled: Settled) -> None:
        await self._move_positions(settled.positions)
        numbers = await self._bury(settled.dead)
        if settled.locks:
            await self.tx.execute(
                _LOCK,
                self.consumer,
                [subject for subject, _ in settled.locks],
                [source for _, source in settled.locks],
                ["gap" if dead is None else "dead_letter" for dead in settled.locks.values()],
                [None if dead is None else numbers[_place(dead.arrival.record)] for dead in settled.locks.values()],
            )
        await _PARKED_EVENTS.insert_new(
            self.tx, [self._row(arrival) | {"type": arrival.type or ""} for arrival in settled.parked]
        )
        if settled.unparked:
            await self.tx.execute(_UNPARK, settled.unparked)
        if settled.undone:
            await self.tx.execute(_UNDO, settled.undone, self.consumer)
        if settled.unlocked:
            await self.tx.execute(
                _UNLOCK,
                self.consumer,
                [subject for subject, _ in settled.unlocked],
                [source for _, source in settled.unlocked],
            )

    async def _move_positions(self, moved: Mapping[Stream, tuple[int | None, bool]]) -> None:
        if moved:
            sql, arguments = moving(
                self.consumer,
                {
                    "subject": [subject for subject, _ in moved],
                    "source": [source for _, source in moved],
                    "sequence": [sequence for sequence, _ in moved.values()],
                    "bound": [bound for _, bound in moved.values()],
                },
            )
            await self.tx.execute(sql, *arguments)

    async def _bury(self, dead: Sequence[Dead]) -> dict[Place, int]:
        """The number of each dead letter, by the place of its record."""
        if not dead:
            return {}
        # A record that came twice is one dead letter, and one statement may not touch a row twice.
        each = list({_place(one.arrival.record): one for one in dead}.values())
        sql, arguments = burying(
            {
                **columns_of([self._row(one.arrival) for one in each]),
                "reason": [one.defect.reason for one in each],
                "detail": [one.defect.detail for one in each],
                "fingerprint": [one.fingerprint for one in each],
            }
        )
        rows = await self.tx.fetch(sql, *arguments)
        return {(row["topic"], row["partition"], row["offset"]): row["id"] for row in rows}

    def _row(self, arrival: Arrival) -> dict[str, Any]:
        """As it is kept: what came, byte for byte, and what could be read of it."""
        record = arrival.record
        return {
            "consumer": self.consumer,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": record.key,
            "value": record.value,
            "headers": headers_to_json(record.headers),
            "timestamp_ms": record.timestamp,
            "source": arrival.source,
            "subject": arrival.subject,
            "sequence": arrival.sequence,
            "event_id": arrival.id,
            "type": arrival.type,
        }


def taking(consumer: str, columns: Columns) -> tuple[str, list[Any]]:
    """The statement that inserts inbox rows and answers with the ids that are new, and its arguments."""
    source, arguments = sent(columns, _INBOX, after=1)
    listed = ", ".join(columns)
    sql = (
        f"INSERT INTO inbox (consumer, {listed}) SELECT $1, {listed} FROM {source} ORDER BY uid "
        "ON CONFLICT DO NOTHING RETURNING uid::text"
    )
    return sql, [consumer, *arguments]


def moving(consumer: str, columns: Columns) -> tuple[str, list[Any]]:
    """The statement that says where streams stand (a null sequence leaves it as it is), and its arguments."""
    source, arguments = sent(columns, _POSITION, after=1)
    sql = (
        "INSERT INTO stream_in AS s (subject, source, consumer, sequence, bound) "
        f"SELECT subject, source, $1, sequence, bound FROM {source} ORDER BY subject, source "
        "ON CONFLICT (subject, source, consumer) DO UPDATE "
        "SET sequence = coalesce(excluded.sequence, s.sequence), bound = s.bound OR excluded.bound"
    )
    return sql, [consumer, *arguments]


def burying(columns: Columns) -> tuple[str, list[Any]]:
    """The statement that makes dead letters, or opens them again with what is wrong now, and its arguments."""
    source, arguments = sent(columns, _DEAD_LETTER)
    listed = ", ".join(f'"{name}"' for name in columns)
    sql = (
        f'INSERT INTO dead_letters ({listed}) SELECT {listed} FROM {source} ORDER BY "#" '
        'ON CONFLICT ("offset", partition, topic, consumer) DO UPDATE SET reason = excluded.reason, '
        "detail = excluded.detail, fingerprint = excluded.fingerprint, state = 'open', settled_at = NULL "
        'RETURNING id, topic, partition, "offset"'
    )
    return sql, arguments


def _counted(settled: Settled, rejected: int) -> Outcome:
    skipped = sum([arrival.data is None and not arrival.command for arrival in settled.done])
    return Outcome(
        handled=len(settled.done) - skipped,
        skipped=skipped,
        duplicates=settled.duplicates,
        parked=len(settled.parked),
        rejected=rejected,
        dead=list(settled.dead),
        gaps=[stream for stream, dead in settled.locks.items() if dead is None],
    )


def _place(record: Record) -> Place:
    return record.topic, record.partition, record.offset


def stored_record(row: Any) -> StoredRecord:
    """A row of `parked_events` or `dead_letters` as the record it was."""
    return StoredRecord(
        row["topic"],
        row["partition"],
        row["offset"],
        row["timestamp_ms"],
        row["key"],
        row["value"],
        headers_from_json(row["headers"]),
    )


def _problem_of_arrival(arrival: Arrival) -> dict[str, Any]:
    """Why a command cannot even be asked: unknown, another version, or fields that break the rules."""
    if arrival.invalid is not None:
        return problem(
            422,
            "validation_failed",
            DETAILS["validation_failed"],
            correlation_id=arrival.correlation_id,
            errors=field_errors(arrival.invalid),
        )
    if arrival.defect is None or arrival.defect.reason == "unsupported":
        return problem(422, "unknown_command", "Kommandoen kendes ikke her.", correlation_id=arrival.correlation_id)
    return problem(422, "invalid_json", DETAILS["invalid_json"], correlation_id=arrival.correlation_id)
