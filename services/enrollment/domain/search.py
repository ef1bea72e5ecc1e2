"""What staff look for: an id, a number, a mail address, or words, and what it is when nothing here has that name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, NamedTuple

HITS = 20
"""Shown at most, of all kinds together."""
LONGEST = 200
_WORD = re.compile(r"\w+")
_INVOICE = re.compile(r"\S{1,40}-[0-9]{1,12}")
_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)

Elsewhere = Literal["", "invoice", "mail", "id"]


@dataclass(frozen=True, slots=True)
class Sought:
    """`text` on one line. `number`: its digits, if it is nothing but a CVR or EAN number; `email`: as people are known
    by theirs; `words`: each is the beginning of one. Empty where it is none.
    """

    text: str
    number: str = ""
    email: str = ""
    words: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.text

    @property
    def elsewhere(self) -> Elsewhere:
        """What it is of another service's, by the look of it."""
        if _MESSAGE_ID.fullmatch(self.text):
            return "mail"
        if _ID.fullmatch(self.text):
            return "id"
        return "invoice" if _INVOICE.fullmatch(self.text) else ""


class Hit(NamedTuple):
    """`name`: whom or what it is. An enrolment's `state` is "" where it has none; `kind` is what it is found as."""

    kind: str
    programme_id: str
    programme: str
    id: str
    name: str
    organisation: str = ""
    state: str = ""
    forbehold_open: bool = False


class Hits(NamedTuple):
    found: tuple[Hit, ...]
    total: int


def sought(typed: str) -> Sought:
    """Marks that nobody sees are left out; a single letter is no word to look for."""
    seen = "".join(one if one.isprintable() else " " for one in unicodedata.normalize("NFC", typed[:LONGEST]))
    text = " ".join(seen.split())
    digits = text.replace(" ", "").removeprefix("DK")
    number = digits if digits.isascii() and digits.isdigit() and len(digits) in {8, 13} else ""
    email = text.lower() if re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", text) else ""
    words = tuple(_WORD.findall(text.lower())) if not (number or email) else ()
    return Sought(text, number, email, words if any(len(one) > 1 for one in words) else ())
