"""Names of tokens: of the environment or made here, staff's or a client's, and each of one bearer for good."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from shared.storage.tx import Connection
from shared.web import clients
from shared.web.clients import NotDoneError, keep_names
from shared.web.tokens import PREFIX, digest_of, read_tokens
from tests.support.eventually import eventually
from tests.support.servers import Database
from tests.support.toy import Desk, a_desk

PRESENTED = "token-of-the-environment"


def environment(*named: str) -> str:
    """`name` of staff and `name:scope`, each with a token that ends in its name."""
    words = [one.partition(":") for one in named]
    return ",".join(
        f"{name}:{sha256((PRESENTED + name).encode()).hexdigest()}{colon}{may}" for name, colon, may in words
    )


async def add(connection: Connection, name: str, *scopes: str) -> str:
    token = PREFIX + secrets.token_urlsafe(32)
    end = datetime.now(UTC) + timedelta(days=365)  # noqa: TID251  (machine time)
    async with connection.transaction():
        await clients.insert_token(connection, name, digest_of(token), scopes, [], end)
    return token


@pytest.fixture
async def desk(toy_database: Database, link_key_file: Path) -> AsyncIterator[Desk]:
    async with a_desk(toy_database, link_key_file, api_tokens=environment("local", "crm:enrol")) as open_desk:
        yield open_desk


@pytest.fixture
async def connection(desk: Desk) -> AsyncIterator[Connection]:
    async with desk.host.pool.acquire() as lent:
        yield lent


async def starts(desk: Desk, connection: Connection, *named: str) -> set[str]:
    """The web role starts with these in its environment; whom it lets in under none of them."""
    taken = await keep_names(connection, read_tokens(environment(*named)))
    desk.host.keyring.closed = frozenset(taken)
    return taken


async def test_a_name_of_the_environment_is_given_to_nobody_while_it_stands_there(
    desk: Desk, connection: Connection
) -> None:
    assert await starts(desk, connection, "local", "crm:enrol") == set()
    for name, scope in (("local", "enrol"), ("local", "staff"), ("crm", "enrol")):
        with pytest.raises(NotDoneError, match=f"{name} is a name of the environment"):
            await add(connection, name, scope)
    assert {one.name: one.in_environment for one in await clients.load_clients(connection)} == {
        "local": True,
        "crm": True,
    }


async def test_a_client_may_be_moved_out_of_the_environment_and_stays_a_client(
    desk: Desk, connection: Connection
) -> None:
    await starts(desk, connection, "local", "crm:enrol")
    await starts(desk, connection, "local")
    with pytest.raises(NotDoneError, match="crm is a client for good"):
        await add(connection, "crm", "staff")
    await add(connection, "crm", "enrol")
    await starts(desk, connection)
    with pytest.raises(NotDoneError, match="local is staff for good"):
        await add(connection, "local", "enrol")


async def test_who_was_staff_is_never_made_a_client_nor_the_other_way_round(connection: Connection) -> None:
    for name, before, after in (("ops", "staff", "enrol"), ("crm", "enrol", "staff")):
        await add(connection, name, before)
        await clients.revoke_tokens(connection, name)
        with pytest.raises(NotDoneError, match="for good"):
            await add(connection, name, after)
        await add(connection, name, before)


async def test_the_environment_takes_no_name_that_is_anothers(desk: Desk, connection: Connection) -> None:
    """Such a token opens nothing, and the others go on."""
    await add(connection, "crm", "enrol")
    assert await starts(desk, connection, "local", "crm:enrol") == {"token/crm"}
    opens = [await desk.host.keyring.principal(PRESENTED + name) for name in ("local", "crm")]
    assert [one.name if one else None for one in opens] == ["token/local", None]
    # Neither does it become staff's, or a client's, by another line there.
    assert await starts(desk, connection, "local:enrol") == {"token/local"}
    await clients.revoke_tokens(connection, "crm")
    assert await starts(desk, connection, "local", "crm") == {"token/crm"}
    assert await starts(desk, connection, "local", "crm:enrol") == set()


async def test_who_was_heard_of_before_names_were_kept_is_nobody_new(connection: Connection) -> None:
    await connection.execute(
        "INSERT INTO audit (principal, actor, route, command, status, correlation_id)"
        " VALUES ('token/old', 'token/old', 'r', 'c', 201, 'c')"
    )
    with pytest.raises(NotDoneError, match="old was a name of the environment"):
        await add(connection, "old", "enrol")


async def test_of_a_start_and_a_token_that_come_to_a_name_at_the_same_moment_one_gets_it(
    desk: Desk, connection: Connection
) -> None:
    """The second waits for the first, and then sees whose it is."""
    async with desk.host.pool.acquire() as other:
        adding = other.transaction()
        await adding.start()
        await add(other, "crm", "enrol")
        waiting = asyncio.create_task(keep_names(connection, read_tokens(environment("crm:enrol"))))
        await eventually(lambda: _waiting(desk, 1), because="the start waits for the token")
        await adding.commit()
        assert await waiting == {"token/crm"}

        keeping = other.transaction()
        await keeping.start()
        assert await keep_names(other, read_tokens(environment("cms:enrol"))) == set()
        late = asyncio.create_task(add(connection, "cms", "enrol"))
        await eventually(lambda: _waiting(desk, 1), because="the token waits for the start")
        await keeping.commit()
        with pytest.raises(NotDoneError, match="cms is a name of the environment"):
            await late


async def test_a_name_that_was_used_is_kept_from_the_first_look_at_it(desk: Desk, connection: Connection) -> None:
    """Whoever comes while the other is looking whether it has a token waits for what comes of that."""
    await add(connection, "crm", "enrol")
    await clients.revoke_tokens(connection, "crm")
    async with desk.host.pool.acquire() as other, desk.host.pool.acquire() as third:
        holding = third.transaction()
        await holding.start()
        await third.execute("LOCK TABLE client_tokens IN ACCESS EXCLUSIVE MODE")
        keeping = asyncio.create_task(keep_names(connection, read_tokens(environment("crm:enrol"))))
        await eventually(lambda: _waiting(desk, 1), because="the start looks at the tokens")
        adding = asyncio.create_task(add(other, "crm", "enrol"))
        await eventually(lambda: _waiting(desk, 2), because="the token waits for the start")
        await holding.commit()
        assert await keeping == set()
        with pytest.raises(NotDoneError, match="crm is a name of the environment"):
            await adding


async def _waiting(desk: Desk, count: int) -> bool:
    found: bool = await desk.host.pool.fetchval("SELECT count(*) = $1 FROM pg_locks WHERE NOT granted", count)
    return found
