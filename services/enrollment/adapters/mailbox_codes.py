"""Codes that were mailed, and the mailboxes that browsers have shown that they read. Machine time."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from services.enrollment.domain.mailbox_code import IDLE_MINUTES, LONGEST_HOURS, MOST_TRIES, Code, Confirmed
from shared.base.links import Links
from shared.contracts.parties import Person
from shared.storage.tx import Tx

_MARK = "mailbox"
_FORM = "form that asks for a code"
_COLUMNS = "id, code_sha256, tries, asked_at, used_at IS NOT NULL AS used"


def mark_of(links: Links, email: str) -> bytes:
    """The same for the same mailbox, and nobody finds the address by it."""
    return hashlib.sha256(links.sign(_MARK, email.lower()).encode()).digest()


def secret_of_form(links: Links, key: str, mailbox: bytes) -> str:
    """For the cookie of whoever sends the form with this key: the same each time, and nobody else can tell it."""
    return links.sign(_FORM, f"{key} {mailbox.hex()}").rpartition(".")[2]


def browser_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def load_reader(tx: Tx, person_id: str) -> Person | None:
    """Whoever is known by this id, and where they are written to: of an organisation, or a guest."""
    row = await tx.fetchrow(
        """
        SELECT person_id, name, email FROM people WHERE person_id = $1
        UNION ALL SELECT guest_id, guest_name, guest_email FROM guests WHERE guest_id = $1 LIMIT 1
        """,
        person_id,
    )
    return None if row is None else Person(person_id=row["person_id"], name=row["name"], email=row["email"])


async def load_newest(tx: Tx, secret: str, mailbox: bytes) -> Code | None:
    """The last one that this browser asked for; an earlier one is no good any more."""
    row = await tx.fetchrow(
        f"""
        SELECT {_COLUMNS} FROM mailbox_codes WHERE browser_sha256 = $1 AND mailbox = $2
        ORDER BY asked_at DESC LIMIT 1
        """,
        browser_of(secret),
        mailbox,
    )
    return None if row is None else _code(row)


async def lock_newest(tx: Tx, secret: str, mailbox: bytes) -> Code | None:
    """As `load_newest`; there is no other until COMMIT. The lock is of the browser's name: there may be no row yet."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('codes of ' || encode($1::bytea, 'hex'), 0))", browser_of(secret)
    )
    return await load_newest(tx, secret, mailbox)


async def insert(tx: Tx, code: Code, secret: str, mailbox: bytes) -> None:
    await tx.execute(
        """
        INSERT INTO mailbox_codes (id, mailbox, browser_sha256, code_sha256, asked_at) VALUES ($1, $2, $3, $4, $5)
        """,
        code.id,
        mailbox,
        browser_of(secret),
        code.digest,
        code.asked_at,
    )


async def take_a_try(tx: Tx, code_id: str) -> bool:
    """One of those that there are, whatever else tries at the same time; False = there is none left."""
    left = await tx.fetchval(
        """
        UPDATE mailbox_codes SET tries = tries + 1 WHERE id = $1 AND used_at IS NULL AND tries < $2 RETURNING id
        """,
        code_id,
        MOST_TRIES,
    )
    return left is not None


async def use_up(tx: Tx, code_id: str, now: datetime) -> bool:
    """Once: of two at the same time one has it."""
    used = await tx.fetchval(
        "UPDATE mailbox_codes SET used_at = greatest($2, asked_at) WHERE id = $1 AND used_at IS NULL RETURNING id",
        code_id,
        now,
    )
    return used is not None


async def load_confirmed(tx: Tx, secret: str, now: datetime) -> list[Confirmed]:
    """Those of this browser that are not over by the clock."""
    rows = await tx.fetch(
        """
        SELECT mailbox, mailbox_shown, confirmed_at, seen_at FROM confirmed_mailboxes
        WHERE browser_sha256 = $1 AND seen_at > $2::timestamptz - make_interval(mins => $3)
          AND confirmed_at > $2::timestamptz - make_interval(hours => $4)
        ORDER BY mailbox_shown, mailbox
        """,
        browser_of(secret),
        now,
        IDLE_MINUTES,
        LONGEST_HOURS,
    )
    return [Confirmed(row["mailbox"], row["mailbox_shown"], row["confirmed_at"], row["seen_at"]) for row in rows]


async def save_seen(tx: Tx, secret: str, confirmed: Confirmed) -> None:
    await tx.execute(
        "UPDATE confirmed_mailboxes SET seen_at = greatest(seen_at, $3) WHERE browser_sha256 = $1 AND mailbox = $2",
        browser_of(secret),
        confirmed.mailbox,
        confirmed.seen_at,
    )


async def confirm(tx: Tx, before: str | None, secret: str, confirmed: Confirmed) -> None:
    """From now on the browser is known by `secret`; what it had shown before, as `before`, goes with it."""
    if before is not None:
        await tx.execute(
            "UPDATE confirmed_mailboxes SET browser_sha256 = $2 WHERE browser_sha256 = $1 AND mailbox <> $3",
            browser_of(before),
            browser_of(secret),
            confirmed.mailbox,
        )
        await forget_browser(tx, before)
    await tx.execute(
        """
        INSERT INTO confirmed_mailboxes (browser_sha256, mailbox, mailbox_shown, confirmed_at, seen_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        browser_of(secret),
        confirmed.mailbox,
        confirmed.shown,
        confirmed.confirmed_at,
        confirmed.seen_at,
    )


async def forget_browser(tx: Tx, secret: str) -> None:
    """It has shown nothing, as far as anybody knows from now on."""
    await tx.execute("DELETE FROM confirmed_mailboxes WHERE browser_sha256 = $1", browser_of(secret))


async def forget_mailbox(tx: Tx, mailbox: bytes) -> None:
    """Whichever browser has shown that it reads it has to do so again, and no code that is under way is any good."""
    # The codes before what they open: one that is used up meanwhile is waited for, and what it opened is seen then.
    await tx.execute("DELETE FROM mailbox_codes WHERE mailbox = $1 AND used_at IS NULL", mailbox)
    await tx.execute("DELETE FROM confirmed_mailboxes WHERE mailbox = $1", mailbox)


def _code(row: Any) -> Code:
    return Code(row["id"], row["code_sha256"], row["tries"], row["asked_at"], row["used"])
