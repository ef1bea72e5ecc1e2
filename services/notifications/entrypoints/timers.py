"""What this service does when its time has come. Domain time."""

from services.notifications.adapters import digest_items, reminders
from services.notifications.usecases import remind_of_meeting
from services.notifications.usecases.arm_reminder import send_reminder
from services.notifications.usecases.send_digest import send_digest
from shared.runtime.timers import at

TIMERS = (
    at(remind_of_meeting.TIMER, remind_of_meeting.remind_of_meeting),
    at(reminders.TIMER, send_reminder),
    at(digest_items.TIMER, send_digest),
)
