"""What must be true of a calendar file before anybody gets it: RFC 5545, RFC 5546, and what mail programs stumble over.

One table, each check with a stable code and a Danish sentence. It judges bytes and knows nothing of how they are
written, so that a file from anywhere can be judged (`python -m services.notifications.console calendar check FILE`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from shared.contracts.addresses import is_mail_address
from shared.contracts.bounds import is_link
from shared.contracts.time import COPENHAGEN


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong: `code` for machines, `detail` in Danish for people, `field` = the property it is about."""

    code: str
    detail: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class ContentLine:
    name: str
    parameters: dict[str, str]
    value: str


@dataclass(slots=True)
class Component:
    name: str
    lines: list[ContentLine] = field(default_factory=list)
    inner: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[ContentLine]:
        return [line for line in self.lines if line.name == name]

    def one(self, name: str) -> ContentLine:
        """The first of them; an empty one where there is none, so that each check asks about its own matter only."""
        return next(iter(self.all(name)), ContentLine(name, {}, ""))


@dataclass(frozen=True, slots=True)
class Read:
    """A file that could be taken apart."""

    calendar: Component
    event: Component

    @property
    def method(self) -> str:
        return self.calendar.one("METHOD").value

    @property
    def whole_day(self) -> bool:
        return self.event.one("DTSTART").parameters.get("VALUE") == "DATE"

    def times(self) -> Iterator[ContentLine]:
        for name in ("DTSTART", "DTEND"):
            yield from self.event.all(name)


_UNREADABLE = "Filen kan ikke læses som linjer med NAVN:værdi mellem BEGIN og END. Hent den igen."
PUBLISH = "PUBLISH"
"""METHOD of a calendar that programs fetch (RFC 5546 § 3.2.1)."""
_LINE_OCTETS = 75
_LARGEST_SEQUENCE = 2**31 - 1
_SEQUENCE = re.compile(r"[0-9]{1,10}")
_BARE_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_HEAD = re.compile(
    r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)', re.DOTALL
)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')
_DATE = re.compile(r"[0-9]{8}")
_MOMENT = re.compile(r"[0-9]{8}T[0-9]{6}Z?")
_UTC = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_ONCE = ("UID", "DTSTAMP", "SEQUENCE", "ORGANIZER", "ATTENDEE", "DTSTART", "DTEND", "SUMMARY")
_AT_MOST_ONCE = (
    "STATUS",
    "TRANSP",
    "LOCATION",
    "DESCRIPTION",
    "CONFERENCE",
    "CLASS",
    "CREATED",
    "LAST-MODIFIED",
    "URL",
)
_REPEATS = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")


def check_calendar(content: bytes) -> list[Finding]:
    """Everything that is wrong with the file, in the table's order; what cannot be read is not judged further."""
    broken = [Finding(code, text) for code, text, wrong in BYTES if wrong(content)]
    if broken:
        return broken
    calendar = _parse(content)
    if calendar is None:
        return [Finding("unreadable", _UNREADABLE)]
    found = [
        Finding("not_once", f"{name} skal stå præcis én gang i kalenderen.", name)
        for name in ("VERSION", "PRODID", "METHOD")
        if len(calendar.all(name)) != 1
    ]
    events = [inner for inner in calendar.inner if inner.name == "VEVENT"]
    if calendar.one("METHOD").value == PUBLISH and not any(event.all("ATTENDEE") for event in events):
        return [*found, *_published(calendar, events)]
    if len(events) != 1:
        return [*found, Finding("one_event", "Filen skal have præcis én begivenhed (VEVENT).", "VEVENT")]
    read = Read(calendar, events[0])
    found += [
        Finding("not_once", f"{name} skal stå præcis én gang i begivenheden.", name)
        for name in _ONCE
        if len(read.event.all(name)) != 1
    ]
    found += [
        Finding("more_than_once", f"{name} må kun stå én gang i begivenheden.", name)
        for name in _AT_MOST_ONCE
        if len(read.event.all(name)) > 1
    ]
    return [*found, *(Finding(code, text, name) for code, name, text, wrong in CHECKS if wrong(read))]


def check_feed(content: bytes) -> list[Finding]:
    """As `check_calendar`, of a file that is to be a calendar that programs fetch, whatever it says of itself."""
    calendar = _parse(content)
    named = calendar is not None and any(inner.all("ATTENDEE") for inner in calendar.inner)
    if named:
        return [Finding("attendee_named", "En kalender, som andre henter, må ikke nævne deltagere.", "ATTENDEE")]
    found = check_calendar(content)
    if calendar is not None and calendar.one("METHOD").value != PUBLISH:
        found = [Finding("not_published", "METHOD i en kalender, som andre henter, skal være PUBLISH.", "METHOD")]
    return found


