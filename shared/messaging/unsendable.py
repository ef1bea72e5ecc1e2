"""What a person does about records that Kafka never takes (`outbox_dead`): look, put back, give up.

Such a record blocks its key: what the key tells later waits in the outbox, so that readers get it in order or not at
all. The relay looks at both tables in one statement, so that either act lets the whole key go on at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from shared.base.listing import Page
from shared.messaging.dead_letters import Listed, NotDone
from shared.storage.order import Order
from shared.storage.tx import Connection


@dataclass(frozen=True, slots=True)
class Unsendable:
    """One record. `waiting` later ones of its key wait behind it; `payload_bytes` is its size."""

    id: int
    reason: str
    topic: str
    key: str
    sequence: int | None
    type: str
    event_id: str
    payload_bytes: int
    occurred_at: datetime
    died_at: datetime
    waiting: int


RECORDS = Page("record")
_BY_NUMBER = Order({"d.id": "bigint"})


async def records(connection: Connection, page: Page = RECORDS) -> Listed[Unsendable]:
    """All of them, in the order in which they were told."""
    rows = await connection.fetch(
        f"{_RECORD} WHERE {_BY_NUMBER.after(1)} ORDER BY {_BY_NUMBER.by} LIMIT $2", page.after, page.wanted
    )
    return page.cut([((str(row["id"]),), Unsendable(**row)) for row in rows])


async def show(connection: Connection, number: int) -> tuple[Unsendable, bytes]:
    """One of them and its payload, which may hold personal data. Raises NotDone when there is none."""
    row = await connection.fetchrow(f"{_RECORD} WHERE d.id = $1", number)
    payload = await connection.fetchval("SELECT payload FROM outbox_dead WHERE id = $1", number)
    if row is None or payload is None:
        raise _no_record(number)
    return Unsendable(**row), payload


async def retry(connection: Connection, number: int) -> int:
    """Put it back in its place, before all that its key told later; returns how many waited behind it.

    The relay sends it next; if Kafka refuses it again, it is here again. Raises NotDone when there is none.
    """
    async with connection.transaction():
        key = await connection.fetchrow(_PUT_BACK, number)
        if key is None:
            raise _no_record(number)
        waiting = await _let_go(connection, key, number)
    return waiting - 1


async def discard(connection: Connection, number: int) -> int:
    """Never send it; its key goes on. Returns how many waited behind it. Raises NotDone when there is none.

    A row of `outbox_given_up` says for good what was given up. Readers miss its sequence: each that reads this topic
    parks the key until an operator tells it to skip the gap.
    """
    async with connection.transaction():
        key = await connection.fetchrow(_GIVE_UP, number)
        if key is None:
            raise _no_record(number)
        return await _let_go(connection, key, number)


async def _let_go(connection: Connection, key: Record, number: int) -> int:
    # They wait for the relay from now on. Their old times would turn every write away, as if the relay were late.
    waiting = await connection.execute(_WAITS_FROM_NOW, key["key"], key["topic"], number)
    return int(waiting.split()[-1])


def _no_record(number: int) -> NotDone:
    return NotDone(f"no record {number} is held back")


_RECORD = """
SELECT d.id, d.reason, d.topic, d.key, d.sequence, d.type, d.event_id, octet_length(d.payload) AS payload_bytes,
       d.occurred_at, d.died_at,
       (SELECT count(*) FROM outbox o WHERE o.key = d.key AND o.topic = d.topic) AS waiting
FROM outbox_dead d
"""

_COLUMNS = (
    "id, event_id, source, topic, key, sequence, type, correlation_id, causation_id, actor, occurred_at, created_at"
)

_PUT_BACK = f"""
WITH back AS (DELETE FROM outbox_dead WHERE id = $1 RETURNING *)
INSERT INTO outbox ({_COLUMNS}, payload) OVERRIDING SYSTEM VALUE SELECT {_COLUMNS}, payload FROM back
RETURNING key, topic
"""

_GIVE_UP = f"""
WITH gone AS (DELETE FROM outbox_dead WHERE id = $1 RETURNING *)
INSERT INTO outbox_given_up ({_COLUMNS}, reason, died_at) SELECT {_COLUMNS}, reason, died_at FROM gone
RETURNING key, topic
"""

_WAITS_FROM_NOW = "UPDATE outbox SET created_at = clock_timestamp() WHERE key = $1 AND topic = $2 AND id >= $3"
