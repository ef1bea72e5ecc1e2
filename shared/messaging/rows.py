"""What the reading side keeps in PostgreSQL: inbox, positions, parked keys and events, dead letters, owners.

Every statement takes a whole batch. Rows are locked in the order in which they are sorted.

A dead letter and a parked event are known by `identity` and the consumer. The older key, their place, is still unique
for the version before, whose statements name it; a record that finds its place taken by another one, because the topic
was made anew, moves that one to a place that no topic has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from shared.base.cloudevents import Arrival
from shared.messaging.plan import Dead, Lock, Partition, Stream
from shared.messaging.records import StoredRecord, headers_from_json, headers_to_json, identity
from shared.storage.columns import Columns, sent
from shared.storage.erasure import READING
from shared.storage.table import Table, columns_of
from shared.storage.tx import Tx

FROM_ELSEWHERE = -(2**62)
"""Offsets from here downwards are none."""

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

WAITING = """
SELECT subject, source, reason FROM parked_keys WHERE subject = ANY (string_to_array($1, E'\\x1f')) AND consumer = $2
"""

LOCK_POSITIONS = """
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
    "identity": "uuid",
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

# In each stream the first so many, in the order in which they are taken out.
_PARKED = """
SELECT e.* FROM unnest($2::text[], $3::text[]) AS u (subject, source) CROSS JOIN LATERAL (
    SELECT id, subject, source, topic, partition, "offset", key, value, headers, timestamp_ms
    FROM parked_events p WHERE p.subject = u.subject AND p.source = u.source AND p.consumer = $1
    ORDER BY coalesce(sequence, 0), id LIMIT $4
) AS e
"""

# Who stands at the place of a new record: the same one, from the version before, which knows no identity and gets it;
# or another one, from before the topic was made anew, which goes.
_MAKE_ROOM = """
UPDATE {table} old SET
    identity = CASE WHEN {same} THEN new.identity ELSE old.identity END,
    "offset" = CASE WHEN {same} THEN old."offset" ELSE -1 - old.id END
FROM {source}
WHERE old."offset" = new."offset" AND old.partition = new.partition AND old.topic = new.topic
    AND old.consumer = new.consumer AND old.identity IS DISTINCT FROM new.identity
"""
_SAME = """(
    old.identity IS NULL AND old.value IS NOT DISTINCT FROM new.value AND old.timestamp_ms = new.timestamp_ms
    AND NOT EXISTS (SELECT FROM {table} o WHERE o.identity = new.identity AND o.consumer = new.consumer)
)"""

_HEALED = """
SELECT k.subject, k.source FROM parked_keys k JOIN stream_in s USING (subject, source, consumer)
WHERE k.consumer = $1 AND k.reason = 'gap' AND EXISTS (
    SELECT FROM parked_events e WHERE e.subject = k.subject AND e.source = k.source AND e.consumer = k.consumer
    AND e.sequence = s.sequence + 1)
"""

_UNPARK = "DELETE FROM parked_events WHERE id = ANY ($1::bigint[])"
_FORGET = "DELETE FROM inbox WHERE uid = ANY ($1) AND consumer = $2"

_HALT = """
INSERT INTO halts (uid, consumer, topic, partition, "offset", source, event_id, type, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (uid, consumer) DO UPDATE SET error = excluded.error, seen_at = clock_timestamp() RETURNING id
"""
_CONDEMNED = "SELECT uid::text, error FROM halts WHERE consumer = $1 AND set_aside_at IS NOT NULL"


