"""What a municipality's contact finds by the link in its mail: the meetings, and who comes to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import enrolments, links, programmes, rosters
from services.enrollment.domain.enrolment import Enrolment, require_enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import Roster
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Visit:
    """`contact_id` is whom the link was given to, and stands in causes and audit; `path` is the contact's secret."""

    path: str
    contact_id: str
    now: datetime
    programme: Programme
    enrolment: Enrolment
    rosters: tuple[Roster, ...]

    @property
    def by_contact(self) -> bool:
        """Whether whoever the link was given to still is the contact."""
        return self.enrolment.is_contact(self.contact_id)

    def roster(self, meeting_id: str) -> Roster | None:
        return next((one for one in self.rosters if one.meeting.id == meeting_id), None)


async def read_visit(tx: Tx, token: str) -> Visit | None:
    """None for a link that is none of ours. Refused `unknown_enrolment` when what it is about is gone."""
    found = links.participants_of(tx.links, token, tx.now)
    if found is None:
        return None
    enrolment_id, contact_id = found
    enrolment = require_enrolment(await enrolments.load(tx, enrolment_id))
    programme = await programmes.load_of(tx, enrolment)
    return Visit(
        path=links.participants_path(tx.links, enrolment_id, contact_id),
        contact_id=contact_id,
        now=tx.now,
        programme=programme,
        enrolment=enrolment,
        rosters=await rosters.load_all(tx, programme, enrolment),
    )
