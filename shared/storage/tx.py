"""One PostgreSQL transaction: state, inbox, outbox and timers, all or nothing.

Facts and timers are buffered and written by `flush`, with one statement each however many they are: first the
sequences are drawn under the row locks of their subjects, then the outbox rows are inserted. So per subject the order
of outbox ids is the order of commits, which is what keeps a key's events in order (see `shared.messaging.relay`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.base.cause import Cause, new_correlation
from shared.base.clock import Clock
from shared.base.cloudevents import written
from shared.base.ids import new_id
from shared.base.links import DEAD_LINKS, NO_LINKS, Links
from shared.contracts.decision import Alarm, Decision
from shared.contracts.event import MAX_EVENT_BYTES, Event, FactTooLarge, topic_of
from shared.storage.columns import Columns, sent

# asyncpg's classes are generic in its stubs only.
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


AT_ONCE = 500
"""Pieces of work (letters, claims, meetings) that one transaction takes on where an event or a timer may ask for as
many as there are. A timer that is due at once sees to what is left, so no transaction grows with the data.
"""

_listeners: set[Callable[[], None]] = set()


def on_facts_committed(listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener` in this process whenever a transaction that told something has been committed.

    Returns what takes the listener away again. It only saves waiting: the relay finds every row without it.
    """
    _listeners.add(listener)
    return lambda: _listeners.discard(listener)


_timer_listeners: set[Callable[[], None]] = set()


def on_timers_committed(listener: Callable[[], None]) -> Callable[[], None]:
    """As on_facts_committed, for timers that were armed: the loop that carries them out looks again at once."""
    _timer_listeners.add(listener)
    return lambda: _timer_listeners.discard(listener)


_all_listeners: set[Callable[[], None]] = set()


def on_committed(listener: Callable[[], None]) -> Callable[[], None]:
    """As on_facts_committed, for every transaction: for loops over a table that transactions of this process fill."""
    _all_listeners.add(listener)
    return lambda: _all_listeners.discard(listener)


@dataclass(slots=True)
class _Told:
    """An outbox row in the making. The payload is head + sequence + tail, for the sequence is drawn last."""

    event_id: str
    source: str
    topic: str
    key: str
    type: str
    head: bytes
    tail: bytes
    cause: Cause
    occurred_at: datetime
    numbered: bool


@dataclass(slots=True)
class _Armed:
    due: datetime | None
    data: str
    cause: Cause


_DRAW = """
INSERT INTO stream_out AS s (subject, sequence)
SELECT subject, n FROM unnest($1::text[], $2::bigint[]) AS u (subject, n) ORDER BY subject
ON CONFLICT (subject) DO UPDATE SET sequence = s.sequence + excluded.sequence
RETURNING subject, sequence
"""

_OUTBOX = {
    "event_id": "text",
    "source": "text",
    "topic": "text",
    "key": "text",
    "sequence": "bigint",
    "type": "text",
    "payload": "bytea",
    "correlation_id": "text",
    "causation_id": "text",
    "actor": "text",
    "occurred_at": "timestamptz",
}
_TIMERS = {
    "timer": "text",
    "key": "text",
    "due": "timestamptz",
    "data": "jsonb",
    "correlation_id": "text",
    "causation_id": "text",
    "actor": "text",
}

_DISARM = """
DELETE FROM timers t USING unnest($1::text[], $2::text[]) AS u (timer, key) WHERE t.key = u.key AND t.timer = u.timer
"""


