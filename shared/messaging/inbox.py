"""Taking events in: one batch, one transaction, every promise of the reading side.

Order of the locks, the same in every transaction: inbox rows (sorted), parked keys (sorted), positions (sorted). The
inbox comes first because it is where two consumers with the same records meet: the second one waits there, and sees
all that the first one parked when it goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation
from shared.base.clock import Clock
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, classify, describe_data_error, fingerprint
from shared.base.links import NO_LINKS, Links
from shared.base.problems import DETAILS, field_errors, problem, problem_of
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, SERVICES, Command, Event, IntakeRejected, topic_of
from shared.contracts.refusal import Refused
from shared.messaging import metrics
from shared.messaging.envelope import (
    Arrival,
    Defect,
    Reader,
    Received,
    Record,
    StoredRecord,
    headers_from_json,
    headers_to_json,
)
from shared.messaging.subscriptions import Handler, Intake, On, Subscription
from shared.storage.tx import Connection, Tx

log: structlog.stdlib.BoundLogger = structlog.get_logger()

Stream = tuple[str, str]
"""(subject, source)."""

Partition = tuple[str, int]
"""(topic, number)."""

OURS = frozenset(f"/tovholder/{name}" for name in SERVICES)
"""Sources that number every subject from 1, without a hole."""

SAME_DEFECT_KEYS = 5
SAME_DEFECT_SECONDS = 60.0
KNOWN_OWNERS = 10_000


class BugFound(Exception):  # noqa: N818  (it halts, it is not handled)
    """Our code is at fault, or so many events are that it probably is. Nothing of the batch is kept."""


_TAKE = """
INSERT INTO inbox
    (uid, consumer, source, event_id, type, subject, sequence, occurred_at, correlation_id, causation_id, actor)
SELECT uid, $1, source, event_id, type, subject, sequence, occurred_at, correlation_id, causation_id, actor
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::timestamptz[], $9::text[],
            $10::text[], $11::text[])
     AS u (uid, source, event_id, type, subject, sequence, occurred_at, correlation_id, causation_id, actor)
ORDER BY uid
ON CONFLICT DO NOTHING
RETURNING uid
"""

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
SELECT subject, source, reason FROM parked_keys WHERE subject = ANY ($1) AND consumer = $2
ORDER BY subject, source FOR UPDATE
"""

_LOCK_POSITIONS = """
SELECT subject, source, sequence, bound FROM stream_in WHERE subject = ANY ($1) AND consumer = $2
ORDER BY subject, source FOR UPDATE
"""

_MOVE_POSITIONS = """
INSERT INTO stream_in AS s (subject, source, consumer, sequence, bound)
SELECT subject, source, $1, sequence, bound
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::boolean[]) AS u (subject, source, sequence, bound)
ORDER BY subject, source
ON CONFLICT (subject, source, consumer) DO UPDATE
SET sequence = coalesce(excluded.sequence, s.sequence), bound = s.bound OR excluded.bound
"""

_BURY = """
INSERT INTO dead_letters
    (consumer, topic, partition, "offset", key, value, headers, timestamp_ms, source, subject, sequence, event_id, type,
     reason, detail, fingerprint)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT ("offset", partition, topic, consumer) DO UPDATE SET reason = excluded.reason, detail = excluded.detail,
    fingerprint = excluded.fingerprint, state = 'open', settled_at = NULL
RETURNING id
"""

_PARK_KEY = """
INSERT INTO parked_keys (subject, source, consumer, reason, dead_letter_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (subject, source, consumer) DO UPDATE SET reason = excluded.reason, dead_letter_id = excluded.dead_letter_id
"""

_PARK = """
INSERT INTO parked_events
    (subject, source, consumer, topic, partition, "offset", key, value, headers, timestamp_ms, event_id, type, sequence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT ("offset", partition, topic, consumer) DO NOTHING
"""

_UNPARK = """
DELETE FROM parked_events WHERE subject = $1 AND source = $2 AND consumer = $3
RETURNING id, topic, partition, "offset", key, value, headers, timestamp_ms, sequence
"""


