"""A small exhaustive model of the messaging kernel: what it promises, and what each promise is for.

The real kernel is SQL, a broker and processes that die. This is the same thing with nothing but values: a `State` is
all tables, the log of one partition and the memory of each process; `steps` says all that may happen next, faults
included; `search` walks every interleaving, breadth first, so that the first trace that breaks a rule is the shortest.
What a reader decides is decided by the product's own functions, `plan` and `after` of `shared.messaging.plan`.

The way of an event
    A *writer* locks its aggregate, changes it and inserts an outbox row, in one transaction. The *relay* scans the
    outbox in id order, sends, waits for the acks and only then moves the rows to `outbox_sent`. A *reader* polls a
    batch, locks the streams in it, settles each event and COMMITs; then it commits its offset. It halts before an event
    that our code fails on. An *operator* retries, accepts or discards dead letters, sets aside what a reader halted at,
    and replays what was sent when the broker has lost its tail.

A stream is what a reader keeps about one (source, subject). It is locked before it is read, also when there is nothing
of it yet: the product locks positions for other readers, and the whole reader for an operator
    position  the sequence settled last; the first one seen is the base, unless `World.known_beginning` says it is 1
    inbox     ids that are settled: effect made, skipped as unknown, or discarded
    dead      dead letters; none of them has an inbox row. Why: `poison` and `bug` (lock the stream), `late` (a lower
              sequence with an unseen id; locks nothing, for its order is broken already), `garbled` (nobody can tell
              its id or sequence, so it is known by its record, for which its offset stands here; locks nothing, the
              gap it leaves does)
    parked    events that wait behind a dead letter or a gap; none has an inbox row
    locked    "" or why the stream waits: "dead" (until an operator acts) or "gap" (until the missing one arrives)

Rules that hold in every state (`broken_rule`)
    no effect twice; no effect of what was never committed; effects of a stream in the order of its commits, but for
    those that a person accepted after their turn; position contiguous; nothing overtakes what is parked or dead; a
    healthy event is no dead letter.
Rules that hold whenever nothing is left to do (`unfinished_business`)
    every committed event had its effect or was discarded by a person; outbox, dead letters and parking are empty; the
    offset is at the end. And nothing goes round for ever without coming there (`search` looks for cycles).

Each field of `Promises` can be taken out, and the tests show what then breaks. Not modelled: partial acks across
partitions (one partition is enough for all of the above), time (retention, leases), events without a subject, retells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple, TypeVar
from unittest import mock

from shared.base.cloudevents import Arrival, Defect
from shared.contracts.event import event_uid
from shared.contracts.invoicing import InvoiceRejected
from shared.messaging import plan as plan_module
from shared.messaging.plan import Stream as StreamName
from shared.messaging.records import StoredRecord

KEYS = "ABC"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Promises:
    """What the kernel keeps. Taking one out is a mutation that some search must notice."""

    answer_stored_with_request: bool = True  # a client that retries after a lost reply gets the first answer
    numbered_under_lock: bool = True  # id and sequence are drawn after the aggregate's row is locked
    hidden_until_commit: bool = True  # the outbox row is invisible before the COMMIT of the change it tells
    written_with_the_change: bool = True  # ... and is in that COMMIT, not after it
    scans_the_whole_table: bool = True  # no "id > last seen" cursor
    whole_batches: bool = True  # a relay never passes over rows that another one holds (no SKIP LOCKED)
    moves_after_ack: bool = True
    inbox: bool = True
    offset_after_commit: bool = True
    parks_behind_dead: bool = True
    parks_at_gap: bool = True
    unknown_advances_position: bool = True
    dead_has_no_inbox_row: bool = True
    lower_sequence_is_reported: bool = True  # never a silent skip
    retry_takes_the_lock: bool = True
    lock_row_always_exists: bool = True  # else a stream that is not parked has nothing to lock
    retry_is_one_transaction: bool = True
    discard_is_remembered: bool = True  # discarding writes the inbox row ...
    accepting_is_remembered: bool = True  # taking a late event in writes the inbox row
    discard_advances_position: bool = True  # ... and steps over the sequence
    set_aside_in_its_turn: bool = True  # not before what comes before it was taken in
    set_aside_binds_readers_only: bool = True  # a person who retries it means it
    replay_keeps_ids: bool = True
    replay_reads_unsent_too: bool = True  # one statement over outbox_sent and outbox; then it needs no relay to stop
    replay_rewinds_readers: bool = True  # a reader's offset is worthless past the place where the log was cut


class Event(NamedTuple):
    """Identity and content in one: two equal events have the same (source, id)."""

    key: int
    sequence: int
    request: int
    copy: int = 0

    def __str__(self) -> str:
        return f"{KEYS[self.key]}{self.sequence}" + "'" * self.copy


class Dead(NamedTuple):
    event: Event
    why: str
    offset: int


class Stream(NamedTuple):
    position: int = 0  # 0: nothing seen, or not numbered
    locked: str = ""
    parked: tuple[tuple[Event, int], ...] = ()  # with the offset of the record, in the order of arrival
    dead: tuple[Dead, ...] = ()
    inbox: frozenset[Event] = frozenset()
    effects: tuple[Event, ...] = ()
    discarded: frozenset[Event] = frozenset()  # for the oracle: a person said no
    given_up: frozenset[int] = frozenset()  # for the oracle: sequences a person stepped over
    accepted: frozenset[Event] = frozenset()  # for the oracle: taken in after their turn, as a person wished
    set_aside: frozenset[Event] = frozenset()  # a reader halted before them, and a person let it go on


class Open(NamedTuple):
    """A writer's transaction; `owes` = the change is committed, its outbox row is not (only without that promise)."""

    id: int
    event: Event
    owes: bool = False


