"""What a calendar answers to an invitation (iTIP REPLY, RFC 5546 § 3.2.3), and whether the answer counts.

A reply is a mail, and anyone can forge one: it sets the answer of somebody who is invited and never does more. Of the
reply only METHOD, UID, SEQUENCE, DTSTAMP, ATTENDEE and PARTSTAT are read. Exchange leaves ORGANIZER out, translates
SUMMARY and names its own time zones, so none of them is asked for.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import unquote

from icalendar.parser import Contentline, Parameters

from services.notifications.domain.calendar.entry import Method
from services.notifications.domain.text import address_key, storable
from shared.contracts.addresses import is_mail_address
from shared.contracts.decision import Decision
from shared.contracts.notifications import InvitationAnswer, InvitationAnswered
from shared.contracts.refusal import Refused

Outcome = Literal["recorded", "repeated", "stale", "not_invited", "unknown_meeting"]

OUTCOMES: dict[Outcome, str] = {
    "recorded": "Svaret er noteret.",
    "repeated": "Svaret var noteret i forvejen.",
    "stale": "Svaret er ældre end det, vi kender, og ændrer intet.",
    "not_invited": "Den, der svarer, er ikke inviteret til mødet. Intet er ændret.",
    "unknown_meeting": "Mødet kendes ikke her. Intet er ændret.",
}
"""By stable code: what became of a reply that could be read."""

REFUSALS = {
    "mail_too_large": "Mailen er større, end vi læser. Svar på invitationen uden bilag.",
    "unreadable_mail": "Mailen kan ikke læses som en mail (RFC 5322).",
    "no_calendar": "Der er intet kalendersvar i mailen. Svar med kalenderens egne knapper.",
    "outlook_rich_text": "Svaret er i Outlooks eget format (winmail.dat). Sæt Outlook til at sende som HTML.",
    "calendar_too_large": "Kalenderdelen er større, end vi læser.",
    "broken_calendar": "Kalenderdelen kan ikke læses som iCalendar (RFC 5545).",
    "not_a_reply": "Kalenderdelen er ikke et svar (METHOD:REPLY).",
    "no_event": "Kalenderdelen skal have præcis én begivenhed (VEVENT).",
    "no_uid": "Begivenheden har ingen UID.",
    "bad_sequence": "Begivenhedens SEQUENCE er ikke et helt tal.",
    "bad_stamp": "Begivenhedens DTSTAMP skal være et tidspunkt i UTC, for eksempel 20210301T080000Z.",
    "one_attendee": "Et svar skal nævne præcis én deltager (ATTENDEE).",
    "no_answer": "Deltageren har ikke svaret ja, nej eller måske (PARTSTAT).",
}
"""By stable code: why a mail is no reply that could count."""

LARGEST_MAIL = 1_048_576
"""Bytes. Signatures with pictures come along with replies; more than this is no reply."""
LARGEST_CALENDAR = 200_000
"""Characters. A reply has some hundred; one with a long description and its own time zones a few thousand."""

_ANSWERS: dict[str, InvitationAnswer] = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
    "DELEGATED": "delegated",
}
_ONCE = frozenset({"UID", "SEQUENCE", "DTSTAMP"})
_READ = _ONCE | {"METHOD", "ATTENDEE", "ORGANIZER"}
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]")
_BREAK = re.compile(r"\r\n|\r|\n")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z")
_SEQUENCE = re.compile(r"\d{1,10}")
_TOKEN = re.compile(r"\+([a-z2-7]{16})@")


@dataclass(frozen=True, slots=True)
class Reply:
    """`address` is the key of the ATTENDEE's address, empty where it is none; `stamped` is UTC, as its sender says."""

    uid: str
    address: str
    answer: InvitationAnswer
    sequence: int
    stamped: datetime
    tokens: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that counts, since `at` (domain time).

    `stamped`: what orders it among this person's replies; never in the future.
    """

    answer: InvitationAnswer
    stamped: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Invited:
    """What one mailbox was last told of a meeting, by which SEQUENCE, and its answer to that."""

    meeting_id: str
    programme_id: str
    address_key: str
    person_id: str
    method: Method
    date_version: int
    sequence: int
    given: Given | None


def refused(code: str) -> Refused:
    return Refused(code, REFUSALS[code], status=413 if code.endswith("_too_large") else 422)


def token(uid: str, address: str) -> str:
    """Names one invitation in the organiser's address. No secret: whoever knows what it is made of can reply anyway."""
    digest = hashlib.sha256(f"{uid}\n{address_key(address)}".encode()).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def plus_address(organizer: str, uid: str, attendee: str) -> str:
    """The organiser's address with the token of an invitation (RFC 5233); without one where it would be too long."""
    local, _, domain = organizer.rpartition("@")
    marked = f"{local}+{token(uid, attendee)}@{domain}"
    return marked if is_mail_address(marked) else organizer


def tokens_in(text: str) -> frozenset[str]:
    """Every token that stands in an address, whatever the case in which mail servers brought it."""
    return frozenset(_TOKEN.findall(text.lower()))


def whose(reply: Reply, addresses: Collection[str]) -> str | None:
    """Which of these invited addresses has answered: the ATTENDEE's, or the one that a token names.

    People are invited under one address and answer from another (an alias, a mailbox that was renamed).
    """
    if reply.address in addresses:
        return reply.address
    marked = {token(reply.uid, address): address for address in addresses} if reply.tokens else {}
    found = {marked[one] for one in reply.tokens if one in marked}
    return found.pop() if len(found) == 1 else None


