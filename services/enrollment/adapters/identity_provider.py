"""The organiser's identity provider: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636, S256).

Whatever it says is held against its own keys, which are read again when it signs with one that is not known yet: keys
are changed without notice. Its clock and ours may differ by LEEWAY_SECONDS.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

SCOPES = "openid profile email"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""None without a key, and none whose key we would share (OpenID Connect Core § 16.19, RFC 8725 § 3.1)."""
LEEWAY_SECONDS = 120
TIMEOUT_SECONDS = 10.0
LARGEST_ANSWER = 1024 * 1024
KEPT_SECONDS = 3600
"""How long what it says of itself is taken for what it still says."""
AGAIN_SECONDS = 5
"""Whoever sends tokens with keys that there are none of makes us ask no more often."""
LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"


class ProviderAway(Exception):  # noqa: N818  (it comes back by itself)
    """It does not answer, or not as a provider does."""


class NotIdentified(Exception):  # noqa: N818  (a no, and no error of ours)
    """What came back from it says nobody: a wrong code, a token of somebody else's, or one whose time is over."""


@dataclass(frozen=True, slots=True)
class Identity:
    issuer: str
    subject: str
    name: str
    email: str
    """Empty unless the provider vouches for it: roles are given to addresses."""
    session: str | None


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Of whom the provider has ended a session, or (`session` is None) all of them."""

    issuer: str
    subject: str | None
    session: str | None


class IdentityProvider:
    """`public_url` is ours: the provider sends people back to `<public_url>/login/tilbage`."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, public_url: str) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._public_url = public_url
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._asked_again: float | None = None
        self._asking = asyncio.Lock()

    async def authorization_url(self, state: str, nonce: str, verifier: str) -> str:
        """Where somebody goes to sign in. Raises ProviderAway."""
        metadata = await self._about()
        async with self._client() as client:
            address, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
            )
        return str(address)

    async def identify(self, code: str, nonce: str, verifier: str) -> Identity:
        """Who came back with this code. Raises NotIdentified or ProviderAway."""
        metadata = await self._about()
        async with self._client() as client:
            try:
                token = await client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=verifier)
            except OAuthError as error:
                raise NotIdentified(str(error.error)) from None
            except (httpx2.HTTPError, ValueError) as error:
                raise ProviderAway(type(error).__name__) from None
            claims = await self._claims(str(token.get("id_token", "")))
            said = CodeIDToken(
                claims.claims,
                claims.header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")},
            )
            try:
                said.validate(leeway=LEEWAY_SECONDS)
            except JoseError as error:
                raise NotIdentified(str(error)) from None
            more: Mapping[str, Any] = said
            if not said.get("email") and "userinfo_endpoint" in metadata:
                more = await self._user_info(client, metadata["userinfo_endpoint"], said["sub"])
        email = more.get("email") if more.get("email_verified") is True else ""
        name = more.get("name") or more.get("preferred_username") or email or ""
        return Identity(self.issuer, _text(said["sub"]), _text(name), _text(email), _text(said.get("sid")) or None)

    async def logged_out(self, logout_token: str) -> LoggedOut:
        """What the provider's own call says (OpenID Connect Back-Channel Logout 1.0 § 2.6). Raises as `identify`."""
        claims = (await self._claims(logout_token)).claims
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            iat={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise NotIdentified(str(error)) from None
        events = claims.get("events")
        if not isinstance(events, dict) or LOGGED_OUT not in events or "nonce" in claims:
            raise NotIdentified("no logout token")
        found = LoggedOut(self.issuer, _text(claims.get("sub")) or None, _text(claims.get("sid")) or None)
        if found.subject is None and found.session is None:
            raise NotIdentified("neither sub nor sid")
        return found

    async def end_session_url(self) -> str | None:
        """Where somebody signs out of the provider too; None if it has no such page. Raises ProviderAway."""
        address = (await self._about()).get("end_session_endpoint")
        if address is None:
            return None
        asked = {"client_id": self._client_id, "post_logout_redirect_uri": f"{self._public_url}/"}
        return str(httpx2.URL(address).copy_merge_params(asked))

    def _client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._client_id,
            self._client_secret,
            scope=SCOPES,
            redirect_uri=f"{self._public_url}/login/tilbage",
            code_challenge_method="S256",
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )

    async def _claims(self, token: str) -> jwt.Token:
        """Of a token that the provider signed; with its newest keys, if none of the known ones did."""
        try:
            return _decoded(token, await self._keys_now())
        except (InvalidKeyIdError, ValueError):
            pass
        except JoseError as error:
            raise NotIdentified(str(error)) from None
        try:
            return _decoded(token, await self._keys_now(anew=True))
        except (JoseError, ValueError) as error:
            raise NotIdentified(str(error)) from None

    async def _user_info(self, client: AsyncOAuth2Client, address: str, subject: str) -> Mapping[str, Any]:
        try:
            said = _object(await client.get(address))
        except httpx2.HTTPError as error:
            raise ProviderAway(type(error).__name__) from None
        if said.get("sub") != subject:
            raise NotIdentified("userinfo is somebody else's")
        return said

    async def _about(self) -> dict[str, Any]:
        async with self._asking:
            if self._metadata is None or time.monotonic() - self._metadata[0] > KEPT_SECONDS:
                found = await _fetched(get_well_known_url(self.issuer, external=True))
                if found.get("issuer") != self.issuer:
                    raise ProviderAway("it says that it is another issuer")
                if not all(isinstance(found.get(one), str) for one in _ENDPOINTS):
                    raise ProviderAway("it does not say where it is asked")
                self._metadata = (time.monotonic(), found)
            return self._metadata[1]

    async def _keys_now(self, *, anew: bool = False) -> KeySet:
        """`anew`: somebody was shown a key that is not among them."""
        metadata = await self._about()
        async with self._asking:
            now = time.monotonic()
            if anew and (self._asked_again is None or now - self._asked_again > AGAIN_SECONDS):
                self._asked_again, self._keys = now, None
            if self._keys is None or now - self._keys[0] > KEPT_SECONDS:
                try:
                    keys = KeySet.import_key_set(await _fetched(metadata["jwks_uri"]))  # type: ignore[arg-type] # checked by it
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise ProviderAway(f"its keys cannot be read: {type(error).__name__}") from None
                self._keys = (time.monotonic(), keys)
            return self._keys[1]


_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_LONGEST_TEXT = 300


def _decoded(token: str, keys: KeySet) -> jwt.Token:
    return jwt.decode(token, keys, algorithms=list(ALGORITHMS))


async def _fetched(address: str) -> dict[str, Any]:
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            return _object(await client.get(address))
    except httpx2.HTTPError as error:
        raise ProviderAway(type(error).__name__) from None


def _object(answer: httpx2.Response) -> dict[str, Any]:
    if not answer.is_success or len(answer.content) > LARGEST_ANSWER:
        raise ProviderAway(f"it answered {answer.status_code}")
    try:
        found = json.loads(answer.content)
    except ValueError:
        raise ProviderAway("its answer is no JSON") from None
    if not isinstance(found, dict):
        raise ProviderAway("its answer is no object")
    return found


def _text(said: object) -> str:
    """One line of what it says, and no more of it than a name or an address has."""
    return " ".join(said.split())[:_LONGEST_TEXT] if isinstance(said, str) else ""
