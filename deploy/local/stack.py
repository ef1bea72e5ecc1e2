"""The whole installation on one machine: servers, gateway, mail sink and every service, as separate processes.

`with Stack(data_dir) as stack:` (or `async with`) has everything ready inside the block and nothing left running after
it. `tovholder up`, the demo and the system tests all start this class, so that they start the same things.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from deploy.local import access, caddy, databases, einvoice_rules, jars, kafka, mail_guard, postgres, process, topics
from deploy.local.blocking import run_blocking
from deploy.local.broker import Broker
from deploy.local.datadir import (
    ADMIN_PASSWORD,
    API_TOKEN,
    MAIL_KEY,
    OTHER_LINK_KEY,
    DataDir,
    MadeBy,
    Ports,
    write_atomically,
)
from deploy.local.errors import StackError
from deploy.local.forge import Forge
from deploy.local.locations import ROOT, cache_dir, python_module, read_running, service_names
from deploy.local.oidc import server as oidc
from deploy.local.ports import HOST
from deploy.local.principals import ADMIN, OPERATOR, principal, principals
from deploy.local.process import Command
from deploy.local.supervisor import State, Supervisor
from shared.messaging.kafka import Address
from shared.storage.migrate import SHARED, MigrationError, Stream, migrate

READY_DEADLINE_S = 60.0
FALLS_BEFORE_READY = 3
RETRY_S = 0.05
SHORTLY = 5
"""Lines of a log that explain an end."""
SERVICE_STOP_S = 30.0
"""A little longer than a service takes to drain."""
SERVER_NAMES = ("kafka", "postgres")
EDGE_NAMES = ("gateway", "mail", "oidc")
SECRETS = ("api_token", "databases", "mail_key", "oidc_client_secret")
"""What `Addresses.public` leaves out; of `postgres` it leaves the place."""
ACCESSIBILITY = ("TOVHOLDER_ACCESSIBILITY_STATEMENT", "TOVHOLDER_ACCESSIBILITY_CONTACT")
"""What whoever runs it may say, as it is said to this process."""
TOKEN_NAME = "local"  # noqa: S105 # whose token it is, not the token


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything answers, once it is ready. Holds secrets (`SECRETS`): never log it."""

    data_dir: str
    gateway: str
    mail: str
    """The page with the mails, which wants a key (`mail_link`); its API is `/api/messages`."""
    smtp: str
    kafka: str
    postgres: str
    """An administrator's URL."""
    api_token_file: str
    """The file with the token for the API; `Authorization: Bearer …`."""
    services: Mapping[str, str]
    """Each service's own address, behind the gateway; `/_clock`, `/readyz` and `/metrics` are only here."""
    databases: Mapping[str, str]
    """Each service's runtime URL."""
    api_token: str
    link_key_file: str
    simulated_start: str | None
    """Where the simulated clock began; None = the real time."""
    seed: int
    prefix: str = ""
    """Before the name of every topic and group."""
    callers: Sequence[str] = ()
    """Who has a token of their own besides the installation's (`token_of`)."""
    public_url: str = ""
    """Where people reach the gateway, if that is behind a proxy."""
    other_link_key_file: str = ""
    """The other key, while the one that signs links is being changed."""
    mail_key: str = ""
    mail_key_file: str = ""
    """The file with the key to the caught mails; `Authorization: Bearer …`, as for the API."""
    kafka_secrets: str | None = None
    """The folder with everybody's password for Kafka; None = it is open, as an earlier version left it."""

    oidc: str = ""
    """The provider that staff sign in at, which is its issuer; empty = an earlier version, which had none."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_accounts_file: str = ""
    """The file with the names and passwords of those who can sign in there; empty = it is somebody else's provider."""
    session_key_file: str = ""
    """Signs badges: enrollment's alone."""
    session_public_keys_file: str = ""
    staff_roles: str = ""
    """Who may do what before anybody has been granted a role: `role=address,address role=…`."""

    @property
    def mail_link(self) -> str:
        """What a person opens to see the mails. A secret."""
        return mail_guard.link(self.mail, self.mail_key)

    def public(self) -> dict[str, Any]:
        """The same without secrets; for `--json`, for a file, for a screen."""
        shown = asdict(self)
        for secret in SECRETS:
            del shown[secret]
        return {**shown, "postgres": self.postgres.rpartition("@")[2].partition("/")[0]}


