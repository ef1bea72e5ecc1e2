"""A letter as the bytes that travel: MIME with CRLF throughout, the same bytes for the same letter on any Python.

Written out here and not by the standard library, whose encoded words let a line break through on Python 3.11 and whose
bytes change between versions. RFC 5322, RFC 2045-2047; calendar parts as RFC 6047 wants them: text/calendar beside the
texts as an alternative, and once more as a file. Everything but ASCII headers is base64, so 7bit holds.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from services.notifications.adapters.texts import Texts
from services.notifications.domain.calendar.entry import Mailbox, Method
from services.notifications.domain.text import domain_of, one_line
from shared.contracts.addresses import is_mail_address

_ALLOWED = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
)
_NAMES = frozenset(name.lower() for name in _ALLOWED)
_HEADER = re.compile(rb"([!-9;-~]+): [ -~]+")
_FOLDED = re.compile(rb" [ -~]+")
_BARE_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_PLAIN_WORDS = re.compile(r"[ -~]{0,60}")
_LONGEST_LINE = 998
_WORD_BYTES = 39
"""Of UTF-8 in one encoded word: with `Subject: ` before it, the line has at most 76 characters (RFC 2047 § 2)."""
CALENDAR_FILE: dict[Method, str] = {"REQUEST": "invitation.ics", "CANCEL": "aflysning.ics"}


class NotAnAddressError(ValueError):
    """Somebody is written to, or from, under what is no address."""


class UnsafeHeaderError(ValueError):
    """The bytes hold a header that nobody wrote; the letter is not sent."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: a text, or bytes of the media type that is named."""

    name: str
    content: str | bytes
    media_type: str = "text/plain; charset=utf-8"

    @property
    def octets(self) -> bytes:
        return _crlf(self.content) if isinstance(self.content, str) else self.content


@dataclass(frozen=True, slots=True)
class Mail:
    """What goes out over SMTP: envelope and bytes."""

    sender: str
    recipient: str
    content: bytes


def message_id(key: str, sender: str) -> str:
    """The same on every try, so that a second copy is seen to be the first one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain_of(sender)}>"


def compose(
    *,
    key: str,
    sender: Mailbox,
    answer_to: str,
    recipient: Mailbox,
    written_at: datetime,
    texts: Texts,
    calendar: tuple[Method, bytes] | None = None,
    attachment: Attachment | None = None,
    more: Sequence[Attachment] = (),
) -> Mail:
    """One mail to one recipient. `key` is the letter's natural key; `written_at` its domain time.

    Raises UnsafeHeaderError when a text has got out of its header, and NotAnAddressError.
    """
    for email in (sender.email, answer_to, recipient.email):
        if not is_mail_address(email):
            raise NotAnAddressError("not an e-mail address")
    headers = [
        f"From: {_mailbox(sender)}",
        f"To: {_mailbox(recipient)}",
        *([f"Reply-To: {answer_to}"] if answer_to != sender.email else []),
        f"Subject: {_words(one_line(texts.subject) or '-')}",
        f"Date: {format_datetime(written_at)}",
        f"Message-ID: {message_id(key, sender.email)}",
        "Auto-Submitted: auto-generated",
        "Content-Language: da",
        "MIME-Version: 1.0",
    ]
    alternatives = [_text("plain", texts.plain), _text("html", texts.html)]
    files = []
    if calendar is not None:
        method, ics = calendar
        # No Content-Disposition here: with one, clients show a file and no buttons.
        alternatives.append(_part(f"Content-Type: text/calendar; charset=utf-8; method={method}", ics))
        name = CALENDAR_FILE[method]
        files.append(_file(f'application/ics; name="{name}"', name, ics))
    for one in (*([attachment] if attachment is not None else []), *more):
        name = _FILE_NAME.sub("-", one_line(one.name)).strip(".-") or "bilag.txt"
        files.append(_file(one.media_type, name, one.octets))
    body = _multipart("alternative", _boundary(key, "a"), alternatives)
    if files:
        body = _multipart("mixed", _boundary(key, "m"), [body, *files])
    whole = "\r\n".join(headers).encode("ascii") + b"\r\n" + body
    check(whole)
    return Mail(sender.email, recipient.email, whole)


def check(content: bytes) -> None:
    """Nothing but our own headers, each once, in printable ASCII, every line ended by CRLF (ASVS 1.3.11)."""
    head, blank, _ = content.partition(b"\r\n\r\n")
    if not blank or _BARE_BREAK.search(content):
        raise UnsafeHeaderError("a line break of its own")
    seen: set[str] = set()
    for line in head.split(b"\r\n"):
        found = _HEADER.fullmatch(line)
        name = found[1].decode().lower() if found else ""
        if len(line) > _LONGEST_LINE or not (name or (seen and _FOLDED.fullmatch(line))):
            raise UnsafeHeaderError("a line that is no header")
        if name and (name not in _NAMES or name in seen):
            raise UnsafeHeaderError("a header that nobody wrote")
        seen.add(name)


def _boundary(key: str, which: str) -> str:
    return f"={hashlib.sha256(f'{which}/{key}'.encode()).hexdigest()[:32]}="


def _mailbox(mailbox: Mailbox) -> str:
    name = one_line(mailbox.name)
    if not name:
        return mailbox.email
    if _PLAIN_WORDS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{mailbox.email}>'
    return f"{_encoded(name)}\r\n <{mailbox.email}>"


def _words(text: str) -> str:
    return text if _PLAIN_WORDS.fullmatch(text) else _encoded(text)


def _encoded(text: str) -> str:
    """Encoded words (RFC 2047), none of which ends inside a character."""
    words, word = [], b""
    for mark in text:
        octets = mark.encode()
        if len(word) + len(octets) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += octets
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(octets).decode()}?=" for octets in [*words, word])


def _crlf(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def _text(subtype: str, text: str) -> bytes:
    return _part(f"Content-Type: text/{subtype}; charset=utf-8", _crlf(text))


def _file(kind: str, name: str, content: bytes) -> bytes:
    return _part(f'Content-Type: {kind}\r\nContent-Disposition: attachment; filename="{name}"', content)


def _part(headers: str, content: bytes) -> bytes:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return headers.encode("ascii") + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    opened = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts)
    header = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'
    return header.encode() + opened + b"--%b--\r\n" % boundary.encode()
