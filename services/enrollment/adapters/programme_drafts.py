"""Programmes that staff write before they are published."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from services.enrollment.domain.programme_draft import MOST_EDITIONS, Chosen, ProgrammeDraft
from services.enrollment.domain.programme_file.moving import Moved
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_DRAFTS = Table(
    "programme_drafts",
    {
        "id": "text",
        "draft_of": "text",
        "draft_title": "text",
        "edition": "integer",
        "proposals": "jsonb",
        "decisions": "jsonb",
        "begun_at": "timestamptz",
        "begun_by": "text",
        "saved_at": "timestamptz",
        "saved_by": "text",
    },
    key=("id",),
    fixed=("begun_at", "begun_by"),
)
_EDITIONS = Table(
    "programme_draft_editions",
    {"draft_id": "text", "edition": "integer", "yaml": "text", "edited_at": "timestamptz", **CAUSE},
    key=("draft_id", "edition"),
)
_SELECT = """
    SELECT d.id, d.draft_of, d.draft_title, d.edition, d.proposals::text AS proposals, d.decisions::text AS decisions,
        d.begun_at, d.begun_by, d.saved_at, d.saved_by, e.yaml
    FROM programme_drafts d JOIN programme_draft_editions e ON e.draft_id = d.id AND e.edition = d.edition
"""
_BY_PROGRAMME = Order({"draft_of": "text"})


class Outline(NamedTuple):
    """Of a draft in a list."""

    id: str
    programme_id: str
    title: str
    saved_at: datetime
    saved_by: str


async def load(tx: Tx, draft_id: str) -> ProgrammeDraft | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE d.id = $1", draft_id)
    return None if row is None else _draft(row)


async def lock(tx: Tx, draft_id: str) -> ProgrammeDraft | None:
    row = await tx.fetchrow(f"{_SELECT} WHERE d.id = $1 FOR UPDATE OF d", draft_id)
    return None if row is None else _draft(row)


async def load_edition(tx: Tx, draft_id: str, edition: int) -> str | None:
    """The text as it was saved then; None when it is not kept any more."""
    found: str | None = await tx.fetchval(
        "SELECT yaml FROM programme_draft_editions WHERE draft_id = $1 AND edition = $2", draft_id, edition
    )
    return found


async def load_page(tx: Tx, page: Page, programme_ids: Collection[str] | None) -> list[Placed[Outline]]:
    """Those of these programmes; None = of all."""
    rows = await tx.fetch(
        f"""
        SELECT id, draft_of, draft_title, saved_at, saved_by, {_BY_PROGRAMME.place} FROM programme_drafts
        WHERE ($3::text[] IS NULL OR draft_of = ANY($3)) AND {_BY_PROGRAMME.after(1)}
        ORDER BY {_BY_PROGRAMME.by} LIMIT $2
        """,
        page.after,
        page.wanted,
        None if programme_ids is None else sorted(programme_ids),
    )
    return [
        (
            row["stands_at"],
            Outline(row["id"], row["draft_of"], row["draft_title"], row["saved_at"], row["saved_by"]),
        )
        for row in rows
    ]


async def lock_id_of(tx: Tx, programme_id: str) -> str | None:
    """Of the draft of a programme; whether there is one or not, nobody else begins another, or calls theirs so."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('draft of ' || $1, 0))", programme_id)
    found: str | None = await tx.fetchval("SELECT id FROM programme_drafts WHERE draft_of = $1", programme_id)
    return found


async def save(tx: Tx, draft: ProgrammeDraft, cause: Cause) -> None:
    await _DRAFTS.upsert(
        tx,
        [
            {
                "id": draft.id,
                "draft_of": draft.programme_id,
                "draft_title": draft.title,
                "edition": draft.edition,
                "proposals": json.dumps([[list(one.where), one.was, one.now] for one in draft.proposals]),
                "decisions": json.dumps(
                    [[list(one.where), one.reading, one.by, one.at.isoformat()] for one in draft.decisions]
                ),
                "begun_at": draft.begun_at,
                "begun_by": draft.begun_by,
                "saved_at": draft.saved_at,
                "saved_by": draft.saved_by,
            }
        ],
    )
    edition = {"draft_id": draft.id, "edition": draft.edition, "yaml": draft.text, "edited_at": draft.saved_at}
    await _EDITIONS.upsert(tx, [{**edition, **cause_columns(cause)}])
    await tx.execute(
        "DELETE FROM programme_draft_editions WHERE draft_id = $1 AND edition <= $2",
        draft.id,
        draft.edition - MOST_EDITIONS,
    )
    # Machine time: from now on it is kept as long again (`forgetting`).
    await tx.execute("UPDATE programme_drafts SET stored_at = now() WHERE id = $1", draft.id)


async def forget(tx: Tx, draft_id: str) -> None:
    await tx.execute("DELETE FROM programme_drafts WHERE id = $1", draft_id)


def _draft(row: Any) -> ProgrammeDraft:
    return ProgrammeDraft(
        id=row["id"],
        programme_id=row["draft_of"],
        title=row["draft_title"],
        edition=row["edition"],
        text=row["yaml"],
        proposals=tuple(Moved(tuple(where), was, now) for where, was, now in json.loads(row["proposals"])),
        decisions=tuple(
            Chosen(tuple(where), reading, by, datetime.fromisoformat(at))
            for where, reading, by, at in json.loads(row["decisions"])
        ),
        begun_at=row["begun_at"],
        begun_by=row["begun_by"],
        saved_at=row["saved_at"],
        saved_by=row["saved_by"],
    )
