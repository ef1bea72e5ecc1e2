"""`POST /events`: a source is one client's, so that nobody takes the ids of another; tokens come and go meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.base.cause import Cause
from shared.runtime import application
from shared.storage.tx import Pool, Tx
from shared.web import clients
from shared.web.clients import NotDoneError, bind_sources
from shared.web.tokens import PREFIX, Principal, digest_of
from tests.support.eventually import eventually
from tests.support.servers import Database
from tests.support.toy import STAFF_TOKEN, Desk, a_desk

ONE, TWO = "token-of-one-client", "token-of-another-client"
CRM, CMS = "https://crm.example", "https://cms.example"
COMMANDS = "enrollment.WithdrawEnrolment"
NEXT_YEAR = timedelta(days=365)


@pytest.fixture
def doorkeeper(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy service is the one that the gateway leads senders of events to."""
    monkeypatch.setattr(application, "DOORKEEPER", "toy")


@pytest.fixture
async def desk(doorkeeper: None, toy_database: Database, link_key_file: Path) -> AsyncIterator[Desk]:  # noqa: ARG001
    async with _a_desk(toy_database, link_key_file) as open_desk:
        yield open_desk


@pytest.fixture
async def inner_desk(toy_database: Database, link_key_file: Path) -> AsyncIterator[Desk]:
    """Of a service that senders reach only past the gateway."""
    async with _a_desk(toy_database, link_key_file) as open_desk:
        yield open_desk


@asynccontextmanager
async def _a_desk(toy_database: Database, link_key_file: Path) -> AsyncIterator[Desk]:
    listed = [f"staff:{sha256(STAFF_TOKEN.encode()).hexdigest()}"]
    listed += [f"{name}:{sha256(token.encode()).hexdigest()}:intake" for name, token in (("one", ONE), ("two", TWO))]
    async with a_desk(toy_database, link_key_file, api_tokens=",".join(listed)) as open_desk:
        yield open_desk


def an_event(number: int, source: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": source,
        "type": "tovholder.enrollment.WithdrawEnrolment.v1",
        "data": {"enrolment_id": f"e-{number}"},
    }


async def send(desk: Desk, token: str, *events: dict[str, Any]) -> httpx.Response:
    headers = {"Content-Type": "application/cloudevents-batch+json", "Authorization": f"Bearer {token}"}
    return await desk.nobody.post("/events", content=json.dumps(events), headers=headers)


async def add(
    desk: Desk,
    name: str,
    *sources: str,
    scopes: Sequence[str] = (COMMANDS,),
    until: timedelta = NEXT_YEAR,
) -> str:
    token = f"{PREFIX}{name:x<43}"
    async with desk.host.pool.acquire() as connection, connection.transaction():
        end = datetime.now(UTC) + until  # noqa: TID251  (machine time)
        await clients.insert_token(connection, name, digest_of(token), scopes, sources, end)
    return token


async def taken(desk: Desk) -> int:
    count: int = await desk.host.pool.fetchval("SELECT count(*) FROM outbox")
    return count


async def test_the_first_client_that_uses_a_source_keeps_it(desk: Desk) -> None:
    assert (await send(desk, ONE, an_event(1, CRM))).status_code == 202
    for token in (TWO, STAFF_TOKEN):
        stolen = await send(desk, token, an_event(2, CRM))
        assert (stolen.status_code, stolen.json()["code"]) == (403, "source_not_yours")
        assert stolen.json()["errors"][0]["field"] == "0.source"
    assert (await send(desk, ONE, an_event(1, CRM), an_event(2, CRM))).status_code == 202
    assert await taken(desk) == 2
    noted = await desk.host.pool.fetch("SELECT principal, command FROM audit WHERE status = 403 ORDER BY id")
    assert [tuple(row) for row in noted] == [
        ("token/two", "source_not_yours"),
        ("token/staff", "source_not_yours"),
    ]


async def test_past_the_gateway_nobody_gets_a_source_by_using_it_first(inner_desk: Desk) -> None:
    """Whose it is where events come in, this service has not heard."""
    for _ in range(2):
        refused = await send(inner_desk, TWO, an_event(1, CRM))
        assert (refused.status_code, refused.json()["code"]) == (403, "source_not_yours")
    assert await inner_desk.host.pool.fetchval("SELECT count(*) FROM client_sources") == 0
    token = await add(inner_desk, "crm", CRM)
    assert (await send(inner_desk, token, an_event(1, CRM))).status_code == 202


