"""What notifications does when a time comes."""

from __future__ import annotations

from services.notifications.domain.digest import DIGEST
from services.notifications.domain.notes import REMINDER
from services.notifications.domain.reminders import MEETING_REMINDER
from services.notifications.usecases.remind_of_meeting import remind_of_meeting
from services.notifications.usecases.send_digest import send_digest
from services.notifications.usecases.send_reminders import send_reminders
from shared.runtime.timers import at

TIMERS = (
    at(MEETING_REMINDER, remind_of_meeting),
    at(REMINDER, send_reminders),
    at(DIGEST, send_digest),
)
