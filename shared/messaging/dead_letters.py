"""What a person does about dead letters and parked keys: look, retry, accept, discard, step over a gap, set aside.

Each act has the reader for itself until COMMIT, so that nothing is taken in meanwhile: what arrives queues behind. One
that fails leaves everything as it was. What waits behind is taken in a few hundred at a time, each lot a transaction;
an act that was cut off in between is done again, and goes on where it stopped. Lists come a page at a time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from shared.base.cloudevents import Arrival
from shared.base.failures import Failure, classify
from shared.base.listing import Page, page_at
from shared.messaging.inbox import Batch, Inbox
from shared.messaging.plan import Stream
from shared.messaging.records import headers_from_json
from shared.messaging.rows import Rows, stored_record
from shared.storage.order import Order
from shared.storage.tx import Connection, Tx

T = TypeVar("T")

STANDS_S = 60.0
"""A reader that has not said for so long that it stands before an event stands there no more."""
OF_CAUSE_AT_ONCE = 500
"""Dead letters of one cause whose numbers are looked up at a time; each is settled in transactions of its own."""


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
    fingerprint: str
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


@dataclass(frozen=True, slots=True)
class Halt:
    """An event that a halted reader stands before, and the type of the error that our code has with it."""

    id: int
    error: str
    topic: str
    partition: int
    offset: int
    source: str | None
    event_id: str | None
    type: str | None
    halted_at: datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """Open dead letters of one origin: how many, up to which number, and how many events wait behind them.

    The number is one that no later dead letter can be below: what comes meanwhile is not among them.
    """

    count: int
    up_to: int
    parked: int


@dataclass(frozen=True, slots=True)
class Settled:
    """How many dead letters were settled, how many are at fault still, and how many events were taken in."""

    settled: int
    left: int
    taken_in: int


Act = Callable[[Inbox, Connection, int], Awaitable[int]]
"""`retry`, `accept` or `discard`."""


Listed = tuple[list[T], str | None]
"""Rows of a page, and the cursor of the next one."""

HALTS, GROUPS, LETTERS, GAPS = Page("halted"), Page("group"), Page("dead_letter"), Page("gap")
"""The first pages."""

_BY_CAUSE = Order({"fingerprint": "text"})
_OF_A_CAUSE = Order({"fingerprint": "text", "id": "bigint"})
_BY_NUMBER = Order({"id": "bigint"})
_BY_AGE = Order({"since": "timestamptz", "subject": "text", "source": "text"})

_OPEN = "dead_letters WHERE state = 'open' AND consumer = $1"
_OF_CAUSE = "fingerprint = $2 AND id > $3 AND id <= $4"
_LAST = 2**63 - 1

_STANDS = """
SELECT id, error, topic, partition, "offset", source, event_id, type, halted_at FROM halts
WHERE consumer = $1 AND set_aside_at IS NULL AND seen_at > clock_timestamp() - $2 * interval '1 second'
"""

_GAPS = f"""
SELECT k.subject, k.source, e.lowest_parked, e.parked, k.since, (
    SELECT sequence FROM stream_in s WHERE s.subject = k.subject AND s.source = k.source AND s.consumer = k.consumer
) AS position
FROM (
    SELECT * FROM parked_keys WHERE consumer = $1 AND reason = 'gap' AND {_BY_AGE.after(2)}
    ORDER BY {_BY_AGE.by} LIMIT $3
) AS k
CROSS JOIN LATERAL (
    SELECT min(p.sequence) AS lowest_parked, count(*) AS parked FROM parked_events p
    WHERE p.subject = k.subject AND p.source = k.source AND p.consumer = k.consumer
) AS e
ORDER BY k.since, k.subject, k.source
"""


async def count_open(tx: Tx) -> tuple[int, datetime | None]:
    """How many are open, and when the oldest of them came (machine time)."""
    row = await tx.fetchrow(
        "SELECT count(*) AS count, min(received_at) AS since FROM dead_letters WHERE state = 'open'"
    )
    return (0, None) if row is None else (row["count"], row["since"])


async def groups(connection: Connection, consumer: str, page: Page = GROUPS) -> Listed[Group]:
    """Open dead letters by cause; on each page the largest first."""
    rows = await connection.fetch(
        "SELECT fingerprint, min(reason) AS reason, min(detail) AS detail, min(type) AS type, count(*) AS count, "
        f"min(id) AS first_id, min(received_at) AS since FROM {_OPEN} AND {_BY_CAUSE.after(2)} "
        f"GROUP BY {_BY_CAUSE.by} ORDER BY {_BY_CAUSE.by} LIMIT $3",
        consumer,
        page.after,
        page.wanted,
    )
    found, following = page.cut([((row["fingerprint"],), Group(**row)) for row in rows])
    return sorted(found, key=lambda group: (-group.count, group.first_id)), following


async def letters(connection: Connection, consumer: str, page: Page = LETTERS) -> Listed[Letter]:
    """Open dead letters one by one: by cause, and those of one in the order of their arrival."""
    rows = await connection.fetch(
        f"{_LETTER} FROM ("
        f"SELECT * FROM {_OPEN} AND {_OF_A_CAUSE.after(2)} ORDER BY {_OF_A_CAUSE.by} LIMIT $3"
        f") AS d ORDER BY {_OF_A_CAUSE.by}",
        consumer,
        page.after,
        page.wanted,
    )
    return page.cut([((row["fingerprint"], str(row["id"])), Letter(**row)) for row in rows])


async def show(connection: Connection, number: int) -> tuple[Letter, bytes | None, bytes | None, list[Any]]:
    """A dead letter whole: what is known of it, its key, its value and its headers. They may hold personal data."""
    rows = await connection.fetch(f"{_LETTER} FROM dead_letters AS d WHERE d.id = $1", number)
    if not rows:
        raise NotDone(f"there is no dead letter {number}")
    raw = await connection.fetchrow("SELECT key, value, headers FROM dead_letters WHERE id = $1", number)
    assert raw is not None  # noqa: S101  (it was there a moment ago, and is never deleted while open)
    return Letter(**rows[0]), raw["key"], raw["value"], list(headers_from_json(raw["headers"]))


async def gaps(connection: Connection, consumer: str, page: Page = GAPS) -> Listed[Gap]:
    """Keys that wait for a missing sequence, the oldest first."""
    rows = await connection.fetch(_GAPS, consumer, page.after, page.wanted)
    return page.cut([((row["since"].isoformat(), row["subject"], row["source"]), Gap(**row)) for row in rows])


async def halts(connection: Connection, consumer: str, page: Page = HALTS) -> Listed[Halt]:
    """Events that a reader stands before at this moment."""
    rows = await connection.fetch(
        f"{_STANDS} AND {_BY_NUMBER.after(3)} ORDER BY {_BY_NUMBER.by} LIMIT $4",
        consumer,
        STANDS_S,
        page.after,
        page.wanted,
    )
    return page.cut([((str(row["id"]),), Halt(**row)) for row in rows])


LISTS: Mapping[str, Callable[[Connection, str, Page], Awaitable[Listed[Any]]]] = {
    HALTS.of: halts,
    GROUPS.of: groups,
    LETTERS.of: letters,
    GAPS.of: gaps,
}
"""By what each row of one is called."""


async def cause(inbox: Inbox, connection: Connection, fingerprint: str, up_to: int = _LAST) -> Cause:
    """The open dead letters of it that have a number up to this one, or all there are now.

    Nothing is being taken in at the moment of the look. Else a batch that has drawn its numbers, and commits after
    another one with higher ones, would add to what was counted. Raises NotDone when there is none.
    """
    async with connection.transaction():
        await Rows(inbox.tx(connection), inbox.consumer).alone()
        last = await connection.fetchval(
            f"SELECT max(id) FROM {_OPEN} AND {_OF_CAUSE}", inbox.consumer, fingerprint, 0, up_to
        )
    if last is None:
        raise NotDone(f"there is no open dead letter with the fingerprint {fingerprint}")
    found = await connection.fetchrow(
        f"WITH found AS (SELECT id FROM {_OPEN} AND {_OF_CAUSE}) SELECT (SELECT count(*) FROM found) AS count, "
        "(SELECT count(*) FROM found JOIN parked_keys k ON k.dead_letter_id = found.id "
        "JOIN parked_events e USING (subject, source, consumer)) AS parked",
        inbox.consumer,
        fingerprint,
        0,
        last,
    )
    assert found is not None  # noqa: S101  (one row of counts)
    return Cause(found["count"], last, found["parked"])


async def settle_cause(
    inbox: Inbox, connection: Connection, fingerprint: str, act: Act, counted: tuple[int, int] | None
) -> Settled:
    """`act` on every open dead letter of one origin, in their order, each a transaction (or several) of its own.

    `counted` is how many there are up to which number, as `cause` has said: whoever decides about all has seen how many
    that is, and what came since is left alone. Raises NotDone, and nothing has changed, when it is something else.
    """
    count, up_to = counted or (None, _LAST)
    found = await cause(inbox, connection, fingerprint, up_to)
    if count != found.count:
        raise NotDone(
            f"{found.count} dead letters up to number {found.up_to} have this fingerprint, and {found.parked} events "
            f"wait behind them; to do it with all of them, say {found.count} {found.up_to} behind the fingerprint"
        )
    settled = left = taken = last = 0
    while numbers := await connection.fetch(
        f"SELECT id FROM {_OPEN} AND {_OF_CAUSE} ORDER BY id LIMIT $5",
        inbox.consumer,
        fingerprint,
        last,
        found.up_to,
        OF_CAUSE_AT_ONCE,
    ):
        for (last,) in numbers:
            try:
                taken += await act(inbox, connection, last)
                settled += 1
            except NotDone:
                left += 1
    return Settled(settled, left, taken)


async def retry(inbox: Inbox, connection: Connection, number: int) -> int:
    """Take a dead letter in now, then what is parked behind it; returns how many events were taken in.

    Raises NotDone when it is at fault still, or our code is. When a later parked one is, that one becomes the dead
    letter that the key waits behind. Raises as `Inbox.take` does when something else goes wrong; then nothing has
    changed.
    """

    async def once(batch: Batch) -> None:
        letter = await _open(connection, inbox, number)
        arrival = inbox.read(stored_record(letter))
        if arrival is None:
            raise NotDone("this service does not answer for it any more; discard it")
        settled = await batch.run([arrival], released=await _held_by(connection, letter))
        if (why := settled.refused(arrival)) is not None:
            raise NotDone(f"it is at fault still: {why}")
        await _settle(connection, batch, letter, "retried")

    return await _in_lots(inbox, connection, once)


async def accept(inbox: Inbox, connection: Connection, number: int) -> int:
    """Take in an event that came after its turn (`sequence_regressed`), once and out of order; returns 1.

    Its key's position stays, and what waits goes on waiting. Raises NotDone for every other reason, and when the event
    is at fault in another way as well; then nothing has changed.
    """

    async def once(batch: Batch) -> None:
        letter = await _open(connection, inbox, number)
        if letter["reason"] != "sequence_regressed":
            raise NotDone("it did not come after its turn; retry or discard it")
        arrival = inbox.read(stored_record(letter))
        if arrival is None:
            raise NotDone("this service does not answer for it any more; discard it")
        settled = await batch.run([arrival], out_of_turn=True)
        if (why := settled.refused(arrival)) is not None:
            raise NotDone(f"it is at fault: {why}")
        await _settle(connection, batch, letter, "retried")

    return await _in_lots(inbox, connection, once)


async def discard(inbox: Inbox, connection: Connection, number: int) -> int:
    """Never take this event in, nor a copy of it; its key goes on. Returns how many parked events were taken in."""

    async def once(batch: Batch) -> None:
        letter = await _open(connection, inbox, number)
        stream = await _held_by(connection, letter)
        arrival = inbox.read(stored_record(letter)) or Arrival(stored_record(letter))
        await batch.step_over(arrival, stream)
        if stream is not None:
            await batch.run([], released=stream)
        await _settle(connection, batch, letter, "discarded")

    return await _in_lots(inbox, connection, once)


async def skip_gap(inbox: Inbox, connection: Connection, subject: str, source: str) -> int:
    """Go on without the missing event: the lowest parked sequence is the next one. Returns how many were taken in.

    For an event that its owner says will never come, or that is a dead letter whose key could not be read.
    """
    begun = False

    async def once(batch: Batch) -> None:
        nonlocal begun
        held = await connection.fetchval(
            "SELECT reason FROM parked_keys WHERE subject = $1 AND source = $2 AND consumer = $3",
            subject,
            source,
            inbox.consumer,
        )
        if held != "gap":
            if begun:
                return
            raise NotDone("this key does not wait for a missing event")
        if not begun:
            await connection.execute(_STEP_TO_PARKED, subject, source, inbox.consumer)
        await batch.run([], released=(subject, source))
        begun = True

    return await _in_lots(inbox, connection, once)


async def set_aside(inbox: Inbox, connection: Connection, number: int) -> Halt:
    """Let the reader that stands before this event go on without it: it becomes a dead letter in its turn.

    Nothing of it has an effect, and what comes after it in its subject waits behind it. The reader itself does it, with
    its next look; a retry takes the event in when our code can.
    """
    found = await connection.fetchrow(f"{_STANDS} AND id = $3", inbox.consumer, STANDS_S, number)
    if found is None:
        raise NotDone(f"no reader stands before an event with the number {number}")
    await connection.execute("UPDATE halts SET set_aside_at = clock_timestamp() WHERE id = $1", number)
    return Halt(**found)


async def skip_beginnings(inbox: Inbox, connection: Connection) -> tuple[int, int]:
    """Go on without the beginnings of all subjects that wait for their first event.

    How many go on, and how many could not: what comes next in one of them may be at fault in another way. For a reader
    that met topics which had lost their past. From its next start on, the first sequence that it sees of an unknown
    subject is the base.
    """
    await connection.execute('UPDATE first_read SET "offset" = 1 WHERE consumer = $1 AND "offset" = 0', inbox.consumer)
    gone_on = left = 0
    page: Page | None = GAPS
    while page is not None:
        waiting, following = await gaps(connection, inbox.consumer, page)
        for gap in waiting:
            if gap.position is None:
                try:
                    await skip_gap(inbox, connection, gap.subject, gap.source)
                    gone_on += 1
                except NotDone:
                    left += 1
        page = None if following is None else page_at(following, [GAPS.of])
    return gone_on, left


# Of a subject whose first event is missing there is no position yet.
_STEP_TO_PARKED = """
INSERT INTO stream_in AS s (subject, source, consumer, sequence, bound)
SELECT subject, source, consumer, min(sequence) - 1, false FROM parked_events
WHERE subject = $1 AND source = $2 AND consumer = $3 GROUP BY subject, source, consumer
ON CONFLICT (subject, source, consumer) DO UPDATE SET sequence = excluded.sequence
"""

_LETTER = """
SELECT d.id, d.state, d.fingerprint, d.reason, d.detail, d.topic, d.partition, d."offset", d.source, d.subject,
       d.sequence, d.event_id, d.type, d.received_at,
       (SELECT count(*) FROM parked_keys k JOIN parked_events e USING (subject, source, consumer)
        WHERE k.dead_letter_id = d.id) AS parked
