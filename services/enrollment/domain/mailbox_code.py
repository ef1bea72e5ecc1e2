"""A code by mail before something is changed: what makes it good, and how long a browser is believed afterwards.

All times are machine time: it is about browsers, and no part of a programme's course.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

DIGITS = 6
CODE_MINUTES = 10
MOST_TRIES = 5
AGAIN_AFTER = timedelta(minutes=1)
"""So long after a code was sent there may be another one."""
IDLE_MINUTES = 60
LONGEST_HOURS = 12

No = Literal["missing", "wrong", "too_old", "used", "too_many_tries", "no_cookie"]


@dataclass(frozen=True, slots=True)
class Code:
    """`digest` is `digest_of` what was mailed."""

    id: str
    digest: bytes
    tries: int
    asked_at: datetime
    used: bool

    @property
    def good_until(self) -> datetime:
        return self.asked_at + timedelta(minutes=CODE_MINUTES)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A browser has shown that it reads a mailbox; `shown` is its address, `masked`."""

    mailbox: bytes
    shown: str
    confirmed_at: datetime
    seen_at: datetime

    @property
    def until(self) -> datetime:
        """If nobody comes with it meanwhile."""
        idle = self.seen_at + timedelta(minutes=IDLE_MINUTES)
        return min(idle, self.confirmed_at + timedelta(hours=LONGEST_HOURS))

    def seen(self, now: datetime) -> Confirmed:
        return replace(self, seen_at=max(self.seen_at, now))


def digest_of(secret: str, code_id: str, code: str) -> bytes:
    """`secret` is the browser's alone: whoever reads the table does not find six digits by trying them all."""
    return hmac.digest(secret.encode(), f"{code_id}\0{code}".encode(), hashlib.sha256)


def why_not(code: Code | None, now: datetime) -> No | None:
    """Why this code cannot be used any more, whatever is typed."""
    if code is None:
        return "missing"
    if code.used:
        return "used"
    if code.tries >= MOST_TRIES:
        return "too_many_tries"
    return "too_old" if now >= code.good_until else None


def is_right(code: Code, secret: str, typed: str) -> bool:
    return hmac.compare_digest(code.digest, digest_of(secret, code.id, typed))


def may_ask(newest: Code | None, now: datetime) -> bool:
    """Whether another code may be sent by now."""
    return newest is None or now >= newest.asked_at + AGAIN_AFTER


def digits_of(typed: str) -> str:
    """As it was mailed, however it was typed: with blanks, say."""
    return "".join(typed.split())[: DIGITS + 1]


def masked(email: str) -> str:
    """i***@hvidovre.example: whoever reads the mailbox knows it again, and nobody else learns it."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}***@{domain}"


SAID: dict[str, str] = {
    "missing": "Der er ikke sendt en kode til denne browser. Bed om en ny kode.",
    "wrong": "Koden passer ikke. Brug koden i den nyeste mail, eller bed om en ny.",
    "too_old": "Koden er for gammel: den gælder i ti minutter. Bed om en ny kode.",
    "used": "Koden er allerede brugt. Bed om en ny kode.",
    "too_many_tries": "Koden er tastet forkert fem gange og gælder ikke længere. Bed om en ny kode.",
    "no_cookie": "Browseren gemmer ikke cookies, så vi kan ikke kende den igen. Tillad dem her, og bed om en ny kode.",
    "too_soon": "Vi har lige sendt en kode. Vent et minut, før I beder om en ny.",
    "too_often": "Der er bedt om for mange koder. Vent en time, og prøv igen, eller skriv til os.",
}
"""What whoever typed it reads, and does then."""
