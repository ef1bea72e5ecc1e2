"""Who should have which meeting in the calendar, and what must be sent for it to be so.

What a mailbox was last told is compared with what holds now; the difference is the next message. So any order of facts
ends in the same calendars, nobody is told anything twice, and nobody who was never invited gets a cancellation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from services.notifications.domain.calendar.entry import Method, Part, uid
from services.notifications.domain.calendar.replies import Given
from shared.contracts.programme import ProgrammeRef
from shared.contracts.scheduling import Meeting, When
from shared.contracts.time import day_after, start_of_day

State = Literal["planned", "dated", "held", "cancelled"]
Template = Literal[
    "save_the_date",
    "invitation",
    "meeting_moved",
    "meeting_cancelled",
    "participant_registered",
    "registration_cancelled",
    "meeting_left",
]

_RANK: dict[State, int] = {"planned": 0, "dated": 1, "held": 2, "cancelled": 3}
_AT_ONCE = timedelta(seconds=1)
MOST_SEQUENCE = 2**31 - 1
"""RFC 5545 § 3.8.7.4: an integer (§ 3.3.8)."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """A meeting as we were told; `changed_at` is the time of the fact that gave it this date version or state."""

    programme: ProgrammeRef
    meeting: Meeting
    state: State
    uid: str
    changed_at: datetime
    reason: str = ""
    with_programme: bool = False
    """Cancelled with all of its programme: contacts are told that once, by a letter, and not of each meeting."""

    def gives_way_to(self, state: State, date_version: int) -> bool:
        """Facts may come late: the newer date version wins, and at the same one the later state of a meeting's life."""
        return (date_version, _RANK[state]) >= (self.meeting.date_version, _RANK[self.state])

    @property
    def invites(self) -> bool:
        return self.state in {"dated", "held"} and self.meeting.when is not None


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody a meeting is for, since the fact of that time. `path`: where their organisation registers people."""

    person_id: str
    name: str
    email: str
    part: Part
    organisation: str
    since: datetime
    path: str | None = None
    seat_path: str | None = None
    """Where a participant passes the seat on or leaves it; a secret of theirs."""
    own_path: str | None = None
    """Where all that is theirs stands, as far as it was told: mails lead there rather than to the seat."""
    on_team: bool = False
    """Of a participant: the seat is a place on a standing team, which is for all of its meetings."""
    by_team: bool = False
    """Of a contact: whose organisation's standing team is invited, so that nobody is registered there."""
    of_member: bool = False
    """Of such a contact: it is a member, which names its people rather than a team."""
    as_guest: bool = False
    """Of a participant: of no organisation that takes part, so that the organiser is who to write to."""
    quiet: bool = False
    """Came without being written to: hears of a meeting when something becomes of it after `since`."""

    asks_needs: bool = False
    """Of a participant: the programme asks what they need, on their own page."""

    def hears_nothing_of(self, standing: Standing) -> bool:
        """By the times of the facts, so that it is the same whichever is heard first."""
        return self.quiet and standing.changed_at <= self.since


@dataclass(frozen=True, slots=True)
class Told:
    """What one mailbox was last told of one meeting, and what it answered to that.

    `turn` counts what was told within one date version. `sequence` is the highest SEQUENCE that it was ever sent of it.
    """

    person_id: str
    name: str
    email: str
    part: Part
    organisation: str
    method: Method
    meeting: Meeting
    turn: int
    stamped: datetime
    sequence: int
    given: Given | None = None
    as_guest: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The next message to a mailbox. `occasion` is unique per meeting and person, and grows.

    `sequence` is this mailbox's own (RFC 5546 § 2.1.4): it never falls, and nobody else's moves with it.
    """

    template: Template
    method: Method
    guest: Guest
    turn: int
    stamped: datetime
    sequence: int
    whole: bool = False
    previous: Meeting | None = None

    def occasion(self, date_version: int) -> str:
        return f"{date_version}.{self.turn}" if self.turn else f"{date_version}"


def follow_meeting(
    known: Standing | None,
    programme: ProgrammeRef,
    meeting: Meeting,
    state: State,
    at: datetime,
    reason: str = "",
    *,
    with_programme: bool = False,
) -> Standing | None:
    """The meeting after a fact of that time; None when the fact is older than what is known.

    That it was held changes nothing in a calendar, so it leaves `changed_at` as it is.
    """
    now: State = "planned" if state == "dated" and meeting.when is None else state
    if known is None:
        changed_at = _LONG_AGO if now == "held" else at
        own = uid(meeting.id, programme.seller.organizer_email)
        return Standing(programme, meeting, now, own, changed_at, reason, with_programme)
    if not known.gives_way_to(now, meeting.date_version):
        return None
    same = meeting.date_version == known.meeting.date_version and now in {known.state, "held"}
    return Standing(programme, meeting, now, known.uid, known.changed_at if same else at, reason, with_programme)


def over_at(when: When) -> datetime:
    """From the day after its last day on a meeting is the past, and nobody's calendar is changed for it."""
    return start_of_day(day_after(when.last_day))