async def test_a_batch_with_one_source_of_somebody_elses_is_refused_whole_and_binds_nothing(desk: Desk) -> None:
    await send(desk, ONE, an_event(1, CRM))
    refused = await send(desk, TWO, an_event(1, CMS), an_event(2, CRM))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "1.source")
    assert await taken(desk) == 1
    assert (await send(desk, ONE, an_event(1, CMS))).status_code == 202


async def test_staff_take_what_is_nobodys_and_bind_nothing(desk: Desk) -> None:
    assert (await send(desk, STAFF_TOKEN, an_event(1, CRM))).status_code == 202
    assert (await send(desk, ONE, an_event(2, CRM))).status_code == 202


async def test_a_client_never_speaks_as_one_of_our_services(desk: Desk) -> None:
    assert (await send(desk, ONE, an_event(1, "/tovholder/enrollment"))).json()["code"] == "source_not_yours"
    with pytest.raises(NotDoneError, match="our own"):
        await add(desk, "crm", "/tovholder/enrollment")


async def test_a_token_speaks_for_the_sources_that_it_was_granted_and_for_no_other(desk: Desk) -> None:
    token = await add(desk, "crm", CRM)
    assert (await send(desk, token, an_event(1, CRM))).status_code == 202
    assert (await send(desk, token, an_event(1, CMS))).json()["code"] == "source_not_yours"
    assert (await send(desk, ONE, an_event(2, CRM))).json()["code"] == "source_not_yours"
    with pytest.raises(NotDoneError, match="is the source of token/crm"):
        await add(desk, "cms", CRM)


async def test_a_token_without_a_source_sends_no_events(desk: Desk) -> None:
    token = await add(desk, "crm")
    assert (await send(desk, token, an_event(1, CRM))).json()["code"] == "source_not_yours"


