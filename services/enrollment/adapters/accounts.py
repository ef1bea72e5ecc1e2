"""Whoever signs in with the organiser's identity provider, and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.enrollment.domain.session import Account
from services.enrollment.domain.staff import Grant
from shared.base.cause import Cause
from shared.base.listing import Page, Placed
from shared.contracts.staff import Role
from shared.storage.order import Order
from shared.storage.table import CAUSE, Table, cause_columns
from shared.storage.tx import Tx

_GRANTS = Table(
    "role_grants",
    {
        "account_id": "text",
        "granted_to": "text",
        "granted_in": "text",
        "staff_role": "text",
        "granted_at": "timestamptz",
        **CAUSE,
    },
    key=("account_id", "granted_to", "granted_in", "staff_role"),
)
_ACCOUNT = "id, issuer, oidc_subject, account_name, account_email"
_IN_ORDER = Order({"id": "bigint"})


async def keep(tx: Tx, account_id: str, issuer: str, subject: str, name: str, email: str) -> Account:
    """The account of the provider's subject, called as it says now; `account_id` is a new one's. Locked."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO accounts (id, issuer, oidc_subject, account_name, account_email) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (issuer, oidc_subject) DO UPDATE
            SET account_name = excluded.account_name, account_email = excluded.account_email
        RETURNING {_ACCOUNT}
        """,
        account_id,
        issuer,
        subject,
        name,
        email,
    )
    return _account(row)


async def load(tx: Tx, account_id: str) -> Account | None:
    row = await tx.fetchrow(f"SELECT {_ACCOUNT} FROM accounts WHERE id = $1", account_id)
    return None if row is None else _account(row)


async def load_known(tx: Tx, account_ids: Sequence[str], programme_id: str) -> dict[str, tuple[str, tuple[Role, ...]]]:
    """Of these accounts what each is called, and the roles that were granted it in the programme, by id."""
    rows = await tx.fetch(
        """
        SELECT a.id, coalesce(nullif(a.account_name, ''), a.account_email) AS known_as,
            array_remove(array_agg(DISTINCT g.staff_role ORDER BY g.staff_role), NULL) AS roles
        FROM accounts a LEFT JOIN role_grants g ON g.account_id = a.id AND g.granted_in = ANY(ARRAY['', $2])
        WHERE a.id = ANY($1) GROUP BY a.id
        """,
        list(account_ids),
        programme_id,
    )
    return {row["id"]: (row["known_as"] or "", tuple(row["roles"])) for row in rows}


async def load_of_subject(tx: Tx, issuer: str, subject: str) -> Account | None:
    row = await tx.fetchrow(f"SELECT {_ACCOUNT} FROM accounts WHERE issuer = $1 AND oidc_subject = $2", issuer, subject)
    return None if row is None else _account(row)


async def load_by_email(tx: Tx, email: str) -> list[Account]:
    """Those that the provider says have this address now."""
    rows = await tx.fetch(f"SELECT {_ACCOUNT} FROM accounts WHERE lower(account_email) = lower($1) ORDER BY id", email)
    return [_account(row) for row in rows]


async def take_over_grants(tx: Tx, account: Account) -> None:
    """What was granted to the address before anybody had signed in with it is this account's from now on."""
    await tx.execute(
        """
        WITH mine AS (DELETE FROM role_grants WHERE granted_to = lower($2) RETURNING *)
        INSERT INTO role_grants
            (account_id, granted_in, staff_role, granted_at, correlation_id, causation_id, actor)
        SELECT $1, granted_in, staff_role, granted_at, correlation_id, causation_id, actor FROM mine
        ON CONFLICT (account_id, granted_to, granted_in, staff_role) DO NOTHING
        """,
        account.id,
        account.email,
    )


async def load_roles(tx: Tx, account_id: str) -> list[tuple[str, Role]]:
    rows = await tx.fetch(
        "SELECT granted_in, staff_role FROM role_grants WHERE account_id = $1 ORDER BY id", account_id
    )
    return [(row["granted_in"], row["staff_role"]) for row in rows]


async def grant(tx: Tx, account_id: str | None, email: str, granted_in: str, role: Role, cause: Cause) -> None:
    """To the account, or to an address that nobody has signed in with. One that is there already stays as it was."""
    row = {
        "account_id": account_id,
        "granted_to": None if account_id else email.lower(),
        "granted_in": granted_in,
        "staff_role": role,
        "granted_at": tx.now,
        **cause_columns(cause),
    }
    await _GRANTS.insert_new(tx, [row])


async def load_grant(tx: Tx, grant_id: int) -> Grant | None:
    row = await tx.fetchrow(f"{_SELECT_GRANTS} WHERE g.id = $1", grant_id)
    return None if row is None else _grant(row)


async def revoke(tx: Tx, grant_id: int) -> None:
    await tx.execute("DELETE FROM role_grants WHERE id = $1", grant_id)


async def load_grants(tx: Tx, page: Page, programmes: frozenset[str] | None) -> list[Placed[Grant]]:
    """In the order in which they were granted; those in these programmes, None = in all and everywhere."""
    arguments: list[Any] = [page.after, page.wanted]
    if programmes is not None:
        arguments.append(sorted(programmes))
    rows = await tx.fetch(
        f"SELECT *, {_IN_ORDER.place} FROM ({_SELECT_GRANTS}) AS g WHERE {_IN_ORDER.after(1)} "
        f"{'' if programmes is None else 'AND granted_in = ANY ($3)'} ORDER BY {_IN_ORDER.by} LIMIT $2",
        *arguments,
    )
    return [(row["stands_at"], _grant(row)) for row in rows]


async def count_administrators(tx: Tx) -> int:
    """Who may do everything everywhere, as far as it was granted. No role is granted or taken back meanwhile."""
    await tx.execute("LOCK TABLE role_grants IN SHARE ROW EXCLUSIVE MODE")
    found: int = await tx.fetchval(
        "SELECT count(*) FROM role_grants WHERE staff_role = 'administrator' AND granted_in = ''"
    )
    return found


_SELECT_GRANTS = """
    SELECT g.id, g.account_id, a.account_name, coalesce(a.account_email, g.granted_to) AS granted_email,
           g.granted_in, g.staff_role, g.granted_at, g.actor
    FROM role_grants g LEFT JOIN accounts a ON a.id = g.account_id
"""


def _account(row: Any) -> Account:
    return Account(row["id"], row["issuer"], row["oidc_subject"], row["account_name"], row["account_email"])


def _grant(row: Any) -> Grant:
    return Grant(
        id=row["id"],
        account_id=row["account_id"],
        name=row["account_name"],
        email=row["granted_email"],
        programme_id=row["granted_in"],
        role=row["staff_role"],
        granted_at=row["granted_at"],
        granted_by=row["actor"],
    )
