"""Where somebody is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.enrollment.adapters import accounts, sessions
from services.enrollment.domain.session import Account, Session
from shared.storage.tx import Tx


async def read_sessions(tx: Tx, account_id: str, now: datetime) -> tuple[Account | None, Sequence[Session]]:
    """The newest first; none that is over by the clock."""
    going_on = [one for one in await sessions.load_going_on(tx, account_id) if not one.is_over(now)]
    return await accounts.load(tx, account_id), going_on


async def read_account(tx: Tx, account_id: str) -> Account | None:
    return await accounts.load(tx, account_id)
