"""The disk fills while people sign up, and is made free again: nobody is kept waiting for ever, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.local.locations import ROOT
from deploy.local.mail_guard import bearer
from deploy.local.stack import Stack, kafka_as_admin
from deploy.local.topics import make_topics
from shared.messaging.kafka import client_options
from tests.support.eventually import eventually
from tests.support.small_disk import NoDiskError, small_disk
from tests.support.stack import MUNICIPALITIES, PROGRAMME, START

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

DISK = "450M"
NOBODY_READS = "test.nobody.reads"
PATIENCE_S = 60
"""Of whoever asks: an answer that does not come within it never comes."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        with small_disk(folder, DISK) as there:
            yield there
    except NoDiskError as refused:
        pytest.fail(
            f"no disk could be filled, so that nobody knows what happens then: {refused}. Run this as root, or allow "
            "user namespaces (sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns)"
        )


@pytest.fixture
async def stack(disk: Path) -> AsyncIterator[Stack]:
    async with Stack(disk / "data", simulated_start=START) as living:
        yield living


def fill(disk: Path) -> Path:
    """To the last byte."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return ballast


class People:
    """Municipalities that sign up; each repeats its request with the same key until it is answered."""

    def __init__(self, stack: Stack, client: httpx.AsyncClient) -> None:
        self._stack = stack
        self._client = client
        self._codes = iter(MUNICIPALITIES)
        self.enrolled: dict[str, str] = {}
        """Whoever was told yes: enrolment by code."""

    async def ask(self, method: str, path: str, key: str, body: dict[str, Any]) -> httpx.Response | None:
        """None when nobody is there at the moment. Who is there answers."""
        addresses = self._stack.addresses
        headers = {"Authorization": f"Bearer {addresses.api_token}", "Idempotency-Key": key}
        try:
            return await self._client.request(
                method, f"{addresses.services['enrollment']}{path}", json=body, headers=headers
            )
        except httpx.ReadTimeout:
            pytest.fail(f"{path} was taken and never answered; /readyz says {await self.readiness()}")
        except httpx.TransportError:
            return None

    async def readiness(self) -> str:
        return (await self._client.get(f"{self._stack.addresses.services['enrollment']}/readyz")).text

    async def publish(self) -> None:
        file = (ROOT / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
        answer = await self.ask("POST", "/api/enrollment/programmes", "publish", {"file": file})
        assert answer is not None
        assert answer.is_success, answer.text

    async def sign_up(self, code: str) -> bool:
        """Whether it was told yes."""
        body = {
            "programme_id": PROGRAMME,
            "organisation_code": code,
            "contact_name": "Karen Kontakt",
            "contact_email": f"kontakt@k{code}.example",
            "billing": {"address": {"street": "Rådhuspladsen 1", "postcode": "9000", "city": "Prøveby"}},
        }
        answer = await self.ask("POST", "/api/enrollment/enrolments", f"sign-up-{code}", body)
        if answer is None or not answer.is_success:
            assert answer is None or answer.status_code >= 500, answer.text
            return False
        self.enrolled[code] = answer.json()["enrolment_id"]
        return True

    async def sign_up_until_one_is_turned_away(self) -> str:
        for code in itertools.islice(self._codes, 80):
            if not await self.sign_up(code):
                return code
        raise AssertionError("the disk is full, and nobody notices")

    async def sign_up_some(self, count: int) -> None:
        for code in itertools.islice(self._codes, count):
            await eventually(lambda code=code: self.sign_up(code), PATIENCE_S, every=0.2)  # type: ignore[misc]


async def write_until_it_falls(stack: Stack) -> None:
    """Kafka, by somebody else's records."""
    while not stack.supervisor.state("kafka").falls:
        producer = AIOKafkaProducer(
            **client_options(kafka_as_admin(stack.addresses)), request_timeout_ms=2_000, max_request_size=1 << 20
        )
        with contextlib.suppress(KafkaError):
            await producer.start()
            while not stack.supervisor.state("kafka").falls:
                await producer.send_and_wait(NOBODY_READS, os.urandom(500_000))
        with contextlib.suppress(KafkaError):
            await producer.stop()


async def test_who_signs_up_while_the_disk_is_full_is_answered_and_all_goes_on_when_it_is_not(
    stack: Stack, disk: Path
) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as client:
        people = People(stack, client)
        await make_topics(kafka_as_admin(stack.addresses), [NOBODY_READS], partitions=1)
        await people.publish()
        await people.sign_up_some(3)

        ballast = await asyncio.to_thread(fill, disk)
        turned_away = await people.sign_up_until_one_is_turned_away()
        during = len(people.enrolled)
        # The broker gives itself up, and cannot start again; everybody else waits and says so.
        await asyncio.gather(write_until_it_falls(stack), *(people.sign_up(turned_away) for _ in range(20)))
        await people.sign_up(turned_away)
        falls = {state.name: state.falls for state in stack.states() if state.falls}
        ballast.unlink()

        await eventually(lambda: people.sign_up(turned_away), PATIENCE_S * 2, every=0.5)
        await asyncio.to_thread(stack.wait_until_ready, deadline_s=120)
        await people.sign_up_some(3)
        print(f"told yes: {len(people.enrolled)}, {during} until the disk was full; falls: {falls}")  # noqa: T201

        connection = await asyncpg.connect(stack.addresses.databases["enrollment"])
        try:
            rows = await connection.fetch("SELECT id, organisation_code FROM enrolments WHERE state <> 'withdrawn'")
        finally:
            await connection.close()
        stored = {row["organisation_code"]: row["id"] for row in rows}
        assert {code: stored.get(code) for code in people.enrolled} == people.enrolled
        await eventually(lambda: _all_have_their_receipt(stack, client, people), 120, every=0.5)
    for service in stack.services:
        connection = await asyncpg.connect(stack.addresses.databases[service])
        try:
            assert await connection.fetch("SELECT reason, detail FROM dead_letters") == [], service
        finally:
            await connection.close()


async def _all_have_their_receipt(stack: Stack, client: httpx.AsyncClient, people: People) -> bool:
    at = stack.addresses
    mails = (await client.get(f"{at.mail}/api/messages", headers=bearer(at.mail_key))).json()
    found = mails["messages"] if isinstance(mails, dict) else mails
    told = [address for mail in found for address in mail["to"]]
    missing = [code for code in people.enrolled if f"kontakt@k{code}.example" not in told]
    assert not missing, f"no receipt for {missing}"
    return True
