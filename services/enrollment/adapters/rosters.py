"""Rosters: one enrolment's people at one meeting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from services.enrollment.adapters import meetings, people, seat_moves
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.moves import moves
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import Roster, Seat
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.enrollment import roster_id
from shared.contracts.parties import Billing, Person
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_ROSTERS = Table("rosters", {"id": "text", "next_number": "integer"}, key=("id",))
_SEATS = Table(
    "seats",
    {
        "roster_id": "text",
        "person_id": "text",
        "number": "integer",
        "registered_at": "timestamptz",
        "level": "text",
        "walked_in": "boolean",
        "stays_extra": "boolean",
        "written_name": "text",
        "written_email": "text",
        "own_billing": "jsonb",
        "billed_in": "text",
        **CAUSE,
    },
    key=("roster_id", "person_id"),
)


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


async def lock_many(tx: Tx, programme: Programme, wanted: Iterable[tuple[Enrolment, MeetingCopy]]) -> dict[str, Roster]:
    """By id, locked in its order. Each enrolment is locked, and each meeting is one of its programme's."""
    by_id = {roster_id(enrolment.id, copy.meeting.id): (enrolment, copy) for enrolment, copy in wanted}
    ids = sorted(by_id)
    rows = await tx.fetch(
        """
        INSERT INTO rosters (id, enrolment_id, meeting_id)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS u (id, enrolment_id, meeting_id) ORDER BY id
        ON CONFLICT (id) DO UPDATE SET meeting_id = excluded.meeting_id RETURNING id, next_number
        """,
        ids,
        [by_id[one][0].id for one in ids],
        [by_id[one][1].meeting.id for one in ids],
    )
    seats = await _seats(tx, ids)
    return {
        row["id"]: _roster(programme, *by_id[row["id"]], seats.get(row["id"], ()), row["next_number"]) for row in rows
    }


async def load_with_people(tx: Tx, programme: Programme, enrolment: Enrolment) -> tuple[Roster, ...]:
    """Those on which somebody is registered, whatever group their meeting is for.

    Nobody else changes one while the enrolment is locked (`enrolments.lock`): whoever does so shares that lock first.
    """
    return tuple(roster for roster in await load_known(tx, programme, enrolment) if roster.seats)


async def load_known(tx: Tx, programme: Programme, enrolment: Enrolment) -> tuple[Roster, ...]:
    """Those on which somebody is registered or was, whatever group their meeting is for, and some others."""
    rows = await tx.fetch("SELECT id, meeting_id FROM rosters WHERE enrolment_id = $1 ORDER BY id", enrolment.id)
    known = await meetings.load_many(tx, [row["meeting_id"] for row in rows])
    return await _load(tx, programme, enrolment, [known[row["meeting_id"]] for row in rows])


async def load_of_person(tx: Tx, programme: Programme, enrolment: Enrolment, person_id: str) -> tuple[Roster, ...]:
    """Those on which this person has a seat, in the order of their meetings' days; those without one come last."""
    rows = await tx.fetch(
        "SELECT r.meeting_id FROM seats s JOIN rosters r ON r.id = s.roster_id "
        "WHERE s.person_id = $1 AND r.enrolment_id = $2 ORDER BY r.meeting_id",
        person_id,
        enrolment.id,
    )
    known = await meetings.load_many(tx, [row["meeting_id"] for row in rows])
    found = await _load(tx, programme, enrolment, list(known.values()))
    return tuple(sorted(found, key=_by_day))


def _by_day(roster: Roster) -> tuple[bool, date, str]:
    when = roster.meeting.when
    return (when is None, when.first_day if when else date.max, roster.meeting.id)


async def load_page(tx: Tx, page: Page, programme: Programme, enrolment: Enrolment) -> list[Placed[Roster]]:
    """One for each meeting that is for the enrolment's group, with nobody on it where nobody is registered."""
    placed = await meetings.load_page_for_group(tx, page, enrolment.programme_id, enrolment.group)
    found = await _load(tx, programme, enrolment, [copy for _, copy in placed])
    return [(place, roster) for (place, _), roster in zip(placed, found, strict=True)]


