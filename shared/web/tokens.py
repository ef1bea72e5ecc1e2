"""Bearer tokens of the API (RFC 6750): only their SHA-256 is known to a service (ASVS 6.5.2)."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

STAFF = "staff"
"""The scope that may do everything."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCOPE = re.compile(r"[a-z][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks; `name` is `token/<name>` and stands in logs, audit and causes."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        return STAFF in self.scopes or scope in self.scopes


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    by_digest: tuple[tuple[bytes, Principal], ...]

    def principal(self, token: str) -> Principal | None:
        """Whose token it is. Every known digest is compared, in constant time each, whichever one fits."""
        presented = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        found: Principal | None = None
        for digest, principal in self.by_digest:
            if hmac.compare_digest(digest, presented):
                found = principal
        return found


def read_tokens(text: str) -> Tokens:
    """From `name:sha256hex[:scope+scope],…`; without scopes the token is staff's. ValueError never repeats the text."""
    read: dict[bytes, Principal] = {}
    names: set[str] = set()
    for place, item in enumerate((part.strip() for part in text.split(",") if part.strip()), start=1):
        name, _, rest = item.partition(":")
        digest, _, scopes = rest.partition(":")
        wanted = frozenset(scopes.split("+")) if scopes else frozenset({STAFF})
        if not (_NAME.fullmatch(name) and _SHA256.fullmatch(digest) and all(map(_SCOPE.fullmatch, wanted))):
            raise ValueError(f"API token {place} is not name:sha256hex[:scope+scope]")
        if name in names or bytes.fromhex(digest) in read:
            raise ValueError(f"API token {place} is there twice")
        names.add(name)
        read[bytes.fromhex(digest)] = Principal(f"token/{name}", wanted)
    return Tokens(tuple(read.items()))
