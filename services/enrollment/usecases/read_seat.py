"""A participant's own seat at a meeting, by the link in the mail that told them of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import enrolments, links, meetings, needs, programmes, rosters
from services.enrollment.domain.needs import Needs
from services.enrollment.domain.programme import PEOPLE_AFTER, is_over
from services.enrollment.domain.roster import Roster, Seat
from shared.base.passes import Reader
from shared.contracts.parties import Organisation
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class ClosedLink:
    """The link was somebody's own, and is closed; nobody is named."""

    terms: ProgrammeTerms
    organisation: Organisation | None = None
    """None = of a guest, who comes from none."""


@dataclass(frozen=True, slots=True)
class OwnSeat:
    """`path` and `person_id` are those of whoever the link was given to; no `seat` = they do not have it any more."""

    path: str
    person_id: str
    roster: Roster
    seat: Seat | None
    now: datetime
    needs: Needs | None = None
    """What is kept of theirs: only they are shown it."""
    mark: str = ""
    """Of what is kept."""
    own_page: str = ""
    """Where all of their meetings are."""
    generation: int = 0
    """Of the link."""


async def read_seat(tx: Tx, token: str) -> OwnSeat | ClosedLink | None:
    """None for a link that is none of ours, or has ended: a year after its programme."""
    seated = links.seat_of(tx.links, token, tx.now)
    enrolment = await enrolments.load(tx, seated.enrolment_id) if seated else None
    if seated is None or enrolment is None:
        return None
    programme = await programmes.load_of(tx, enrolment)
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    if enrolment.has_closed_own(seated.person_id, seated.generation):
        return ClosedLink(programme.terms, enrolment.organisation)
    roster = await rosters.load_of_meeting(tx, programme, enrolment, seated.meeting_id)
    if roster is None:
        return None
    seat = roster.seat_of(seated.person_id)
    held = seat is not None and seat.number == seated.number and enrolment.has_place
    path, person_id = links.seat_path(tx.links, seated), seated.person_id
    kept = await needs.load(tx, roster.id, person_id) if held else None
    own = links.own_page_path(tx.links, Reader("participant", enrolment.id, person_id, seated.generation))
    mark = needs.kept_mark(tx, kept, roster.id, person_id)
    return OwnSeat(path, person_id, roster, seat if held else None, tx.now, kept, mark, own, seated.generation)
