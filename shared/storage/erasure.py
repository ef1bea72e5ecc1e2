"""Forgetting a person in the tables of a database: the erasure list, and the rows that are written anew without them.

Whoever erases somebody puts them on the list (`begin`); from then on nothing that is read brings them back. What lies
there already is gone through step by step (`go_on`), each a small transaction: first what the person is called is
collected, from the rows that are theirs, then table after table is written anew. What is sought stands in `erasures`
meanwhile. A step that is done twice changes nothing more.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from shared.base.erasure import ErasureList, Sought, forget_in_bytes, words_in
from shared.base.listing import Page, Placed
from shared.contracts.addresses import is_erased
from shared.contracts.parties import ERASED_NAME, erased_email
from shared.storage.order import Order
from shared.storage.tx import Connection, Tx

ROWS_AT_ONCE = 200
"""Of a person's own rows, in one transaction."""
SCANNED_AT_ONCE = 1000
"""Of rows that are looked through, because anybody may stand in them."""
_LISTING = 7_405_611_230_011
"""Advisory lock of whoever adds to the list."""

Kind = Literal["name", "email", "text", "json", "bytes", "headers"]
"""`name` and `email` are the person's own in every row that is found; in the others they stand among other words."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Where a table holds what people are called.

    `person` is SQL for the id of whom a row is about, `address` for their address in lower case; `of` says which rows
    are about somebody where that is not all (`$1` are their ids, `$2` their addresses, `$5` their names). Without any
    of them all rows are looked through, for it may stand in each. `order` is a key: column → type. `gone`: a row that
    is found goes.
    """

    table: str
    order: Mapping[str, str]
    columns: Mapping[str, Kind]
    person: str = ""
    address: str = ""
    of: str = ""
    gone: bool = False

    @property
    def where(self) -> str:
        return self.of or (f"{self.person} = ANY($1) AND $2::text[] IS NOT NULL" if self.person else "")


KERNEL = (
    Holding("outbox", {"id": "bigint"}, {"payload": "bytes"}),
    Holding("outbox_sent", {"id": "bigint"}, {"payload": "bytes"}),
    Holding("outbox_dead", {"id": "bigint"}, {"payload": "bytes"}),
    Holding("dead_letters", {"id": "bigint"}, {"key": "bytes", "value": "bytes", "headers": "headers"}),
    Holding("parked_events", {"id": "bigint"}, {"key": "bytes", "value": "bytes", "headers": "headers"}),
    Holding("http_requests", {"key": "text", "principal": "text"}, {"body": "text"}),
)
"""Of every service: what was told and heard, and what was answered."""

READING = 7_405_611_230_012
"""Advisory lock of whoever handles what was read: shared, from before the look at the list until COMMIT."""

_ADD = "INSERT INTO erased_persons (person_id) SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING"
_BEGIN = """
INSERT INTO erasures (id, sought) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET sought = excluded.sought, step = 0, after = NULL
"""
_LISTED = Order({"number": "bigint"})
_NEWER = "SELECT number, person_id FROM erased_persons WHERE number > $1 ORDER BY number"


async def look(connection: Connection, known: ErasureList) -> None:
    """Whom others have put on the list since the last look."""
    for row in await connection.fetch(_NEWER, known.seen):
        known.add(row["number"], row["person_id"])


async def begin(
    tx: Tx,
    person_ids: Sequence[str],
    names: Sequence[str] = (),
    addresses: Sequence[str] = (),
    *,
    by_id: bool = False,
) -> None:
    """They are on the list from COMMIT on, and `go_on` finds what to look for under the first of the ids.

    What they are called may be known already; what stands beside their ids in the tables is added to it. Several who
    have nothing to do with each other are looked for together (`by_id`, see `Sought`): one way through the tables.
    """
    # Numbers are drawn in the order of COMMIT, or a reader would pass over one.
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _LISTING)
    await tx.execute(_ADD, list(person_ids))
    known = await tx.fetchval("SELECT sought FROM erasures WHERE id = $1 FOR UPDATE", person_ids[0])
    before = Sought(()) if known is None else _sought(known)
    sought = replace(
        before,
        person_ids=tuple(dict.fromkeys([*person_ids, *before.person_ids])),
        by_id=by_id and (known is None or before.by_id),
    )
    sought = sought.and_words(names, addresses)
    await tx.execute(_BEGIN, sought.person_ids[0], _json(sought))


