"""The whole installation, with stand-ins for the services: it starts, heals, stops, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_UNIX
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.local import postgres, process, topics
from deploy.local import stack as local
from deploy.local.broker import Broker
from deploy.local.caddy import FRONT
from deploy.local.datadir import DataDir, Ports
from deploy.local.errors import StackError
from deploy.local.kafka import wait_until_usable
from deploy.local.locations import ROOT, service_names
from deploy.local.oidc.server import VARIABLES, Elsewhere
from deploy.local.stack import Stack, kafka_as
from shared.messaging.grants import read_grants
from shared.messaging.kafka import Kafka, client_options
from tests.support.certificates import make_certificates
from tests.support.eventually import eventually

HERE = Path(__file__).parent
START_DEADLINE_S = 60.0
pytestmark = pytest.mark.timeout(240)


def standin(_service: str) -> list[str]:
    return [sys.executable, str(HERE / "standin.py")]


def belonging_to(data_dir: Path) -> list[str]:
    """Every living process that was started for this data directory."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = [*one.cmdline(), *one.environ().values()]
            ours = any(str(data_dir) in word for word in words)
            if ours and one.pid != os.getpid() and one.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{one.pid} {' '.join(one.cmdline())[-80:]}")
    return found


def processes_of(stack: Stack) -> list[psutil.Process]:
    """Every server and service, and what they started themselves."""
    started = [psutil.Process(stack.pid(state.name)) for state in stack.states()]
    family = [one for parent in started for one in (parent, *parent.children(recursive=True))]
    return [one for one in family if one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    data_dir = tmp_path_factory.mktemp("stack") / "data"
    living = Stack(
        data_dir,
        service_command=standin,
        simulated_start=datetime(2020, 11, 1, tzinfo=UTC),
        seed=7,
        made_by="demo",
        env={"invoicing": {"STANDIN_CHILD_SLEEPS": "600"}},
    )
    async with living:
        yield living
    assert belonging_to(data_dir) == []


def get(url: str, patience: float = 10) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=patience)


def ask(url: str) -> str:
    return get(url).text


