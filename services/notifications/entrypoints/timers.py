"""What notifications does when a time comes."""

from __future__ import annotations

from services.notifications.domain.confirmed import CONFIRMED
from services.notifications.domain.digest import DIGEST, DIGEST_MAIL, DIGEST_REST, DIGEST_SOON, MAILS_AT_ONCE
from services.notifications.domain.looks import CALENDARS, CALENDARS_AT_ONCE
from services.notifications.domain.notes import REMINDER
from services.notifications.domain.reminders import (
    MEETING_REMINDER,
    REMINDED_SO_FAR,
    REMINDERS_AT_ONCE,
    REMINDERS_TO_SET,
)
from services.notifications.domain.writing import WRITING, WRITINGS_AT_ONCE
from services.notifications.usecases.forget_people import FORGETTING
from services.notifications.usecases.look_at_calendars import go_on_with_calendars
from services.notifications.usecases.remember_programme import set_the_rest
from services.notifications.usecases.remind_of_meeting import remind_of_meeting, remind_the_rest
from services.notifications.usecases.send_digest import go_on_with_digest, mail_digest, send_digest, send_digest_soon
from services.notifications.usecases.send_reminders import send_reminders
from services.notifications.usecases.tell_main_mailbox import tell_main_mailbox
from services.notifications.usecases.write_to_many import go_on_writing
from shared.runtime.erasure import FORGET_PERSON
from shared.runtime.timers import at

TIMERS = (
    at(CALENDARS, go_on_with_calendars, at_once=CALENDARS_AT_ONCE),
    at(MEETING_REMINDER, remind_of_meeting, at_once=REMINDERS_AT_ONCE),
    at(REMINDED_SO_FAR, remind_the_rest, at_once=REMINDERS_AT_ONCE),
    at(REMINDERS_TO_SET, set_the_rest, at_once=REMINDERS_AT_ONCE),
    at(REMINDER, send_reminders),
    at(DIGEST, send_digest),
    at(DIGEST_SOON, send_digest_soon),
    at(DIGEST_REST, go_on_with_digest, at_once=1),
    at(DIGEST_MAIL, mail_digest, at_once=MAILS_AT_ONCE),
    at(CONFIRMED, tell_main_mailbox),
    at(WRITING, go_on_writing, at_once=WRITINGS_AT_ONCE),
    at(FORGET_PERSON, FORGETTING.go_on, at_once=1),
)