async def load_erased(tx: Tx, person_ids: Sequence[str]) -> set[str]:
    """Those of them that are on the list."""
    rows = await tx.fetch("SELECT person_id FROM erased_persons WHERE person_id = ANY($1::text[])", list(person_ids))
    return {row["person_id"] for row in rows}


async def load_steps(tx: Tx, person_ids: Sequence[str]) -> dict[str, int]:
    """Erasures that are under way, by the id that they were begun with: how many steps each has taken."""
    rows = await tx.fetch("SELECT id, step FROM erasures WHERE id = ANY($1::text[])", list(person_ids))
    return {row["id"]: row["step"] for row in rows}


async def load_page(tx: Tx, page: Page) -> list[Placed[str]]:
    """The list, in the order in which it grew."""
    rows = await tx.fetch(
        f"""
        SELECT person_id, {_LISTED.place} FROM erased_persons
        WHERE {_LISTED.after(1)} ORDER BY {_LISTED.by} LIMIT $2
        """,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], row["person_id"]) for row in rows]


async def go_on(tx: Tx, erasure_id: str, holdings: Sequence[Holding]) -> Sought | None:
    """The next step of an erasure; who is sought, or None when nothing is left to do."""
    if await tx.fetchval("SELECT step = 0 FROM erasures WHERE id = $1", erasure_id):
        # Whoever handles something at this moment, and has not seen the list, is waited for; what it writes is found.
        await tx.execute("SELECT pg_advisory_xact_lock($1)", READING)
    row = await tx.fetchrow("SELECT sought, step, after FROM erasures WHERE id = $1 FOR UPDATE", erasure_id)
    if row is None:
        return None
    sought = _sought(row["sought"])
    step, after = row["step"], None if row["after"] is None else json.loads(row["after"])
    places = (*holdings, *KERNEL)
    if step == 0:
        sought = await _collect(tx, sought, holdings)
        after = None
    elif step <= len(places):
        after = await _write_anew(tx, places[step - 1], sought, after)
    else:
        await tx.execute("DELETE FROM erasures WHERE id = $1", erasure_id)
        return None
    await tx.execute(
        "UPDATE erasures SET sought = $2, step = $3, after = $4 WHERE id = $1",
        erasure_id,
        _json(sought),
        step + (after is None),
        None if after is None else json.dumps(after),
    )
    return sought


async def load_ids(tx: Tx, email: str, holdings: Sequence[Holding]) -> list[str]:
    """Of everybody who is known by the address here; an organisation's mailbox is nobody."""
    found: set[str] = set()
    for holding in holdings:
        if holding.person and holding.address:
            rows = await tx.fetch(
                f"SELECT DISTINCT {holding.person} AS known FROM {holding.table} WHERE {holding.address} = $1",
                email.lower(),
            )
            found |= {row["known"] for row in rows if row["known"] and "/" not in row["known"]}
    return sorted(found)


async def has(tx: Tx, email: str, holdings: Sequence[Holding]) -> bool:
    """Whether the address stands in what is about somebody, also where no id is beside it."""
    return bool(await load_held(tx, Sought((), (email.lower(),)), holdings, 1))


