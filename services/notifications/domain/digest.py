"""What staff read once a day: everything that happened, by programme and kind, and the meetings that want a date."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from services.notifications.domain.letter import Letter, Recipient
from shared.contracts.danish import danish_sort_key
from shared.contracts.decision import Alarm
from shared.contracts.event import natural_id
from shared.contracts.programme import ProgrammeRef
from shared.contracts.time import day_after, day_of, local

DIGEST = "digest"
"""Timer, for all of staff at once."""
DIGEST_SOON = "digest_soon"
"""Timer, as DIGEST, for lines of the kinds in URGENT."""
DIGEST_REST = "digest_rest"
"""Timer: what is still to be taken into a digest, for there was no room. It rings at once."""
DIGEST_MAIL = "digest_mail"
"""Timer: one mailbox's digest, once all that it tells of has been taken. It rings at once."""
MAILS_AT_ONCE = 5
EVERYBODY = "all"
MOST_LINES = 200
"""Of a section; the rest is a number, and where to see it."""
MOST_PROGRAMMES = 50
"""Of a mail; of the rest it is said how many there are."""
_LONGEST = 400
"""Lines of programmes in a mail, so that no mail program cuts it short (Gmail does at 102 kB); where it has many
sections each has fewer.
"""
_SEVEN = time(7)

_SOON = timedelta(minutes=10)

SECTIONS = {
    "awaits": "Tilmeldinger, hvor I skal sige, om afsenderen er kommunens",
    "enrolled": "Nye tilmeldinger",
    "waitlisted": "Nye på venteliste",
    "reservation": "Politisk behandling",
    "withdrawn": "Afmeldinger",
    "lapsed": "Bortfaldne",
    "left_free": "Pladser, som ingen fik",
    "regrouped": "Skiftet gruppe",
    "option": "Tilkøb",
    "team_short": "Faste hold, hvor der mangler nogen",
    "member_short": "Medlemmer, hvor der mangler nogen",
    "mailbox_missing": "Medlemmer, hvis postkasse ikke er i adressebogen",
    "guest_left": "Gæster, der har meldt afbud",
    "extra": "Ekstra deltagere",
    "extra_removed": "Ikke længere ekstra deltagere",
    "billing": "Mangler oplysninger til fakturaen",
    "archive": "Arkivet mangler papirerne",
    "held_back": "Kan ikke faktureres, før noget er rettet",
    "overdue": "Forfaldne fakturaer",
    "rejected": "Afviste henvendelser",
    "unknown": "Mails, som måske ikke er kommet frem",
    "failed": "Mails, som ikke kunne leveres",
}
"""Kind of line → what stands over it, in reading order. A kind that is not here only makes the digest go out."""
URGENT = frozenset({"awaits"})
"""Somebody waits for the answer, so that these are told within minutes."""
COUNTED = frozenset({"awaits"})
"""Lines that are the same stand there once, with their number: anybody may send as many as they like."""
_UNDATED = "Møder uden dato"
_GENERAL = "På tværs"
_OTHERS = "Flere forløb"
_ENROLMENTS = "/api/enrollment/enrolments?programme_id={}"
_WHERE = {
    "awaits": "/api/enrollment/sign-ups?programme_id={}",
    "archive": "/api/enrollment/programmes/{}/archive",
    "left_free": "/api/enrollment/programmes/{}/waiting-list",
    "option": "/api/enrollment/orders?programme_id={}",
    "guest_left": "/api/enrollment/meetings?programme_id={}",
    "extra": "/api/invoicing/claims?programme_id={}",
    "extra_removed": "/api/invoicing/claims?programme_id={}",
    "held_back": "/api/invoicing/claims?programme_id={}",
    "overdue": "/api/invoicing/invoices?programme_id={}",
    "rejected": "tovholder tail --no-follow",
    "unknown": "/api/notifications/messages?state=unknown",
    "failed": "/api/notifications/messages?state=failed",
    _UNDATED: "/api/scheduling/meetings?state=planned&programme_id={}",
}
"""Kind of line → where all of them are; the others are about enrolments."""


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One thing that staff read about in the digest; names no person. Kind, about and occasion make it told once."""

    programme_id: str | None
    kind: str
    about: str
    occasion: str
    text: str
    happened_at: datetime

    @property
    def id(self) -> str:
        return natural_id("digest", self.kind, self.about, self.occasion)


class Staffed(NamedTuple):
    """A programme, and the mailbox of its staff."""

    programme_id: str
    title: str
    email: str


def next_digest(now: datetime) -> datetime:
    """The next seven o'clock in the morning in Denmark."""
    today = day_of(now)
    moment = local(today, _SEVEN)
    return moment if moment > now else local(day_after(today), _SEVEN)


