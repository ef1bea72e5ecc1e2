"""From a sign-up's answer to its claim row and its receipt mail, at ten sign-ups a second, on the whole stack.

Open loop: each sign-up is sent when its time has come, whatever became of those before it. The mail server is this
process, so that a mail's arrival is timed where it arrives. Each service's resident memory is read at the end.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
from aiosmtpd.controller import Controller

from bench.harness import Row, step
from deploy.local.locations import ROOT
from deploy.local.ports import HOST, free_ports
from deploy.local.stack import Addresses, Stack

PROGRAMME = "netvaerk-kommunal-ungeindsats"
PER_SECOND = 10
SIGN_UPS = 392
WARM_UP = 40
LOOK_S = 0.004
DEADLINE_S = 60.0
P50_MS, P99_MS = 100.0, 300.0
MEMORY_MB = 150


class Arrivals:
    """Notes when each recipient's mail has been taken in whole."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        now = time.perf_counter()
        for recipient in envelope.rcpt_tos:
            self.at.setdefault(recipient, now)
        return "250 OK"


async def _prepare(client: httpx.AsyncClient) -> list[str]:
    """As many copies of the programme as the sign-ups need; their ids."""
    text = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
    ids = []
    for number in range(-(-SIGN_UPS // 98)):
        ids.append(f"{PROGRAMME}-{number}")
        copy = text.replace(f"id: {PROGRAMME}\n", f"id: {ids[-1]}\n", 1)
        answer = await client.post(
            "/api/enrollment/programmes", json={"file": copy}, headers={"Idempotency-Key": f"publish-{number}"}
        )
        answer.raise_for_status()
    return ids


async def _sign_up(client: httpx.AsyncClient, number: int, programme: str, code: str, answered: dict[str, Any]) -> None:
    email = f"kontakt{number}@kommune.example"
    body = {
        "programme_id": programme,
        "organisation_code": code,
        "contact_name": "Asta Eksempelsen",
        "contact_email": email,
    }
    answer = await client.post(
        "/api/enrollment/enrolments", json=body, headers={"Idempotency-Key": f"sign-up-{number}"}
    )
    answer.raise_for_status()
    answered[email] = (answer.json()["enrolment_id"], time.perf_counter())


async def _watch_claims(url: str, seen: dict[str, float], enough: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        while len(seen) < enough:
            rows = await connection.fetch(
                "SELECT enrolment_id FROM claims WHERE NOT enrolment_id = ANY ($1::text[])", list(seen)[-500:]
            )
            now = time.perf_counter()
            for row in rows:
                seen.setdefault(row[0], now)
            await asyncio.sleep(LOOK_S)
    finally:
        await connection.close()


async def _measure(addresses: Addresses, arrivals: Arrivals) -> list[float]:
    """Milliseconds from each answer to the later of claim and mail, in the order of the sign-ups."""
    municipalities = (ROOT / "programmes" / "municipalities.csv").read_text(encoding="utf-8")
    codes = [row["code"] for row in csv.DictReader(io.StringIO(municipalities), delimiter=";")]
    answered: dict[str, tuple[str, float]] = {}
    claimed: dict[str, float] = {}
    headers = {"Authorization": f"Bearer {addresses.api_token}"}
    async with httpx.AsyncClient(base_url=addresses.gateway, headers=headers, timeout=30.0, trust_env=False) as client:
        programmes = await _prepare(client)
        watching = asyncio.create_task(_watch_claims(addresses.databases["invoicing"], claimed, SIGN_UPS))
        began = time.perf_counter()
        sending = []
        for number in range(SIGN_UPS):
            await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            programme, code = programmes[number // len(codes)], codes[number % len(codes)]
            sending.append(asyncio.create_task(_sign_up(client, number, programme, code, answered)))
        await asyncio.gather(*sending)
        await asyncio.wait_for(watching, DEADLINE_S)
        until = time.perf_counter() + DEADLINE_S
        while not answered.keys() <= arrivals.at.keys() and time.perf_counter() < until:
            await asyncio.sleep(LOOK_S)
    assert len(answered) == len(claimed) == SIGN_UPS, (len(answered), len(claimed))
    missing = answered.keys() - arrivals.at.keys()
    assert not missing, f"{len(missing)} receipts did not arrive"
    return [
        max(claimed[enrolment] - at, arrivals.at[email] - at, 0.0) * 1000 for email, (enrolment, at) in answered.items()
    ]


async def run() -> list[Row]:
    step(f"latency: {SIGN_UPS} sign-ups, {PER_SECOND} a second, on the whole stack")
    (port,) = free_ports(1)
    arrivals = Arrivals()
    controller = Controller(arrivals, hostname=HOST, port=port)
    controller.start()
    try:
        with tempfile.TemporaryDirectory(prefix="tovholder-bench-", ignore_cleanup_errors=True) as folder:
            stack = Stack(
                Path(folder) / "data",
                simulated_start=datetime(2020, 6, 16, 7, tzinfo=UTC),
                env={"notifications": {"TOVHOLDER_SMTP": f"{HOST}:{port}"}},
            )
            async with stack:
                taken = sorted((await _measure(stack.addresses, arrivals))[WARM_UP:])
                memory = {name: psutil.Process(stack.pid(name)).memory_info().rss / 2**20 for name in stack.services}
    finally:
        controller.stop()
    p50, p99 = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
    return [
        Row("sign-up answered → claim and receipt, p50", p50, "ms", target=f"≤ {P50_MS:.0f}", reached=p50 <= P50_MS),
        Row("sign-up answered → claim and receipt, p99", p99, "ms", target=f"≤ {P99_MS:.0f}", reached=p99 <= P99_MS),
        *(
            Row(f"resident memory of {name}", used, "MB", target=f"≤ {MEMORY_MB}", reached=used <= MEMORY_MB)
            for name, used in memory.items()
        ),
    ]
