"""What can be asked of this service over HTTP, beside `mail_gateway`, which takes mails as they are."""

from services.notifications.usecases.arm_reminder import arm_reminder
from services.notifications.usecases.list_answers import list_answers
from services.notifications.usecases.list_messages import list_messages, read_message
from services.notifications.usecases.send_message import send_message
from services.notifications.usecases.settle_message import (
    ResendMessage,
    SettleMessage,
    resend_message,
    settle_message,
)
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.web.routes import read, write

ROUTES = (
    read("/api/notifications/messages", list_messages, scope="staff"),
    read("/api/notifications/messages/{message_id}", read_message, scope="staff"),
    read("/api/notifications/meetings/{meeting_id}/answers", list_answers, scope="staff"),
    write("POST", "/api/notifications/messages", SendMessage, send_message, scope="staff", status=202),
    write("POST", "/api/notifications/reminders", ArmReminder, arm_reminder, scope="staff", status=202),
    write("POST", "/api/notifications/messages/{message_id}/resend", ResendMessage, resend_message, scope="staff"),
    write("POST", "/api/notifications/messages/{message_id}/settle", SettleMessage, settle_message, scope="staff"),
)
