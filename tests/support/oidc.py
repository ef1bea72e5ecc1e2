"""The local OpenID Connect provider by itself, what happens at it, and somebody who signs in.

    async with provider(folder) as at: …         # one of a test's own
    async def test_…(oidc_provider): …           # the one of this run, whose ways a test gives back as they were

Whoever is signed in at it must be known to it: `await at.serve(public_url, back_channel=…)` says where the client is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from deploy.local import process
from deploy.local.datadir import secret_in
from deploy.local.oidc import server
from deploy.local.ports import HOST, free_ports
from deploy.local.process import Command
from tests.support.eventually import eventually
from tests.support.once import NO_TLS

NOWHERE = f"http://{HOST}:9"
"""Where no client answers (the discard port)."""
READY_S = 20.0


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in: `login` and `password` are what they type."""

    login: str
    password: str
    sub: str
    name: str
    email: str


def accounts_in(file: Path) -> dict[str, Account]:
    """By login, from the file of an installation (`Addresses.oidc_accounts_file`)."""
    found = json.loads(file.read_text(encoding="utf-8"))
    return {login: Account(login=login, **told) for login, told in found.items()}


@dataclass(slots=True)
class Provider:
    """A provider that runs. `issuer` is its address; the rest is what its client needs to know."""

    issuer: str
    folder: Path
    """Of its secrets."""
    running: subprocess.Popen[bytes]
    command: Command

    @property
    def client_id(self) -> str:
        return server.CLIENT_ID

    @property
    def client_secret(self) -> str:
        return secret_in(self.folder, server.CLIENT_SECRET)

    @property
    def accounts(self) -> Mapping[str, Account]:
        return accounts_in(self.folder / server.ACCOUNTS_FILE)

    @property
    def log(self) -> str:
        return self.command.log.read_text(encoding="utf-8")

    async def serve(self, public_url: str, *, back_channel: str = f"{NOWHERE}/login/oidc/logud") -> None:
        """From now on people come from `public_url` and go back there, and `back_channel` hears who has logged out."""
        await self._ask("serve", public_url=public_url, back_channel=back_channel)

    async def rotate(self) -> str:
        """Another key signs from now on; the one before is still published. The id of the new one."""
        return str((await self._ask("rotate"))["kid"])

    @asynccontextmanager
    async def skewed(self, seconds: float) -> AsyncIterator[None]:
        """Inside the block its clock is so far ahead (or, below 0, behind)."""
        await self._ask("skew", seconds=seconds)
        try:
            yield
        finally:
            await self._ask("skew", seconds=0)

    async def end_sessions(self, login: str) -> list[dict[str, Any]]:
        """All sessions of an account end here, and the client is told over the back channel before this returns.

        Of each: its `sid`, and whether the client has `heard` (200 or 204).
        """
        told: list[dict[str, Any]] = (await self._ask("end", account=login))["told"]
        return told

    async def discovered(self) -> dict[str, Any]:
        """What it says of itself."""
        return await self._get("/.well-known/openid-configuration")

    async def keys(self) -> dict[str, dict[str, str]]:
        """What it publishes to verify with, by id."""
        return {key["kid"]: key for key in (await self._get("/jwks"))["keys"]}

    async def redeem(self, asked: Wish, code: str, **other: str | None) -> httpx.Response:
        """What the client gets for a code; `other` says a parameter otherwise, None leaves it out."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.verifier,
            **other,
        }
        told = {name: value for name, value in form.items() if value is not None}
        async with httpx.AsyncClient(verify=NO_TLS, trust_env=False, auth=(self.client_id, self.client_secret)) as http:
            return await http.post(f"{self.issuer}/token", data=told)

    async def claims_of(self, token: str) -> dict[str, Any]:
        """Of a token that one of its keys has signed with RS256; InvalidSignature for any other."""
        head, body, signature = token.split(".")
        header = json.loads(_bytes(head))
        assert header["alg"] == "RS256"
        key = (await self.keys())[header["kid"]]
        public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        public.verify(_bytes(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
        claims: dict[str, Any] = json.loads(_bytes(body))
        return claims

    async def _get(self, path: str) -> dict[str, Any]:
        async with httpx.AsyncClient(verify=NO_TLS, trust_env=False) as http:
            answer = await http.get(f"{self.issuer}{path}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def _ask(self, what: str, **told: Any) -> dict[str, Any]:
        key = {"Authorization": f"Bearer {secret_in(self.folder, server.CONTROL_KEY)}"}
        async with httpx.AsyncClient(verify=NO_TLS, trust_env=False, timeout=15.0) as http:
            answer = await http.post(f"{self.issuer}/_control/{what}", json=told, headers=key)
        done: dict[str, Any] = answer.raise_for_status().json()
        return done


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


@asynccontextmanager
async def provider(folder: Path, *, public_url: str = NOWHERE) -> AsyncIterator[Provider]:
    """A provider of one's own, whose secrets and log lie in `folder`. Ends with the block."""
    kept = folder / "secrets"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    issuer = server.issuer(free_ports(1)[0])
    command = server.command(kept, issuer, public_url, NOWHERE, folder / "oidc.log")
    running = process.start(command)
    try:
        await eventually(lambda: _answers(issuer), READY_S, because=f"it answers\n{process.last_lines(command.log)}")
        yield Provider(issuer, kept, running, command)
    finally:
        process.stop(running, command)


async def _answers(issuer: str) -> bool:
    async with httpx.AsyncClient(verify=NO_TLS, trust_env=False) as http:
        try:
            return (await http.get(f"{issuer}/readyz")).is_success
        except httpx.TransportError:
            return False


@pytest.fixture(scope="session")
async def oidc_provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Provider]:
    """One for this run (with xdist: for this worker), as it costs half a second."""
    async with provider(tmp_path_factory.mktemp("oidc")) as running:
        yield running


async def sign_in(
    client: httpx.AsyncClient, url: str, account: Account, *, password: str | None = None
) -> httpx.Response:
    """Opens `url`, which leads to a provider, types name and password there, and goes where that leads.

    The last answer: the client's, or the provider's page again when it lets nobody in. Who is signed in at the provider
    already is asked for nothing.
    """
    page = await client.get(url, follow_redirects=True)
    if not page.url.path.startswith("/log-ind/"):
        return page
    typed = {"navn": account.login, "adgangskode": account.password if password is None else password}
    return await client.post(page.url, data=typed, follow_redirects=True)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asks for when it sends somebody to sign in, and what it keeps to itself meanwhile."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def url(self, at: Provider, **other: str | None) -> str:
        """Where the browser is sent; `other` says a parameter otherwise, None leaves it out."""
        asked: dict[str, str | None] = {
            "client_id": at.client_id,
            "response_type": "code",
            "scope": "openid profile email",
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **other,
        }
        told = {name: value for name, value in asked.items() if value is not None}
        return str(httpx.URL(f"{at.issuer}/auth", params=told))


def wish(public_url: str) -> Wish:
    """A new one of the client at `public_url`."""
    return Wish(f"{public_url}/login/tilbage", *(secrets.token_urlsafe(32) for _ in range(3)))
