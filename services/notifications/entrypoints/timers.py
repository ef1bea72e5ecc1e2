"""What notifications does when a time comes."""

from __future__ import annotations

from services.notifications.domain.confirmed import CONFIRMED
from services.notifications.domain.digest import DIGEST, DIGEST_SOON
from services.notifications.domain.notes import REMINDER
from services.notifications.domain.reminders import MEETING_REMINDER
from services.notifications.usecases.remind_of_meeting import remind_of_meeting
from services.notifications.usecases.send_digest import send_digest, send_digest_soon
from services.notifications.usecases.send_reminders import send_reminders
from services.notifications.usecases.tell_main_mailbox import tell_main_mailbox
from shared.runtime.timers import at

TIMERS = (
    at(MEETING_REMINDER, remind_of_meeting),
    at(REMINDER, send_reminders),
    at(DIGEST, send_digest),
    at(DIGEST_SOON, send_digest_soon),
    at(CONFIRMED, tell_main_mailbox),
)