class Relay(NamedTuple):
    stage: str = "idle"  # idle, sending, acked
    batch: tuple[tuple[int, Event], ...] = ()
    sent: int = 0


class Reader(NamedTuple):
    stage: str = "idle"  # idle, polled, working (locks held), stored (COMMIT done), halted
    batch: tuple[Event, ...] = ()
    position: int = 0  # of the next poll; while a batch is in hand: of its first record
    fenced: bool = False  # the group was rebalanced since the poll: its offset commit is refused


class Operator(NamedTuple):
    verb: str = ""  # "", retry, drain, replay
    letter: Dead | None = None
    seen: Stream | None = None  # what a retry without the lock believes
    rows: tuple[Event, ...] = ()


class Budget(NamedTuple):
    """Faults that may still happen."""

    crashes: int = 0
    pauses: int = 0
    rebalances: int = 0
    duplicates: int = 0
    lost_tails: int = 0


NO_FAULTS = Budget()


class State(NamedTuple):
    answered: tuple[int, ...]
    committed: tuple[tuple[Event, ...], ...]
    next_id: int
    open: tuple[Open, ...]
    outbox: tuple[tuple[int, Event], ...]
    outbox_sent: tuple[tuple[int, Event], ...]
    cursor: int
    relay_lock: int  # -1: free
    relays: tuple[Relay, ...]
    log: tuple[Event, ...]
    cut_at: int  # where the log was cut, until it is repaired; -1: whole
    streams: tuple[Stream, ...]
    readers: tuple[Reader, ...]
    owner: int
    offset: int
    operator: Operator
    fixed: bool
    budget: Budget


@dataclass(frozen=True)
class World:
    """The bounds of one search: how many actors, which events, how many faults."""

    facts: tuple[tuple[str, ...], ...]  # per key: ok, poison, garbled, unknown, bug
    relays: int = 1
    readers: int = 1
    budget: Budget = NO_FAULTS
    log: tuple[Event, ...] | None = None  # already on the topic, in this order: then nobody writes or relays
    relay_lock: bool = True
    sequenced: bool = True
    known_beginning: bool = False  # the base is 1; a first event with a higher sequence is a gap
    late_is_legal: bool = False  # a healthy event may come too late to be taken (a late joiner, a swapped first pair)
    operator_may: tuple[str, ...] = ("retry",)  # retry, accept, discard, give up, set aside
    batch: int = 3
    scan: int = 3
    promises: Promises = Promises()

    def kind(self, event: Event) -> str:
        return self.facts[event.key][event.request - 1]

    def start(self) -> State:
        keys = range(len(self.facts))
        told = tuple(tuple(Event(k, n, n) for n in range(1, len(self.facts[k]) + 1)) for k in keys)
        written = self.log is not None
        return State(
            answered=tuple(len(told[k]) if written else 0 for k in keys),
            committed=told if written else tuple(() for _ in keys),
            next_id=1,
            open=(),
            outbox=(),
            outbox_sent=(),
            cursor=0,
            relay_lock=-1,
            relays=tuple(Relay() for _ in range(self.relays)),
            log=self.log or (),
            cut_at=-1,
            streams=tuple(Stream() for _ in keys),
            readers=tuple(Reader() for _ in range(self.readers)),
            owner=0,
            offset=0,
            operator=Operator(),
            fixed=False,
            budget=self.budget,
        )


# --- the reading core


SOURCE = "/tovholder/invoicing"
PARTITION = ("tovholder.invoicing", 0)


def _name(event: Event) -> StreamName:
    return f"invoice/{KEYS[event.key]}", SOURCE


@cache
def _uid(event: Event) -> str:
    return event_uid(SOURCE, f"{event}/{event.request}")


