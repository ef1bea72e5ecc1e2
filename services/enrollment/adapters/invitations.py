"""Invitation rounds and who was invited in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.enrollment.domain.invitation import INVITATION
from services.enrollment.domain.status import ANSWERED
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_ROUNDS = Table(
    "invitation_rounds",
    {
        "programme_id": "text",
        "round_id": "text",
        "remind_on": "date",
        "started_at": "timestamptz",
        "reminded_at": "timestamptz",
        **CAUSE,
    },
    key=("programme_id", "round_id"),
    fixed=("started_at", *CAUSE),
)
_INVITATIONS = Table(
    "invitations",
    {
        "enrolment_id": "text",
        "programme_id": "text",
        "round_id": "text",
        "invited_at": "timestamptz",
        "reminded_at": "timestamptz",
        "opened_at": "timestamptz",
    },
    key=("enrolment_id", "round_id"),
)


_STARTED = Order({"started_at": "timestamptz", "round_id": "text"})


@dataclass(frozen=True, slots=True)
class Counted:
    """A round, and how many of its municipalities were invited, reminded, and are silent."""

    round_id: str
    remind_on: date | None
    started_at: datetime
    reminded_at: datetime | None
    invited: int
    reminded: int
    silent: int


async def mark_opened(tx: Tx, enrolment_id: str) -> None:
    """Of the rounds that invited it and of which the link was not opened before."""
    await tx.execute(
        "UPDATE invitations SET opened_at = greatest($2, invited_at) WHERE enrolment_id = $1 AND opened_at IS NULL",
        enrolment_id,
        tx.now,
    )


async def load_when(tx: Tx, enrolment_ids: Collection[str]) -> dict[str, tuple[datetime, datetime | None]]:
    """When each was invited first, and when its link was opened first (None = not as far as is known); of those that
    were invited.
    """
    rows = await tx.fetch(
        """
        SELECT enrolment_id, min(invited_at) AS invited_at, min(opened_at) AS opened_at FROM invitations
        WHERE enrolment_id = ANY($1) GROUP BY enrolment_id
        """,
        sorted(set(enrolment_ids)),
    )
    return {row["enrolment_id"]: (row["invited_at"], row["opened_at"]) for row in rows}


async def load_invited(tx: Tx, enrolment_ids: Collection[str]) -> frozenset[str]:
    """Those of them that were invited, in whatever round. It stays so while the programme is locked."""
    rows = await tx.fetch("SELECT enrolment_id FROM invitations WHERE enrolment_id = ANY($1)", list(enrolment_ids))
    return frozenset(row["enrolment_id"] for row in rows)


async def load_rounds(tx: Tx, page: Page, programme_id: str) -> list[Placed[Counted]]:
    """In the order in which they were started."""
    rows = await tx.fetch(
        f"""
        SELECT r.stands_at, r.round_id, r.remind_on, r.started_at, r.reminded_at, c.invited, c.reminded, c.silent
        FROM (SELECT *, {_STARTED.place} FROM invitation_rounds WHERE programme_id = $1 AND {_STARTED.after(3)}
              ORDER BY {_STARTED.by} LIMIT $4) AS r
        CROSS JOIN LATERAL (
            SELECT count(*) AS invited, count(i.reminded_at) AS reminded,
                count(*) FILTER (WHERE e.state <> ALL($2)) AS silent
            FROM invitations i JOIN enrolments e ON e.id = i.enrolment_id
            WHERE i.programme_id = r.programme_id AND i.round_id = r.round_id
        ) AS c
        ORDER BY r.started_at, r.round_id
        """,
        programme_id,
        sorted(ANSWERED),
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _counted(row)) for row in rows]


def _counted(row: Any) -> Counted:
    return Counted(
        round_id=row["round_id"],
        remind_on=row["remind_on"],
        started_at=row["started_at"],
        reminded_at=row["reminded_at"],
        invited=row["invited"],
        reminded=row["reminded"],
        silent=row["silent"],
    )


async def load_own_round_at(tx: Tx, programme_id: str) -> datetime | None:
    """When the programme's own round is armed for; None when none is waiting."""
    due: datetime | None = await tx.fetchval(
        "SELECT due FROM timers WHERE timer = $1 AND key = $2", INVITATION, programme_id
    )
    return due


async def load_not_reminded(tx: Tx, programme_id: str, round_id: str) -> frozenset[str]:
    """The enrolments that a round invited and has not reminded yet; only its timer reminds, and it rings alone."""
    rows = await tx.fetch(
        "SELECT enrolment_id FROM invitations WHERE programme_id = $1 AND round_id = $2 AND reminded_at IS NULL "
        "ORDER BY enrolment_id",
        programme_id,
        round_id,
    )
    return frozenset(row["enrolment_id"] for row in rows)


async def load_round_ids(tx: Tx, programme_id: str) -> list[str]:
    """Of those whose reminder may still be to come."""
    rows = await tx.fetch(
        "SELECT round_id FROM invitation_rounds WHERE programme_id = $1 AND reminded_at IS NULL ORDER BY round_id",
        programme_id,
    )
    return [row["round_id"] for row in rows]


async def save_round(tx: Tx, programme_id: str, round_id: str, remind_on: date | None, because: Cause) -> None:
    """A round that is there already only gets another day for its reminder."""
    row = {
        "programme_id": programme_id,
        "round_id": round_id,
        "remind_on": remind_on,
        "started_at": tx.now,
        **cause_columns(because),
    }
    await _ROUNDS.upsert(tx, [row])


async def insert(tx: Tx, programme_id: str, round_id: str, enrolment_ids: Sequence[str]) -> None:
    about = {"programme_id": programme_id, "round_id": round_id, "invited_at": tx.now}
    await _INVITATIONS.insert(tx, [{"enrolment_id": one, **about} for one in enrolment_ids])


async def mark_reminded(tx: Tx, programme_id: str, round_id: str, enrolment_ids: Collection[str]) -> None:
    """Of a round, and of those in it who were reminded."""
    await _INVITATIONS.update(
        tx, [{"enrolment_id": one, "round_id": round_id, "reminded_at": tx.now} for one in enrolment_ids]
    )
    await _ROUNDS.update(tx, [{"programme_id": programme_id, "round_id": round_id, "reminded_at": tx.now}])
