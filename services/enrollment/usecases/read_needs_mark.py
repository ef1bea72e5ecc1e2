"""What a form says of the needs that are kept of somebody, for whoever is not shown them: a mark of them."""

from __future__ import annotations

from services.enrollment.adapters import needs
from shared.contracts.enrollment import roster_id
from shared.storage.tx import Tx


async def read_mark(tx: Tx, enrolment_id: str, meeting_id: str, person_id: str) -> str:
    """Of whoever is registered for the meeting."""
    roster = roster_id(enrolment_id, meeting_id)
    return needs.kept_mark(tx, await needs.load(tx, roster, person_id), roster, person_id)


async def read_mark_of_team(tx: Tx, enrolment_id: str, person_id: str) -> str:
    return needs.kept_mark(tx, await needs.load_of_team(tx, enrolment_id, person_id), enrolment_id, person_id)


async def read_mark_of_guest(tx: Tx, guest_id: str) -> str:
    return needs.kept_mark(tx, await needs.load_of_guest(tx, guest_id), guest_id)
