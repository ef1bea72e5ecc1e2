"""The meeting that somebody from outside is invited to, by the link in the mail that told them of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import guests, links, meetings, needs, programmes
from services.enrollment.domain.guest import Guest
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.needs import Needs
from services.enrollment.domain.programme import PEOPLE_AFTER, Programme, is_over
from services.enrollment.usecases.read_seat import ClosedLink
from shared.base.passes import Reader
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class OwnInvitation:
    """`path` and `person_id` are those of whoever the link was given to; no `guest` = they are not to come any more."""

    path: str
    person_id: str
    programme: Programme
    copy: MeetingCopy
    guest: Guest | None
    now: datetime
    needs: Needs | None = None
    """What is kept of theirs: only they are shown it."""
    mark: str = ""
    """Of what is kept."""
    own_page: str = ""
    """Where all of their meetings are."""
    generation: int = 0
    """Of the link."""


async def read_own_invitation(tx: Tx, token: str) -> OwnInvitation | ClosedLink | None:
    """None for a link that is none of ours, or has ended: a year after its programme."""
    invited = links.guest_of(tx.links, token, tx.now)
    copy = await meetings.load(tx, invited.meeting_id) if invited else None
    programme = await programmes.load(tx, copy.programme_id) if copy else None
    if invited is None or copy is None or programme is None:
        return None
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    guest = await guests.load(tx, invited.meeting_id, invited.guest_id)
    if guest is not None and guest.has_closed(invited.generation):
        return ClosedLink(programme.terms)
    kept = await needs.load_of_guest(tx, invited.guest_id) if guest else None
    return OwnInvitation(
        path=links.guest_path(tx.links, invited),
        person_id=invited.guest_id,
        programme=programme,
        copy=copy,
        guest=guest,
        now=tx.now,
        own_page=links.own_page_path(tx.links, Reader("guest", programme.id, invited.guest_id, invited.generation)),
        needs=kept,
        mark=needs.kept_mark(tx, kept, invited.guest_id),
        generation=invited.generation,
    )
