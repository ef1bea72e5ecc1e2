"""Sessions end: somebody signs out, here or at other browsers, or the identity provider says so.

Their badges open nothing from then on, in any service; whoever is still signed in elsewhere gets a new one by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.enrollment.adapters import accounts, sessions
from services.enrollment.adapters.identity_provider import LoggedOut
from services.enrollment.domain.session import Session, require_own
from shared.contracts.enrollment import SessionsRevoked
from shared.storage.audit import note
from shared.storage.sessions import raise_epoch
from shared.storage.tx import Tx


async def sign_out(tx: Tx, secret: str, now: datetime, route: str = "POST /login/ud") -> None:
    """At this browser; one that is over, or nobody's, changes nothing."""
    session = await sessions.lock_by_secret(tx, secret)
    if session is not None and not session.is_over(now):
        await _end(tx, [session], now, route)


async def sign_out_elsewhere(tx: Tx, account_id: str, session_id: str | None, keep: str, now: datetime) -> None:
    """One session of theirs, or (None) all but the one to `keep`. Said again it changes nothing.
    Refused 410 `session_ended` for one that is not theirs.
    """
    if session_id is not None:
        one = require_own(await sessions.load(tx, session_id), account_id)
        ending: Sequence[Session] = [one] if one.ended_at is None else []
    else:
        ending = [one for one in await sessions.load_going_on(tx, account_id) if one.id != keep]
    await _end(tx, ending, now, "POST /login/mig")


async def end_as_told(tx: Tx, told: LoggedOut, now: datetime) -> None:
    """The provider has ended one of its sessions, or all of somebody's."""
    if told.session is not None:
        ending = await sessions.load_of_provider(tx, told.issuer, told.session)
    else:
        account = await accounts.load_of_subject(tx, told.issuer, told.subject or "")
        ending = await sessions.load_going_on(tx, account.id) if account else []
    await _end(tx, ending, now, "POST /login/oidc/logud")


async def revoke(tx: Tx, account_id: str) -> None:
    """What somebody may do has changed: every badge of theirs says it from now on."""
    epoch = await raise_epoch(tx, account_id)
    tx.publish(SessionsRevoked(owner=tx.source, person_id=account_id, epoch=epoch))


async def _end(tx: Tx, ending: Sequence[Session], now: datetime, route: str) -> None:
    for account_id in await sessions.end(tx, ending, now):
        await revoke(tx, account_id)
        await note(tx, principal=f"staff/{account_id}", route=route, command="SignOut", status=200)
