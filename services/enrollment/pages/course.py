"""How a municipality goes through its programme, as its page shows it: what is missing, meetings, money, answers.

Whatever is said here of people is how many they are: their names stand on the pages of the meetings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.enrollment.domain.awaited import AT_ONCE, Awaited, What
from services.enrollment.domain.costs import is_free, total
from services.enrollment.domain.form import answered, declared
from services.enrollment.domain.meeting_text import planned_text, where_text
from services.enrollment.domain.papers import FORBEHOLD
from services.enrollment.domain.price_text import (
    free_until_lines,
    included_lines,
    instalment_lines,
    withdrawal_line,
)
from services.enrollment.domain.programme import group_title
from services.enrollment.domain.roster import Roster, is_by_name, is_past, who_comes, why_closed
from services.enrollment.domain.status import meeting_status
from services.enrollment.domain.team import size_text
from services.enrollment.usecases.read_standing import Standing
from shared.contracts.danish import short_day
from shared.contracts.time import day_of

NEXT = 3
"""So many of the meetings that have their day stand open; the others are unfolded."""


def shown(found: Standing) -> Mapping[str, Any]:
    """What `standing.html` shows beside what all pages of the link do."""
    one, course = found.enrolment, found.course
    ahead = [_meeting(found, each) for each in course.rosters if not is_past(each, found.now)]
    dated, undated = ([each for each in ahead if each["dated"] is has_day] for has_day in (True, False))
    past = [_meeting(found, each) for each in course.rosters if is_past(each, found.now)]
    return {
        "awaited": [{"line": each.line, "path": _path(found, each)} for each in course.awaited[:AT_ONCE]],
        "more_awaited": len(course.awaited[AT_ONCE:]),
        "next": dated[:NEXT],
        "later": [*dated[NEXT:], *undated],
        "past": past,
        "team": size_text(course.team) if course.team else None,
        "free": is_free(one, found.options, billed=found.billed),
        "costs": course.costs,
        "total": total(course.costs),
        "agreed": _agreed(found),
        "fees_wait": one.has_place and one.forbehold_open and found.programme.forbehold.fees_wait,
        "facts": list(_facts(found)),
        "calendar_path": course.calendar_path,
        "invoices_path": course.invoices_path,
        "receipt_path": course.receipt_path,
        "answers": answered(found.terms.enrolment, one.answers, one.asked),
        "declared": declared(found.terms.enrolment, one.answers, one.asked),
        "received": short_day(day_of(one.received_at)) if one.received_at else None,
    }


def _path(found: Standing, one: Awaited) -> str:
    """Where it is done."""
    paths: Mapping[What, str] = {
        "forbehold": "#forbehold",
        "reservation": f"{found.path}/forbehold",
        "invoice": f"{found.path}/faktura",
        "order_invoice": f"{found.path}/tilkoeb/{one.about}/betaler",
        "seat_invoice": f"{found.participants_path}/{one.about}",
        "quote": f"{found.path}/tilkoeb/{one.about}/tilbud/{one.round}",
        "meeting": f"{found.participants_path}/{one.about}",
        "team": f"{found.participants_path}/hold",
        "role": f"{found.path}/kontakt/{one.about}",
    }
    return paths[one.what]


def _meeting(found: Standing, roster: Roster) -> dict[str, Any]:
    meeting, theirs = roster.meeting, roster.meeting.group in {None, roster.enrolment.group}
    plan = next((one for one in found.terms.meetings if one.key == meeting.key), None)
    closed = why_closed(roster, found.now)
    last = roster.last_day_to_register
    return {
        "title": meeting.title,
        "when": planned_text(meeting, plan),
        "where": where_text(meeting),
        "status": meeting_status(roster.meeting_state, meeting.date_version),
        "dated": meeting.when is not None,
        "moved": roster.meeting_state == "scheduled" and meeting.date_version > 0,
        "past": is_past(roster, found.now),
        "who": who_comes(roster, len(found.course.team.members) if found.course.team else 0, found.now),
        "last_day": short_day(last) if last and closed is None else None,
        "path": f"{found.participants_path}/{meeting.id}"
        if found.participants_path and theirs and is_by_name(roster)
        else None,
    }


def _agreed(found: Standing) -> list[str]:
    """The terms of its place, with the fee where no cost says it; of whoever waits, those of a place now."""
    one, now = found.enrolment, found.terms
    if one.waits and not found.open:
        return []
    fees, seats, leaving = (
        (now.terms.fees, now.terms.seats, now.enrolment.withdrawal)
        if one.waits
        else (one.agreed.fees, one.agreed.seats, one.leaving)
    )
    return [
        *(instalment_lines(fees) if fees and not (one.has_place and found.open) else ()),
        *included_lines(seats),
        *free_until_lines(seats),
        *((withdrawal_line(leaving),) if fees else ()),
    ]


def _facts(found: Standing) -> Iterator[tuple[str, str]]:
    """What it is signed up for, and since when."""
    one = found.enrolment
    yield found.terms.ref.noun.capitalize() or "Forløb", found.terms.ref.title
    if one.group:
        yield "Gruppe", group_title(found.programme, one.group)
    if one.received_at:
        yield "Tilmelding modtaget", short_day(day_of(one.received_at))
    if one.enrolled_at and not one.waits:
        yield "Plads siden" if one.has_place else "Havde plads fra", short_day(day_of(one.enrolled_at))
    if one.withdrawn_at and not one.is_signed_up:
        yield "Sluttede", short_day(day_of(one.withdrawn_at))
    if one.forbehold.state != "none":
        yield "Forbehold", FORBEHOLD[one.forbehold.state].capitalize()
        if one.forbehold.committee and not one.forbehold_open:
            yield "Behandlet i", one.forbehold.committee
