"""Our copy of a meeting, as its owner told it last, so that registration opens and closes with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.enrollment.domain.status import MeetingState
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import (
    Meeting,
    MeetingCancelled,
    MeetingFact,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    When,
)
from shared.contracts.time import start_of_day

_STATES: dict[type[MeetingFact], MeetingState] = {
    MeetingPlanned: "planned",
    MeetingScheduled: "scheduled",
    MeetingRescheduled: "scheduled",
    MeetingCancelled: "cancelled",
    MeetingHeld: "held",
}


@dataclass(frozen=True, slots=True)
class MeetingCopy:
    """`sequence` is that of the newest fact that had one."""

    programme_id: str
    state: MeetingState
    meeting: Meeting
    sequence: int | None


def copy_of(fact: MeetingFact, sequence: int | None) -> MeetingCopy:
    return MeetingCopy(fact.programme.id, _STATES[type(fact)], fact.meeting, sequence)


def took_place(copy: MeetingCopy, now: datetime) -> bool:
    """As its owner told, or because it is over by the clock, and nobody has told that yet."""
    when = copy.meeting.when
    return copy.state == "held" or (copy.state == "scheduled" and when is not None and when.over_at <= now)


def begins_at(when: When) -> datetime:
    """Without clock times at 00:00 of its first day in Denmark."""
    return when.starts_at or start_of_day(when.first_day)


def is_ahead(copy: MeetingCopy, now: datetime) -> bool:
    """Whether it is still to come, and has a date or not."""
    if copy.state in {"held", "cancelled"}:
        return False
    return copy.meeting.when is None or now < begins_at(copy.meeting.when)


def require_ahead(copy: MeetingCopy, now: datetime) -> None:
    """Raises Refused unless the meeting is still to come, whether it has a date or not."""
    if copy.state == "cancelled":
        raise Refused("meeting_cancelled", "Mødet er aflyst, så ingen kan inviteres.")
    if copy.state == "held" or (copy.meeting.when is not None and now >= begins_at(copy.meeting.when)):
        raise Refused("meeting_begun", "Mødet er begyndt, så ingen kan inviteres.")


def hidden_from(client: Sequence[str] | None) -> set[str]:
    """Of a meeting, to a client (`Cause.client`): where it is held online is for those who come, and for staff."""
    return set() if client is None else {"link"}


def newest(known: Mapping[str, MeetingCopy], told: Iterable[MeetingCopy]) -> list[MeetingCopy]:
    """What becomes of the copies (by meeting), each once. One that is told with no higher sequence changes nothing."""
    after: dict[str, MeetingCopy] = {}
    for one in told:
        before = after.get(one.meeting.id) or known.get(one.meeting.id)
        if before is None or before.sequence is None:
            after[one.meeting.id] = one
        elif one.sequence is None or one.sequence > before.sequence:
            after[one.meeting.id] = one if one.sequence is not None else replace(one, sequence=before.sequence)
    return list(after.values())
