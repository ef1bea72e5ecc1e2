"""Who takes part in which meeting, for which organisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.notifications.domain.closed_links import Led, Whose
from services.notifications.domain.participant import Known, Participant, Seat
from services.notifications.domain.text import storable
from shared.storage.table import Table
from shared.storage.tx import Tx

_PARTICIPANTS = Table(
    "participants",
    {
        "person_id": "text",
        "meeting_id": "text",
        "enrolment_id": "text",
        "programme_id": "text",
        "organisation_name": "text",
        "name": "text",
        "email": "text",
        "address_key": "text",
        "takes_part": "boolean",
        "since": "timestamptz",
        "seat_path": "text",
        "own_path": "text",
        "seat_quiet_since": "timestamptz",
        "as_guest": "boolean",
    },
    key=("person_id", "meeting_id", "enrolment_id"),
    fixed=("programme_id",),
)


async def load_known(tx: Tx, seats: Iterable[Seat]) -> dict[Seat, Known]:
    """How these are known so far, whether they take part or no longer do."""
    sought = sorted(set(seats))
    rows = await tx.fetch(
        """
        SELECT p.person_id, p.meeting_id, p.enrolment_id, p.address_key, p.since, p.seat_path, p.own_path
        FROM unnest($1::text[], $2::text[], $3::text[]) AS u (person_id, meeting_id, enrolment_id)
        JOIN participants p USING (person_id, meeting_id, enrolment_id)
        """,
        [person for person, _, _ in sought],
        [meeting for _, meeting, _ in sought],
        [enrolment for _, _, enrolment in sought],
    )
    return {
        (row["person_id"], row["meeting_id"], row["enrolment_id"]): Known(
            row["address_key"], row["since"], row["seat_path"], row["own_path"]
        )
        for row in rows
    }


async def load_led(tx: Tx, whose: Iterable[Whose]) -> dict[Seat, tuple[datetime, Led]]:
    """Where mails about each seat of theirs lead, and since when."""
    sought = sorted(set(whose))
    rows = await tx.fetch(
        """
        SELECT p.person_id, p.meeting_id, p.enrolment_id, p.since, p.seat_path, p.own_path
        FROM unnest($1::text[], $2::text[]) AS u (enrolment_id, person_id)
        JOIN participants p USING (enrolment_id, person_id)
        """,
        [enrolment for enrolment, _ in sought],
        [person for _, person in sought],
    )
    return {
        (row["person_id"], row["meeting_id"], row["enrolment_id"]): (
            row["since"],
            Led(row["seat_path"], row["own_path"]),
        )
        for row in rows
    }


async def save_led(tx: Tx, led: Mapping[Seat, Led]) -> None:
    rows = [
        {"person_id": person, "meeting_id": meeting, "enrolment_id": enrolment, "seat_path": one, "own_path": own}
        for (person, meeting, enrolment), (one, own) in led.items()
    ]
    await _PARTICIPANTS.update(tx, rows)


async def save(tx: Tx, participants: Mapping[Seat, Participant]) -> None:
    rows = [
        {
            "person_id": person,
            "meeting_id": meeting,
            "enrolment_id": enrolment,
            "programme_id": storable(one.fact.programme.id),
            "organisation_name": storable(one.organisation),
            "name": storable(one.person.name),
            "email": storable(one.person.email),
            "address_key": one.address,
            "takes_part": one.takes_part,
            "since": one.since,
            "seat_path": storable(one.seat_path),
            "own_path": storable(one.own_path),
            "seat_quiet_since": one.since if one.quiet else None,
            "as_guest": one.as_guest,
        }
        for (person, meeting, enrolment), one in participants.items()
    ]
    await _PARTICIPANTS.upsert(tx, rows)
