"""The rosters of an enrolment: each meeting with its people, and what the next one would cost.

A client is shown the people of the present place, and how many seats are taken in all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import enrolments, programmes, rosters
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.domain.meeting_copy import hidden_from
from services.enrollment.domain.roster import Roster, seats_for, seats_used, why_closed
from services.enrollment.domain.status import meeting_status
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_rosters(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    enrolment = require_enrolment(await enrolments.load(tx, query["enrolment_id"]), tx.cause.client)
    programme = await programmes.load_of(tx, enrolment)
    page = page_of(query, "meetings")
    found = await rosters.load_page(tx, page, programme, enrolment)
    return {
        "enrolment_id": enrolment.id,
        "organisation": enrolment.organisation.name,
        **page.answer(found, lambda one: _roster(one, tx)),
    }


def _roster(roster: Roster, tx: Tx) -> dict[str, Any]:
    last, extra = roster.last_day_to_register, roster.next_costs
    is_open = why_closed(roster, tx.now) is None
    return {
        "meeting": roster.meeting.model_dump(mode="json", exclude=hidden_from(tx.cause.client)),
        "status": meeting_status(roster.meeting_state, roster.meeting.date_version),
        "open": is_open,
        "last_day_to_register": last.isoformat() if last else None,
        "seats": seats_used(roster, closed=not is_open),
        "included": roster.limit,
        "attendance": roster.terms.attendance if roster.terms else None,
        "last_day_to_swap": roster.last_day_to_swap.isoformat() if roster.last_day_to_swap else None,
        "extra_free_until": roster.last_free_day.isoformat() if roster.last_free_day else None,
        "levels": list(roster.levels),
        "next_price_ore": extra.price_ore if extra else None,
        "participants": [
            {
                **seat.person.model_dump(mode="json"),
                "registered_at": seat.registered_at.isoformat(),
                "extra": seat in roster.extras,
                "level": seat.level,
                "walked_in": seat.walked_in,
            }
            for seat in seats_for(roster, client=tx.cause.client is not None)
        ],
    }
