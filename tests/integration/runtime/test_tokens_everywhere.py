"""A token that is made or revoked on the page of `enrollment` is so in the others within seconds: over Kafka."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from deploy.local import tokens
from services.scheduling.app import SERVICE
from services.scheduling.settings import Settings
from shared.base.cause import Cause
from shared.base.clock import machine_now
from shared.contracts.enrollment import ClientChanged, ClientToken
from shared.contracts.event import topic_of
from shared.messaging.replay import replay
from shared.runtime.running import Running
from shared.runtime.service import Host, open_host
from shared.web.clients import keep_clients, keep_names, reserve_sources
from shared.web.tokens import digest_of, read_tokens
from tests.integration.enrollment.test_tokens_of_others import CRM, done, made, shown
from tests.support.beside import Beside, beside
from tests.support.eventually import eventually
from tests.support.servers import Database, MakeDatabase
from tests.support.workplace import Workplace

__all__ = ["beside"]
SECONDS = 20
OWNER = "/tovholder/enrollment"
PATH = "/api/scheduling/meetings"


@dataclass(slots=True)
class Both:
    """`front` has the page; scheduling runs beside it, unless it is down."""

    front: Workplace
    where: Database
    settings: Settings
    running: Running | None = None

    async def up(self) -> None:
        host = await open_host(SERVICE, self.settings)
        self.running = Running(host)
        await self.running.start()

    async def down(self) -> None:
        if self.running is not None:
            await self.running.stop()
            self.running = None

    async def answers(self, token: str) -> int:
        assert self.running is not None
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.running.port}", trust_env=False) as client:
            return (await client.get(PATH, headers={"Authorization": f"Bearer {token}"})).status_code

    async def comes_to(self, token: str, status: int) -> None:
        async def does() -> bool:
            return await self.answers(token) == status

        await eventually(does, SECONDS, because=f"scheduling answers {status}")


@pytest.fixture
async def both(beside: Beside) -> AsyncIterator[Both]:
    found = Both(beside.front, beside.where, beside.settings)
    await found.up()
    try:
        yield found
    finally:
        await found.down()


SCHEDULING = {"may_bundles": "", "may_scheduling_see": "scheduling.meetings"}


async def test_what_the_page_makes_and_revokes_holds_in_every_service_also_one_that_was_down(both: Both) -> None:
    browser = await both.front.signed_in("administrator")
    token = shown(await made(browser, **SCHEDULING))
    await both.comes_to(token, 200)
    other = shown(await done(browser, f"{CRM}/byt", days="30"))
    await both.comes_to(other, 200)
    assert await both.answers(token) == 200, "for a day"

    await both.down()
    assert (await done(browser, f"{CRM}/spaer")).status_code == 303
    await both.up()
    await both.comes_to(other, 401)
    assert await both.answers(token) == 401


async def test_a_service_that_was_restored_hears_of_it_when_enrollment_tells_it_again(both: Both) -> None:
    """Its database knows nothing of what it had heard; `replay` sends all of it once more."""
    browser = await both.front.signed_in("administrator")
    token = shown(await made(browser, **SCHEDULING))
    await both.comes_to(token, 200)
    await both.down()
    since = machine_now() - timedelta(hours=1)
    connection = await asyncpg.connect(both.where.owner_url)
    for table in ("client_tokens", "client_sources", "clients", "inbox", "stream_in", "owners"):
        await connection.execute(f"DELETE FROM {table}")
    await connection.close()
    await both.up()
    assert await both.answers(token) == 401
    settings = both.front.host.settings
    await replay(
        settings.database_url.get_secret_value(),
        settings.kafka_access,
        since,
        topics=[topic_of("enrollment")],
        readers=[],
        prefix=settings.prefix,
    )
    await both.comes_to(token, 200)


async def test_the_command_line_is_heard_of_by_a_service_that_it_did_not_reach(both: Both) -> None:
    """It writes what it reaches at once, and the rest hears of it as of what the page does."""
    here = {"enrollment": str(both.front.host.settings.database_url.get_secret_value())}
    until = machine_now() + timedelta(days=30)
    token = await tokens.add(here, "cms", ["scheduling.meetings"], ["/cms"], until)
    await both.comes_to(token, 200)
    await tokens.revoke(here, "cms", release=False)
    await both.comes_to(token, 401)
    browser = await both.front.signed_in("administrator")
    assert "ved kommandolinjen" in (await browser.get("/stab/noegler/klient/cms")).text


def fact(
    version: int, *names: str, scopes: Sequence[str] = ("enrol",), sources: Sequence[str] = (), client: str = "crm"
) -> ClientChanged:
    """`names` are those of its tokens."""
    now = machine_now()
    live = tuple(
        ClientToken(sha256=digest_of(name).hex(), made_at=now, expires_at=now + timedelta(days=1)) for name in names
    )
    return ClientChanged(
        owner=OWNER, client=client, version=version, scopes=tuple(scopes), sources=tuple(sources), tokens=live
    )


async def stands(host: Host) -> tuple[set[bytes], list[str], list[str]]:
    """What opens something, its scopes and its sources."""
    live = await host.pool.fetch("SELECT sha256 FROM client_tokens WHERE expires_at > clock_timestamp()")
    return (
        {row["sha256"] for row in live},
        await host.pool.fetchval("SELECT scopes FROM clients WHERE name = 'crm'"),
        [row["source"] for row in await host.pool.fetch("SELECT source FROM client_sources ORDER BY source")],
    )


@asynccontextmanager
async def scheduling(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[Host]:
    where = await database("scheduling")
    host = await open_host(SERVICE, Settings(database_url=SecretStr(where.url), link_key_file=link_key_file))
    yield host
    await host.pool.close()


async def test_in_whatever_order_it_is_heard_it_ends_where_enrollment_is(
    database: MakeDatabase, link_key_file: Path
) -> None:
    told = (
        fact(1, "a", sources=["/a"]),
        fact(2, "a", "b", sources=["/a"]),
        fact(3),
        fact(4, "c", scopes=["intake"], sources=["/c"]),
    )
    async with scheduling(database, link_key_file) as host:
        for order in itertools.permutations(told):
            for table in ("client_tokens", "client_sources", "clients"):
                await host.pool.execute(f"DELETE FROM {table}")
            for one in (*order, order[0]):
                async with host.transaction(Cause("c", None, None)) as tx:
                    assert await keep_clients(tx.connection, [one]) == []
            assert await stands(host) == ({digest_of("c")}, ["intake"], ["/c"]), [one.version for one in order]


async def test_a_source_that_another_has_by_now_is_theirs_in_whatever_order_it_is_heard(
    database: MakeDatabase, link_key_file: Path
) -> None:
    told = (fact(1, sources=["/a", "/b"]), fact(2, sources=["/b"]), fact(3, sources=["/a"], client="cms"))
    async with scheduling(database, link_key_file) as host:
        for order in itertools.permutations(told):
            for batches in ([[one] for one in order], [order], [order[:2], order[2:]], [order[:1], order[1:]]):
                for table in ("client_tokens", "client_sources", "clients"):
                    await host.pool.execute(f"DELETE FROM {table}")
                for batch in batches:
                    async with host.transaction(Cause("c", None, None)) as tx:
                        assert await keep_clients(tx.connection, batch) == []
                found = await host.pool.fetch("SELECT source, principal FROM client_sources ORDER BY source")
                heard = [[(one.client, one.version) for one in batch] for batch in batches]
                assert [tuple(row) for row in found] == [("/a", "token/cms"), ("/b", "token/crm")], heard


async def test_nothing_that_is_told_takes_a_source_that_somebody_has_here(
    database: MakeDatabase, link_key_file: Path
) -> None:
    async with scheduling(database, link_key_file) as host:
        async with host.pool.acquire() as connection:
            await keep_names(connection, read_tokens(f"of-here:{'0' * 64}:enrol"))
            await reserve_sources(connection, "journal", ["/journal"])
            await connection.execute("INSERT INTO client_sources VALUES ('/here', 'token/of-here')")
        async with host.transaction(Cause("c", None, None)) as tx:
            await keep_clients(tx.connection, [fact(9, sources=["/here", "/journal"])])
        found = await host.pool.fetch("SELECT source, principal FROM client_sources ORDER BY source")
        assert [tuple(row) for row in found] == [("/here", "token/of-here"), ("/journal", "producer/journal")]


async def test_nothing_that_is_told_gives_a_name_to_somebody_else(database: MakeDatabase, link_key_file: Path) -> None:
    async with scheduling(database, link_key_file) as host:
        async with host.transaction(Cause("c", None, None)) as tx:
            await keep_clients(tx.connection, [fact(1, "a")])
        async with host.transaction(Cause("c", None, None)) as tx:
            assert await keep_clients(tx.connection, [fact(2, "b", scopes=["staff"])]) == ["crm"]
        assert await stands(host) == (set(), ["enrol"], []), "and what it had is over"
        async with host.pool.acquire() as connection:
            await keep_names(connection, read_tokens(f"crm:{'0' * 64}:enrol"))
        async with host.transaction(Cause("c", None, None)) as tx:
            assert await keep_clients(tx.connection, [fact(3, "c")]) == ["crm"]
        assert (await stands(host))[0] == set()
