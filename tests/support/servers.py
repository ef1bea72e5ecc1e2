"""Real servers for tests, one set per run: from the environment, else from Docker, else the embedded ones.

Fixtures: `kafka` (bootstrap address), `postgres` (an administrator's URL), `mail` (a server that keeps what it gets,
with an API to see it and to make it misbehave), `database` (makes a fresh database for one test), `prefix` (put in
front of every topic, group and client id of one test). Nothing is skipped for want of a server.
Under xdist the controller starts the servers and the workers use them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from deploy.local import databases, process
from deploy.local import kafka as embedded_kafka
from deploy.local import postgres as embedded_postgres
from deploy.local.blocking import run_blocking
from deploy.local.broker import Broker
from deploy.local.locations import ROOT
from deploy.local.mail_guard import bearer
from deploy.local.ports import HOST, free_ports
from shared.storage.migrate import SHARED, Stream, migrate
from tests.support.eventually import eventually

Source = Literal["environment", "docker", "embedded"]
PASSWORD = "test-only"  # noqa: S105 # guards a server that lives as long as one test run
KAFKA_IMAGE = "apache/kafka:4.3.1"
POSTGRES_IMAGE = "postgres:18"
ROLE_LOCK = 3_141_592


def choose(variable: str, environment: Mapping[str, str], docker_answers: Callable[[], bool]) -> Source:
    """Where a server comes from. The environment wins; Docker is asked only when the environment is silent."""
    if environment.get(variable):
        return "environment"
    return "docker" if docker_answers() else "embedded"


def docker_answers() -> bool:
    """Whether a Docker engine is there to start containers with.

    Asked over a plain socket, because the client library leaves its own open when nobody answers.
    """
    where = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    unix = where.scheme == "unix"
    address = where.path if unix else (where.hostname, where.port or 2375)
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as connection:
        connection.settimeout(3)
        try:
            connection.connect(address)
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            return b" 200 " in connection.recv(64)
        except OSError:
            return False


@contextlib.contextmanager
def kafka_from(source: Source) -> Iterator[str]:
    """A broker's bootstrap address, for as long as the block lasts."""
    if source == "environment":
        yield os.environ["TOVHOLDER_TEST_KAFKA"]
        return
    with _kafka_container() if source == "docker" else _embedded_kafka() as bootstrap:
        run_blocking(embedded_kafka.wait_until_usable(bootstrap))
        yield bootstrap


@contextlib.contextmanager
def postgres_from(source: Source) -> Iterator[str]:
    """An administrator's URL, for as long as the block lasts."""
    if source == "environment":
        yield os.environ["TOVHOLDER_TEST_POSTGRES"]
        return
    with _postgres_container() if source == "docker" else _embedded_postgres() as url:
        run_blocking(embedded_postgres.wait_until_usable(url))
        yield url


@contextlib.contextmanager
def _folder(name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"tovholder-test-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _embedded_kafka() -> Iterator[str]:
    port, controller_port = free_ports(2)
    with _folder("kafka") as folder:
        broker = Broker(folder / "kafka", port=port, controller_port=controller_port, logs=folder)
        broker.prepare()
        command = broker.command()
        running = process.start(command)
        try:
            yield broker.bootstrap
        finally:
            process.stop(running, command)


@contextlib.contextmanager
def _embedded_postgres() -> Iterator[str]:
    (port,) = free_ports(1)
    with _folder("postgres") as folder:
        server = embedded_postgres.Server(folder / "postgres", port=port, password=PASSWORD, logs=folder)
        server.prepare()
        command = server.command()
        running = process.start(command)
        try:
            yield server.admin_url
        finally:
            process.stop(running, command)


@contextlib.contextmanager
def _kafka_container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 # only where Docker answers

    (port,) = free_ports(1)
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_MESSAGE_MAX_BYTES": str(embedded_kafka.MAX_MESSAGE_BYTES),
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in settings.items():
        container = container.with_env(name, value)
    with container:
        yield f"{HOST}:{port}"


@contextlib.contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 # only where Docker answers

    (port,) = free_ports(1)
    container = DockerContainer(POSTGRES_IMAGE).with_bind_ports(5432, port).with_env("POSTGRES_PASSWORD", PASSWORD)
    with container:
        yield f"postgresql://postgres:{PASSWORD}@{HOST}:{port}/postgres"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server that delivers to nobody. `http` shows what it got: `/api/messages`, `/control/rules`."""

    smtp: str
    http: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What its API wants of who asks."""
        return bearer(self.key)


@contextlib.contextmanager
def mail_from(source: Source) -> Iterator[Mail]:
    """A mail server; ours also where Docker answers, because tests ask it what it got."""
    if source == "environment":
        named = ("SMTP", "MAIL_HTTP", "MAIL_KEY")
        yield Mail(*(os.environ[f"TOVHOLDER_TEST_{name}"] for name in named))
        return
    smtp_port, http_port = free_ports(2)
    found = Mail(f"{HOST}:{smtp_port}", f"http://{HOST}:{http_port}", secrets.token_hex(32))
    with _folder("mail") as folder:
        (folder / "key").write_text(found.key)
        listen = ("--smtp", found.smtp, "--http", f"{HOST}:{http_port}", "--key-file", str(folder / "key"), "--control")
        folders = ("--mails", str(folder / "mails"), "--calendar", str(folder / "calendar"))
        command = process.Command(
            argv=(sys.executable, "-m", "deploy.local.mailsink", *listen, *folders), log=folder / "mail.log", cwd=ROOT
        )
        running = process.start(command)
        try:
            run_blocking(eventually(lambda: _answers(found.http), because="the mail server is ready"))
            yield found
        finally:
            process.stop(running, command)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False).is_success
    except httpx.HTTPError:
        return False


