"""Messages: one row for each natural key, whatever happens to it on its way."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
from pydantic import TypeAdapter

from services.notifications.domain.calendar.entry import Entry
from services.notifications.domain.letters import WROTE_THEMSELVES
from services.notifications.domain.message import HIDDEN, Message
from services.notifications.domain.text import storable
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns, cause_of
from shared.storage.tx import Tx

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
_DIGEST = re.compile("[0-9a-f]{32}")

_MESSAGES = Table(
    "messages",
    {
        "id": "text",
        "template": "text",
        "recipient": "text",
        "about": "text",
        "occasion": "text",
        "programme_id": "text",
        "people": "text[]",
        "name": "text",
        "email": "text",
        "address_key": "text",
        "says": "jsonb",
        "calendar": "jsonb",
        "written_at": "timestamptz",
        "state": "text",
        "reply": "text",
        "sent_at": "timestamptz",
        "claimed_by": "text",
        "lease_until": "timestamptz",
        "put_in_by": "text",
        "forgotten": "boolean",
        "introduces": "boolean",
        "subject_line": "text",
        **CAUSE,
    },
    key=("id",),
)
_PUT_IN_BY = """coalesce(m.put_in_by, CASE WHEN m.template IN (
    'place_confirmed', 'waitlisted', 'withdrawn', 'contact_appointed', 'extra_participant', 'extra_participant_removed',
    'note') THEN m.actor END)"""
_NOBODY = ""
# As the index of what waits for staff has it.
_FOR_STAFF = "m.state IN ('unknown', 'failed') AND NOT m.forgotten"
_BOUNCED = "coalesce(m.reply, '') ~ '^(smtp_5|invalid_address$)'"
COLUMNS = f"""
    m.id, m.number, m.template, m.recipient, m.about, m.occasion, m.programme_id, m.people, m.name, m.email,
    m.address_key, m.says::text AS says, m.calendar::text AS calendar, m.written_at, m.state, m.attempts, m.reply,
    m.sent_at, m.forgotten, m.subject_line, {_PUT_IN_BY} AS put_in_by, m.correlation_id, m.causation_id, m.actor
