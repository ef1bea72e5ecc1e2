"""Who is signed in, where; and who is on their way to the identity provider. Machine time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.enrollment.domain.session import IDLE_MINUTES, LONGEST_HOURS, SIGN_IN_MINUTES, Session, SignedIn
from shared.base.listing import Page, Placed
from shared.storage.order import Order
from shared.storage.tx import Tx

_COLUMNS = "id, account_id, oidc_session, browser, began_at, seen_at, ended_at"

_RECENT_FIRST = Order({"(-extract(epoch FROM seen_at))": "numeric", "id": "text"})


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who was sent to the provider, and what is known of them when they come back."""

    nonce: str
    verifier: str
    back_to: str


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def begin(tx: Tx, state: str, sign_in: SignIn, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO sign_ins (state_sha256, nonce, verifier, back_to, begun_at) VALUES ($1, $2, $3, $4, $5)",
        digest_of(state),
        sign_in.nonce,
        sign_in.verifier,
        sign_in.back_to,
        now,
    )


async def take(tx: Tx, state: str, now: datetime) -> SignIn | None:
    """Used up by this; None for a state that is none of ours, is used up, or has waited too long."""
    row = await tx.fetchrow(
        "DELETE FROM sign_ins WHERE state_sha256 = $1 RETURNING nonce, verifier, back_to, begun_at", digest_of(state)
    )
    if row is None or now >= row["begun_at"] + timedelta(minutes=SIGN_IN_MINUTES):
        return None
    return SignIn(row["nonce"], row["verifier"], row["back_to"])


async def insert(tx: Tx, session: Session, secret: str) -> None:
    await tx.execute(
        "INSERT INTO sessions (id, secret_sha256, account_id, oidc_session, browser, began_at, seen_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        session.id,
        digest_of(secret),
        session.account_id,
        session.oidc_session,
        session.browser,
        session.began_at,
        session.seen_at,
    )


async def lock_by_secret(tx: Tx, secret: str) -> Session | None:
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM sessions WHERE secret_sha256 = $1 FOR UPDATE", digest_of(secret))
    return None if row is None else _session(row)


async def load(tx: Tx, session_id: str) -> Session | None:
    row = await tx.fetchrow(f"SELECT {_COLUMNS} FROM sessions WHERE id = $1", session_id)
    return None if row is None else _session(row)


async def load_going_on(tx: Tx, account_id: str) -> list[Session]:
    """Those that nobody has ended, the newest first; some of them are over by the clock."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM sessions WHERE account_id = $1 AND ended_at IS NULL ORDER BY seen_at DESC, id",
        account_id,
    )
    return [_session(row) for row in rows]


async def load_signed_in(tx: Tx, page: Page) -> list[Placed[SignedIn]]:
    """Whoever is signed in by now, the most recently seen first."""
    rows = await tx.fetch(
        f"""
        SELECT s.*, {_RECENT_FIRST.place} FROM (
            SELECT {", ".join("s." + one.strip() for one in _COLUMNS.split(","))}, a.account_name, a.account_email
            FROM sessions s JOIN accounts a ON a.id = s.account_id
            WHERE s.ended_at IS NULL AND s.seen_at > now() - make_interval(mins => $2)
                AND s.began_at > now() - make_interval(hours => $3)
        ) s WHERE {_RECENT_FIRST.after(1)} ORDER BY {_RECENT_FIRST.by} LIMIT $4
        """,
        page.after,
        IDLE_MINUTES,
        LONGEST_HOURS,
        page.wanted,
    )
    return [
        (row["stands_at"], SignedIn(_session(row), row["account_name"] or "", row["account_email"] or ""))
        for row in rows
    ]


async def load_machine_time(tx: Tx) -> datetime:
    found: datetime = await tx.fetchval("SELECT clock_timestamp()")
    return found


async def load_of_provider(tx: Tx, issuer: str, oidc_session: str) -> list[Session]:
    rows = await tx.fetch(
        f"""
        SELECT {", ".join("s." + one.strip() for one in _COLUMNS.split(","))}
        FROM sessions s JOIN accounts a ON a.id = s.account_id
        WHERE s.oidc_session = $2 AND s.ended_at IS NULL AND a.issuer = $1 ORDER BY s.id
        """,
        issuer,
        oidc_session,
    )
    return [_session(row) for row in rows]


async def save_seen(tx: Tx, session: Session) -> None:
    await tx.execute("UPDATE sessions SET seen_at = $2 WHERE id = $1", session.id, session.seen_at)


async def end(tx: Tx, sessions: Iterable[Session], now: datetime) -> list[str]:
    """Whose they were: of two transactions that end the same one, the second ends nothing."""
    rows = await tx.fetch(
        "UPDATE sessions SET ended_at = $2 WHERE id = ANY($1) AND ended_at IS NULL RETURNING account_id",
        sorted(one.id for one in sessions),
        now,
    )
    return sorted({row["account_id"] for row in rows})


def _session(row: Any) -> Session:
    return Session(
        id=row["id"],
        account_id=row["account_id"],
        browser=row["browser"],
        began_at=row["began_at"],
        seen_at=row["seen_at"],
        oidc_session=row["oidc_session"],
        ended_at=row["ended_at"],
    )