def next_digest_soon(now: datetime) -> datetime:
    """The next time that the minutes of the hour are a multiple of ten: what comes in until then shares one mail."""
    since = timedelta(minutes=now.minute % 10, seconds=now.second, microseconds=now.microsecond)
    return now - since + _SOON


@dataclass(frozen=True, slots=True)
class Digest:
    """One time that staff are written to: the day's, or (`soon`) one of the kinds in URGENT."""

    at: datetime
    soon: bool = False

    @property
    def occasion(self) -> str:
        """What tells it from every other one."""
        return self.at.isoformat() if self.soon else day_of(self.at).isoformat()

    @property
    def kinds(self) -> Collection[str] | None:
        """None = of every kind."""
        return URGENT if self.soon else None

    def next(self, now: datetime) -> datetime:
        """When the one after it goes out."""
        return next_digest_soon(now) if self.soon else next_digest(now)


class Section(NamedTuple):
    """How much a digest has to tell of one kind and programme; of none, or of one that nobody knows: it is for all."""

    programme_id: str | None
    kind: str
    items: int


class Line(NamedTuple):
    """As it is shown, and how many it stands for."""

    text: str
    items: int


@dataclass(frozen=True, slots=True)
class Box:
    """A staff mailbox, and what its digest tells of: settled when all has been taken, whatever is published then.

    `programme_id`: in whose name it is written. `told`: the first of its programmes that something is told of, in
    Danish order of their titles; `others` is how many come after them, and `other_items` how much is told of those.
    """

    id: str
    programme_id: str
    told: tuple[str, ...]
    others: int = 0
    other_items: int = 0


def boxes_of(sections: Sequence[Section], staff: Sequence[Staffed]) -> list[Box]:
    """Each staff mailbox that has something to read. A section of no programme goes to all of them."""
    items: dict[str | None, int] = {}
    for section in sections:
        items[section.programme_id] = items.get(section.programme_id, 0) + section.items
    wanted = {one.email for one in staff if one.programme_id in items or None in items}
    found: dict[str, list[Staffed]] = {}
    for one in staff:
        if one.email in wanted:
            found.setdefault(one.email, []).append(one)
    boxes = []
    for email, own in sorted(found.items()):
        ids = [one.programme_id for one in sorted(own, key=lambda one: (danish_sort_key(one.title), one.programme_id))]
        told = [one for one in ids if one in items]
        rest = told[MOST_PROGRAMMES:]
        boxes.append(
            Box(
                _box_id(email),
                ids[0],
                tuple(told[:MOST_PROGRAMMES]),
                len(rest),
                sum(items[one] for one in rest),
            )
        )
    return boxes


def readers_of(box: Box, programmes: Mapping[str, ProgrammeRef]) -> list[tuple[ProgrammeRef, Box]]:
    """Who reads what was settled for a box: in whose name each mail is written, to whose mailbox, and what it tells of.

    The box itself, as long as one of its programmes has it. When none has, each mailbox that they have now reads of its
    own programmes and no others; the first of them reads what concerns no programme, too.
    """
    asked = [programmes[one] for one in dict.fromkeys((box.programme_id, *box.told))]
    for ref in asked:
        if _box_id(ref.staff_email) == box.id:
            return [(ref, box)]
    found: dict[str, list[ProgrammeRef]] = {}
    for ref in asked:
        found.setdefault(ref.staff_email, []).append(ref)
    (first, *own), *others = found.values()
    told_of_first = tuple(ref.id for ref in (first, *own) if ref.id in box.told)
    return [
        (first, replace(box, told=told_of_first)),
        *((refs[0], replace(box, told=tuple(ref.id for ref in refs), others=0, other_items=0)) for refs in others),
    ]