def _nothing(_step: str) -> None:
    """The listener of those who don't want to know."""


@dataclass
class Stack:
    """Settings of an installation; `start` and `stop` make it live.

    `simulated_start` gives every service a simulated domain clock beginning at that instant, and `seed` then decides
    all random numbers. `env` is added to the environment of single services, by name. `service_command` says how a
    service is run, for tests of this class with stand-ins.
    """

    data_dir: Path
    ports: Ports = "auto"
    simulated_start: datetime | None = None
    seed: int = 0
    made_by: MadeBy = "up"
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    services: tuple[str, ...] = field(default_factory=service_names)
    service_command: Callable[[str], Sequence[str]] = python_module
    mail_control: bool = False
    callers: Sequence[str] = ()
    """Names of further API tokens, so that effects tell who asked for them."""
    trusted_proxies: str = ""
    """The proxies before the gateway, as addresses and networks: they may say who a request is from."""
    public_url: str = ""
    """Where people reach the gateway, if not by its own address."""
    provider: oidc.Elsewhere | None = None
    """Who staff sign in at; None = a provider of this installation's own, which is started beside the servers."""
    renewable: bool = False
    """Whether `begin_again` will be called; what it needs is prepared at the start."""
    keep: bool = False
    """Goes on with what a demo left, which is emptied otherwise."""
    on_step: Callable[[str], None] = _nothing
    """Called with a Danish line as each part of the start begins."""

    def __post_init__(self) -> None:
        self._data: DataDir | None = None
        self._supervisor: Supervisor | None = None
        self._addresses: Addresses | None = None
        self._beginnings = 0
        self._ahead: ThreadPoolExecutor | None = None
        self._next_topics: Future[None] | None = None
        self._beginning: dict[str, databases.Beginning] = {}
        self._forges: dict[str, Forge] = {}

    # Living and ending

    def start(self) -> Addresses:
        """Starts everything and returns once every part says that it is ready. On failure nothing is left running."""
        for service in self.services:
            self.service_command(service)
        self._data = DataDir.open(Path(self.data_dir), self.made_by)
        self._supervisor = Supervisor()
        try:
            if self.made_by == "demo" and not self.keep:
                self._data.empty()
            self._addresses = self._start_all(self._data, self._supervisor)
        except BaseException:
            self.stop()
            raise
        return self._addresses

    def stop(self) -> None:
        """Stops the services (they drain), then gateway, mail sink and provider, then the servers. Harmless twice."""
        if self._ahead is not None:
            self._ahead.shutdown()
            self._ahead = None
        if self._supervisor is not None:
            self._supervisor.close((self.services, EDGE_NAMES, SERVER_NAMES))
            self._supervisor = None
        if self._data is not None:
            (self._data.path / "running.json").unlink(missing_ok=True)
            self._data.close()
            self._data = None
        self._addresses = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)

    # While it runs

    @property
    def addresses(self) -> Addresses:
        """Where everything answers. Raises StackError unless it is running."""
        if self._addresses is None:
            raise StackError("The stack is not running.")
        return self._addresses

    @property
    def supervisor(self) -> Supervisor:
        """For finer control of the processes."""
        if self._supervisor is None:
            raise StackError("The stack is not running.")
        return self._supervisor

    def wait(self) -> None:
        """Blocks until the thread is interrupted; the supervisor goes on restarting what falls."""
        threading.Event().wait()

    def states(self) -> tuple[State, ...]:
        """How each process is doing."""
        return self.supervisor.states()

    def pid(self, name: str) -> int:
        """The process id. Raises StackError when it is down."""
        pid = self.supervisor.state(name).pid
        if pid is None:
            raise StackError(f"{name} is not running.")
        return pid

    def kill(self, name: str) -> None:
        """SIGKILL; the supervisor starts it again."""
        self.supervisor.signal(name, signal.SIGKILL)

    def pause(self, name: str) -> None:
        """SIGSTOP: it holds everything it has and answers nothing."""
        self.supervisor.signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self.supervisor.signal(name, signal.SIGCONT)

    def kill_and_wait(self, name: str) -> None:
        """SIGKILL; returns when the supervisor has started it again and it is ready."""
        run_blocking(self._kill_and_bury(name))
        self.wait_until_ready(name)

    async def _kill_and_bury(self, name: str) -> None:
        falls = self.supervisor.state(name).falls
        group = f"{self.addresses.prefix}tovholder.{name}"
        async with topics.without_members_of(kafka_as_admin(self.addresses), group):
            self.kill(name)
            await asyncio.to_thread(self.supervisor.wait_for_fall, name, falls + 1)

    def begin_again(self, simulated_start: datetime, callers: Sequence[str] = ()) -> Addresses:
        """Everything is empty, and the clock begins anew: the next story, on the same servers.

        The services are killed, for nothing of theirs is kept. Databases get back what they held before a service ran,
        topics and groups another prefix, mails and documents are removed.
        """
        data, before = self._data, self.addresses
        if data is None or self._next_topics is None:
            raise StackError("This stack was not started to begin again.")
        self.supervisor.kill(*self.services)
        self._next_topics.result()
        self._beginnings += 1
        self.simulated_start, self.callers = simulated_start, callers
        addresses = self._addresses = replace(
            before,
            simulated_start=simulated_start.isoformat(),
            callers=tuple(callers),
            prefix=f"{self._beginnings}.",
        )
        data.prefix = addresses.prefix
        with ThreadPoolExecutor() as pool:
            _all(
                [
                    *(
                        pool.submit(run_blocking, databases.begin_again(addresses.postgres, service, beginning))
                        for service, beginning in self._beginning.items()
                    ),
                    pool.submit(_forget_mails, addresses),
                    pool.submit(data.forget_documents),
                ]
            )
        for service in self.services:
            self.supervisor.run(service, self._service_command(service, data, addresses))
        self._wait_until_ready(self.services, READY_DEADLINE_S)
        self._look_ahead(data, addresses, before.prefix)
        write_atomically(data.path / "running.json", json.dumps(addresses.public()))
        return addresses

    def _look_ahead(self, data: DataDir, addresses: Addresses, gone: str | None = None) -> None:
        """The topics of the next beginning are made while something else goes on: they take the disk a second."""
        self._ahead = self._ahead or ThreadPoolExecutor(1)
        following = f"{self._beginnings + 1}."
        self._next_topics = self._ahead.submit(run_blocking, self._replace_topics(data, addresses, gone, following))

    async def _replace_topics(self, data: DataDir, addresses: Addresses, gone: str | None, following: str) -> None:
        """Those of the following prefix are there, with who may use them; those of the one that is gone are not."""
        admin = kafka_as_admin(addresses)
        await topics.ensure_topics(admin, following)
        await access.ensure_access(admin, self._kafka_passwords(data), following, self.services)
        if gone is not None:
            await access.forget_access(admin, gone, self.services)
            await topics.delete_topics(admin, gone)

    def _kafka_passwords(self, data: DataDir) -> dict[str, str]:
        return {who: data.secret(access.secret_of(who)) for who in principals(self.services)}

    def take_down(self, *names: str) -> None:
        """Stops them orderly and leaves them stopped until `bring_up`."""
        self.supervisor.stop(*names)

    def bring_up(self, *names: str, env: Mapping[str, str] | None = None) -> None:
        """Starts what was taken down, with `env` on top of what it had, and waits until it is ready."""
        for name in names:
            self.supervisor.restart(name, env)
        self.wait_until_ready(*names)

    def restart(self, name: str, env: Mapping[str, str] | None = None) -> None:
        """`take_down` and `bring_up`."""
        self.bring_up(name, env=env)

    def wait_until_ready(self, *names: str, deadline_s: float = READY_DEADLINE_S) -> None:
        """Returns when each of these (all, if none is named) says that it is ready."""
        self._wait_until_ready(names or tuple(state.name for state in self.states()), deadline_s)

    def _wait_until_ready(self, names: Sequence[str], deadline_s: float, *, starting: bool = False) -> None:
        with ThreadPoolExecutor() as pool:
            _all([pool.submit(self._wait_for, name, deadline_s, starting=starting) for name in names])
        if starting:
            self._all_live()

    # How it starts

    def _start_all(self, data: DataDir, supervisor: Supervisor) -> Addresses:
        self.on_step("Gør klar")
        ports = data.ports(self.ports, self.services)
        server = postgres.Server(
            data.path / "postgres", port=ports["postgres"], password=data.secret(ADMIN_PASSWORD), logs=data.logs
        )
        broker = Broker(
            data.path / "kafka",
            port=ports["kafka"],
            controller_port=ports["kafka_controller"],
            logs=data.logs,
            secrets=data.secrets,
            tls=access.tls_of(data.secrets),
        )
        for who in kafka.PASSWORDS.values():
            data.secret(who)
        addresses = self._addresses = self._plan(data, ports, server, broker)
        if self.renewable and self.service_command is python_module:
            self._forges = {service: self._forge(service, data) for service in self.services}
            for forge in self._forges.values():
                supervisor.open(forge)
        with ThreadPoolExecutor() as pool:
            prepared = pool.submit(server.prepare)
            signing_in = None if self.provider else pool.submit(self._oidc_command, data, addresses)
            jars.install()
            broker.prepare()
            prepared.result()
            self.on_step("Starter Kafka og PostgreSQL")
            supervisor.run("kafka", broker.command(pass_fds=(data.lock_fd,)))
            supervisor.run("postgres", server.command())
            supervisor.run("mail", self._mail_command(data, ports))
            supervisor.run("gateway", self._gateway_command(data, ports, addresses))
            if signing_in is not None:
                supervisor.run("oidc", signing_in.result())
            _all(
                [
                    pool.submit(self._prepare_databases, data, server),
                    pool.submit(self._prepare_topics, broker, data, addresses),
                ]
            )
        self.on_step("Starter tjenesterne")
        for service in self.services:
            supervisor.run(service, self._service_command(service, data, addresses))
        edges = EDGE_NAMES if self.provider is None else tuple(name for name in EDGE_NAMES if name != "oidc")
        self._wait_until_ready((*edges, *self.services), READY_DEADLINE_S, starting=True)
        if self.renewable:
            self._look_ahead(data, addresses)
        write_atomically(data.path / "running.json", json.dumps(addresses.public()))
        return addresses

    def _prepare_databases(self, data: DataDir, server: postgres.Server) -> None:
        passwords = data.passwords(self.services)
        with self._explained("postgres", server.explain):
            run_blocking(self._while_all_live(postgres.wait_until_usable(server.admin_url)))
        run_blocking(databases.ensure_databases(server.admin_url, passwords, self.services))
        with ThreadPoolExecutor() as pool:
            _all([pool.submit(self._migrate, service, server, passwords) for service in self.services])
        if self.renewable:
            self._beginning = {
                service: run_blocking(databases.read_beginning(server.admin_url, service)) for service in self.services
            }

    def _prepare_topics(self, broker: Broker, data: DataDir, addresses: Addresses) -> None:
        admin = kafka_as_admin(addresses)
        with self._explained("kafka", broker.explain):
            run_blocking(self._while_all_live(kafka.wait_until_usable(admin)))
        run_blocking(topics.ensure_topics(admin, data.prefix))
        run_blocking(access.ensure_access(admin, self._kafka_passwords(data), data.prefix, self.services))

    async def _while_all_live(self, work: Coroutine[Any, Any, None]) -> None:
        """Does it, unless one of the processes ends meanwhile."""
        doing = asyncio.create_task(work)
        try:
            while not (await asyncio.wait({doing}, timeout=RETRY_S))[0]:
                self._all_live()
        finally:
            doing.cancel()
            await asyncio.wait({doing})
        doing.result()

    def _all_live(self) -> None:
        """Raises StackError when a process has ended by itself; during the start nothing heals that."""
        for state in self.states():
            if state.falls:
                log = self.supervisor.command(state.name).log
                raise StackError(
                    f"{state.name} ended while it was being started (status {state.last_status}). "
                    f"The end of {log}:\n{process.last_lines(log, SHORTLY)}"
                )

    @contextmanager
    def _explained(self, name: str, explain: Callable[[], str]) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise StackError(f"{name} did not become ready. The end of its log:\n{explain()}") from None

    def _migrate(self, service: str, server: postgres.Server, passwords: Mapping[str, str]) -> None:
        """As `python -m services.<name> migrate` does, without the seconds that importing a whole service takes."""
        owner, runtime = databases.roles(service)
        owner_url = _database_url(server.admin_url, service, owner, passwords)
        try:
            streams = (SHARED, Stream.read(service, ROOT / "services" / service / "migrations"))
            run_blocking(migrate(owner_url, streams, runtime))
        except MigrationError as error:
            raise StackError(f"The database of {service} could not be migrated: {error}") from error

    def _plan(self, data: DataDir, ports: Mapping[str, int], server: postgres.Server, broker: Broker) -> Addresses:
        passwords = data.passwords(self.services)
        session_key, session_public_keys = data.session_keys()
        signing_in = self._signing_in(data, ports)
        return Addresses(
            data_dir=str(data.path),
            gateway=f"http://{HOST}:{ports['gateway']}",
            mail=f"http://{HOST}:{ports['mail']}",
            smtp=f"{HOST}:{ports['smtp']}",
            kafka=broker.bootstrap,
            postgres=server.admin_url,
            services={name: f"http://{HOST}:{ports[name]}" for name in self.services},
            databases={name: _database_url(server.admin_url, name, name, passwords) for name in self.services},
            api_token=data.secret(API_TOKEN),
            api_token_file=str(data.secret_file(API_TOKEN)),
            link_key_file=str(data.link_key_file(self.seed if self.simulated_start else None)),
            simulated_start=self.simulated_start.isoformat() if self.simulated_start else None,
            seed=self.seed,
            prefix=data.prefix,
            callers=tuple(self.callers),
            mail_key=data.secret(MAIL_KEY),
            mail_key_file=str(data.secret_file(MAIL_KEY)),
            kafka_secrets=str(data.secrets),
            public_url=self.public_url,
            other_link_key_file=str(data.secret_file(OTHER_LINK_KEY))
            if data.secret_file(OTHER_LINK_KEY).exists()
            else "",
            oidc=signing_in.issuer,
            oidc_client_id=signing_in.client_id,
            oidc_client_secret=signing_in.client_secret,
            oidc_accounts_file="" if self.provider else str(data.secret_file(oidc.ACCOUNTS_FILE)),
            session_key_file=str(session_key),
            session_public_keys_file=str(session_public_keys),
            staff_roles=os.environ.get("TOVHOLDER_STAFF_ROLES", "") if self.provider else oidc.ROLES,
        )

    def _mail_command(self, data: DataDir, ports: Mapping[str, int]) -> Command:
        module = (sys.executable, "-m", "deploy.local.mailsink")
        listen = ("--smtp", f"{HOST}:{ports['smtp']}", "--http", f"{HOST}:{ports['mail']}")
        folders = ("--mails", str(data.mails), "--calendar", str(data.calendar))
        key = ("--key-file", str(data.secret_file(MAIL_KEY)))
        control = ("--control",) if self.mail_control or self.renewable else ()
        return Command(argv=(*module, *listen, *key, *folders, *control), log=data.logs / "mail.log", cwd=ROOT)

    def _gateway_command(self, data: DataDir, ports: Mapping[str, int], addresses: Addresses) -> Command:
        upstreams = {name: url.removeprefix("http://") for name, url in addresses.services.items()}
        log, port = data.logs / "gateway.log", ports["gateway"]
        return caddy.command(data.path / "caddy", port, HOST, upstreams, log, self.trusted_proxies)

    def _signing_in(self, data: DataDir, ports: Mapping[str, int]) -> oidc.Elsewhere:
        """What the client is told. What somebody else's provider gave it is kept, for commands (`running`)."""
        if self.provider is None:
            return oidc.Elsewhere(oidc.issuer(ports["oidc"]), oidc.CLIENT_ID, data.secret(oidc.CLIENT_SECRET))
        write_atomically(data.secret_file(oidc.GIVEN_SECRET), self.provider.client_secret)
        return self.provider

    def _oidc_command(self, data: DataDir, addresses: Addresses) -> Command:
        client = addresses.services.get(caddy.FRONT, addresses.gateway)
        known_as = addresses.public_url or addresses.gateway
        return oidc.command(data.secrets, addresses.oidc, known_as, client, data.logs / "oidc.log")

    def _forge(self, service: str, data: DataDir) -> Forge:
        """What a service reads at its start, read once for all its starts."""
        modules = (f"services.{service}.app", "shared.runtime.commands")
        return Forge(f"services.{service}", modules, data.logs / f"{service}.log")

    def _service_command(self, service: str, data: DataDir, addresses: Addresses) -> Command:
        return Command(
            argv=self.service_command(service),
            forge=self._forges.get(service),
            log=data.logs / f"{service}.log",
            env={**service_environment(service, addresses), **self.env.get(service, {})},
            cwd=ROOT,
            stop_timeout_s=SERVICE_STOP_S,
        )

    def _wait_for(self, name: str, deadline_s: float, *, starting: bool) -> None:
        """Only what answers over HTTP is asked; the servers were found usable before any service started."""
        at = self.addresses
        url = {"mail": at.mail, "gateway": at.gateway, "oidc": at.oidc, **at.services}.get(name)
        until = time.monotonic() + deadline_s
        falls = self.supervisor.state(name).falls
        if name == "kafka":
            run_blocking(kafka.wait_until_usable(kafka_as_admin(self.addresses), deadline_s))
            return
        if url is None:
            run_blocking(postgres.wait_until_usable(self.addresses.postgres, deadline_s))
            return
        with httpx.Client(timeout=5.0, trust_env=False) as client:
            while not _is_ready(client, url, name):
                if starting:
                    self._all_live()
                state = self.supervisor.state(name)
                if state.falls - falls >= FALLS_BEFORE_READY or time.monotonic() > until:
                    log = self.supervisor.command(name).log
                    raise StackError(f"{name} did not become ready. The end of {log}:\n{process.last_lines(log)}")
                time.sleep(RETRY_S)


