"""An installation for tests: the services as processes of their own that only the test starts, kills and restarts.

It uses servers that are there (a broker and a PostgreSQL) and has its own prefix, databases and mail server, so that
any number of them share the servers. Domain time is simulated and stands at START until it is moved.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx

from deploy.local import access, process
from deploy.local.locations import ROOT, service_names
from deploy.local.mail_guard import bearer
from deploy.local.ports import HOST, free_ports
from deploy.local.process import Command
from deploy.local.topics import ensure_topics
from shared.messaging.grants import Grant, Granted
from shared.messaging.kafka import Address, client_options
from tests.support import oracle
from tests.support.eventually import eventually
from tests.support.guarded import Guarded
from tests.support.once import NO_TLS
from tests.support.oracle import Allowed, Attempt, Broken, Where
from tests.support.servers import Database, Templates

SERVICES = ("enrollment", "scheduling", "invoicing", "notifications")
START = datetime(2020, 6, 2, 8, tzinfo=UTC)
AFTER_THE_DEADLINE = datetime(2020, 9, 2, 8, tzinfo=UTC)
"""Where invoicing's clock may stand from the beginning: what is claimed is then invoiced at once."""
PROGRAMME = "netvaerk-kommunal-ungeindsats"
EXTRA_PRICE_ORE = 100_000
READY_S = 60.0
SETTLE_S = 90.0
MUNICIPALITIES = tuple(
    line.split(";")[0] for line in (ROOT / "programmes" / "municipalities.csv").read_text().splitlines()[1:]
)


Make = Callable[..., Awaitable["Installation"]]
"""`await make("enrollment", "invoicing")`: an installation of these services (default: all), none of them started."""


