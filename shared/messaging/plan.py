"""What becomes of the events of a batch: all rules of the reading side, and nothing that waits for anything.

Two rules for whoever changes this file. Everything that decides about an event stands here: the inbox (`inbox.py`)
looks up what is known, calls `plan`, hands over what is ready, calls `after`, and writes what it is told. And
nothing here knows a database or a clock: the exhaustive model in the tests drives these very functions.

Theory of operation
    A *stream* is (subject, source): what one producer tells of one aggregate. What a reader knows of it is four small
    machines, each of which sees a part of an event only:

    ids        new or known. The database answers: whoever could insert the inbox row has a new event.
    order      where the stream stands. An event follows, has been passed, or leaves a gap; without a sequence it
               follows. The first one seen is the base, unless this reader must have met the beginning (then 1 is).
    lock       the stream goes on, or waits: behind a dead letter for a person, or in a gap for the missing event.
    ownership  who may tell of a scope, and (once somebody was believed) of a subject.

    `plan` takes the arrivals in their order and asks the machines in this one; the first that objects decides:

    1. nobody can tell its id or its stream  → dead, and nothing waits for it
    2. known                                 → nothing
    3. its stream waits                      → parked; but the missing event of a gap goes on, and a gap does not hold
                                               back what was passed
    4. a command                             → ready: commands have no order. One that is condemned → dead, as in 7
    5. a stranger's, or passed already       → dead; the stranger's stream waits for a person
    6. leaves a gap                          → parked, and its stream waits for what is missing
    7. something is wrong with it, or it is  → dead, and its stream waits for a person. Judged last, because only in
       condemned                               its turn can it be passed over
    8. else                                  → ready, and the stream stands at its sequence

    The missing event of a gap lets those go on that wait for it, in the order of their sequence, as if they came now.

    What is ready is handed over in *rounds*: types are grouped, and each subject keeps its order. Only that shows which
    events' data the use cases or the database refuse. `after` then says what is really done, what died, what waits
    behind it, where each stream stands, and what has to be written.

    Not pretty: what `plan` decides about an event behind a ready one holds only if that one does not die. So a plan is
    a list of *turns*, and `after` walks it once more: behind a dead letter nothing has had its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from shared.base.cloudevents import Arrival, Defect
from shared.base.failures import fingerprint
from shared.contracts.catalogue import SERVICES
from shared.contracts.event import Event

Stream = tuple[str, str]
"""(subject, source)."""

Partition = tuple[str, int]
"""(topic, number)."""

Lock = Literal["dead_letter", "gap"]
"""What a stream waits for: a person, or the missing event."""

Group = tuple[str, bool, Sequence[Arrival]]
"""Events of one type, and whether they are commands."""

OURS = frozenset(f"/tovholder/{name}" for name in SERVICES)
"""Sources that number every subject from 1, without a hole."""


@dataclass(frozen=True, slots=True)
class Dead:
    """An event that becomes a dead letter, and why."""

    arrival: Arrival
    defect: Defect

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.defect.reason, self.arrival.type, self.defect.detail)

    @property
    def stops(self) -> Stream | None:
        """The stream that waits for a person; none behind an event whose order is gone.

        It came after its turn, or nobody can tell its id, so that its stream may be waiting behind another one already.
        """
        if self.defect.reason == "sequence_regressed" or self.arrival.uid is None:
            return None
        return self.arrival.stream


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a batch's streams, once everything about them is locked."""

    new: AbstractSet[str]
    """Ids that were in no inbox before."""
    positions: Mapping[Stream, int | None] = field(default_factory=dict)
    """The sequence that was taken in last; None = its source does not number; absent = nothing was."""
    locks: Mapping[Stream, Lock] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    """Of scopes."""
    bound: Mapping[str, str] = field(default_factory=dict)
    """Subject → the source that was believed about it."""
    beginnings: AbstractSet[Partition] = frozenset()
    """Partitions that this reader has read from their very first record on."""
    waiting: Mapping[Stream, Sequence[Arrival]] = field(default_factory=dict)
    """Parked events, in the order of their arrival, of the streams in `may_go_on` and of the released one."""
    condemned: Mapping[str, Defect] = field(default_factory=dict)
    """Ids of events that become dead letters in their turn, whatever they say: nobody can take them in now."""
    released: Stream | None = None
    """A stream that a person lets go on: its parked events come after the batch's own."""
    cut: AbstractSet[Stream] = frozenset()
    """Streams of which more waits than was looked up: what is left goes on waiting, whatever becomes of the others."""
    out_of_turn: bool = False
    """A person takes the batch's one event in although it was passed; its stream stays where it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has its turn, in order, and what has been decided about the rest."""

    turns: Sequence[Arrival | Dead]
    """Ready, or dead if its turn comes."""
    parked: Sequence[Arrival]
    gaps: AbstractSet[Stream]
    """Streams that begin to wait for a missing event."""
    freed: AbstractSet[Stream]
    """Streams that waited and go on, as far as their events do."""
    duplicates: Sequence[Arrival]
    known: Known
    order: Mapping[int, int]
    """Of arrival, by the object's id."""

    @property
    def ready(self) -> list[Arrival]:
        return [turn for turn in self.turns if isinstance(turn, Arrival)]


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be written: the end of every event of the batch, and how its streams stand afterwards."""

    done: Sequence[Arrival]
    dead: Sequence[Dead]
    parked: Sequence[Arrival]
    """Events that wait; those that waited before are `still`."""
    still: Sequence[Arrival]
    unparked: Sequence[int]
    """Rows of parked events that are over: done, dead or known."""
    undone: Sequence[str]
    """Ids whose turn is yet to come: an inbox row would make duplicates of them."""
    positions: Mapping[Stream, tuple[int | None, bool]]
    """Where streams stand now (None = as before), and whether a fact of their owner was believed."""
    locks: Mapping[Stream, Dead | None]
    """Streams that wait from now on, behind this dead letter, or (None) for a missing event."""
    unlocked: AbstractSet[Stream]
    duplicates: int

    def refused(self, arrival: Arrival) -> str | None:
        """Why this event was not taken in; None when it was, or was known already."""
        for dead in self.dead:
            if dead.arrival is arrival:
                return f"{dead.defect.reason}: {dead.defect.detail}"
        return "its key waits for another event" if any(one is arrival for one in self.parked) else None


def follows(arrival: Arrival, position: int | None, *, beginning: bool) -> bool:
    """Nothing is missing before it. The first of a stream is the base, or 1 where its `beginning` must be known."""
    if position is None:
        return not beginning or arrival.sequence == 1
    return arrival.sequence == position + 1


def passed(arrival: Arrival, position: int | None) -> bool:
    """A sequence that the stream has behind it."""
    return position is not None and arrival.sequence is not None and arrival.sequence <= position


def knows_beginning(known: Known, arrival: Arrival) -> bool:
    """Whether this reader must have met the stream's first event: one of ours, in a partition it read from 0 on.

    Else the first sequence seen is the base: a stranger may begin anywhere, and what is older than the topic's
    retention was gone before the reader came.
    """
    return arrival.source in OURS and (arrival.record.topic, arrival.record.partition) in known.beginnings


def stranger(known: Known, bound: Mapping[str, str], arrival: Arrival) -> Defect | None:
    """A fact is its owner's to tell: of its scope, and of a subject once the owner has told of it."""
    data = arrival.data
    if not isinstance(data, Event):
        return None
    if data.owner != arrival.source:
        return Defect("not_owner", "the source is not the owner that the fact names")
    if known.owners.get(data.scope) != data.owner:
        return Defect("not_owner", "the scope has another owner")
    if bound.get(arrival.subject or "", data.owner) != data.owner:
        return Defect("not_owner", "the subject has another owner")
    return None


