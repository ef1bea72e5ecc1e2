"""Tracks of programmes, and the steps of them that enrolments are through, as PostgreSQL keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from services.scheduling.domain.track import Completed, Course
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.programme import ProgrammeRef, TrackTerm
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns, cause_of
from shared.storage.tx import Tx

_STEPS = Table(
    "completed_steps",
    {
        "id": "text",
        "programme_id": "text",
        "enrolment_id": "text",
        "track": "text",
        "phase": "text",
        "step": "text",
        "option_id": "text",
        "completed_on": "date",
        **CAUSE,
    },
    key=("id",),
)
TRACKS = TypeAdapter(tuple[TrackTerm, ...])
_COLUMNS = "programme_id, enrolment_id, track, phase, step, option_id, completed_on"
_IN_ORDER = Order({"programme_id": "text", "enrolment_id": "text", "completed_on": "date", "id": "text"})


async def lock_course(tx: Tx, programme_id: str) -> Course | None:
    """Until the transaction ends, so that two who complete a step of one programme come one after the other."""
    row = await tx.fetchrow(
        """
        SELECT ref::text AS ref, cancelled, CASE WHEN tracks_version = version THEN tracks::text END AS tracks
        FROM programmes WHERE id = $1 FOR UPDATE
        """,
        programme_id,
    )
    if row is None:
        return None
    tracks = None if row["tracks"] is None else TRACKS.validate_json(row["tracks"])
    return Course(ProgrammeRef.model_validate_json(row["ref"]), row["cancelled"], tracks)


async def load(tx: Tx, step_id: str) -> tuple[Completed, Cause] | None:
    """With the cause of it."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS}, correlation_id, causation_id, actor FROM completed_steps WHERE id = $1", step_id
    )
    return None if row is None else (_completed(row), cause_of(row))


async def load_page(
    tx: Tx, page: Page, programme_id: str, *, enrolment_id: str | None, track: str | None
) -> list[Placed[Completed]]:
    """Of a programme, by enrolment, in the order of their days; None = any."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS}, {_IN_ORDER.place} FROM completed_steps
        WHERE programme_id = $1 AND ($2::text IS NULL OR enrolment_id = $2) AND ($3::text IS NULL OR track = $3)
          AND {_IN_ORDER.after(4)}
        ORDER BY {_IN_ORDER.by} LIMIT $5
        """,
        programme_id,
        enrolment_id,
        track,
        page.after,
        page.wanted,
    )
    return [(row["stands_at"], _completed(row)) for row in rows]


async def load_of_enrolments(tx: Tx, programme_id: str, enrolment_ids: Sequence[str]) -> list[Completed]:
    """What these enrolments of a programme are through, in the order of the days."""
    rows = await tx.fetch(
        f"""
        SELECT {_COLUMNS} FROM completed_steps WHERE programme_id = $1 AND enrolment_id = ANY($2::text[])
        ORDER BY completed_on, id
        """,
        programme_id,
        list(enrolment_ids),
    )
    return [_completed(row) for row in rows]


async def insert(tx: Tx, one: Completed, cause: Cause) -> None:
    """Of a programme that is locked."""
    row = {
        "id": one.id,
        "programme_id": one.programme_id,
        "enrolment_id": one.enrolment_id,
        "track": one.track,
        "phase": one.phase,
        "step": one.step,
        "option_id": one.option_id,
        "completed_on": one.completed_on,
        **cause_columns(cause),
    }
    await _STEPS.insert(tx, [row])


def _completed(row: Any) -> Completed:
    return Completed(
        programme_id=row["programme_id"],
        enrolment_id=row["enrolment_id"],
        track=row["track"],
        phase=row["phase"],
        step=row["step"],
        option_id=row["option_id"],
        completed_on=row["completed_on"],
    )