@dataclass(frozen=True)
class Kernel:
    """The product's own `plan` and `after`, with these streams for a database and the world for use cases."""

    world: World
    fixed: bool
    _answers: dict[Any, tuple[Stream, ...] | None] = field(default_factory=dict, compare=False)

    def take(self, streams: tuple[Stream, ...], batch: tuple[Event, ...], offset: int) -> tuple[Stream, ...]:
        """Settle the records of a batch, the first of which stands at `offset`."""
        places = tuple((event, at) for at, event in enumerate(batch, offset))
        return self._run(streams, places, by_reader=True) or streams

    def fails_on(self, streams: tuple[Stream, ...], batch: tuple[Event, ...], offset: int) -> Event | None:
        """The first event of the batch, or of what it lets go on, that our code fails on: then nothing is written."""
        if self.fixed or not any("bug" in kinds for kinds in self.world.facts):
            return None
        arrivals = [self._arrival(event, at) for at, event in enumerate(batch, offset)]
        known, parked = self._look_up(streams, arrivals, None, out_of_turn=False, by_reader=True)
        events = {id(arrival): event for arrival, event in (*arrivals, *parked)}
        ready = plan_module.plan(known, [arrival for arrival, _ in arrivals]).ready
        return next((event for one in ready if self.world.kind(event := events[id(one)]) == "bug"), None)

    def set_aside(self, streams: tuple[Stream, ...], event: Event, offset: int) -> tuple[Stream, ...]:
        stream = streams[event.key]
        if self.world.promises.set_aside_in_its_turn:
            return _put(streams, event.key, stream._replace(set_aside=stream.set_aside | {event}))
        letter = Dead(event, "bug", offset)
        return _put(streams, event.key, stream._replace(dead=(*stream.dead, letter), locked="dead"))

    def retry(self, streams: tuple[Stream, ...], letter: Dead) -> tuple[Stream, ...]:
        """Handle a dead letter, then what is parked behind it, then unlock; nothing, if it is at fault still."""
        gone = _put(streams, letter.event.key, _without(streams[letter.event.key], letter))
        return self._run(gone, ((letter.event, letter.offset),), self._held_by(letter), must=letter.event) or streams

    def retry_one(self, streams: tuple[Stream, ...], letter: Dead) -> tuple[Stream, ...]:
        """Only the dead letter; the stream stays locked."""
        key = letter.event.key
        alone = _without(streams[key], letter)
        done = self._run(_put(streams, key, alone._replace(parked=())), ((letter.event, letter.offset),), key)
        assert done is not None
        return _put(streams, key, done[key]._replace(parked=alone.parked, locked=alone.locked))

    def drain(self, streams: tuple[Stream, ...], key: int) -> tuple[Stream, ...]:
        return self._run(streams, (), key) or streams

    def discard(self, streams: tuple[Stream, ...], letter: Dead) -> tuple[Stream, ...]:
        """A person says no. Its id is remembered and the position steps over it, else it comes back or leaves a gap."""
        promises, key, held = self.world.promises, letter.event.key, self._held_by(letter)
        stream = _without(streams[key], letter)
        stream = stream._replace(discarded=stream.discarded | {letter.event})
        if letter.why != "garbled":  # else nobody knows which one it was: no id to remember, no sequence to step over
            if promises.discard_is_remembered:
                stream = stream._replace(inbox=stream.inbox | {letter.event})
            if promises.discard_advances_position and held is not None and self.world.sequenced:
                stream = stream._replace(position=letter.event.sequence)
        streams = _put(streams, key, stream)
        return streams if held is None else self.drain(streams, held)

    def accept(self, streams: tuple[Stream, ...], letter: Dead) -> tuple[Stream, ...]:
        """A person takes a late event in: it has its effect out of its turn, and nothing else of the stream changes."""
        key, event = letter.event.key, letter.event
        gone = _put(streams, key, _without(streams[key], letter))
        after = self._run(gone, ((event, letter.offset),), must=event, out_of_turn=True)
        if after is None:
            return streams
        stream = after[key]
        if event not in gone[key].inbox:
            stream = stream._replace(accepted=stream.accepted | {event})
        if not self.world.promises.accepting_is_remembered:
            stream = stream._replace(inbox=gone[key].inbox)
        return _put(after, key, stream)

    def give_up(self, streams: tuple[Stream, ...], key: int) -> tuple[Stream, ...]:
        """A person declares the missing events of a gap lost, and lets the parked ones go on."""
        stream = streams[key]
        first = min(event.sequence for event, _ in stream.parked)
        missing = frozenset(range(stream.position + 1, first))
        stepped = stream._replace(position=first - 1, given_up=stream.given_up | missing)
        return self.drain(_put(streams, key, stepped), key)

    @staticmethod
    def _held_by(letter: Dead) -> int | None:
        return letter.event.key if letter.why in {"poison", "bug"} else None

    def _run(
        self,
        streams: tuple[Stream, ...],
        records: tuple[tuple[Event, int], ...],
        released: int | None = None,
        *,
        must: Event | None = None,
        out_of_turn: bool = False,
        by_reader: bool = False,
    ) -> tuple[Stream, ...] | None:
        """As `Batch.run`: look up, plan, hand over, after, write. None = `must` was refused, and nothing happened.

        The same from the same is not worked out twice: most interleavings differ elsewhere.
        """
        asked = (streams, records, released, must, out_of_turn, by_reader)
        if asked not in self._answers:
            self._answers[asked] = self._work_out(*asked)
        return self._answers[asked]

    def _work_out(
        self,
        streams: tuple[Stream, ...],
        records: tuple[tuple[Event, int], ...],
        released: int | None,
        must: Event | None,
        out_of_turn: bool,  # noqa: FBT001  (as `_run` has it)
        by_reader: bool,  # noqa: FBT001
    ) -> tuple[Stream, ...] | None:
        arrivals = [self._arrival(event, offset) for event, offset in records]
        with self._without_promises():
            known, parked = self._look_up(streams, arrivals, released, out_of_turn=out_of_turn, by_reader=by_reader)
            planned = plan_module.plan(known, [arrival for arrival, _ in arrivals])
            events = {id(arrival): event for arrival, event in (*arrivals, *parked)}
            dead: list[plan_module.Dead] = []
            for arrival in _as_handed_over(planned.ready):
                reason = {"poison": "data_error", "bug": "bug"}.get(self.world.kind(events[id(arrival)]))
                if reason is not None and not self.fixed and plan_module.alive([arrival], dead):
                    dead.append(plan_module.Dead(arrival, Defect(reason, "")))
            settled = plan_module.after(planned, dead)
        if must is not None and any(settled.refused(arrival) for arrival, event in arrivals if event == must):
            return None
        written = list(streams)
        for key, stream in enumerate(streams):
            written[key] = self._write(stream, key, settled, events)
        return tuple(written)

    @contextmanager
    def _without_promises(self) -> Iterator[None]:
        if self.world.promises.parks_at_gap:
            yield
            return
        with mock.patch.object(plan_module, "follows", return_value=True):
            yield

    def _arrival(self, event: Event, offset: int) -> tuple[Arrival, Event]:
        record = StoredRecord(*PARTITION, offset, 0, None, None, ())
        if self.world.kind(event) == "garbled" and not self.fixed:
            return Arrival(record, defect=Defect("bad_json", "")), event
        subject, source = _name(event)
        # Two types in turns, as one subject's facts are of several: they are handed over in rounds.
        arrival = Arrival(record, id=str(event), type=f"t{event.sequence % 2}", uid=_uid(event))
        arrival.belongs_to(subject, source)
        arrival.sequence = event.sequence if self.world.sequenced else None
        if self.world.kind(event) != "unknown":
            arrival.data = InvoiceRejected(owner=source, invoice_id=KEYS[event.key], reason="")
        return arrival, event

    def _look_up(
        self,
        streams: tuple[Stream, ...],
        arrivals: list[tuple[Arrival, Event]],
        released: int | None,
        *,
        out_of_turn: bool,
        by_reader: bool,
    ) -> tuple[plan_module.Known, list[tuple[Arrival, Event]]]:
        names = {_name(Event(key, 0, 0)): key for key in range(len(streams))}
        let_go = next((name for name, key in names.items() if key == released), None)
        locks: dict[StreamName, plan_module.Lock] = {
            name: "gap" if streams[key].locked == "gap" else "dead_letter"
            for name, key in names.items()
            if streams[key].locked
        }
        known = plan_module.Known(
            self._new(streams, arrivals),
            # Without sequences positions are null; with them one that nothing was taken in of is not there.
            positions={name: streams[key].position for name, key in names.items() if streams[key].position},
            locks=locks,
            owners={InvoiceRejected(owner=SOURCE, invoice_id=k, reason="").scope: SOURCE for k in KEYS},
            beginnings=frozenset([PARTITION] if self.world.known_beginning else []),
            condemned={
                _uid(event): Defect("bug", "")
                for stream in (streams if by_reader or not self.world.promises.set_aside_binds_readers_only else ())
                for event in stream.set_aside
            },
            released=let_go,
            out_of_turn=out_of_turn,
        )
        keyed = [arrival for arrival, _ in arrivals if arrival.stream is not None]
        waiting: dict[StreamName, list[Arrival]] = {}
        parked: list[tuple[Arrival, Event]] = []
        for name in plan_module.may_go_on(known, keyed) | ({let_go} if let_go else set()):
            for event, offset in streams[names[name]].parked:
                arrival, _ = self._arrival(event, offset)
                arrival.parked = offset
                parked.append((arrival, event))
                waiting.setdefault(name, []).append(arrival)
        return replace(known, new=known.new | self._new(streams, parked), waiting=waiting), parked

    def _new(self, streams: tuple[Stream, ...], arrivals: list[tuple[Arrival, Event]]) -> frozenset[str]:
        known = {_uid(event) for stream in streams for event in stream.inbox} if self.world.promises.inbox else set()
        return frozenset(arrival.uid for arrival, _ in arrivals if arrival.uid is not None and arrival.uid not in known)

    def _write(self, stream: Stream, key: int, settled: plan_module.Settled, events: dict[int, Event]) -> Stream:
        promises, name = self.world.promises, _name(Event(key, 0, 0))
        done = [events[id(arrival)] for arrival in settled.done if arrival.stream == name]
        dead = [self._letter(one, events) for one in settled.dead if events[id(one.arrival)].key == key]
        if not promises.lower_sequence_is_reported:
            dead = [letter for letter in dead if letter.why != "late"]
        poisoned = [letter.event for letter in dead if letter.why in {"poison", "bug"}]
        inbox = stream.inbox | set(done) | (set() if promises.dead_has_no_inbox_row else set(poisoned))
        position, moved = stream.position, settled.positions.get(name, (None, False))[0]
        if moved is not None:
            position = moved
            if not promises.unknown_advances_position and self.world.kind(done[-1]) == "unknown":
                position = stream.position
        locked = stream.locked
        if name in settled.locks:
            locked = "gap" if settled.locks[name] is None else "dead"
        elif name in settled.unlocked:
            locked = ""
        if not promises.parks_behind_dead and poisoned:
            locked, position = "", max(position, poisoned[-1].sequence)
        parked = [(events[id(one)], one.record.offset) for one in settled.parked if one.stream == name]
        return stream._replace(
            position=position,
            locked=locked,
            parked=(
                *(place for place in stream.parked if place[1] not in settled.unparked),
                *(place for place in parked if place not in stream.parked),
            ),
            dead=(*stream.dead, *(letter for letter in dead if letter not in stream.dead)),
            inbox=inbox,
            effects=(*stream.effects, *(event for event in done if self.world.kind(event) != "unknown")),
        )

    @staticmethod
    def _letter(dead: plan_module.Dead, events: dict[int, Event]) -> Dead:
        why = _WHY[dead.defect.reason]
        return Dead(events[id(dead.arrival)], why, dead.arrival.record.offset)


