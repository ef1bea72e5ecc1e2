"""What `scheduling` tells: when and where meetings are (subject `meeting/<id>`), and which steps of its tracks an
enrolment is through (subject `steps/<id>`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.bounds import DateVersion, Day, Id, Instant, Key, Line, Link, Paragraph, ToldDay
from shared.contracts.event import (
    Command,
    Event,
    Frozen,
    IntakeRejected,
    command,
    fact,
    natural_id,
    told_by_others,
)
from shared.contracts.programme import ProgrammeRef
from shared.contracts.time import day_after, start_of_day

SERVICE = "scheduling"

SUBJECTS = {
    "meeting": "one meeting",
    "steps": "the steps of one enrolment's tracks in one programme",
    "cluster": "one klynge of municipalities",
}
"""What its facts are about: the kind in front of the slash."""

EFFECTS = {
    "tovholder.enrollment.ProgrammePublished.v1": (
        "plans the meetings of the programme file, and knows its tracks",
        "programme, meeting key",
    ),
    "tovholder.enrollment.ProgrammeChanged.v1": (
        "plans, moves and cancels meetings as the file says now, and knows its tracks",
        "programme, meeting key",
    ),
    "tovholder.enrollment.ProgrammeCancelled.v1": (
        "cancels the meetings that have not been held",
        "programme, meeting key",
    ),
    "tovholder.enrollment.MunicipalityEnrolled.v1": (
        "shows the steps of its tracks under the name of the organisation",
        "enrolment (newest wins)",
    ),
    "tovholder.enrollment.ReservationResolved.v1": (
        "shows its steps no more, where the answer was no",
        "enrolment (newest wins)",
    ),
    "tovholder.enrollment.EnrolmentWithdrawn.v1": ("shows its steps no more", "enrolment (newest wins)"),
    "tovholder.enrollment.EnrolmentLapsed.v1": ("shows its steps no more", "enrolment (newest wins)"),
    "tovholder.enrollment.PersonErased.v1": ("forgets the person", "person"),
    "tovholder.enrollment.SessionsRevoked.v1": ("takes no badge of an earlier epoch any more", "person, epoch"),
    "tovholder.enrollment.ClientChanged.v1": ("lets its tokens open what they may, and no others", "client, version"),
}
"""What it does with each fact that it hears, and the natural key that keeps the effect from happening twice."""

OPENS = {
    "scheduling.CancelMeeting": "Aflyse et møde",
    "scheduling.CompleteStep": "Melde et trin gennemført",
    "scheduling.FindPeople": "Søge efter en person på mailadressen",
    "scheduling.ForgetPerson": "Glemme en person",
    "scheduling.KeepErased": "Holde fast i, hvem der er slettet",
    "scheduling.MarkMeetingHeld": "Melde et møde holdt",
    "scheduling.PlanMeeting": "Planlægge et møde",
    "scheduling.RehearseMeetings": "Se, hvad en ny version gør ved møderne",
    "scheduling.SetMeetingDate": "Sætte et mødes dato",
    "scheduling.meetings": "Møder",
    "scheduling.people": "En persons oplysninger",
    "scheduling.people.erased": "Hvem der er slettet",
    "scheduling.programmes.audit": "Hvem der har gjort hvad",
    "scheduling.programmes.meeting-changes": "Mødernes ændringer",
    "scheduling.programmes.steps": "Gennemførte trin",
    "scheduling.why": "Hvorfor noget er sket",
}
"""What its scopes let a token do (commands), and see (lists), for whoever gives tokens out."""
CALLED = "Møder"
"""The service, among people."""

IN_DANISH = {
    "tovholder.scheduling.MeetingPlanned.v1": "mødet blev planlagt (uden dato)",
    "tovholder.scheduling.MeetingScheduled.v1": "mødet fik sin dato",
    "tovholder.scheduling.MeetingRescheduled.v1": "mødet blev flyttet",
    "tovholder.scheduling.MeetingCancelled.v1": "mødet blev aflyst",
    "tovholder.scheduling.MeetingHeld.v1": "mødet blev afholdt",
    "tovholder.scheduling.StepCompleted.v1": "et skridt i kommunens spor blev færdigt",
    "tovholder.scheduling.PhaseCompleted.v1": "en fase blev afsluttet",
    "tovholder.scheduling.ClusterFormed.v1": "en klynge blev dannet",
    "tovholder.scheduling.IntakeRejected.v1": "et ønske blev afvist af mødeplanen",
    "tovholder.scheduling.PlanMeeting.v1": "nogen bad om et møde",
    "tovholder.scheduling.SetMeetingDate.v1": "nogen satte en dato for mødet",
    "tovholder.scheduling.CancelMeeting.v1": "nogen bad om at aflyse mødet",
    "tovholder.scheduling.MarkMeetingHeld.v1": "nogen meldte mødet afholdt",
    "tovholder.scheduling.CompleteStep.v1": "nogen meldte et skridt færdigt",
}
"""Its facts and commands in a sentence, for people who ask why."""


class When(Frozen):
    """A day (or several), with or without clock times. Days are in Europe/Copenhagen, instants in UTC."""

    first_day: ToldDay
    last_day: ToldDay
    starts_at: Instant | None = None
    ends_at: Instant | None = None

    @property
    def timed(self) -> bool:
        return self.starts_at is not None

    @property
    def over_at(self) -> datetime:
        """Its end, or 00:00 in Denmark after its last day where no clock times are known."""
        return self.ends_at or start_of_day(day_after(self.last_day))


class Meeting(Frozen):
    """A meeting as it stands. `date_version` counts what a calendar has to be told (RFC 5545 § 3.8.7.4):

    0 at its first date, then + 1 when time, place or cancellation changes, and never otherwise.
    """

    id: str
    key: str
    """Its name in the programme file, such as `vest-2020-2`; unique per programme."""
    title: str
    kind: str
    """The kind of meeting that seats are counted by, such as `heldag`."""
    group: str | None = None
    """The group it is for; None = everybody in the programme."""
    mode: Literal["physical", "virtual", "hybrid"] = "physical"
    when: When | None = None
    place: str | None = None
    link: str | None = None
    date_version: DateVersion = 0
    roles: tuple[str, ...] = ()
    """Only these contact roles are invited; empty = participants as usual."""


class MeetingFact(Event):
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    meeting: Meeting

    @property
    def subject(self) -> str:
        return f"meeting/{self.meeting.id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/meetings"


@fact
class MeetingPlanned(MeetingFact):
    """The meeting will be held; no date yet."""

    type: ClassVar[str] = "tovholder.scheduling.MeetingPlanned.v1"


@fact
class MeetingScheduled(MeetingFact):
    """The meeting has its first date: a day, with or without clock times. `meeting.date_version` is 0."""

    type: ClassVar[str] = "tovholder.scheduling.MeetingScheduled.v1"


@fact
class MeetingRescheduled(MeetingFact):
    """Day, clock times or place changed after the first date, first clock times included."""

    type: ClassVar[str] = "tovholder.scheduling.MeetingRescheduled.v1"

    previous: When


@fact
class MeetingCancelled(MeetingFact):
    type: ClassVar[str] = "tovholder.scheduling.MeetingCancelled.v1"

    reason: str = ""
    with_programme: bool = False
    """All of the programme is called off: the organisations' contacts are told that, and not of each meeting."""


