"""Taking events in: one batch, one transaction. What becomes of each event is decided in `plan.py`.

Order of the locks, the same in every transaction: whether an operator acts, and whether an erasure begins to look at
what lies there (a batch shares both locks; whoever acts, or erases, has its own alone), inbox rows (sorted), positions
(sorted). The inbox comes before the positions because it is where two consumers with the same records meet: the second
one waits there, and sees all that the first one parked when it goes on.

One who erases holds its timer before that: a batch that hears of the same person once more may meet it the other way
round, and one of the two is rolled back by PostgreSQL and done again.

What a sender got wrong is never an error here, however often: it is an answer or a dead letter. Only our own code halts
a reader, and then `find_fault` says before which event it stands.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import structlog

from shared.base.acts import Act
from shared.base.cause import Cause, new_correlation, producer_actor
from shared.base.clock import Clock
from shared.base.cloudevents import Arrival, Defect, Reader, Received, Record
from shared.base.erasure import ErasureList
from shared.base.failpoints import failpoint
from shared.base.failures import Failure, classify, describe_data_error
from shared.base.links import NO_LINKS, Links
from shared.base.problems import DETAILS, problem, problem_of
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, Command, Event, IntakeRejected, topic_of
from shared.contracts.refusal import Refused
from shared.messaging import metrics
from shared.messaging.grants import Granted, beside
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
from shared.messaging.records import StoredRecord, identity
from shared.messaging.rows import Rows
from shared.messaging.subscriptions import Handler, Intake, On, Subscription
from shared.storage import erasure
from shared.storage.tx import Connection, Tx

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MANY_DEAD = 5
MANY_SECONDS = 60.0
"""More dead letters of one reason in so many seconds (machine time) are told of at once, and not one by one."""
KNOWN_OWNERS = 1000
AT_ONCE = 500
"""Parked events of one stream that one transaction takes in; then it waits on, and goes on in the next."""
FAULTS_NAMED = 20
"""At most so many events are named when a reader halts."""
LONGEST_SCOPE = 1000


class BugFound(Exception):  # noqa: N818  (it halts, it is not handled)
    """Our code is at fault. Nothing of the batch is kept."""


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
    go_on: list[Stream] = field(default_factory=list)
    """Streams that were let go on, and of which more waits than one transaction takes: `Inbox.go_on`."""


class DeadRate:
    """How many dead letters of each reason there were lately: one alarm each, up to a rate, and then one for all."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seen: dict[str, tuple[float, int]] = {}
        self._monotonic = monotonic

    def count(self, reason: str) -> Literal["one", "many", "more"]:
        """What is to be said about this one: itself, that there are many now, or nothing new."""
        now = self._monotonic()
        since, count = self._seen.get(reason, (now, 0))
        if now - since >= MANY_SECONDS:
            since, count = now, 0
        self._seen[reason] = since, count + 1
        return "one" if count < MANY_DEAD else "many" if count == MANY_DEAD else "more"


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
        self.dead_rate = DeadRate()
        self.set_aside: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.first_read: dict[Partition, int] = {}
        self.erased = ErasureList()
        """Whom nothing that is read brings back; every batch looks whether there are more."""
        self.granted = Granted()
        """What other producers may tell, as of the last look; whoever reads for this inbox looks."""
        self.handlers: dict[str, list[Handler[Any]]] = {}
        self.acts: dict[str, Act] = {}
        self._prefix = prefix
        self._doorkeeper = doorkeeper
        self._owned = f"tovholder.{service}."
        for entry in subscriptions:
            self._enter(entry)
        self._facts = Reader({name: FACTS[name] for name in self.handlers})
        self._commands = Reader({name: COMMANDS[name] for name in self.acts})
        services = {fact.service for fact in FACTS.values()} | {command.service for command in COMMANDS.values()}
        self._prefixes = tuple(f"tovholder.{name}." for name in sorted(services))
        self._topics = {name: topic_of(FACTS[name].service) for name in self.handlers}

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
        topic = record.topic.removeprefix(self._prefix)
        plain, producer = beside(topic)
        arrival = self._read(record, plain)
        if arrival is not None and producer is not None:
            # Who it is is known by where it writes, whatever it says.
            arrival.actor = producer_actor(producer)
        if arrival is not None and (refused := self.granted.refuses(topic, arrival)) is not None:
            # Neither the stream nor the id is the forger's to speak of.
            arrival.data, arrival.invalid, arrival.defect = None, (), refused
            arrival.stream = arrival.uid = None
        return arrival

    def forget_erased(self, arrival: Arrival) -> None:
        """Whatever names somebody who is erased is read anew, without them: before it is handled, parked or buried.

        It stays known as it came, so that copies from before and after are one.
        """
        record, known_as = arrival.record, identity(arrival)
        left = self.erased.without_the_erased(record.value)
        if left is record.value:
            return
        without = StoredRecord(
            record.topic, record.partition, record.offset, record.timestamp, record.key, left, tuple(record.headers)
        )
        anew = self.read(without)
        if anew is not None:
            for one in fields(Arrival):
                if one.name not in {"parked", "known_as"}:
                    setattr(arrival, one.name, getattr(anew, one.name))
            arrival.known_as = known_as

    def _read(self, record: Record, topic: str) -> Arrival | None:
        if topic != INTAKE_TOPIC:
            arrival = self._facts.read(record)
            if arrival.data is not None and topic != self._topics[arrival.type or ""]:
                # Who may write to a topic speaks for that topic's service only.
                arrival.data, arrival.defect = None, Defect("wrong_topic", "a fact stands in another service's topic")
            elif isinstance(arrival.data, Event) and not _can_be_kept(arrival.data.scope):
                arrival.data, arrival.defect = None, Defect("bad_data", "scope: too long, or not plain text")
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

    async def take(
        self,
        connection: Connection,
        arrivals: Sequence[Arrival],
        *,
        careful: bool = False,
        condemned: Mapping[str, Defect] | None = None,
    ) -> Outcome:
        """Take these events in and commit. Raises what `classify` sorts; then nothing of it has happened.

        The quick way dispatches all at once and fails as a whole; `careful` finds the events at fault by halving, each
        half under a savepoint, and makes dead letters of them. `condemned` are that without a try.
        """
        batch = Batch(self, connection, careful=careful, condemned={**self._condemned(), **(condemned or {})})
        async with connection.transaction():
            await batch.beside_others()
            if careful:
                # A constraint that is checked at COMMIT could not be blamed on one event.
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await batch.run(arrivals)
            await batch.tx.flush()
            await failpoint("consumer.before_commit")
        self.settle(batch)
        return batch.outcome

    async def take_one_by_one(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Stream]:
        """As `take`, when the data of an event break something that halving has no savepoint around.

        Each is a transaction of its own, and a dead letter if it fails alone. Raises BugFound when even that cannot be.
        """
        go_on: list[Stream] = []
        for arrival in arrivals:
            try:
                go_on += (await self.take(connection, [arrival], careful=True)).go_on
            except Exception as error:
                if classify(error) is not Failure.DATA:
                    raise
                defect = Defect("data_error", describe_data_error(error))
                arrival.data, arrival.invalid, arrival.defect = None, (), defect
                try:
                    await self.take(connection, [arrival], careful=True, condemned={arrival.uid or "": defect})
                except Exception as again:
                    if classify(again) is not Failure.DATA:
                        raise
                    raise BugFound("a data error that no event explains") from again
        return go_on

    async def can_go_on(self, connection: Connection) -> list[Stream]:
        """Streams that wait for a missing event although it is there: their reader ended before it had gone on."""
        return await Rows(self.tx(connection), self.consumer).load_healed()

    async def go_on(self, connection: Connection, stream: Stream) -> None:
        """Take in what still waits in a stream whose gap was filled, in transactions of `AT_ONCE` events."""
        goes_on = True
        while goes_on:
            batch = Batch(self, connection, careful=True, condemned=self._condemned())
            async with connection.transaction():
                await batch.beside_others()
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                await batch.go_on(stream)
                await batch.tx.flush()
            self.settle(batch)
            goes_on = stream in batch.outcome.go_on

    async def find_fault(
        self, connection: Connection, arrivals: Sequence[Arrival], going_on: Stream | None = None
    ) -> list[tuple[Arrival, str]]:
        """The events that our code fails on, each with the type of its error; of none of them anything is kept.

        Halving finds those that a use case fails on, also among parked ones. Else it is the first one without which
        the batch does not fail. Empty when it does not show again. `going_on`: see `go_on`.
        """
        if going_on is not None:
            return (await self._try_out(connection, going_on, blame_bugs=True))[0]
        found, failed = await self._try_out(connection, arrivals, blame_bugs=True)
        if found or failed is None:
            return found[:FAULTS_NAMED]
        good, bad = 0, len(arrivals)
        while bad - good > 1:
            middle = (good + bad) // 2
            _, error = await self._try_out(connection, arrivals[:middle])
            good, bad, failed = (middle, bad, failed) if error is None else (good, middle, error)
        return [(arrivals[good], failed)]

    async def _try_out(
        self, connection: Connection, what: Sequence[Arrival] | Stream, *, blame_bugs: bool = False
    ) -> tuple[list[tuple[Arrival, str]], str | None]:
        """Events that a use case fails on, and the type of the error if it fails elsewhere. Rolled back."""
        batch = Batch(self, connection, careful=True, blame_bugs=blame_bugs, condemned=self._condemned())
        transaction = connection.transaction()
        await transaction.start()
        try:
            await batch.beside_others()
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await (batch.go_on(what) if isinstance(what, tuple) else batch.run(what))
            await batch.tx.flush()
        except Exception as error:
            if classify(error) is Failure.TRANSIENT:
                raise
            return [], type(error).__name__
        finally:
            await transaction.rollback()
        # What was set aside is dead without a try.
        dead = [one for one in batch.outcome.dead if identity(one.arrival) not in self.set_aside]
        return [(one.arrival, one.defect.detail) for one in dead if one.defect.reason == "bug"], None

    async def note_halt(self, connection: Connection, faults: Sequence[tuple[Arrival, str]]) -> dict[int, Arrival]:
        """That this reader stands before these events; by the number that a person can set each aside by."""
        async with connection.transaction():
            rows = Rows(self.tx(connection), self.consumer)
            return {await rows.halted(arrival, error): arrival for arrival, error in faults}

    async def has_new_decision(self, connection: Connection) -> bool:
        """Whether a person has set an event aside since the last look; from now on it is a dead letter in its turn."""
        before = self.set_aside.keys()
        self.set_aside = await Rows(self.tx(connection), self.consumer).load_condemned()
        return bool(self.set_aside.keys() - before)

    def _condemned(self) -> dict[str, Defect]:
        return {uid: Defect("bug", error) for uid, error in self.set_aside.items()}

    def tx(self, connection: Connection) -> Tx:
        """On a transaction of this reader."""
        return Tx(connection, self.clock.now(), self.source, Cause(new_correlation(), None, None), self.links)

    def settle(self, batch: Batch) -> None:
        """After COMMIT: remember what is now certain."""
        batch.tx.committed()
        outcome = batch.outcome
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
            self._tell_dead(one)
        for subject, source in outcome.gaps:
            log.error("sequence_gap", alarm=True, consumer=self.consumer, subject=subject, source=source)

    def _tell_dead(self, one: Dead) -> None:
        reason, record = one.defect.reason, one.arrival.record
        metrics.DEAD.labels(self.consumer, reason).inc()
        said = self.dead_rate.count(reason)
        log.error(
            "dead_letter",
            alarm=said == "one",
            consumer=self.consumer,
            reason=reason,
            detail=one.defect.detail,
            fingerprint=one.fingerprint,
            event_type=one.arrival.type,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )
        if said == "many":
            metrics.MANY_DEAD.labels(self.consumer, reason).inc()
            log.critical(
                "many_dead_letters",
                alarm=True,
                consumer=self.consumer,
                reason=reason,
                fingerprint=one.fingerprint,
                more_than=MANY_DEAD,
                seconds=MANY_SECONDS,
            )


