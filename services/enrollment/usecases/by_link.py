"""What is asked for by a mailed link is done only as long as that link is open: also where it is closed meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.enrollment.adapters import enrolments, guests, meetings
from services.enrollment.domain.contact import Speaker, closed_link, require_open_link
from services.enrollment.usecases.close_guest_links import CloseGuestLinks
from services.enrollment.usecases.set_needs import SetGuestNeeds
from shared.base.acts import Act
from shared.base.answers import Answer
from shared.contracts.enrollment import RemoveGuest, RevokeLinks
from shared.contracts.event import Command
from shared.storage.tx import Tx

_OF_GUESTS = (RemoveGuest, SetGuestNeeds, CloseGuestLinks)


def by_link(act: Act, speaker: Speaker) -> Act:
    """The same act, for whoever came by the link of this speaker's. Refused 403 `link_closed`."""

    async def usecase(tx: Tx, command: Any) -> Answer:
        if isinstance(command, _OF_GUESTS):
            await _require_open_to_guest(tx, command.meeting_id, speaker)
            return await act.do(tx, command)
        if isinstance(command, RevokeLinks):
            # It closes the link that it is asked for by, and locks the enrolment first itself.
            require_open_link(await enrolments.lock(tx, command.enrolment_id), speaker)
            return await act.do(tx, command)
        answer = await act.do(tx, command)
        await _require_open(tx, command, speaker)
        return answer

    return replace(act, usecase=usecase, together=False)


async def _require_open(tx: Tx, command: Command, speaker: Speaker) -> None:
    """Afterwards, when whoever closes the link meanwhile has been waited for, or waits: nothing is locked the other way
    round. What was done is undone with the refusal.
    """
    enrolment_id: str = getattr(command, "enrolment_id", "")
    require_open_link(await enrolments.lock_shared(tx, enrolment_id), speaker)


async def _require_open_to_guest(tx: Tx, meeting_id: str, speaker: Speaker) -> None:
    """Before, as the guest may be gone afterwards. The meeting is what everybody locks first who changes its guests."""
    await meetings.lock_many(tx, [meeting_id])
    guest = await guests.lock(tx, meeting_id, speaker.person_id)
    if guest is not None and guest.has_closed(speaker.generation):
        raise closed_link()
