"""Messages: one row for each natural key, whatever happens to it on its way."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from pydantic import TypeAdapter

from services.notifications.domain.calendar.entry import Entry
from services.notifications.domain.letter import Letter
from services.notifications.domain.text import address_key, is_address, lines, one_line, storable
from shared.base.cause import Cause
from shared.contracts.notifications import MessageFailed
from shared.storage.tx import Tx

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_DIGEST = re.compile("[0-9a-f]{32}")
INVALID_ADDRESS = "invalid_address"


@dataclass(frozen=True, slots=True)
class Message:
    """A row as the mailer, the staff and `why` read it."""

    id: str
    number: int
    template: str
    recipient: str
    about: str
    occasion: str
    programme_id: str | None
    name: str
    email: str
    address_key: str
    says: dict[str, Any]
    calendar: Entry | None
    written_at: datetime
    state: str
    attempts: int
    reply: str | None
    sent_at: datetime | None
    cause: Cause

    @property
    def key(self) -> str:
        """The natural key as one string: Message-ID and MIME boundaries come from it."""
        return f"{self.template}\n{self.recipient}\n{self.about}\n{self.occasion}"


COLUMNS = """
    m.id, m.number, m.template, m.recipient, m.about, m.occasion, m.programme_id, m.name, m.email, m.address_key,
    m.says::text AS says, m.calendar::text AS calendar, m.written_at, m.state, m.attempts, m.reply, m.sent_at,
    m.correlation_id, m.causation_id, m.actor
"""


def message(row: asyncpg.Record) -> Message:
    """From a row with COLUMNS."""
    return Message(
        id=row["id"],
        number=row["number"],
        template=row["template"],
        recipient=row["recipient"],
        about=row["about"],
        occasion=row["occasion"],
        programme_id=row["programme_id"],
        name=row["name"],
        email=row["email"],
        address_key=row["address_key"],
        says=json.loads(row["says"]),
        calendar=None if row["calendar"] is None else _ENTRY.validate_json(row["calendar"]),
        written_at=row["written_at"],
        state=row["state"],
        attempts=row["attempts"],
        reply=row["reply"],
        sent_at=row["sent_at"],
        cause=Cause(row["correlation_id"], row["causation_id"], row["actor"]),
    )


async def write(tx: Tx, letters: Sequence[tuple[Letter, Cause]]) -> list[Letter]:
    """Put letters in the queue, each once for ever; returns the new ones. An address that is none fails at once."""
    if not letters:
        return []
    columns = [_row(letter, cause) for letter, cause in letters]
    rows = await tx.fetch(
        """
        INSERT INTO messages (id, template, recipient, about, occasion, programme_id, people, name, email, address_key,
                              says, calendar, written_at, state, reply, correlation_id, causation_id, actor)
        SELECT id, template, recipient, about, occasion, programme_id, string_to_array(people, chr(10)), name, email,
               address_key, says::jsonb, calendar::jsonb, written_at, state, reply, correlation_id, causation_id, actor
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                    $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::text[], $15::text[],
                    $16::text[], $17::text[], $18::text[])
             WITH ORDINALITY AS u (id, template, recipient, about, occasion, programme_id, people, name, email,
                   address_key, says, calendar, written_at, state, reply, correlation_id, causation_id, actor, position)
        ORDER BY position
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        *(list(column) for column in zip(*columns, strict=True)),
    )
    inserted = {row["id"] for row in rows}
    new = {letter.id: (letter, cause) for letter, cause in letters if letter.id in inserted}
    for letter, cause in new.values():
        if not is_address(letter.to.email):
            tx.publish(failed(tx.source, letter, INVALID_ADDRESS), because=cause)
    return [letter for letter, _ in new.values()]


def failed(owner: str, letter: Letter, reason: str) -> MessageFailed:
    return MessageFailed(
        owner=owner,
        message_id=letter.id,
        template=letter.template,
        recipient=letter.to.key,
        about=letter.about,
        occasion=letter.occasion,
        reason=reason,
    )


