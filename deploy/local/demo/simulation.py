"""Moves the domain time of all services together, and only when the whole system is quiet.

Quiet = two equal rounds of every service's counters, nobody busy, outboxes and mail queues empty, every consumer
group's committed offsets at the end of what it reads, and each service confirming the generation it was given. Then
time jumps to the earliest timer that is due. So a slow machine changes nothing but how long one waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.errors import StackError
from shared.contracts.catalogue import EFFECTS, SERVICES
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, topic_of

QUIET_DEADLINE_SECONDS = 120.0
WAIT_SECONDS = 2.0
"""A service that is at work answers when it is done, or after so long."""
ROUND_SECONDS = 0.01


class NeverQuietError(StackError):
    """The system did not come to rest within the deadline; the sentence says what was still going on."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one service says of itself at `GET /_clock`."""

    service: str
    now: datetime
    generation: int
    next_due: datetime | None
    busy: bool
    done: int
    outbox: int
    pending: int

    @classmethod
    def of(cls, answer: dict[str, Any]) -> Reading:
        due = answer["next_due"]
        return cls(
            service=answer["service"],
            now=datetime.fromisoformat(answer["now"]),
            generation=answer["generation"],
            next_due=None if due is None else datetime.fromisoformat(due),
            busy=answer["busy"],
            done=answer["done"],
            outbox=answer["outbox"],
            pending=answer["pending"],
        )


def topics_read_by(service: str) -> frozenset[str]:
    """The topics a service's consumer group commits offsets for."""
    told_by = {FACTS[name].service for name, effects in EFFECTS.items() if any(e.service == service for e in effects)}
    asked = any(model.service == service for model in COMMANDS.values())
    return frozenset({topic_of(owner) for owner in told_by} | ({INTAKE_TOPIC} if asked else set()))


class Simulation:
    """The one hand that moves the simulated clock."""

    def __init__(self, services: Mapping[str, str], bootstrap: str, prefix: str = "") -> None:
        self.services = dict(services)
        self.now: datetime | None = None
        self.generation = 0
        self.jumps = 0
        self.on_jump: Callable[[datetime], None] = lambda _now: None
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._http = httpx.AsyncClient(timeout=30.0)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
        self._partitions: dict[str, list[TopicPartition]] = {}

    async def __aenter__(self) -> Self:
        await self._admin.start()
        await self._consumer.start()
        described = await self._admin.describe_topics(
            [self._prefix + topic for topic in (*map(topic_of, SERVICES), INTAKE_TOPIC)]
        )
        for topic in described:
            name = topic["topic"]
            self._partitions[name] = [TopicPartition(name, part["partition"]) for part in topic["partitions"]]
        readings = await self._readings()
        self.now = max(reading.now for reading in readings)
        self.generation = max(reading.generation for reading in readings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()
        await self._consumer.stop()
        await self._admin.close()

    async def quiet(self, deadline: float = QUIET_DEADLINE_SECONDS) -> list[Reading]:
        """Wait until nothing is going on; what each service then said. NeverQuietError after `deadline` seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline
        before: list[Reading] = []
        why = "no answer yet"
        while loop.time() < until:
            readings = await self._readings(WAIT_SECONDS)
            why = self._unrest(readings)
            if not why and [r.done for r in before] == [r.done for r in readings]:
                why = await self._lagging()
                if not why:
                    return readings
            before = [] if why else readings
            if why:
                await asyncio.sleep(ROUND_SECONDS)
        raise NeverQuietError(f"not quiet after {deadline:.0f} s: {why}")

    async def advance(self, until: datetime) -> None:
        """Jump from timer to timer up to `until`, waiting for quiet before and after each jump."""
        readings = await self.quiet()
        while True:
            dues = [reading.next_due for reading in readings if reading.next_due is not None]
            target = min([until, *dues])
            if self.now is None or target > self.now:
                await self._jump(target)
            elif target < until:
                # A timer that is already due runs at once; the next quiet round has a later one or none.
                pass
            else:
                return
            readings = await self.quiet()

    async def _jump(self, to: datetime) -> None:
        self.generation += 1
        # Everybody holds the new time before anybody's timers run, so that no event meets a clock of the past.
        for hold in (True, False):
            body = {"now": to.isoformat(), "generation": self.generation, "hold": hold}
            await asyncio.gather(*(self._ask("POST", name, "/_clock", body) for name in self.services))
        self.now = to
        self.jumps += 1
        self.on_jump(to)

    async def _readings(self, wait: float = 0.0) -> list[Reading]:
        answers = await asyncio.gather(*(self._ask("GET", name, f"/_clock?wait={wait}") for name in self.services))
        return [Reading.of(answer.json()) for answer in answers]

    async def _ask(self, method: str, service: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Raises StackError when the service is away, or something else answers where it should."""
        url = self.services[service]
        try:
            answer = await self._http.request(method, url + path, json=body)
        except httpx.TransportError as error:
            raise StackError(
                f"{service} does not answer at {url} ({type(error).__name__}). Its log says why: logs/{service}.log"
            ) from error
        if _who(answer) != service:
            raise StackError(
                f"What answers at {url} is not {service} with a simulated clock (HTTP status {answer.status_code}). "
                "Another program has taken its port: start again."
            )
        return answer

    def _unrest(self, readings: list[Reading]) -> str:
        for reading in readings:
            if reading.generation != self.generation:
                return f"{reading.service} has not confirmed generation {self.generation}"
            if reading.busy:
                return f"{reading.service} is busy"
            if reading.outbox:
                return f"{reading.service} has {reading.outbox} events in its outbox"
            if reading.pending:
                return f"{reading.service} has {reading.pending} things waiting to be sent"
            if reading.next_due is not None and self.now is not None and reading.next_due <= self.now:
                return f"{reading.service} has a timer due at {reading.next_due.isoformat()}"
        return ""

    async def _lagging(self) -> str:
        """Asked after the readings: what was sent before them and is not read yet shows here."""
        groups = [f"{self._prefix}tovholder.{service}" for service in self.services]
        ends, *offsets = await asyncio.gather(
            self._consumer.end_offsets([part for parts in self._partitions.values() for part in parts]),
            *(self._admin.list_consumer_group_offsets(group) for group in groups),
        )
        for service, committed in zip(self.services, offsets, strict=True):
            for topic in topics_read_by(service):
                for part in self._partitions[self._prefix + topic]:
                    at = committed[part].offset if part in committed else 0
                    if ends[part] > max(at, 0):
                        return f"{service} has read {part.topic}-{part.partition} to {at} of {ends[part]}"
        return ""


def _who(answer: httpx.Response) -> str | None:
    """The service that gave an answer about its clock; None when it is no such answer."""
    try:
        found = answer.json() if answer.is_success else None
    except ValueError:
        return None
    return str(found.get("service")) if isinstance(found, dict) else None
