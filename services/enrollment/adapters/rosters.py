"""Rosters: one enrolment's people at one meeting."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import meetings
from services.enrollment.adapters.meetings import MeetingCopy
from services.enrollment.domain.enrolment import Enrolment, Programme
from services.enrollment.domain.roster import Roster, Seat
from shared.contracts.enrollment import roster_id
from shared.contracts.parties import Person
from shared.storage.tx import Tx

_SEATS = """
    SELECT roster_id, person_id, name, email, registered_at, number, level
    FROM seats JOIN people USING (person_id) WHERE roster_id = ANY($1) ORDER BY roster_id, registered_at, number
"""


async def lock(tx: Tx, programme: Programme, enrolment: Enrolment, meeting_id: str) -> Roster | None:
    """The roster, locked; None for a meeting that is unknown or another programme's."""
    copy = await meetings.load(tx, meeting_id)
    if copy is None or copy.programme_id != enrolment.programme_id:
        return None
    row = await tx.fetchrow(
        """
        INSERT INTO rosters (id, enrolment_id, meeting_id) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET meeting_id = excluded.meeting_id RETURNING id, next_number
        """,
        roster_id(enrolment.id, meeting_id),
        enrolment.id,
        meeting_id,
    )
    if row is None:
        raise RuntimeError("an upsert returned no row")
    seats = await _seats(tx, [row["id"]])
    return _roster(programme, enrolment, copy, seats.get(row["id"], ()), row["next_number"])


async def of_enrolment(tx: Tx, programme: Programme, enrolment: Enrolment) -> tuple[Roster, ...]:
    """One for each meeting that is for the enrolment's group, with nobody on it where nobody is registered."""
    copies = [
        copy
        for copy in await meetings.of_programme(tx, enrolment.programme_id)
        if copy.meeting.group in {None, enrolment.group}
    ]
    return await _read(tx, programme, enrolment, copies)


async def with_people(tx: Tx, programme: Programme, enrolment: Enrolment) -> tuple[Roster, ...]:
    """Those on which somebody is registered, locked, whatever group their meeting is for."""
    rows = await tx.fetch(
        "SELECT id, meeting_id FROM rosters WHERE enrolment_id = $1 ORDER BY id FOR UPDATE", enrolment.id
    )
    known = {copy.meeting.id: copy for copy in await meetings.of_programme(tx, enrolment.programme_id)}
    found = await _read(tx, programme, enrolment, [known[row["meeting_id"]] for row in rows])
    return tuple(roster for roster in found if roster.seats)


async def save(tx: Tx, enrolment: Enrolment, roster: Roster) -> None:
    """Write down who sits where; seats that are gone are deleted, those that stay keep their cause."""
    this = roster_id(enrolment.id, roster.meeting.id)
    await tx.execute("UPDATE rosters SET next_number = $2 WHERE id = $1", this, roster.next_number)
    await tx.execute(
        "DELETE FROM seats WHERE roster_id = $1 AND person_id <> ALL($2)",
        this,
        [seat.person.person_id for seat in roster.seats],
    )
    await tx.execute(
        """
        INSERT INTO seats (roster_id, person_id, number, registered_at, level, correlation_id, causation_id, actor)
        SELECT $1, person_id, number, registered_at, level, $6, $7, $8
        FROM unnest($2::text[], $3::integer[], $4::timestamptz[], $5::text[])
            AS new (person_id, number, registered_at, level)
        ON CONFLICT (roster_id, person_id) DO NOTHING
        """,
        this,
        [seat.person.person_id for seat in roster.seats],
        [seat.number for seat in roster.seats],
        [seat.registered_at for seat in roster.seats],
        [seat.level for seat in roster.seats],
        tx.cause.correlation_id,
        tx.cause.causation_id,
        tx.cause.actor,
    )


async def _read(
    tx: Tx, programme: Programme, enrolment: Enrolment, copies: Sequence[MeetingCopy]
) -> tuple[Roster, ...]:
    ids = {copy.meeting.id: roster_id(enrolment.id, copy.meeting.id) for copy in copies}
    seats = await _seats(tx, list(ids.values()))
    numbers = {
        row["id"]: row["next_number"]
        for row in await tx.fetch("SELECT id, next_number FROM rosters WHERE id = ANY($1)", list(ids.values()))
    }
    return tuple(
        _roster(
            programme,
            enrolment,
            copy,
            seats.get(ids[copy.meeting.id], ()),
            numbers.get(ids[copy.meeting.id], 1),
        )
        for copy in copies
    )


async def _seats(tx: Tx, roster_ids: Sequence[str]) -> dict[str, tuple[Seat, ...]]:
    found: dict[str, tuple[Seat, ...]] = {}
    for row in await tx.fetch(_SEATS, roster_ids):
        person = Person(person_id=row["person_id"], name=row["name"], email=row["email"])
        seat = Seat(person=person, registered_at=row["registered_at"], number=row["number"], level=row["level"])
        found[row["roster_id"]] = (*found.get(row["roster_id"], ()), seat)
    return found


def _roster(
    programme: Programme, enrolment: Enrolment, copy: MeetingCopy, seats: tuple[Seat, ...], next_number: int
) -> Roster:
    return Roster(
        meeting=copy.meeting,
        meeting_state=copy.state,
        terms=enrolment.seat_terms(copy.meeting.kind),
        group=enrolment.group,
        closes_days=programme.terms.terms.registration_closes_days,
        seats=seats,
        next_number=next_number,
        levels=programme.terms.terms.participant_levels,
    )
