"""Whatever rows say, PostgreSQL has it as it was said, however it went over the wire."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from shared.base.clock import DomainClock
from shared.storage.columns import MANY, sent
from shared.storage.table import Table
from shared.storage.tx import transaction
from tests.support.servers import MakeDatabase

NOW = datetime(2020, 6, 15, tzinfo=UTC)
CLOCK = DomainClock(NOW)
TYPES = {
    "id": "text",
    "name": "text",
    "count": "integer",
    "size": "bigint",
    "flag": "boolean",
    "at": "timestamptz",
    "raw": "bytea",
    "said": "jsonb",
    "tags": "text[]",
}
ROWS = Table("things", TYPES, key=("id",), fixed=("count",))
TEXTS = ("", "a", "a\x1fb", "æøå 🦔", "q\"uo'te", "{braces}", "NULL", "back\\slash", "line\nbreak", "x" * 3000)


VALUES: dict[str, tuple[Any, ...]] = {
    "text": (None, *TEXTS),
    "integer": (None, 0, -1, 2**31 - 1),
    "bigint": (None, 0, -(2**63), 2**63 - 1),
    "boolean": (None, True, False),
    "timestamptz": (None, NOW, NOW + timedelta(microseconds=1)),
    "bytea": (None, b"", b"\x00\xff", b"\x1f"),
    "jsonb": (None, "null", "{}", json.dumps({"a": list(TEXTS)})),
    "text[]": tuple(json.dumps(list(TEXTS[:count])) for count in (1, 3, len(TEXTS))),
}


def some_rows(count: int, dice: random.Random, alike: float) -> list[dict[str, Any]]:
    """Each column says the same in all rows with the given chance."""
    rows: list[dict[str, Any]] = [{"id": f"id-{number}"} for number in range(count)]
    for name, kind in list(TYPES.items())[1:]:
        one, same = dice.choice(VALUES[kind]), dice.random() < alike
        for row in rows:
            row[name] = one if same else dice.choice(VALUES[kind])
    return rows


@pytest.fixture
async def connection(database: MakeDatabase) -> Any:
    made = await database()
    owner = await asyncpg.connect(made.owner_url)
    columns = ", ".join(f'"{name}" {kind}' for name, kind in TYPES.items())
    await owner.execute(f"CREATE TABLE things (number bigint GENERATED ALWAYS AS IDENTITY, {columns}, UNIQUE (id))")
    await owner.close()
    connection = await asyncpg.connect(made.url)
    yield connection
    await connection.close()


async def stored(connection: Any) -> list[dict[str, Any]]:
    found = await connection.fetch(
        "SELECT id, name, count, size, flag, at, raw, said::text AS said, to_json(tags)::text AS tags FROM things"
    )
    return sorted((dict(row) for row in found), key=lambda row: row["id"])


def as_stored(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["id"])


def plainly(row: dict[str, Any]) -> dict[str, Any]:
    """JSON by what it says: PostgreSQL spells it its own way."""
    return {
        name: value if value is None or name not in {"said", "tags"} else json.loads(value)
        for name, value in row.items()
    }


@pytest.mark.parametrize("seed", range(12))
async def test_rows_are_read_as_they_were_written(connection: Any, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 # whatever it says is tried
    for count, alike in ((1, 0.0), (MANY - 1, 1.0), (MANY, 1.0), (MANY, 0.0), (57, 0.5)):
        rows = some_rows(count, dice, alike)
        async with transaction(connection, CLOCK, "test") as tx:
            await tx.execute("DELETE FROM things")
            await ROWS.insert(tx, rows)
        assert [plainly(row) for row in await stored(connection)] == [plainly(row) for row in as_stored(rows)]


async def test_the_same_ones_anew_change_but_for_what_is_fixed(connection: Any) -> None:
    dice = random.Random(1)  # noqa: S311 # as above
    rows, later = some_rows(30, dice, 0.5), some_rows(40, dice, 0.5)
    async with transaction(connection, CLOCK, "test") as tx:
        assert await ROWS.insert_new(tx, rows) == 30
        assert await ROWS.insert_new(tx, later) == 10
        assert await ROWS.upsert(tx, later, when="old.id < 'id-2'") == 12
        assert await ROWS.upsert(tx, later) == 40
    expected = [later[place] | ({"count": rows[place]["count"]} if place < 30 else {}) for place in range(40)]
    assert [plainly(row) for row in await stored(connection)] == [plainly(row) for row in as_stored(expected)]
    async with transaction(connection, CLOCK, "test") as tx:
        changes = [{"id": row["id"], "name": "new"} for row in later]
        assert await ROWS.update(tx, [*changes, {"id": "nobody", "name": "new"}]) == 40
        assert await ROWS.update(tx, []) == await ROWS.upsert(tx, []) == await ROWS.insert_new(tx, []) == 0
    assert {row["name"] for row in await stored(connection)} == {"new"}


def test_what_all_say_alike_goes_once_and_texts_as_one() -> None:
    columns = {"name": ["x"] * MANY, "id": [f"{number}" for number in range(MANY)], "count": list(range(MANY))}
    _, arguments = sent(columns, TYPES)
    assert arguments == ["x", "\x1f".join(columns["id"]), columns["count"]]
    _, arguments = sent({**columns, "id": ["a\x1fb", *columns["id"][1:]]}, TYPES)
    assert arguments[1] == ["a\x1fb", *columns["id"][1:]]
    _, arguments = sent({"id": ["a", "a"]}, TYPES, after=3)
    assert arguments == [["a", "a"]]