@dataclass(slots=True)
class Running:
    """A process of a service."""

    name: str
    service: str
    url: str
    popen: subprocess.Popen[bytes]
    command: Command

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and nothing is left of it when this returns."""
        process.kill_group(self.popen)
        self.popen.wait()

    async def ended(self, deadline: float = 30.0) -> int:
        """Its exit status; negative = the signal that killed it."""
        await eventually(lambda: not self.alive, deadline, because=f"{self.name} ends\n{self.log()}")
        return self.popen.wait()

    def log(self, lines: int = 12) -> str:
        return process.last_lines(self.command.log, lines)


class Stopped(Exception):  # noqa: N818  (what the wait for readiness found)
    """The process ended before it was ready."""


@dataclass(slots=True, repr=False)
class Installation:
    """`async with installation:` has topics, databases and the mail server; services are started by name."""

    kafka: Address
    templates: Templates
    services: Sequence[str] = SERVICES
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """service → name of a process → its role; a service that is not here is one process with its own name."""
    starts: Mapping[str, datetime] = field(default_factory=dict)
    """Where the clock of a service starts, if not at START."""
    tree: Path = ROOT
    """The checkout whose services are started: another one is another version of them."""
    empty: bool = False
    """Whether its databases have no tables yet: `migrate` makes them."""
    guarded: Guarded | None = None
    """The broker, where it asks who comes: then every process logs in as its service."""
    producers: list[str] = field(default_factory=list)
    """Topics that other systems have of their own (`admit`)."""
    drops: bool = True
    """Whether its databases are dropped at the end; no need when the whole server goes."""
    prefix: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}.")
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="tovholder-test-")))
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    databases: dict[str, Database] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    history: list[Attempt] = field(default_factory=list)
    keys: itertools.count[int] = field(default_factory=itertools.count)
    dead: dict[str, int] = field(default_factory=dict)
    """Dead letters that tests have caused so far, by service."""
    spoilt: bool = False
    """Nobody may use it any more."""
    unknown_mails: int = 0
    """Mails that tests have cut off while they were being sent."""
    unused: list[str] = field(default_factory=lambda: list(MUNICIPALITIES))
    generation: int = 0
    now: datetime = START
    """Where `move_clock` has put every clock."""
    ports: dict[str, int] = field(default_factory=dict)
    mail: Running | None = None
    http: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(verify=NO_TLS, timeout=20.0, trust_env=False)
    )

    async def __aenter__(self) -> Self:
        self.ports = dict(zip((*self.services, "smtp", "mail"), free_ports(len(self.services) + 2), strict=True))
        (self.folder / "link.key").write_text(secrets.token_hex(32))
        try:
            self._start_mail()
            await self._install()
            for service in self.services:
                self.databases[service] = await self.templates.fresh(None if self.empty else service)
            await eventually(self._mail_answers, READY_S, because="the mail server answers")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _install(self) -> None:
        if self.guarded is not None:
            await self.guarded.install(self.prefix)
            self.kafka = self.guarded.login(prefix=self.prefix)
        else:
            await ensure_topics(self.kafka, self.prefix)

    async def admit(self, wanted: Grant) -> None:
        """Another system tells on topics of its own, and from now on the plain ones are their services' alone."""
        await access.put_producer(self.kafka, wanted, None, self.prefix)
        await access.close_plain_topics(self.kafka, Granted(), self.prefix, service_names())
        self.producers += wanted.own_topics

    async def __aexit__(self, *_: object) -> None:
        """Harmless twice."""
        for one in [*self.running.values(), *([self.mail] if self.mail else [])]:
            one.kill()
        await self.http.aclose()
        for database in self.databases.values() if self.drops else ():
            await self.templates.drop(database.name)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def where(self) -> Where:
        """For the oracle."""
        urls = {name: database.admin_url for name, database in self.databases.items()}
        clocks = {name: max(self.now, self.starts.get(name, START)) for name in self.services}
        return Where(client_options(self.kafka), self.prefix, urls, self.folder / "mails", clocks, self.producers)

    @property
    def public_url(self) -> str:
        return f"http://{HOST}:{self.ports.get('enrollment', self.ports['mail'])}"

    # Processes

    @property
    def plan(self) -> dict[str, tuple[str, str]]:
        """What runs when all is well: name of a process → service and role."""
        return {
            name: (service, role)
            for service in self.services
            for name, role in self.roles.get(service, {service: "all"}).items()
        }

    async def start(
        self,
        name: str,
        *,
        service: str = "",
        role: str = "",
        failpoint: str = "",
        mutant: str = "",
        env: Mapping[str, str] | None = None,
        tree: Path | None = None,
        wait: bool = True,
    ) -> Running:
        """A process of the plan, or another one of `service` in `role`; ready when this returns if `wait`."""
        service, role = (service, role) if service else self.plan[name]
        port = self.ports[service] if name == service else free_ports(1)[0]
        old = self.running.get(name)
        if old is not None and old.alive:
            raise RuntimeError(f"{name} runs already")
        module = ["tests.faults.mutants", mutant, f"services.{service}"] if mutant else [f"services.{service}"]
        command = Command(
            argv=(sys.executable, "-m", *module, "--role", role),
            log=self.folder / "logs" / f"{name}.log",
            env={**self.environment(service, port), "FAILPOINT": failpoint, **(env or {})},
            cwd=tree or self.tree,
        )
        one = self.running[name] = Running(name, service, f"http://{HOST}:{port}", process.start(command), command)
        if wait:
            await self.ready(one)
        return one

    async def migrate(self, service: str, tree: Path | None = None) -> None:
        """By a build's own command."""
        await self.command(
            service, "migrate", tree=tree, env={"TOVHOLDER_MIGRATION_URL": self.databases[service].owner_url}
        )

    async def command(
        self, service: str, *words: str, tree: Path | None = None, env: Mapping[str, str] | None = None
    ) -> str:
        """What a command of the service says, which must not fail."""
        done = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"services.{service}", *words),
            cwd=tree or self.tree, env={**os.environ, **self.environment(service, 0), **(env or {})},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await done.communicate()
        assert done.returncode == 0, said.decode()
        return said.decode()

    async def start_all(self, *services: str, **options: Any) -> None:
        """Every planned process of these services (default: all), side by side."""
        wanted = [name for name, (service, _) in self.plan.items() if service in (services or self.services)]
        await asyncio.gather(*(self.start(name, **options) for name in wanted))

    async def stop(self, name: str) -> int:
        """Orderly; its exit status."""
        one = self.running[name]
        return await asyncio.to_thread(process.stop, one.popen, one.command)

    async def ready(self, one: Running, deadline: float = READY_S) -> None:
        async def is_ready() -> bool:
            if not one.alive:
                raise Stopped(f"{one.name} ended with {one.popen.returncode}\n{one.log(30)}")
            try:
                return (await self.http.get(f"{one.url}/readyz")).is_success
            except httpx.HTTPError:
                return False

        try:
            await eventually(is_ready, deadline, every=0.1)
        except AssertionError:
            reasons = await self._why_not(one)
            raise AssertionError(f"{one.name} is not ready: {reasons}\n{one.log(30)}") from None

    async def _why_not(self, one: Running) -> str:
        try:
            return (await self.http.get(f"{one.url}/readyz")).text
        except httpx.HTTPError as error:
            return type(error).__name__

    def environment(self, service: str, port: int) -> dict[str, str]:
        """What a process of `service` is told."""
        told = {
            "TOVHOLDER_DATABASE_URL": self.databases[service].url,
            "TOVHOLDER_KAFKA": self.kafka if isinstance(self.kafka, str) else self.kafka.bootstrap,
            "TOVHOLDER_PREFIX": self.prefix,
            "TOVHOLDER_HTTP_HOST": HOST,
            "TOVHOLDER_HTTP_PORT": str(port),
            "TOVHOLDER_SMTP": f"{HOST}:{self.ports['smtp']}",
            "TOVHOLDER_PUBLIC_URL": self.public_url,
            "TOVHOLDER_API_TOKENS": f"test:{hashlib.sha256(self.token.encode()).hexdigest()}",
            "TOVHOLDER_LINK_KEY_FILE": str(self.folder / "link.key"),
            "TOVHOLDER_DOCUMENTS_DIR": str(self.folder / "documents"),
        }
        if self.guarded is not None:
            told |= {
                "TOVHOLDER_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "TOVHOLDER_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
                "TOVHOLDER_KAFKA_USERNAME": f"{self.prefix}{service}",
                "TOVHOLDER_KAFKA_PASSWORD_FILE": str(self.guarded.folder / access.secret_of(service)),
            }
        return {**told, "TOVHOLDER_SIMULATED_START": self.starts.get(service, START).isoformat()}

    def _start_mail(self) -> None:
        argv = [sys.executable, "-m", "deploy.local.mailsink", "--control"]
        argv += ["--smtp", f"{HOST}:{self.ports['smtp']}", "--http", f"{HOST}:{self.ports['mail']}"]
        (self.folder / "mail.key").write_text(self.token)
        argv += ["--key-file", str(self.folder / "mail.key")]
        argv += ["--mails", str(self.folder / "mails"), "--calendar", str(self.folder / "calendar")]
        command = Command(argv=argv, log=self.folder / "logs" / "mail.log", cwd=ROOT)
        url = f"http://{HOST}:{self.ports['mail']}"
        self.mail = Running("mail", "mail", url, process.start(command), command)

    async def _mail_answers(self) -> bool:
        try:
            return (await self.http.get(f"http://{HOST}:{self.ports['mail']}/readyz")).is_success
        except httpx.HTTPError:
            return False

    async def metric(self, name: str, sample: str) -> float:
        """The sum of those of a process's samples whose line begins with `sample`."""
        text = (await self.http.get(f"{self.running[name].url}/metrics")).text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(sample))

    async def rows(self, service: str, query: str, *args: Any) -> list[dict[str, Any]]:
        """Of a service's database, as its administrator sees it."""
        connection = await asyncpg.connect(self.databases[service].admin_url)
        try:
            return [dict(row) for row in await connection.fetch(query, *args)]
        finally:
            await connection.close()

    # Clients

    async def request(
        self, service: str, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None
    ) -> httpx.Response:
        """One request as it is, with its Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or f"k{next(self.keys)}"}
        if method == "GET":
            return await self.http.get(f"{self.running[service].url}{path}", headers=headers)
        return await self.http.request(method, f"{self.running[service].url}{path}", json=body or {}, headers=headers)

    async def call(self, service: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A request that is meant to succeed; its answer."""
        answer = await self.request(service, method, path, body)
        assert answer.is_success, f"{method} {path} answered {answer.status_code}: {answer.text}"
        return dict(answer.json())

    async def publish(self, tree: Path = ROOT) -> None:
        """The programme is published as that version has it, and every service knows of its meetings."""
        text = (tree / "programmes" / f"{PROGRAMME}.yaml").read_text(encoding="utf-8")
        await self.call("enrollment", "POST", "/api/enrollment/programmes", {"file": text})
        if "scheduling" in self.running:
            await eventually(self._meetings_known, SETTLE_S, because="enrollment knows the meetings")

    async def _meetings_known(self) -> bool:
        found = await self.call("enrollment", "GET", f"/api/enrollment/meetings?programme_id={PROGRAMME}")
        return len(found["meetings"]) == 16

    def sign_up_of(self, code: str) -> dict[str, Any]:
        return {
            "programme_id": PROGRAMME,
            "organisation_code": code,
            "contact_name": "Karen Kontakt",
            "contact_email": f"kontakt@k{code}.example",
            "billing": {"address": {"street": "Rådhuspladsen 1", "postcode": "9000", "city": "Prøveby"}},
        }

    async def try_to_sign_up(self, code: str, key: str) -> Attempt:
        """One try, written into the history; no answer and every 5xx leave its fate unknown."""
        attempt = Attempt(key, code, "unknown")
        try:
            path = "/api/enrollment/enrolments"
            answer = await self.request("enrollment", "POST", path, self.sign_up_of(code), key)
        except httpx.HTTPError:
            pass
        else:
            if answer.is_success:
                attempt.outcome, attempt.answer = "ok", answer.json()
            elif answer.status_code < 500 and answer.status_code != 409:
                attempt.outcome = "refused"
        self.history.append(attempt)
        return attempt

    async def sign_up(self, deadline: float = SETTLE_S) -> Attempt:
        """A municipality that is not enrolled yet; the client repeats its request until it is answered."""
        code, key = self.unused.pop(0), f"sign-up-{next(self.keys)}"

        async def answered() -> Attempt | None:
            attempt = await self.try_to_sign_up(code, key)
            assert attempt.outcome != "refused", f"the sign-up of {code} was refused"
            return attempt if attempt.outcome == "ok" else None

        found = await eventually(answered, deadline, every=0.2, because=f"{code} is signed up")
        assert found is not None
        return found

    async def sign_ups(self, count: int) -> list[Attempt]:
        """Several at once."""
        return list(await asyncio.gather(*(self.sign_up() for _ in range(count))))

    @property
    def answered(self) -> int:
        """Sign-ups that were told yes so far."""
        return sum(attempt.outcome == "ok" for attempt in self.history)

    async def received(self, attempt: Attempt, deadline: float = SETTLE_S) -> None:
        """The receipt of a sign-up has reached the mail server."""
        address = f"kontakt@k{attempt.organisation}.example"

        async def has_it() -> bool:
            return any(address in mail["to"] for mail in await self.mails())

        await eventually(has_it, deadline, every=0.1, because=f"the receipt for {attempt.organisation}")

    async def mails(self) -> list[dict[str, Any]]:
        """What the mail server's list says of each mail."""
        url = f"http://{HOST}:{self.ports['mail']}/api/messages"
        found = (await self.http.get(url, headers=bearer(self.token))).json()
        return list(found["messages"] if isinstance(found, dict) else found)

    # Time and rest

    async def move_clock(self, to: datetime) -> None:
        """Domain time of every running service, in two steps, so that no event meets a clock of the past."""
        self.generation += 1
        self.now = to
        for hold in (True, False):
            for one in self.running.values():
                if one.alive:
                    move = {"now": to.isoformat(), "generation": self.generation, "hold": hold}
                    answer = await self.http.post(f"{one.url}/_clock", json=move, headers=bearer(self.token))
                    assert answer.is_success, f"{one.name}: {answer.text}"

    @property
    def allowed(self) -> Allowed:
        return Allowed(dict(self.dead), self.unknown_mails)

    async def settled(self, deadline: float = SETTLE_S) -> None:
        """Nothing is under way any more."""
        before: list[int] = []

        async def at_rest() -> bool:
            nonlocal before
            waiting, done = await oracle.unsettled(self.where, self.allowed)
            last, before = before, done
            assert not waiting, "; ".join(waiting)
            return done == last

        try:
            await eventually(at_rest, deadline, every=0.25, because="everything settles")
        except AssertionError as failed:
            raise AssertionError(f"{failed}\n{self.logs()}") from None

    async def broken(self) -> list[Broken]:
        """What the oracle says."""
        return await oracle.examine(self.where, self.history, self.allowed)

    async def holds(self) -> None:
        """After a fault: it goes on (a new sign-up gets its receipt), it settles, and every promise was kept."""
        if "enrollment" in self.services:
            await self.received(await self.sign_up())
        await self.settled()
        broken = await self.broken()
        assert not broken, "\n".join(f"{one.promise}: {one.what}" for one in broken) + "\n" + self.logs()

    def logs(self) -> str:
        """What the processes said last, for a failure's message; only lines that warn."""
        said = []
        for name, one in self.running.items():
            lines = one.command.log.read_text(errors="replace").splitlines()
            loud = [line for line in lines if any(word in line for word in ("warning", "error", "critical", "Trace"))]
            said += [f"--- {name}", *(line[:400] for line in loud[-8:])]
        return "\n".join(said)
