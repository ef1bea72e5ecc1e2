"""Invitation rounds and who was invited in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from asyncpg import Record

from services.enrollment.domain.status import ANSWERED
from shared.storage.tx import Tx


async def start(tx: Tx, programme_id: str, round_id: str, remind_on: date | None) -> None:
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
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )


async def add(tx: Tx, programme_id: str, round_id: str, enrolment_ids: Sequence[str]) -> frozenset[str]:
    """Those of them that were not invited in this round before."""
    rows = await tx.fetch(
        """
        INSERT INTO invitations (enrolment_id, programme_id, round_id, invited_at)
        SELECT one, $1, $2, $3 FROM unnest($4::text[]) AS one
        ON CONFLICT DO NOTHING RETURNING enrolment_id
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
