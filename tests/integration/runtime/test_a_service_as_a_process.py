"""The whole service as a process of its own, with a real broker and database: start, kill, drain, command line."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
import structlog
from pydantic import BaseModel, ValidationError

from deploy.local.locations import ROOT
from deploy.local.topics import make_topics
from shared.base.listing import MOST
from shared.runtime.commands import run_command
from shared.storage.migrate import SHARED, migrate
from tests.support.eventually import eventually
from tests.support.servers import Database, MakeDatabase
from tests.support.toy import HELD, READER_TOKEN, SERVICE, STAFF_TOKEN, TOKENS

MIB = 1024 * 1024


@dataclass(slots=True)
class Surroundings:
    database: Database
    environment: dict[str, str]
    folder: Path

    async def command(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Status, output and errors of a command; in a thread of this process, for a new one takes seconds to load."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        handlers, configured = logging.getLogger().handlers[:], structlog.get_config()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.environment, **environment}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                status = await asyncio.to_thread(run_command, SERVICE, arguments)
            finally:
                structlog.configure(**configured)
                logging.getLogger().handlers[:] = handlers
        return status, *(stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]

    async def arm(self, timer: str, key: str) -> None:
        """A timer that has been due for long, whoever knows it."""
        connection = await asyncpg.connect(self.database.url)
        try:
            await connection.execute(
                "INSERT INTO timers (timer, key, due, correlation_id) VALUES ($1, $2, '2020-01-01T00:00:00Z', 'c')",
                timer,
                key,
            )
        finally:
            await connection.close()

    @asynccontextmanager
    async def without_a_database(self) -> AsyncIterator[None]:
        """Nobody gets a connection, and nobody keeps one."""
        connection = await asyncpg.connect(self.database.admin_url.rpartition("/")[0] + "/postgres")
        name = self.database.name
        try:
            await connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
            await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
            yield
        finally:
            await connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
            await connection.close()


@dataclass(slots=True)
class Toy:
    process: asyncio.subprocess.Process
    log: Path
    client: httpx.AsyncClient

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    async def put(self, name: str, key: str = "k") -> httpx.Response:
        return await self.client.post("/api/toy/things", json={"name": name, "n": 1}, headers={"Idempotency-Key": key})

    async def ready(self) -> bool:
        return (await self.client.get("/readyz")).status_code == 200

    async def stopping(self) -> bool:
        try:
            return not await self.ready()
        except httpx.TransportError:
            return True


def _toy(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.support.toy", *arguments]


@pytest.fixture
async def surroundings(
    toy_database: Database, kafka: str, prefix: str, link_key_file: Path, tmp_path: Path
) -> Surroundings:
    # The toy borrows a fact of enrollment's.
    names = [f"{prefix}tovholder.{name}" for name in ("toy", "intake", "enrollment")]
    await make_topics(kafka, names, partitions=1)
    told = {
        "TOVHOLDER_DATABASE_URL": toy_database.url,
        "TOVHOLDER_MIGRATION_URL": toy_database.owner_url,
        "TOVHOLDER_KAFKA": kafka,
        "TOVHOLDER_PREFIX": prefix,
        "TOVHOLDER_HTTP_PORT": "0",
        "TOVHOLDER_API_TOKENS": TOKENS,
        "TOVHOLDER_LINK_KEY_FILE": str(link_key_file),
    }
    return Surroundings(toy_database, {**os.environ, **told}, tmp_path)


@asynccontextmanager
async def a_toy(around: Surroundings, *arguments: str, **environment: str) -> AsyncIterator[Toy]:
    """A running toy service; what still runs at the end is killed."""
    log = around.folder / f"toy-{len(list(around.folder.glob('toy-*')))}.log"
    with log.open("w") as out:
        process = await asyncio.create_subprocess_exec(
            *_toy(*arguments), cwd=ROOT, env={**around.environment, **environment}, stdout=out, stderr=out
        )
    try:
        port = await eventually(lambda: _port(process, log), 60)
        headers = {"Authorization": f"Bearer {STAFF_TOKEN}"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=30
        ) as client:
            yield Toy(process, log, client)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _port(process: asyncio.subprocess.Process, log: Path) -> int:
    assert process.returncode is None, log.read_text()
    for line in log.read_text().splitlines():
        if '"started"' in line:
            found: int = json.loads(line)["port"]
            return found
    return 0


async def test_killed_after_commit_the_retry_gets_the_same_answer_and_one_effect(surroundings: Surroundings) -> None:
    async with a_toy(surroundings, "--role", "web", FAILPOINT="api.after_commit:kill") as toy:
        with pytest.raises(httpx.TransportError):
            await toy.put("kurv", "k")
        assert await toy.process.wait() == -signal.SIGKILL

    async with a_toy(surroundings, "--role", "web") as toy:
        answer = await toy.put("kurv", "k")
        again = await toy.put("kurv", "k")

    assert answer.status_code == again.status_code == 201
    assert answer.headers["idempotency-replayed"] == "true"
    assert answer.content == again.content
    connection = await asyncpg.connect(surroundings.database.url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM things") == 1
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 1
    finally:
        await connection.close()


async def test_it_becomes_ready_and_sends_what_it_told_and_drains_when_asked(surroundings: Surroundings) -> None:
    async with a_toy(surroundings) as toy:
        await eventually(toy.ready, 30)
        assert (await toy.client.get("/livez")).text == "alive\n"
        assert "tovholder_http_answers_total" in (await toy.client.get("/metrics")).text

        async with _held(surroundings):
            asking = asyncio.create_task(toy.put("held"))
            await eventually(lambda: _under_way(surroundings), 10)
            toy.process.send_signal(signal.SIGTERM)
            await eventually(toy.stopping, 10)
            assert not asking.done()
        assert (await asking).status_code == 201, "a request that is under way is answered"
        assert await asyncio.wait_for(toy.process.wait(), 30) == 0

        assert psutil.pid_exists(toy.process.pid) is False
        assert [line["event"] for line in toy.lines() if line["event"] in {"started", "stopped"}] == [
            "started",
            "stopped",
        ]
        assert not [line for line in toy.lines() if line["level"] in {"error", "critical"}]
    connection = await asyncpg.connect(surroundings.database.url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM outbox") == 0, "the relay sends what is left"
        assert await connection.fetchval("SELECT count(*) FROM outbox_sent") == 1
    finally:
        await connection.close()


@asynccontextmanager
async def _held(around: Surroundings) -> AsyncIterator[None]:
    """What is called `held` is under way as long as this lasts."""
    connection = await asyncpg.connect(around.database.admin_url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", HELD)
        yield
    finally:
        await connection.close()


async def _under_way(around: Surroundings) -> bool:
    connection = await asyncpg.connect(around.database.admin_url)
    try:
        found: bool = await connection.fetchval(
            "SELECT count(*) > 0 FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        return found
    finally:
        await connection.close()


async def test_it_is_small(surroundings: Surroundings) -> None:
    async with a_toy(surroundings) as toy:
        await eventually(toy.ready, 30)
        for number in range(200):
            await toy.put(f"t{number}", f"k{number}")
        assert psutil.Process(toy.process.pid).memory_info().rss <= 150 * MIB


async def test_nothing_secret_and_nobody_stands_in_the_log(surroundings: Surroundings) -> None:
    async with a_toy(surroundings, "--role", "web") as toy:
        await toy.put("nicoline@kommune.example")
        await toy.client.get("/ting/hemmelig/et-hemmeligt-link?token=hemmeligt")
        await toy.client.get("/fejl")
        await toy.put("bug")
        text = toy.log.read_text()
        assert len(toy.lines()) >= 5
    for secret in (
        STAFF_TOKEN,
        "kommune.example",
        "hemmeligt-link",
        "hemmeligt",
        surroundings.database.url,
        "test-only",
    ):
        assert secret not in text
    assert '"route": "/ting/hemmelig/{token}"' in text


async def test_the_names_of_the_environments_tokens_are_kept_from_the_start_on(surroundings: Surroundings) -> None:
    sql = "SELECT name FROM clients WHERE in_environment ORDER BY name"
    connection = await asyncpg.connect(surroundings.database.url)
    try:
        async with a_toy(surroundings, TOVHOLDER_API_TOKENS=TOKENS.partition(",")[0]):
            assert [row["name"] for row in await connection.fetch(sql)] == ["staff"]
        # Only who answers by them says which there are.
        async with a_toy(surroundings, "--role", "worker", TOVHOLDER_API_TOKENS=""):
            assert [row["name"] for row in await connection.fetch(sql)] == ["staff"]
        await connection.execute("UPDATE clients SET scopes = '{toy.things}'")
        async with a_toy(surroundings) as toy:
            assert [row["name"] for row in await connection.fetch(sql)] == ["reader", "writer"]
            assert (await toy.put("kurv")).status_code == 401
            (said,) = (line for line in toy.lines() if line["event"] == "token_name_taken")
            assert (said["who"], said["alarm"]) == (["token/staff"], True)
    finally:
        await connection.close()


async def test_who_asked_and_who_was_refused_stands_in_the_log(surroundings: Surroundings) -> None:
    token = {"Authorization": "Bearer guessed-token"}
    reader = {"Authorization": f"Bearer {READER_TOKEN}"}
    async with a_toy(surroundings, "--role", "web") as toy:
        await toy.client.get("/api/toy/things", headers=reader)
        await toy.client.post("/api/toy/things", headers=reader)
        await toy.client.get("/api/toy/things", headers=token)
        await toy.client.get("/api/toy/things", headers={"Authorization": ""})
        await toy.client.post("/events", headers=reader)
        await toy.client.post("/ting", headers={"Origin": "http://evil.example"})
        # A request is logged once it has been answered.
        await eventually(
            lambda: [line["event"] for line in toy.lines()].count("request") == 6, because="all are logged"
        )
        lines, text = toy.lines(), toy.log.read_text()
    refused = [(line["code"], line["route"], line.get("who")) for line in lines if line["event"] == "access_refused"]
    assert refused == [
        ("forbidden", "/api/toy/things", "token/reader"),
        ("unauthorized", "/api/toy/things", None),
        ("unauthorized", "/api/toy/things", None),
        ("forbidden", "/events", "token/reader"),
        ("cross_site", "/ting", None),
    ]
    asked = [line.get("who") for line in lines if line["event"] == "request"]
    assert asked == ["token/reader", "token/reader", None, None, "token/reader", None]
    assert "guessed-token" not in text


AMBIGUOUS = {
    "two lengths": "Content-Length: 4\r\nContent-Length: 40\r\n\r\nabcd",
    "a length with a sign": "Content-Length: +4\r\n\r\nabcd",
    "both": "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nabcd",
    "an unknown encoding": "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a chunk of a negative length": "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
}


async def test_where_a_request_ends_is_never_a_matter_of_opinion(surroundings: Surroundings) -> None:
    """What two readers would end in different places is refused, and nothing after it is read."""
    hidden = "GET /livez HTTP/1.1\r\nHost: toy\r\n\r\n"
    async with a_toy(surroundings, "--role", "web") as toy:
        for what, lines in AMBIGUOUS.items():
            reader, writer = await asyncio.open_connection("127.0.0.1", toy.client.base_url.port)
            writer.write(f"POST /nowhere HTTP/1.1\r\nHost: toy\r\n{lines}{hidden}".encode())
            writer.write_eof()
            answered = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            assert answered.startswith(b"HTTP/1.1 4"), what
            assert b"alive" not in answered, what


async def test_nobody_is_told_their_own_request_nor_shown_a_folder(surroundings: Surroundings) -> None:
    async with a_toy(surroundings, "--role", "web") as toy:
        for path in ("/ting", "/livez", "/api/toy/things", "/events", "/static/tovholder/tovholder.css"):
            assert (await toy.client.request("TRACE", path)).status_code == 405, path
        for path in ("/static/", "/static/tovholder/", "/static/tovholder/..%2f..%2fpages.py", "/.git/config"):
            assert (await toy.client.get(path)).status_code == 404, path


async def test_it_says_why_it_is_not_ready(surroundings: Surroundings) -> None:
    async with a_toy(surroundings, "--role", "web", TOVHOLDER_KAFKA="127.0.0.1:1") as toy:
        answer = await toy.client.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            503,
            {"service": "toy", "ready": False, "reasons": ["kafka: unreachable"]},
        )
        assert (await toy.client.get("/livez")).status_code == 200
        assert (await toy.put("kurv")).status_code == 201, "a broker that is away stops nobody from signing up"


async def test_a_failing_timer_takes_readiness_away(surroundings: Surroundings) -> None:
    await surroundings.arm("ring", "bad")
    async with a_toy(surroundings, "--role", "worker") as toy:
        await eventually(lambda: _not_ready(toy, "timers: failing: ring bad"), 30)
        assert [line for line in toy.lines() if line["event"] == "timer_failed" and line["alarm"]]


async def test_a_timer_that_a_newer_version_armed_is_noted_and_turns_nobody_away(surroundings: Surroundings) -> None:
    await surroundings.arm("newer", "x")
    async with a_toy(surroundings, "--role", "worker") as toy:
        noted = {"service": "toy", "ready": True, "reasons": [], "notes": ["timers: unknown to this version: newer"]}
        await eventually(lambda: _says(toy, noted), 30)
        assert "tovholder_timers_unknown 1.0" in (await toy.client.get("/metrics")).text


async def _says(toy: Toy, said: dict[str, Any]) -> bool:
    return bool((await toy.client.get("/readyz")).json() == said)


async def _not_ready(toy: Toy, reason: str) -> bool:
    return (await toy.client.get("/readyz")).json()["reasons"] == [reason]


async def test_a_database_that_goes_away_is_a_503_and_then_all_is_well(surroundings: Surroundings) -> None:
    async with a_toy(surroundings, "--role", "web") as toy:
        async with surroundings.without_a_database():
            answer = await toy.put("kurv")
            assert answer.status_code == 503, answer.text
            assert answer.headers["retry-after"]
            assert (await toy.client.get("/readyz")).json()["reasons"]
            assert (await toy.client.get("/livez")).status_code == 200
        await eventually(toy.ready, 20)
        assert (await toy.put("kurv")).status_code == 201


async def test_an_older_schema_is_refused_in_a_sentence(surroundings: Surroundings, database: MakeDatabase) -> None:
    empty = await database()
    told = {"TOVHOLDER_DATABASE_URL": empty.url, "TOVHOLDER_MIGRATION_URL": empty.owner_url}
    status, _, said = await surroundings.command(**told)
    assert status == 1
    assert said.strip() == "toy: the database has no tables yet. Run: python -m services.toy migrate"

    await migrate(empty.owner_url, [SHARED], "test_any")
    status, _, said = await surroundings.command(**told)
    assert (status, "toy is at 0, needed is 1" in said) == (1, True)

    status, said, _ = await surroundings.command("migrate", **told)
    assert (status, said) == (0, "applied toy/0001_things\n")
    status, said, _ = await surroundings.command("migrate", **told)
    assert (status, said) == (0, "")


@pytest.mark.parametrize("words", [(), ("migrate",), ("dlq", "list"), ("why", "some-id")], ids=" ".join)
async def test_a_database_that_does_not_let_us_in_is_one_sentence(
    surroundings: Surroundings, words: tuple[str, ...]
) -> None:
    url = surroundings.database.url.replace("://", "://nobody:hemmeligt@", 1)
    url = re.sub(r"nobody:hemmeligt@[^/]*@", "nobody:hemmeligt@", url)
    told = {"TOVHOLDER_DATABASE_URL": url, "TOVHOLDER_MIGRATION_URL": url}
    status, out, said = await surroundings.command(*words, **told)
    assert (status, out, len(said.splitlines())) == (1, "", 1), said
    assert said.startswith("toy: ")
    assert "hemmeligt" not in said


async def test_a_row_that_cannot_be_read_is_not_told_as_a_wrong_environment(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Row(BaseModel):
        lines: int

    monkeypatch.setitem(SERVICE.commands, "look", lambda _: Row.model_validate({"lines": "x"}) and 0)
    with pytest.raises(ValidationError, match="Row"):
        await surroundings.command("look")


@pytest.mark.parametrize("number", ["0", "9223372036854775808", "x"])
async def test_a_number_that_no_row_has_is_a_slip_of_the_pen(surroundings: Surroundings, number: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        await surroundings.command("dlq", "retry", number)


async def test_a_wrong_environment_is_refused_without_its_secrets(surroundings: Surroundings) -> None:
    status, _, said = await surroundings.command(TOVHOLDER_API_TOKENS="admin:hemmeligt", TOVHOLDER_HTTP_PORT="x")

    assert status == 1
    assert "TOVHOLDER_API_TOKENS" in said
    assert "TOVHOLDER_HTTP_PORT" in said
    assert "hemmeligt" not in said


async def test_commands_of_its_own_and_what_it_knows(surroundings: Surroundings) -> None:
    assert (await surroundings.command("count", "a", "b"))[0] == 2
    async with a_toy(surroundings, "--role", "web") as toy:
        await toy.put("kurv")
    connection = await asyncpg.connect(surroundings.database.url)
    try:
        told = await connection.fetchval("SELECT event_id FROM outbox")
    finally:
        await connection.close()

    status, said, _ = await surroundings.command("why", "kurv")
    known = json.loads(said)
    assert status == 0
    assert known["effect"] == {
        "kind": "ting",
        "title": "Tingen kurv",
        "correlation_id": "c",
        "causation_id": "e-1",
        "actor": "token/staff",
    }

    known = json.loads((await surroundings.command("why", told))[1])
    assert known["told"][0]["type"] == "tovholder.enrollment.PersonErased.v1"
    assert known["told"][0]["actor"] == "token/staff"

    assert (await surroundings.command("why", "nobody"))[0] == 1
    assert await surroundings.command("dlq", "list") == (0, "", "toy: no dead letters, and no subject waits\n")
    status, _, said = await surroundings.command("dlq", "retry", "7")
    assert (status, said) == (1, "toy: nothing was changed: there is no dead letter 7\n")
    status, _, said = await surroundings.command("dlq", "retry-cause", "f00")
    assert (status, said) == (1, "toy: nothing was changed: there is no open dead letter with the fingerprint f00\n")
    status, _, said = await surroundings.command("dlq", "set-aside", "7")
    assert (status, said) == (1, "toy: nothing was changed: no reader stands before an event with the number 7\n")
    assert await surroundings.command("outbox", "list") == (0, "", "toy: no event that Kafka never takes\n")
    for act in ("show", "retry", "discard"):
        status, _, said = await surroundings.command("outbox", act, "7")
        assert (status, said) == (1, "toy: nothing was changed: no record 7 is held back\n")
    status, said, _ = await surroundings.command("replay", "--since", "2020-01-01")
    assert (status, json.loads(said)["replayed"]) == (0, 1)


async def test_what_waits_is_listed_in_pages_and_a_cause_is_settled_by_the_count_that_was_told(
    surroundings: Surroundings,
) -> None:
    many = MOST + 2
    connection = await asyncpg.connect(surroundings.database.url)
    try:
        await connection.execute(
            """INSERT INTO dead_letters (consumer, topic, partition, "offset", headers, timestamp_ms, reason, detail,
                                         fingerprint, value)
               SELECT $2 || 'tovholder.toy', 'tovholder.toy', 0, n, '[]', n, 'bad_json', 'x', 'f00', '{'
               FROM generate_series(1, $1::integer) AS n""",
            many,
            surroundings.environment["TOVHOLDER_PREFIX"],
        )
        await connection.execute(
            """INSERT INTO outbox_dead (id, event_id, source, topic, key, sequence, type, payload, correlation_id,
                                        occurred_at, created_at, reason)
               SELECT n, 'w' || n, 'any', 'tovholder.toy', 'w' || n, 1, 'any', 'x', 'c', now(), now(), 'large'
               FROM generate_series(1, $1::integer) AS n""",
            many,
        )
    finally:
        await connection.close()

    async def listed(*command: str) -> list[dict[str, Any]]:
        status, said, _ = await surroundings.command(*command)
        assert status == 0
        return [json.loads(line) for line in said.splitlines()]

    for what in ("dlq", "outbox"):
        *first, more = await listed(what, "list")
        of = more["of"]
        assert more == {"kind": "next", "of": of, "cursor": more["cursor"]}
        rest = await listed(what, "list", more["cursor"])
        assert {one["kind"] for one in rest} == {of}
        assert [one["id"] for one in (*first, *rest) if one["kind"] == of] == list(range(1, many + 1))
        for cursor in ("WyJlbnJvbG1lbnRzIl0", "x", base64.urlsafe_b64encode(f'["{of}","x","y"]'.encode()).decode()):
            status, _, said = await surroundings.command(what, "list", cursor)
            assert (status, said) == (1, "toy: nothing was changed: this is no cursor of these lists\n")

    told = f"{many} dead letters up to number {many} have this fingerprint, and 0 events wait behind them"
    for given in ((), (str(many),), (str(many - 1), str(many))):
        status, _, said = await surroundings.command("dlq", "discard-cause", "f00", *given)
        assert (status, told in said) == (1, True)
    status, said, _ = await surroundings.command("dlq", "discard-cause", "f00", str(many), str(many))
    assert (status, json.loads(said)["settled"]) == (0, many)
