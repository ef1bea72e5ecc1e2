"""Guests at single meetings: people from outside, such as those of a programme's tracks. They hold no seat of any
organisation's, are counted with nobody's, and are billed to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.enrollment.domain.meeting_copy import MeetingCopy, is_ahead, require_ahead
from services.enrollment.domain.own_paths import OwnPaths
from services.enrollment.domain.programme import Programme, require_going_on
from shared.contracts.decision import Decision
from shared.contracts.enrollment import GuestInvited, GuestLinksRevoked, GuestRemoved
from shared.contracts.parties import Person
from shared.contracts.refusal import Refused


@dataclass(frozen=True, slots=True)
class Guest:
    """Of one meeting: the person's id is of this guest at it."""

    person: Person
    meeting_id: str
    track: str | None
    invited_at: datetime
    generation: int = 0
    """Of the guest's links: how often they have been closed."""

    def has_closed(self, generation: int) -> bool:
        return generation < self.generation


def require_meeting(programme: Programme, copy: MeetingCopy | None) -> MeetingCopy:
    if copy is None or copy.programme_id != programme.id:
        raise Refused("unknown_meeting", "Mødet findes ikke i forløbet.", status=404, field="meeting_id")
    return copy


def invite_guest(
    programme: Programme,
    copy: MeetingCopy,
    there: Guest | None,
    person: Person,
    track: str | None,
    now: datetime,
    *,
    paths: OwnPaths | None = None,
) -> Decision[Guest]:
    """`there`: whoever has the same address at this meeting. The same guest again changes nothing. `paths` are the
    person's own.
    """
    require_going_on(programme)
    _require_track(programme, track)
    if there is not None:
        if (there.person.name, there.track) == (person.name, track):
            return Decision(there)
        raise Refused(
            "already_invited", f"{there.person.name} ({there.person.email}) er allerede inviteret.", field="email"
        )
    require_ahead(copy, now)
    guest = Guest(person, copy.meeting.id, track, now)
    fact = GuestInvited(
        owner=programme.ref.owner,
        programme=programme.ref,
        meeting=copy.meeting,
        guest=person,
        track=track,
        guest_path=paths and paths.one,
        own_path=paths and paths.all,
    )
    return Decision(guest, (fact,))


def require_guest(there: Guest | None) -> Guest:
    if there is None:
        raise Refused("not_a_guest", "Personen er ikke gæst ved mødet.", status=404, field="person_id")
    return there


def close_links(
    programme: Programme, copy: MeetingCopy, guest: Guest, new: OwnPaths, *, mailed: bool
) -> Decision[Guest]:
    """`new` are the links of the next generation."""
    after = replace(guest, generation=guest.generation + 1)
    fact = GuestLinksRevoked(
        owner=programme.ref.owner,
        programme=programme.ref,
        meeting=copy.meeting,
        guest=after.person,
        track=after.track,
        generation=after.generation,
        guest_path=new.one,
        own_path=new.all,
        mailed=mailed,
    )
    return Decision(after, (fact,))


def require_own_leave(copy: MeetingCopy, now: datetime) -> None:
    """Raises Refused unless a guest may say now that they are not coming."""
    if not is_ahead(copy, now):
        raise Refused("meeting_begun", "Mødet er begyndt eller aflyst, så der kan ikke meldes afbud.")


def remove_guest(
    programme: Programme, copy: MeetingCopy, there: Guest | None, *, by_participant: bool = False
) -> Decision[Guest]:
    there = require_guest(there)
    fact = GuestRemoved(
        owner=programme.ref.owner,
        programme=programme.ref,
        meeting=copy.meeting,
        guest=there.person,
        track=there.track,
        by_participant=by_participant,
    )
    return Decision(there, (fact,))


def _require_track(programme: Programme, track: str | None) -> None:
    known = [one.id for one in programme.terms.tracks if one.per == "guests"]
    if track is not None and track not in known:
        there = ", ".join(known) or "ingen"
        raise Refused("unknown_track", f"Sporet er ikke et af gæsternes (der er: {there}).", status=422, field="track")