def _published(calendar: Component, events: list[Component]) -> Iterator[Finding]:
    """Of a calendar that programs fetch: any number of meetings, and nobody's name. Each code once."""
    if len({event.one("UID").value for event in events}) != len(events):
        yield Finding("same_uid", "To begivenheder har samme UID; hvert møde har sin egen.", "UID")
    reads = [Read(calendar, event) for event in events]
    for name in _ONCE:
        if any(len(read.event.all(name)) != 1 for read in reads) and name != "ATTENDEE":
            yield Finding("not_once", f"{name} skal stå præcis én gang i begivenheden.", name)
    for name in _AT_MOST_ONCE:
        if any(len(read.event.all(name)) > 1 for read in reads):
            yield Finding("more_than_once", f"{name} må kun stå én gang i begivenheden.", name)
    for code, name, text, wrong in (*CHECKS, *PUBLISHED):
        if code != "method" and any(wrong(read) for read in reads):
            yield Finding(code, text, name)


def method_and_attendee(content: bytes) -> tuple[str, str]:
    """What the file says of itself, for comparing it with its mail; empty where it says nothing."""
    calendar = _parse(content)
    event = next((inner for inner in calendar.inner if inner.name == "VEVENT"), None) if calendar else None
    if calendar is None or event is None:
        return "", ""
    return calendar.one("METHOD").value, _mailbox(event.one("ATTENDEE").value)


def _not_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


BYTES: tuple[tuple[str, str, Callable[[bytes], bool]], ...] = (
    ("not_utf8", "Filen er ikke UTF-8. Gem den som UTF-8.", _not_utf8),
    (
        "byte_order_mark",
        "Filen begynder med et usynligt tegn (BOM), som nogle kalendere ikke læser. Gem den som UTF-8 uden BOM.",
        lambda content: content.startswith(codecs.BOM_UTF8),
    ),
    (
        "bare_line_break",
        "Hver linje skal ende med CRLF, også den sidste.",
        lambda content: bool(_BARE_BREAK.search(content)) or not content.endswith(b"\r\n"),
    ),
    (
        "long_line",
        "En linje er længere end 75 oktetter. Del den med CRLF og et mellemrum, men aldrig midt i et tegn.",
        lambda content: any(len(line) > _LINE_OCTETS for line in content.split(b"\r\n")),
    ),
    (
        "control_character",
        "Filen har et kontroltegn. Fjern det.",
        lambda content: bool(_CONTROL.search(content.decode("utf-8", "replace"))),
    ),
)


def _parse(content: bytes) -> Component | None:
    """The VCALENDAR, or None when the lines are not one. Expects what BYTES lets through."""
    root = Component("")
    path = [root]
    for text in content.decode("utf-8", "replace").replace("\r\n ", "").replace("\r\n\t", "").split("\r\n"):
        if not text:
            continue
        line = _line(text)
        if line is None:
            return None
        match line.name:
            case "BEGIN":
                opened = Component(line.value.upper())
                path[-1].inner.append(opened)
                path.append(opened)
            case "END":
                if path.pop().name != line.value.upper() or not path:
                    return None
            case _:
                path[-1].lines.append(line)
    whole = len(path) == 1 and not root.lines and [inner.name for inner in root.inner] == ["VCALENDAR"]
    return root.inner[0] if whole else None


def _line(text: str) -> ContentLine | None:
    found = _HEAD.fullmatch(text)
    if found is None:
        return None
    parameters = {name.upper(): value.strip('"') for name, value in _PARAMETER.findall(found[2])}
    return ContentLine(found[1].upper(), parameters, found[3])


def _mailbox(value: str) -> str:
    scheme, _, address = value.partition(":")
    return address if scheme.lower() == "mailto" and is_mail_address(address) else ""


def _is_no_mailbox(lines: Iterable[ContentLine]) -> bool:
    return any(not _mailbox(line.value) for line in lines)


def _sequence_is_none(read: Read) -> bool:
    return any(
        not _SEQUENCE.fullmatch(line.value) or int(line.value) > _LARGEST_SEQUENCE
        for line in read.event.all("SEQUENCE")
    )


def _is_no_time(read: Read) -> bool:
    return any(_instant(line) is None for line in read.times())


def _floats(read: Read) -> bool:
    return any(
        _MOMENT.fullmatch(line.value) is not None and not line.value.endswith("Z") and "TZID" not in line.parameters
        for line in read.times()
    )


