"""The audit of a service: what is about one programme is read, and what no command asked for is noted.

About a programme are requests that left something there under their correlation id. Of a request that was refused
nothing is left, and so it is in no such list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shared.base.listing import page_of
from shared.storage.order import Order
from shared.storage.tx import Tx

SESSION_ENDED = "session end"
"""The `route` of an entry about somebody who was signed out by another; its `command` says whom."""

_IN_TURN = Order({"a.id": "bigint"})
_NEWEST_FIRST = Order({"(-a.id)": "bigint"})


async def read(tx: Tx, query: Mapping[str, str], causes: str, *, newest_first: bool = False) -> dict[str, Any]:
    """A page of it; `causes` is SQL for the correlation ids of what belongs to the programme `$1`. Machine time."""
    order = _NEWEST_FIRST if newest_first else _IN_TURN
    page = page_of(query, "audit")
    rows = await tx.fetch(
        f"""
        WITH causes AS ({causes})
        SELECT a.*, {order.place} FROM causes CROSS JOIN LATERAL (
            SELECT a.id, a.at, a.principal, a.actor, a.route, a.command, a.status FROM audit a
            WHERE a.correlation_id = causes.correlation_id AND {order.after(2)} ORDER BY {order.by} LIMIT $3
        ) a ORDER BY {order.by} LIMIT $3
        """,
        query["programme_id"],
        page.after,
        page.wanted,
    )
    return page.answer(
        [(row["stands_at"], row) for row in rows],
        lambda row: {
            "at": row["at"].isoformat(),
            "by": row["principal"],
            "actor": row["actor"],
            "command": row["command"],
            "route": row["route"],
            "status": row["status"],
        },
    )


async def note(tx: Tx, *, principal: str, route: str, command: str, status: int) -> None:
    """A row for what no command asked for, such as that somebody signed in."""
    await tx.execute(
        "INSERT INTO audit (principal, actor, route, command, status, correlation_id) VALUES ($1, $1, $2, $3, $4, $5)",
        principal,
        route,
        command,
        status,
        tx.cause.correlation_id,
    )


async def load_of_access(tx: Tx, routes: Sequence[str], most: int) -> list[dict[str, Any]]:
    """The newest of these `routes`, which are among those that the index `audit_of_access` has. Machine time."""
    rows = await tx.fetch(
        """
        SELECT a.* FROM unnest($1::text[]) AS wanted (route) CROSS JOIN LATERAL (
            SELECT id, at, principal, route, command, status FROM audit
            WHERE route = wanted.route
                AND route IN ('token add', 'token renew', 'token revoke', 'session end', 'GrantRole', 'RevokeRole')
                AND status < 400
            ORDER BY id DESC LIMIT $2
        ) a ORDER BY a.id DESC LIMIT $2
        """,
        list(routes),
        most,
    )
    return [dict(row) for row in rows]
