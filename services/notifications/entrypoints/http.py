"""What can be asked of notifications over HTTP; `pages` has what takes mails as they are."""

from __future__ import annotations

from services.notifications.entrypoints import acts
from services.notifications.usecases.forget_people import FORGETTING
from services.notifications.usecases.read_answers import read_answers
from services.notifications.usecases.read_audit import read_audit
from services.notifications.usecases.read_messages import read_message, read_messages, read_sent
from shared.web.routes import listing, read, write

_API = "/api/notifications"
_PROGRAMME = f"{_API}/programmes/{{programme_id}}"
_MESSAGE = f"{_API}/messages/{{message_id}}"

ROUTES = (
    listing(
        f"{_API}/messages",
        read_messages,
        filters=("state", "about", "recipient", "template", "programme", "before"),
    ),
    read(_MESSAGE, read_message),
    listing(f"{_API}/meetings/{{meeting_id}}/answers", read_answers),
    listing(f"{_PROGRAMME}/mails", read_sent),
    listing(f"{_PROGRAMME}/audit", read_audit),
    write("POST", f"{_API}/messages", acts.SEND),
    write("POST", f"{_API}/reminders", acts.ARM_REMINDER),
    write("POST", f"{_PROGRAMME}/rehearsal", acts.REHEARSE),
    write("POST", f"{_MESSAGE}/resend", acts.RESEND),
    write("POST", f"{_MESSAGE}/settle", acts.SETTLE),
    write("POST", f"{_API}/people/forget", acts.FORGET),
    write("POST", f"{_API}/people/search", acts.FIND_PEOPLE),
    listing(f"{_API}/people/erased", FORGETTING.read_erased),
    write("POST", f"{_API}/people/erased", acts.KEEP_ERASED),
    read(f"{_API}/people/{{person_id}}", FORGETTING.read),
)
