"""From a row to the mail that goes out: always the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jinja2 import TemplateError

from services.notifications.adapters import receipt
from services.notifications.adapters.mime import CALENDAR_FILE, Attachment, Mail, compose
from services.notifications.adapters.texts import Texts, Words
from services.notifications.domain.calendar.entry import Entry, Mailbox, ics
from services.notifications.domain.calendar.replies import plus_address
from services.notifications.domain.message import Message, without_code

_PDF = "application/pdf"
_WITH_RECEIPT = ("place_confirmed", "waitlisted")


class Composer:
    """`sender` is From where no programme stands behind a letter.

    `plus_addresses`: the organiser's address in an invitation carries the token that a reply is known by.
    """

    def __init__(self, words: Words, sender: Mailbox, *, plus_addresses: bool = False) -> None:
        self._words = words
        self._sender = sender
        self._plus_addresses = plus_addresses

    def texts(self, message: Message) -> Texts:
        """As anybody is shown it; a code is the mailbox's alone."""
        return self._sent(without_code(message))

    def _sent(self, message: Message) -> Texts:
        return self._words.write(message.template, _greeting(message), {**message.says, "name": message.name})

    def subject(self, message: Message) -> str:
        """As it goes out; "" where nothing can be made of it, which whoever sends it finds out."""
        if message.forgotten:
            return ""
        try:
            return self._words.subject(message.template, {**message.says, "name": message.name})
        except (ValueError, LookupError, TemplateError):
            return ""

    def mail(self, message: Message, files: Sequence[Attachment] = ()) -> Mail:
        """`files` are those that `says` names and that are kept elsewhere.

        Raises what `compose` and `receipt.write` raise. With a PDF it takes 10-20 ms: call it in a thread."""
        texts = self._sent(message)
        seller = (message.says.get("programme") or {}).get("seller")
        sender = Mailbox(seller["sender_name"], seller["sender_email"]) if seller else self._sender
        calendar = message.calendar
        if len(files) != len(message.says.get("files", ())):
            raise LookupError("a file that is attached is not there")
        return compose(
            key=message.key,
            sender=sender,
            answer_to=message.says.get("answers_to") or (seller["organizer_email"] if seller else sender.email),
            recipient=Mailbox(message.name, message.email),
            written_at=message.written_at,
            texts=texts,
            calendar=None if calendar is None else (calendar.method, ics(self._addressed(calendar))),
            attachment=_attachment(message, texts),
            more=files,
        )

    def attached(self, message: Message, texts: Texts) -> list[Attachment]:
        """All that is attached to it, as people save it."""
        found = []
        if (calendar := message.calendar) is not None:
            found.append(Attachment(CALENDAR_FILE[calendar.method], ics(self._addressed(calendar)), "text/calendar"))
        if (one := _attachment(message, texts)) is not None:
            found.append(one)
        return found

    def file(self, message: Message, kind: str, files: Sequence[Attachment] = ()) -> bytes | None:
        """Its words (txt), the whole mail (eml), or the calendar (ics) or PDF in it; None = there is none. As
        `texts`, it is for anybody."""
        match kind:
            case "txt":
                texts = self.texts(message)
                return f"{texts.subject}\n\n{texts.plain}".encode()
            case "eml":
                return self.mail(without_code(message), files).content
            case "ics":
                return None if message.calendar is None else ics(self._addressed(message.calendar))
            case _:
                attached = _attachment(message, self.texts(message))
                return attached.octets if attached is not None and attached.media_type == _PDF else None

    def _addressed(self, entry: Entry) -> Entry:
        if not self._plus_addresses:
            return entry
        email = plus_address(entry.organizer.email, entry.uid, entry.attendee.email)
        return replace(entry, organizer=replace(entry.organizer, email=email))


def _greeting(message: Message) -> str:
    if message.template == "digest":
        return "Godmorgen"
    if not message.name:
        return "Goddag"
    return f"Til {message.name}" if "/" in message.recipient else f"Kære {message.name}"


def _attachment(message: Message, texts: Texts) -> Attachment | None:
    if message.template == "invoice":
        return Attachment(f"Faktura-{message.says['invoice_id']}.txt", texts.plain)
    if message.template == "credit_note":
        return Attachment(f"Kreditnota-{message.says['credit_note_id']}.txt", texts.plain)
    if message.template in _WITH_RECEIPT and (pdf := receipt.write(message.name, message.says)) is not None:
        return Attachment(receipt.FILE_NAME, pdf, _PDF)
    return None
