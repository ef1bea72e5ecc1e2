"""The whole installation as `tovholder up` starts it: who may say what on Kafka, and what comes of a forgery.

A forged MunicipalityEnrolled would be invoiced to a municipality and mailed to the forger. It is told by another system
that has a login of its own, and by nobody; and what that system may tell is believed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from typer.testing import CliRunner, Result

from deploy.local import cli
from deploy.local.simulation import Simulation
from deploy.local.stack import Stack, kafka_as
from shared.messaging.kafka import client_options
from tests.support import external_producer as crm
from tests.support.eventually import eventually
from tests.support.facts import COMMAND_EXAMPLES, cloud_event

ENROLLMENT, OWN = "tovholder.enrollment", "tovholder.enrollment.from.kommune-crm"
OURS = "/tovholder/enrollment"
BEGINNING, FEES_DUE = datetime(2020, 6, 2, 8, tzinfo=UTC), datetime(2020, 9, 1, 6, tzinfo=UTC)
READERS = ("invoicing", "notifications", "scheduling")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    living = Stack(tmp_path_factory.mktemp("believed") / "data", simulated_start=BEGINNING, made_by="demo")
    await asyncio.to_thread(living.start)
    try:
        yield living
    finally:
        await asyncio.to_thread(living.stop)


async def tovholder(stack: Stack, *arguments: str, given: Any = None) -> Result:
    """A command, asked of what runs."""
    words = [*arguments, "--data-dir", stack.addresses.data_dir]
    said = None if given is None else json.dumps(given)
    return await asyncio.to_thread(CliRunner().invoke, cli.app, words, said)


async def rows(stack: Stack, service: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(stack.addresses.databases[service])
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def put(stack: Stack, who: str, topic: str, event: dict[str, Any]) -> None:
    async with AIOKafkaProducer(**client_options(kafka_as(stack.addresses, who))) as producer:
        await producer.send_and_wait(topic, json.dumps(event).encode(), key=event["subject"].encode())


async def buried(stack: Stack, count: int) -> None:
    """Every reader of enrolments has so many dead letters."""

    async def are() -> bool:
        found = [await rows(stack, name, "SELECT reason FROM dead_letters") for name in READERS]
        return all(reasons == ["not_granted"] * count for reasons in found)

    await eventually(are, 60, because=f"each reader has {count} dead letters")


async def test_a_forged_enrolment_is_neither_invoiced_nor_mailed_and_a_true_one_is_both(stack: Stack) -> None:
    may = ("--may", "enrollment", "--source", crm.SOURCE)
    added = await tovholder(stack, "producer", "add", crm.NAME, *may, "--json")
    assert added.exit_code == 0, added.output
    forged = crm.enrolled("0461", event_id="forged")
    forged["data"] = {**forged["data"], "owner": OURS}
    forged["data"]["programme"] = {**forged["data"]["programme"], "owner": OURS}
    forged["source"] = OURS

    # By nobody: there is no way in without a name.
    producer = AIOKafkaProducer(bootstrap_servers=stack.addresses.kafka)
    with pytest.raises(KafkaError):
        await producer.start()
    await producer.stop()
    # By another system: Kafka refuses the topic that is not its own; in its own nobody believes it.
    with pytest.raises(TopicAuthorizationFailedError):
        await put(stack, f"from-{crm.NAME}", ENROLLMENT, forged)
    await put(stack, f"from-{crm.NAME}", OWN, forged)
    await buried(stack, 1)
    # As a person who follows the documentation would send it.
    bold = await tovholder(stack, "producer", "add", "other", "--may", "enrollment", "--source", OURS)
    assert "vore egne" in str(bold.exception)
    nobody = await tovholder(stack, "emit", "-", given=crm.enrolled("0461"))
    assert "--as NAVN" in str(nobody.exception)
    asked = cloud_event(COMMAND_EXAMPLES[0], sequence=None) | {"source": crm.SOURCE}
    beyond = await tovholder(stack, "emit", "-", "--as", crm.NAME, given=asked)
    assert "--may intake" in str(beyond.exception)

    async with Simulation(
        stack.addresses.services, kafka_as(stack.addresses), token=stack.addresses.api_token
    ) as simulation:
        await simulation.also_watch([OWN])
        true = await tovholder(stack, "emit", "-", "--as", crm.NAME, given=crm.enrolled("0461", event_id="true"))
        assert true.exit_code == 0, true.output
        await simulation.quiet()
        assert await rows(stack, "invoicing", "SELECT state FROM claims") != []
        await simulation.advance(FEES_DUE)
        await simulation.quiet()
    assert await rows(stack, "invoicing", "SELECT net_ore FROM invoices") == [1_950_000]
    mailed = set(await rows(stack, "notifications", "SELECT template FROM messages WHERE template <> 'digest'"))
    assert mailed == {"place_confirmed", "invoice"}
    for name in READERS:
        assert await rows(stack, name, "SELECT reason FROM dead_letters") == ["not_granted"]
        assert await rows(stack, name, "SELECT subject FROM parked_keys") == []


async def test_what_was_granted_outlives_kafka_and_its_readers(stack: Stack) -> None:
    for name in ("kafka", *READERS):
        falls = stack.supervisor.state(name).falls
        stack.kill(name)
        await asyncio.to_thread(stack.supervisor.wait_for_fall, name, falls + 1)
    await asyncio.to_thread(stack.wait_until_ready)
    before = await rows(stack, "invoicing", "SELECT enrolment_id FROM claims")
    await put(stack, f"from-{crm.NAME}", OWN, crm.enrolled("0259"))

    async def claimed() -> bool:
        return len(await rows(stack, "invoicing", "SELECT enrolment_id FROM claims")) == len(before) + 1

    await eventually(claimed, 60, because="the other system's enrolment is claimed")
    listed = await tovholder(stack, "producer", "list")
    assert listed.stdout == f"kommune-crm  enrollment  som {crm.SOURCE}\n"
    assert (await tovholder(stack, "producer", "remove", crm.NAME)).exit_code == 0
    assert (await tovholder(stack, "producer", "list")).stdout == ""


def test_no_password_stands_in_a_log_a_command_or_an_open_file(stack: Stack) -> None:
    data_dir = Path(stack.addresses.data_dir)
    secrets = list((data_dir / "secrets").glob("kafka-*"))
    passwords = [file.read_text().encode() for file in secrets]
    assert len(passwords) > 15
    assert {file.stat().st_mode & 0o777 for file in secrets} == {0o600}
    readable = [file for file in data_dir.rglob("*") if file.is_file() and data_dir / "secrets" not in file.parents]
    for file in readable:
        if file.suffix in {".log", ".properties", ".json"}:
            content = file.read_bytes()
            assert not any(password in content for password in passwords), file
    for state in stack.states():
        if state.pid is not None:
            command = Path(f"/proc/{state.pid}/cmdline").read_bytes()
            assert not any(password in command for password in passwords), state.name