async def test_each_service_is_told_what_it_needs_and_no_more(stack: Stack) -> None:
    told = {name: json.loads(ask(f"{url}/environment")) for name, url in stack.addresses.services.items()}
    assert set(told) == set(service_names())
    mine = told["invoicing"]
    assert mine["TOVHOLDER_SIMULATED_START"] == "2020-11-01T00:00:00+00:00"
    assert mine["TOVHOLDER_SEED"] == "7"
    assert stack.addresses.api_token not in json.dumps(told)
    assert "TOVHOLDER_MIGRATION_URL" not in mine
    connection = await asyncpg.connect(mine["TOVHOLDER_DATABASE_URL"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("CREATE TABLE x (id int)")
    await connection.close()
    elsewhere = mine["TOVHOLDER_DATABASE_URL"].replace("/tovholder_invoicing", "/tovholder_enrollment")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(elsewhere)


async def test_the_front_service_alone_is_told_who_staff_sign_in_at(stack: Stack) -> None:
    told = {name: json.loads(ask(f"{url}/environment")) for name, url in stack.addresses.services.items()}
    named = {service: {name for name in one if "OIDC" in name} for service, one in told.items()}
    assert named.pop(FRONT) == {f"TOVHOLDER_OIDC_{name}" for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")}
    assert set(map(len, named.values())) == {0}
    mine = told[FRONT]
    said = get(f"{mine['TOVHOLDER_OIDC_ISSUER']}/.well-known/openid-configuration").json()
    assert said["issuer"] == mine["TOVHOLDER_OIDC_ISSUER"] == stack.addresses.oidc
    back = {"redirect_uri": f"{stack.addresses.gateway}/login/tilbage", "client_id": mine["TOVHOLDER_OIDC_CLIENT_ID"]}
    asked = {"response_type": "code", "scope": "openid", "code_challenge": "x" * 43, "code_challenge_method": "S256"}
    page = get(str(httpx.URL(said["authorization_endpoint"], params={**back, **asked})))
    assert "/log-ind/" in page.headers["Location"], "the client and where people reach it are known there"
    form = {"grant_type": "authorization_code", "code": "x", **back}
    auth = (mine["TOVHOLDER_OIDC_CLIENT_ID"], mine["TOVHOLDER_OIDC_CLIENT_SECRET"])
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(said["token_endpoint"], data=form, auth=auth)
    assert answer.json()["error"] == "invalid_grant", "it is the code that is wrong"
    file = stack.data_dir / "secrets" / "oidc-settings.json"
    assert json.loads(file.read_text())["back_channel"] == f"{stack.addresses.services[FRONT]}/login/oidc/logud"


async def test_a_provider_that_falls_is_started_again_with_the_same_people_and_keys(stack: Stack) -> None:
    keys = ask(f"{stack.addresses.oidc}/jwks")
    people = (stack.data_dir / "secrets" / "oidc-accounts.json").read_text()
    falls = stack.supervisor.state("oidc").falls
    stack.kill("oidc")
    await asyncio.to_thread(stack.supervisor.wait_for_fall, "oidc", falls + 1)
    await asyncio.to_thread(stack.wait_until_ready, "oidc")
    assert ask(f"{stack.addresses.oidc}/jwks") == keys
    assert (stack.data_dir / "secrets" / "oidc-accounts.json").read_text() == people


async def test_the_gateway_leads_to_each_service_and_hides_what_is_for_operators(stack: Stack) -> None:
    gateway = stack.addresses.gateway
    assert ask(f"{gateway}/invoicing/fakturaer/1") == "/invoicing/fakturaer/1"
    assert ask(f"{gateway}/api/scheduling/meetings?x=1") == "/api/scheduling/meetings?x=1"
    assert ask(f"{gateway}/tilmeld/netvaerk") == "/tilmeld/netvaerk"
    assert ask(f"{gateway}/static/a.css") == "/static/a.css"
    for hidden in ("/_clock", "/readyz", "/livez", "/metrics"):
        assert get(gateway + hidden).status_code == 404
    stack.take_down("scheduling")
    away = get(f"{gateway}/scheduling/moeder?token=secret")
    assert (away.status_code, "svarer ikke lige nu" in away.text) == (503, True)
    machine = get(f"{gateway}/api/scheduling/meetings")
    assert machine.headers["Content-Type"] == "application/problem+json"
    assert machine.json()["code"] == "service_away"
    await asyncio.to_thread(stack.bring_up, "scheduling")
    assert "secret" not in (Path(stack.addresses.data_dir) / "logs" / "gateway.log").read_text()


async def test_what_the_gateway_answers_itself_is_as_safe_as_a_page(stack: Stack) -> None:
    gateway = stack.addresses.gateway
    stack.take_down("scheduling")
    away = [get(f"{gateway}/scheduling/moeder"), get(f"{gateway}/api/scheduling/meetings")]
    await asyncio.to_thread(stack.bring_up, "scheduling")
    assert [answer.status_code for answer in away] == [503, 503]
    for answer in (*away, get(f"{gateway}/metrics")):
        policy = answer.headers["Content-Security-Policy"]
        assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "caddy" not in answer.headers.get("Server", "").lower()
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in away)


async def test_nothing_listens_beyond_this_machine_nor_on_a_port_that_nobody_was_told(stack: Stack) -> None:
    told = stack.addresses.public()
    urls = [told[name] for name in ("gateway", "mail", "smtp", "kafka", "postgres", "oidc")] + list(
        told["services"].values()
    )
    controller = json.loads((stack.data_dir / "ports.json").read_text())["kafka_controller"]
    listening = set()
    for one in processes_of(stack):
        for socket in one.net_connections("all"):
            if socket.status == psutil.CONN_LISTEN:
                # Java's sockets speak both versions of IP and say so of the address.
                listening.add((socket.laddr.ip.removeprefix("::ffff:"), socket.laddr.port))
            assert socket.family != AF_UNIX or not socket.laddr, f"{one.cmdline()} listens on {socket.laddr}"
    assert listening == {("127.0.0.1", int(url.rpartition(":")[2])) for url in [*urls, f":{controller}"]}


async def test_no_secret_stands_on_a_command_line_where_everybody_on_the_machine_can_read_it(stack: Stack) -> None:
    held = {file.read_text().strip() for file in (stack.data_dir / "secrets").iterdir()}
    people = json.loads((stack.data_dir / "secrets" / "oidc-accounts.json").read_text())
    held |= {person["password"] for person in people.values()}
    assert len(held) > 9
    for one in processes_of(stack):
        assert not [word for word in one.cmdline() if any(secret in word for secret in held)]


@pytest.mark.parametrize("who", ["postgres", "enrollment", "root", "nobody"])
async def test_who_has_no_password_is_nobody_to_the_database(stack: Stack, who: str, tmp_path: Path) -> None:
    server = stack.addresses.public()["postgres"]
    for login in (who, f"{who}:", f"{who}:postgres"):
        for database in ("postgres", "tovholder_enrollment"):
            with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError)):
                await asyncpg.connect(f"postgresql://{login}@{server}/{database}", passfile=tmp_path / "none")
    assert list((stack.data_dir / "postgres").rglob(".s.PGSQL*")) == []
    rules = (stack.data_dir / "postgres" / "data" / "pg_hba.conf").read_text().splitlines()
    assert {rule.split()[-1] for rule in rules if rule.strip() and not rule.startswith("#")} == {"scram-sha-256"}