def as_stored(letter: Letter, cause: Cause) -> Message:
    """The message that `write` makes of a letter, without storing it."""
    row = _row(letter, cause)
    return Message(
        id=letter.id,
        number=0,
        template=letter.template,
        recipient=letter.to.key,
        about=letter.about,
        occasion=letter.occasion,
        programme_id=letter.programme.id if letter.programme else None,
        name=row[7],
        email=row[8],
        address_key=row[9],
        says=json.loads(row[10]),
        calendar=None if row[11] is None else _ENTRY.validate_json(row[11]),
        written_at=letter.written_at,
        state=row[13],
        attempts=0,
        reply=row[14],
        sent_at=None,
        cause=cause,
    )


def _row(letter: Letter, cause: Cause) -> tuple[Any, ...]:
    says = dict(letter.says)
    if letter.programme is not None:
        says["programme"] = letter.programme.model_dump(mode="json")
    reachable = is_address(letter.to.email)
    return (
        letter.id,
        letter.template,
        storable(letter.to.key),
        storable(letter.about),
        storable(letter.occasion),
        letter.programme.id if letter.programme else None,
        storable("\n".join(letter.people)),
        one_line(letter.to.name),
        one_line(letter.to.email, 320),
        address_key(letter.to.email),
        json.dumps(_bounded(says), ensure_ascii=False),
        None if letter.calendar is None else _ENTRY.dump_json(_clean(letter.calendar)).decode(),
        letter.written_at,
        "pending" if reachable else "failed",
        None if reachable else INVALID_ADDRESS,
        cause.correlation_id,
        cause.causation_id,
        cause.actor,
    )


def _bounded(value: Any) -> Any:
    """JSON that fits a letter: no text longer than one, no NUL."""
    if isinstance(value, str):
        return lines(value)
    if isinstance(value, dict):
        return {str(key): _bounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value]
    return value


def _clean(entry: Entry) -> Entry:
    return _ENTRY.validate_python(storable(_ENTRY.dump_python(entry)))


async def find_mail(tx: Tx, digest: str) -> Message | None:
    """By what its Message-ID begins with (`mime.message_id`). It reads the whole table: for a person who asks."""
    if not _DIGEST.fullmatch(digest):
        return None
    key = "concat_ws(chr(10), m.template, m.recipient, m.about, m.occasion)"
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM messages m WHERE left(encode(sha256(convert_to({key}, 'UTF8')), 'hex'), 32) = $1",
        digest,
    )
    return None if row is None else message(row)


async def load(tx: Tx, message_id: str) -> Message | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM messages m WHERE m.id = $1", message_id)
    return None if row is None else message(row)


async def find(
    tx: Tx,
    *,
    states: Sequence[str] = (),
    about: str | None = None,
    recipient: str | None = None,
    template: str | None = None,
    programme_id: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Message]:
    """The newest first; `before` is the number of the last one seen."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM messages m
        WHERE ($1::text[] = '{{}}' OR m.state = ANY($1::text[])) AND ($2::text IS NULL OR m.about = $2)
          AND ($3::text IS NULL OR m.recipient = $3) AND ($4::text IS NULL OR m.template = $4)
          AND ($5::text IS NULL OR m.programme_id = $5) AND ($6::bigint IS NULL OR m.number < $6)
        ORDER BY m.number DESC LIMIT $7
        """,
        list(states),
        about,
        recipient,
        template,
        programme_id,
        before,
        limit,
    )
    return [message(row) for row in rows]


async def count_by_state(tx: Tx) -> dict[str, int]:
    rows = await tx.fetch("SELECT state, count(*) AS count FROM messages GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


async def send_again(tx: Tx, message_id: str) -> bool:
    """A person has decided that a message whose fate is unknown, or that failed, goes out (again)."""
    changed = await tx.fetchval(
        """
        UPDATE messages SET state = 'pending', attempts = 0, not_before = now(), stored_at = now(), reply = NULL
        WHERE id = $1 AND state IN ('unknown', 'failed') AND reply IS DISTINCT FROM $2 RETURNING id
        """,
        message_id,
        INVALID_ADDRESS,
    )
    return changed is not None


async def settle(tx: Tx, message_id: str) -> bool:
    """A person has seen to it in another way; it is never sent."""
    changed = await tx.fetchval(
        "UPDATE messages SET state = 'settled' WHERE id = $1 AND state IN ('unknown', 'failed') RETURNING id",
        message_id,
    )
    return changed is not None
