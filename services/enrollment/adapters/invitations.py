"""Invitation rounds and who was invited in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.enrollment.domain.invitation import INVITATION
from services.enrollment.domain.status import ANSWERED
from shared.base.cause import Cause
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
    },
    key=("enrolment_id", "round_id"),
)


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


async def load_invited(tx: Tx, enrolment_ids: Collection[str]) -> frozenset[str]:
    """Those of them that were invited, in whatever round. It stays so while the programme is locked."""
    rows = await tx.fetch("SELECT enrolment_id FROM invitations WHERE enrolment_id = ANY($1)", list(enrolment_ids))
    return frozenset(row["enrolment_id"] for row in rows)


async def load_rounds(tx: Tx, programme_id: str) -> list[Counted]:
    """In the order in which they were started."""
    rows = await tx.fetch(
        """
        SELECT round_id, remind_on, started_at, invitation_rounds.reminded_at, count(enrolment_id) AS invited,
            count(invitations.reminded_at) AS reminded,
            count(enrolment_id) FILTER (WHERE state <> ALL($2)) AS silent
        FROM invitation_rounds
        LEFT JOIN invitations USING (programme_id, round_id)
        LEFT JOIN enrolments ON enrolments.id = enrolment_id
        WHERE invitation_rounds.programme_id = $1
        GROUP BY invitation_rounds.programme_id, round_id ORDER BY started_at, round_id
        """,
        programme_id,
        sorted(ANSWERED),
    )
    return [Counted(**row) for row in rows]


async def load_own_round_at(tx: Tx, programme_id: str) -> datetime | None:
    """When the programme's own round is armed for; None when none is waiting."""
    due: datetime | None = await tx.fetchval(
        "SELECT due FROM timers WHERE timer = $1 AND key = $2", INVITATION, programme_id
    )
    return due


async def lock_not_reminded(tx: Tx, programme_id: str, round_id: str) -> frozenset[str]:
    """The enrolments that a round invited and has not reminded yet."""
    rows = await tx.fetch(
        "SELECT enrolment_id FROM invitations WHERE programme_id = $1 AND round_id = $2 AND reminded_at IS NULL "
        "ORDER BY enrolment_id FOR UPDATE",
        programme_id,
        round_id,
    )
    return frozenset(row["enrolment_id"] for row in rows)


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
