"""What staff read once a day: everything that happened, by programme and kind, and the meetings that want a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from services.notifications.domain.letter import Letter, Recipient
from shared.contracts.danish import danish_sort_key
from shared.contracts.event import natural_id
from shared.contracts.programme import ProgrammeRef
from shared.contracts.time import day_after, day_of, local

DIGEST = "digest"
"""Timer, for all of staff at once."""
DIGEST_SOON = "digest_soon"
"""Timer, as DIGEST, for lines of the kinds in URGENT."""
EVERYBODY = "all"
_SEVEN = time(7)

_SOON = timedelta(minutes=10)

SECTIONS = {
    "awaits": "Tilmeldinger, hvor I skal sige, om afsenderen er kommunens",
    "enrolled": "Nye tilmeldinger",
    "waitlisted": "Nye på venteliste",
    "reservation": "Politisk behandling",
    "withdrawn": "Afmeldinger",
    "lapsed": "Bortfaldne",
    "regrouped": "Skiftet gruppe",
    "extra": "Ekstra deltagere",
    "extra_removed": "Ikke længere ekstra deltagere",
    "held_back": "Kan ikke faktureres, før noget er rettet",
    "overdue": "Forfaldne fakturaer",
    "rejected": "Afviste henvendelser",
    "unknown": "Mails, som måske ikke er kommet frem",
    "failed": "Mails, som ikke kunne leveres",
}
"""Kind of line → what stands over it, in reading order. A kind that is not here only makes the digest go out."""
URGENT = frozenset({"awaits"})
"""Somebody waits for the answer, so that these are told within minutes."""
_UNDATED = "Møder uden dato"
_GENERAL = "På tværs"


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


def boxes_of(lines: Sequence[DigestLine], staff: Sequence[Staffed]) -> dict[str, list[str]]:
    """Each staff mailbox that has something to read, and its programmes, in Danish order of their titles.

    A line of no programme, or of one that is not known, goes to all of them.
    """
    told = {line.programme_id for line in lines}
    known = {one.programme_id for one in staff}
    wanted = {one.email for one in staff if one.programme_id in told or told - known}
    found: dict[str, list[Staffed]] = {}
    for one in staff:
        if one.email in wanted:
            found.setdefault(one.email, []).append(one)
    return {
        email: [one.programme_id for one in sorted(own, key=lambda one: (danish_sort_key(one.title), one.programme_id))]
        for email, own in found.items()
    }


def spoken_of(lines: Sequence[DigestLine], boxes: Mapping[str, Sequence[str]]) -> set[str]:
    """The programmes that the digests need to know: those with lines, and the one in whose name each is written."""
    told = {line.programme_id for line in lines}
    return {one for own in boxes.values() for place, one in enumerate(own) if place == 0 or one in told}


def digests(
    lines: Sequence[DigestLine],
    boxes: Mapping[str, Sequence[str]],
    programmes: Mapping[str, ProgrammeRef],
    undated: Mapping[str, Sequence[str]],
    at: datetime,
    occasion: str | None = None,
) -> list[Letter]:
    """One letter to each staff mailbox that has something to read; a line of no programme goes to all of them.

    `occasion` tells it from the day's, which has none of its own.
    """
    by_programme: dict[str | None, list[DigestLine]] = {}
    known = {one for own in boxes.values() for one in own}
    for line in lines:
        by_programme.setdefault(line.programme_id if line.programme_id in known else None, []).append(line)
    general = by_programme.get(None, [])
    written = []
    for email, ids in sorted(boxes.items()):
        parts = [_part(_GENERAL, general, ())] if general else []
        for one in ids:
            if own := by_programme.get(one):
                part = _part(programmes[one].title, own, undated.get(one, ()))
                if part["sections"]:
                    parts.append(part)
        if parts:
            written.append(_letter(email, programmes[ids[0]], parts, at, occasion or day_of(at).isoformat()))
    return written


def _part(title: str, lines: Sequence[DigestLine], undated: Sequence[str]) -> dict[str, Any]:
    sections = [
        {"title": heading, "lines": sorted((line.text for line in lines if line.kind == kind), key=danish_sort_key)}
        for kind, heading in SECTIONS.items()
        if any(line.kind == kind for line in lines)
    ]
    if undated:
        sections.append({"title": _UNDATED, "lines": sorted(undated, key=danish_sort_key)})
    return {"title": title, "sections": sections}


def _letter(email: str, programme: ProgrammeRef, parts: list[dict[str, Any]], at: datetime, occasion: str) -> Letter:
    day = day_of(at).isoformat()
    box = natural_id("staff", email)
    return Letter(
        template="digest",
        to=Recipient(f"{programme.seller.cvr}/{box}", programme.seller.name, email, person=False),
        about=f"staff/{box}",
        occasion=occasion,
        programme=programme,
        written_at=at,
        says={"day": day, "parts": parts, "answerable": False},
    )
