"""Where somebody is signed in, and who is at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.enrollment.adapters import accounts, sessions
from services.enrollment.domain.session import Account, Session
from shared.base.listing import page_of
from shared.storage.tx import Tx

MOST_SIGNED_IN = 50


async def read_sessions(tx: Tx, account_id: str, now: datetime) -> tuple[Account | None, Sequence[Session]]:
    """The newest first; none that is over by the clock."""
    going_on = [one for one in await sessions.load_going_on(tx, account_id) if not one.is_over(now)]
    return await accounts.load(tx, account_id), going_on


async def read_signed_in(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of everybody who is, the most recently seen first."""
    page = page_of(query, "signed_in", most=MOST_SIGNED_IN)
    return page.answer(await sessions.load_signed_in(tx, page), lambda one: one)


async def read_session(
    tx: Tx, session_id: str, now: datetime
) -> tuple[Session, Account | None, Sequence[Session]] | None:
    """One that goes on, whose it is, and all of theirs that do; None = it has ended."""
    found = await sessions.load(tx, session_id)
    if found is None or found.is_over(now):
        return None
    account, going_on = await read_sessions(tx, found.account_id, now)
    return found, account, going_on


async def read_account(tx: Tx, account_id: str) -> Account | None:
    return await accounts.load(tx, account_id)