class Tx:
    """One transaction, and what every use case is handed with it.

    `now` is domain time (UTC) and the same for all that happens in it; `links` signs and reads links; `room` is how
    much more work this transaction should take on (see AT_ONCE): whoever takes some on says so with `take_on`.
    """

    __slots__ = (
        "_armed",
        "_flushed_facts",
        "_flushed_timers",
        "_told",
        "cause",
        "connection",
        "links",
        "now",
        "room",
        "source",
    )

    def __init__(
        self, connection: Connection, now: datetime, source: str, cause: Cause, links: Links = NO_LINKS
    ) -> None:
        self.connection = connection
        self.links = links
        self.now = now
        self.source = source
        self.cause = cause
        self.room = AT_ONCE
        self._told: list[_Told] = []
        self._armed: dict[tuple[str, str], _Armed] = {}
        self._flushed_facts = False
        self._flushed_timers = False

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        return await self.connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        return await self.connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        return await self.connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        return await self.connection.execute(sql, *args)

    def publish(self, fact: Event, because: Cause | None = None) -> str:
        """Tell a fact when the transaction commits; returns its event id. FactTooLarge at 900,000 bytes and more.

        `because` is the cause where it is not the transaction's own: `event.cause` in a batch of events.
        """
        cause = because or self.cause
        kind = type(fact)
        event_id = new_id()
        data = fact.__pydantic_serializer__.to_json(fact)
        head, tail = written(event_id, self.source, kind.type, fact.subject, self.now, cause)
        # 20 digits are the longest a bigint can have.
        if (size := len(head) + 20 + len(tail) + len(data) + 1) >= MAX_EVENT_BYTES:
            raise FactTooLarge(kind.type, size)
        self._told.append(
            _Told(
                event_id,
                self.source,
                topic_of(kind.service),
                fact.subject,
                kind.type,
                head,
                tail + data + b"}",
                cause,
                self.now,
                numbered=True,
            )
        )
        return event_id

    def will_tell(self) -> Counter[str]:
        """How many facts of each kind are told when it commits, by wire name, as far as nothing was written yet."""
        return Counter(one.type for one in self._told)

    def will_say(self) -> list[str]:
        """The facts that are told when it commits, as CloudEvents in JSON, as far as nothing was written yet. They have
        no place in their streams before that.
        """
        said = [json.loads(b"%b0%b" % (one.head, one.tail)) for one in self._told if one.numbered]
        return [json.dumps(dict(one, sequence=None), ensure_ascii=False) for one in said]

    def tell(self, decided: Decision[Any], because: Cause | None = None) -> None:
        """What follows from a decision, when the transaction commits: its facts are told, its alarms set."""
        for fact in decided.facts:
            self.publish(fact, because)
        for alarm in decided.alarms:
            self.set(alarm, because)

    def forward(
        self, topic: str, payload: bytes, *, source: str, event_id: str, wire_type: str, subject: str, cause: Cause
    ) -> None:
        """Pass on somebody else's CloudEvent, byte for byte (`POST /events` → `tovholder.intake`). Not numbered."""
        if len(payload) >= MAX_EVENT_BYTES:
            raise FactTooLarge(wire_type, len(payload))
        self._told.append(
            _Told(event_id, source, topic, subject, wire_type, payload, b"", cause, self.now, numbered=False)
        )

    def set(self, alarm: Alarm, because: Cause | None = None) -> None:
        """Let a timer ring (domain time), at another time than before, or not at all; fine when it was not armed."""
        if alarm.due is not None and alarm.due.tzinfo is None:
            raise ValueError("a time without a zone")
        data = json.dumps(dict(alarm.data), ensure_ascii=False)
        self._armed[alarm.timer, alarm.key] = _Armed(alarm.due, data, because or self.cause)

    def arm(
        self, timer: str, key: str, due: datetime, data: dict[str, Any] | None = None, because: Cause | None = None
    ) -> None:
        """As `set`: let `timer` ring for `key` at `due`."""
        self.set(Alarm(timer, key, due, data or {}), because)

    def disarm(self, timer: str, key: str) -> None:
        """As `set`: let `timer` not ring for `key`."""
        self.set(Alarm(timer, key, None))

    def take_on(self, pieces: int) -> None:
        """So much of the room is used; what is undone with its savepoint has used it all the same."""
        self.room = max(0, self.room - pieces)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is done inside is undone, with the facts and timers it buffered, when it raises."""
        told, armed = len(self._told), dict(self._armed)
        try:
            async with self.connection.transaction():
                yield
        except BaseException:
            del self._told[told:]
            self._armed = armed
            raise

    @asynccontextmanager
    async def rehearsal(self, room: int) -> AsyncIterator[None]:
        """What is done inside is undone at its end, whatever comes of it: to be seen, and not to be kept. No link that
        is signed in it opens anything. It takes on so many pieces of work.
        """
        before, links, told, armed = self.room, self.links, len(self._told), dict(self._armed)
        self.room, self.links = room, DEAD_LINKS
        undone = self.connection.transaction()
        await undone.start()
        try:
            yield
        finally:
            await undone.rollback()
            del self._told[told:]
            self._armed = armed
            self.room, self.links = before, links

    async def flush(self) -> None:
        """Write buffered facts and timers. `transaction` does it before COMMIT; a later publish is fine too."""
        if self._told:
            told, self._told = self._told, []
            await self._tell(told)
            self._flushed_facts = True
        if self._armed:
            armed, self._armed = self._armed, {}
            await self._arm(armed)
            self._flushed_timers = True

    def committed(self) -> None:
        """Say that COMMIT has happened: wakes the relay of this process if something was told, the timers if armed."""
        if self._flushed_facts:
            for listener in tuple(_listeners):
                listener()
        if self._flushed_timers:
            for listener in tuple(_timer_listeners):
                listener()
        for listener in tuple(_all_listeners):
            listener()

    async def _tell(self, told: list[_Told]) -> None:
        counts: dict[str, int] = {}
        for one in told:
            if one.numbered:
                counts[one.key] = counts.get(one.key, 0) + 1
        following: dict[str, int] = {}
        if counts:
            drawn = await self.connection.fetch(_DRAW, list(counts), list(counts.values()))
            following = {subject: last - counts[subject] + 1 for subject, last in drawn}
        sequences: list[int | None] = []
        payloads: list[bytes] = []
        for one in told:
            if one.numbered:
                sequence = following[one.key]
                following[one.key] = sequence + 1
                sequences.append(sequence)
                payloads.append(b"%b%d%b" % (one.head, sequence, one.tail))
            else:
                sequences.append(None)
                payloads.append(one.head)
        columns: Columns = {
            "event_id": [one.event_id for one in told],
            "source": [one.source for one in told],
            "topic": [one.topic for one in told],
            "key": [one.key for one in told],
            "sequence": sequences,
            "type": [one.type for one in told],
            "payload": payloads,
            "correlation_id": [one.cause.correlation_id for one in told],
            "causation_id": [one.cause.causation_id for one in told],
            "actor": [one.cause.actor for one in told],
            "occurred_at": [one.occurred_at for one in told],
        }
        source, arguments = sent(columns, _OUTBOX)
        listed = ", ".join(columns)
        sql = f'INSERT INTO outbox ({listed}) SELECT {listed} FROM {source} ORDER BY "#"'
        await self.connection.execute(sql, *arguments)

    async def _arm(self, armed: dict[tuple[str, str], _Armed]) -> None:
        off = [name for name, one in armed.items() if one.due is None]
        if off:
            await self.connection.execute(_DISARM, [timer for timer, _ in off], [key for _, key in off])
        on = [(name, one) for name, one in armed.items() if one.due is not None]
        if on:
            columns: Columns = {
                "timer": [timer for (timer, _), _ in on],
                "key": [key for (_, key), _ in on],
                "due": [one.due for _, one in on],
                "data": [one.data for _, one in on],
                "correlation_id": [one.cause.correlation_id for _, one in on],
                "causation_id": [one.cause.causation_id for _, one in on],
                "actor": [one.cause.actor for _, one in on],
            }
            source, arguments = sent(columns, _TIMERS)
            listed = ", ".join(columns)
            replaced = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in {"timer", "key"})
            sql = (
                f"INSERT INTO timers ({listed}) SELECT {listed} FROM {source} ORDER BY key, timer "
                f"ON CONFLICT (key, timer) DO UPDATE SET {replaced}"
            )
            await self.connection.execute(sql, *arguments)


Transaction = Callable[[Cause], AbstractAsyncContextManager[Tx]]
"""Opens one for a cause; COMMIT at its end, ROLLBACK on any exception."""


@asynccontextmanager
async def transaction(
    where: Pool | Connection, clock: Clock, source: str, cause: Cause | None = None, links: Links = NO_LINKS
) -> AsyncIterator[Tx]:
    """A transaction on a connection or on one of a pool: flushed and committed at the end, undone when it raises.

    Without a cause a new correlation begins here.
    """
    if isinstance(where, asyncpg.Pool):
        async with where.acquire() as connection, transaction(connection, clock, source, cause, links) as tx:
            yield tx
        return
    async with where.transaction():
        tx = Tx(where, clock.now(), source, cause or Cause(new_correlation(), None, None), links)
        yield tx
        await tx.flush()
    tx.committed()
