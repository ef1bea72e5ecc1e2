"""A meeting as a calendar object that Outlook, Google and Apple take in, change and drop again.

RFC 5545, RFC 5546 (iTIP), RFC 7986 (CONFERENCE). The UID never changes, SEQUENCE is the mailbox's own for this meeting,
DTSTAMP comes from the facts and never from a clock: the same entry gives the same bytes. An entry names one recipient.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from icalendar import Event, vCalAddress

from services.notifications.domain.text import domain_of, lines, one_line
from shared.contracts.addresses import LONGEST_ADDRESS
from shared.contracts.bounds import is_link
from shared.contracts.event import natural_id
from shared.contracts.time import COPENHAGEN, day_after

Method = Literal["REQUEST", "CANCEL"]
Part = Literal["participant", "contact"]

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,200}")
_BEGIN = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tovholder//Tovholder//DA\r\nCALSCALE:GREGORIAN\r\nMETHOD:%b\r\n"
_END = b"END:VCALENDAR\r\n"

# A quotation mark in a parameter would need RFC 6868, which Outlook does not read; and there are readers to whom a
# backslash hides the mark after it, be it the end of the parameter.
IN_PARAMETERS = str.maketrans({'"': "'", "^": "", "\\": "/"})

# Outlook reads TZID, DTSTART, RRULE and the offsets only (MS-STANOICAL 2.2.47), so the rule stands here as it is: the
# last Sunday of March and of October (directive 2000/84/EC).
COPENHAGEN_RULES = (
    b"BEGIN:VTIMEZONE\r\nTZID:Europe/Copenhagen\r\n"
    b"BEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
    b"TZNAME:CET\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
    b"BEGIN:DAYLIGHT\r\nDTSTART:19960331T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
    b"TZNAME:CEST\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\n"
    b"END:VTIMEZONE\r\n"
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address, cleaned where they are written and not before."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One iTIP message to one recipient. Instants are UTC; an entry without clock times is a transparent whole day.

    `whole`: a CANCEL of the meeting itself; else the recipient alone is taken off it (RFC 5546 § 3.2.5).
    """

    method: Method
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
    organizer: Mailbox
    attendee: Mailbox
    part: Part = "participant"
    note: str = ""
    whole: bool = False

    @property
    def timed(self) -> bool:
        return self.starts_at is not None and self.ends_at is not None


def uid(meeting_id: str, organizer_email: str) -> str:
    """Of the meeting, for ever; the domain is the organiser's mailbox's.

    An id of another system that could be changed on its way through a calendar and back is replaced by one of ours.
    """
    plain = meeting_id if _PLAIN.fullmatch(meeting_id) else natural_id("calendar", meeting_id)
    return f"{plain}@{domain_of(organizer_email)}"


def ics(entry: Entry) -> bytes:
    """The entry as RFC 5545 text: CRLF, lines of at most 75 octets."""
    event = _event(entry)
    zoned = any("TZID" in event[name].params for name in ("DTSTART", "DTEND"))
    text: bytes = _BEGIN % entry.method.encode() + (COPENHAGEN_RULES if zoned else b"") + event.to_ical() + _END
    return text


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.stamped.astimezone(UTC).replace(microsecond=0))
    _add_when(event, entry)
    title = one_line(entry.title)
    event.add("summary", title if entry.timed else f"Reservér datoen: {title}")
    event.add("organizer", _address(entry.organizer))
    attendee = _address(entry.attendee)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT" if entry.part == "participant" else "OPT-PARTICIPANT"
    if entry.method == "REQUEST":
        attendee.params["PARTSTAT"] = "NEEDS-ACTION"
        attendee.params["RSVP"] = "TRUE"
        event.add("status", "CONFIRMED" if entry.timed else "TENTATIVE")
        event.add("transp", "OPAQUE" if entry.timed else "TRANSPARENT")
        event.add("x-microsoft-cdo-busystatus", "BUSY" if entry.timed else "FREE")
        _add_where(event, entry)
        if entry.note:
            event.add("description", lines(entry.note))
    elif entry.whole:
        event.add("status", "CANCELLED")
    event.add("attendee", attendee)
    return event


def _add_when(event: Event, entry: Entry) -> None:
    if entry.starts_at is None or entry.ends_at is None:
        event.add("dtstart", entry.first_day)
        event.add("dtend", day_after(entry.last_day))
        return
    # Outlook shows a CANCEL with a TZID as a file that it does not support.
    in_utc = entry.method == "CANCEL"
    event.add("dtstart", entry.starts_at.astimezone(UTC) if in_utc else local_time(entry.starts_at))
    event.add("dtend", entry.ends_at.astimezone(UTC) if in_utc else local_time(entry.ends_at))


def local_time(instant: datetime) -> datetime:
    """In Danish time; in UTC inside the second of the two hours of October that the clocks show alike (§ 3.3.5)."""
    shown = instant.astimezone(COPENHAGEN)
    return instant.astimezone(UTC) if shown.fold else shown


def _add_where(event: Event, entry: Entry) -> None:
    link = entry.link.strip()
    leads = is_link(link)
    # A link is of use only whole, and those of video meetings are long; what is none stands nowhere.
    where = [text for text in (one_line(entry.place), link if leads else "") if text]
    if where:
        event.add("location", " · ".join(where))
    if leads:
        event.add("conference", link, parameters={"VALUE": "URI", "FEATURE": "VIDEO", "LABEL": "Deltag i mødet"})


def _address(mailbox: Mailbox) -> vCalAddress:
    address = vCalAddress(f"mailto:{one_line(mailbox.email, LONGEST_ADDRESS)}")
    name = one_line(mailbox.name).translate(IN_PARAMETERS)
    if name:
        address.params["CN"] = name
    return address
