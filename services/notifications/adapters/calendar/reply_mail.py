"""The calendar part of a mail that came in (RFC 5322, RFC 6047), whoever wrote it and however it is wrapped.

Nothing of the mail but that part and the addresses it was sent to is read, and nothing of it is kept.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from services.notifications.domain.calendar.replies import LARGEST_MAIL, refused

_ADDRESSED = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")
_CALENDAR_TYPES = ("text/calendar", "application/ics")
_RICH_TEXT = ("application/ms-tnef", "application/vnd.ms-tnef")
_MOST_PARTS = 1000
_LONGEST_HEADER = 32_768
_LONGEST_CONTENT_HEADER = 4_096
_CHARSET = re.compile(r"us-ascii|iso-8859-(?:[1-9]|1[03456])|windows-125[0-8]")


class _Headers(email.policy.Compat32):
    """As they came, and none too long: the time to read parameters grows by the square, to minutes within one mail."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        longest = _LONGEST_CONTENT_HEADER if sourcelines[0][:8].lower() == "content-" else _LONGEST_HEADER
        if sum(map(len, sourcelines)) > longest:
            raise refused("unreadable_mail")
        return super().header_source_parse(sourcelines)


_HEADERS = _Headers()


@dataclass(frozen=True, slots=True)
class ReplyMail:
    """`addressed`: everybody the mail was to, as its headers say it."""

    ics: str
    addressed: str


def read_mail(content: bytes) -> ReplyMail:
    """The first calendar part. Refused, with a code, when there is none or the mail is no mail.

    Also outside multipart/alternative, where outlook.com puts it, and as a file; never in a mail that is forwarded.
    """
    if len(content) > LARGEST_MAIL:
        raise refused("mail_too_large")
    try:
        message = email.message_from_bytes(content, policy=_HEADERS)
        parts = list(_parts(message))
    except RecursionError:
        raise refused("unreadable_mail") from None
    if not message.keys():
        raise refused("unreadable_mail")
    found = [part for kind in _CALENDAR_TYPES for part in parts if part.get_content_type() == kind]
    found += [part for part in parts if str(part.get_filename("")).lower().endswith(".ics")]
    if not found:
        rich = any(part.get_content_type() in _RICH_TEXT for part in parts)
        raise refused("outlook_rich_text" if rich else "no_calendar")
    addressed = " ".join(str(value) for name in _ADDRESSED for value in message.get_all(name, []))
    return ReplyMail(_text(found[0]), addressed)


def _parts(message: Message) -> Iterator[Message]:
    todo, seen = [message], 0
    while todo:
        part = todo.pop()
        seen += 1
        if seen > _MOST_PARTS:
            raise refused("unreadable_mail")
        if part.get_content_maintype() == "multipart":
            inner = part.get_payload()
            todo += [one for one in reversed(inner) if isinstance(one, Message)] if isinstance(inner, list) else []
        elif part.get_content_maintype() != "message":
            yield part


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise refused("unreadable_mail")
    charset = str(part.get_param("charset")).lower()
    # Python knows more of them, some of which are no charsets; and what we read is ASCII.
    known = charset if _CHARSET.fullmatch(charset) else "utf-8"
    return payload.decode(known, "replace").removeprefix("\ufeff")
