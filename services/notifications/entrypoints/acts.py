"""What notifications can be asked to do; the doors (http, kafka) say by which way."""

from __future__ import annotations

from services.notifications.usecases.arm_reminder import arm_reminder
from services.notifications.usecases.forget_people import FORGETTING
from services.notifications.usecases.renew_calendar import RenewCalendar, renew_calendar
from services.notifications.usecases.send_message import send_message
from services.notifications.usecases.settle_message import (
    ResendMessage,
    SettleMessage,
    resend_message,
    settle_message,
)
from shared.base.acts import act
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.runtime.erasure import FindPeople, ForgetPerson, KeepErased

SEND = act(SendMessage, send_message, status=202, also=(200,))
ARM_REMINDER = act(ArmReminder, arm_reminder, status=202)
RESEND = act(ResendMessage, resend_message)
SETTLE = act(SettleMessage, settle_message)
RENEW_CALENDAR = act(RenewCalendar, renew_calendar)
FORGET = act(ForgetPerson, FORGETTING.forget)
KEEP_ERASED = act(KeepErased, FORGETTING.keep)
FIND_PEOPLE = act(FindPeople, FORGETTING.search)
"""A question, asked as a wish because an address stands in no path."""
