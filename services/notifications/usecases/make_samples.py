"""One of each kind of document, with people who do not exist; the same bytes each time, on every machine."""

from __future__ import annotations

from services.notifications.adapters import receipt
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar.entry import Mailbox, ics
from services.notifications.domain.message import queue
from services.notifications.domain.samples import OWNER, calendar_letters, receipt_letter

RECEIPT = "kvittering.pdf"


def make_calendar_samples() -> dict[str, bytes]:
    """By file name: of each kind the calendar file, and the mail it comes in."""
    composer = Composer(Words("https://tovholder.example"), Mailbox("", ""))
    found: dict[str, bytes] = {}
    for name, letter in calendar_letters().items():
        message = queue(letter, OWNER).after
        if message.calendar is not None:
            found[f"{name}.ics"] = ics(message.calendar)
            found[f"{name}.eml"] = composer.mail(message).content
    return found


def make_samples() -> dict[str, bytes]:
    """By path in a folder: a receipt of sign-up, and the calendars."""
    message = queue(receipt_letter(), OWNER).after
    made = receipt.write(message.name, message.says)
    if made is None:
        raise ValueError("the letter has no receipt")
    return {RECEIPT: made, **{f"calendar/{name}": content for name, content in make_calendar_samples().items()}}