def running(data_dir: Path) -> Addresses:
    """The addresses of the installation that runs on this data directory. Raises StackError when none does."""
    found = read_running(data_dir)
    data = DataDir(data_dir, "up")
    server = found["postgres"]
    services = found["services"]
    admin_url = f"postgresql://{postgres.ADMIN}:{data.secret(ADMIN_PASSWORD)}@{server}/postgres"
    passwords = data.passwords(services)
    return Addresses(
        **{
            **found,
            "postgres": admin_url,
            "callers": tuple(found.get("callers", ())),
            "databases": {name: _database_url(admin_url, name, name, passwords) for name in services},
            "api_token": data.secret(API_TOKEN),
            "mail_key": data.secret(MAIL_KEY),
            "mail_key_file": str(data.secret_file(MAIL_KEY)),
            "oidc_client_secret": _client_secret(data, found),
        }
    )


def _client_secret(data: DataDir, found: Mapping[str, Any]) -> str:
    if not found.get("oidc"):
        return ""
    return data.secret(oidc.CLIENT_SECRET if found.get("oidc_accounts_file") else oidc.GIVEN_SECRET)


def service_environment(service: str, addresses: Addresses) -> dict[str, str]:
    """What a service is told; see `shared.runtime.settings`."""
    port = addresses.services[service].rpartition(":")[2]
    tokens = {TOKEN_NAME: addresses.api_token}
    tokens |= {name: token_of(addresses.api_token, name) for name in addresses.callers}
    told = {
        "TOVHOLDER_DATABASE_URL": addresses.databases[service],
        "TOVHOLDER_KAFKA": addresses.kafka,
        "TOVHOLDER_PREFIX": addresses.prefix,
        "TOVHOLDER_HTTP_HOST": HOST,
        "TOVHOLDER_HTTP_PORT": port,
        "TOVHOLDER_SMTP": addresses.smtp,
        "TOVHOLDER_PUBLIC_URL": addresses.public_url or addresses.gateway,
        # The gateway, and whoever else is on this machine.
        "TOVHOLDER_TRUSTED_PROXIES": HOST,
        "TOVHOLDER_HSTS_SECONDS": os.environ.get("TOVHOLDER_HSTS_SECONDS", "0"),
        **{name: os.environ.get(name, "") for name in ACCESSIBILITY},
        "TOVHOLDER_API_TOKENS": ",".join(f"{name}:{_sha256(token)}" for name, token in tokens.items()),
        "TOVHOLDER_LINK_KEY_FILE": addresses.link_key_file,
        "TOVHOLDER_OTHER_LINK_KEY_FILE": addresses.other_link_key_file,
        "TOVHOLDER_STATIC_DIR": str(cache_dir() / "static"),
        "TOVHOLDER_DOCUMENTS_DIR": addresses.data_dir,
        "TOVHOLDER_SEED": str(addresses.seed),
        "TOVHOLDER_EINVOICE_RULES": str(einvoice_rules.unpacked() or ""),
    }
    told |= _login_environment(addresses, principal(service))
    told["TOVHOLDER_SESSION_PUBLIC_KEYS_FILE"] = addresses.session_public_keys_file
    if service == caddy.FRONT:
        provider = (addresses.oidc, addresses.oidc_client_id, addresses.oidc_client_secret)
        told |= dict(zip(oidc.VARIABLES, provider, strict=True))
        told |= {
            "TOVHOLDER_SESSION_KEY_FILE": addresses.session_key_file,
            "TOVHOLDER_STAFF_ROLES": addresses.staff_roles,
        }
    if addresses.simulated_start is not None:
        told["TOVHOLDER_SIMULATED_START"] = addresses.simulated_start
    return told