_WHY = {"data_error": "poison", "sequence_regressed": "late", "bad_json": "garbled", "bug": "bug"}

_kernels: dict[tuple[int, bool], Kernel] = {}


def kernel_of(world: World, *, fixed: bool) -> Kernel:
    """One per search: `search` begins with none."""
    return _kernels.setdefault((id(world), fixed), Kernel(world, fixed))


def _without(stream: Stream, letter: Dead) -> Stream:
    return stream._replace(dead=tuple(other for other in stream.dead if other != letter))


def _merge(now: Stream, seen: Stream, after: Stream) -> Stream:
    """What a transaction leaves behind that read without a lock: its own writes, on top of what others wrote since.

    The inbox's primary key still keeps it from an effect that is there already.
    """
    gone = set(seen.parked) - set(after.parked)
    new = tuple(e for e in after.parked if e not in seen.parked and e not in now.parked)
    return Stream(
        position=now.position if after.position == seen.position else after.position,
        locked=now.locked if after.locked == seen.locked else after.locked,
        parked=tuple(e for e in now.parked if e not in gone) + new,
        dead=tuple(d for d in now.dead if d not in seen.dead or d in after.dead)
        + tuple(d for d in after.dead if d not in seen.dead and d not in now.dead),
        inbox=now.inbox | after.inbox,
        effects=now.effects + tuple(e for e in after.effects[len(seen.effects) :] if e not in now.inbox),
        discarded=now.discarded | after.discarded,
        given_up=now.given_up | after.given_up,
        set_aside=now.set_aside | after.set_aside,
    )