@fact
class MeetingHeld(MeetingFact):
    """The meeting took place; what is billed after a meeting may now be billed."""

    type: ClassVar[str] = "tovholder.scheduling.MeetingHeld.v1"

    held_on: date


@fact
class StepCompleted(Event):
    """A municipality is through one step of its own track; once for each step. Its steps come in order."""

    type: ClassVar[str] = "tovholder.scheduling.StepCompleted.v1"
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    enrolment_id: Key
    track: Key
    phase: Key
    step: Key
    option: Key | None = Field(
        default=None,
        description="the option that the step delivers; None = as the version of the programme that is named says",
    )
    completed_on: ToldDay

    @property
    def subject(self) -> str:
        return f"steps/{natural_id(self.programme.id, self.enrolment_id)}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/meetings"


@told_by_others
@fact
class PhaseCompleted(Event):
    """A municipality is through a phase of its own track."""

    type: ClassVar[str] = "tovholder.scheduling.PhaseCompleted.v1"
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    enrolment_id: str
    track: str
    phase: str

    @property
    def subject(self) -> str:
        return f"enrolment/{self.enrolment_id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/meetings"


@told_by_others
@fact
class ClusterFormed(Event):
    """A klynge: a smaller group of municipalities with related challenges."""

    type: ClassVar[str] = "tovholder.scheduling.ClusterFormed.v1"
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    cluster_id: str
    title: str
    enrolment_ids: tuple[str, ...]

    @property
    def subject(self) -> str:
        return f"cluster/{self.cluster_id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/meetings"


@fact
class SchedulingIntakeRejected(IntakeRejected):
    type: ClassVar[str] = "tovholder.scheduling.IntakeRejected.v1"
    service: ClassVar[str] = SERVICE


@command
class PlanMeeting(Command):
    """Add a meeting that is not in the programme file."""

    type: ClassVar[str] = "tovholder.scheduling.PlanMeeting.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    key: Id
    title: Line
    kind: Line
    group: Line | None = None
    mode: Literal["physical", "virtual", "hybrid"] = "physical"


@command
class SetMeetingDate(Command):
    """Give a meeting its date, or move it: a day, with or without local clock times ("09:30") in Europe/Copenhagen."""

    type: ClassVar[str] = "tovholder.scheduling.SetMeetingDate.v1"
    service: ClassVar[str] = SERVICE

    meeting_id: Id
    day: Day
    last_day: Day | None = None
    starts: Line | None = None
    ends: Line | None = None
    place: Line | None = None
    link: Link | None = None
    seen: Id | None = None
    """What whoever changes it has seen of it (`shared.contracts.seen`): refused when that is not so any more."""


@command
class CancelMeeting(Command):
    type: ClassVar[str] = "tovholder.scheduling.CancelMeeting.v1"
    service: ClassVar[str] = SERVICE

    meeting_id: Id
    reason: Paragraph = ""


@command
class MarkMeetingHeld(Command):
    """Say that a meeting was held before the clock says it by itself."""

    type: ClassVar[str] = "tovholder.scheduling.MarkMeetingHeld.v1"
    service: ClassVar[str] = SERVICE

    meeting_id: Id
    held_on: Day


@command
class CompleteStep(Command):
    """Say that a municipality is through one step of its own track; `completed_on` left out is today."""

    type: ClassVar[str] = "tovholder.scheduling.CompleteStep.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    enrolment_id: Id
    track: Id
    phase: Id
    step: Id
    completed_on: Day | None = None
