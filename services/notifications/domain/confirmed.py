"""What an organisation's main mailbox is told once a day, for its information: who has signed it up by a form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from shared.contracts.decision import Alarm
from shared.contracts.enrollment import EnrolmentWaitlisted, Mailbox, MunicipalityEnrolled
from shared.contracts.parties import Contact, Organisation
from shared.contracts.time import day_after, local

CONFIRMED = "confirmed_sign_ups"
"""Timer, keyed by `<organisation code>/<day>`."""
_EIGHT = time(8)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A sign-up by form that has its place, or waits for one since `enrolled_at`; `day`: of its notice, in Denmark."""

    enrolment_id: str
    enrolled_at: datetime
    organisation: Organisation
    programme_id: str
    to: Mailbox
    contact: Contact
    day: date


def confirmed(fact: MunicipalityEnrolled | EnrolmentWaitlisted, day: date) -> Confirmed | None:
    """None when it was no form, or there is no such mailbox."""
    if fact.notify is None:
        return None
    return Confirmed(
        enrolment_id=fact.enrolment_id,
        enrolled_at=fact.enrolled_at if isinstance(fact, MunicipalityEnrolled) else fact.received_at,
        organisation=fact.organisation,
        programme_id=fact.programme.id,
        to=fact.notify,
        contact=fact.contact,
        day=day,
    )


def notice_of_day(one: Confirmed) -> Alarm:
    """At eight on the morning after; all of a day share it."""
    code, day = one.organisation.code, one.day
    due = local(day_after(day), _EIGHT)
    return Alarm(CONFIRMED, f"{code}/{day.isoformat()}", due, {"code": code, "day": day.isoformat()})
