"""Tokens of clients, in the databases of all services at once: made, exchanged and revoked while everything runs.

The token itself is shown once and stored nowhere. What is wrong is found before anything is written, and the databases
commit one after the other at the end: a row that lies in one of them only (the machine died in between) does no harm,
and `revoke` ends it wherever it is.

It needs no service that runs, and still what it did is told by `enrollment` as what its page does is (ClientChanged):
a service whose database was away meanwhile, or restored since, hears of it.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import asyncpg

from deploy.local.errors import StackError
from deploy.local.locations import ROOT, python_module, service_names
from shared.base.cause import Cause, new_correlation
from shared.contracts.enrollment import SERVICE as TELLER
from shared.contracts.enrollment import ClientChanged
from shared.contracts.time import COPENHAGEN
from shared.storage.pool import connect
from shared.storage.tx import Connection, Tx
from shared.web import clients
from shared.web.clients import Client, NotDoneError
from shared.web.scopes import known_everywhere
from shared.web.tokens import NAME, OF_INSTALLATIONS, PREFIX, TOKEN_BYTES, digest_of

DEFAULT_DAYS = 365
LONGEST_DAYS = 3 * 366
_DAYS = re.compile(r"(\d{1,4})d")

Databases = Mapping[str, str]
"""Each service's URL, by its name."""


def read_databases(folder: Path) -> Databases:
    """From files such as `enrollment_database_url`, as `secrets/` holds them."""
    found = {name: folder / f"{name}_database_url" for name in service_names()}
    known = {name: file.read_text().strip() for name, file in found.items() if file.exists()}
    if not known:
        raise StackError(f"{folder} har ingen filer som {service_names()[0]}_database_url.")
    return known


def read_end(text: str | None, now: datetime) -> datetime:
    """`90d` or the last day, both in Danish days; a year when nothing is said."""
    if text is None:
        return now + timedelta(days=DEFAULT_DAYS)
    if days := _DAYS.fullmatch(text):
        end = now + timedelta(days=int(days[1]))
    else:
        try:
            end = datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), COPENHAGEN).astimezone(UTC)
        except (ValueError, OverflowError):
            raise StackError(f"--until {text}: skriv den sidste dag (2027-06-30) eller et antal dage (90d).") from None
    if not now < end <= now + timedelta(days=LONGEST_DAYS):
        raise StackError(f"--until {text}: det skal være fremme i tiden og højst {LONGEST_DAYS} dage.")
    return end


def check_words(name: str, scopes: Sequence[str], sources: Sequence[str]) -> None:
    """Raises StackError for a name, a scope or a source that is none."""
    if not NAME.fullmatch(name):
        raise StackError(f"{name!r}: et navn er små bogstaver, tal og . _ -")
    if name in OF_INSTALLATIONS:
        raise StackError(f"{name}: det hedder en nøgle i miljøet allerede. Find et andet navn.")
    if not scopes:
        raise StackError("Skriv mindst én --may: hvad nøglen må. tovholder token scopes viser dem alle.")
    unknown = set(scopes) - known_everywhere()
    if unknown and (unknown := unknown - set(all_scopes())):
        raise StackError(f"--may {min(unknown)}: det kendes ikke. tovholder token scopes viser dem alle.")
    if bad := [source for source in sources if not source.strip() or any(ord(mark) < 33 for mark in source)]:  # noqa: PLR2004  (a URI has no spaces and controls)
        raise StackError(f"--source {bad[0]!r}: det er ikke en CloudEvents-source.")


def all_scopes() -> Mapping[str, Sequence[str]]:
    """Every scope, and what it opens; each service says its own."""
    found: dict[str, Sequence[str]] = {}
    asked = [
        subprocess.Popen([*python_module(name), "scopes"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for name in service_names()
    ]
    for one in asked:
        said, _ = one.communicate()
        if one.returncode:
            raise StackError("En tjeneste kunne ikke sige, hvad den åbner for.")
        found |= json.loads(said)
    return found


async def add(databases: Databases, name: str, scopes: Sequence[str], sources: Sequence[str], until: datetime) -> str:
    """The new token."""
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    digest = digest_of(token)
    await everywhere(
        databases, lambda connection: clients.insert_token(connection, name, digest, scopes, sources, until), about=name
    )
    return token


async def renew(databases: Databases, name: str, until: datetime) -> str:
    """Another token that opens the same; the one before goes on for a day."""
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    digest = digest_of(token)
    await everywhere(databases, lambda connection: clients.renew_token(connection, name, digest, until), about=name)
    return token


async def revoke(databases: Databases, name: str, *, release: bool) -> None:
    """At once, in every service; also where only one of them still knows it."""
    refused: list[NotDoneError] = []

    async def end(connection: Connection) -> None:
        try:
            await clients.revoke_tokens(connection, name, release=release)
        except NotDoneError as why:
            refused.append(why)

    await everywhere(databases, end, about=name)
    if len(refused) == len(databases):
        raise StackError(str(refused[0]))


async def known(databases: Databases) -> dict[str, tuple[Client, tuple[str, ...]]]:
    """Each client, and the services that know it (all of them, if nothing went wrong)."""
    found: dict[str, tuple[Client, tuple[str, ...]]] = {}
    for service, dsn in databases.items():
        async with AsyncExitStack() as ending:
            connection = await _open(ending, service, dsn)
            for client in await clients.load_clients(connection):
                seen = found.get(client.name)
                found[client.name] = (client, (*(seen[1] if seen else ()), service))
    return dict(sorted(found.items()))


async def everywhere(
    databases: Databases, work: Callable[[Connection], Awaitable[None]], *, about: str | None = None
) -> None:
    """All of it or nothing, one service after the other, in the same order for all who come at once.

    How the client `about` stands then is told. Raises StackError for what one of them refuses.
    """
    async with AsyncExitStack() as ending:
        opened = [await _open(ending, service, dsn) for service, dsn in sorted(databases.items())]
        transactions = [connection.transaction() for connection in opened]
        for connection, transaction in zip(opened, transactions, strict=True):
            await transaction.start()
            try:
                await work(connection)
            except NotDoneError as why_not:
                raise StackError(f"Intet er ændret: {why_not}.") from None
        if about is not None:
            await _tell(dict(zip(sorted(databases), opened, strict=True)), about)
        for transaction in transactions:
            await transaction.commit()


async def _tell(opened: Mapping[str, Connection], name: str) -> None:
    """It stands by one number in all of them, after all that any of them has heard; the one that tells it does."""
    teller = opened.get(TELLER)
    if teller is None:
        return
    newest = max([await clients.load_version(connection, name) for connection in opened.values()])
    owner = f"/tovholder/{TELLER}"
    found = await clients.stands(teller, name, beyond=newest)
    if found is None:
        return
    fact = ClientChanged(owner=owner, **found)
    for service, connection in opened.items():
        if service != TELLER:
            await clients.keep_clients(connection, [fact])
    # Domain time, as everything that is told has it.
    now = await teller.fetchval("SELECT coalesce((SELECT now FROM simulated_clock), clock_timestamp())")
    tx = Tx(teller, now, owner, Cause(new_correlation(), None, clients.OPERATOR))
    tx.publish(fact)
    await tx.flush()


async def _open(ending: AsyncExitStack, service: str, dsn: str) -> Connection:
    try:
        connection = await connect(dsn, "tovholder token")
    except (OSError, asyncpg.PostgresError) as error:
        raise StackError(f"Databasen for {service} svarer ikke ({type(error).__name__}).") from None
    ending.push_async_callback(connection.close)
    return connection
