"""Sign-ups over HTTP at a web role, everything durable: those that arrive together share a transaction, or none does.

Closed loop: each client sends its next sign-up when it has the answer to the one before. The two services run side by
side on databases of their own and are asked in turn, so that whatever the machine does meets both. Transactions are the
COMMIT records in PostgreSQL's log while a stretch is measured: what was made durable, and nothing else. Nobody sends
what was told: a relay would take the machine that is measured.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import itertools
import json
import os
import re
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import asyncpg
import httpx

from bench.harness import Row, Servers, step
from deploy.local import process
from deploy.local.locations import ROOT
from deploy.local.ports import HOST, free_ports
from deploy.local.process import Command
from tests.support.servers import Database

PROGRAMME = "netvaerk-kommunal-ungeindsats"
CLIENTS = (1, 8, 64)
MANY = 50
ROUNDS = 3
STRETCH_S = 1.0
WARM_UP_S = 1.0
READY_S = 60.0
ORGANISATIONS = 5_000
"""More than one programme is asked by in a stretch."""
RATE, TRANSACTIONS, ALONE = 3.0, 0.1, 1.2
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
MODULES = {"together": "services.enrollment", "alone": "bench.one_by_one"}


@dataclass(slots=True)
class Stretch:
    """What one measured while so many clients asked."""

    seconds: float
    taken: list[float] = field(default_factory=list)
    """Seconds of each sign-up."""
    commits: int = 0

    @property
    def rate(self) -> float:
        return len(self.taken) / self.seconds

    @property
    def per_sign_up(self) -> float:
        return self.commits / len(self.taken)


@dataclass(slots=True)
class Service:
    """A web role of its own, and how many have signed up at it so far."""

    port: int
    token: str
    database: Database
    codes: list[str]
    named: itertools.count[int] = field(default_factory=itertools.count)
    used: dict[str, int] = field(default_factory=dict)
    signed_up: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def publish(self, count: int) -> list[str]:
        """New programmes, without a limit; their ids."""
        text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
        ids = [f"{PROGRAMME}-{next(self.named)}" for _ in range(count)]
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30.0) as client:
            for one in ids:
                answer = await client.post(
                    "/api/enrollment/programmes",
                    json={"file": text.replace(f"id: {PROGRAMME}\n", f"id: {one}\n", 1)},
                    headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"publish-{one}"},
                )
                answer.raise_for_status()
        return ids

    def wishes(self, programmes: list[str]) -> Iterator[bytes]:
        """Each of another (programme, municipality), and none that was asked for before: the programmes take turns."""
        for programme in itertools.cycle(programmes):
            number = self.used[programme] = self.used.get(programme, -1) + 1
            yield self._request(programme, self.codes[number])

    def _request(self, programme: str, code: str) -> bytes:
        body = json.dumps(
            {
                "programme_id": programme,
                "organisation_code": code,
                "contact_name": "Asta Eksempelsen",
                "contact_email": f"kontakt{code}@kommune.example",
            }
        ).encode()
        head = (
            f"POST /api/enrollment/enrolments HTTP/1.1\r\nHost: {HOST}:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\nIdempotency-Key: {programme}-{code}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class _Line:
    """One connection; an HTTP client for all occasions would take the machine that is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def sign_up(self, wish: bytes) -> float:
        """Seconds until it is answered yes."""
        began = time.perf_counter()
        self._writer.write(wish)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        body = await self._reader.readexactly(int(length[1]) if length else 0)
        assert head.startswith(b"HTTP/1.1 201 "), head + body
        return time.perf_counter() - began


