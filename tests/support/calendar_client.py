"""A calendar that takes invitations by mail, as RFC 5545 and RFC 5546 have it; shares no code with the product.

It reads content lines itself, reckons local times by the time zone that lies in the file, keeps the newest word on each
UID, by SEQUENCE and then DTSTAMP, and drops what is cancelled. One that is `strict` takes no CANCEL that is not above
what it has, as Exchange (MS-OXOCAL). It refuses what Outlook, Google or Apple would stumble
over, and what ical4j lets pass.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import Message

_CONTENT = re.compile(r'((?:[^":]|"[^"]*")*):(.*)', re.DOTALL)
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)")
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_MAILBOX = re.compile(r"mailto:[^@\s<>\"]+@[a-z0-9.-]+", re.IGNORECASE)
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")
_LAST_SUNDAY = re.compile(r"FREQ=YEARLY;BYMONTH=(\d+);BYDAY=-1SU")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SPRING, _AUTUMN = 3, 10


class Refusal(AssertionError):  # noqa: N818 # what a calendar says to it, and no error of its own
    """No calendar takes this."""


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    parameters: dict[str, str]
    value: str


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands in the calendar: instants in UTC, or days of which the last one is not part."""

    title: str
    starts: datetime | date
    ends: datetime | date
    where: str
    blocks: bool
    link: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """A VTIMEZONE of two yearly changes: per month the local time of the change on the last Sunday, and offsets."""

    changes: dict[int, tuple[int, timedelta, timedelta]]

    def utc(self, shown: datetime) -> datetime:
        """RFC 5545 § 3.3.5: a local time that comes twice is the first one."""
        current = self.changes[_AUTUMN][2]
        for month in (_SPRING, _AUTUMN):
            hour, _, after = self.changes[month]
            if shown >= _last_sunday(shown.year, month, hour):
                current = after
        return shown - current


