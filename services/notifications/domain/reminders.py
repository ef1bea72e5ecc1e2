"""When people are reminded of a meeting: so many days before its first day, at eight in the morning in Denmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from services.notifications.domain.invitations import Standing
from shared.contracts.decision import Alarm
from shared.contracts.programme import ProgrammeTerms
from shared.contracts.time import days_after, local

MEETING_REMINDER = "meeting_reminder"
"""Timer, keyed by meeting; it holds the number of days and the date version."""
REMINDED_SO_FAR = "meeting_reminder_rest"
"""Timer: those of a meeting's reminder who found no room in its transaction. It rings at once."""
REMINDERS_TO_SET = "reminders_of_programme"
"""Timer: meetings of a programme whose reminders are still to be set as its terms say now. It rings at once."""
REMINDERS_AT_ONCE = 20
UNLESS_AGREED = (7,)
"""Days before, where the programme's own terms have not been told."""
_EIGHT = time(8)


def next_reminder(standing: Standing, days: Sequence[int], after: datetime) -> tuple[datetime, int] | None:
    """The first moment after `after`, with its number of days before; None when none is left or nothing is dated."""
    when = standing.meeting.when
    if standing.state != "dated" or when is None:
        return None
    moments = [(local(days_after(when.first_day, -number), _EIGHT), number) for number in days if number > 0]
    return min((moment for moment in moments if moment[0] > after), default=None)


def reminder_alarm(standing: Standing, days: Sequence[int], after: datetime) -> Alarm:
    """For the next reminder after `after`; it does not ring when none is left."""
    coming = next_reminder(standing, days, after)
    if coming is None:
        return Alarm(MEETING_REMINDER, standing.meeting.id, None)
    due, number = coming
    told = {"days": number, "date_version": standing.meeting.date_version}
    return Alarm(MEETING_REMINDER, standing.meeting.id, due, told)


def days_left(standing: Standing, date_version: int, today: date) -> int | None:
    """Until the meeting; None = nobody is reminded: another date holds (the move set its own alarm), or it has come."""
    when = standing.meeting.when
    if standing.state != "dated" or standing.meeting.date_version != date_version or when is None:
        return None
    left = (when.first_day - today).days
    return left if left > 0 else None


def newest(told: Iterable[ProgrammeTerms], known: Mapping[str, int]) -> list[ProgrammeTerms]:
    """Terms that count; `known` are the versions by programme: an older one is no news."""
    return [terms for terms in told if terms.ref.version >= known.get(terms.ref.id, 0)]


def rest_of_reminder(meeting_id: str, told: Mapping[str, Any], place: str, due: datetime) -> Alarm:
    """Those of a reminder (`told` as in `reminder_alarm`) who come after that place."""
    key = f"{meeting_id} {told['date_version']}/{told['days']}"
    return Alarm(REMINDED_SO_FAR, key, due, {**told, "meeting_id": meeting_id, "place": place})


def reminders_to_set(programme_id: str, fact: str, place: str, due: datetime) -> Alarm:
    """Those of the meetings whose ids come after that place, because of that fact."""
    told = {"programme_id": programme_id, "fact": fact, "place": place}
    return Alarm(REMINDERS_TO_SET, f"{programme_id} {fact}", due, told)
