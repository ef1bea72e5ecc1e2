"""Who else than people comes in: the clients of the API and their tokens, never the tokens themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.enrollment.adapters import accounts
from shared.base.listing import page_of
from shared.contracts.staff import EVERYWHERE
from shared.storage import audit
from shared.storage.tx import Tx
from shared.web import clients

_STAFF = "staff/"
HISTORY = 20
_OF_TOKENS = (clients.ADDED, clients.RENEWED, clients.REVOKED)
_OF_PEOPLE = (audit.SESSION_ENDED, "GrantRole", "RevokeRole")


async def read_clients(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of them, by name."""
    return page_of(query, "clients").answer(await clients.load_page(tx, page_of(query, "clients")), lambda one: one)


async def read_client(tx: Tx, name: str) -> dict[str, Any] | None:
    """One of them with its newest tokens, and who made each; None = nobody is called so."""
    found = await clients.load_client(tx, name)
    if found is None:
        return None
    tokens = await clients.load_tokens(tx, name)
    known = await _known(tx, [one["made_by"] for one in tokens])
    return {**found, "tokens": [{**one, "who": known.get(one["made_by"] or "", one["made_by"])} for one in tokens]}


async def read_token_history(tx: Tx) -> list[dict[str, Any]]:
    """What was done to tokens, the newest first; `who` is a name where one is known."""
    return await _history(tx, _OF_TOKENS)


async def read_access_history(tx: Tx) -> list[dict[str, Any]]:
    """Who was given roles, or signed out by somebody else, the newest first; `whom` is a name where one is known."""
    return await _history(tx, _OF_PEOPLE)


async def _history(tx: Tx, routes: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = await audit.load_of_access(tx, routes, HISTORY)
    known = await _known(tx, [name for one in rows for name in (one["principal"], one["command"])])
    return [
        {**one, "who": known.get(one["principal"], one["principal"]), "whom": known.get(one["command"], one["command"])}
        for one in rows
    ]


async def _known(tx: Tx, actors: list[str | None]) -> dict[str, str]:
    ids = sorted({one.removeprefix(_STAFF) for one in actors if one and one.startswith(_STAFF)})
    found = await accounts.load_known(tx, ids, EVERYWHERE)
    return {f"{_STAFF}{account}": name for account, (name, _) in found.items() if name}
