"""A forbehold on its way: somebody answers it, is reminded of it, or it lapses with the place that it held.

A forbehold is a reservation for a later political approval. It is the organisation's own: nobody at the organiser says
yes or no to it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from services.enrollment.domain.enrolment import (
    ANSWER,
    Enrolment,
    about,
    asked_anew,
    ended,
    no_reminder,
    no_reminders,
)
from services.enrollment.domain.programme import (
    OFFICE_OPENS,
    PEOPLE_AFTER,
    Programme,
    holds_place,
    holds_until,
    is_over,
    repeated,
    require_going_on,
)
from services.enrollment.domain.status import ForbeholdState
from services.enrollment.domain.waiting_list import may_have_place
from shared.contracts.danish import long_day
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import (
    EnrolmentLapsed,
    Forbehold,
    ReservationChanged,
    ReservationReminderDue,
    ReservationResolved,
)
from shared.contracts.refusal import Refused
from shared.contracts.seen import said
from shared.contracts.time import day_after, day_of, days_after, local, start_of_day

LAPSE = "forbehold_lapse"
"""The timer of a programme whose forbehold holds a place up to a day; its key is the programme's id."""
LAPSED = "forbehold_lapsed"


def resolve(enrolment: Enrolment, programme: Programme, now: datetime, *, approved: bool) -> Decision[Enrolment]:
    """The political body has said yes or no; a "no" ends the enrolment. The same answer again changes nothing.

    Refused where there is no forbehold to answer, or it has the other answer: that is for a new sign-up, or a
    withdrawal; and a "yes" that comes when its place is free again, whether anybody has been told so or not.
    """
    require_going_on(programme)
    answer: ForbeholdState = "approved" if approved else "refused"
    if enrolment.forbehold.state == answer and (enrolment.is_signed_up or not approved):
        return Decision(enrolment)
    if approved:
        _require_held(enrolment, programme, now)
    _require_open(enrolment)
    forbehold = replace(enrolment.forbehold, state=answer)
    after = replace(enrolment, forbehold=forbehold)
    if not approved:
        after = replace(ended(enrolment, "not_approved", now), forbehold=forbehold)
    fact = ReservationResolved(
        **about(after, programme),
        approved=approved,
        resolved_at=now,
        contact=enrolment.known_contact,
        # Whoever waited for nothing but this has a place in a moment, and a letter of its own about that.
        has_place=None if after.waits and may_have_place(programme, now, forbehold=False) else after.has_place,
    )
    if not approved:
        return Decision(after, (fact,), no_reminders(enrolment))
    waited = programme.forbehold.fees_wait and after.has_place
    return Decision(after, (fact,), (no_reminder(enrolment), *((asked_anew(after, now),) if waited else ())))


def reservation_fields(enrolment: Enrolment) -> dict[str, str]:
    """What a form about an open one has in it."""
    known = enrolment.forbehold
    day = known.expected_on.isoformat() if known.expected_on else None
    return said({"committee": known.committee, "expected_on": day})


def change(
    enrolment: Enrolment, programme: Programme, expected_on: date | None, committee: str | None, now: datetime
) -> Decision[Enrolment]:
    """An open one is expected to be answered then, and there; None = as it is. It is reminded of by the day of now. The
    same again changes nothing. Refused where there is none, or it holds its place no more.
    """
    require_going_on(programme)
    _require_held(enrolment, programme, now)
    _require_open(enrolment)
    known = enrolment.forbehold
    said = replace(
        known,
        expected_on=expected_on or known.expected_on,
        committee=known.committee if committee is None else " ".join(committee.split()),
    )
    if said == known:
        return Decision(enrolment)
    after = replace(enrolment, forbehold=said)
    fact = ReservationChanged(
        **about(after, programme),
        contact=enrolment.known_contact,
        forbehold=told_forbehold(after, programme),
        has_place=after.has_place,
    )
    return Decision(after, (fact,), (reminding(after, programme, now),))


def _require_held(enrolment: Enrolment, programme: Programme, now: datetime) -> None:
    if enrolment.has_place and enrolment.forbehold_open and _is_over(enrolment, programme, now):
        until = last_day(enrolment, programme)
        day = f" til og med {long_day(until)}" if until else ""
        raise Refused("forbehold_lapsed", f"Forbeholdet holdt kun pladsen{day}. Tilmeld kommunen på ny.")


def _require_open(enrolment: Enrolment) -> None:
    if not enrolment.forbehold_open:
        word = {"approved": "er godkendt", "refused": "er afslået"}.get(
            enrolment.forbehold.state, "er der ikke noget af"
        )
        raise Refused("no_open_reservation", f"Der er intet forbehold at svare på: det {word}.")


def lapse(enrolment: Enrolment, programme: Programme, now: datetime) -> Decision[Enrolment]:
    """Bortfaldet: the last day on which an open forbehold held its place is over. Else nothing changes."""
    open_place = programme.open and enrolment.has_place and enrolment.forbehold_open
    if not (open_place and _is_over(enrolment, programme, now)):
        return Decision(enrolment)
    fact = EnrolmentLapsed(**about(enrolment, programme), reason=LAPSED, contact=enrolment.known_contact)
    return Decision(ended(enrolment, "lapsed", now), (fact,), no_reminders(enrolment))


