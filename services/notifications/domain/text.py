"""Text from outside, made harmless: what stands in it stays text, wherever it is put.

Header injection is not left to the standard library: on Python 3.11 an encoded word that holds a line break comes out
as a header of its own (CVE-2024-6923).
"""

from __future__ import annotations

import unicodedata
from typing import Any

from shared.contracts.addresses import LONGEST_ADDRESS, is_mail_address

LONGEST_LINE = 200
LONGEST_TEXT = 20_000

# Marks that turn the direction of the text around them; joiners stay, emoji and Persian need them.
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_BREAKS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
# Characters that are not assigned stay: this Python does not know the newest emoji, the reader's device may.
_UNSEEN = frozenset({"Cc", "Cs", "Co"})
_NONCHARACTERS = frozenset(map(chr, range(0xFDD0, 0xFDF0))) | {
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
}


def _kept(mark: str) -> bool:
    return mark not in _DIRECTION and mark not in _NONCHARACTERS and unicodedata.category(mark) not in _UNSEEN


def one_line(text: str, most: int = LONGEST_LINE) -> str:
    """`text` on one line of at most `most` characters, without control or direction marks and encoded words."""
    if len(text) <= most and text.isprintable() and unicodedata.is_normalized("NFC", text) and "=?" not in text:
        return " ".join(text.split())  # as good as every text
    spaced = "".join(" " if mark in _BREAKS else mark for mark in text[: most * 4])
    plain = unicodedata.normalize("NFC", "".join(mark for mark in spaced if _kept(mark)))
    line = " ".join(plain.replace("=?", "= ?").split())
    return line if len(line) <= most and len(text) <= most * 4 else line[: most - 1].rstrip() + "…"


def lines(text: str, most: int = LONGEST_TEXT) -> str:
    """`text` with its line breaks, as LF, and nothing else that is not seen; at most `most` characters."""
    if len(text) <= most and text.isprintable() and unicodedata.is_normalized("NFC", text):
        return text.strip()
    whole = text[: most + 1].replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    kept = "".join("\n" if mark in _BREAKS else mark for mark in whole if mark in _BREAKS or _kept(mark))
    plain = unicodedata.normalize("NFC", kept).strip()
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def storable(value: Any) -> Any:
    """A JSON value without NUL characters, which PostgreSQL stores in no text."""
    if isinstance(value, str):
        return value.replace("\0", "") if "\0" in value else value
    if isinstance(value, dict):
        return {key: storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(storable(item) for item in value)
    return value


def address_key(email: str) -> str:
    """Two spellings of one mailbox have one key."""
    return one_line(email, LONGEST_ADDRESS + 1).lower()


def domain_of(email: str) -> str:
    """What stands after the @, in lower case; `invalid` (RFC 2606) where the address is none."""
    return email.rpartition("@")[2].lower() if is_mail_address(email) else "invalid"
