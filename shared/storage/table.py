"""Whole batches of rows into a table, one statement each, from a table of its columns.

```
MEETINGS = Table("meetings", {"id": "text", "title": "text", "plan": "jsonb"}, key=("id",))
await MEETINGS.upsert(tx, [{"id": one.id, "title": one.title, "plan": one.plan} for one in meetings])
```

A column goes over the wire as one array; rows are written in the order of their key, so that two transactions that
write the same ones wait for each other and never lock each other out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from shared.base.cause import Cause
from shared.storage.columns import Columns, sent
from shared.storage.tx import Tx

Row = Mapping[str, Any]

CAUSE = {"correlation_id": "text", "causation_id": "text", "actor": "text"}
"""Columns beside every effect; `cause_columns` has their values."""


def cause_columns(cause: Cause) -> dict[str, str | None]:
    return {"correlation_id": cause.correlation_id, "causation_id": cause.causation_id, "actor": cause.actor}


def cause_of(row: Any) -> Cause:
    """Of a row that was read with the columns of CAUSE."""
    return Cause(row["correlation_id"], row["causation_id"], row["actor"])


class Table:
    """`columns`: name → PostgreSQL type. `json` and `jsonb` take JSON text, `text[]` a JSON list.

    `key` is what rows are known by; `fixed` columns are never replaced. Rows may leave out columns that have a default,
    all of them the same ones.
    """

    def __init__(
        self, name: str, columns: Mapping[str, str], *, key: Sequence[str], fixed: Collection[str] = ()
    ) -> None:
        self.name = name
        self.columns = dict(columns)
        self.key = tuple(key)
        self.fixed = frozenset(fixed)

    async def insert(self, tx: Tx, rows: Sequence[Row] | Columns) -> None:
        """New rows; one that is there already is an error of ours."""
        await self._write(tx, rows, "")

    async def insert_new(self, tx: Tx, rows: Sequence[Row] | Columns) -> int:
        """How many of them were new; one that is there already, by whatever constraint, stays as it is."""
        return await self._write(tx, rows, " ON CONFLICT DO NOTHING")

    async def insert_in_order(self, tx: Tx, rows: Sequence[Row] | Columns, *, returning: str) -> list[Any]:
        """As `insert_new`, in the order given, for a table that numbers its rows; the named column of the new ones."""
        columns = columns_of(rows)
        if not _any(columns):
            return []
        sql, arguments = self._insert(columns, ["#"])
        return [row[0] for row in await tx.fetch(f'{sql} ON CONFLICT DO NOTHING RETURNING "{returning}"', *arguments)]

    async def upsert(self, tx: Tx, rows: Sequence[Row] | Columns, *, when: str = "") -> int:
        """New rows, or the same ones anew; how many were written.

        `when` is SQL that says which ones may be replaced: `old` is the row there is, `excluded` the one to come.
        """
        names = _names(rows)
        replaced = [name for name in names if name not in self.key and name not in self.fixed]
        changes = ", ".join(f'"{name}" = excluded."{name}"' for name in replaced)
        rule = f" ON CONFLICT ({_listed(self.key)}) DO UPDATE SET {changes}"
        return await self._write(tx, rows, rule + (f" WHERE {when}" if when else ""))

    async def update(self, tx: Tx, rows: Sequence[Row] | Columns) -> int:
        """Rows that are there and, as a rule, locked: the columns that are named beside the key change."""
        columns = columns_of(rows)
        if not _any(columns):
            return 0
        source, arguments = sent(columns, self.columns)
        changes = ", ".join(f'"{name}" = new."{name}"' for name in columns if name not in self.key)
        same = " AND ".join(f'old."{name}" = new."{name}"' for name in self.key)
        return _count(
            await tx.execute(f"UPDATE {self.name} AS old SET {changes} FROM {source} WHERE {same}", *arguments)
        )

    async def _write(self, tx: Tx, rows: Sequence[Row] | Columns, rule: str) -> int:
        columns = columns_of(rows)
        if not _any(columns):
            return 0
        sql, arguments = self._insert(columns, [name for name in self.key if name in columns] or ["#"])
        return _count(await tx.execute(sql + rule, *arguments))

    def _insert(self, columns: Columns, order: Sequence[str]) -> tuple[str, list[Any]]:
        source, arguments = sent(columns, self.columns)
        names = _listed(columns)
        rows = f"SELECT {names} FROM {source} ORDER BY {_listed(order)}"
        return f"INSERT INTO {self.name} AS old ({names}) {rows}", arguments


def _names(rows: Sequence[Row] | Columns) -> tuple[str, ...]:
    return tuple(rows) if isinstance(rows, Mapping) else tuple(rows[0]) if rows else ()


def columns_of(rows: Sequence[Row] | Columns) -> Columns:
    """The same by columns, which all rows have as the first one has them."""
    if isinstance(rows, Mapping):
        return rows
    return {name: [row[name] for row in rows] for name in _names(rows)}


def _any(columns: Columns) -> bool:
    return bool(columns) and bool(next(iter(columns.values())))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _count(tag: str) -> int:
    """Of a command tag, such as `INSERT 0 3`."""
    return int(tag.rpartition(" ")[2])