def _box_id(email: str) -> str:
    return natural_id("staff", email)


def rest_of_digest(digest: Digest) -> Alarm:
    return Alarm(DIGEST_REST, digest.occasion, digest.at, _told(digest))


def digest_of(told: Mapping[str, Any]) -> Digest:
    """As `rest_of_digest` and `mail_alarm` wrote it down."""
    return Digest(datetime.fromisoformat(told["at"]), told["soon"])


def mail_alarm(digest: Digest, box: Box) -> Alarm:
    """No address stands in it."""
    told = {
        **_told(digest),
        "box": box.id,
        "programme_id": box.programme_id,
        "told": list(box.told),
        "others": box.others,
        "other_items": box.other_items,
    }
    return Alarm(DIGEST_MAIL, f"{digest.occasion} {box.id}", digest.at, told)


def box_of(told: Mapping[str, Any]) -> Box:
    """As `mail_alarm` wrote it down."""
    return Box(told["box"], told["programme_id"], tuple(told["told"]), told["others"], told["other_items"])


def _told(digest: Digest) -> dict[str, Any]:
    return {"at": digest.at.isoformat(), "soon": digest.soon}


def most_of_each(sections: int) -> int:
    """So many lines of each section are shown in a mail with so many."""
    return max(1, min(MOST_LINES, _LONGEST // max(1, sections)))


def part(
    title: str, sections: Sequence[Section], shown: Mapping[tuple[str | None, str], Sequence[Line]]
) -> dict[str, Any]:
    """What one heading holds, in reading order; `shown` are the lines of each section (programme, kind) that fit."""
    by_kind = {section.kind: section for section in sections}
    return {
        "title": title,
        "sections": [
            _section(heading, by_kind[kind], shown.get((by_kind[kind].programme_id, kind), ()))
            for kind, heading in SECTIONS.items()
            if kind in by_kind
        ],
    }


def general_part(sections: Sequence[Section], shown: Mapping[tuple[str | None, str], Sequence[Line]]) -> dict[str, Any]:
    return part(_GENERAL, sections, shown)


def undated_section(programme_id: str, titles: Sequence[str], items: int) -> dict[str, Any]:
    return _section(_UNDATED, Section(programme_id, _UNDATED, items), [Line(title, 1) for title in titles])


def _section(heading: str, section: Section, shown: Sequence[Line]) -> dict[str, Any]:
    texts = sorted(
        (f"{line.text}: {line.items} tilmeldinger" if line.items > 1 else line.text for line in shown),
        key=danish_sort_key,
    )
    more = section.items - sum(line.items for line in shown)
    if more > 0:
        where = _WHERE.get(section.kind, _ENROLMENTS).format(section.programme_id or "")
        texts.append(f"og {more} flere; se dem alle: {where}")
    written: dict[str, Any] = {"title": heading, "lines": texts}
    return written if section.items == len(texts) else {**written, "number": section.items}


def digest_letter(
    digest: Digest, box: Box, programme: ProgrammeRef, general: Mapping[str, Any] | None, parts: Sequence[Any]
) -> Letter | None:
    """None when there is nothing to read. `programme` is the one in whose name it is written, and to whose mailbox."""
    read = [one for one in ([general] if general else []) + list(parts) if one["sections"]]
    if box.others:
        text = f"{box.others} forløb mere har nyt, {box.other_items} linjer i alt: /api/enrollment/enrolments"
        read.append({"title": _OTHERS, "sections": [{"title": "Ikke plads i denne mail", "lines": [text]}]})
    if not read:
        return None
    return Letter(
        template="digest",
        to=Recipient(
            f"{programme.seller.cvr}/{_box_id(programme.staff_email)}",
            programme.seller.name,
            programme.staff_email,
            person=False,
        ),
        about=f"staff/{box.id}",
        occasion=digest.occasion,
        programme=programme,
        written_at=digest.at,
        says={"day": day_of(digest.at).isoformat(), "parts": read, "answerable": False},
    )