async def test_a_service_that_falls_is_started_again_and_the_others_go_on(stack: Stack) -> None:
    before = {state.name: state.pid for state in stack.states()}
    children = psutil.Process(stack.pid("invoicing")).children()
    stack.kill("invoicing")
    await asyncio.to_thread(stack.supervisor.wait_for_fall, "invoicing", 1)
    await eventually(lambda: stack.supervisor.state("invoicing").running)
    await asyncio.to_thread(stack.wait_until_ready, "invoicing")
    after = {state.name: state.pid for state in stack.states()}
    assert after.pop("invoicing") != before.pop("invoicing")
    assert after == before
    await eventually(lambda: not any(child.is_running() for child in children), because="its own child is gone")


async def test_a_paused_service_answers_again_when_it_is_resumed(stack: Stack) -> None:
    url = stack.addresses.services["notifications"]
    stack.pause("notifications")
    with pytest.raises(httpx.ReadTimeout):
        get(f"{url}/readyz", patience=0.3)
    stack.resume("notifications")
    assert json.loads(ask(f"{url}/readyz")) == {"service": "notifications"}


async def test_a_service_is_started_again_with_another_environment(stack: Stack) -> None:
    await asyncio.to_thread(stack.restart, "notifications", {"TOVHOLDER_FAILPOINT": "before-commit"})
    told = json.loads(ask(f"{stack.addresses.services['notifications']}/environment"))
    assert told["TOVHOLDER_FAILPOINT"] == "before-commit"


async def test_kafka_and_postgres_come_back_with_what_they_had(stack: Stack) -> None:
    topic = "tovholder.intake"
    operator = client_options(kafka_as(stack.addresses))
    async with AIOKafkaProducer(**operator) as producer:
        await producer.send_and_wait(topic, b"kept", partition=3)
    admin = await asyncpg.connect(stack.addresses.postgres)
    await admin.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await admin.close()
    for name in ("kafka", "postgres"):
        falls = stack.supervisor.state(name).falls
        stack.kill(name)
        await asyncio.to_thread(stack.supervisor.wait_for_fall, name, falls + 1)
        await asyncio.to_thread(stack.wait_until_ready, name)
    async with AIOKafkaConsumer(topic, **operator, auto_offset_reset="earliest") as reader:
        assert (await reader.getone()).value == b"kept"
    admin = await asyncpg.connect(stack.addresses.postgres)
    assert await admin.fetchval("SELECT answer FROM kept") == 42
    await admin.close()


async def test_status_and_commands_find_what_runs_without_a_secret_in_the_file(stack: Stack) -> None:
    data_dir = Path(stack.addresses.data_dir)
    assert local.running(data_dir) == stack.addresses
    shown = (data_dir / "running.json").read_text()
    assert stack.addresses.api_token not in shown
    assert stack.addresses.postgres.split(":")[2].split("@")[0] not in shown


async def test_one_that_was_not_started_for_it_is_never_emptied(stack: Stack) -> None:
    with pytest.raises(StackError, match="not started to begin again"):
        stack.begin_again(datetime(2021, 1, 1, tzinfo=UTC))
    assert get(f"{stack.addresses.services['enrollment']}/readyz").is_success