"""


async def _in_lots(inbox: Inbox, connection: Connection, once: Callable[[Batch], Awaitable[None]]) -> int:
    """Do it, each time in a transaction that nothing of this reader runs beside, until no more waits.

    How many events were taken in. What our code fails on is blamed on its event, which may wait for another version.
    """
    taken, goes_on = 0, True
    while goes_on:
        batch = Batch(inbox, connection, careful=True, blame_bugs=True)
        try:
            async with connection.transaction():
                await batch.alone()
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
                await once(batch)
                await batch.tx.flush()
        except Exception as error:
            if isinstance(error, NotDone) or classify(error) is Failure.TRANSIENT:
                raise
            raise NotDone(f"it cannot be taken in by this version: {type(error).__name__}") from error
        inbox.settle(batch)
        taken += batch.outcome.handled + batch.outcome.skipped
        goes_on = bool(batch.outcome.go_on)
    return taken


async def _open(connection: Connection, inbox: Inbox, number: int) -> Any:
    """The letter's row; nobody else decides about it now."""
    letter = await connection.fetchrow(
        "SELECT * FROM dead_letters WHERE id = $1 AND consumer = $2", number, inbox.consumer
    )
    if letter is None:
        raise NotDone(f"there is no dead letter {number}")
    if letter["state"] != "open":
        raise NotDone(f"dead letter {number} was {letter['state']} already")
    return letter


async def _settle(connection: Connection, batch: Batch, letter: Any, state: str) -> None:
    """It is over, unless more waits behind it than one transaction takes: then it stays open, and its key locked."""
    if not batch.outcome.go_on:
        await connection.execute(
            "UPDATE dead_letters SET state = $2, settled_at = clock_timestamp() WHERE id = $1", letter["id"], state
        )


async def _held_by(connection: Connection, letter: Any) -> Stream | None:
    row = await connection.fetchrow("SELECT subject, source FROM parked_keys WHERE dead_letter_id = $1", letter["id"])
    return (row["subject"], row["source"]) if row is not None else None