"""


_IN_TURN = Order({"m.number": "bigint"})


class Stored(NamedTuple):
    """A message, and what it goes back to."""

    message: Message
    cause: Cause


def stored(row: asyncpg.Record) -> Stored:
    """From a row with COLUMNS."""
    message = Message(
        id=row["id"],
        number=row["number"],
        template=row["template"],
        recipient=row["recipient"],
        about=row["about"],
        occasion=row["occasion"],
        programme_id=row["programme_id"],
        people=tuple(row["people"]),
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
        forgotten=row["forgotten"],
        put_in_by=row["put_in_by"] or None,
        subject=row["subject_line"],
    )
    return Stored(message, cause_of(row))


async def insert_new(tx: Tx, messages: Sequence[Stored]) -> set[str]:
    """Into the queue, in this order, each once for ever; the ids of those that were not there."""
    rows = [
        {
            "id": one.id,
            "template": one.template,
            "recipient": storable(one.recipient),
            "about": storable(one.about),
            "occasion": storable(one.occasion),
            "programme_id": one.programme_id,
            "people": json.dumps(storable(one.people)),
            "name": one.name,
            "email": one.email,
            "address_key": one.address_key,
            "says": json.dumps(one.says, ensure_ascii=False),
            "calendar": None if one.calendar is None else _calendar_json(one.calendar),
            "written_at": one.written_at,
            "state": one.state,
            "reply": one.reply,
            "put_in_by": one.put_in_by or _NOBODY,
            "forgotten": one.forgotten,
            "introduces": one.introduces,
            "subject_line": one.subject,
            **cause_columns(cause),
        }
        for one, cause in messages
    ]
    return set(await _MESSAGES.insert_in_order(tx, rows, returning="id"))


async def load_receipt(tx: Tx, about: str, person_id: str) -> Message | None:
    """The newest letter to this person that a receipt of a sign-up lies beside; None once its words are forgotten."""
    row = await tx.fetchrow(
        f"""
        SELECT {COLUMNS} FROM messages m
        WHERE m.about = $1 AND m.recipient = $2 AND m.template IN ('place_confirmed', 'waitlisted') AND NOT m.forgotten
        ORDER BY m.number DESC LIMIT 1
        """,
        about,
        person_id,
    )
    return None if row is None else stored(row).message


async def load_introduced(tx: Tx, recipients: Collection[str]) -> set[str]:
    """Those of them who know what is done with their data: a mail said so, or they put themselves in."""
    if not recipients:
        return set()
    rows = await tx.fetch(
        """
        SELECT u.recipient FROM unnest($1::text[]) AS u (recipient)
        WHERE EXISTS (SELECT FROM messages m WHERE m.recipient = u.recipient AND coalesce(m.introduces,
            m.template = ANY($2::text[]) OR CASE WHEN m.forgotten THEN m.template <> 'note'
            ELSE m.says ? 'introduction' END))
        """,
        sorted(recipients),
        sorted(WROTE_THEMSELVES),
    )
    return {row["recipient"] for row in rows}


async def save(tx: Tx, messages: Sequence[Message]) -> None:
    """How they stand. Nobody is sending them any more, so whoever had a lease has none."""
    rows = [
        {
            "id": one.id,
            "state": one.state,
            "reply": one.reply,
            "sent_at": one.sent_at,
            "claimed_by": None,
            "lease_until": None,
        }
        for one in messages
    ]
    await _MESSAGES.update(tx, rows)
    if codes := [one.id for one in messages if one.says.get("code") == HIDDEN]:
        await tx.execute(
            "UPDATE messages SET says = jsonb_set(says, '{code}', to_jsonb($2::text)) WHERE id = ANY($1)", codes, HIDDEN
        )


async def put_back(tx: Tx, message: Message) -> None:
    """Into the queue once more, and as one that waits from now on (machine time)."""
    await tx.execute(
        """
        UPDATE messages SET state = $2, attempts = $3, reply = $4, not_before = now(), stored_at = now() WHERE id = $1
        """,
        message.id,
        message.state,
        message.attempts,
        message.reply,
    )


async def lock(tx: Tx, message_id: str) -> Message | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM messages m WHERE m.id = $1 FOR UPDATE", message_id)
    return None if row is None else stored(row).message


async def lock_waiting_for(tx: Tx, recipients: Sequence[str], addresses: Sequence[str]) -> list[Stored]:
    """What waits to be sent to these people, or to somebody at these addresses; an organisation's mailbox is nobody."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM messages m
        WHERE m.state IN ('pending', 'claimed')
          AND (m.recipient = ANY($1) OR (m.address_key = ANY($2) AND position('/' IN m.recipient) = 0))
        ORDER BY m.number FOR UPDATE
        """,
        list(recipients),
        list(addresses),
    )
    return [stored(row) for row in rows]


async def lock_refused(tx: Tx, programme_id: str, address: str, most: int) -> list[Message]:
    """Those of the programme that the address refused and whose words are kept, the oldest first. An address that is
    none stays one.
    """
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS} FROM messages m
        WHERE m.programme_id = $1 AND m.address_key = $2 AND {_FOR_STAFF} AND m.state = 'failed' AND {_BOUNCED}
            AND m.reply <> 'invalid_address'
        ORDER BY m.number LIMIT $3 FOR UPDATE
        """,
        programme_id,
        address,
        most,
    )
    return [stored(row).message for row in rows]


async def load(tx: Tx, message_id: str) -> Stored | None:
    row = await tx.fetchrow(f"SELECT {COLUMNS} FROM messages m WHERE m.id = $1", message_id)
    return None if row is None else stored(row)


async def load_mail(tx: Tx, digest: str) -> Stored | None:
    """By what its Message-ID begins with (`mime.message_id`)."""
    if not _DIGEST.fullmatch(digest):
        return None
    row = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM messages m WHERE mail_of(m.template, m.recipient, m.about, m.occasion) = $1", digest
    )
    return None if row is None else stored(row)


