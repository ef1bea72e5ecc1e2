"""A service runs: how it starts, and how it stops.

Start: log, pool, schema check, then everything its role does; ready when all of it is. Stop (SIGTERM): not ready, no
new requests, those under way are answered, the consumer and the timers finish what they are in, the relay sends what
is left, the pool closes. Whatever falls over takes the process with it, and the supervisor starts it again.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import os
import signal
import socket
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

import structlog
import uvicorn
from starlette.types import ASGIApp

from shared.base import log as logs
from shared.base.cause import Cause, new_correlation
from shared.base.memory import trim_now_and_then
from shared.base.tasks import Part, alongside, companion
from shared.base.waiting import first_of
from shared.messaging.partitions import Partitions
from shared.messaging.relay import Relay
from shared.runtime.application import probe_application, web_application
from shared.runtime.health import kafka_answers
from shared.runtime.housekeeping import Housekeeping
from shared.runtime.service import Host, Service, build_consumer, build_relay, open_host, streams_of
from shared.runtime.settings import ServiceSettings
from shared.runtime.timers import arm_standing
from shared.runtime.token_use import TokenUse
from shared.storage.migrate import check
from shared.web.clients import keep_names
from shared.web.connections import Connection

Role = Literal["all", "web", "worker", "relay"]
ROLES: tuple[Role, ...] = ("all", "web", "worker", "relay")
DRAIN_SECONDS = 25.0
"""Machine time from SIGTERM until whatever is left is cut off; shorter than the supervisor's patience."""
FORCE_SECONDS = 29.0
"""Until the process ends by force, whatever it is in; it then says on stderr where that was."""
ANSWER_SECONDS = 10
"""Of it, how long requests under way may take."""
LATE_EVERY_S = 0.05
STDERR = 2
SEND_SECONDS = 5.0
"""Of it, how long the relay may take for what is left."""

_log = structlog.get_logger()


class Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the service decides when it stops."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def run_until(self, stop: asyncio.Event) -> None:
        async with alongside(self.serve()) as serving:
            ended = asyncio.Event()
            serving.add_done_callback(lambda _: ended.set())
            await first_of(stop, ended)
            self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Also connections that were being made when the door closed are let go; uvicorn asks only those it knows."""
        asked = set(self.server_state.connections)
        async with companion(lambda: self._let_go_of_others_than(asked)):
            await super().shutdown(sockets)

    async def _let_go_of_others_than(self, asked: set[Any]) -> None:
        while True:
            for connection in self.server_state.connections - asked:
                connection.shutdown()
                asked.add(connection)
            await asyncio.sleep(LATE_EVERY_S)

    async def port(self) -> int:
        """The port it listens on, once it does."""
        while not self.started:
            if self.should_exit:
                raise RuntimeError("the web server could not start")
            await asyncio.sleep(0.01)
        found: int = self.servers[0].sockets[0].getsockname()[1]
        return found


def _server(settings: ServiceSettings, application: ASGIApp) -> Server:
    return Server(
        uvicorn.Config(
            application,
            host=settings.http_host,
            port=settings.http_port,
            access_log=False,
            log_config=None,
            http=Connection,
            lifespan="off",
            server_header=False,
            # Who is trusted to say where a request came from is a setting: shared.web.proxies.
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=ANSWER_SECONDS,
            timeout_keep_alive=30,
            backlog=1024,
        )
    )


class Running:
    """A started service; `stop` ends it in order. A part that ends by itself, or fails, ends the process."""

    def __init__(self, host: Host, role: Role = "all") -> None:
        self.host = host
        self.role = role
        self.port = 0
        self._relay: Relay | None = None

    def _start(self, name: str, run: Part) -> None:
        self.host.tasks.start(name, run)

    def _stop(self, *names: str) -> Awaitable[None]:
        return self.host.tasks.stop(*names)

    async def start(self) -> None:
        """Ready to be asked when this returns; /readyz says whether all is well."""
        host, role = self.host, self.role
        host.health.checks["kafka"] = lambda: kafka_answers(host.settings.kafka)
        host.health.checks["postgres"] = self._postgres
        if role in {"all", "relay"}:
            relay = self._relay = build_relay(host)
            self._start(relay.name, relay.run)
            partitions = Partitions(host.service.source, host.pool)
            self._start(partitions.name, partitions.run)
        if role in {"all", "worker"}:
            consumer = host.consumer = build_consumer(host)
            host.health.checks["consumer"] = self._consumer
            self._start(consumer.name, consumer.run)
            host.health.checks["timers"] = self._timers
            host.health.notes["timers"] = self._unknown_timers
            host.workers = list(host.service.workers(host)) if host.service.workers else []
            for worker in host.workers:
                self._start(worker.name, worker.run)
            await self._arm_standing()
            self._start("timers", host.timers.run)
            self._start("housekeeping", Housekeeping(host).run)
        self._start("outbox_watch", host.outbox.run)
        self._start("memory", trim_now_and_then)
        if role in {"all", "web"}:
            await self._keep_names()
            self._start(TokenUse.name, TokenUse(host.keyring).run)
        server = _server(host.settings, web_application(host) if role in {"all", "web"} else probe_application(host))
        self._start("web", server.run_until)
        self.port = await server.port()
        _log.info("started", role=role, port=self.port)

    async def _arm_standing(self) -> None:
        host = self.host
        if host.service.standing is not None:
            async with host.transaction(Cause(new_correlation(), None, "clock")) as tx:
                await arm_standing(tx, host.service.standing(host.settings, tx.now))

    async def _keep_names(self) -> None:
        host = self.host
        async with host.pool.acquire() as connection:
            taken = await keep_names(connection, host.settings.tokens)
        host.keyring.closed = frozenset(taken)
        if taken:
            # Else it would be shown what that one put in, and be given its answers again.
            _log.error("token_name_taken", alarm=True, who=sorted(taken))

    async def _postgres(self) -> str | None:
        async with self.host.pool.acquire() as connection:
            await check(connection, streams_of(self.host.service), self.host.service.name)
        return None

    async def _consumer(self) -> str | None:
        consumer = self.host.consumer
        if consumer is None or consumer.ready:
            return None
        return f"{consumer.state}: {consumer.reason or 'no partitions yet'}"

    async def _timers(self) -> str | None:
        failing = self.host.timers.failing
        return f"failing: {', '.join(sorted(failing))}" if failing else None

    def _unknown_timers(self) -> str | None:
        unknown = self.host.timers.unknown
        return f"unknown to this version: {', '.join(unknown)}" if unknown else None

    async def stop(self) -> None:
        """In order: nothing new comes in, what is under way is finished, what was told is sent."""
        host = self.host
        host.health.stopping = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._stop("web")
                await host.door.close()
                await self._stop("consumer", "timers", "housekeeping", "outbox_watch", *(w.name for w in host.workers))
                await self._stop(TokenUse.name)
                await self._stop(Partitions.name)
                await self._send_the_rest()
                await self._stop("relay", "memory")
                await host.pool.close()
        except TimeoutError:
            _log.error("drain_too_slow", left=await host.tasks.cancel())
            host.pool.terminate()
        _log.info("stopped")

    async def _send_the_rest(self) -> None:
        """What the last requests and timers told is on its way before the process ends; else the next one sends it."""
        if self._relay is None or not self._relay.active:
            return
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(SEND_SECONDS):
                while await self._relay.pending():  # noqa: ASYNC110  (a table empties; nobody says when)
                    await asyncio.sleep(0.05)


async def serve(service: Service, role: Role) -> int:
    """Until SIGTERM or SIGINT; the exit status. A second signal ends the process at once."""
    logs.never_wait()
    host = await open_host(service, service.settings())
    running = Running(host, role)
    # What is loaded by now stays as long as the process: the collector need not go over it again and again.
    gc.collect()
    gc.freeze()
    asked = asyncio.Event()

    def on_signal() -> None:
        if asked.is_set():
            os._exit(1)
        asked.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        await running.start()
        await first_of(asked, host.tasks.gone)
    finally:
        # Nobody waits for a process that ends by itself, so its end must not depend on anything of it.
        faulthandler.dump_traceback_later(FORCE_SECONDS, file=STDERR, exit=True)
        await running.stop()
    return 1 if host.tasks.lost else 0