def operator_environment(service: str, addresses: Addresses) -> dict[str, str]:
    """The same for a command of a service that a person gives, who is the operator."""
    return {**service_environment(service, addresses), **_login_environment(addresses, OPERATOR)}


def _login_environment(addresses: Addresses, who: str) -> dict[str, str]:
    if addresses.kafka_secrets is None:
        return {}
    secrets = Path(addresses.kafka_secrets)
    tls = access.tls_of(secrets)
    return {
        "TOVHOLDER_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT" if tls is None else "SASL_SSL",
        **({} if tls is None else {"TOVHOLDER_KAFKA_CA_FILE": str(tls / "ca.pem")}),
        "TOVHOLDER_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "TOVHOLDER_KAFKA_USERNAME": addresses.prefix + who,
        "TOVHOLDER_KAFKA_PASSWORD_FILE": str(secrets / access.secret_of(who)),
    }


def kafka_as(addresses: Addresses, who: str = OPERATOR) -> Address:
    """How this principal (without prefix) comes to the broker."""
    return access.known_login(addresses.kafka, addresses.kafka_secrets, who, addresses.prefix)


def kafka_as_admin(addresses: Addresses) -> Address:
    """How the administrator does, who may do everything there."""
    return access.known_login(addresses.kafka, addresses.kafka_secrets, ADMIN)


def token_of(api_token: str, caller: str) -> str:
    """The token of one caller; whoever holds the installation's own can work it out."""
    return _sha256(f"{api_token}\n{caller}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _forget_mails(at: Addresses) -> None:
    told = mail_guard.bearer(at.mail_key)
    httpx.delete(f"{at.mail}/api/messages", headers=told, timeout=30.0, trust_env=False).raise_for_status()


def _database_url(admin_url: str, service: str, role: str, passwords: Mapping[str, str]) -> str:
    name = databases.database_name(service)
    return databases.url_for(admin_url, role=role, password=passwords[role], database=name)


def _is_ready(client: httpx.Client, url: str, name: str) -> bool:
    """A service says who it is. The gateway hides theirs and has none of its own: any answer of it will do."""
    try:
        answer = client.get(f"{url}/readyz")
        if name in EDGE_NAMES:
            return name == "gateway" or answer.is_success
        return answer.is_success and bool(answer.json()["service"] == name)
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False


def _all(futures: Sequence[Future[None]]) -> None:
    for future in futures:
        future.result()
