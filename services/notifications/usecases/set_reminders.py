"""A meeting that comes, moves or goes sets its reminder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.notifications.adapters import programmes, reminders
from services.notifications.domain.invitations import Standing
from services.notifications.domain.reminders import reminder_alarm
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def set_reminders(tx: Tx, meetings: Sequence[tuple[Standing, datetime, Cause]]) -> None:
    """One alarm per meeting, for its first reminder after that moment; one that is due already rings first."""
    days = await programmes.load_reminder_days(tx, {standing.programme.id for standing, _, _ in meetings})
    overdue = await reminders.lock_overdue(tx, {standing.meeting.id for standing, _, _ in meetings})
    for standing, after, cause in meetings:
        if standing.state == "dated" and overdue.get(standing.meeting.id) == standing.meeting.date_version:
            continue
        tx.set(reminder_alarm(standing, days[standing.programme.id], after), because=cause)
