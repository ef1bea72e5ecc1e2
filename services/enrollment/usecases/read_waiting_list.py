"""Who waits for a place, in which order, and who would get one: now, or if there were so many (`hard`).

Asking changes nothing. Fewer than are taken take none back, as when they are decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.programme import allots, unknown_programme
from services.enrollment.domain.status import status
from services.enrollment.domain.waiting_list import why_nobody, would_have_place
from shared.base.listing import number, page_of
from shared.storage.tx import Tx


async def read_waiting_list(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """`why_no_more`: why nobody moves up as it is."""
    programme = await programmes.load(tx, query["programme_id"])
    if programme is None:
        raise unknown_programme()
    supposed = number(query, "hard")
    places = programme.places if supposed is None else supposed
    free = None if places is None else places - programme.taken
    page = page_of(query, "waiting")
    found = await enrolments.load_page_of_line(tx, page, programme.id) if programme.open else []
    positions = await enrolments.load_positions(tx, [one for _, one in found])
    return {
        "programme_id": programme.id,
        "taken": programme.taken,
        "places": places,
        "why_no_more": why_nobody(programme, await enrolments.count_waiting(tx, programme.id), tx.now),
        **page.answer(
            found,
            lambda one: {
                "position": positions[one.id].number,
                "enrolment_id": one.id,
                "organisation": one.organisation.model_dump(mode="json"),
                "received_at": one.received_at.isoformat() if one.received_at else None,
                "status": status(
                    one.state,
                    forbehold_open=one.forbehold_open,
                    position=positions[one.id].number,
                    allotted=allots(programme, tx.now),
                ),
                "forbehold": one.forbehold.state,
                "would_have_place": would_have_place(programme, one, positions[one.id], free, tx.now),
            },
        ),
    }