async def load_of_meeting(tx: Tx, programme: Programme, enrolment: Enrolment, meeting_id: str) -> Roster | None:
    """As `load_page`, of one meeting; None when it is not for the enrolment's group."""
    copy = await meetings.load(tx, meeting_id)
    if copy is None or copy.programme_id != enrolment.programme_id or copy.meeting.group not in {None, enrolment.group}:
        return None
    (roster,) = await _load(tx, programme, enrolment, [copy])
    return roster


async def save(tx: Tx, before: Roster, after: Roster, cause: Cause) -> None:
    """Of a locked roster: seats that are gone are deleted, and what their people need with them; new ones, and those
    that are written otherwise, get this cause, and the others keep theirs.

    A new seat of whoever may not rename its person keeps what they wrote; any other is called what its person is. Who
    came and went is kept beside them.
    """
    as_written = not people.may_rename(cause, after.enrolment)
    await _ROSTERS.update(tx, [{"id": after.id, "next_number": after.next_number}])
    earlier, later = _unsettled(before.seats), _unsettled(after.seats)
    stay = {one.person.person_id for one in after.seats}
    gone = [one.person.person_id for one in before.seats if one.person.person_id not in stay]
    if gone:
        await tx.execute("DELETE FROM seats WHERE roster_id = $1 AND person_id = ANY($2)", after.id, gone)
    await _SEATS.upsert(
        tx,
        [
            {
                "roster_id": after.id,
                "person_id": seat.person.person_id,
                "number": seat.number,
                "registered_at": seat.registered_at,
                "level": seat.level,
                "walked_in": seat.walked_in,
                "stays_extra": seat.stays_extra,
                "written_name": seat.person.name if as_written else None,
                "written_email": seat.person.email if as_written else None,
                "own_billing": seat.billing.model_dump_json() if seat.billing else None,
                **cause_columns(cause),
            }
            for seat in after.seats
            if later[seat.number] not in earlier.values()
        ],
    )
    settled = [seat.number for seat in after.seats if seat.stays_extra]
    if settled:
        await tx.execute(
            "UPDATE seats SET stays_extra = true WHERE roster_id = $1 AND number = ANY($2)", after.id, settled
        )
    people_before, people_now = ({one: seat.person for one, seat in seats.items()} for seats in (earlier, later))
    moved = moves(people_before, people_now, tx.now, cause.actor, after.left_late)
    await seat_moves.insert(tx, after.id, moved, as_written=as_written)


def _unsettled(seats: Iterable[Seat]) -> dict[int, Seat]:
    """By number, without what becomes of a seat while its person stays."""
    return {seat.number: replace(seat, stays_extra=False) for seat in seats}


async def save_billing(tx: Tx, roster: Roster, seat: Seat, cause: Cause) -> None:
    """Who pays for a seat of a locked roster, and by which request; who put it in stays who they are."""
    own = seat.billing.model_dump_json() if seat.billing else None
    row = {"roster_id": roster.id, "person_id": seat.person.person_id, "own_billing": own}
    await _SEATS.update(tx, [{**row, "billed_in": cause.correlation_id}])


async def _load(
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
    rows = await tx.fetch(
        """
        SELECT roster_id, person_id, coalesce(written_name, people.name) AS name,
               coalesce(written_email, people.email) AS email, registered_at, number, level, walked_in, stays_extra,
               own_billing::text AS own_billing, actor
        FROM seats JOIN people USING (person_id) WHERE roster_id = ANY($1) ORDER BY roster_id, registered_at, number
        """,
        roster_ids,
    )
    found: dict[str, tuple[Seat, ...]] = {}
    for row in rows:
        person = Person(person_id=row["person_id"], name=row["name"], email=row["email"])
        seat = Seat(
            person=person,
            registered_at=row["registered_at"],
            number=row["number"],
            level=row["level"],
            billing=None if row["own_billing"] is None else Billing.model_validate_json(row["own_billing"]),
            walked_in=row["walked_in"],
            stays_extra=row["stays_extra"],
            put_in_by=row["actor"],
        )
        found[row["roster_id"]] = (*found.get(row["roster_id"], ()), seat)
    return found


def _roster(
    programme: Programme, enrolment: Enrolment, copy: MeetingCopy, seats: tuple[Seat, ...], next_number: int
) -> Roster:
    return Roster(programme, enrolment, copy.meeting, copy.state, seats, next_number)
