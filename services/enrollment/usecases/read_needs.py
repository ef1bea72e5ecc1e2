"""For the kitchen: how many come to a meeting, how many of each choice, and what was written, without any name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import meetings, needs, programmes
from services.enrollment.domain.needs import Count, asked_at, counted, in_nobodys_order, is_forgotten
from shared.base.listing import invalid_cursor, page_of
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def read_needs(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """`forgotten`: it is what has stayed. A cursor is the number of a row: what was written stands in no address.

    Refused 404 `unknown_meeting`, and `no_needs` where nothing is asked, and nothing was.
    """
    copy = await meetings.load(tx, query["meeting_id"])
    if copy is None:
        raise Refused("unknown_meeting", "Mødet findes ikke.", status=404, field="meeting_id")
    programme = await programmes.load(tx, copy.programme_id)
    page = page_of(query, "needs")
    meeting_id = copy.meeting.id
    people = await needs.count_people(tx, meeting_id)
    term = asked_at(programme, copy.meeting, guests=people["guests"]) if programme else None
    live, stayed = people["answered"] > 0, await needs.load_counts(tx, meeting_id)
    if live and not is_forgotten(copy, tx.now, counted=bool(stayed)):
        stayed = []
    if not (term or live or stayed):
        raise Refused("no_needs", "Der spørges ikke om kost og adgang til dette møde.", status=404, field="meeting_id")
    found = stayed or [
        *counted(term, people, await needs.count_chosen(tx, meeting_id)),
        *in_nobodys_order(await needs.load_texts(tx, meeting_id)),
    ]
    begin = 0
    if page.after is not None:
        if len(page.after) != 1 or not page.after[0].isascii() or not page.after[0].isdigit():
            raise invalid_cursor()
        begin = int(page.after[0][:9]) + 1
    placed = [((str(at),), one) for at, one in enumerate(found)][begin : begin + page.wanted]
    return {"meeting_id": meeting_id, "forgotten": bool(stayed), **page.answer(placed, _shown)}


def _shown(one: Count) -> dict[str, Any]:
    return {"part": one.part, "choice": one.choice, "title": one.title, "text": one.text, "how_many": one.number_of}
