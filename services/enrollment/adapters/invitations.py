"""Invitation rounds and who was invited in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from asyncpg import Record

from services.enrollment.domain.status import ANSWERED
from shared.base.cause import Cause
from shared.storage.tx import Tx

INVITATION = "invitation_round"
"""The timer of a programme's own round; its key is the programme's id."""


async def start(tx: Tx, programme_id: str, round_id: str, remind_on: date | None, because: Cause) -> None:
    """A round that is there already only gets another day for its reminder."""
    await tx.execute(
        """
        INSERT INTO invitation_rounds
            (programme_id, round_id, remind_on, started_at, correlation_id, causation_id, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (programme_id, round_id) DO UPDATE SET remind_on = excluded.remind_on
        """,
        programme_id,
        round_id,
        remind_on,
        tx.now,
        because.correlation_id,
        because.causation_id,
        because.actor,
    )


async def add(tx: Tx, programme_id: str, round_id: str, enrolment_ids: Sequence[str]) -> frozenset[str]:
    """Those of them that were not invited before, in this round or another. The programme must be locked."""
    rows = await tx.fetch(
        """
        INSERT INTO invitations (enrolment_id, programme_id, round_id, invited_at)
        SELECT one, $1, $2, $3 FROM unnest($4::text[]) AS one
        WHERE NOT EXISTS (SELECT FROM invitations WHERE enrolment_id = one)
        RETURNING enrolment_id
        """,
        programme_id,
        round_id,
        tx.now,
        sorted(enrolment_ids),
    )
    return frozenset(row["enrolment_id"] for row in rows)


async def remind(tx: Tx, programme_id: str, round_id: str) -> frozenset[str]:
    """Enrolments whose organisation has not answered; each is in the result of one call only."""
    rows = await tx.fetch(
        """
        UPDATE invitations SET reminded_at = $3 FROM enrolments
        WHERE enrolments.id = enrolment_id AND invitations.programme_id = $1 AND round_id = $2
            AND reminded_at IS NULL AND state <> ALL($4)
        RETURNING enrolment_id
        """,
        programme_id,
        round_id,
        tx.now,
        sorted(ANSWERED),
    )
    await tx.execute(
        "UPDATE invitation_rounds SET reminded_at = $3 WHERE programme_id = $1 AND round_id = $2",
        programme_id,
        round_id,
        tx.now,
    )
    return frozenset(row["enrolment_id"] for row in rows)


async def goes_out_at(tx: Tx, programme_id: str) -> datetime | None:
    """When the programme's own round is armed for; None when none is waiting."""
    due: datetime | None = await tx.fetchval(
        "SELECT due FROM timers WHERE timer = $1 AND key = $2", INVITATION, programme_id
    )
    return due


async def rounds(tx: Tx, programme_id: str) -> Sequence[Record]:
    """Each round with how many were invited, reminded, and are silent."""
    return await tx.fetch(
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