def remind(
    enrolment: Enrolment, programme: Programme, standing_path: str, since: datetime, now: datetime
) -> Decision[Enrolment]:
    """The answer to its forbehold is missing: the reminder of the newest day that has come, and the alarm of the next.

    Of days that went by unseen the newest counts, and none of the others is sent; nor is one from before `since`, when
    the alarm was set: it has been sent, or nobody had signed up.
    """
    if not (programme.open and enrolment.is_signed_up and enrolment.forbehold_open):
        return Decision(enrolment)
    come = [days for days, at in _reminders(enrolment, programme, now) if since < at <= now]
    if not come:
        return Decision(enrolment, (), (reminding(enrolment, programme, now),))
    fact = ReservationReminderDue(
        **about(enrolment, programme),
        contact=enrolment.known_contact,
        forbehold=told_forbehold(enrolment, programme),
        days=max(come),
        has_place=enrolment.has_place,
        standing_path=standing_path,
    )
    return Decision(enrolment, (fact,), (reminding(enrolment, programme, now),))


def reminding(enrolment: Enrolment, programme: Programme, now: datetime) -> Alarm:
    """When somebody is reminded of the missing answer next; not at all when there is no day left for it."""
    ahead = [at for _, at in _reminders(enrolment, programme, now) if at > now]
    return Alarm(ANSWER, enrolment.id, min(ahead, default=None), {"since": now.isoformat()})


def lapsing(programme: Programme, agreed: Collection[date], now: datetime) -> Alarm:
    """When the next of its open forbehold lapse: at 00:00 in Denmark. `agreed`: up to which days those that have a
    place hold it, as was agreed with them. Never where they hold their place for as long as it takes.
    """
    term = programme.forbehold
    last_days = set() if term.holds == "always" else {_later(day, holds_until(programme)) for day in agreed}
    if term.holds == "until" and term.until is not None and holds_place(programme, now):
        last_days.add(term.until)
    due = start_of_day(day_after(min(last_days))) if last_days else None
    return Alarm(LAPSE, programme.id, due, {"programme_id": programme.id})


def may_lapse(programme: Programme, now: datetime) -> bool:
    """Whether some open forbehold may hold their places no more."""
    return programme.forbehold.holds != "always" and not holds_place(programme, now)


def last_day(enrolment: Enrolment, programme: Programme) -> date | None:
    """The last day on which an open forbehold holds its place; None = for as long as it takes. A later version of the
    programme gives it more time and takes none: what was agreed with the place, or what holds now, whichever is later.
    """
    if programme.forbehold.holds == "always" or (enrolment.held is not None and enrolment.held.until is None):
        return None
    until = holds_until(programme)
    return until if enrolment.held is None or enrolment.held.until is None else _later(enrolment.held.until, until)


def lapsing_on(programme: Programme, now: datetime) -> Alarm:
    """With those that found no room in the transaction that ended the others."""
    return Alarm(LAPSE, programme.id, now, {"programme_id": programme.id})


def told_forbehold(enrolment: Enrolment, programme: Programme) -> Forbehold:
    """An open one, as facts tell of it."""
    return Forbehold(
        committee=enrolment.forbehold.committee,
        expected_on=enrolment.forbehold.expected_on,
        lapses_after=last_day(enrolment, programme) if enrolment.has_place else None,
    )


def _is_over(enrolment: Enrolment, programme: Programme, now: datetime) -> bool:
    """Whether the last day on which its open forbehold held a place is over."""
    until = last_day(enrolment, programme)
    return until is not None and now >= start_of_day(day_after(until))


def _later(agreed: date, until: date | None) -> date:
    return agreed if until is None else max(agreed, until)


def _awaited_on(enrolment: Enrolment, programme: Programme) -> date | None:
    """The day by which an open one should be answered: when it is expected, and no later than it holds its place.
    None = nobody has said when.
    """
    until = last_day(enrolment, programme) if enrolment.has_place else holds_until(programme)
    days = (enrolment.forbehold.expected_on, until)
    return min((day for day in days if day is not None), default=None)


def _reminders(enrolment: Enrolment, programme: Programme, now: datetime) -> list[tuple[int, datetime]]:
    """Of an open one, by days after the one on which its answer is expected, and when they are due: at nine in Denmark.

    Where none is known, after the day of the sign-up. Of those without an end, the ones about now.
    """
    if not enrolment.forbehold_open or enrolment.received_at is None or is_over(programme, None, now, PEOPLE_AFTER):
        return []
    term, expected_on = programme.forbehold, _awaited_on(enrolment, programme)
    counted_from = expected_on or day_of(enrolment.received_at)
    days = [*(-one for one in term.remind_before if expected_on), *term.remind_after]
    days += repeated(term.remind_every, max(term.remind_after, default=0), (day_of(now) - counted_from).days)
    return [(one, local(days_after(counted_from, one), OFFICE_OPENS)) for one in days]
