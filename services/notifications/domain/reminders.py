"""When people are reminded of a meeting: so many days before its first day, at eight in the morning in Denmark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from services.notifications.domain.invitations import Standing
from shared.contracts.time import local

UNLESS_AGREED = (7,)
"""Days before, where the programme's own terms have not been told."""
_EIGHT = time(8)


def next_reminder(standing: Standing, days: Sequence[int], after: datetime) -> tuple[datetime, int] | None:
    """The first moment after `after`, with its number of days before; None when none is left or nothing is dated."""
    when = standing.meeting.when
    if standing.state != "dated" or when is None:
        return None
    moments = [(local(when.first_day - timedelta(days=number), _EIGHT), number) for number in days if number > 0]
    return min((moment for moment in moments if moment[0] > after), default=None)