async def test_a_folder_of_the_version_before_goes_on_and_asks_who_comes(tmp_path: Path) -> None:
    """That version made a broker that was open to everybody, without a user in it."""
    data = DataDir.open(tmp_path / "d")
    ports = data.ports("auto", service_names())
    kafka = {"port": ports["kafka"], "controller_port": ports["kafka_controller"], "logs": data.logs}
    before = Broker(data.path / "kafka", **kafka)
    await asyncio.to_thread(before.prepare)
    running = process.start(before.command(pass_fds=(data.lock_fd,)))
    try:
        await wait_until_usable(before.bootstrap)
        await topics.make_topics(before.bootstrap, topics.topic_names())
        async with AIOKafkaProducer(bootstrap_servers=before.bootstrap) as producer:
            await producer.send_and_wait("tovholder.enrollment", b"kept", partition=3)
    finally:
        await asyncio.to_thread(process.stop, running, before.command())
        data.close()

    for _ in ("the first start", "every other"):
        async with Stack(tmp_path / "d", service_command=standin) as stack:
            operator = kafka_as(stack.addresses)
            async with AIOKafkaConsumer(
                "tovholder.enrollment", **client_options(operator), auto_offset_reset="earliest"
            ) as reader:
                assert (await reader.getone()).value == b"kept"
            # What other systems told there before this start stays what it was.
            closed = (await read_grants(operator)).closed
            assert {topic: sum(offsets) for topic, offsets in closed.items() if any(offsets)} == {
                "tovholder.enrollment": 1
            }
            assert len(closed) == len(service_names())
            stranger = AIOKafkaProducer(bootstrap_servers=stack.addresses.kafka)
            with pytest.raises(KafkaError):
                await stranger.start()
            await stranger.stop()


async def test_kafka_is_spoken_to_over_tls_where_somebody_has_put_a_certificate(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "d")
    tls = data.secrets / "kafka-tls"
    tls.mkdir()
    make_certificates(tls)
    data.close()
    async with Stack(tmp_path / "d", service_command=standin, services=("invoicing",)) as stack:
        told = json.loads(ask(f"{stack.addresses.services['invoicing']}/environment"))
        assert told["TOVHOLDER_KAFKA_SECURITY_PROTOCOL"] == "SASL_SSL"
        operator = kafka_as(stack.addresses)
        assert isinstance(operator, Kafka)
        assert set(await topics.event_topics(operator)) == set(topics.topic_names())
        with pytest.raises(KafkaError):
            await topics.event_topics(replace(operator, protocol="SASL_PLAINTEXT"))


async def test_who_has_a_provider_of_their_own_is_started_without_ours(tmp_path: Path) -> None:
    theirs = Elsewhere("https://login.kommune.example/x", "tovholder-hvidovre", "given-by-them")
    async with Stack(tmp_path / "d", service_command=standin, services=(FRONT, "invoicing"), provider=theirs) as stack:
        told = {name: json.loads(ask(f"{url}/environment")) for name, url in stack.addresses.services.items()}
        assert [told[FRONT][name] for name in VARIABLES] == [theirs.issuer, theirs.client_id, theirs.client_secret]
        assert not [name for name in told["invoicing"] if "OIDC" in name]
        assert "oidc" not in {state.name for state in stack.states()}
        assert not list(stack.data_dir.glob("secrets/oidc-a*"))
        assert theirs.client_secret not in (stack.data_dir / "running.json").read_text()
        assert local.running(stack.data_dir) == stack.addresses
    async with Stack(tmp_path / "d", service_command=standin, services=(FRONT,)) as stack:
        told[FRONT] = json.loads(ask(f"{stack.addresses.services[FRONT]}/environment"))
        assert theirs.client_secret not in told[FRONT].values()
        assert local.running(stack.data_dir) == stack.addresses


def test_nothing_runs_on_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="tovholder up --data-dir"):
        local.running(tmp_path)


def test_a_service_without_a_program_is_named_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"services/nobody/__main__\.py is missing"):
        Stack(tmp_path / "data", services=("nobody",)).start()
    assert not (tmp_path / "data").exists()


def test_a_service_that_ends_while_it_is_started_ends_the_start_at_once_with_its_log(tmp_path: Path) -> None:
    broken = Stack(
        tmp_path / "d", service_command=standin, services=("invoicing",), env={"invoicing": {"STANDIN_FALLS": "1"}}
    )
    with pytest.raises(StackError, match="invoicing ended while it was being started") as said:
        broken.start()
    log = tmp_path / "d" / "logs" / "invoicing.log"
    assert f"The end of {log}:\nI always fall" in str(said.value)
    assert log.read_text().count("I always fall") == 1
    assert belonging_to(tmp_path) == []


