"""A programme is called off: from that moment nothing new begins in it, and everybody concerned is told once.

Nobody's place is taken back: an enrolment stays as it stands, so that what was held is billed as was agreed, and its
contact still says who pays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.ended_forms import calling_off_forms
from services.enrollment.domain.enrolment import ENDED, Enrolment, about, no_reminders
from services.enrollment.domain.forbehold import LAPSE
from services.enrollment.domain.invitation import INVITATION, REMINDER, mailboxes
from services.enrollment.domain.meeting_copy import MeetingCopy, took_place
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.team import no_reminder as no_reminder_of_team
from services.enrollment.domain.waiting_list import PLACES
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import EnrolmentCalledOff, ProgrammeCancelled
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting

CALL_OFF = "call_off"
"""The timer of a programme that is called off, whose municipalities are to be told; its key is the programme's id. It
rings at once.
"""
MOST_MEETINGS = 50
"""So many are named to a municipality, the first ones."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How things stood when it was called off, whatever is heard of its meetings since.

    `meetings` have a day, and will not be held: of each group, and of those for everybody, as many as are named.
    """

    some_held: bool
    meetings: tuple[Meeting, ...]


def call_off(
    programme: Programme,
    meetings: Sequence[MeetingCopy],
    rounds: Iterable[str],
    reason: str,
    source: str,
    now: datetime,
) -> Decision[Programme]:
    """For good, and once: said again it changes nothing. `rounds` are those whose reminders may be to come."""
    if programme.ref.owner != source:
        raise Refused(
            "other_owner", f"{programme.ref.owner} ejer tilmeldingerne; forløbet aflyses dér.", field="programme_id"
        )
    if not programme.open:
        return Decision(programme)
    after, ending = replace(programme, open=False, because=reason.strip()), _ending(meetings, now)
    fact = ProgrammeCancelled(
        owner=programme.ref.owner, terms=programme.terms, reason=after.because, some_held=ending.some_held
    )
    silent = (
        Alarm(INVITATION, programme.id, None),
        Alarm(PLACES, programme.id, None),
        Alarm(LAPSE, programme.id, None),
        *(Alarm(REMINDER, f"{programme.id}/{one}", None) for one in rounds),
    )
    return Decision(
        after, (fact,), (*silent, calling_off(programme.id, ending, now), calling_off_forms(programme.id, now))
    )


def calling_off(programme_id: str, ending: Ending, now: datetime) -> Alarm:
    """Of those of its enrolments that have not been told."""
    told = {
        "programme_id": programme_id,
        "some_held": ending.some_held,
        "meetings": [one.model_dump_json() for one in ending.meetings],
    }
    return Alarm(CALL_OFF, programme_id, now, told)


def ending_of(told: Mapping[str, Any]) -> Ending:
    """As `calling_off` wrote it down."""
    return Ending(told["some_held"], tuple(Meeting.model_validate_json(one) for one in told["meetings"]))


def is_called_off(enrolment: Enrolment, programme: Programme) -> bool:
    """Whether it reads Aflyst, and is told so: its programme is called off, and it had not ended before."""
    return not programme.open and enrolment.state not in ENDED


def tell(enrolment: Enrolment, programme: Programme, ending: Ending, entry: Entry | None) -> Decision[Enrolment]:
    """One that had not ended; nothing rings for it any more. `entry` is where it stands in the address book."""
    standing = _standing(enrolment)
    its = [one for one in ending.meetings if enrolment.has_place and one.group in {None, enrolment.group}]
    fact = EnrolmentCalledOff(
        **about(enrolment, programme),
        standing=standing,
        reason=programme.because,
        contact=None if standing == "invited" else enrolment.contact,
        to=mailboxes(entry) if standing == "invited" and entry is not None else (),
        meetings=tuple(its[:MOST_MEETINGS]),
        fee=_fee(enrolment, ending),
    )
    return Decision(enrolment, (fact,), (*no_reminders(enrolment), no_reminder_of_team(enrolment)))


def _ending(meetings: Sequence[MeetingCopy], now: datetime) -> Ending:
    held = [one for one in meetings if took_place(one, now)]
    ahead = [one.meeting for one in meetings if one.state == "scheduled" and one.meeting.when and one not in held]
    return Ending(bool(held), tuple(_may_be_named(ahead)))


def _may_be_named(ahead: Sequence[Meeting]) -> Iterator[Meeting]:
    """Whichever group somebody is of, its first ones are among these; a timer holds no more than that."""
    found: Counter[str | None] = Counter()
    for one in ahead:
        found[one.group] += 1
        if found[one.group] <= MOST_MEETINGS:
            yield one


def _standing(enrolment: Enrolment) -> Literal["enrolled", "waitlisted", "invited"]:
    if enrolment.has_place:
        return "enrolled"
    return "waitlisted" if enrolment.waits else "invited"


def _fee(enrolment: Enrolment, ending: Ending) -> Literal["none", "withdrawn", "undecided"]:
    if not enrolment.has_place or not enrolment.agreed.fees:
        return "none"
    return "undecided" if ending.some_held else "withdrawn"
