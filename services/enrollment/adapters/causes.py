"""Who and what is behind what this service keeps."""

from __future__ import annotations

from typing import NamedTuple

from shared.base.cause import Cause
from shared.storage.table import cause_of
from shared.storage.tx import Tx


class EnrolmentCause(NamedTuple):
    organisation: str
    programme: str
    cause: Cause


class ProgrammeCause(NamedTuple):
    title: str
    version: int
    cause: Cause


class OrderCause(NamedTuple):
    title: str
    organisation: str
    cause: Cause
    programme_id: str


class SeatCause(NamedTuple):
    person: str
    organisation: str
    meeting: str
    cause: Cause
    programme_id: str


async def load_of_enrolment(tx: Tx, enrolment_id: str) -> EnrolmentCause | None:
    row = await tx.fetchrow(
        """
        SELECT name, terms->'ref'->>'title' AS title, enrolments.correlation_id, enrolments.causation_id,
            enrolments.actor
        FROM enrolments JOIN organisations ON code = organisation_code JOIN programmes ON programmes.id = programme_id
        WHERE enrolments.id = $1
        """,
        enrolment_id,
    )
    if row is None:
        return None
    return EnrolmentCause(row["name"], row["title"], cause_of(row))


async def load_of_programme(tx: Tx, programme_id: str) -> ProgrammeCause | None:
    row = await tx.fetchrow(
        "SELECT terms->'ref'->>'title' AS title, version, correlation_id, causation_id, actor "
        "FROM programmes WHERE id = $1",
        programme_id,
    )
    return None if row is None else ProgrammeCause(row["title"], row["version"], cause_of(row))


async def load_of_order(tx: Tx, order_id: str) -> OrderCause | None:
    row = await tx.fetchrow(
        """
        SELECT title, name AS organisation, enrolments.programme_id, option_orders.correlation_id,
            option_orders.causation_id, option_orders.actor
        FROM option_orders JOIN enrolments ON enrolments.id = enrolment_id
        JOIN organisations ON code = organisation_code WHERE option_orders.id = $1
        """,
        order_id,
    )
    return None if row is None else OrderCause(row["title"], row["organisation"], cause_of(row), row["programme_id"])


async def load_of_seat(tx: Tx, person_or_roster_id: str) -> SeatCause | None:
    """The newest seat of a person, or on a roster."""
    row = await tx.fetchrow(
        """
        SELECT coalesce(written_name, people.name) AS person, organisations.name AS organisation,
            meeting->>'title' AS meeting, meetings.programme_id, seats.correlation_id, seats.causation_id, seats.actor
        FROM seats JOIN people USING (person_id) JOIN organisations ON code = organisation_code
        JOIN rosters ON rosters.id = roster_id JOIN meetings ON meetings.id = meeting_id
        WHERE person_id = $1 OR roster_id = $1 ORDER BY registered_at DESC, number DESC LIMIT 1
        """,
        person_or_roster_id,
    )
    if row is None:
        return None
    return SeatCause(row["person"], row["organisation"], row["meeting"], cause_of(row), row["programme_id"])
