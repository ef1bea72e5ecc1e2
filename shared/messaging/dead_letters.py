"""What a person does about dead letters and parked keys: look, retry, accept, discard, step over a gap.

Each act is one transaction that holds the lock of its key, so that nothing of the key is taken in meanwhile: what
arrives queues behind. A retry that fails leaves everything as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.base.cloudevents import Arrival
from shared.messaging.inbox import Batch, Inbox
from shared.messaging.plan import Stream
from shared.messaging.records import headers_from_json
from shared.messaging.rows import stored_record
from shared.storage.tx import Connection


class NotDone(Exception):  # noqa: N818  (an answer to whoever asked)
    """Why nothing was changed, in a sentence without personal data."""


@dataclass(frozen=True, slots=True)
class Group:
    """Open dead letters of one origin."""

    fingerprint: str
    reason: str
    detail: str
    type: str | None
    count: int
    first_id: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `parked` events wait behind it."""

    id: int
    state: str
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    source: str | None
    subject: str | None
    sequence: int | None
    event_id: str | None
    type: str | None
    received_at: datetime
    parked: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A key that waits for a missing sequence: the last one taken in, and the lowest of those that wait."""

    subject: str
    source: str
    position: int | None
    lowest_parked: int | None
    parked: int
    since: datetime


async def groups(connection: Connection, consumer: str) -> list[Group]:
    """Open dead letters by fingerprint, the largest group first."""
    rows = await connection.fetch(
        "SELECT fingerprint, min(reason) AS reason, min(detail) AS detail, min(type) AS type, count(*) AS count, "
        "min(id) AS first_id, min(received_at) AS since FROM dead_letters WHERE state = 'open' AND consumer = $1 "
        "GROUP BY fingerprint ORDER BY count(*) DESC, min(id)",
        consumer,
    )
    return [Group(**row) for row in rows]


async def letters(connection: Connection, consumer: str, *, fingerprint: str | None = None) -> list[Letter]:
    """Open dead letters in the order of their arrival, of one fingerprint or all."""
    rows = await connection.fetch(
        f"{_LETTER} WHERE d.state = 'open' AND d.consumer = $1 AND d.fingerprint = coalesce($2, d.fingerprint) "
        "ORDER BY d.id",
        consumer,
        fingerprint,
    )
    return [Letter(**row) for row in rows]


async def show(connection: Connection, number: int) -> tuple[Letter, bytes | None, bytes | None, list[Any]]:
    """A dead letter whole: what is known of it, its key, its value and its headers. They may hold personal data."""
    rows = await connection.fetch(f"{_LETTER} WHERE d.id = $1", number)
    if not rows:
        raise NotDone(f"there is no dead letter {number}")
    raw = await connection.fetchrow("SELECT key, value, headers FROM dead_letters WHERE id = $1", number)
    assert raw is not None  # noqa: S101  (it was there a moment ago, and is never deleted while open)
    return Letter(**rows[0]), raw["key"], raw["value"], list(headers_from_json(raw["headers"]))


async def gaps(connection: Connection, consumer: str) -> list[Gap]:
    """Keys that wait for a missing sequence, the oldest first."""
    rows = await connection.fetch(
        "SELECT k.subject, k.source, s.sequence AS position, min(e.sequence) AS lowest_parked, count(e.id) AS parked, "
        "k.since FROM parked_keys k "
        "LEFT JOIN stream_in s ON s.subject = k.subject AND s.source = k.source AND s.consumer = k.consumer "
        "LEFT JOIN parked_events e ON e.subject = k.subject AND e.source = k.source AND e.consumer = k.consumer "
        "WHERE k.consumer = $1 AND k.reason = 'gap' GROUP BY k.subject, k.source, s.sequence, k.since ORDER BY k.since",
        consumer,
    )
    return [Gap(**row) for row in rows]


async def retry(inbox: Inbox, connection: Connection, number: int) -> int:
    """Take a dead letter in now, then what is parked behind it; returns how many events were taken in.

    Raises NotDone when it is at fault still. When a later parked one is, that one becomes the dead letter that the key
    waits behind. Raises as `Inbox.take` does when something else goes wrong; in each case nothing has changed.
    """
    batch = Batch(inbox, connection, careful=True)
    async with connection.transaction():
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        letter = await _lock(connection, inbox, number)
        arrival = inbox.read(stored_record(letter))
        if arrival is None:
            raise NotDone("this service does not answer for it any more; discard it")
        await connection.execute(
            "UPDATE dead_letters SET state = 'retried', settled_at = clock_timestamp() WHERE id = $1", number
        )
        settled = await batch.run([arrival], released=await _held_by(connection, letter))
        if (why := settled.refused(arrival)) is not None:
            raise NotDone(f"it is at fault still: {why}")
        await batch.tx.flush()
    inbox.settle(batch)
    return batch.outcome.handled + batch.outcome.skipped


async def accept(inbox: Inbox, connection: Connection, number: int) -> int:
    """Take in an event that came after its turn (`sequence_regressed`), once and out of order; returns 1.

    Its key's position stays, and what waits goes on waiting. Raises NotDone for every other reason, and when the event
    is at fault in another way as well; then nothing has changed.
    """
    batch = Batch(inbox, connection, careful=True)
    async with connection.transaction():
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        letter = await _lock(connection, inbox, number)
        if letter["reason"] != "sequence_regressed":
            raise NotDone("it did not come after its turn; retry or discard it")
        arrival = inbox.read(stored_record(letter))
        if arrival is None:
            raise NotDone("this service does not answer for it any more; discard it")
        await connection.execute(
            "UPDATE dead_letters SET state = 'retried', settled_at = clock_timestamp() WHERE id = $1", number
        )
        settled = await batch.run([arrival], out_of_turn=True)
        if (why := settled.refused(arrival)) is not None:
            raise NotDone(f"it is at fault: {why}")
        await batch.tx.flush()
    inbox.settle(batch)
    return batch.outcome.handled + batch.outcome.skipped


async def discard(inbox: Inbox, connection: Connection, number: int) -> int:
    """Never take this event in, nor a copy of it; its key goes on. Returns how many parked events were taken in."""
    batch = Batch(inbox, connection, careful=True)
    async with connection.transaction():
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        letter = await _lock(connection, inbox, number)
        await connection.execute(
            "UPDATE dead_letters SET state = 'discarded', settled_at = clock_timestamp() WHERE id = $1", number
        )
        stream = await _held_by(connection, letter)
        arrival = inbox.read(stored_record(letter)) or Arrival(stored_record(letter))
        await batch.step_over(arrival, stream)
        if stream is not None:
            await batch.run([], released=stream)
            await batch.tx.flush()
    inbox.settle(batch)
    return batch.outcome.handled + batch.outcome.skipped


async def skip_gap(inbox: Inbox, connection: Connection, subject: str, source: str) -> int:
    """Go on without the missing event: the lowest parked sequence is the next one. Returns how many were taken in.

    For an event that its owner says will never come, or that is a dead letter whose key could not be read.
    """
    batch = Batch(inbox, connection, careful=True)
    async with connection.transaction():
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        held = await connection.fetchval(
            "SELECT reason FROM parked_keys WHERE subject = $1 AND source = $2 AND consumer = $3 FOR UPDATE",
            subject,
            source,
            inbox.consumer,
        )
        if held != "gap":
            raise NotDone("this key does not wait for a missing event")
        await connection.execute(_STEP_TO_PARKED, subject, source, inbox.consumer)
        await batch.run([], released=(subject, source))
        await batch.tx.flush()
    inbox.settle(batch)
    return batch.outcome.handled + batch.outcome.skipped


async def skip_beginnings(inbox: Inbox, connection: Connection) -> int:
    """Go on without the beginnings of all subjects that wait for their first event; returns how many those were.

    For a reader that met topics which had lost their past. From its next start on, the first sequence that it sees of
    an unknown subject is the base.
    """
    await connection.execute('UPDATE first_read SET "offset" = 1 WHERE consumer = $1 AND "offset" = 0', inbox.consumer)
    waiting = [gap for gap in await gaps(connection, inbox.consumer) if gap.position is None]
    for gap in waiting:
        await skip_gap(inbox, connection, gap.subject, gap.source)
    return len(waiting)


# Of a subject whose first event is missing there is no position yet.
_STEP_TO_PARKED = """
INSERT INTO stream_in AS s (subject, source, consumer, sequence, bound)
SELECT subject, source, consumer, min(sequence) - 1, false FROM parked_events
WHERE subject = $1 AND source = $2 AND consumer = $3 GROUP BY subject, source, consumer
ON CONFLICT (subject, source, consumer) DO UPDATE SET sequence = excluded.sequence
"""

_LETTER = """
SELECT d.id, d.state, d.reason, d.detail, d.topic, d.partition, d."offset", d.source, d.subject, d.sequence, d.event_id,
       d.type, d.received_at,
       (SELECT count(*) FROM parked_keys k JOIN parked_events e USING (subject, source, consumer)
        WHERE k.dead_letter_id = d.id) AS parked
FROM dead_letters d
"""


async def _lock(connection: Connection, inbox: Inbox, number: int) -> Any:
    """The letter's row. The lock of the key it holds, if it holds one, comes first: batches wait there."""
    await connection.execute("SELECT 1 FROM parked_keys WHERE dead_letter_id = $1 FOR UPDATE", number)
    letter = await connection.fetchrow(
        "SELECT * FROM dead_letters WHERE id = $1 AND consumer = $2 FOR UPDATE", number, inbox.consumer
    )
    if letter is None:
        raise NotDone(f"there is no dead letter {number}")
    if letter["state"] != "open":
        raise NotDone(f"dead letter {number} was {letter['state']} already")
    return letter


async def _held_by(connection: Connection, letter: Any) -> Stream | None:
    row = await connection.fetchrow("SELECT subject, source FROM parked_keys WHERE dead_letter_id = $1", letter["id"])
    return (row["subject"], row["source"]) if row is not None else None
