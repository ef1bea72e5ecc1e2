"""Forms that somebody has begun."""

from __future__ import annotations

import json
from datetime import timedelta

from services.enrollment.domain.draft import Draft
from services.enrollment.domain.sign_up import Mails
from shared.base.cause import Cause
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_DRAFTS = Table(
    "drafts",
    {
        "id": "text",
        "programme_id": "text",
        "typed": "jsonb",
        "mailbox": "text",
        "caller": "text",
        "revision": "integer",
        "begun_at": "timestamptz",
        "saved_at": "timestamptz",
        **CAUSE,
    },
    key=("id",),
    fixed=("programme_id", "mailbox", "caller", "begun_at"),
)
_SELECT = """
    SELECT id, programme_id, typed::text AS typed, mailbox, caller, revision, begun_at, saved_at
    FROM drafts WHERE id = $1
"""


async def load(tx: Tx, draft_id: str) -> Draft | None:
    return await _one(tx, _SELECT, draft_id)


async def lock(tx: Tx, draft_id: str) -> Draft | None:
    return await _one(tx, f"{_SELECT} FOR UPDATE", draft_id)


async def lock_mails(tx: Tx, mailbox: str, caller: str) -> Mails:
    """As `sign_ups.lock_mails`, of links to drafts: those take no form its mail."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('drafts to ' || $1, 0))", mailbox)
    row = await tx.fetchrow(
        """
        SELECT count(*) AS to_mailbox, count(*) FILTER (WHERE caller = $3) AS for_caller
        FROM drafts WHERE mailbox = $1 AND begun_at > $2
        """,
        mailbox,
        tx.now - timedelta(days=1),
        caller,
    )
    return Mails(0, 0) if row is None else Mails(row["to_mailbox"], row["for_caller"])


async def save(tx: Tx, draft: Draft, cause: Cause) -> None:
    row = {
        "id": draft.id,
        "programme_id": draft.programme_id,
        "typed": json.dumps(dict(draft.typed)),
        "mailbox": draft.mailbox,
        "caller": draft.caller,
        "revision": draft.revision,
        "begun_at": draft.begun_at,
        "saved_at": draft.saved_at,
        **cause_columns(cause),
    }
    await _DRAFTS.upsert(tx, [row])
    # Machine time: from now on it is kept as long again (`forgetting`).
    await tx.execute("UPDATE drafts SET stored_at = now() WHERE id = $1", draft.id)


async def forget(tx: Tx, draft_id: str) -> None:
    await tx.execute("DELETE FROM drafts WHERE id = $1", draft_id)


async def _one(tx: Tx, query: str, draft_id: str) -> Draft | None:
    row = await tx.fetchrow(query, draft_id)
    if row is None:
        return None
    return Draft(
        id=row["id"],
        programme_id=row["programme_id"],
        typed=json.loads(row["typed"]),
        mailbox=row["mailbox"],
        caller=row["caller"],
        revision=row["revision"],
        begun_at=row["begun_at"],
        saved_at=row["saved_at"],
    )
