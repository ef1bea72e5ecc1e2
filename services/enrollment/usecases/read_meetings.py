"""Our copy of a programme's meetings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from services.enrollment.adapters import meetings
from services.enrollment.domain.meeting_copy import MeetingCopy, hidden_from
from services.enrollment.domain.status import meeting_status
from shared.base.listing import page_of
from shared.storage.tx import Tx


async def read_meetings(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """Those of `programme_id`, as the API shows them."""
    page = page_of(query, "meetings")
    hidden = hidden_from(tx.cause.client)
    return page.answer(
        await meetings.load_page(tx, page, query.get("programme_id", "")), partial(_shown, hidden=hidden)
    )


def _shown(one: MeetingCopy, *, hidden: set[str]) -> dict[str, Any]:
    return {
        **one.meeting.model_dump(mode="json", exclude=hidden),
        "state": one.state,
        "status": meeting_status(one.state, one.meeting.date_version),
    }
