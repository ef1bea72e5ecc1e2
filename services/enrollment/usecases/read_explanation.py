"""Why a count is what it is, entry by entry: of a roster, or of a standing team.

A client is shown the people of the present place; of the others it is told how many they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.enrollment.adapters import enrolments, programmes, rosters, seat_moves, teams
from services.enrollment.domain.enrolment import Enrolment, require_enrolment
from services.enrollment.domain.explanation import Entry, Explanation, Gone, explain_roster, explain_team, shown_to
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import require_roster, seats_used
from services.enrollment.domain.team import size_text
from shared.base.listing import Page, Placed, page_of
from shared.storage.tx import Tx


async def read_explanation(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    enrolment, programme = await _enrolment(tx, query)
    roster = require_roster(await rosters.load_of_meeting(tx, programme, enrolment, query["meeting_id"]))
    page = page_of(query, "entries")
    explained = explain_roster(roster, await seat_moves.load(tx, roster.id), client=tx.cause.client is not None)
    return {
        "enrolment_id": enrolment.id,
        "meeting_id": roster.meeting.id,
        "title": roster.meeting.title,
        "included": roster.limit,
        "seats": seats_used(roster, closed=True),
        **page.answer(_placed(page, explained), _shown),
    }


async def read_team_explanation(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    enrolment, programme = await _enrolment(tx, query)
    team = await teams.load(tx, programme, enrolment)
    page = page_of(query, "entries")
    explained = explain_team(team, await seat_moves.load(tx, team.id), client=tx.cause.client is not None)
    return {
        "enrolment_id": enrolment.id,
        "minimum": team.minimum,
        "most": team.most,
        "team": size_text(team),
        **page.answer(_placed(page, explained), _shown),
    }


async def _enrolment(tx: Tx, query: Mapping[str, str]) -> tuple[Enrolment, Programme]:
    enrolment = require_enrolment(await enrolments.load(tx, query["enrolment_id"]), tx.cause.client)
    return enrolment, await programmes.load_of(tx, enrolment)


def _placed(page: Page, explained: Explanation) -> Sequence[Placed[Entry | Gone]]:
    """By where they stand in the list, which is as long as a roster is."""
    numbered = [([f"{number:06d}"], one) for number, one in enumerate(shown_to(explained))]
    after = page.after[0] if page.after else ""
    return [one for one in numbered if one[0][0] > after][: page.wanted]


def _shown(one: Entry | Gone) -> dict[str, Any]:
    common = {
        "person_id": one.person.person_id,
        "name": one.person.name,
        "since": one.since.isoformat(),
        "registered_by": one.by,
        "registered_by_text": one.by_text,
        "why": one.why,
    }
    if isinstance(one, Gone):
        left_at = one.left_at.isoformat() if one.left_at else None
        return {**common, "place": None, "left_at": left_at, "still_billed": one.still_billed}
    return {**common, "place": one.place, "extra": one.extra, "walked_in": one.walked_in}