def _ends_before_start(read: Read) -> bool:
    starts, ends = (_instant(read.event.one(name)) for name in ("DTSTART", "DTEND"))
    if starts is None or ends is None:
        return False
    return isinstance(starts, datetime) == isinstance(ends, datetime) and not starts < ends


def _half_a_day(read: Read) -> bool:
    starts, ends = (read.event.one(name).parameters.get("VALUE") == "DATE" for name in ("DTSTART", "DTEND"))
    return bool(read.event.all("DTSTART") and read.event.all("DTEND")) and starts != ends


def _instant(line: ContentLine) -> datetime | date | None:
    """Instants as they can be compared: UTC, or as clocks in Denmark show it with its offset."""
    try:
        if line.parameters.get("VALUE") == "DATE":
            return datetime.strptime(line.value, "%Y%m%d").date() if _DATE.fullmatch(line.value) else None  # noqa: DTZ007  (a day)
        if not _MOMENT.fullmatch(line.value):
            return None
        shown = datetime.strptime(line.value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  (its zone follows)
        return _in_denmark(shown) if "TZID" in line.parameters else shown
    except (ValueError, OverflowError):
        return None


def _in_denmark(shown: datetime) -> datetime:
    """The instant when clocks in Denmark show this, the first of two in October, as UTC without a zone."""
    return shown.replace(tzinfo=COPENHAGEN).astimezone(UTC).replace(tzinfo=None)


def _zones(read: Read) -> list[str]:
    return [line.value for inner in read.calendar.inner if inner.name == "VTIMEZONE" for line in inner.all("TZID")]


def _zone_is_missing(read: Read) -> bool:
    named = {line.parameters["TZID"] for line in read.event.lines if "TZID" in line.parameters}
    return not named <= set(_zones(read))


_OBSERVANCES = {
    "STANDARD": {"RRULE": "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "TZOFFSETFROM": "+0200", "TZOFFSETTO": "+0100"},
    "DAYLIGHT": {"RRULE": "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "TZOFFSETFROM": "+0100", "TZOFFSETTO": "+0200"},
}
_CHANGES_AT = {"STANDARD": "T030000", "DAYLIGHT": "T020000"}


def _zone_is_wrong(read: Read) -> bool:
    return any(_is_not_danish(zone) for zone in read.calendar.inner if zone.name == "VTIMEZONE")


def _is_not_danish(zone: Component) -> bool:
    rules = {inner.name: {name: inner.one(name).value for name in _OBSERVANCES["STANDARD"]} for inner in zone.inner}
    starts = {inner.name: inner.one("DTSTART").value[8:] for inner in zone.inner}
    return (zone.one("TZID").value, rules, starts, len(zone.inner)) != (
        "Europe/Copenhagen",
        _OBSERVANCES,
        _CHANGES_AT,
        len(_OBSERVANCES),
    )


def _link_is_lost(read: Read) -> bool:
    return any(
        line.parameters.get("VALUE") != "URI"
        or not is_link(line.value)
        or _plain(line.value) not in _plain(read.event.one("LOCATION").value)
        for line in read.event.all("CONFERENCE")
    )


def _plain(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def _nobody_is_asked(read: Read) -> bool:
    return any(
        (line.parameters.get("RSVP"), line.parameters.get("PARTSTAT")) != ("TRUE", "NEEDS-ACTION")
        for line in read.event.all("ATTENDEE")
    )


def _status(read: Read, *allowed: str) -> bool:
    return all(line.value in allowed for line in read.event.all("STATUS"))


CHECKS: tuple[tuple[str, str, str, Callable[[Read], bool]], ...] = (
    (
        "method",
        "METHOD",
        "METHOD skal være REQUEST eller CANCEL; ellers viser Outlook ingen knapper.",
        lambda read: bool(read.method) and read.method not in {"REQUEST", "CANCEL"},
    ),
    (
        "version",
        "VERSION",
        "VERSION skal være 2.0.",
        lambda read: any(line.value != "2.0" for line in read.calendar.all("VERSION")),
    ),
    (
        "other_component",
        "VCALENDAR",
        "Kalenderen må kun have én begivenhed og dens tidszoner.",
        lambda read: any(inner.name not in {"VEVENT", "VTIMEZONE"} for inner in read.calendar.inner),
    ),
    ("alarm", "VALARM", "En invitation må ikke have sin egen alarm.", lambda read: bool(read.event.inner)),
    (
        "repeats",
        "RRULE",
        "Et møde gentages ikke; hvert møde har sin egen UID.",
        lambda read: any(read.event.all(name) for name in _REPEATS),
    ),
    (
        "empty",
        "UID",
        "UID må ikke være tom; hvert møde har sin egen.",
        lambda read: any(not line.value.strip() for line in read.event.all("UID")),
    ),
    ("sequence", "SEQUENCE", "SEQUENCE skal være et helt tal fra 0 til 2147483647.", _sequence_is_none),
    (
        "stamp_not_utc",
        "DTSTAMP",
        "DTSTAMP skal være et tidspunkt i UTC.",
        lambda read: any(not _UTC.fullmatch(line.value) for line in read.event.all("DTSTAMP")),
    ),
    (
        "organizer_mailbox",
        "ORGANIZER",
        "ORGANIZER skal være mailto: og en mailadresse.",
        lambda read: _is_no_mailbox(read.event.all("ORGANIZER")),
    ),
    (
        "attendee_mailbox",
        "ATTENDEE",
        "ATTENDEE skal være mailto: og en mailadresse.",
        lambda read: _is_no_mailbox(read.event.all("ATTENDEE")),
    ),
    ("not_a_time", "DTSTART", "DTSTART og DTEND skal være en dag eller et tidspunkt, der findes.", _is_no_time),
    ("floating_time", "DTSTART", "Et klokkeslæt skal være i UTC eller have en tidszone (TZID).", _floats),
    ("half_a_day", "DTEND", "DTSTART og DTEND skal begge være dage eller begge være tidspunkter.", _half_a_day),
    ("ends_before_start", "DTEND", "Mødet skal slutte, efter at det begynder.", _ends_before_start),
    (
        "zone_missing",
        "VTIMEZONE",
        "En tidszone (TZID) mangler sin VTIMEZONE. Læg den i filen, eller skriv tiderne i UTC.",
        _zone_is_missing,
    ),
    ("zone_wrong", "VTIMEZONE", "VTIMEZONE skal være reglen for dansk tid (Europe/Copenhagen).", _zone_is_wrong),
    (
        "cancel_in_zone",
        "DTSTART",
        "En aflysning skal være i UTC; med TZID viser Outlook den som en fil, den ikke kender.",
        lambda read: read.method == "CANCEL" and any("TZID" in line.parameters for line in read.times()),
    ),
    (
        "cancel_status",
        "STATUS",
        "STATUS i en aflysning skal være CANCELLED, eller mangle, når kun modtageren tages af mødet.",
        lambda read: read.method == "CANCEL" and not _status(read, "CANCELLED"),
    ),
    (
        "request_status",
        "STATUS",
        "STATUS i en invitation skal være CONFIRMED eller TENTATIVE.",
        lambda read: read.method == "REQUEST" and not _status(read, "CONFIRMED", "TENTATIVE"),
    ),
    (
        "day_blocks",
        "TRANSP",
        "En reserveret dag uden klokkeslæt må ikke optage kalenderen (TRANSP:TRANSPARENT).",
        lambda read: read.method == "REQUEST" and read.whole_day and read.event.one("TRANSP").value != "TRANSPARENT",
    ),
    (
        "hours_free",
        "TRANSP",
        "Et møde med klokkeslæt skal optage kalenderen (TRANSP:OPAQUE).",
        lambda read: (
            read.method == "REQUEST" and not read.whole_day and read.event.one("TRANSP").value not in {"", "OPAQUE"}
        ),
    ),
    (
        "no_answer_asked",
        "ATTENDEE",
        "Den inviterede skal spørges: RSVP=TRUE og PARTSTAT=NEEDS-ACTION.",
        lambda read: read.method == "REQUEST" and _nobody_is_asked(read),
    ),
    (
        "link_lost",
        "CONFERENCE",
        "Linket skal være en http(s)-adresse (VALUE=URI) og også stå i LOCATION, som alle kalendere viser.",
        _link_is_lost,
    ),
)
"""Code, property, sentence, and whether it is wrong."""

PUBLISHED: tuple[tuple[str, str, str, Callable[[Read], bool]], ...] = (
    (
        "published_status",
        "STATUS",
        "STATUS skal være CONFIRMED, TENTATIVE eller CANCELLED.",
        lambda read: not _status(read, "CONFIRMED", "TENTATIVE", "CANCELLED"),
    ),
    (
        "cancelled_blocks",
        "TRANSP",
        "Et aflyst møde må ikke optage kalenderen (TRANSP:TRANSPARENT).",
        lambda read: read.event.one("STATUS").value == "CANCELLED" and read.event.one("TRANSP").value != "TRANSPARENT",
    ),
)
"""As CHECKS, of each meeting of a calendar that programs fetch; the table above holds there too."""