async def load_page_of_sent(tx: Tx, page: Page, programme_id: str) -> list[Placed[Message]]:
    """What was sent of a programme, in the order in which it was written."""
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS}, {_IN_TURN.place} FROM messages m
        WHERE m.programme_id = $1 AND m.state = 'sent' AND {_IN_TURN.after(2)} ORDER BY {_IN_TURN.by} LIMIT $3
        """,
        programme_id,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], stored(row).message) for row in rows]


class Refusing(NamedTuple):
    """An address that mail servers refuse, how many mails could not be sent to it, and since when (domain time)."""

    email: str
    mails: int
    since: datetime
    reply: str
    programme_id: str | None
    message_id: str
    """The newest of them, and its programme."""


async def load_refusing(tx: Tx, programme_ids: Collection[str] | None, most: int) -> tuple[list[Refusing], int]:
    """Of these programmes (None = of all there are, and what is about none), the one with most mails at first; and how
    many such addresses there are in all.
    """
    rows = await tx.fetch(
        f"""
        SELECT min(m.email) AS email, count(*) AS count, min(m.written_at) AS since, max(m.reply) AS reply,
            (array_agg(m.programme_id ORDER BY m.number DESC))[1] AS programme_id,
            (array_agg(m.id::text ORDER BY m.number DESC))[1] AS id, count(*) OVER () AS total
        FROM messages m
        WHERE {_FOR_STAFF} AND m.state = 'failed' AND {_BOUNCED} AND ($1::text[] IS NULL OR m.programme_id = ANY($1))
        GROUP BY m.address_key ORDER BY count(*) DESC, min(m.written_at), min(m.email) LIMIT $2
        """,
        None if programme_ids is None else sorted(programme_ids),
        most,
    )
    found = [
        Refusing(row["email"], row["count"], row["since"], row["reply"], row["programme_id"], row["id"]) for row in rows
    ]
    return found, rows[0]["total"] if rows else 0


async def load_stuck(tx: Tx, programme_ids: Collection[str] | None, state: str, most: int) -> tuple[list[Message], int]:
    """Those in this state (`unknown`, or `failed` for another reason than its address), the oldest first, and how many
    there are in all. Of these programmes; None = of all there are, and what is about none.
    """
    rows = await tx.fetch(
        f"""
        SELECT {COLUMNS}, total FROM (
            SELECT *, count(*) OVER () AS total FROM messages m
            WHERE {_FOR_STAFF} AND m.state = $3 AND NOT (m.state = 'failed' AND {_BOUNCED})
                AND ($1::text[] IS NULL OR m.programme_id = ANY($1))
            ORDER BY m.number LIMIT $2
        ) m ORDER BY m.number
        """,
        None if programme_ids is None else sorted(programme_ids),
        most,
        state,
    )
    return [stored(row).message for row in rows], rows[0]["total"] if rows else 0


async def load_of_programme(
    tx: Tx,
    programme_id: str,
    *,
    states: Sequence[str] | None = None,
    bounced: bool | None = None,
    template: str | None = None,
    organisation: str | None = None,
    address: str | None = None,
    digest: str | None = None,
    message_id: str | None = None,
    words: Sequence[str] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Message]:
    """The newest first. Each filter that is given makes a statement of its own, which has its index."""
    given = {
        "m.state = ANY({}::text[])": None if states is None else list(states),
        f"({_BOUNCED}) = {{}}": bounced,
        "m.template = {}": template,
        "left(m.says ->> 'organisation', 200) = left({}, 200)": organisation,
        "m.address_key = {}": address,
        "mail_of(m.template, m.recipient, m.about, m.occasion) = {}": digest,
        "m.id = {}": message_id,
        "m.subject_line <> '' AND to_tsvector('simple', m.subject_line) @@ to_tsquery('simple', {})": (
            None if words is None else " & ".join(f"{one}:*" for one in words)
        ),
        "m.number < {}": before,
    }
    asked = {sql: value for sql, value in given.items() if value is not None}
    if states is not None and "sent" not in states:
        # As the index of those has it.
        asked = {"m.state <> 'sent' AND {}::boolean": True, **asked}
    narrowed = "".join(f" AND {sql.format(f'${number}')}" for number, sql in enumerate(asked, 3))
    rows = await tx.fetch(
        f"SELECT {COLUMNS} FROM messages m WHERE m.programme_id = $1{narrowed} ORDER BY m.number DESC LIMIT $2",
        programme_id,
        limit,
        *asked.values(),
    )
    return [stored(row).message for row in rows]


async def load_kinds(tx: Tx, programme_id: str) -> tuple[list[str], list[str]]:
    """The templates and the organisations of a programme's mails: from one to the next by the index."""
    return (
        await _one_after_the_other(tx, programme_id, "m.template"),
        await _one_after_the_other(tx, programme_id, "left(m.says ->> 'organisation', 200)"),
    )


