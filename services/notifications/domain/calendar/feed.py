"""A calendar that a program fetches again and again: the meetings of one reader, as they stand.

RFC 5545 and 7986, METHOD:PUBLISH of RFC 5546 § 3.2.1. The same UID and SEQUENCE as in the invitations, so that a
calendar that has both knows them for one meeting. It names nobody: its organiser is the seller's mailbox, and nobody
attends. The same meetings give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from services.notifications.domain.calendar.entry import COPENHAGEN_RULES, IN_PARAMETERS, Mailbox, local_time
from services.notifications.domain.text import lines, one_line
from shared.contracts.addresses import LONGEST_ADDRESS
from shared.contracts.bounds import is_link
from shared.contracts.time import day_after

REFRESHED = "PT4H"
"""How often a program should ask; it is told at once, by mail, what changes in a hurry."""
_OCTETS = 75
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_PLAIN = re.compile(r"[\x20-\x7e]{0,75}")


@dataclass(frozen=True, slots=True)
class Published:
    """A meeting that has its day. Instants are UTC; one without clock times is a transparent whole day."""

    uid: str
    sequence: int
    stamped: datetime
    title: str
    first_day: date
    last_day: date
    starts_at: datetime | None
    ends_at: datetime | None
    place: str
    link: str
    note: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """`about` stands in the calendar's description; `source` is the address that it is fetched from."""

    name: str
    about: str
    source: str
    organizer: Mailbox
    meetings: Sequence[Published]


def ics(feed: Feed) -> bytes:
    """As RFC 5545 text: CRLF, lines of at most 75 octets."""
    return "".join(f"{_folded(line)}\r\n" for line in _calendar(feed)).encode()


def _calendar(feed: Feed) -> Iterator[str]:
    name, about = _text(one_line(feed.name)), _text(lines(feed.about, 2_000))
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//Tovholder//Tovholder//DA"
    yield "CALSCALE:GREGORIAN"
    yield "METHOD:PUBLISH"
    # Outlook and Google read the names that came before RFC 7986.
    yield f"NAME:{name}"
    yield f"X-WR-CALNAME:{name}"
    yield f"DESCRIPTION:{about}"
    yield f"X-WR-CALDESC:{about}"
    yield "X-WR-TIMEZONE:Europe/Copenhagen"
    yield f"REFRESH-INTERVAL;VALUE=DURATION:{REFRESHED}"
    yield f"X-PUBLISHED-TTL:{REFRESHED}"
    yield f"SOURCE;VALUE=URI:{feed.source}"
    events = [line for one in feed.meetings for line in _event(one, feed.organizer)]
    if any(";TZID=" in line for line in events):
        yield from COPENHAGEN_RULES.decode().removesuffix("\r\n").split("\r\n")
    yield from events
    yield "END:VCALENDAR"


def _event(one: Published, organizer: Mailbox) -> Iterator[str]:
    timed = one.starts_at is not None and one.ends_at is not None and one.starts_at < one.ends_at
    title = one_line(one.title)
    stamp = f"{_clock(one.stamped.astimezone(UTC))}Z"
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(one.uid)}"
    yield f"SEQUENCE:{one.sequence}"
    yield f"DTSTAMP:{stamp}"
    yield f"LAST-MODIFIED:{stamp}"
    if one.starts_at is not None and one.ends_at is not None and timed:
        yield f"DTSTART{_moment(one.starts_at)}"
        yield f"DTEND{_moment(one.ends_at)}"
    else:
        yield f"DTSTART;VALUE=DATE:{_day(one.first_day)}"
        yield f"DTEND;VALUE=DATE:{_day(day_after(one.last_day))}"
    yield f"SUMMARY:{_text(f'Aflyst: {title}' if one.cancelled else title if timed else f'Reservér datoen: {title}')}"
    yield f"ORGANIZER{_called(organizer)}:mailto:{one_line(organizer.email, LONGEST_ADDRESS)}"
    yield f"STATUS:{'CANCELLED' if one.cancelled else 'CONFIRMED' if timed else 'TENTATIVE'}"
    yield f"TRANSP:{'OPAQUE' if timed and not one.cancelled else 'TRANSPARENT'}"
    yield from _where(one)
    if one.note:
        yield f"DESCRIPTION:{_text(lines(one.note))}"
    yield "END:VEVENT"


def _where(one: Published) -> Iterator[str]:
    link = one.link.strip()
    leads = is_link(link)
    where = [text for text in (one_line(one.place), link if leads else "") if text]
    if where:
        yield f"LOCATION:{_text(' · '.join(where))}"
    if leads:
        yield f'CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL="Deltag i mødet":{link}'


def _called(mailbox: Mailbox) -> str:
    name = one_line(mailbox.name).translate(IN_PARAMETERS)
    return f';CN="{name}"' if name else ""


def _moment(instant: datetime) -> str:
    shown = local_time(instant)
    return f":{_clock(shown)}Z" if shown.tzinfo is UTC else f";TZID=Europe/Copenhagen:{_clock(shown)}"


def _clock(shown: datetime) -> str:
    # Not by strftime, which writes the year 1 as 1.
    return f"{_day(shown.date())}T{shown.hour:02}{shown.minute:02}{shown.second:02}"


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _text(text: str) -> str:
    return text.translate(_ESCAPED)


def _folded(line: str) -> str:
    """Lines of at most 75 octets, none of which ends inside a character."""
    if _PLAIN.fullmatch(line):
        return line
    return "\r\n ".join(_pieces(line))


def _pieces(line: str) -> Iterable[str]:
    piece: list[str] = []
    size = 0
    for mark in line:
        octets = len(mark.encode())
        if size + octets > _OCTETS:
            yield "".join(piece)
            # The blank that the next line begins with counts.
            piece, size = [], 1
        piece.append(mark)
        size += octets
    yield "".join(piece)