@dataclass(frozen=True, slots=True)
class Dead:
    """An event that becomes a dead letter, and why."""

    arrival: Arrival
    defect: Defect

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.defect.reason, self.arrival.type, self.defect.detail)


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
    """The inside of one transaction of `Inbox.take`, of a retry and of a discard."""

    def __init__(self, inbox: Inbox, connection: Connection, *, careful: bool) -> None:
        self.inbox = inbox
        self.consumer = inbox.consumer
        self.careful = careful
        self.tx = Tx(connection, inbox.clock.now(), inbox.source, Cause(new_correlation(), None, None), inbox.links)
        self.outcome = Outcome()
        self.owners: dict[str, str] = {}
        self.first_read: dict[Partition, int] = {}
        self._parked: dict[Stream, str] = {}
        self._positions: dict[Stream, int | None] = {}
        self._bound: dict[str, str] = {}
        self._new: set[UUID] = set()
        self._planned: dict[Stream, int | None] = {}
        self._ready: list[Arrival] = []
        self._done: list[Arrival] = []
        self._to_park: list[Arrival] = []
        self._new_gaps: set[Stream] = set()
        self._stopped: dict[Stream, Dead] = {}
        self._released: set[Stream] = set()
        self._accepted: Arrival | None = None

    async def accept(self, late: Arrival) -> None:
        """As `run`, for one event that came after its turn: it has its effect, and its position stays where it is."""
        self._accepted = late
        await self.run([late])

    async def run(self, arrivals: Sequence[Arrival], released: Stream | None = None) -> None:
        """Everything but flush and COMMIT. `released` is a parked key whose lock the caller holds, and that goes on."""
        keyed = [arrival for arrival in arrivals if arrival.stream is not None and arrival.uid is not None]
        await self._insert_into_inbox(keyed)
        await self._note_first([arrival.record for arrival in arrivals])
        await self._lock(keyed, released)
        await self._know_owners(keyed)
        for arrival in arrivals:
            await self._plan(arrival)
        if released is not None:
            for arrival in await self._unpark(released):
                await self._plan(arrival)
        if self.careful:
            await self._halve(self._ready)
        else:
            await self._dispatch_and_note(self._ready)
        await self._write()

    def refused(self, arrival: Arrival) -> str | None:
        """Why `arrival` was not taken in by `run`, or None when it was (or was known already)."""
        for dead in self.outcome.dead:
            if dead.arrival is arrival:
                return f"{dead.defect.reason}: {dead.defect.detail}"
        return "its key waits for another event" if any(one is arrival for one in self._to_park) else None

    async def step_over(self, arrival: Arrival, released: Stream | None) -> None:
        """Treat `arrival` as settled without its effect: copies of it are known, and its position is passed."""
        stream = arrival.stream
        if stream is None or arrival.uid is None:
            return
        await self._insert_into_inbox([arrival])
        self._new.clear()
        if stream == released and arrival.sequence is not None and not arrival.command:
            await self.tx.execute(
                _MOVE_POSITIONS, self.consumer, *([part] for part in (*stream, arrival.sequence, False))
            )

    # Reading what is known ---------------------------------------------------------------------------------------

    async def _insert_into_inbox(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        rows = await self.tx.fetch(
            _TAKE,
            self.consumer,
            [a.uid for a in arrivals],
            [a.source for a in arrivals],
            [a.id for a in arrivals],
            [a.type or "" for a in arrivals],
            [a.subject for a in arrivals],
            [a.sequence for a in arrivals],
            [a.time or self.tx.now for a in arrivals],
            [a.correlation_id or a.id for a in arrivals],
            [a.causation_id for a in arrivals],
            [a.actor for a in arrivals],
        )
        self._new.update(row[0] for row in rows)

    async def _lock(self, arrivals: Sequence[Arrival], released: Stream | None) -> None:
        subjects = {a.subject for a in arrivals}
        if released is not None:
            subjects.add(released[0])
        if not subjects:
            return
        listed = sorted(s for s in subjects if s is not None)
        for subject, source, reason in await self.tx.fetch(_LOCK_PARKED, listed, self.consumer):
            if (subject, source) != released:
                self._parked[subject, source] = reason
            else:
                self._released.add(released)
        for subject, source, sequence, bound in await self.tx.fetch(_LOCK_POSITIONS, listed, self.consumer):
            self._positions[subject, source] = sequence
            if bound:
                self._bound[subject] = source
        self._planned = dict(self._positions)

    async def _note_first(self, records: Iterable[Record]) -> None:
        """Where this reader's knowledge of each partition begins; written down when it meets the first record."""
        lowest: dict[Partition, int] = {}
        for record in records:
            partition = (record.topic, record.partition)
            if partition not in self.inbox.first_read:
                lowest[partition] = min(record.offset, lowest.get(partition, record.offset))
        if not lowest:
            return
        listed = sorted(lowest)
        where = [topic for topic, _ in listed], [number for _, number in listed]
        await self.tx.execute(_NOTE_FIRST, self.consumer, *where, [lowest[partition] for partition in listed])
        for topic, number, offset in await self.tx.fetch(_FIRST, self.consumer, *where):
            self.first_read[topic, number] = offset

    async def _know_owners(self, arrivals: Iterable[Arrival]) -> None:
        """The owner of every scope in the batch; an unknown scope is bound to the first owner that tells of it."""
        claims: dict[str, str] = {}
        for arrival in arrivals:
            data = arrival.data
            if isinstance(data, Event) and data.owner == arrival.source:
                scope = data.scope
                if scope not in self.inbox.owners and scope not in self.owners:
                    claims.setdefault(scope, data.owner)
        if not claims:
            return
        scopes = sorted(claims)
        await self.tx.execute(
            "INSERT INTO owners (scope, owner) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING",
            scopes,
            [claims[scope] for scope in scopes],
        )
        rows = await self.tx.fetch("SELECT scope, owner FROM owners WHERE scope = ANY ($1)", scopes)
        self.owners.update((row[0], row[1]) for row in rows)

    async def _unpark(self, stream: Stream) -> list[Arrival]:
        """The parked events of a key as arrivals, in order, taken out of the table and into the inbox."""
        rows = await self.tx.fetch(_UNPARK, *stream, self.consumer)
        rows.sort(key=lambda row: row["id"])
        read = [self.inbox.read(stored_record(row)) for row in rows]
        arrivals = sorted((arrival for arrival in read if arrival is not None), key=_by_sequence)
        await self._insert_into_inbox(arrivals)
        await self._know_owners(arrivals)
        self._released.add(stream)
        return arrivals

    # Deciding ----------------------------------------------------------------------------------------------------

    async def _plan(self, arrival: Arrival) -> None:
        """Put one arrival, in its turn, where it belongs: ready, known, parked or dead."""
        stream, uid = arrival.stream, arrival.uid
        if stream is None or uid is None:
            self._bury(arrival, arrival.defect or Defect("bad_envelope", "subject: missing"))
        elif uid not in self._new:
            self.outcome.duplicates += 1
        else:
            self._new.discard(uid)
            await self._plan_new(arrival, stream)

    async def _plan_new(self, arrival: Arrival, stream: Stream) -> None:
        if arrival is self._accepted:
            if defect := self._stranger(arrival) or arrival.defect:
                self._bury(arrival, defect)
            else:
                self._ready.append(arrival)
            return
        heals = self._parked.get(stream) == "gap" and self._follows(arrival)
        if stream in self._stopped or (stream in self._parked and not heals and not self._regresses(arrival)):
            self._park(arrival)
        elif arrival.command:
            self._ready.append(arrival)
        elif defect := self._stranger(arrival) or self._passed(arrival):
            self._bury(arrival, defect)
        elif not self._follows(arrival):
            self._parked[stream] = "gap"
            self._new_gaps.add(stream)
            self._park(arrival)
        elif arrival.defect is not None:
            # Judged only when its turn has come: discarding it moves the position to it.
            self._bury(arrival, arrival.defect)
        else:
            await self._plan_next(arrival, stream, heals=heals)

    async def _plan_next(self, arrival: Arrival, stream: Stream, *, heals: bool) -> None:
        if arrival.sequence is not None:
            self._planned[stream] = arrival.sequence
        if arrival.data is not None:
            self._bound.setdefault(stream[0], stream[1])
        self._ready.append(arrival)
        if heals:
            del self._parked[stream]
            for waiting in sorted([*self._unplan(stream), *await self._unpark(stream)], key=_by_sequence):
                await self._plan(waiting)

    def _unplan(self, stream: Stream) -> list[Arrival]:
        """The events of this batch that were to be parked behind the gap that was just filled."""
        waiting = [arrival for arrival in self._to_park if arrival.stream == stream]
        self._to_park = [arrival for arrival in self._to_park if arrival.stream != stream]
        self._new.update(arrival.uid for arrival in waiting if arrival.uid is not None)
        self.outcome.parked -= len(waiting)
        return waiting

    def _follows(self, arrival: Arrival) -> bool:
        """Nothing is missing before it. Without a sequence only natural keys protect."""
        position = self._planned.get(arrival.stream) if arrival.stream else None
        if arrival.sequence is None:
            return arrival.stream not in self._parked
        if position is None:
            return arrival.sequence == 1 or not self._knows_the_beginning(arrival)
        return arrival.sequence == position + 1

    def _knows_the_beginning(self, arrival: Arrival) -> bool:
        """Whether this reader must have met the subject's first event: one of ours, in a partition it read from 0 on.

        Else the first sequence seen is the base: a stranger may begin anywhere, and what is older than the topic's
        retention was gone before the reader came.
        """
        partition = (arrival.record.topic, arrival.record.partition)
        first = self.first_read.get(partition, self.inbox.first_read.get(partition))
        return first == 0 and arrival.source in OURS

    def _regresses(self, arrival: Arrival) -> bool:
        if arrival.sequence is None or arrival.command or arrival.stream is None:
            return False
        position = self._planned.get(arrival.stream)
        # Behind a dead letter nothing is judged before its turn comes.
        waits = self._parked.get(arrival.stream) == "dead_letter"
        return not waits and position is not None and arrival.sequence <= position

    def _passed(self, arrival: Arrival) -> Defect | None:
        if self._regresses(arrival):
            return Defect("sequence_regressed", "a sequence that was passed already, with an unknown id")
        return None

    def _stranger(self, arrival: Arrival) -> Defect | None:
        """A fact is its owner's to tell: of its scope, and of a subject once the owner has told of it."""
        data = arrival.data
        if not isinstance(data, Event):
            return None
        if data.owner != arrival.source:
            return Defect("not_owner", "the source is not the owner that the fact names")
        scope = data.scope
        if (self.owners.get(scope) or self.inbox.owners.get(scope)) != data.owner:
            return Defect("not_owner", "the scope has another owner")
        if self._bound.get(arrival.subject or "", data.owner) != data.owner:
            return Defect("not_owner", "the subject has another owner")
        return None

    def _bury(self, arrival: Arrival, defect: Defect) -> None:
        dead = Dead(arrival, defect)
        self.outcome.dead.append(dead)
        if arrival.stream is not None and defect.reason != "sequence_regressed":
            # The key waits for a person, except behind a regressed event: there its order is broken already.
            self._stopped[arrival.stream] = dead

    def _park(self, arrival: Arrival) -> None:
        self.outcome.parked += 1
        self._to_park.append(arrival)

    # Doing -------------------------------------------------------------------------------------------------------

    async def _halve(self, arrivals: Sequence[Arrival]) -> None:
        """Dispatch; when the data of some are at fault, halve until each of them is alone, and bury it."""
        live = []
        for arrival in arrivals:
            if arrival.stream in self._stopped:
                self._park(arrival)
            else:
                live.append(arrival)
        if not live:
            return
        try:
            async with self.tx.savepoint():
                at_fault, rejected = await self._dispatch(live)
        except Exception as error:
            if classify(error) is not Failure.DATA:
                raise
            if len(live) == 1:
                self._bury(live[0], Defect("data_error", describe_data_error(error)))
                return
            middle = len(live) // 2
            await self._halve(live[:middle])
            await self._halve(live[middle:])
        else:
            self._note(live, at_fault, rejected)

    async def _dispatch_and_note(self, arrivals: Sequence[Arrival]) -> None:
        if arrivals:
            self._note(arrivals, *await self._dispatch(arrivals))

    def _note(self, arrivals: Sequence[Arrival], at_fault: Sequence[Dead], rejected: int) -> None:
        self.outcome.rejected += rejected
        faulty = {id(dead.arrival) for dead in at_fault}
        for dead in at_fault:
            self._bury(dead.arrival, dead.defect)
        for arrival in arrivals:
            if id(arrival) not in faulty:
                self._done.append(arrival)
                if arrival.data is None and not arrival.command:
                    self.outcome.skipped += 1
                else:
                    self.outcome.handled += 1

    async def _dispatch(self, arrivals: Sequence[Arrival]) -> tuple[list[Dead], int]:
        """Hand the arrivals to their use cases: in rounds, so that types are grouped and each key keeps its order."""
        at_fault: list[Dead] = []
        rejected = 0
        left: Sequence[Arrival] = arrivals
        while left:
            groups: dict[tuple[str, bool], list[Arrival]] = {}
            turn: dict[str | None, str | None] = {}
            later: list[Arrival] = []
            for arrival in left:
                # The first type of a subject has its turn; its next type waits for the next round.
                if turn.setdefault(arrival.subject, arrival.type) == arrival.type:
                    groups.setdefault((arrival.type or "", arrival.command), []).append(arrival)
                else:
                    turn[arrival.subject] = None
                    later.append(arrival)
            for (wire_type, command), group in groups.items():
                if command:
                    for arrival in group:
                        dead, no = await self._carry_out(arrival)
                        at_fault += dead
                        rejected += no
                elif handlers := self.inbox.handlers.get(wire_type):
                    events: list[Received[Any]] = [arrival.received() for arrival in group]
                    for handler in handlers:
                        await handler(self.tx, events)
            left = later
        return at_fault, rejected

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

    async def _write(self) -> None:
        await self._write_positions()
        buried = {id(dead): await self._bury_in_table(dead) for dead in self.outcome.dead}
        for stream, dead in self._stopped.items():
            await self.tx.execute(_PARK_KEY, *stream, self.consumer, "dead_letter", buried[id(dead)])
        for stream in self._new_gaps - self._stopped.keys():
            if stream in self._parked:
                await self.tx.execute(_PARK_KEY, *stream, self.consumer, "gap", None)
                self.outcome.gaps.append(stream)
        for arrival in self._to_park:
            await self._park_in_table(arrival)
        undone = [one.uid for one in (*self._to_park, *(dead.arrival for dead in self.outcome.dead)) if one.uid]
        if undone:
            # Their turn is yet to come: an inbox row would make duplicates of them.
            await self.tx.execute("DELETE FROM inbox WHERE uid = ANY ($1) AND consumer = $2", undone, self.consumer)
        for subject, source in self._released:
            if (subject, source) not in self._stopped and (subject, source) not in self._parked:
                await self.tx.execute(
                    "DELETE FROM parked_keys WHERE subject = $1 AND source = $2 AND consumer = $3",
                    subject,
                    source,
                    self.consumer,
                )

    async def _write_positions(self) -> None:
        moved: dict[Stream, int | None] = {}
        bound: dict[Stream, bool] = {}
        for arrival in self._done:
            stream = arrival.stream
            if stream is not None and not arrival.command and arrival is not self._accepted:
                moved[stream] = arrival.sequence if arrival.sequence is not None else moved.get(stream)
                bound[stream] = bound.get(stream, False) or arrival.data is not None
        if moved:
            await self.tx.execute(
                _MOVE_POSITIONS,
                self.consumer,
                [subject for subject, _ in moved],
                [source for _, source in moved],
                list(moved.values()),
                [bound[stream] for stream in moved],
            )

    async def _bury_in_table(self, dead: Dead) -> int:
        arrival, record = dead.arrival, dead.arrival.record
        number: int = await self.tx.fetchval(
            _BURY,
            self.consumer,
            record.topic,
            record.partition,
            record.offset,
            record.key,
            record.value,
            headers_to_json(record.headers),
            record.timestamp,
            arrival.source,
            arrival.subject,
            arrival.sequence,
            arrival.id,
            arrival.type,
            dead.defect.reason,
            dead.defect.detail,
            dead.fingerprint,
        )
        return number

    async def _park_in_table(self, arrival: Arrival) -> None:
        record = arrival.record
        await self.tx.execute(
            _PARK,
            arrival.subject,
            arrival.source,
            self.consumer,
            record.topic,
            record.partition,
            record.offset,
            record.key,
            record.value,
            headers_to_json(record.headers),
            record.timestamp,
            arrival.id,
            arrival.type or "",
            arrival.sequence,
        )


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


def _by_sequence(arrival: Arrival) -> int:
    # Parked events may have come in another order than they were told; without a sequence there is only the arrival's.
    return arrival.sequence or 0


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