def may_go_on(known: Known, arrivals: Iterable[Arrival]) -> set[Stream]:
    """Streams whose gap an event of the batch may fill: what waits there has to be looked up before `plan`."""
    if not known.locks:
        return set()
    found: set[Stream] = set()
    for arrival in arrivals:
        stream = arrival.stream
        if stream is None or known.locks.get(stream) != "gap" or arrival.sequence is None or arrival.command:
            continue
        if follows(arrival, known.positions.get(stream), beginning=knows_beginning(known, arrival)):
            found.add(stream)
    return found


def plan(known: Known, arrivals: Iterable[Arrival]) -> Plan:
    """What to do with the events of a batch (see the top of this file)."""
    arrived = list(arrivals)
    planning = _Planning(known, {id(arrival): place for place, arrival in enumerate(arrived)})
    for arrival in arrived:
        planning.take(arrival)
    if known.released is not None:
        for arrival in planning.set_free(known.released):
            planning.take(arrival)
    return planning.plan()


class _Planning:
    """How far `plan` has come."""

    def __init__(self, known: Known, order: Mapping[int, int]) -> None:
        self._known = known
        self._order = order
        self._new = set(known.new)
        self._positions = dict(known.positions)
        self._locks = dict(known.locks)
        if known.released is not None:
            self._locks.pop(known.released, None)
        self._bound = dict(known.bound)
        self._waiting = dict(known.waiting)
        self._stopped: set[Stream] = set()
        self._freed: set[Stream] = set()
        self._gaps: set[Stream] = set()
        self._turns: list[Arrival | Dead] = []
        self._parked: list[Arrival] = []
        self._duplicates: list[Arrival] = []

    def plan(self) -> Plan:
        return Plan(self._turns, self._parked, self._gaps, self._freed, self._duplicates, self._known, self._order)

    def take(self, arrival: Arrival) -> None:
        stream, uid = arrival.stream, arrival.uid
        if stream is None or uid is None:
            self._bury(arrival, arrival.defect or Defect("bad_envelope", "subject: missing"))
        elif uid not in self._new:
            self._duplicates.append(arrival)
        else:
            self._new.discard(uid)
            self._take_new(arrival, stream)

    def set_free(self, stream: Stream) -> list[Arrival]:
        """What waits in it, in order; those of this batch that were parked there among them."""
        ours = [arrival for arrival in self._parked if arrival.stream == stream]
        if ours:
            self._parked = [arrival for arrival in self._parked if arrival.stream != stream]
            self._new.update(arrival.uid for arrival in ours if arrival.uid is not None)
        self._freed.add(stream)
        return sorted([*ours, *self._waiting.pop(stream, ())], key=_by_sequence)

    def _take_new(self, arrival: Arrival, stream: Stream) -> None:
        if self._known.out_of_turn:
            if defect := stranger(self._known, self._bound, arrival) or arrival.defect:
                self._bury(arrival, defect)
            else:
                self._turns.append(arrival)
            return
        position, lock = self._positions.get(stream), self._locks.get(stream)
        condemned = self._known.condemned.get(arrival.uid or "")
        heals = lock == "gap" and self._follows(arrival, stream)
        # Behind a dead letter nothing is judged before its turn comes.
        late = not arrival.command and lock != "dead_letter" and passed(arrival, position)
        if stream in self._stopped or (lock is not None and not heals and not late):
            self._parked.append(arrival)
        elif arrival.command and condemned is None:
            self._turns.append(arrival)
        elif arrival.command and condemned is not None:
            self._bury(arrival, condemned)
        elif defect := stranger(self._known, self._bound, arrival):
            self._bury(arrival, defect)
        elif late:
            self._bury(arrival, Defect("sequence_regressed", "a sequence that was passed already, with an unknown id"))
        elif not self._follows(arrival, stream):
            self._locks[stream] = "gap"
            self._gaps.add(stream)
            self._parked.append(arrival)
        elif defect := condemned or arrival.defect:
            self._bury(arrival, defect)
        else:
            self._take_next(arrival, stream, heals=heals)

    def _take_next(self, arrival: Arrival, stream: Stream, *, heals: bool) -> None:
        if arrival.sequence is not None:
            self._positions[stream] = arrival.sequence
        if arrival.data is not None:
            self._bound.setdefault(stream[0], stream[1])
        self._turns.append(arrival)
        if heals:
            del self._locks[stream]
            self._gaps.discard(stream)
            for waiting in self.set_free(stream):
                self.take(waiting)
            if stream in self._known.cut:
                self._locks.setdefault(stream, "gap")

    def _follows(self, arrival: Arrival, stream: Stream) -> bool:
        """Without a sequence only natural keys protect: it follows, but fills no gap."""
        if arrival.sequence is None:
            return stream not in self._locks
        position = self._positions.get(stream)
        return follows(arrival, position, beginning=position is None and knows_beginning(self._known, arrival))

    def _bury(self, arrival: Arrival, defect: Defect) -> None:
        dead = Dead(arrival, defect)
        self._turns.append(dead)
        if (stream := dead.stops) is not None:
            self._stopped.add(stream)


