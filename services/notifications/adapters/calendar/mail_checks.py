"""What must be true of a whole invitation mail beside its calendar file: RFC 6047, and what gets buttons in Outlook."""

from __future__ import annotations

import codecs
import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from services.notifications.domain.calendar.checks import Finding, check_calendar, method_and_attendee
from services.notifications.domain.calendar.replies import LARGEST_MAIL
from services.notifications.domain.text import address_key

_BARE_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
_NO_PART = Finding(
    "no_calendar_part",
    "Mailen skal have præcis én text/calendar-del i multipart/alternative; ellers viser Outlook ingen knapper.",
    "text/calendar",
)
_LINE_BREAK = Finding(
    "mail_line_break", "Hver linje i mailen skal ende med CRLF. Hent den igen, som den kom fra mailserveren."
)
_NEITHER = Finding(
    "neither",
    "Filen er hverken en kalender (BEGIN:VCALENDAR) eller en mail. Vælg en .ics-fil, eller gem mailen som .eml.",
)
_TOO_LARGE = Finding("too_large", "Filen er større end 1 MB og bliver ikke læst. Prøv uden mailens andre bilag.")
_CALENDAR = re.compile(rb"(?:%b)?\s*BEGIN:VCALENDAR" % codecs.BOM_UTF8, re.IGNORECASE)
_MAIL = re.compile(rb"(?:From |[A-Za-z][A-Za-z0-9-]*:)")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A mail taken apart: the calendar among the alternatives, and the files beside them."""

    message: Message
    part: Message
    files: list[bytes]

    @property
    def calendar(self) -> bytes:
        return _content(self.part)

    @property
    def recipients(self) -> list[str]:
        named = [str(value) for name in ("To", "Cc", "Bcc") for value in self.message.get_all(name, [])]
        return [address_key(address) for _, address in getaddresses(named)]


def check_file(content: bytes) -> list[Finding]:
    """Everything that is wrong with a calendar file, or with a whole mail that holds one."""
    if len(content) > LARGEST_MAIL:
        return [_TOO_LARGE]
    if _CALENDAR.match(content):
        return check_calendar(content)
    return check_mail(content) if _MAIL.match(content) else [_NEITHER]


def check_mail(content: bytes) -> list[Finding]:
    """The mail's own findings first, then those of the calendar in it."""
    # Mail programs that save a mail may change its line breaks; the rest of it can be judged all the same.
    whole = _BARE_BREAK.sub(b"\r\n", content)
    broken = [_LINE_BREAK] if whole != content else []
    message = email.message_from_bytes(whole, policy=email.policy.compat32)
    alternatives = [part for part in message.walk() if part.get_content_type() == "multipart/alternative"]
    parts = [
        part
        for alternative in alternatives
        for part in alternative.walk()
        if part.get_content_type() == "text/calendar"
    ]
    if len(parts) != 1:
        return [*broken, _NO_PART]
    files = [_content(part) for part in message.walk() if part.get_content_disposition() == "attachment"]
    read = Invitation(message, parts[0], files)
    found = [Finding(code, text, name) for code, name, text, wrong in CHECKS if wrong(read)]
    return [*broken, *found, *check_calendar(read.calendar)]


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _parameter(part: Message, name: str) -> str:
    return str(part.get_param(name) or "")


CHECKS: tuple[tuple[str, str, str, Callable[[Invitation], bool]], ...] = (
    (
        "header_not_once",
        "",
        "Afsender, modtager, emne, dato, Message-ID og MIME-felterne skal stå præcis én gang (RFC 5322 § 3.6).",
        lambda read: any(len(read.message.get_all(name, [])) != 1 for name in _ONCE),
    ),
    (
        "calendar_as_file",
        "Content-Disposition",
        "Kalenderdelen må ikke have Content-Disposition; ellers viser Outlook en fil uden knapper.",
        lambda read: "Content-Disposition" in read.part,
    ),
    (
        "charset",
        "Content-Type",
        "Kalenderdelen skal sige charset=utf-8; ellers bliver æ, ø og å til andre tegn.",
        lambda read: _parameter(read.part, "charset").lower() != "utf-8",
    ),
    (
        "method_differs",
        "Content-Type",
        "Kalenderdelens method skal være den samme som kalenderens METHOD.",
        lambda read: _parameter(read.part, "method") != method_and_attendee(read.calendar)[0],
    ),
    (
        "attachment_differs",
        "Content-Disposition",
        "Kalenderen skal også ligge ved som fil, og være den samme.",
        lambda read: read.calendar not in read.files,
    ),
    (
        "recipient_differs",
        "To",
        "Mailen skal gå til den ene, som kalenderen nævner, og ingen anden.",
        lambda read: read.recipients != [address_key(method_and_attendee(read.calendar)[1])],
    ),
)
"""Code, header, sentence, and whether it is wrong."""
