"""Sheets of enrolments that staff have had read in, and what came of each row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import asyncpg

from services.enrollment.domain.enrolment_sheet import CameTo, Outcome, Row
from services.enrollment.domain.sheet_import import SheetImport, Step
from shared.base.listing import Page, Placed
from shared.contracts.enrollment import EnrolMunicipality
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_IMPORTS = Table(
    "sheet_imports",
    {
        "id": "text",
        "programme_id": "text",
        "sheet_sha256": "text",
        "with_mail": "boolean",
        "sheet_rows": "integer",
        "begun_at": "timestamptz",
        "over_at": "timestamptz",
        **CAUSE,
    },
    key=("id",),
)
_ROWS = Table(
    "sheet_rows",
    {
        "import_id": "text",
        "row_number": "integer",
        "organisation_code": "text",
        "is_contact": "boolean",
        "due": "text",
        "turn": "integer",
        "asked": "jsonb",
        "outcomes": "text",
        "came_to": "text",
    },
    key=("import_id", "row_number"),
)
_COLUMNS = "i.id, i.programme_id, i.sheet_sha256, i.with_mail, i.sheet_rows, i.begun_at, i.over_at"
_STEP = """
    r.row_number, r.organisation_code, r.due, r.turn, r.asked::text AS asked, r.outcomes
"""
_BY_ROW = Order({"r.row_number": "integer"})


class Listed(NamedTuple):
    """A row as it came out: what the organisation is called, and everything that came of it."""

    number: int
    organisation: str
    is_contact: bool
    outcomes: tuple[Outcome, ...]


async def insert(tx: Tx, one: SheetImport, steps: Sequence[Step]) -> None:
    await _IMPORTS.insert(tx, [{**_row(one), **cause_columns(tx.cause)}])
    await _ROWS.insert(tx, [_step_row(one.id, step) for step in steps])


async def save(tx: Tx, one: SheetImport) -> None:
    """Whoever began it stays behind it."""
    await _IMPORTS.update(tx, [_row(one)])


async def save_steps(tx: Tx, import_id: str, steps: Sequence[Step]) -> None:
    """Those that are locked."""
    await _ROWS.update(tx, [_step_row(import_id, step) for step in steps])


async def load(tx: Tx, import_id: str) -> SheetImport | None:
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM sheet_imports i WHERE i.id = $1", import_id)
    return None if row is None else _import(row)


async def load_under_way(tx: Tx, programme_id: str) -> SheetImport | None:
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM sheet_imports i WHERE i.programme_id = $1 AND i.over_at IS NULL", programme_id
    )
    return None if row is None else _import(row)


async def load_newest(tx: Tx, programme_id: str, most: int) -> list[SheetImport]:
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS} FROM sheet_imports i WHERE i.programme_id = $1
        ORDER BY i.begun_at DESC, i.id DESC LIMIT $2
        """,
        programme_id,
        most,
    )
    return [_import(row) for row in rows]


async def load_due(tx: Tx, import_id: str, most: int) -> list[Step]:
    """Those that are next."""
    rows = await tx.fetch(
        f"""
        SELECT {_STEP} FROM sheet_rows r WHERE r.import_id = $1 AND r.due IS NOT NULL
        ORDER BY r.due, r.turn LIMIT $2
        """,
        import_id,
        most,
    )
    return [_step(row) for row in rows]


async def lock_due(tx: Tx, import_id: str, most: int) -> list[Step]:
    rows = await tx.fetch(
        f"""
        SELECT {_STEP} FROM sheet_rows r WHERE r.import_id = $1 AND r.due IS NOT NULL
        ORDER BY r.due, r.turn LIMIT $2 FOR UPDATE
        """,
        import_id,
        most,
    )
    return [_step(row) for row in rows]


async def count_by_came_to(tx: Tx, import_id: str) -> dict[CameTo | None, int]:
    """None: those of which something is still due."""
    rows = await tx.fetch(
        "SELECT came_to, count(*) AS count FROM sheet_rows WHERE import_id = $1 GROUP BY came_to", import_id
    )
    return {row["came_to"]: row["count"] for row in rows}


async def load_page(tx: Tx, import_id: str, came_to: CameTo, page: Page) -> list[Placed[Listed]]:
    """In the order of the sheet."""
    rows = await tx.fetch(
        f"""
        SELECT r.row_number, r.is_contact, r.outcomes, o.name AS organisation, {_BY_ROW.place}
        FROM sheet_rows r JOIN organisations o ON o.code = r.organisation_code
        WHERE r.import_id = $1 AND r.came_to = $2 AND {_BY_ROW.after(3)} ORDER BY {_BY_ROW.by} LIMIT $4
        """,
        import_id,
        came_to,
        page.after,
        page.wanted,
    )
    return [
        (
            row["stands_at"],
            Listed(row["row_number"], row["organisation"], row["is_contact"], _outcomes(row["outcomes"])),
        )
        for row in rows
    ]


async def forget_asked(tx: Tx, addresses: Sequence[str]) -> None:
    """Rows that nobody has written yet, of whoever has one of these addresses (in small letters)."""
    await tx.execute(
        "DELETE FROM sheet_rows WHERE asked IS NOT NULL AND lower(asked ->> 'email') = ANY($1::text[])", list(addresses)
    )


def _row(one: SheetImport) -> dict[str, Any]:
    return {
        "id": one.id,
        "programme_id": one.programme_id,
        "sheet_sha256": one.sha256,
        "with_mail": one.mail,
        "sheet_rows": one.rows,
        "begun_at": one.begun_at,
        "over_at": one.over_at,
    }


def _step_row(import_id: str, step: Step) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "row_number": step.row.number,
        "organisation_code": step.row.code,
        "is_contact": step.row.is_contact,
        "due": step.due,
        "turn": step.turn,
        "asked": None if step.due is None else _asked(step.row),
        "outcomes": json.dumps(
            [
                {"code": one.code, "text": one.text, "column": one.column, "changes": one.changes, "no": one.is_refused}
                for one in step.outcomes
            ],
            ensure_ascii=False,
        ),
        "came_to": step.came_to,
    }


def _asked(row: Row) -> str:
    wish = None if row.wish is None else row.wish.model_dump(mode="json")
    return json.dumps(
        {
            "name": row.name,
            "email": row.email,
            "wish": wish,
            "level": row.level,
            "meetings": row.meetings,
            "all": row.all_meetings,
        },
        ensure_ascii=False,
    )


def _import(row: asyncpg.Record) -> SheetImport:
    return SheetImport(
        id=row["id"],
        programme_id=row["programme_id"],
        sha256=row["sheet_sha256"],
        mail=row["with_mail"],
        rows=row["sheet_rows"],
        begun_at=row["begun_at"],
        over_at=row["over_at"],
    )


def _step(row: asyncpg.Record) -> Step:
    asked = json.loads(row["asked"])
    return Step(
        Row(
            number=row["row_number"],
            code=row["organisation_code"],
            name=asked["name"],
            email=asked["email"],
            wish=None if asked["wish"] is None else EnrolMunicipality.model_validate_json(json.dumps(asked["wish"])),
            level=asked["level"],
            meetings=tuple(asked["meetings"]),
            all_meetings=asked["all"],
        ),
        row["due"],
        row["turn"],
        _outcomes(row["outcomes"]),
    )


def _outcomes(text: str) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(one["code"], one["text"], one["column"], changes=one["changes"], is_refused=one["no"])
        for one in json.loads(text)
    )