def rounds(arrivals: Sequence[Arrival]) -> list[list[Group]]:
    """The events as use cases get them: types are grouped, and each subject keeps its order."""
    listed: list[list[Group]] = []
    left = arrivals
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
        listed.append([(kind, command, group) for (kind, command), group in groups.items()])
        left = later
    return listed


def alive(arrivals: Sequence[Arrival], dead: Sequence[Dead]) -> Sequence[Arrival]:
    """Those that may still be handed over when `dead`, which came before them, were found at fault."""
    if not dead:
        return arrivals
    stopped = {one.stops for one in dead}
    return [arrival for arrival in arrivals if arrival.stream not in stopped]


def after(planned: Plan, dead: Sequence[Dead] = ()) -> Settled:
    """How the batch ends when `dead` of the ready ones were found at fault; what is behind one of them waits."""
    known, faulty = planned.known, {id(one.arrival): one for one in dead}
    done: list[Arrival] = []
    died: list[Dead] = []
    parked = list(planned.parked)
    positions: dict[Stream, tuple[int | None, bool]] = {}
    locks: dict[Stream, Dead | None] = dict.fromkeys(planned.gaps)
    stopped: set[Stream] = set()
    for turn in planned.turns:
        arrival = turn.arrival if isinstance(turn, Dead) else turn
        stream = arrival.stream
        if stopped and stream in stopped:
            parked.append(arrival)
            continue
        found = turn if isinstance(turn, Dead) else faulty.get(id(arrival)) if faulty else None
        if found is not None:
            died.append(found)
            if (stops := found.stops) is not None:
                stopped.add(stops)
                locks[stops] = found
            continue
        done.append(arrival)
        if stream is not None and not (arrival.command or known.out_of_turn):
            last, bound = positions.get(stream, (None, False))
            positions[stream] = (
                last if arrival.sequence is None else arrival.sequence,
                bound or arrival.data is not None,
            )
    late = {one.uid for one in (*parked, *(one.arrival for one in died))}
    # A copy of what has to wait after all is not over either.
    over = {id(one) for one in planned.duplicates if one.uid not in late}
    over |= {id(one) for one in (*done, *(one.arrival for one in died))}
    looked_at = [one for waiting in known.waiting.values() for one in waiting]
    still = [one for one in looked_at if id(one) not in over]
    late |= {one.uid for one in still}
    return Settled(
        done=done,
        dead=died,
        # In the order of arrival, which for events without a sequence is the only one.
        parked=sorted([one for one in parked if one.parked is None], key=lambda one: planned.order[id(one)]),
        still=still,
        unparked=[one.parked for one in looked_at if one.parked is not None and id(one) in over],
        undone=[uid for uid in late if uid is not None and uid in known.new],
        positions=positions,
        locks=locks,
        unlocked=planned.freed - locks.keys() - known.cut,
        duplicates=len(planned.duplicates),
    )


def _by_sequence(arrival: Arrival) -> int:
    # Parked events may have come in another order than they were told; without a sequence there is only the arrival's.
    return arrival.sequence or 0
