"""A participant's own page: all their meetings in a programme, what they may do about each, and their calendar.

A GET changes nothing: mail scanners follow links, any number of times. What is done is done on the page of each meeting
(`seat`, `place`, `guest`).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from services.enrollment.domain.meeting_copy import MeetingCopy, is_ahead
from services.enrollment.domain.meeting_text import planned_text, where_text
from services.enrollment.domain.needs import (
    asked,
    asked_of_guests,
    asked_of_team,
    may_say,
    may_say_as_guest,
    may_say_on_team,
)
from services.enrollment.domain.roster import is_changeable, is_past, swaps_closed
from services.enrollment.domain.status import MeetingState, meeting_status
from services.enrollment.domain.team_meetings import until_when
from services.enrollment.pages.own_link import closed
from services.enrollment.usecases.read_own_page import OwnPage, OwnPlace, OwnSeat, OwnVisit, read_own_page
from services.enrollment.usecases.read_seat import ClosedLink
from shared.base.cause import Cause, new_correlation
from shared.contracts.bounds import is_link
from shared.contracts.scheduling import Meeting
from shared.runtime.service import Host
from shared.web.safety import SECRET_ADDRESS


async def own_page(host: Host, request: Request) -> Response:
    async with host.transaction(Cause(new_correlation(), None, None)) as tx:
        found = await read_own_page(tx, request.path_params["token"])
    if found is None:
        return host.pages.render("enrollment/dead_link.html", status=404, headers=SECRET_ADDRESS)
    if isinstance(found, ClosedLink):
        return closed(host, found)
    place = found.place
    shown = [_seat(found, one) for one in found.seats] + [_visit(found, one) for one in found.visits]
    if place:
        shown += [_for_team(found, place, one) for one in place.meetings.copies]
    shown.sort(key=lambda one: one["sorted_by"])
    contact = found.enrolment.contact if found.enrolment else None
    return host.pages.render(
        "enrollment/own_page.html",
        headers=SECRET_ADDRESS,
        terms=found.programme.terms,
        programme=found.programme,
        enrolment=found.enrolment,
        contact_role=contact.role if contact else found.programme.terms.terms.contact_label,
        person=found.person,
        ahead=[one for one in shown if one["ahead"]],
        past=[one for one in shown if not one["ahead"]],
        place=_place(found, place) if place else None,
        calendar_path=found.calendar_path,
    )


def _seat(found: OwnPage, one: OwnSeat) -> dict[str, Any]:
    roster, now = one.roster, found.now
    changes = is_changeable(roster, now)
    return {
        **_meeting(found, roster.meeting, roster.meeting_state, ahead=not is_past(roster, now)),
        "part": "",
        "path": one.path,
        "pass_on": changes and not swaps_closed(roster, now),
        "leave": changes,
        "needs": bool(asked(roster)) and may_say(roster, now),
    }


def _visit(found: OwnPage, one: OwnVisit) -> dict[str, Any]:
    programme, now = found.programme, found.now
    ahead = is_ahead(one.copy, now)
    return {
        **_meeting(found, one.copy.meeting, one.copy.state, ahead=ahead),
        "part": "I er inviteret som gæst",
        "path": one.path,
        "pass_on": False,
        "leave": ahead and programme.open,
        "needs": bool(asked_of_guests(programme)) and may_say_as_guest(programme, one.copy, now),
    }


def _for_team(found: OwnPage, place: OwnPlace, copy: MeetingCopy) -> dict[str, Any]:
    """It is left with the place on the team, and not by itself."""
    part = "For dem, I er navngivet af" if place.team.enrolment.is_member else "For hele holdet"
    return {
        **_meeting(found, copy.meeting, copy.state, ahead=is_ahead(copy, found.now)),
        "part": part,
        "path": None,
        "pass_on": False,
        "leave": False,
        "needs": False,
    }


def _meeting(found: OwnPage, meeting: Meeting, state: MeetingState, *, ahead: bool) -> dict[str, Any]:
    terms = found.programme.terms
    plan = next((one for one in terms.meetings if one.key == meeting.key), None)
    link = (meeting.link or "").strip()
    return {
        "title": meeting.title,
        "when": planned_text(meeting, plan),
        "where": where_text(meeting),
        "link": link if ahead and is_link(link) else None,
        "status": meeting_status(state, meeting.date_version),
        "says_status": not ahead or (state == "scheduled" and meeting.date_version > 0),
        "expected": [(one.title, one.text) for one in terms.activities if one.meeting == meeting.key and ahead],
        "ahead": ahead,
        "sorted_by": (meeting.when is None, meeting.when.first_day if meeting.when else date.max, meeting.id),
    }


def _place(found: OwnPage, place: OwnPlace) -> dict[str, Any]:
    meetings, now = place.meetings, found.now
    changes = place.team.programme.open and not meetings.over(now)
    return {
        "path": place.path,
        "is_member": place.team.enrolment.is_member,
        "until": until_when(meetings, now) if changes else "Pladsen kan ikke ændres længere.",
        "pass_on": changes and not meetings.frozen(now),
        "leave": changes,
        "needs": place.kept or (bool(asked_of_team(place.team)) and may_say_on_team(place.team, meetings, now)),
    }