async def test_a_token_opens_what_it_may_until_its_end_without_a_restart(desk: Desk) -> None:
    token = await add(desk, "crm", CRM, scopes=["toy.things"], until=NEXT_YEAR)
    mine = {"Authorization": f"Bearer {token}"}
    assert (await desk.nobody.get("/api/toy/things", headers=mine)).status_code == 200
    wrong = await desk.nobody.post("/api/toy/things", json={}, headers={**mine, "Idempotency-Key": "k"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "forbidden")

    await desk.host.pool.execute("UPDATE client_tokens SET expires_at = clock_timestamp()")
    over = await desk.nobody.get("/api/toy/things", headers=mine)
    assert (over.status_code, over.json()["code"]) == (401, "unauthorized")


async def test_a_revoked_token_opens_nothing_and_its_name_and_source_are_nobody_elses(desk: Desk) -> None:
    token = await add(desk, "crm", CRM)
    async with desk.host.pool.acquire() as connection:
        await clients.revoke_tokens(connection, "crm")
    assert (await send(desk, token, an_event(1, CRM))).status_code == 401
    with pytest.raises(NotDoneError, match="is the source of token/crm"):
        await add(desk, "cms", CRM)
    async with desk.host.pool.acquire() as connection:
        await clients.revoke_tokens(connection, "crm", release=True)
    assert (await send(desk, await add(desk, "cms", CRM), an_event(1, CRM))).status_code == 202
    told = await desk.host.pool.fetch("SELECT route, command FROM audit WHERE principal = 'operator' ORDER BY id")
    assert [tuple(row) for row in told] == [
        ("token add", "crm"),
        ("token revoke", "crm"),
        ("token revoke", "crm"),
        ("token add", "cms"),
    ]


async def test_an_exchanged_token_goes_on_for_a_day_beside_the_new_one(desk: Desk) -> None:
    before = await add(desk, "crm", CRM)
    after = f"{PREFIX}{'new':x<43}"
    async with desk.host.pool.acquire() as connection, connection.transaction():
        end = datetime.now(UTC) + NEXT_YEAR  # noqa: TID251  (machine time)
        await clients.renew_token(connection, "crm", digest_of(after), end)
        (client,) = await clients.load_clients(connection)
    assert [(await send(desk, token, an_event(1, CRM))).status_code for token in (before, after)] == [202, 202]
    latest, earliest = client.ends
    assert latest - earliest > NEXT_YEAR - timedelta(days=2)
    with pytest.raises(NotDoneError, match="has a token already"):
        await add(desk, "crm", CRM)


async def test_whoever_goes_on_asking_for_what_is_not_theirs_fills_no_table(desk: Desk) -> None:
    token = await add(desk, "crm")
    for _ in range(3):
        answer = await desk.nobody.get("/api/toy/things", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403
    noted = await desk.host.pool.fetch("SELECT principal, actor, route, command FROM audit WHERE status = 403")
    assert [tuple(row) for row in noted] == [("token/crm", "client/crm", "GET /api/toy/things", "toy.things")]


async def test_no_token_is_stored(desk: Desk) -> None:
    token = await add(desk, "crm", CRM)
    await send(desk, token, an_event(1, CRM))
    for table in ("clients", "client_tokens", "client_sources", "audit", "http_requests", "outbox"):
        rows = await desk.host.pool.fetch(f"SELECT t::text AS line FROM {table} t")
        assert not [row for row in rows if token in row["line"]], table


async def test_of_two_clients_that_use_a_new_source_at_the_same_moment_one_gets_it(desk: Desk) -> None:
    """The second waits for the first, and then sees whose it is."""
    one, two = Principal("token/one", frozenset({"intake"})), Principal("token/two", frozenset({"intake"}))

    async def use(tx: Tx, principal: Principal) -> set[str]:
        return await bind_sources(tx, principal, {CRM}, first_use=True)

    async with desk.host.transaction(Cause("c", None, None)) as first:
        assert await use(first, one) == set()
        async with desk.host.transaction(Cause("c", None, None)) as second:
            waiting = asyncio.create_task(use(second, two))
            await eventually(lambda: _somebody_waits(first), because="the second waits for the first")
            await first.execute("COMMIT")
            assert await waiting == {CRM}


async def test_nobody_with_a_token_speaks_for_a_producer_on_kafka(desk: Desk) -> None:
    async with desk.host.pool.acquire() as connection:
        await clients.reserve_sources(connection, "crm", [CRM])
    for token in (ONE, STAFF_TOKEN):
        assert (await send(desk, token, an_event(1, CRM))).json()["code"] == "source_not_yours"
    with pytest.raises(NotDoneError, match="is the source of producer/crm"):
        await add(desk, "crm", CRM)
    async with desk.host.pool.acquire() as connection:
        assert await clients.release_sources(connection, "crm")
        assert not await clients.release_sources(connection, "crm")
    assert (await send(desk, ONE, an_event(1, CRM))).status_code == 202


async def test_no_producer_on_kafka_speaks_for_a_client_with_a_token(desk: Desk) -> None:
    await add(desk, "crm", CRM)
    await send(desk, ONE, an_event(1, CMS))
    async with desk.host.pool.acquire() as connection:
        for source, whose in ((CRM, "token/crm"), (CMS, "token/one")):
            with pytest.raises(NotDoneError, match=f"is the source of {whose}"):
                await clients.reserve_sources(connection, "crm", [source])
        with pytest.raises(NotDoneError, match="our own"):
            await clients.reserve_sources(connection, "crm", ["/tovholder/enrollment"])


@pytest.mark.parametrize("first", ["token", "producer"])
async def test_of_a_token_and_a_producer_that_come_to_a_source_at_the_same_moment_one_gets_it(
    desk: Desk, first: str
) -> None:
    """The second waits for the first, and then sees whose it is."""
    one = Principal("token/one", frozenset({"intake"}))

    async def use(tx: Tx) -> str:
        return "refused" if await bind_sources(tx, one, {CRM}, first_use=True) else "taken"

    async def reserve(connection: Any) -> str:
        try:
            await clients.reserve_sources(connection, "crm", [CRM])
        except NotDoneError:
            return "refused"
        return "taken"

    async with desk.host.transaction(Cause("c", None, None)) as tx, desk.host.pool.acquire() as connection:
        if first == "token":
            assert await use(tx) == "taken"
            waiting = asyncio.create_task(reserve(connection))
        else:
            reserving = connection.transaction()
            await reserving.start()
            assert await reserve(connection) == "taken"
            waiting = asyncio.create_task(use(tx))
        await eventually(lambda: _somebody_waits(desk.host.pool), because="the second waits for the first")
        await (tx.execute("COMMIT") if first == "token" else reserving.commit())
        assert await waiting == "refused"


async def _somebody_waits(connection: Tx | Pool) -> bool:
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
    return found