@asynccontextmanager
async def _line(service: Service) -> AsyncIterator[_Line]:
    reader, writer = await asyncio.open_connection(HOST, service.port)
    try:
        yield _Line(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


async def _client(service: Service, wishes: Iterator[bytes], until: float, taken: list[float]) -> None:
    async with _line(service) as line:
        while time.perf_counter() < until:
            taken.append(await line.sign_up(next(wishes)))


async def _in_turn(services: dict[str, Service], programmes: dict[str, list[str]]) -> dict[str, Stretch]:
    """One client alone, that asks the one and then the other: what else the machine does meets both alike."""
    stretches = {who: Stretch(0.0) for who in services}
    wishes = {who: service.wishes(programmes[who]) for who, service in services.items()}
    async with AsyncExitStack() as stack:
        lines = {who: await stack.enter_async_context(_line(service)) for who, service in services.items()}
        until = time.perf_counter() + STRETCH_S * len(services)
        while time.perf_counter() < until:
            for who, line in lines.items():
                stretches[who].taken.append(await line.sign_up(next(wishes[who])))
    for who, one in stretches.items():
        one.seconds = sum(one.taken)
        services[who].signed_up += len(one.taken)
    return stretches


async def _ask(service: Service, programmes: list[str], clients: int, seconds: float) -> Stretch:
    wishes = service.wishes(programmes)
    measured = Stretch(seconds)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_client(service, wishes, began + seconds, measured.taken))
    measured.seconds = time.perf_counter() - began
    service.signed_up += len(measured.taken)
    return measured


async def _measure(servers: Servers, service: Service, programmes: list[str], clients: int) -> Stretch:
    connection = await asyncpg.connect(service.database.admin_url)
    try:
        here = "SELECT pg_current_wal_insert_lsn()::text"
        begin = await connection.fetchval(here)
        measured = await _ask(service, programmes, clients, STRETCH_S)
        end = await connection.fetchval(here)
    finally:
        await connection.close()
    measured.commits = servers.commits(begin, end)
    return measured


async def _organisations(database: Database) -> list[str]:
    """The municipalities, and as many others as it takes; their codes."""
    known = (ROOT / "programmes" / "municipalities.csv").read_text(encoding="utf-8")
    codes = [row["code"] for row in csv.DictReader(io.StringIO(known), delimiter=";")]
    connection = await asyncpg.connect(database.admin_url)
    try:
        found = {name: await connection.fetchval(f"SHOW {name}") for name in DURABLE}
        assert found == DURABLE, found
        await connection.execute(
            """
            INSERT INTO organisations (code, kind, name, sort_key)
            SELECT 'x' || n, 'other', 'Organisation ' || n, n::text FROM generate_series(1, $1::integer) AS n
            """,
            ORGANISATIONS,
        )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return codes + [f"x{number}" for number in range(1, ORGANISATIONS + 1)]


@asynccontextmanager
async def _running(servers: Servers, module: str, folder: Path) -> AsyncIterator[Service]:
    database = await servers.fresh("enrollment")
    codes = await _organisations(database)
    (port,) = free_ports(1)
    token = secrets.token_hex(16)
    command = Command(
        argv=(sys.executable, "-m", module, "--role", "web"),
        log=folder / f"{module}.log",
        env={
            "TOVHOLDER_DATABASE_URL": database.url,
            "TOVHOLDER_KAFKA": servers.kafka,
            "TOVHOLDER_HTTP_HOST": HOST,
            "TOVHOLDER_HTTP_PORT": str(port),
            "TOVHOLDER_API_TOKENS": f"bench:{hashlib.sha256(token.encode()).hexdigest()}",
            "TOVHOLDER_LINK_KEY_FILE": os.environ["TOVHOLDER_LINK_KEY_FILE"],
            "TOVHOLDER_SIMULATED_START": "2020-06-02T08:00:00+00:00",
        },
        cwd=ROOT,
    )
    running = process.start(command)
    service = Service(port, token, database, codes)
    try:
        await _ready(service, command)
        yield service
    except BaseException:
        print(process.last_lines(command.log), file=sys.stderr)
        raise
    finally:
        process.stop(running, command)


async def _ready(service: Service, command: Command) -> None:
    until = time.perf_counter() + READY_S
    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as client:
        while True:
            try:
                if (await client.get("/readyz")).is_success:
                    return
            except httpx.HTTPError:
                pass
            assert time.perf_counter() < until, process.last_lines(command.log)
            await asyncio.sleep(0.05)


async def _check_and_empty(service: Service) -> None:
    """Whoever was told yes has a place, and it was told once. What nobody sends is away before it is too old."""
    connection = await asyncpg.connect(service.database.admin_url)
    try:
        placed = await connection.fetchval("SELECT count(*) FROM enrolments WHERE state = 'enrolled'")
        told = "SELECT key FROM outbox WHERE type = 'tovholder.enrollment.MunicipalityEnrolled.v1'"
        service.told += [row["key"] for row in await connection.fetch(told)]
        assert len(set(service.told)) == len(service.told) == placed == service.signed_up, (placed, service.signed_up)
        await connection.execute("DELETE FROM outbox")
    finally:
        await connection.close()