# --- what may happen


class Step(NamedTuple):
    what: str
    state: State
    is_fault: bool = False


def steps(world: World, s: State) -> Iterator[Step]:
    """All that may happen next, each in one sentence."""
    if world.log is None:
        yield from _write(world, s)
        yield from _relay(world, s)
    yield from _read(world, s)
    if s.operator.verb:
        yield from _finish_operation(world, s)
    else:
        yield from _operate(world, s)
        yield from _start_replay(world, s)
    yield from _broker(s)


def _crash(s: State) -> Budget:
    return s.budget._replace(crashes=s.budget.crashes - 1)


def _write(world: World, s: State) -> Iterator[Step]:
    promises = world.promises
    for key in range(len(world.facts)):
        mine = [tx for tx in s.open if tx.event.key == key]
        request = s.answered[key] + len(mine) + 1
        if request > len(world.facts[key]) or len(mine) == (1 if promises.numbered_under_lock else 2):
            continue
        if promises.answer_stored_with_request and any(e.request == request for e in s.committed[key]):
            again = f"the client asks {KEYS[key]}{request} again and gets the stored answer"
            yield Step(again, s._replace(answered=_put(s.answered, key, request)))
            continue
        drawn = [e.sequence for e in s.committed[key]] + [tx.event.sequence for tx in mine]
        event = Event(key, max(drawn, default=0) + 1, request)
        row = (s.next_id, event)
        outbox = s.outbox if promises.hidden_until_commit else tuple(sorted((*s.outbox, row)))
        lock = f"locks {KEYS[key]}, then" if promises.numbered_under_lock else "without a lock"
        yield Step(
            f"a writer {lock} inserts {event} with id {row[0]}",
            s._replace(next_id=s.next_id + 1, open=(*s.open, Open(*row)), outbox=outbox),
        )
    for tx in s.open:
        yield from _finish_write(world, s, tx)


def _finish_write(world: World, s: State, tx: Open) -> Iterator[Step]:
    promises, event, row = world.promises, tx.event, (tx.id, tx.event)
    others = tuple(other for other in s.open if other != tx)
    told = s._replace(
        open=others,
        outbox=tuple(sorted({*s.outbox, row})) if promises.hidden_until_commit else s.outbox,
    )
    if tx.owes:
        yield Step(f"the writer inserts the outbox row of {event}", told)
        if s.budget.crashes:
            what = f"the writer dies before it inserts the outbox row of {event}"
            yield Step(what, s._replace(open=others, budget=_crash(s)), is_fault=True)
        return
    change: dict[str, Any] = {"committed": _put(s.committed, event.key, (*s.committed[event.key], event))}
    answered: dict[str, Any] = {"answered": _put(s.answered, event.key, event.request)}
    if not promises.written_with_the_change:
        owing = s._replace(open=(*others, tx._replace(owes=True)), **change, **answered)
        yield Step(f"the writer of {event} COMMITs the change without its outbox row", owing)
        return
    yield Step(f"the writer of {event} COMMITs and answers", told._replace(**change, **answered))
    if s.budget.crashes:
        unanswered = told._replace(**change, budget=_crash(s))
        yield Step(f"the writer of {event} COMMITs and dies before it answers", unanswered, is_fault=True)
        rolled_back = s._replace(open=others, budget=_crash(s))
        yield Step(f"the writer of {event} dies before COMMIT", rolled_back, is_fault=True)


def _relay(world: World, s: State) -> Iterator[Step]:
    promises = world.promises
    for r, relay in enumerate(s.relays):
        name = f"relay {r + 1}"

        def then(what: str, relay_after: Relay, r: int = r, name: str = name, **other: Any) -> Step:
            return Step(f"{name} {what}", s._replace(relays=_put(s.relays, r, relay_after), **other))

        if relay.stage == "idle":
            held = set() if promises.whole_batches else {row for other in s.relays for row in other.batch}
            after = 0 if promises.scans_the_whole_table else s.cursor
            batch = tuple(row for row in s.outbox if row not in held and row[0] > after)[: world.scan]
            locks = world.relay_lock and promises.whole_batches
            if batch and (not locks or s.relay_lock in {-1, r}):
                verb = "scans" if not locks or s.relay_lock == r else "takes the lock and scans"
                lock: dict[str, Any] = {"relay_lock": r} if locks else {}
                stage = "sending" if promises.moves_after_ack else "acked"
                yield then(f"{verb} {_names(batch)}", Relay(stage, batch), **lock)
            continue
        if relay.stage == "sending" and relay.sent < len(relay.batch):
            event = relay.batch[relay.sent][1]
            sent = relay._replace(sent=relay.sent + 1)
            if sent.sent == len(relay.batch):
                sent = sent._replace(stage="acked") if promises.moves_after_ack else Relay()
            yield then(f"sends {event}, the broker stores and acks it", sent, log=(*s.log, event))
        if relay.stage == "acked":
            moved = tuple(row for row in s.outbox if row in relay.batch)
            yield then(
                f"moves {_names(relay.batch)} to outbox_sent",
                Relay() if promises.moves_after_ack else relay._replace(stage="sending"),
                outbox=tuple(row for row in s.outbox if row not in moved),
                outbox_sent=tuple(sorted({*s.outbox_sent, *moved})),
                cursor=max(s.cursor, relay.batch[-1][0]),
            )
        if s.budget.crashes:
            lock = {"relay_lock": -1} if s.relay_lock == r else {}
            what = f"dies after {relay.sent} of {len(relay.batch)} sent"
            yield then(what, Relay(), budget=_crash(s), **lock)._replace(is_fault=True)
        if s.budget.pauses and s.relay_lock == r:
            budget = s.budget._replace(pauses=s.budget.pauses - 1)
            what = "is paused; its session and its lock are gone, but it will go on"
            yield then(what, relay, relay_lock=-1, budget=budget)._replace(is_fault=True)


