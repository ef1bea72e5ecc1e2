"""The least that is right: what one would write for this one event who trusts everybody and has one reader.

An inbox row by ON CONFLICT, the claims, an outbox row for each; `json.loads` and one transaction for each batch. No
positions, no parking, no owners, no dead letters, no models; tables with the columns that this one event needs.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from bench.harness import Servers
from shared.contracts.event import event_uid, natural_id

_TABLES = """
CREATE TABLE least_inbox (event_id uuid PRIMARY KEY);
CREATE TABLE least_claims (
    id text PRIMARY KEY,
    enrolment_id text NOT NULL,
    item text NOT NULL,
    due_at timestamptz NOT NULL,
    programme_id text NOT NULL,
    text text NOT NULL,
    amount_ore bigint NOT NULL CHECK (amount_ore >= 0),
    vat_percent smallint NOT NULL,
    parties jsonb NOT NULL,
    UNIQUE (enrolment_id, item)
);
CREATE TABLE least_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL
);
"""
_GRANT = 'GRANT ALL ON least_inbox, least_claims, least_outbox TO "{role}"'
_TAKE = """
INSERT INTO least_inbox SELECT * FROM unnest($1::uuid[]) AS u (event_id) ORDER BY event_id ON CONFLICT DO NOTHING
RETURNING event_id
"""
_CLAIM = """
INSERT INTO least_claims
SELECT id, enrolment_id, item, $1, programme_id, text, amount_ore, vat_percent, parties::jsonb
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::integer[], $9::text[])
     AS u (id, enrolment_id, item, programme_id, text, amount_ore, vat_percent, parties)
ON CONFLICT DO NOTHING
"""
_TELL = """
INSERT INTO least_outbox (topic, key, payload)
SELECT 'tovholder.invoicing', key, payload FROM unnest($1::text[], $2::bytea[]) AS u (key, payload)
"""
DUE = datetime(2020, 9, 1, 6, 0, tzinfo=UTC)
PARTIES = ("organisation", "billing", "contact")


async def make_tables(servers: Servers, url: str) -> None:
    connection = await asyncpg.connect(f"{servers.admin_url.rpartition('/')[0]}/{url.rpartition('/')[2]}")
    try:
        await connection.execute(_TABLES)
        await connection.execute(_GRANT.format(role=urlsplit(url).username))
    finally:
        await connection.close()


async def take(connection: Any, values: list[bytes]) -> None:
    """A batch, in one transaction."""
    events = [json.loads(value) for value in values]
    async with connection.transaction():
        by_id = {event_uid(event["source"], event["id"]): event["data"] for event in events}
        new = await connection.fetch(_TAKE, list(by_id))
        told = [by_id[str(row[0])] for row in new]
        rows = [
            (data, fee, natural_id("claim", data["enrolment_id"], fee["id"])) for data in told for fee in data["fees"]
        ]
        ids = [claim for _, _, claim in rows]
        await connection.execute(
            _CLAIM,
            DUE,
            ids,
            [data["enrolment_id"] for data, _, _ in rows],
            [fee["id"] for _, fee, _ in rows],
            [data["programme"]["id"] for data, _, _ in rows],
            [fee["text"] for _, fee, _ in rows],
            [fee["amount_ore"] for _, fee, _ in rows],
            [fee["vat_percent"] for _, fee, _ in rows],
            [json.dumps({name: data[name] for name in PARTIES}) for data, _, _ in rows],
        )
        await connection.execute(_TELL, [f"claim/{one}" for one in ids], [_fact(one) for one in ids])


def _fact(claim_id: str) -> bytes:
    fact = {
        "specversion": "1.0",
        "id": claim_id,
        "source": "/tovholder/invoicing",
        "type": "tovholder.invoicing.Claimed.v1",
        "subject": f"claim/{claim_id}",
        "data": {"claim_id": claim_id},
    }
    return json.dumps(fact).encode()


async def check(url: str, count: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM least_inbox), (SELECT count(DISTINCT enrolment_id) FROM least_claims),"
            " (SELECT sum(amount_ore) FROM least_claims), (SELECT count(*) FROM least_outbox)"
        )
        assert tuple(found or ()) == (count, count, count * 1_950_000, count), found
    finally:
        await connection.close()
