"""The rosters of an enrolment: each meeting with its people, and what the next one would cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import enrolments, meetings, programmes, rosters
from services.enrollment.domain.enrolment import Enrolment, Programme
from services.enrollment.domain.roster import Roster, require_open, seats_used
from services.enrollment.domain.status import meeting_status
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def rosters_of(tx: Tx, enrolment_id: str) -> tuple[Programme, Enrolment, tuple[Roster, ...]]:
    enrolment = await enrolments.load(tx, enrolment_id)
    programme = None if enrolment is None else await programmes.load(tx, enrolment.programme_id)
    if enrolment is None or programme is None:
        raise Refused("unknown_enrolment", "Tilmeldingen findes ikke.", status=404, field="enrolment_id")
    return programme, enrolment, await rosters.of_enrolment(tx, programme, enrolment)


async def list_participants(tx: Tx, query: Mapping[str, str]) -> Any:
    _, enrolment, found = await rosters_of(tx, query["enrolment_id"])
    return {
        "enrolment_id": enrolment.id,
        "organisation": enrolment.organisation.name,
        "meetings": [_roster(tx, one) for one in found],
    }


async def list_meetings(tx: Tx, query: Mapping[str, str]) -> Any:
    """Our copy of the meetings of `programme_id`."""
    found = await meetings.of_programme(tx, query.get("programme_id", ""))
    return {
        "meetings": [
            {
                **one.meeting.model_dump(mode="json"),
                "state": one.state,
                "status": meeting_status(one.state, one.meeting.date_version),
            }
            for one in found
        ]
    }


def _roster(tx: Tx, roster: Roster) -> dict[str, Any]:
    extra = roster.terms.extra if roster.terms else None
    last = roster.last_day_to_register
    is_open = _is_open(tx, roster)
    return {
        "meeting": roster.meeting.model_dump(mode="json"),
        "status": meeting_status(roster.meeting_state, roster.meeting.date_version),
        "open": is_open,
        "last_day_to_register": last.isoformat() if last else None,
        "seats": seats_used(roster, closed=not is_open),
        "included": roster.limit,
        "levels": list(roster.levels),
        "next_price_ore": extra.price_ore if extra and roster.next_is_extra else None,
        "participants": [
            {
                **seat.person.model_dump(mode="json"),
                "registered_at": seat.registered_at.isoformat(),
                "extra": seat in roster.extras,
                "level": seat.level,
            }
            for seat in roster.seats
        ],
    }


def _is_open(tx: Tx, roster: Roster) -> bool:
    try:
        require_open(roster, tx.now)
    except Refused:
        return False
    return True