def _locked_keys(s: State) -> set[int]:
    """Streams whose row is locked by a transaction under way."""
    busy = {event.key for reader in s.readers if reader.stage == "working" for event in reader.batch}
    if s.operator.verb == "retry" and s.operator.letter and s.operator.seen is None:
        busy.add(s.operator.letter.event.key)
    return busy


def _read(world: World, s: State) -> Iterator[Step]:
    for c, reader in enumerate(s.readers):
        if reader.stage != "idle":
            yield from _work(world, s, c)
        elif s.owner == c:
            yield from _poll(world, s, c)
    if s.budget.rebalances and len(s.readers) > 1:
        heir = 1 - s.owner
        after = [reader._replace(fenced=reader.stage != "idle") for reader in s.readers]
        if not after[heir].fenced:
            after[heir] = Reader(position=s.offset)
        budget = s.budget._replace(rebalances=s.budget.rebalances - 1)
        what = f"a rebalance gives the partition to reader {heir + 1}, at offset {s.offset}"
        yield Step(what, s._replace(owner=heir, readers=tuple(after), budget=budget), is_fault=True)


def _poll(world: World, s: State, c: int) -> Iterator[Step]:
    at = s.readers[c].position
    if at > len(s.log):
        after = s._replace(readers=_put(s.readers, c, Reader()), offset=0)
        yield Step(f"reader {c + 1} is out of range and starts from the earliest", after)
    for end in range(at + 1, min(len(s.log), at + world.batch) + 1):
        polled = Reader("polled", s.log[at:end], at)
        after = s._replace(readers=_put(s.readers, c, polled))
        what = f"reader {c + 1} polls {_list(polled.batch)}"
        if world.promises.offset_after_commit:
            yield Step(what, after)
        else:
            yield Step(f"{what} and commits the offset", after._replace(offset=end))


def _work(world: World, s: State, c: int) -> Iterator[Step]:
    reader, name, kernel = s.readers[c], f"reader {c + 1}", kernel_of(world, fixed=s.fixed)

    def then(what: str, reader_after: Reader, **other: Any) -> Step:
        return Step(f"{name} {what}", s._replace(readers=_put(s.readers, c, reader_after), **other))

    if reader.stage == "polled" and not _locked_keys(s) & {event.key for event in reader.batch}:
        yield then(f"begins with {_list(reader.batch)}: locks their streams", reader._replace(stage="working"))
    elif reader.stage == "working" and (fault := kernel.fails_on(s.streams, reader.batch, reader.position)):
        yield then(f"halts before {fault}, and nothing of the batch is kept", reader._replace(stage="halted"))
    elif reader.stage == "halted":
        if kernel.fails_on(s.streams, reader.batch, reader.position) is None:
            yield then("goes on", Reader(position=s.offset))
    elif reader.stage == "working":
        streams = kernel.take(s.streams, reader.batch, reader.position)
        yield then(f"COMMITs {_list(reader.batch)}", reader._replace(stage="stored"), streams=streams)
    elif reader.stage == "stored" and reader.fenced:
        yield then("has its offset refused: the group has moved on", Reader(position=s.offset))
    elif reader.stage == "stored":
        end = reader.position + len(reader.batch)
        offset = end if world.promises.offset_after_commit else s.offset
        yield then(f"commits offset {offset}", Reader(position=end), offset=offset)
    if s.budget.crashes:
        when = {
            "polled": "before its transaction",
            "working": "before COMMIT",
            "stored": "before the offset commit",
            "halted": "where it stands",
        }
        dead = then(f"dies {when[reader.stage]}", Reader(position=s.offset), budget=_crash(s))
        yield dead._replace(is_fault=True)


