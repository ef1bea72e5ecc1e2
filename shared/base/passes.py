"""A pass leads a reader whom a page of one service has let in on to a page of another, which shows it in its place.

Whoever gives it says who reads, and of what; what that reader sees is decided by the service that the pass leads to,
when it is used. It is signed for that one page and good for GOOD_FOR: long enough for a page that stands open, and no
link to keep.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

from shared.base.links import Links

GOOD_FOR = timedelta(hours=12)

Place = Literal["calendar", "invoices", "receipt"]
"""The pages that a pass leads to."""

PATHS: dict[Place, str] = {
    "calendar": "/notifications/kalender",
    "receipt": "/notifications/kvittering",
    "invoices": "/invoicing/jeres-fakturaer",
}

_GENERATION = "g:"
"""In front of a generation that is not the first: no role begins so."""
Role = Literal["contact", "secretary", "participant", "mailbox", "guest"]
"""Of an enrolment its contact, or the contact's secretary; somebody whom it sends to meetings (`participant`), perhaps
with what the same mailbox is a guest at (`mailbox`); or a guest of a programme."""
_ROLES: tuple[Role, ...] = get_args(Role)


class Reader(NamedTuple):
    """`of`: the enrolment, or of a guest the programme. Opaque ids, which name nobody. `generation`: of the links that
    it comes by; all of an earlier one are closed.
    """

    role: Role
    of: str
    person_id: str
    generation: int = 0

    @property
    def subject(self) -> str:
        named = " ".join(self[:3])
        return f"{_GENERATION}{self.generation} {named}" if self.generation else named


def pass_path(links: Links, place: Place, reader: Reader, now: datetime) -> str:
    return f"{PATHS[place]}/{links.sign(_purpose(place), reader.subject, now + GOOD_FOR)}"


def reader_of(links: Links, place: Place, token: str, now: datetime) -> Reader | None:
    """None for a pass that is none of ours, is for another page, or whose time is over."""
    return reader_from(links.verify(_purpose(place), token, now))


def reader_from(subject: str | None) -> Reader | None:
    """As `Reader.subject`; an id of another system may have blanks in it, and the last word is ours."""
    if subject is None:
        return None
    generation = 0
    if subject.startswith(_GENERATION):
        first, _, subject = subject.partition(" ")
        generation = int(first.removeprefix(_GENERATION))
    role, _, rest = subject.partition(" ")
    of, _, person_id = rest.rpartition(" ")
    known = next((one for one in _ROLES if one == role), None)
    return None if known is None else Reader(known, of, person_id, generation)


def _purpose(place: Place) -> str:
    return f"pass to {place}"
