"""Taking events in: one batch, one transaction. What becomes of each event is decided in `plan.py`.

Order of the locks, the same in every batch: inbox rows (sorted), parked keys (sorted), positions (sorted). The inbox
comes first because it is where two consumers with the same records meet: the second one waits there, and sees all that
the first one parked when it goes on. An operator's retry holds the parked key before it knows of any inbox row; a batch
with a copy of that very record may meet it the other way round, and is tried again when PostgreSQL ends the deadlock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
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
from shared.messaging.rows import Rows, place
from shared.messaging.subscriptions import Handler, Intake, On, Subscription
from shared.storage.tx import Connection, Tx

log: structlog.stdlib.BoundLogger = structlog.get_logger()

SAME_DEFECT_KEYS = 5
SAME_DEFECT_SECONDS = 60.0
KNOWN_OWNERS = 10_000


class BugFound(Exception):  # noqa: N818  (it halts, it is not handled)
    """Our code is at fault, or so many events are that it probably is. Nothing of the batch is kept."""


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
        arrival = self._read(record, beside(topic)[0])
        if arrival is not None and (refused := self.granted.refuses(topic, arrival)) is not None:
            # Neither the stream nor the id is the forger's to speak of.
            arrival.data, arrival.invalid, arrival.defect = None, None, refused
            arrival.stream = arrival.uid = None
        return arrival

    def _read(self, record: Record, topic: str) -> Arrival | None:
        if topic != INTAKE_TOPIC:
            arrival = self._facts.read(record)
            if arrival.data is not None and topic != self._topics[arrival.type or ""]:
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
        self._rows = Rows(self.tx, inbox.consumer)
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
        await self._rows.insert([arrival])
        if stream == released and arrival.sequence is not None and not arrival.command:
            await self._rows.move({stream: (arrival.sequence, False)})

    # Looking up --------------------------------------------------------------------------------------------------

    async def _look_up(self, arrivals: Sequence[Arrival], released: Stream | None, *, out_of_turn: bool) -> Known:
        """What is known, and locked until COMMIT: a fixed number of statements, however many events there are."""
        keyed = [arrival for arrival in arrivals if arrival.stream is not None and arrival.uid is not None]
        new = await self._rows.insert(keyed)
        await self._note_first(arrivals)
        known = Known(new, released=released, out_of_turn=out_of_turn, beginnings=self._beginnings())
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
            waiting = await self._load_parked(streams)
            parked = [arrival for of_one in waiting.values() for arrival in of_one]
            known = replace(known, new=known.new | await self._rows.insert(parked), waiting=waiting)
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

    async def _load_parked(self, streams: AbstractSet[Stream]) -> dict[Stream, list[Arrival]]:
        """What waits in these streams, in the order of its arrival."""
        found: dict[Stream, list[Arrival]] = {}
        nobodys: list[int] = []
        for number, stream, record in await self._rows.load_parked(streams):
            arrival = self.inbox.read(record)
            if arrival is None:
                nobodys.append(number)
            else:
                arrival.parked = number
                found.setdefault(stream, []).append(arrival)
        # Commands that another service answers for by now.
        await self._rows.unpark(nobodys)
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
        self.owners.update(await self._rows.bind_owners(claims))
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
        rows = self._rows
        await rows.move(settled.positions)
        numbers = await rows.bury(settled.dead)
        why = {
            stream: None if dead is None else numbers[place(dead.arrival.record)]
            for stream, dead in settled.locks.items()
        }
        await rows.lock_streams(why)
        await rows.park(settled.parked)
        await rows.unpark(settled.unparked)
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