class Batch:
    """The inside of one transaction of `Inbox.take`, of a retry and of a discard.

    Look up what is known, `plan`, hand over what is ready, `after`, write: the rules are all in `plan.py`.
    """

    def __init__(
        self,
        inbox: Inbox,
        connection: Connection,
        *,
        careful: bool,
        blame_bugs: bool = False,
        condemned: Mapping[str, Defect] | None = None,
    ) -> None:
        """`careful`: see `Inbox.take`. `blame_bugs`: events that our code fails on become dead letters too (some)."""
        self.inbox = inbox
        self.tx = inbox.tx(connection)
        self.outcome = Outcome()
        self.owners: dict[str, str] = {}
        self.first_read: dict[Partition, int] = {}
        self._condemned = condemned or {}
        self._blame_bugs = blame_bugs
        self._rows = Rows(self.tx, inbox.consumer)
        self._hand_over = self._halve if careful else self._dispatch

    async def beside_others(self) -> None:
        """First of all, in a batch."""
        await self._rows.beside_others()

    async def alone(self) -> None:
        """First of all, in an act of an operator."""
        await self._rows.alone()

    async def run(
        self, arrivals: Sequence[Arrival], *, released: Stream | None = None, out_of_turn: bool = False
    ) -> Settled:
        """Everything but flush and COMMIT.

        `released` is a stream whose lock the caller holds, and that goes on. `out_of_turn` takes the one event in
        though it was passed: its stream stays where it is.
        """
        await erasure.look(self.tx.connection, self.inbox.erased)
        for arrival in arrivals:
            self.inbox.forget_erased(arrival)
        known = await self._look_up(arrivals, released, out_of_turn=out_of_turn)
        planned = plan(known, arrivals)
        dead, rejected = await self._hand_over(planned.ready, ())
        settled = after(planned, dead)
        await self._write(settled)
        self.outcome = _counted(settled, rejected)
        self.outcome.go_on = [stream for stream in known.cut & planned.freed if stream not in settled.locks]
        return settled

    async def go_on(self, stream: Stream) -> None:
        """As `run`, for what waits in a stream whose gap was filled; nothing, if it waits for something else by now."""
        locks, _ = await self._rows.lock([stream[0]])
        if locks.get(stream) == "gap":
            await self.run([], released=stream)

    async def step_over(self, arrival: Arrival, released: Stream | None) -> None:
        """Treat `arrival` as settled without its effect: copies of it are known, and its position is passed."""
        stream = arrival.stream
        if stream is None or arrival.uid is None:
            return
        new = await self._rows.insert([arrival])
        if new and stream == released and arrival.sequence is not None and not arrival.command:
            await self._rows.move({stream: (arrival.sequence, False)})

    # Looking up --------------------------------------------------------------------------------------------------

    async def _look_up(self, arrivals: Sequence[Arrival], released: Stream | None, *, out_of_turn: bool) -> Known:
        """What is known, and locked until COMMIT: a fixed number of statements, however many events there are."""
        keyed = [arrival for arrival in arrivals if arrival.stream is not None and arrival.uid is not None]
        new = await self._rows.insert(keyed)
        await self._note_first(arrivals)
        known = Known(
            new,
            released=released,
            out_of_turn=out_of_turn,
            beginnings=self._beginnings(),
            condemned=self._condemned,
        )
        let_go = set() if released is None else {released}
        subjects = {subject for one in keyed if (subject := one.subject)} | {subject for subject, _ in let_go}
        if subjects:
            locks, standing = await self._rows.lock(sorted(subjects))
            known = replace(
                known,
                locks=locks,
                positions={stream: sequence for stream, (sequence, _) in standing.items()},
                bound={subject: source for (subject, source), (_, bound) in standing.items() if bound},
            )
        if streams := may_go_on(known, keyed) | let_go:
            waiting, cut = await self._load_parked(streams)
            parked = [arrival for of_one in waiting.values() for arrival in of_one]
            known = replace(known, new=known.new | await self._rows.insert(parked), waiting=waiting, cut=cut)
            keyed += parked
        return replace(known, owners=await self._know_owners(keyed))

    async def _note_first(self, arrivals: Iterable[Arrival]) -> None:
        """Written down when this reader meets the first record of a partition."""
        lowest: dict[Partition, int] = {}
        for record in [arrival.record for arrival in arrivals]:
            partition = (record.topic, record.partition)
            if partition not in self.inbox.first_read:
                lowest[partition] = min(record.offset, lowest.get(partition, record.offset))
        self.first_read.update(await self._rows.note_first(lowest))

    def _beginnings(self) -> frozenset[Partition]:
        first_read = self.inbox.first_read | self.first_read
        return frozenset([partition for partition, offset in first_read.items() if offset == 0])

    async def _load_parked(self, streams: AbstractSet[Stream]) -> tuple[dict[Stream, list[Arrival]], frozenset[Stream]]:
        """What waits in these streams, in its order, and those of which more waits than that."""
        found: dict[Stream, list[Arrival]] = {}
        nobodys: list[int] = []
        counts: Counter[Stream] = Counter()
        for number, stream, record in await self._rows.load_parked(streams, AT_ONCE + 1):
            counts[stream] += 1
            if counts[stream] > AT_ONCE:
                continue
            arrival = self.inbox.read(record)
            if arrival is None:
                nobodys.append(number)
            else:
                self.inbox.forget_erased(arrival)
                arrival.parked = number
                found.setdefault(stream, []).append(arrival)
        # Commands that another service answers for by now.
        await self._rows.unpark(nobodys)
        return found, frozenset([stream for stream, count in counts.items() if count > AT_ONCE])

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
        self.owners.update(await self._rows.bind_owners(claims))
        return owners | self.owners

    # Handing over ------------------------------------------------------------------------------------------------

    async def _halve(self, arrivals: Sequence[Arrival], dead: Sequence[Dead]) -> tuple[list[Dead], int]:
        """As `_dispatch`; when some are at fault, halve until each of them is alone, and bury it.

        What the use cases tell is written under the savepoint too: a subject may be too long, a text no text.
        """
        live = alive(arrivals, dead)
        if not live:
            return [], 0
        try:
            async with self.tx.savepoint():
                found = await self._dispatch(live, dead)
                await self.tx.flush()
                return found
        except Exception as error:
            if (defect := self._blamed(error)) is None:
                raise
            if len(live) == 1:
                return [Dead(live[0], defect)], 0
        middle = len(live) // 2
        first, rejected = await self._halve(live[:middle], dead)
        second, more = await self._halve(live[middle:], [*dead, *first])
        return [*first, *second], rejected + more

    def _blamed(self, error: Exception) -> Defect | None:
        """What an event is blamed for that raises this; None when it is not the event's fault."""
        match classify(error):
            case Failure.DATA:
                return Defect("data_error", describe_data_error(error))
            case Failure.BUG if self._blame_bugs:
                return Defect("bug", type(error).__name__)
        return None

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
        rows = self._rows
        await rows.move(settled.positions)
        numbers = await rows.bury(settled.dead)
        why = {
            stream: None if dead is None else numbers[identity(dead.arrival)] for stream, dead in settled.locks.items()
        }
        await rows.lock_streams(why)
        await rows.unpark(settled.unparked)
        await rows.park(settled.parked)
        await rows.forget(settled.undone)
        await rows.unlock_streams(settled.unlocked)


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


def _can_be_kept(text: str) -> bool:
    """As a key: an index takes no more, and no text has a NUL."""
    return len(text) <= LONGEST_SCOPE and "\0" not in text


def _problem_of_arrival(arrival: Arrival) -> dict[str, Any]:
    """Why a command cannot even be asked: unknown, another version, or fields that break the rules."""
    if arrival.invalid:
        return problem(
            422,
            "validation_failed",
            DETAILS["validation_failed"],
            correlation_id=arrival.correlation_id,
            errors=arrival.invalid,
        )
    if arrival.defect is None or arrival.defect.reason == "unsupported":
        return problem(422, "unknown_command", "Kommandoen kendes ikke her.", correlation_id=arrival.correlation_id)
    return problem(422, "invalid_json", DETAILS["invalid_json"], correlation_id=arrival.correlation_id)