def _operate(world: World, s: State) -> Iterator[Step]:
    promises, kernel = world.promises, kernel_of(world, fixed=s.fixed)
    letters = [letter for stream in s.streams for letter in stream.dead]
    if (letters or _halted(s)) and not s.fixed and "retry" in world.operator_may:
        yield Step("the bug is fixed and deployed", s._replace(fixed=True))
    for letter in letters:
        locked = letter.event.key in _locked_keys(s)
        # A retry that is refused changes nothing; a person does not try it for ever.
        would = letter.why != "late" and s.fixed and kernel.retry(s.streams, letter) != s.streams
        if would and "retry" in world.operator_may:
            seen = s.streams[letter.event.key]
            if not promises.retry_takes_the_lock or not (promises.lock_row_always_exists or seen.locked):
                yield Step(f"a retry of {letter.event} begins", s._replace(operator=Operator("retry", letter, seen)))
            elif not locked:
                begun = s._replace(operator=Operator("retry", letter))
                yield Step(f"a retry of {letter.event} begins: locks its stream", begun)
        if not locked and (letter.why == "late" or "discard" in world.operator_may):
            discarded = s._replace(streams=kernel.discard(s.streams, letter))
            yield Step(f"an operator discards {letter.event} ({letter.why})", discarded)
    yield from _set_aside(kernel, s)
    yield from _accept(kernel, s, letters)
    if "give up" in world.operator_may and not letters and s.offset == len(s.log):
        for key, stream in enumerate(s.streams):
            if stream.locked == "gap" and stream.parked and key not in _locked_keys(s):
                given_up = s._replace(streams=kernel.give_up(s.streams, key))
                yield Step(f"an operator gives up what is missing of {KEYS[key]}", given_up)


def _halted(s: State) -> list[Reader]:
    return [reader for reader in s.readers if reader.stage == "halted"]


def _set_aside(kernel: Kernel, s: State) -> Iterator[Step]:
    for reader in _halted(s) if "set aside" in kernel.world.operator_may else ():
        fault = kernel.fails_on(s.streams, reader.batch, reader.position)
        if fault is not None and fault.key not in _locked_keys(s):
            at = reader.position + reader.batch.index(fault) if fault in reader.batch else -1
            yield Step(f"an operator sets {fault} aside", s._replace(streams=kernel.set_aside(s.streams, fault, at)))


def _accept(kernel: Kernel, s: State, letters: list[Dead]) -> Iterator[Step]:
    for letter in letters if "accept" in kernel.world.operator_may else ():
        key, at_fault = letter.event.key, kernel.world.kind(letter.event) == "poison" and not s.fixed
        if letter.why == "late" and not at_fault and key not in _locked_keys(s):
            streams = kernel.accept(s.streams, letter)
            yield Step(f"an operator accepts {letter.event}", s._replace(streams=streams))


def _start_replay(world: World, s: State) -> Iterator[Step]:
    promises = world.promises
    if s.cut_at >= 0:
        rows = {*s.outbox_sent, *s.outbox} if promises.replay_reads_unsent_too else {*s.outbox_sent}
        events = tuple(e if promises.replay_keeps_ids else e._replace(copy=1) for _, e in sorted(rows))
        what = "a replay reads " + (_list(events) or "nothing")
        yield Step(what, s._replace(operator=Operator("replay", rows=events)))


def _finish_operation(world: World, s: State) -> Iterator[Step]:
    promises, op, kernel = world.promises, s.operator, kernel_of(world, fixed=s.fixed)
    if op.verb == "replay":
        rewound: dict[str, Any] = {}
        if promises.replay_rewinds_readers:
            rewound = {"offset": min(s.offset, s.cut_at), "readers": tuple(_rewind(r, s.cut_at) for r in s.readers)}
        what = "the replay sends them" + (" and rewinds the readers to where the log was cut" if rewound else "")
        yield Step(what, s._replace(log=s.log + op.rows, cut_at=-1, operator=Operator(), **rewound))
        return
    assert op.letter is not None
    key = op.letter.event.key
    if op.verb == "drain" and key in _locked_keys(s):
        return
    if op.verb == "drain":
        streams, after, what = kernel.drain(s.streams, key), Operator(), "the retry COMMITs what was parked"
    elif not promises.retry_is_one_transaction:
        streams = kernel.retry_one(s.streams, op.letter)
        after, what = Operator("drain", op.letter), f"the retry COMMITs {op.letter.event} alone"
    else:
        after, what = Operator(), f"the retry of {op.letter.event} COMMITs"
        if op.seen is None:
            streams = kernel.retry(s.streams, op.letter)
        else:
            believed = kernel.retry(_put(s.streams, key, op.seen), op.letter)[key]
            streams = _put(s.streams, key, _merge(s.streams[key], op.seen, believed))
    yield Step(what, s._replace(streams=streams, operator=after))
    if s.budget.crashes:
        yield Step("the retry dies in the middle", s._replace(operator=Operator(), budget=_crash(s)), is_fault=True)


def _rewind(reader: Reader, to: int) -> Reader:
    """The group is stopped while its offset is set back, so that a batch in hand can no longer commit its own."""
    return reader._replace(fenced=True) if reader.batch else Reader(position=min(reader.position, to))


def _broker(s: State) -> Iterator[Step]:
    if s.budget.duplicates:
        budget = s.budget._replace(duplicates=s.budget.duplicates - 1)
        for event in dict.fromkeys(s.log):
            yield Step(f"{event} is delivered once more", s._replace(log=(*s.log, event), budget=budget), is_fault=True)
    if s.budget.lost_tails and s.operator.verb == "" and s.log:
        budget = s.budget._replace(lost_tails=s.budget.lost_tails - 1)
        for end in range(len(s.log)):
            lost = _list(s.log[end:])
            cut = s._replace(log=s.log[:end], cut_at=end, budget=budget)
            yield Step(f"the broker loses its tail: {lost}", cut, is_fault=True)


def _as_handed_over(ready: Sequence[Arrival]) -> Sequence[Arrival]:
    """In rounds, group by group, as use cases get them: whatever comes of that, each subject is in its order."""
    handed = [one for groups in plan_module.rounds(ready) for _, _, group in groups for one in group]
    for subject in {one.subject for one in ready}:
        assert [one for one in handed if one.subject == subject] == [one for one in ready if one.subject == subject]
    assert len(handed) == len(ready)
    return handed