def test_a_server_that_ends_while_it_is_started_ends_the_start_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.SETTINGS, "shared_buffers", "none at all")
    with pytest.raises(StackError, match="postgres ended while it was being started"):
        Stack(tmp_path / "d", service_command=standin, services=("invoicing",)).start()
    assert (tmp_path / "d" / "logs" / "postgres.log").read_text().count("none at all") == 1
    assert belonging_to(tmp_path) == []


def test_a_port_that_another_program_answers_on_is_no_sign_of_readiness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when two services are told the same port: one of them answers, and the other has ended."""
    chosen = DataDir.ports

    def doubled(self: DataDir, wanted: Ports, services: Iterable[str]) -> dict[str, int]:
        ports = chosen(self, wanted, services)
        return {**ports, "invoicing": ports["mail"]}

    monkeypatch.setattr(DataDir, "ports", doubled)
    with pytest.raises(StackError, match=r"(invoicing|mail) ended while it was being started"):
        Stack(tmp_path / "d", service_command=standin, services=("invoicing",)).start()
    assert belonging_to(tmp_path) == []


class Up:
    """`tovholder up --json` as a process of its own."""

    def __init__(self, data_dir: Path, ports: str = "auto") -> None:
        self.data_dir = data_dir
        command = [sys.executable, str(HERE / "run_up.py"), str(data_dir), ports]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        )

    def addresses(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        found: dict[str, Any] = json.loads(line)
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def processes() -> Iterator[list[Up]]:
    started: list[Up] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            one.stop(signal.SIGKILL)


async def test_a_second_up_is_refused_and_state_outlives_an_interrupt(tmp_path: Path, processes: list[Up]) -> None:
    first = Up(tmp_path / "data")
    processes.append(first)
    before = first.addresses()
    second = Up(tmp_path / "data")
    _, said = second.process.communicate(timeout=60)
    assert second.process.returncode == 1
    assert f"is in use by process {first.process.pid}" in said
    assert ask(f"{before['gateway']}/invoicing/1") == "/invoicing/1"
    operator = client_options(kafka_as(local.running(tmp_path / "data")))
    async with AIOKafkaProducer(**operator) as producer:
        await producer.send_and_wait("tovholder.intake", b"kept")

    assert first.stop(signal.SIGINT) == 0
    assert belonging_to(tmp_path) == []

    again = Up(tmp_path / "data")
    processes.append(again)
    assert again.addresses() == before
    async with AIOKafkaConsumer("tovholder.intake", **operator, auto_offset_reset="earliest") as reader:
        assert (await reader.getone()).value == b"kept"
    assert again.stop(signal.SIGTERM) == 0
    assert belonging_to(tmp_path) == []


async def test_two_run_side_by_side_and_a_killed_one_leaves_no_process(tmp_path: Path, processes: list[Up]) -> None:
    one, other = Up(tmp_path / "one"), Up(tmp_path / "other")
    processes += [one, other]
    addresses = await asyncio.to_thread(one.addresses)
    others = await asyncio.to_thread(other.addresses)
    assert not set(addresses["services"].values()) & set(others["services"].values())

    one.stop(signal.SIGKILL)
    await eventually(lambda: not belonging_to(tmp_path / "one"), 15, because="nothing of the killed one is left")
    assert ask(f"{others['gateway']}/invoicing/1") == "/invoicing/1"

    again = Up(tmp_path / "one")
    processes.append(again)
    assert (await asyncio.to_thread(again.addresses))["gateway"] == addresses["gateway"]
    for up in (again, other):
        assert up.stop() == 0
    assert belonging_to(tmp_path) == []


async def test_an_interrupt_during_the_start_stops_what_had_started(tmp_path: Path, processes: list[Up]) -> None:
    early = Up(tmp_path / "data")
    processes.append(early)
    await eventually(lambda: belonging_to(tmp_path / "data" / "kafka"), START_DEADLINE_S, because="Kafka has begun")
    assert early.stop(signal.SIGINT) == 0
    assert belonging_to(tmp_path / "data") == []
