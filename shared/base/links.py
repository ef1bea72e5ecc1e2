"""Signed links: whoever holds one may do what it is for, and nothing else (ASVS 6.6.2).

A token is `<payload>.<HMAC-SHA256>`, url-safe, bound to its purpose and subject, perhaps with an end. It is a secret:
never logged, no Referer from its page, and a GET shows a button while only POST acts (mail scanners follow links).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

_LONGEST = 1024


class Links:
    """What signs and reads an installation's links, handed to every transaction; its keys are read at the first use.

    While the key is being changed there is another, `other`: what either of them signed is read.
    """

    def __init__(
        self, key: Callable[[], bytes], public_url: str = "", other: Callable[[], bytes | None] = lambda: None
    ) -> None:
        self._key = key
        self._other = other
        self._public_url = public_url

    def sign(self, purpose: str, subject: str, expires: datetime | None = None) -> str:
        """As `sign`; ValueError without a key."""
        return sign(self._key(), purpose, subject, expires)

    def verify(self, purpose: str, token: str, now: datetime) -> str | None:
        """As `verify`, by either key; ValueError without one."""
        subject, other = verify(self._key(), purpose, token, now), self._other()
        return verify(other, purpose, token, now) if subject is None and other is not None else subject

    def address(self, path: str) -> str:
        """The path as people outside reach it."""
        return f"{self._public_url}{path}"


def _no_key() -> bytes:
    raise ValueError("links cannot be signed here")


NO_LINKS = Links(_no_key)
"""For transactions that sign nothing: the first attempt is a ValueError."""
_NOBODYS = secrets.token_bytes(32)
DEAD_LINKS = Links(lambda: _NOBODYS)
"""For what is only rehearsed: what they sign looks like a link, and opens nothing anywhere."""


def _mac(key: bytes, purpose: str, payload: bytes) -> bytes:
    return hmac.digest(key, b"tovholder link\0" + purpose.encode() + b"\0" + payload, hashlib.sha256)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def sign(key: bytes, purpose: str, subject: str, expires: datetime | None = None) -> str:
    """A token for `purpose` about `subject`, good until `expires` (domain time, whole seconds)."""
    end = "" if expires is None else str(int(expires.timestamp()))
    payload = f"{end}\n{subject}".encode()
    return f"{_encode(payload)}.{_encode(_mac(key, purpose, payload))}"


def verify(key: bytes, purpose: str, token: str, now: datetime) -> str | None:
    """The subject, or None for anything that this key did not sign for this purpose or whose time is over."""
    if len(token) > _LONGEST or not token.isascii():
        return None
    text, _, mac = token.partition(".")
    try:
        payload, given = _decode(text), _decode(mac)
    except (binascii.Error, ValueError):
        return None
    # The re-encoding refuses second spellings of one token (unused bits at the end of base64).
    if not hmac.compare_digest(_mac(key, purpose, payload), given) or token != f"{_encode(payload)}.{_encode(given)}":
        return None
    end, _, subject = payload.decode().partition("\n")
    if end and now.astimezone(UTC).timestamp() >= int(end):
        return None
    return subject