def _put(items: tuple[Item, ...], at: int, item: Item) -> tuple[Item, ...]:
    return (*items[:at], item, *items[at + 1 :])


def _list(events: tuple[Event, ...]) -> str:
    return ", ".join(str(event) for event in events)


def _names(rows: tuple[tuple[int, Event], ...]) -> str:
    return _list(tuple(event for _, event in rows))


# --- the rules


def broken_rule(world: World, s: State) -> str | None:
    """Which rule of every state this one breaks."""
    for key, stream in enumerate(s.streams):
        if broken := _broken_effects(KEYS[key], stream, s.committed[key]) or _broken_stream(world, KEYS[key], stream):
            return broken
    return None


def _broken_effects(name: str, stream: Stream, committed: tuple[Event, ...]) -> str | None:
    places = {(event.sequence, event.request): at for at, event in enumerate(committed)}
    done = [places.get((event.sequence, event.request), -1) for event in stream.effects]
    if -1 in done:
        return f"ghost: {stream.effects[done.index(-1)]} had its effect, but was never committed"
    if len({event.request for event in stream.effects}) < len(done):
        return f"twice: an effect of {name} happened twice"
    in_turn = [place for place, event in zip(done, stream.effects, strict=True) if event not in stream.accepted]
    if in_turn != sorted(in_turn):
        return f"order: the effects of {name} are not in the order of its commits"
    return None


def _broken_stream(world: World, name: str, stream: Stream) -> str | None:
    waiting = [
        *(event for event, _ in stream.parked),
        *(letter.event for letter in stream.dead if letter.why in {"poison", "bug"}),
    ]
    last = max((event.sequence for event in stream.effects if event not in stream.accepted), default=0)
    if overtaken := [event for event in waiting if event.sequence < last]:
        return f"overtaken: {overtaken[0]} waits, but a later one had its effect"
    for letter in stream.dead:
        if letter.why == "late" and not world.late_is_legal and world.kind(letter.event) in {"ok", "unknown"}:
            return f"healthy: {letter.event} became a dead letter ({letter.why})"
    settled = {event.sequence for event in stream.inbox} | stream.given_up
    base = min((event.sequence for event in stream.inbox - stream.discarded), default=stream.position + 1)
    if world.sequenced and (missing := set(range(base, stream.position + 1)) - settled):
        return f"position: {name} stands at {stream.position} but {min(missing)} is missing"
    return None


def unfinished_business(world: World, s: State) -> str | None:
    """What is not as it should be when nothing is left to do."""
    if s.outbox or s.open:
        return f"lost: nobody sends {_names(s.outbox)}"
    if s.offset != len(s.log):
        return f"stuck: the offset is {s.offset}, the log ends at {len(s.log)}"
    for key, stream in enumerate(s.streams):
        if stream.parked or stream.locked:
            parked = [str(event) for event, _ in stream.parked]
            return f"stuck: {KEYS[key]} is locked ({stream.locked}) with {parked} for ever"
        if stream.dead:
            return f"stuck: {stream.dead[0].event} stays a dead letter"
        for event in s.committed[key]:
            silent = world.kind(event) == "unknown" and event in stream.inbox
            refused = event in stream.discarded or event.sequence in stream.given_up
            missed = world.late_is_legal and world.log is not None and event not in world.log
            told = any(event.request == effect.request for effect in stream.effects)
            if not (told or silent or refused or missed):
                return f"lost: {event} has no effect"
    return None


class Outcome(NamedTuple):
    states: int
    ends: int
    broken: str | None
    trace: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.states} states, {self.ends} of them ends"]
        if self.broken:
            lines += [f"  {n}. {what}" for n, what in enumerate(self.trace, 1)] + [f"  => {self.broken}"]
        return "\n".join(lines)


def search(world: World) -> Outcome:
    """Walk all that may happen. Breadth first: the trace of a broken rule is a shortest one."""
    _kernels.clear()
    states = [world.start()]
    number = {states[0]: 0}
    came_from: list[tuple[int, str]] = [(0, "")]
    onward: list[list[int]] = []
    ends = 0
    for at, state in enumerate(states):  # grows while it is walked
        onward.append([])
        for what, after, is_fault in steps(world, state):
            known = number.setdefault(after, len(states))
            if known == len(states):
                states.append(after)
                came_from.append((at, what))
                if broken := broken_rule(world, after):
                    return Outcome(len(states), ends, broken, _trace(came_from, known))
            if not is_fault and known != at:
                onward[at].append(known)
        if not onward[at]:
            ends += 1
            if broken := unfinished_business(world, state):
                return Outcome(len(states), ends, broken, _trace(came_from, at))
    if (caught := _goes_round(onward)) is not None:
        return Outcome(len(states), ends, "goes round for ever without a fault", _trace(came_from, caught))
    return Outcome(len(states), ends, None, ())


def _trace(came_from: list[tuple[int, str]], at: int) -> tuple[str, ...]:
    trace: list[str] = []
    while at:
        at, what = came_from[at]
        trace.append(what)
    return tuple(reversed(trace))


def _goes_round(onward: list[list[int]]) -> int | None:
    """A state on a cycle of steps that are no faults (Kahn: peel off what has nothing behind it)."""
    behind = [0] * len(onward)
    for after in onward:
        for known in after:
            behind[known] += 1
    peel = [at for at, count in enumerate(behind) if count == 0]
    for at in peel:
        for known in onward[at]:
            behind[known] -= 1
            if behind[known] == 0:
                peel.append(known)
    return next((at for at, count in enumerate(behind) if count > 0), None)
