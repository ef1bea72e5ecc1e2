"""Who has answered the invitation to a meeting, as staff see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notifications.adapters import answers
from services.notifications.adapters.answers import Asked
from shared.base.listing import page_of
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

ANSWERS = {
    "accepted": "Ja",
    "declined": "Nej",
    "tentative": "Måske",
    "delegated": "Sender en anden",
    "none": "Har ikke svaret",
}
"""What an answer is called among staff."""


async def read_answers(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """Everybody who is invited now, with the answer to the date they were told last, and how many gave each."""
    meeting_id = query["meeting_id"]
    page = page_of(query, "invited")
    counts = await answers.count_by_answer(tx, meeting_id)
    if counts is None:
        raise Refused("unknown_meeting", "Mødet findes ikke.", status=404)
    return {
        "meeting_id": meeting_id,
        "counts": {answer: counts.get(answer, 0) for answer in ANSWERS},
        **page.answer(await answers.load_asked(tx, page, meeting_id), _shown),
    }


def _shown(one: Asked) -> dict[str, Any]:
    return {
        "person_id": one.person_id,
        "name": one.name,
        "organisation": one.organisation,
        "part": one.part,
        "answer": one.answer,
        "title": ANSWERS[one.answer or "none"],
        "date_version": one.date_version,
        "answered_at": one.answered_at.isoformat() if one.answered_at else None,
    }
