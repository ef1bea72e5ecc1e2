"""The badge of whoever is signed in: a short-lived cookie that every service reads by itself (RFC 7519, RFC 8037).

`enrollment` signs it with an Ed25519 key that only it has; the others know the public keys, more than one while it is
changed. It says who somebody is, in an opaque id, and what they may do; nothing of a person's name stands in it. It is
good for BADGE_MINUTES of machine time, and not at all once its epoch is over (`SessionsRevoked`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.contracts.staff import EVERYWHERE, ROLES, Role, any_opens
from shared.storage.tx import Pool

BADGE_MINUTES = 15
COOKIE = "__Host-adgang"
"""The prefix binds it to this host, to https and to every path (RFC 6265bis § 4.1.3.2); loopback is safe enough."""
_ALGORITHM = "Ed25519"
_LONGEST = 4096
_AUDIENCE = "tovholder"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Badge:
    """`subject` is opaque. `session` is the sign-in at one browser that the badge was given out for."""

    subject: str
    session: str
    epoch: int
    roles: Mapping[str, frozenset[Role]]
    """By programme; EVERYWHERE stands for all of them."""
    expires_at: datetime

    @property
    def actor(self) -> str:
        return f"staff/{self.subject}"

    def roles_in(self, programme_id: str) -> frozenset[Role]:
        return self.roles.get(EVERYWHERE, frozenset()) | self.roles.get(programme_id, frozenset())

    def may(self, scope: str, programme_id: str = EVERYWHERE) -> bool:
        """Of a programme; without one: in all of them."""
        return any_opens(self.roles_in(programme_id), scope)

    def may_somewhere(self, scope: str) -> bool:
        return any(any_opens(roles, scope) for roles in self.roles.values())

    def programmes(self, scope: str) -> frozenset[str] | None:
        """Those in which it opens the scope; None = all there are."""
        if self.may(scope):
            return None
        return frozenset(one for one, roles in self.roles.items() if any_opens(roles, scope))


class Signer:
    """Gives badges out. `seed` are the 32 bytes of an Ed25519 private key (RFC 8032 § 5.1.5)."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise ValueError("a key that signs badges has 32 bytes")
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        self.public = public
        self._key = OKPKey.import_key({**_jwk(public), "d": _text(seed)})

    def sign(self, badge: Badge, issued_at: datetime) -> str:
        """The cookie's value."""
        claims = {
            "aud": _AUDIENCE,
            "sub": badge.subject,
            "sid": badge.session,
            "epoch": badge.epoch,
            "roles": {programme: sorted(roles) for programme, roles in sorted(badge.roles.items())},
            "iat": int(issued_at.timestamp()),
            "exp": int(badge.expires_at.timestamp()),
        }
        header = {"alg": _ALGORITHM, "kid": _kid(self.public)}
        return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])


class Reader:
    """Reads badges that one of these public keys has signed."""

    def __init__(self, public_keys: Sequence[bytes]) -> None:
        self._keys = KeySet([OKPKey.import_key(_jwk(one)) for one in public_keys]) if public_keys else None

    @property
    def can_read(self) -> bool:
        """Whether there is any key: without one nobody is ever signed in here."""
        return self._keys is not None

    def read(self, cookie: str, now: datetime) -> Badge | None:
        """None for whatever these keys did not sign, and for a badge whose time is over (machine time)."""
        if self._keys is None or len(cookie) > _LONGEST or not cookie.isascii():
            return None
        try:
            claims: dict[str, Any] = jwt.decode(cookie, self._keys, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError):
            return None
        if claims.get("aud") != _AUDIENCE:
            return None
        known = frozenset(ROLES)
        badge = Badge(
            subject=claims["sub"],
            session=claims["sid"],
            epoch=claims["epoch"],
            # A role that a later version gives means nothing here.
            roles={one: frozenset(known.intersection(roles)) for one, roles in claims["roles"].items()},
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        )
        return badge if now < badge.expires_at else None


def lasts_until(now: datetime) -> datetime:
    """In whole seconds, as it stands in a badge that is given out now."""
    return now.replace(microsecond=0) + timedelta(minutes=BADGE_MINUTES)


async def is_current(pool: Pool, badge: Badge) -> bool:
    """Whether nobody has signed its subject out since it was given out."""
    epoch = await pool.fetchval("SELECT epoch FROM session_epochs WHERE subject = $1", badge.subject)
    return epoch is None or badge.epoch >= epoch


def _jwk(public: bytes) -> dict[str, str | list[str]]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _text(public), "kid": _kid(public)}


def _kid(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
