"""Who comes to one meeting, name by name: a page of them, or all for what is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.enrollment.adapters import attendees, guests
from services.enrollment.domain.attendees import Attendee, by_name
from services.enrollment.domain.guest import Guest
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.usecases.read_programme_page import Head
from shared.base.failures import Failure, classify
from shared.base.listing import Page, Placed, invalid_cursor, page_of
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

ON_A_PAGE = 100
MOST_PRINTED = 2_000
"""People on what is printed of one meeting; more are refused."""


@dataclass(frozen=True, slots=True)
class Attendees:
    """`by`: how one comes to be among them, as the meeting's kind has it; empty = nobody does by name."""

    meeting: MeetingCopy
    by: str
    people: tuple[Attendee, ...]
    following: str | None
    guests: tuple[Guest, ...]
    more_guests: str | None
    """Cursor of the next page of guests."""


async def read_attendees(
    tx: Tx, head: Head, meeting_id: str, query: Mapping[str, str], of_guests: Mapping[str, str]
) -> Attendees | None:
    """A page of them by organisation, and one of the guests. None where the programme has no such meeting."""
    copy = _meeting(head, meeting_id)
    if copy is None:
        return None
    page, guest_page = page_of(query, "attendees", most=ON_A_PAGE), page_of(of_guests, "guests", most=ON_A_PAGE)
    by = _by(head, copy)
    try:
        people, following = page.cut(await _load(tx, page, head, copy, by))
        invited, more = guest_page.cut(await guests.load_page(tx, guest_page, meeting_id))
    except Exception as error:
        if (page.after is not None or guest_page.after is not None) and classify(error) is Failure.DATA:
            raise invalid_cursor() from error
        raise
    return Attendees(copy, by, tuple(people), following, tuple(invited), more)


async def read_all_attendees(tx: Tx, head: Head, meeting_id: str) -> tuple[MeetingCopy, list[Attendee]] | None:
    """By name, guests among them. Refused `too_many`; None where the programme has no such meeting."""
    copy = _meeting(head, meeting_id)
    if copy is None:
        return None
    page = Page("attendees", limit=MOST_PRINTED)
    people, following = page.cut(await _load(tx, page, head, copy, _by(head, copy)))
    invited, more = page.cut(await guests.load_page(tx, Page("guests", limit=MOST_PRINTED), meeting_id))
    if following is not None or more is not None or len(people) + len(invited) > MOST_PRINTED:
        raise Refused("too_many", f"Der er flere end {MOST_PRINTED} deltagere. Hent dem som et ark i stedet.")
    tracks = {one.id: one.title for one in head.programme.terms.tracks}
    return copy, by_name(
        [
            *people,
            *(
                Attendee(
                    "", tracks.get(one.track or "", "Gæst"), one.person.person_id, one.person.name, one.person.email
                )
                for one in invited
            ),
        ]
    )


async def read_attendee_rows(tx: Tx, head: Head, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of them as a table has them."""
    copy = _meeting(head, query["meeting_id"])
    page = page_of(query, "attendees")
    found = await _load(tx, page, head, copy, _by(head, copy)) if copy else []
    return page.answer(
        found,
        lambda one: {
            "name": one.name,
            "email": one.email,
            "organisation": one.organisation,
            "level": one.level,
            "walked_in": one.walked_in,
            "enrolment_id": one.enrolment_id,
        },
    )


def _meeting(head: Head, meeting_id: str) -> MeetingCopy | None:
    return next((one for one in head.meetings if one.meeting.id == meeting_id), None)


def _by(head: Head, copy: MeetingCopy) -> str:
    term = next((one for one in head.programme.terms.terms.seats if one.kind == copy.meeting.kind), None)
    return "" if term is None or copy.meeting.roles else term.attendance


async def _load(tx: Tx, page: Page, head: Head, copy: MeetingCopy, by: str) -> Sequence[Placed[Attendee]]:
    if by == "registered":
        return await attendees.load_page_of_seats(tx, page, head.programme.id, copy.meeting)
    if by in {"team", "members"}:
        members = by == "members"
        return await attendees.load_page_of_teams(tx, page, head.programme.id, copy.meeting, members=members)
    return []