class Rows:
    """Of one reader, in one transaction."""

    def __init__(self, tx: Tx, consumer: str) -> None:
        self._tx = tx
        self._consumer = consumer
        self._lock = int.from_bytes(hashlib.sha256(f"tovholder reads {consumer}".encode()).digest()[:8], signed=True)

    async def insert(self, arrivals: Sequence[Arrival]) -> frozenset[str]:
        """Into the inbox; the ids that were not there: the answer and the lock in one."""
        if not arrivals:
            return frozenset()
        sql, arguments = taking(
            self._consumer,
            {
                "uid": [a.uid for a in arrivals],
                "source": [a.source for a in arrivals],
                "event_id": [a.id for a in arrivals],
                "type": [a.type or "" for a in arrivals],
                "subject": [a.subject for a in arrivals],
                "sequence": [a.sequence for a in arrivals],
                "occurred_at": [a.time or self._tx.now for a in arrivals],
                "correlation_id": [a.correlation_id or a.id for a in arrivals],
                "causation_id": [a.causation_id for a in arrivals],
                "actor": [a.actor for a in arrivals],
            },
        )
        rows = await self._tx.fetch(sql, *arguments)
        return frozenset([row["uid"] for row in rows])

    async def forget(self, uids: Sequence[str]) -> None:
        """Out of the inbox again: they were not taken in after all."""
        if uids:
            await self._tx.execute(_FORGET, uids, self._consumer)

    async def note_first(self, lowest: Mapping[Partition, int]) -> dict[Partition, int]:
        """Where this reader's knowledge of each partition begins: the offset given, if nobody noted another before."""
        if not lowest:
            return {}
        listed = sorted(lowest)
        where = [topic for topic, _ in listed], [number for _, number in listed]
        await self._tx.execute(_NOTE_FIRST, self._consumer, *where, [lowest[partition] for partition in listed])
        rows = await self._tx.fetch(_FIRST, self._consumer, *where)
        return {(row["topic"], row["partition"]): row["offset"] for row in rows}

    async def beside_others(self) -> None:
        """Batches of one reader go side by side, and wait here for an operator's act to be over, until COMMIT."""
        await self._tx.execute(
            "SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock_shared($2)", self._lock, READING
        )

    async def alone(self) -> None:
        """Nothing else of this reader goes on until COMMIT: no batch, and no other act of an operator."""
        await self._tx.execute(
            "SELECT pg_advisory_xact_lock($1), pg_advisory_xact_lock_shared($2)", self._lock, READING
        )

    async def lock(self, subjects: Sequence[str]) -> tuple[dict[Stream, Lock], dict[Stream, tuple[int | None, bool]]]:
        """Why streams of these subjects wait, and where they stand: sequence, and whether the source owns the subject.

        Two statements, positions first: a producer may have put one stream on two partitions, and what the other one's
        reader has made of it by then is seen by a later statement only. No subject that was read has a control
        character.
        """
        listed = "\x1f".join(subjects)
        positions = await self._tx.fetch(LOCK_POSITIONS, listed, self._consumer)
        parked = await self._tx.fetch(WAITING, listed, self._consumer)
        return (
            {(row["subject"], row["source"]): row["reason"] for row in parked},
            {(row["subject"], row["source"]): (row["sequence"], row["bound"]) for row in positions},
        )

    async def move(self, moved: Mapping[Stream, tuple[int | None, bool]]) -> None:
        """Where streams stand now; None leaves the sequence as it is."""
        if moved:
            sql, arguments = moving(
                self._consumer,
                {
                    "subject": [subject for subject, _ in moved],
                    "source": [source for _, source in moved],
                    "sequence": [sequence for sequence, _ in moved.values()],
                    "bound": [bound for _, bound in moved.values()],
                },
            )
            await self._tx.execute(sql, *arguments)

    async def load_parked(self, streams: Iterable[Stream], most: int) -> list[tuple[int, Stream, StoredRecord]]:
        """What waits in these streams, `most` of each, in the order of its sequence and arrival, with its number."""
        listed = sorted(streams)
        rows = await self._tx.fetch(
            _PARKED, self._consumer, [subject for subject, _ in listed], [source for _, source in listed], most
        )
        return [(row["id"], (row["subject"], row["source"]), stored_record(row)) for row in rows]

    async def load_healed(self) -> list[Stream]:
        """Streams that wait for a missing event although it is parked itself."""
        return [(row["subject"], row["source"]) for row in await self._tx.fetch(_HEALED, self._consumer)]

    async def park(self, arrivals: Sequence[Arrival]) -> None:
        if not arrivals:
            return
        rows = columns_of([self._row(arrival) | {"type": arrival.type or ""} for arrival in arrivals])
        await self._make_room("parked_events", rows)
        await _PARKED_EVENTS.insert_new(self._tx, rows)

    async def _make_room(self, table: str, rows: Columns) -> None:
        """No other record stands at the place of one of `rows`."""
        source, arguments = sent(rows, _DEAD_LETTER)
        same = _SAME.format(table=table)
        await self._tx.execute(_MAKE_ROOM.format(table=table, same=same, source=source), *arguments)

    async def unpark(self, numbers: Sequence[int]) -> None:
        if numbers:
            await self._tx.execute(_UNPARK, numbers)

    async def lock_streams(self, why: Mapping[Stream, int | None]) -> None:
        """They wait from now on: behind the dead letter of that number, or for what is missing (None)."""
        if why:
            await self._tx.execute(
                _LOCK,
                self._consumer,
                [subject for subject, _ in why],
                [source for _, source in why],
                ["gap" if number is None else "dead_letter" for number in why.values()],
                list(why.values()),
            )

    async def unlock_streams(self, streams: Collection[Stream]) -> None:
        if streams:
            subjects, sources = [subject for subject, _ in streams], [source for _, source in streams]
            await self._tx.execute(_UNLOCK, self._consumer, subjects, sources)

    async def bury(self, dead: Sequence[Dead]) -> dict[str, int]:
        """The number of each dead letter, by its identity."""
        if not dead:
            return {}
        # A record that came twice is one dead letter, and one statement may not touch a row twice.
        each = list({identity(one.arrival): one for one in dead}.values())
        rows = [self._row(one.arrival) for one in each]
        # What was parked may have stood, in a topic that is gone, where another one of the batch stands now.
        own = {place(row) for row, one in zip(rows, each, strict=True) if one.arrival.parked is None}
        for row, one in zip(rows, each, strict=True):
            if one.arrival.parked is not None and place(row) in own:
                row["offset"] = FROM_ELSEWHERE - one.arrival.parked
        columns = {
            **columns_of(rows),
            "reason": [one.defect.reason for one in each],
            "detail": [one.defect.detail for one in each],
            "fingerprint": [one.fingerprint for one in each],
        }
        await self._make_room("dead_letters", columns)
        sql, arguments = burying(columns)
        return {row["identity"]: row["id"] for row in await self._tx.fetch(sql, *arguments)}

    async def halted(self, arrival: Arrival, error: str) -> int:
        """Note that the reader stands before this event, and does so still; the number to set it aside by."""
        record = arrival.record
        number: int = await self._tx.fetchval(
            _HALT,
            identity(arrival),
            self._consumer,
            record.topic,
            record.partition,
            record.offset,
            arrival.source,
            arrival.id,
            arrival.type,
            error,
        )
        return number

    async def load_condemned(self) -> dict[str, str]:
        """Events that a person has set aside, each with the error that it halted the reader by."""
        return {row["uid"]: row["error"] for row in await self._tx.fetch(_CONDEMNED, self._consumer)}

    async def bind_owners(self, claims: Mapping[str, str]) -> dict[str, str]:
        """Each scope belongs to the first owner that told of it; who that is."""
        if not claims:
            return {}
        scopes = sorted(claims)
        await self._tx.execute(_BIND_SCOPES, scopes, [claims[scope] for scope in scopes])
        rows = await self._tx.fetch("SELECT scope, owner FROM owners WHERE scope = ANY ($1)", scopes)
        return {row["scope"]: row["owner"] for row in rows}

    def _row(self, arrival: Arrival) -> dict[str, Any]:
        """As it is kept: what came, byte for byte, and what could be read of it."""
        record = arrival.record
        return {
            "identity": identity(arrival),
            "consumer": self._consumer,
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


def place(row: Mapping[str, Any]) -> tuple[str, int, int]:
    return row["topic"], row["partition"], row["offset"]


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
    """The statement that makes dead letters, and its arguments.

    One that is there is opened again, with what came now and what is wrong with it now; what was discarded stays so.
    """
    source, arguments = sent(columns, _DEAD_LETTER)
    listed = ", ".join(f'"{name}"' for name in columns)
    anew = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in {"identity", "consumer"})
    sql = (
        f'INSERT INTO dead_letters AS d ({listed}) SELECT {listed} FROM {source} ORDER BY "#" '
        f"ON CONFLICT (identity, consumer) DO UPDATE SET {anew}, "
        "state = CASE d.state WHEN 'discarded' THEN d.state ELSE 'open' END, "
        "settled_at = CASE d.state WHEN 'discarded' THEN d.settled_at END "
        "RETURNING id, identity::text"
    )
    return sql, arguments