def outcome_of(reply: Reply, invited: Invited, now: datetime) -> Outcome:
    """What becomes of a reply to a meeting that we know.

    Replies are ordered by SEQUENCE and then DTSTAMP (RFC 5546 § 2.1.5). One that speaks of an invitation we have not
    sent, or of a time to come, is taken as of now: a forged one must not shut out the true one that follows.
    """
    if invited.method == "CANCEL":
        return "not_invited"
    before, stamped = invited.given, min(reply.stamped, now)
    if reply.sequence < invited.sequence or (before is not None and stamped < before.stamped):
        return "stale"
    return "repeated" if before is not None and before.answer == reply.answer else "recorded"


def follow_reply(reply: Reply, invited: Invited, now: datetime, owner: str) -> Decision[Invited]:
    """The answer that counts from now on; told when it is another one than before."""
    if outcome_of(reply, invited, now) not in {"recorded", "repeated"}:
        return Decision(invited)
    before, stamped = invited.given, min(reply.stamped, now)
    if before is not None and before.answer == reply.answer:
        return Decision(replace(invited, given=replace(before, stamped=stamped)))
    fact = InvitationAnswered(
        owner=owner,
        programme_id=invited.programme_id,
        meeting_id=invited.meeting_id,
        recipient=invited.person_id,
        answer=reply.answer,
        date_version=invited.date_version,
        answered_at=stamped,
    )
    return Decision(replace(invited, given=Given(reply.answer, stamped, now)), (fact,))


def read_reply(ics: str, addressed: str = "") -> Reply:
    """The reply in a calendar part; `addressed` is whom its mail was to, where a token may stand. Refused, with a code.

    Whatever else stands there (time zones, alarms, X-properties) is not looked at, so nothing there can be wrong.
    """
    if len(ics) > LARGEST_CALENDAR:
        raise refused("calendar_too_large")
    methods, events = _components(ics)
    if [value.upper() for value in methods] != ["REPLY"]:
        raise refused("not_a_reply")
    if len(events) != 1:
        raise refused("no_event")
    (event,) = events
    for name in _ONCE:
        if sum(line == name for line, _, _ in event) > 1:
            raise refused("broken_calendar")
    one = {name: value.strip() for name, _, value in event}
    if not one.get("UID"):
        raise refused("no_uid")
    sequence = one.get("SEQUENCE", "0")
    if not _SEQUENCE.fullmatch(sequence) or not sequence.isascii():
        raise refused("bad_sequence")
    attendees = [(parameters, value) for name, parameters, value in event if name == "ATTENDEE"]
    if len(attendees) != 1:
        raise refused("one_attendee")
    ((parameters, attendee),) = attendees
    return Reply(
        uid=storable(one["UID"]),
        address=_address(attendee),
        answer=_answer(parameters),
        sequence=int(sequence),
        stamped=_instant(one.get("DTSTAMP", "")),
        tokens=tokens_in(addressed) | tokens_in(one.get("ORGANIZER", "")),
    )


Property = tuple[str, Parameters, str]


def _components(ics: str) -> tuple[list[str], list[list[Property]]]:
    """Every METHOD of the calendar, and of each VEVENT what is read of it."""
    path: list[str] = []
    methods: list[str] = []
    events: list[list[Property]] = []
    try:
        for line in _lines(ics):
            found = _NAME.match(line)
            name = found[0].upper() if found else ""
            if name == "BEGIN":
                path.append(line.partition(":")[2].strip().upper())
                if path == ["VCALENDAR", "VEVENT"]:
                    events.append([])
            elif name == "END":
                if not path or path.pop() != line.partition(":")[2].strip().upper():
                    raise refused("broken_calendar")
            elif name in _READ and path == ["VCALENDAR", "VEVENT"]:
                _, parameters, value = line.parts()
                events[-1].append((name, parameters, value))
            elif name == "METHOD" and path == ["VCALENDAR"]:
                methods.append(line.parts()[2].strip())
    except ValueError:
        raise refused("broken_calendar") from None
    if path:
        raise refused("broken_calendar")
    return methods, events


def _lines(ics: str) -> Iterable[Contentline]:
    """Unfolded (RFC 5545 § 3.1); some clients end their lines with LF alone."""
    unfolded = _BREAK.split(_FOLD.sub("", ics))
    return (Contentline(line) for line in unfolded if line.strip())  # type: ignore[no-untyped-call] # not annotated


def _answer(parameters: Parameters) -> InvitationAnswer:
    said = parameters.get("PARTSTAT", "")
    answer = _ANSWERS.get(said.upper()) if isinstance(said, str) else None
    if answer is None:
        raise refused("no_answer")
    return answer


def _address(value: str) -> str:
    """The key of a CAL-ADDRESS; some clients leave `mailto:` out or write it in capitals (RFC 6068)."""
    scheme, _, rest = value.strip().partition(":")
    bare = unquote(rest.partition("?")[0]) if scheme.lower() == "mailto" else value.strip()
    return address_key(bare) if is_mail_address(bare) else ""


def _instant(text: str) -> datetime:
    found = _STAMP.fullmatch(text)
    if found is None or not text.isascii():
        raise refused("bad_stamp")
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)  # 60 = a leap second
    except ValueError:
        raise refused("bad_stamp") from None