async def _one_after_the_other(tx: Tx, programme_id: str, column: str) -> list[str]:
    rows = await tx.fetch(
        f"""
        WITH RECURSIVE found (one) AS (
            (SELECT {column} FROM messages m WHERE m.programme_id = $1 AND {column} > '' ORDER BY {column} LIMIT 1)
            UNION ALL
            SELECT (SELECT {column} FROM messages m WHERE m.programme_id = $1 AND {column} > found.one
                    ORDER BY {column} LIMIT 1)
            FROM found WHERE found.one IS NOT NULL
        ) SELECT one FROM found WHERE one IS NOT NULL
        """,
        programme_id,
    )
    return [row["one"] for row in rows]


class Written(NamedTuple):
    """Letters of a kind, about one meeting or about none (""). `mailboxes`: those of all kinds together."""

    template: str
    meeting: str
    mails: int
    failing: int
    mailboxes: int


async def load_last_number(tx: Tx) -> int:
    found: int = await tx.fetchval("SELECT coalesce(max(number), 0) FROM messages")
    return found


async def count_written(tx: Tx, newest: int, correlation_id: str) -> list[Written]:
    """What was written since, because of that: most of a kind first. What is never sent is `failing`."""
    rows = await tx.fetch(
        """
        WITH written AS (
            SELECT template, coalesce(says #>> '{meeting,title}', '') AS meeting, about, state, address_key
            FROM messages
            WHERE number > $1 AND correlation_id = $2
        )
        SELECT template, meeting, count(*) FILTER (WHERE state = 'pending') AS mails,
               count(*) FILTER (WHERE state = 'failed') AS failing,
               (SELECT count(DISTINCT address_key) FROM written WHERE state = 'pending') AS mailboxes
        FROM written GROUP BY template, meeting, about ORDER BY mails DESC, template, meeting, about
        """,
        newest,
        correlation_id,
    )
    return [Written(*row) for row in rows]


async def count_sent_to(tx: Tx, recipients: Sequence[str]) -> int:
    found: int = await tx.fetchval(
        "SELECT count(*) FROM messages WHERE recipient = ANY($1) AND state = 'sent'", list(recipients)
    )
    return found


async def load_newest(
    tx: Tx,
    *,
    states: Sequence[str] = (),
    about: str | None = None,
    recipient: str | None = None,
    template: str | None = None,
    programme_id: str | None = None,
    client: Sequence[str] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Message]:
    """The newest first; `before` is the number of the last one seen. A client is shown its own (`Cause.client`)."""
    asked = (list(states), about, recipient, template, programme_id, before, limit)
    if client is None:
        rows = await tx.fetch(_newest("true"), *asked)
    else:
        # Actor by actor, each from its end of the index: what others were written is not gone through.
        rows = await tx.fetch(
            f"""
            SELECT found.* FROM unnest($8::text[]) AS client (actor)
            CROSS JOIN LATERAL ({_newest(f"{_PUT_IN_BY} = client.actor")}) AS found
            ORDER BY found.number DESC LIMIT $7
            """,
            *asked,
            list(client),
        )
    return [stored(row).message for row in rows]


def _newest(whose: str) -> str:
    return f"""
        SELECT {COLUMNS} FROM messages m
        WHERE {whose}
          AND ($1::text[] = '{{}}' OR m.state = ANY($1::text[])) AND ($2::text IS NULL OR m.about = $2)
          AND ($3::text IS NULL OR m.recipient = $3) AND ($4::text IS NULL OR m.template = $4)
          AND ($5::text IS NULL OR m.programme_id = $5) AND ($6::bigint IS NULL OR m.number < $6)
        ORDER BY m.number DESC LIMIT $7
    """


def _calendar_json(entry: Entry) -> str:
    return _ENTRY.dump_json(_ENTRY.validate_python(storable(_ENTRY.dump_python(entry)))).decode()
