"""A guest's link has come into the wrong hands: all that the guest was mailed in the programme are closed, and new ones
go to the same mailbox.
"""

from __future__ import annotations

from typing import ClassVar

from services.enrollment.adapters import guests, links, mailbox_codes, meetings
from services.enrollment.domain.guest import close_links, require_guest
from services.enrollment.domain.programme import Programme
from services.enrollment.usecases.lock_guests import lock_guests
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class CloseGuestLinks(Command):
    """By staff on the page of the meeting, or by the guest. Any link of somebody who is invited to more meetings
    leads to all of them, so that all go.
    """

    service: ClassVar[str] = "enrollment"

    programme_id: Id
    meeting_id: Id
    person_id: Id


async def close_guest_links(tx: Tx, command: CloseGuestLinks) -> Answer:
    """Refused 404 `not_a_guest`. Whichever browser has shown the mailbox has to do so again."""
    programme, meeting = await lock_guests(tx, command.programme_id, command.meeting_id)
    guest = require_guest(await guests.load(tx, meeting.meeting.id, command.person_id))

    # In the order of whoever closes a participant's links, who closes these as well.
    await mailbox_codes.forget_mailbox(tx, mailbox_codes.mark_of(tx.links, guest.person.email))
    await close_links_of_mailbox(tx, programme, guest.person.email, mailed_by=guest.person.person_id)
    return Answer({"person_id": command.person_id, "meeting_id": meeting.meeting.id})


async def close_links_of_mailbox(tx: Tx, programme: Programme, email: str, mailed_by: str | None = None) -> None:
    """Whatever somebody with this address was mailed as a guest in the programme, at however many meetings. The new
    ones are mailed once, for the invitation that `mailed_by` names; None = by another letter that leads to them.
    """
    known = await guests.lock_of_mailbox(tx, programme.id, email)
    copies = await meetings.load_many(tx, [one.meeting_id for one in known])

    decided = [
        close_links(
            programme,
            copies[one.meeting_id],
            one,
            links.guest_paths(tx.links, programme.id, one.meeting_id, one.person.person_id, one.generation + 1),
            mailed=one.person.person_id == mailed_by,
        )
        for one in known
    ]

    await guests.save_generations(tx, [one.after for one in decided])
    for one in decided:
        tx.tell(one)