class Servers:
    """The run's servers, each started when it is first asked for and stopped at the end."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._kafka: str | None = None
        self._postgres: str | None = None
        self._mail: Mail | None = None

    @property
    def kafka(self) -> str:
        """Bootstrap address."""
        if self._kafka is None:
            source = choose("TOVHOLDER_TEST_KAFKA", os.environ, docker_answers)
            self._kafka = self._stack.enter_context(kafka_from(source))
        return self._kafka

    @property
    def postgres(self) -> str:
        """Administrator's URL."""
        if self._postgres is None:
            source = choose("TOVHOLDER_TEST_POSTGRES", os.environ, docker_answers)
            self._postgres = self._stack.enter_context(postgres_from(source))
        return self._postgres

    @property
    def mail(self) -> Mail:
        """The mail server."""
        if self._mail is None:
            named = bool(os.environ.get("TOVHOLDER_TEST_SMTP"))
            self._mail = self._stack.enter_context(mail_from("environment" if named else "embedded"))
        return self._mail

    def stop(self) -> None:
        """Stops what was started; addresses from the environment are left alone."""
        self._stack.close()


SERVERS = pytest.StashKey[Servers]()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the (still empty) set of servers; an xdist worker is told the controller's."""
    config.stash[SERVERS] = Servers()
    told: Mapping[str, str] = getattr(config, "workerinput", {}).get("tovholder_servers", {})
    os.environ.update(told)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """The controller starts both servers once and tells each xdist worker."""
    servers = node.config.stash[SERVERS]
    node.workerinput["tovholder_servers"] = {
        "TOVHOLDER_TEST_KAFKA": servers.kafka,
        "TOVHOLDER_TEST_POSTGRES": servers.postgres,
    }


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the servers of this run."""
    config.stash[SERVERS].stop()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """Bootstrap address of a real broker; make topics with `topics.ensure_topics(kafka, prefix)`."""
    return request.config.stash[SERVERS].kafka


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> str:
    """URL of a real PostgreSQL's administrator."""
    return request.config.stash[SERVERS].postgres


@pytest.fixture(scope="session")
def mail(request: pytest.FixtureRequest) -> Mail:
    """A real mail server that keeps everything; with xdist one per worker, because it is cheap."""
    return request.config.stash[SERVERS].mail


@pytest.fixture
def prefix() -> str:
    """Put in front of every topic, group and client id, so that tests on one broker don't meet."""
    return f"t{secrets.token_hex(5)}."


@dataclass(frozen=True, slots=True)
class Database:
    """One test's own database. `url` is the runtime role's, `owner_url` may change the schema."""

    name: str
    url: str
    owner_url: str
    admin_url: str


MakeDatabase = Callable[..., Awaitable[Database]]


class Templates:
    """Migrated databases to copy from, one per service, made when first asked for."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._run = secrets.token_hex(4)
        self._made: dict[str, str] = {}
        self._lock = asyncio.Lock()

    async def fresh(self, service: str | None) -> Database:
        async with self._lock:
            template = self._made.get(service or "")
            if template is None:
                template = self._made[service or ""] = await self._make(service)
        return await self._copy(f"test_{secrets.token_hex(6)}", f"test_{service or 'any'}", template)

    async def drop(self, name: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    async def drop_all(self) -> None:
        for name in self._made.values():
            await self.drop(name)

    async def _make(self, service: str | None) -> str:
        roles = f"test_{service or 'any'}"
        passwords = dict.fromkeys(databases.roles(roles), PASSWORD)
        connection = await asyncpg.connect(self.admin_url)
        try:
            # Roles belong to the whole server, which other runs and workers may share.
            await connection.execute("SELECT pg_advisory_lock($1)", ROLE_LOCK)
            await databases.ensure_roles(connection, roles, passwords)
        finally:
            await connection.close()
        template = await self._copy(f"template_{service or 'any'}_{self._run}", roles, "template0")
        await databases.grant_rows(template.owner_url)
        if service:
            streams = (SHARED, Stream.read(service, ROOT / "services" / service / "migrations"))
            await migrate(template.owner_url, streams, databases.roles(roles)[1])
        return template.name

    async def _copy(self, name: str, roles: str, template: str) -> Database:
        connection = await asyncpg.connect(self.admin_url)
        owner, runtime = databases.roles(roles)
        try:
            # A fifth less work than through the write-ahead log: there are thousands of them.
            how = f'TEMPLATE "{template}" STRATEGY file_copy'
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{owner}" {how}')
            await databases.close_to_others(connection, name, roles)
        finally:
            await connection.close()

        def url(role: str) -> str:
            return databases.url_for(self.admin_url, role=role, password=PASSWORD, database=name)

        admin_url = f"{self.admin_url.rpartition('/')[0]}/{name}"
        return Database(name=name, url=url(runtime), owner_url=url(owner), admin_url=admin_url)


@pytest.fixture(scope="session")
async def _templates(postgres: str) -> AsyncIterator[Templates]:
    templates = Templates(postgres)
    yield templates
    await templates.drop_all()


@pytest.fixture
async def database(_templates: Templates) -> AsyncIterator[MakeDatabase]:
    """Makes databases for one test: `await database("invoicing")` is migrated, `await database()` is empty."""
    made: list[Database] = []

    async def make(service: str | None = None) -> Database:
        made.append(await _templates.fresh(service))
        return made[-1]

    yield make
    for one in made:
        await _templates.drop(one.name)
