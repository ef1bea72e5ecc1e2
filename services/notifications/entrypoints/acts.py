"""What notifications can be asked to do; the doors (http, kafka) say by which way."""

from __future__ import annotations

from services.notifications.usecases.arm_reminder import arm_reminder
from services.notifications.usecases.forget_people import FORGETTING
from services.notifications.usecases.rehearse_version import RehearseMails, rehearse_mails
from services.notifications.usecases.renew_calendar import RenewCalendar, renew_calendar
from services.notifications.usecases.send_message import send_message
from services.notifications.usecases.settle_message import (
    ResendMessage,
    SettleMessage,
    resend_message,
    settle_message,
)
from services.notifications.usecases.trust_address import TrustAddress, trust_address
from services.notifications.usecases.write_to_many import (
    AttachFile,
    BeginWriting,
    ChangeWriting,
    RemoveFile,
    TryWriting,
    WriteToMany,
    attach_file,
    begin_writing,
    change_writing,
    remove_file,
    try_writing,
    write_to_many,
)
from shared.base.acts import act
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.runtime.erasure import FindPeople, ForgetPerson, KeepErased

SEND = act(SendMessage, send_message, status=202, also=(200,))
ARM_REMINDER = act(ArmReminder, arm_reminder, status=202)
RESEND = act(ResendMessage, resend_message)
SETTLE = act(SettleMessage, settle_message)
RENEW_CALENDAR = act(RenewCalendar, renew_calendar)
TRUST_ADDRESS = act(TrustAddress, trust_address)
BEGIN_WRITING = act(BeginWriting, begin_writing, status=201)
CHANGE_WRITING = act(ChangeWriting, change_writing)
ATTACH = act(AttachFile, attach_file)
REMOVE_FILE = act(RemoveFile, remove_file)
TRY_WRITING = act(TryWriting, try_writing)
REHEARSE = act(RehearseMails, rehearse_mails, kept=False)
WRITE_TO_MANY = act(WriteToMany, write_to_many, status=202, also=(200,))
FORGET = act(ForgetPerson, FORGETTING.forget)
KEEP_ERASED = act(KeepErased, FORGETTING.keep)
FIND_PEOPLE = act(FindPeople, FORGETTING.search)
"""A question, asked as a wish because an address stands in no path."""