Cells = dict[tuple[str, int, str], list[Stretch]]
"""Spread, clients and who → each round."""


async def _all(servers: Servers, services: dict[str, Service]) -> Cells:
    cells: Cells = {}
    fifty = {who: await service.publish(MANY) for who, service in services.items()}
    for who, service in services.items():
        await _ask(service, fifty[who], max(CLIENTS), WARM_UP_S)
    for number in range(ROUNDS):
        step(f"sign-ups: round {number + 1} of {ROUNDS}")
        order = dict(list(services.items())[:: 1 if number % 2 else -1])
        for clients in CLIENTS:
            hot = {who: await service.publish(1) for who, service in order.items()}
            for where, programmes in (("one", hot), ("fifty", fifty)):
                if clients == 1:
                    measured = await _in_turn(order, programmes)
                else:
                    measured = {
                        who: await _measure(servers, service, programmes[who], clients)
                        for who, service in order.items()
                    }
                for who, stretch in measured.items():
                    cells.setdefault((where, clients, who), []).append(stretch)
        for service in services.values():
            await _check_and_empty(service)
    return cells


def _rows(cells: Cells) -> list[Row]:
    rows: list[Row] = []
    for where, name in (("one", "one programme"), ("fifty", "fifty programmes")):
        for clients in CLIENTS:
            ours, alone = cells[where, clients, "together"], cells[where, clients, "alone"]
            ratios = [a.rate / b.rate for a, b in zip(ours, alone, strict=True)]
            ratio = median(ratios)
            hard = clients == max(CLIENTS)
            rows.append(
                Row(
                    f"sign-ups on {name}, {clients} at a time",
                    median(one.rate for one in ours),
                    "/s",
                    ratio,
                    f"a transaction each: {median(one.rate for one in alone):,.0f}/s, {_spread(alone)}",
                    f"≥ {RATE:.0f}" if hard else "",
                    ratio >= RATE if hard else None,
                    _spread(ours),
                    ratios,
                )
            )
        rows.append(_transactions(name, cells[where, max(CLIENTS), "together"], cells[where, max(CLIENTS), "alone"]))
        rows.append(_alone(name, cells[where, 1, "together"], cells[where, 1, "alone"]))
    return rows


def _transactions(name: str, ours: list[Stretch], alone: list[Stretch]) -> Row:
    ratios = [a.per_sign_up / b.per_sign_up for a, b in zip(ours, alone, strict=True)]
    ratio = median(ratios)
    return Row(
        f"transactions of 1,000 sign-ups on {name}, {max(CLIENTS)} at a time",
        1000 * median(one.per_sign_up for one in ours),
        "",
        ratio,
        f"a transaction each: {1000 * median(one.per_sign_up for one in alone):,.0f}",
        f"≤ {TRANSACTIONS}",
        ratio <= TRANSACTIONS,
        runs=ratios,
    )


def _alone(name: str, ours: list[Stretch], alone: list[Stretch]) -> Row:
    ratios = [median(a.taken) / median(b.taken) for a, b in zip(ours, alone, strict=True)]
    ratio = median(ratios)
    return Row(
        f"one client's p50 on {name}",
        1000 * median(median(one.taken) for one in ours),
        "ms",
        ratio,
        f"a transaction each: {1000 * median(median(one.taken) for one in alone):.1f} ms",
        f"≤ {ALONE}",
        ratio <= ALONE,
        runs=ratios,
    )


def _spread(stretches: list[Stretch]) -> str:
    taken = sorted(1000 * one for stretch in stretches for one in stretch.taken)
    p50, p95, p99 = (taken[min(len(taken) - 1, int(len(taken) * at))] for at in (0.5, 0.95, 0.99))
    return f"p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f} ms"


async def run(servers: Servers) -> list[Row]:
    step("sign-ups: two web roles start")
    with tempfile.TemporaryDirectory(prefix="tovholder-bench-", ignore_cleanup_errors=True) as folder:
        async with (
            _running(servers, MODULES["together"], Path(folder)) as together,
            _running(servers, MODULES["alone"], Path(folder)) as alone,
        ):
            return _rows(await _all(servers, {"together": together, "alone": alone}))