def the_guest(standing: Standing, candidates: Iterable[Guest]) -> Guest | None:
    """One mailbox is one guest, whoever shares it: a participant before a contact, and whoever came first; before all
    of them one who is written to.
    """
    return min(
        candidates,
        key=lambda one: (one.hears_nothing_of(standing), one.part == "contact", one.since, one.person_id),
        default=None,
    )


def next_step(standing: Standing, told: Told | None, guest: Guest | None, at: datetime) -> Step | None:
    """What to send one mailbox about one meeting; None = its calendar is right. `at`: the time of the newest fact."""
    if standing.invites and guest is not None:
        return _invite(standing, told, guest)
    if told is None or told.method == "CANCEL":
        return None
    return _cancel(standing, told, at)


def after_step(told: Told | None, meeting: Meeting, step: Step) -> Told:
    """What the mailbox has been told once the step is taken. An answer goes with the invitation it was given to."""
    guest = step.guest
    same = (
        told is not None
        and told.method == step.method == "REQUEST"
        and told.person_id == guest.person_id
        and told.meeting.date_version == meeting.date_version
    )
    return Told(
        person_id=guest.person_id,
        name=guest.name,
        email=guest.email,
        part=guest.part,
        organisation=guest.organisation,
        method=step.method,
        meeting=meeting,
        turn=step.turn,
        stamped=step.stamped,
        sequence=step.sequence,
        given=told.given if told is not None and same else None,
        as_guest=guest.as_guest,
    )


def _invite(standing: Standing, told: Told | None, guest: Guest) -> Step | None:
    meeting = standing.meeting
    since = max(standing.changed_at, guest.since)
    would_be_news = told is None or told.method == "CANCEL"
    if meeting.when is None or since >= over_at(meeting.when) or (would_be_news and guest.hears_nothing_of(standing)):
        return None
    if told is None:
        return Step(_welcome(meeting, guest.part), "REQUEST", guest, 0, since, _counted(meeting))
    newer = meeting.date_version > told.meeting.date_version
    stamped = since if newer else max(since, told.stamped + _AT_ONCE)
    turn = 0 if newer else told.turn + 1
    if told.method == "CANCEL":
        return Step(_welcome(meeting, guest.part), "REQUEST", guest, turn, stamped, _higher(meeting, told))
    sequence = _higher(meeting, told) if newer else told.sequence
    if guest.part != told.part:
        template: Template = "participant_registered" if guest.part == "participant" else "registration_cancelled"
        return Step(template, "REQUEST", guest, turn, stamped, sequence, previous=told.meeting)
    if newer:
        return Step(_change(meeting, told.meeting), "REQUEST", guest, turn, stamped, sequence, previous=told.meeting)
    return None


def _cancel(standing: Standing, told: Told, at: datetime) -> Step | None:
    whole = standing.state == "cancelled"
    if standing.with_programme and told.part == "contact":
        return None
    when = standing.meeting.when or told.meeting.when
    since = standing.changed_at if whole else max(standing.changed_at, at)
    if when is None or since >= over_at(when):
        return None
    newer = standing.meeting.date_version > told.meeting.date_version
    template: Template = "registration_cancelled" if told.part == "participant" else "meeting_left"
    return Step(
        "meeting_cancelled" if whole else template,
        "CANCEL",
        Guest(told.person_id, told.name, told.email, told.part, told.organisation, since, as_guest=told.as_guest),
        0 if newer else told.turn + 1,
        since if newer else max(since, told.stamped + _AT_ONCE),
        _higher(standing.meeting, told),
        whole=whole,
        previous=told.meeting,
    )


def _higher(meeting: Meeting, told: Told) -> int:
    """Above all that the mailbox was sent: Exchange takes a CANCEL that is not for an old copy (MS-OXOCAL), and so it
    does with what follows on a CANCEL without being above it.
    """
    return min(max(_counted(meeting), told.sequence + 1), MOST_SEQUENCE)


def _counted(meeting: Meeting) -> int:
    """Another system may count its dates from below nought, where calendars do not."""
    return max(meeting.date_version, 0)


def _timed(meeting: Meeting) -> bool:
    return meeting.when is not None and meeting.when.timed


def _welcome(meeting: Meeting, part: Part) -> Template:
    if part == "participant":
        return "participant_registered"
    return "invitation" if _timed(meeting) else "save_the_date"


def _change(meeting: Meeting, previous: Meeting) -> Template:
    if _timed(previous):
        return "meeting_moved"
    return "invitation" if _timed(meeting) else "save_the_date"
