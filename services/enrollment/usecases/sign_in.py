"""Staff sign in with the organiser's identity provider: off to it, back again, and then with a badge for a while.

What is asked of the provider is asked between two transactions, never within one.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime

import structlog

from services.enrollment.adapters import accounts, sessions
from services.enrollment.adapters.identity_provider import Identity, IdentityProvider, NotIdentified, ProviderAway
from services.enrollment.adapters.sessions import SignIn
from services.enrollment.domain.session import Session, SignInFailed, end_those_beyond, roles_of, seen
from services.enrollment.usecases.sign_out import end_as_told, sign_out
from shared.base.cause import Cause, new_correlation
from shared.base.ids import random_id
from shared.base.problems import Problem
from shared.contracts.staff import Role
from shared.storage.audit import note
from shared.storage.sessions import load_epoch
from shared.storage.tx import Transaction, Tx
from shared.web.badge import Badge, Signer, lasts_until

_SECRET_BYTES = 32
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Entered:
    """`secret` is the session's, for the browser alone; `cookie` is the signed badge."""

    badge: Badge
    cookie: str
    secret: str
    back_to: str


@dataclass(frozen=True, slots=True)
class CameBack:
    """What the provider has sent a browser back with."""

    state: str
    code: str


class SignIns:
    """`granted`: the roles that an address has by the installation's settings. Instants are machine time."""

    def __init__(
        self,
        transaction: Transaction,
        provider: IdentityProvider,
        signer: Signer,
        granted: Callable[[str], Collection[Role]],
    ) -> None:
        self._transaction = transaction
        self._provider = provider
        self._signer = signer
        self._granted = granted

    async def begin(self, back_to: str, now: datetime) -> tuple[str, str]:
        """The provider's address to go to, and the state that only this browser knows. Problem 503."""
        state, nonce, verifier = (secrets.token_urlsafe(_SECRET_BYTES) for _ in range(3))
        try:
            address = await self._provider.authorization_url(state, nonce, verifier)
        except ProviderAway as why:
            raise _away(why) from None
        async with self._transaction(_nobody_yet()) as tx:
            await sessions.begin(tx, state, SignIn(nonce, verifier, back_to), now)
        return address, state

    async def come_back(
        self, asked: CameBack, browser: str, before: str | None, now: datetime, admit: Callable[[str], Awaitable[None]]
    ) -> Entered:
        """A state is used once, whatever comes of it. SignInFailed says why not; `admit` counts the account's tries.

        `before`: the secret of the session that this browser had, which ends.
        """
        async with self._transaction(_nobody_yet()) as tx:
            begun = await sessions.take(tx, asked.state, now)
        if begun is None:
            raise SignInFailed("time")
        try:
            identity = await self._provider.identify(asked.code, begun.nonce, begun.verifier)
        except NotIdentified as why:
            _log.warning("sign_in_failed", why=str(why))
            raise SignInFailed("provider") from None
        except ProviderAway as why:
            raise _away(why) from None
        await admit(f"{identity.issuer}\n{identity.subject}")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        async with self._transaction(_nobody_yet()) as tx:
            if before is not None:
                await sign_out(tx, before, now, "GET /login/tilbage")
            badge = await self._enter(tx, identity, secret, browser, now)
        return Entered(badge, self._signer.sign(badge, now), secret, begun.back_to)

    async def _enter(self, tx: Tx, identity: Identity, secret: str, browser: str, now: datetime) -> Badge:
        """What was granted to the address before anybody came with it is the account's from now on."""
        account = await accounts.keep(tx, random_id(), identity.issuer, identity.subject, identity.name, identity.email)
        if identity.email:
            await accounts.take_over_grants(tx, account)
        session = Session(random_id(), account.id, browser, began_at=now, seen_at=now, oidc_session=identity.session)

        ending = end_those_beyond(await sessions.load_going_on(tx, account.id), now)

        await sessions.end(tx, ending, now)
        await sessions.insert(tx, session, secret)
        badge = await self._badge(tx, session, account.email, now)
        await note(tx, principal=badge.actor, route="GET /login/tilbage", command="SignIn", status=303)
        return badge

    async def renew(self, secret: str, now: datetime) -> tuple[Badge, str] | None:
        """Another badge, and its cookie, for a session that goes on; None = they sign in again."""
        async with self._transaction(_nobody_yet()) as tx:
            session = await sessions.lock_by_secret(tx, secret)
            after = seen(session, now) if session else None
            account = await accounts.load(tx, after.account_id) if after else None
            if after is None or account is None:
                return None
            await sessions.save_seen(tx, after)
            badge = await self._badge(tx, after, account.email, now)
        return badge, self._signer.sign(badge, now)

    async def end_as_told(self, logout_token: str, now: datetime) -> None:
        """The provider has ended a session of its own. Problem 400 for a token that is not its."""
        try:
            told = await self._provider.logged_out(logout_token)
        except NotIdentified as why:
            _log.warning("logout_refused", why=str(why))
            raise Problem(400, "sign_in_failed") from None
        except ProviderAway as why:
            raise _away(why) from None
        async with self._transaction(_nobody_yet()) as tx:
            await end_as_told(tx, told, now)

    async def end_session_url(self) -> str | None:
        """Where somebody signs out of the provider too, if it says so at the moment."""
        try:
            return await self._provider.end_session_url()
        except ProviderAway:
            return None

    async def _badge(self, tx: Tx, session: Session, email: str, now: datetime) -> Badge:
        return Badge(
            subject=session.account_id,
            session=session.id,
            epoch=await load_epoch(tx, session.account_id),
            roles=roles_of(await accounts.load_roles(tx, session.account_id), self._granted(email)),
            expires_at=lasts_until(now),
        )


def _nobody_yet() -> Cause:
    return Cause(new_correlation(), None, None)


def _away(why: ProviderAway) -> Problem:
    _log.warning("identity_provider_away", why=str(why))
    return Problem(503, "sign_in_away", headers={"Retry-After": "10"})
