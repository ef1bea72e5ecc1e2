"""Our copy of the steps of tracks that deliver an option, as the owner of the tracks has told them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from services.enrollment.domain.enrolment import ENDED
from shared.base.cause import Cause
from shared.contracts.event import natural_id
from shared.contracts.programme import ProgrammeTerms
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
        "delivers": "text",
        "completed_on": "date",
        "told_at": "timestamptz",
        **CAUSE,
    },
    key=("id",),
)

# A row of a version before this one does not know when it was told: as the day of the step began.
_FROM_BEFORE = """(
    coalesce(s.told_at, s.completed_on::timestamp AT TIME ZONE 'Europe/Copenhagen') <= h.decided_at
    OR s.completed_on < (h.decided_at AT TIME ZONE 'Europe/Copenhagen')::date
)"""
"""Whether a step `s` is from before the organisation left, as `h` has it."""


class Step(NamedTuple):
    """A step that an enrolment is through, the option that it delivers, and what told of it, when."""

    programme_id: str
    enrolment_id: str
    track: str
    phase: str
    step: str
    delivers: str
    completed_on: date
    told_at: datetime
    cause: Cause


class Due(NamedTuple):
    """An order that is not delivered, though a step that delivers it was completed on a day."""

    order_id: str
    enrolment_id: str
    completed_on: date
    cause: Cause
    """That of the step."""


async def lock_steps(tx: Tx, enrolment_ids: Iterable[str]) -> None:
    """Until the transaction ends: whoever hears of a step of an enrolment, and whoever orders in it, come one after the
    other, also while the one does not know the enrolment yet. Held before the enrolment is locked.
    """
    await tx.execute(
        """
        SELECT pg_advisory_xact_lock(held.lock) FROM (
            SELECT DISTINCT hashtextextended('step/' || id, 0) AS lock FROM unnest($1::text[]) AS u (id) ORDER BY 1
        ) held
        """,
        sorted(set(enrolment_ids)),
    )


async def insert_new(tx: Tx, steps: Sequence[Step]) -> None:
    """In the order given; one that is known stays as it was told first. Their enrolments are held."""
    rows = [
        {
            "id": natural_id("step", one.programme_id, one.enrolment_id, one.track, one.phase, one.step),
            "programme_id": one.programme_id,
            "enrolment_id": one.enrolment_id,
            "track": one.track,
            "phase": one.phase,
            "step": one.step,
            "delivers": one.delivers,
            "completed_on": one.completed_on,
            "told_at": one.told_at,
            **cause_columns(one.cause),
        }
        for one in steps
    ]
    await _STEPS.insert_in_order(tx, rows, returning="heard")


async def load_due(tx: Tx, enrolment_ids: Iterable[str]) -> list[Due]:
    """What is ordered in these enrolments, which are locked, and the step that was heard of first delivers.

    Steps deliver an option once: what is ordered again after a delivery is not theirs. What was completed before the
    organisation left, or told before that, delivers nothing to whoever comes back.
    """
    rows = await tx.fetch(
        f"""
        SELECT option_orders.id, option_orders.enrolment_id, first.completed_on, first.correlation_id,
            first.causation_id, first.actor
        FROM option_orders CROSS JOIN LATERAL (
            SELECT s.completed_on, s.correlation_id, s.causation_id, s.actor FROM completed_steps s
            WHERE s.enrolment_id = option_orders.enrolment_id AND s.programme_id = option_orders.programme_id
              AND s.delivers = option_orders.option_id AND NOT EXISTS (
                  SELECT FROM enrolment_history h
                  WHERE h.enrolment_id = s.enrolment_id AND h.stood = ANY($2::text[]) AND {_FROM_BEFORE}
              )
            ORDER BY s.heard LIMIT 1
        ) first
        WHERE option_orders.enrolment_id = ANY($1::text[]) AND state = 'ordered' AND NOT EXISTS (
            SELECT FROM option_orders o WHERE o.enrolment_id = option_orders.enrolment_id
              AND o.option_id = option_orders.option_id AND o.state = 'delivered'
        )
        ORDER BY option_orders.enrolment_id, option_orders.option_id
        """,
        sorted(set(enrolment_ids)),
        sorted(ENDED),
    )
    return [Due(row["id"], row["enrolment_id"], row["completed_on"], cause_of(row)) for row in rows]


async def load_terms(tx: Tx, versions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], ProgrammeTerms]:
    """The programmes as these versions of their files say, by id and version; those that were published here."""
    wanted = sorted(set(versions))
    rows = await tx.fetch(
        """
        SELECT programme_id, version, terms::text AS terms FROM programme_versions
        WHERE (programme_id, version) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))
        """,
        [one for one, _ in wanted],
        [version for _, version in wanted],
    )
    return {(row["programme_id"], row["version"]): ProgrammeTerms.model_validate_json(row["terms"]) for row in rows}
