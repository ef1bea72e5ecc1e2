"""Signed links: whoever holds one may do what it is for, and nothing else (ASVS 6.6.2).

A token is `<payload>.<HMAC-SHA256>`, url-safe, bound to its purpose and subject, perhaps with an end. It is a secret:
never logged, no Referer from its page, and a GET shows a button while only POST acts (mail scanners follow links).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime

_LONGEST = 1024


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
