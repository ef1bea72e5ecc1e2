"""One of each kind of document, with people who do not exist; the same bytes each time, on every machine."""

from __future__ import annotations

from services.notifications.adapters import receipt
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar.entry import Mailbox, ics
from services.notifications.domain.letter import Letter
from services.notifications.domain.message import queue
from services.notifications.domain.samples import OWNER, calendar_letters, receipt_letter, waiting_letter

RECEIPT, RECEIPT_OF_WAITING = "kvittering.pdf", "kvittering-venteliste.pdf"


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
    """By path in a folder: receipts of sign-up, and the calendars."""
    receipts = {RECEIPT: receipt_letter(), RECEIPT_OF_WAITING: waiting_letter()}
    found = {name: _receipt(letter) for name, letter in receipts.items()}
    return {**found, **{f"calendar/{name}": content for name, content in make_calendar_samples().items()}}


def _receipt(letter: Letter) -> bytes:
    message = queue(letter, OWNER).after
    made = receipt.write(message.name, message.says)
    if made is None:
        raise ValueError("the letter has no receipt")
    return made
