"""What another service or system wants said, at once (SendMessage) or when its time has come (ArmReminder)."""

from __future__ import annotations

from collections.abc import Collection

from services.notifications.domain.text import one_line
from shared.contracts.addresses import sendable
from shared.contracts.decision import Alarm, Decision
from shared.contracts.event import natural_id
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.contracts.refusal import Refused

REMINDER = "reminder"
"""Timer, keyed by reminder; it holds no names and no texts."""
_LONGEST_NAME = 255


def reminder_id(asked: ArmReminder) -> str:
    return natural_id("reminder", asked.recipient, asked.about, asked.occasion)


def check_note(asked: SendMessage | ArmReminder) -> None:
    """Refused, with the field, for what no mail can be made of."""
    if sendable(asked.email) is None:
        raise Refused("invalid_address", "Mailadressen kan ikke bruges.", status=422, field="email")
    for field in ("recipient", "about", "occasion", "title", "text"):
        if not one_line(getattr(asked, field)):
            raise Refused("missing", "Feltet må ikke være tomt.", status=422, field=field)
    for field in ("recipient", "about", "occasion"):
        if len(getattr(asked, field).encode()) > _LONGEST_NAME:
            raise Refused("too_long", "Feltet er for langt.", status=422, field=field)


def require_own(put_in_by: str, client: Collection[str] | None) -> None:
    """Refused to a client (`Cause.client`) that did not arm it."""
    if client is not None and put_in_by not in client:
        raise Refused("armed_by_another", "Påmindelsen er bestilt af en anden, og kun den kan flytte den.")


def arm(asked: ArmReminder, *, erased: bool) -> Decision[ArmReminder]:
    """Asked for again it moves, and says what it says now. Nothing is kept for whoever was `erased`."""
    check_note(asked)
    if erased:
        raise Refused("erased", "Modtageren er slettet.", field="recipient")
    if asked.due.tzinfo is None:
        raise Refused("no_time_zone", "Tidspunktet mangler sin tidszone.", status=422, field="due")
    return Decision(asked, alarms=(Alarm(REMINDER, reminder_id(asked), asked.due),))
