"""Which steps of their tracks the enrolments of a programme are through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scheduling.adapters import steps
from services.scheduling.domain.track import Completed
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_steps(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All of a programme, or those of `enrolment_id` or `track`."""
    page = page_of(query, "steps")
    found = await steps.load_page(
        tx, page, query["programme_id"], enrolment_id=query.get("enrolment_id"), track=query.get("track")
    )
    return page.answer(found, shown)


def shown(one: Completed) -> dict[str, Any]:
    return {
        "id": one.id,
        "programme_id": one.programme_id,
        "enrolment_id": one.enrolment_id,
        "track": one.track,
        "phase": one.phase,
        "step": one.step,
        "option": one.option_id,
        "completed_on": one.completed_on.isoformat(),
    }