@dataclass(slots=True)
class Client:
    """One person's calendar. `seen`: per UID the newest (SEQUENCE, DTSTAMP) and what it said; None = cancelled."""

    address: str
    strict: bool = False
    seen: dict[str, tuple[int, datetime, Slot | None]] = field(default_factory=dict)

    @property
    def calendar(self) -> dict[str, Slot]:
        return {uid: slot for uid, (_, _, slot) in self.seen.items() if slot is not None}

    def take_mail(self, raw: bytes) -> None:
        """A mail with an invitation in it; any other is not for the calendar."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
        if not parts:
            return
        _must("\n" not in raw.decode("ascii").replace("\r\n", ""), "a bare LF in the mail")
        _must(len(parts) == 1, "two invitations in one mail")
        (part,) = parts
        _must(_beside(message, part) == "multipart/alternative", "the invitation is no alternative to the texts")
        _must("Content-Disposition" not in part, "shown as a file, without buttons")
        _must(str(part.get_param("charset")).lower() == "utf-8", "another charset: José")
        content = _bytes(part)
        files = [_bytes(one) for one in message.walk() if one.get_content_disposition() == "attachment"]
        _must(content in files, "no file beside for those who see no buttons")
        to = [box.addr_spec.lower() for name in ("To", "Cc") for box in getattr(message[name], "addresses", ())]
        _must(to == [self.address.lower()], "it went to others too")
        self.take(content, str(part.get_param("method")))

    def take(self, ics: bytes, method: str) -> None:
        lines = read(ics)
        said = [line.value for line in lines if line.name == "METHOD"]
        _must(said == [method], "the parameter and the METHOD differ")
        _must(method in {"REQUEST", "CANCEL"}, "no invitation")
        event = _component(lines, "VEVENT")
        one = _once(event)
        _must(_mailbox(one["ATTENDEE"]) == self.address.lower(), "somebody else's invitation")
        _mailbox(one["ORGANIZER"])
        zones = _zones(lines)
        for line in event:
            _must(line.parameters.get("TZID") in {None, *zones}, "a TZID without its VTIMEZONE")
            _must(line.name not in {"BEGIN", "RRULE", "RDATE", "RECURRENCE-ID"}, f"{line.name} in a single meeting")
        status = one["STATUS"].value if "STATUS" in one else None
        if method == "CANCEL":
            _must("TZID" not in one["DTSTART"].parameters, "Outlook shows this as a file it does not support")
            _must(status in {None, "CANCELLED"}, "cancelled and yet not")
        else:
            _must(status in {"CONFIRMED", "TENTATIVE"}, "held and yet not")
            asked = (one["ATTENDEE"].parameters.get("RSVP"), one["ATTENDEE"].parameters.get("PARTSTAT"))
            _must(asked == ("TRUE", "NEEDS-ACTION"), "nobody is asked")
        slot = _slot(one, zones)
        _must(re.fullmatch(r"\d{1,9}", one["SEQUENCE"].value) is not None, "a SEQUENCE that is no number")
        _must(one["DTSTAMP"].value.endswith("Z"), "a DTSTAMP that is not UTC")
        version = (int(one["SEQUENCE"].value), _instant(one["DTSTAMP"], zones))
        uid = one["UID"].value
        known = self.seen.get(uid)
        if known is not None and version <= known[:2]:
            same = known[2] == (None if method == "CANCEL" else slot)
            _must(version != known[:2] or same, "two messages that no client can put in order")
            return
        if self.strict and known is not None and method == "CANCEL" and version[0] <= known[0]:
            return
        self.seen[uid] = (*version, None if method == "CANCEL" else slot)


def _must(holds: object, otherwise: str) -> None:
    if not holds:
        raise Refusal(otherwise)


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    _must(isinstance(content, bytes), "a part without content")
    return content  # type: ignore[return-value] # as was just asked


def _beside(message: Message, part: Message) -> str:
    """The type of what holds the part."""
    for holder in message.walk():
        if holder.is_multipart() and any(one is part for one in holder.get_payload()):
            return holder.get_content_type()
    return ""


def read(ics: bytes) -> list[Line]:
    """Content lines, unfolded (RFC 5545 § 3.1)."""
    _must(b"\n" not in ics.replace(b"\r\n", b""), "a bare LF")
    _must(b"\r" not in ics.replace(b"\r\n", b""), "a bare CR")
    _must(ics.endswith(b"END:VCALENDAR\r\n"), "it does not end")
    _must(all(len(line) <= 75 for line in ics.split(b"\r\n")), "a line of more than 75 octets")
    _must(all(_is_text(line) for line in ics.split(b"\r\n")), "a line that ends inside a character")
    text = ics.replace(b"\r\n ", b"").decode()
    return [_line(line) for line in text.split("\r\n") if line]


def _is_text(line: bytes) -> bool:
    return line.decode(errors="ignore").encode() == line


def _line(text: str) -> Line:
    found = _CONTENT.fullmatch(text)
    if found is None:
        raise Refusal(f"no content line: {text!r}")
    _must(not _CONTROL.search(text), "a control character")
    name, *parameters = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', found[1])
    pairs = (parameter.partition("=") for parameter in parameters)
    return Line(name.upper(), {key.upper(): value.strip('"') for key, _, value in pairs}, found[2])


def _component(lines: list[Line], name: str) -> list[Line]:
    starts = [at for at, line in enumerate(lines) if (line.name, line.value) == ("BEGIN", name)]
    ends = [at for at, line in enumerate(lines) if (line.name, line.value) == ("END", name)]
    _must(len(starts) == len(ends) == 1, f"{len(starts)} times {name}")
    return lines[starts[0] + 1 : ends[0]]


def _once(event: list[Line]) -> dict[str, Line]:
    names = [line.name for line in event]
    for name in ("UID", "DTSTAMP", "SEQUENCE", "ORGANIZER", "DTSTART", "DTEND", "SUMMARY", "ATTENDEE"):
        _must(names.count(name) == 1, f"{name} stands {names.count(name)} times")
    for name in ("STATUS", "TRANSP", "LOCATION", "DESCRIPTION", "CONFERENCE"):
        _must(names.count(name) <= 1, f"{name} stands {names.count(name)} times")
    return {line.name: line for line in event}


def _mailbox(line: Line) -> str:
    _must(_MAILBOX.fullmatch(line.value), f"{line.name} without mailto:")
    return line.value.partition(":")[2].lower()


def _zones(lines: list[Line]) -> dict[str, Zone]:
    if not any(line.value == "VTIMEZONE" for line in lines):
        return {}
    block = _component(lines, "VTIMEZONE")
    (name,) = [line.value for line in block if line.name == "TZID"]
    changes = {}
    for kind in ("STANDARD", "DAYLIGHT"):
        one = {line.name: line.value for line in _component(block, kind)}
        rule, starts = _LAST_SUNDAY.fullmatch(one["RRULE"]), _STAMP.fullmatch(one["DTSTART"])
        if rule is None or starts is None:
            raise Refusal("a rule that Outlook does not read")
        before, after = _offset(one["TZOFFSETFROM"]), _offset(one["TZOFFSETTO"])
        changes[int(rule[1])] = (int(starts[4]), before, after)
        first = datetime(int(starts[1]), int(starts[2]), int(starts[3]), int(starts[4]), tzinfo=UTC)
        _must(first == _last_sunday(first.year, int(rule[1]), first.hour), "its first change is none by its own rule")
    # Directive 2000/84/EC: everybody in the Union changes at 1.00 UTC.
    at_one = all(timedelta(hours=hour) - before == timedelta(hours=1) for hour, before, _ in changes.values())
    _must(set(changes) == {_SPRING, _AUTUMN} and at_one, "its clocks change when nobody's do")
    _must(changes[_SPRING][2] == timedelta(hours=2), "no summer time")
    _must(changes[_AUTUMN][2] == timedelta(hours=1), "no winter time")
    return {name: Zone(changes)}


def _offset(text: str) -> timedelta:
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise Refusal("no offset")
    away = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return away if found[1] == "+" else -away


def _slot(one: dict[str, Line], zones: dict[str, Zone]) -> Slot:
    starts, ends = _moment(one["DTSTART"], zones), _moment(one["DTEND"], zones)
    _must(type(starts) is type(ends), "half a day")
    _must(starts < ends, "it ends before it begins")  # type: ignore[operator] # both are of one type
    blocks = "TRANSP" not in one or one["TRANSP"].value == "OPAQUE"
    where = _text(one["LOCATION"]) if "LOCATION" in one else ""
    link = one["CONFERENCE"].value if "CONFERENCE" in one else ""
    _must(link in where, "a link that only the newest calendars show")
    return Slot(_text(one["SUMMARY"]), starts, ends, where, blocks, link)


def _text(line: Line) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], line.value)


def _moment(line: Line, zones: dict[str, Zone]) -> datetime | date:
    if line.parameters.get("VALUE") == "DATE":
        found = _DATE.fullmatch(line.value)
        if found is None:
            raise Refusal("no date")
        return date(int(found[1]), int(found[2]), int(found[3]))
    return _instant(line, zones)


def _instant(line: Line, zones: dict[str, Zone]) -> datetime:
    found = _STAMP.fullmatch(line.value)
    if found is None:
        raise Refusal(f"no time: {line.value}")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    shown = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if found[7]:
        _must("TZID" not in line.parameters, "in UTC and in a zone")
        return shown
    _must("TZID" in line.parameters, "a floating time")
    return zones[line.parameters["TZID"]].utc(shown)


def _last_sunday(year: int, month: int, hour: int) -> datetime:
    last = datetime(year, month, 31, hour, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
