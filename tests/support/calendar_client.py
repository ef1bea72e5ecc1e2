"""A calendar that takes invitations by mail, as RFC 5545 and RFC 5546 have it; shares no code with the product.

It reads content lines itself, keeps the newest word on each UID, by SEQUENCE and then DTSTAMP, and drops what is
cancelled. It refuses what Outlook, Google or Apple would stumble over.
"""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

_CONTENT = re.compile(r'((?:[^":]|"[^"]*")*):(.*)', re.DOTALL)
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)")


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


@dataclass(slots=True)
class Client:
    """One person's calendar. `seen`: per UID the newest (SEQUENCE, DTSTAMP) and what it said; None = cancelled."""

    address: str
    seen: dict[str, tuple[int, datetime, Slot | None]] = field(default_factory=dict)

    @property
    def calendar(self) -> dict[str, Slot]:
        return {uid: slot for uid, (_, _, slot) in self.seen.items() if slot is not None}

    def take_mail(self, raw: bytes) -> None:
        """A mail with an invitation in it; any other is not for the calendar."""
        message = email.message_from_bytes(raw, policy=email.policy.default)
        parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
        for part in parts:
            assert part.get_content_disposition() is None, "shown as a file, without buttons"
            assert part.get_param("charset") == "utf-8"
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            self.take(content, str(part.get_param("method")))

    def take(self, ics: bytes, method: str) -> None:
        lines = read(ics)
        (said,) = [line.value for line in lines if line.name == "METHOD"]
        assert said == method, "the parameter and the METHOD differ"
        event = _component(lines, "VEVENT")
        names = [line.name for line in event]
        for once in ("UID", "DTSTAMP", "SEQUENCE", "ORGANIZER", "DTSTART", "DTEND", "SUMMARY", "ATTENDEE"):
            assert names.count(once) == 1, f"{once} stands {names.count(once)} times"
        one = {line.name: line for line in event}
        attendee = one["ATTENDEE"].value
        assert attendee.lower() == f"mailto:{self.address.lower()}", "somebody else's invitation"
        zones = {line.value for line in lines if line.name == "TZID"}
        for line in event:
            assert line.parameters.get("TZID") in {None, *zones}, "a TZID without its VTIMEZONE"
        if method == "CANCEL":
            assert "TZID" not in one["DTSTART"].parameters, "Outlook shows this as a file it does not support"
            assert one.get("STATUS", Line("", {}, "CANCELLED")).value == "CANCELLED"
        version = (int(one["SEQUENCE"].value), _instant(one["DTSTAMP"]))
        uid = one["UID"].value
        known = self.seen.get(uid)
        if known is not None and version <= known[:2]:
            assert version != known[:2], "two messages that no client can put in order"
            return
        self.seen[uid] = (*version, None if method == "CANCEL" else _slot(one))


def read(ics: bytes) -> list[Line]:
    """Content lines, unfolded (RFC 5545 § 3.1)."""
    assert b"\n" not in ics.replace(b"\r\n", b""), "a bare LF"
    assert b"\r" not in ics.replace(b"\r\n", b""), "a bare CR"
    assert all(len(line) <= 75 for line in ics.split(b"\r\n")), "a line of more than 75 octets"
    text = ics.replace(b"\r\n ", b"").decode()
    return [_line(line) for line in text.split("\r\n") if line]


def _line(text: str) -> Line:
    found = _CONTENT.fullmatch(text)
    assert found, f"no content line: {text!r}"
    name, *parameters = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', found[1])
    pairs = (parameter.partition("=") for parameter in parameters)
    return Line(name.upper(), {key.upper(): value.strip('"') for key, _, value in pairs}, found[2])


def _component(lines: list[Line], name: str) -> list[Line]:
    starts = [at for at, line in enumerate(lines) if (line.name, line.value) == ("BEGIN", name)]
    ends = [at for at, line in enumerate(lines) if (line.name, line.value) == ("END", name)]
    assert len(starts) == len(ends) == 1, f"{len(starts)} times {name}"
    return lines[starts[0] + 1 : ends[0]]


def _slot(one: dict[str, Line]) -> Slot:
    starts, ends = _moment(one["DTSTART"]), _moment(one["DTEND"])
    assert type(starts) is type(ends)
    assert starts < ends, "it ends before it begins"  # type: ignore[operator] # both are of one type
    blocks = one["TRANSP"].value == "OPAQUE"
    return Slot(_text(one["SUMMARY"]), starts, ends, _text(one["LOCATION"]) if "LOCATION" in one else "", blocks)


def _text(line: Line) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], line.value)


def _moment(line: Line) -> datetime | date:
    if line.parameters.get("VALUE") == "DATE":
        return date(int(line.value[:4]), int(line.value[4:6]), int(line.value[6:]))
    return _instant(line)


def _instant(line: Line) -> datetime:
    found = _STAMP.fullmatch(line.value)
    assert found, line.value
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    shown = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if found[7]:
        return shown
    assert line.parameters.get("TZID") == "Europe/Copenhagen", "a floating time"
    return shown - timedelta(hours=2 if _summer(shown) else 1)


def _summer(shown: datetime) -> bool:
    """Of a time as clocks in Denmark show it: from the last Sunday of March at 2 to the last of October at 3."""
    return _last_sunday(shown.year, 3, 2) <= shown < _last_sunday(shown.year, 10, 3)


def _last_sunday(year: int, month: int, hour: int) -> datetime:
    last = datetime(year, month, 31, hour, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