async def load_held(tx: Tx, sought: Sought, holdings: Sequence[Holding], most: int) -> dict[str, list[dict[str, Any]]]:
    """What the rows of these tables say about somebody, at most so many of each; without those that anybody may stand
    in.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for holding in holdings:
        if holding.where:
            rows = await _rows(tx, holding, sought, None, most, lock="")
            if rows:
                found.setdefault(holding.table, []).extend(
                    {column: _read(row[column], kind) for column, kind in holding.columns.items()} for row in rows
                )
    return found


async def _collect(tx: Tx, sought: Sought, holdings: Sequence[Holding]) -> Sought:
    """With what their own rows call them; a row that is found by an address may name another one."""
    while True:
        before = sought
        for holding in holdings:
            if not holding.where:
                continue
            for row in await _own_rows(tx, holding, sought):
                names = [row[column] for column, kind in holding.columns.items() if kind == "name"]
                emails = [row[column] for column, kind in holding.columns.items() if kind == "email"]
                for column, kind in holding.columns.items():
                    if kind == "json" and row[column] is not None:
                        more = words_in(json.loads(row[column]), sought.ids)
                        names += more[0]
                        emails += more[1]
                sought = sought.and_words(names, [one for one in emails if one and "@" in one])
        if sought == before:
            return sought


async def _own_rows(tx: Tx, holding: Holding, sought: Sought) -> list[Any]:
    """All of a person's own: what they are called there may stand in no other. Of others' some tell enough."""
    found = rows = await _rows(tx, holding, sought, None, ROWS_AT_ONCE)
    while holding.person and len(rows) == ROWS_AT_ONCE:
        rows = await _rows(tx, holding, sought, list(rows[-1]["stands_at"]), ROWS_AT_ONCE)
        found = [*found, *rows]
    return found


async def _write_anew(tx: Tx, holding: Holding, sought: Sought, after: list[str] | None) -> list[str] | None:
    """One page of a table; where the next one begins, None at the end."""
    most = ROWS_AT_ONCE if holding.where else SCANNED_AT_ONCE
    rows = await _rows(tx, holding, sought, after, most)
    for row in rows:
        if not row["found"]:
            continue
        where = " AND ".join(f'"{name}" = ${at}' for at, name in enumerate(holding.order, 1))
        key = [row[f"key_{at}"] for at in range(len(holding.order))]
        if holding.gone:
            await tx.execute(f"DELETE FROM {holding.table} WHERE {where}", *key)
            continue
        new = {column: _FORGET[kind](row[column], sought) for column, kind in holding.columns.items()}
        changed = {column: value for column, value in new.items() if value != row[column]}
        if holding.order.keys() & changed.keys():
            moved = [new.get(name, row[f"key_{at}"]) for at, name in enumerate(holding.order)]
            if await tx.fetchval(f"SELECT true FROM {holding.table} WHERE {where}", *moved):
                # A fact without the address has made that row already.
                await tx.execute(f"DELETE FROM {holding.table} WHERE {where}", *key)
                continue
        if changed:
            written = ", ".join(f'"{column}" = ${at}' for at, column in enumerate(changed, len(key) + 1))
            await tx.execute(f"UPDATE {holding.table} SET {written} WHERE {where}", *key, *changed.values())
    return list(rows[-1]["stands_at"]) if len(rows) == most else None


async def _rows(
    tx: Tx, holding: Holding, sought: Sought, after: Sequence[str] | None, most: int, lock: str = "FOR UPDATE"
) -> list[Any]:
    order = Order({f'"{name}"': kind for name, kind in holding.order.items()})
    keys = ", ".join(f'"{name}" AS key_{at}' for at, name in enumerate(holding.order))
    shown = ", ".join(
        f'"{name}"::text AS "{name}"' if kind in {"json", "headers"} else f'"{name}"'
        for name, kind in holding.columns.items()
    )
    if holding.where:
        return await tx.fetch(
            f"SELECT {keys}, {order.place}, {shown}, true AS found FROM {holding.table} "
            f"WHERE ({holding.where}) AND {order.after(3)} ORDER BY {order.by} LIMIT $4 {lock}",
            list(sought.person_ids),
            list(sought.known_by),
            after,
            most,
            *([list(sought.names)] if "$5" in holding.where else []),
        )
    words = " OR ".join(
        f"lower(encode(\"{name}\", 'escape')) LIKE ANY($1) OR position('\\x5c75'::bytea in \"{name}\") > 0"
        if kind == "bytes"
        else f'lower("{name}") LIKE ANY($1)'
        if kind == "text"
        else f"\"{name}\" <> '[]'"
        for name, kind in holding.columns.items()
    )
    # What is not about them is not sent here. A row that goes meanwhile (the relay moves it) is found where it went.
    return await tx.fetch(
        f"""
        SELECT {", ".join(f"key_{at}" for at in range(len(holding.order)))}, stands_at, found,
            {", ".join(f'CASE WHEN found THEN "{name}" END AS "{name}"' for name in holding.columns)}
        FROM (
            SELECT {keys}, {order.place}, {shown}, coalesce({words}, false) AS found FROM {holding.table}
            WHERE {order.after(2)} ORDER BY {order.by} LIMIT $3
        ) AS looked_through ORDER BY {", ".join(f"key_{at}" for at in range(len(holding.order)))}
        """,
        _patterns(sought),
        after,
        most,
    )


def _patterns(sought: Sought) -> list[str]:
    """For LIKE: an id, or an address, anywhere. A word that is not in ASCII could stand there in several ways."""
    words = (*sought.person_ids, *sought.known_by)
    if not all(word.isascii() for word in words):
        return ["%"]
    return [f"%{_literally(word.lower())}%" for word in words]


def _literally(word: str) -> str:
    return "".join(f"\\{one}" if one in "\\%_" else one for one in word)


def _sought(text: str) -> Sought:
    said = json.loads(text)
    # The version before says nothing of the last.
    by_id = said.get("by_id", False)
    return Sought(tuple(said["person_ids"]), tuple(said["addresses"]), tuple(said["names"]), by_id)


def _json(sought: Sought) -> str:
    return json.dumps(asdict(sought))


def _read(value: Any, kind: Kind) -> Any:
    return json.loads(value) if kind == "json" and value is not None else value


def _forget_name(value: Any, _sought: Sought) -> Any:
    return ERASED_NAME if value else value


def _forget_email(value: Any, sought: Sought) -> Any:
    if not value or is_erased(value):
        return value
    return sought.stands_for.get(value.lower(), erased_email(sought.person_ids[0]))


def _forget_text(value: Any, sought: Sought) -> Any:
    """A text that is JSON (a stored answer) is read as that: beside an id stands a name."""
    if not value:
        return value
    if value[0] not in "[{":
        return sought.in_text(value)
    left = forget_in_bytes(value.encode(), sought)
    return "" if left is None else left.decode()


def _forget_json(value: Any, sought: Sought) -> Any:
    if value is None:
        return None
    before = json.loads(value)
    after = sought.in_json(before)
    return value if after == before else json.dumps(after, ensure_ascii=False)


def _forget_bytes(value: Any, sought: Sought) -> Any:
    return value if value is None else forget_in_bytes(value, sought)


def _forget_headers(value: Any, sought: Sought) -> Any:
    """As `shared.messaging.records` writes them: [[name, base64 or null], …]."""
    if value is None:
        return None
    before = json.loads(value)
    after = [
        [sought.in_text(name), None if said is None else _base64(forget_in_bytes(base64.b64decode(said), sought))]
        for name, said in before
    ]
    return value if after == before else json.dumps(after)


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


_FORGET: Mapping[Kind, Callable[[Any, Sought], Any]] = {
    "name": _forget_name,
    "email": _forget_email,
    "text": _forget_text,
    "json": _forget_json,
    "bytes": _forget_bytes,
    "headers": _forget_headers,
}
