"""Moves the domain time of all services together, and only when the whole system is quiet.

Quiet = two equal rounds of every service's counters with nobody busy, outboxes and mail queues empty, no timer due and
each service confirming the generation it was given; and between the two rounds every consumer group's committed offsets
at the end of what it reads. That is a proof: whatever happens after the first round has a cause, and after a round in
which all is empty the only one left is a record that Kafka has and its reader has not committed. Then time jumps to the
earliest timer that is due. So a slow machine changes nothing but how long one waits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.errors import StackError
from shared.contracts.catalogue import SERVICES, topics_read_by
from shared.contracts.event import INTAKE_TOPIC, topic_of
from shared.messaging.grants import beside
from shared.messaging.kafka import Address, client_options

QUIET_DEADLINE_SECONDS = 120.0
WAIT_SECONDS = 2.0
"""A service that is at work answers when it is done, or after so long."""
ANSWER_SECONDS = 30.0
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


class Simulation:
    """The one hand that moves the simulated clock."""

    def __init__(self, services: Mapping[str, str], kafka: Address, prefix: str = "", *, token: str) -> None:
        """`token` is one of staff's."""
        self.services = dict(services)
        self.now: datetime | None = None
        self.generation = 0
        self.jumps = 0
        self._prefix = prefix
        self._clocks = {name: _Clock(name, url, token) for name, url in services.items()}
        self._read_by = {name: topics_read_by(name) for name in services}
        self._done: dict[str, int] = {}
        """How much each service had done when it was asked last."""
        self._admin = AIOKafkaAdminClient(**client_options(kafka))
        self._consumer = AIOKafkaConsumer(**client_options(kafka))
        self._partitions: list[TopicPartition] = []
        self._read_to: dict[TopicPartition, int] = {}
        """Offsets that all their readers have committed."""

    async def __aenter__(self) -> Self:
        await self._admin.start()
        await self._consumer.start()
        await self.also_watch((*map(topic_of, SERVICES), INTAKE_TOPIC))
        readings = await self._readings()
        self.now = max(reading.now for reading in readings)
        self.generation = max(reading.generation for reading in readings)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for clock in self._clocks.values():
            clock.close()
        await self._consumer.stop()
        await self._admin.close()

    async def also_watch(self, topics: Iterable[str]) -> None:
        """All is quiet only when these (without prefix) have been read to their ends, too."""
        described = await self._admin.describe_topics([self._prefix + topic for topic in topics])
        self._partitions += [
            TopicPartition(topic["topic"], part["partition"]) for topic in described for part in topic["partitions"]
        ]

    async def quiet(
        self,
        deadline: float = QUIET_DEADLINE_SECONDS,
        *,
        first: Sequence[Reading] | None = None,
        since: Sequence[Reading] = (),
    ) -> list[Reading]:
        """Wait until nothing is going on; what each service then said. NeverQuietError after `deadline` seconds.

        `first` is a round that was asked just now, `since` the last one at rest: where nothing has been done since,
        nothing has begun.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline
        before: list[int] | None = [reading.done for reading in since] or None
        why = "no answer yet"
        while loop.time() < until:
            readings = list(first) if first else await self._readings(WAIT_SECONDS)
            first = None
            done = [reading.done for reading in readings]
            why = self._unrest(readings)
            if not why and done == before:
                return readings
            # Looked at between two rounds, so that what was read after the look shows in the second one's counters.
            why = why or await self._lagging()
            before = None if why else done
            if why:
                await asyncio.sleep(ROUND_SECONDS)
        raise NeverQuietError(f"not quiet after {deadline:.0f} s: {why or 'something is done all the time'}")

    async def advance(self, until: datetime) -> None:
        """Jump from timer to timer up to `until`, waiting for quiet before and after each jump."""
        readings = await self.quiet()
        while True:
            dues = [reading.next_due for reading in readings if reading.next_due is not None]
            target = min([until, *dues])
            if self.now is not None and target <= self.now:
                return
            ringing = {one.service for one in readings if one.next_due is not None and one.next_due <= target}
            readings = await self.quiet(first=await self._jump(target, ringing), since=readings)

    async def _jump(self, to: datetime, ringing: Collection[str]) -> list[Reading]:
        """What each service said when it had been told.

        `ringing` are the services that have a timer due then; at rest nobody else does anything by itself.
        """
        self.generation += 1
        self.now = to
        self.jumps += 1
        # Everybody holds the new time before anybody's timers run, so that no event meets a clock of the past.
        told = await self._set_clock([name for name in self.services if name not in ringing])
        if len(ringing) > 1:
            await self._set_clock(ringing, hold=True)
        told |= await self._set_clock(ringing, wait=WAIT_SECONDS)
        return [told[name] for name in self.services]

    async def _set_clock(
        self, services: Collection[str], *, hold: bool = False, wait: float = 0.0
    ) -> dict[str, Reading]:
        body = {"now": self.now.isoformat() if self.now else None, "generation": self.generation, "hold": hold}
        readings = await asyncio.gather(*(self._ask("POST", name, wait, body) for name in services))
        return {reading.service: reading for reading in readings}

    async def _readings(self, wait: float = 0.0) -> list[Reading]:
        return list(await asyncio.gather(*(self._ask("GET", name, wait) for name in self.services)))

    async def _ask(self, method: str, service: str, wait: float, body: dict[str, Any] | None = None) -> Reading:
        """Raises StackError when the service is away, or something else answers where it should."""
        query = f"wait={wait}" + (f"&done={self._done[service]}" if service in self._done else "")
        reading = await self._clocks[service].ask(method, query, body)
        self._done[service] = reading.done
        return reading

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
        """Asked after a round: what was sent before it and is not read yet shows here."""
        ends = await self._consumer.end_offsets(self._partitions)
        grown = {part for part, end in ends.items() if end > self._read_to.get(part, 0)}
        readers = [name for name in self.services if any(self._reads(name, part) for part in grown)]
        groups = (f"{self._prefix}tovholder.{name}" for name in readers)
        offsets = await asyncio.gather(*(self._admin.list_consumer_group_offsets(group) for group in groups))
        for service, committed in zip(readers, offsets, strict=True):
            for part in sorted(one for one in grown if self._reads(service, one)):
                at = committed[part].offset if part in committed else 0
                if ends[part] > max(at, 0):
                    return f"{service} has read {part.topic}-{part.partition} to {at} of {ends[part]}"
        self._read_to.update(ends)
        return ""

    def _reads(self, service: str, part: TopicPartition) -> bool:
        return beside(part.topic.removeprefix(self._prefix))[0] in self._read_by[service]


class _Clock:
    """One service's `/_clock`, over one connection. A round asks thousands of times, so this is as little as can be."""

    def __init__(self, service: str, url: str, token: str) -> None:
        self.service = service
        self._who = {"Authorization": f"Bearer {token}"}
        self.url = url
        at = urlsplit(url)
        self._connection = HTTPConnection(at.hostname or "", at.port, timeout=ANSWER_SECONDS)
        self._thread = ThreadPoolExecutor(1)

    async def ask(self, method: str, query: str, body: dict[str, Any] | None) -> Reading:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, method, query, body)

    def _ask(self, method: str, query: str, body: dict[str, Any] | None) -> Reading:
        try:
            status, content = self._exchange(method, query, body)
        except (OSError, HTTPException):
            # The connection may be one that a service closed when it ended. Each of these may be asked twice.
            self._connection.close()
            try:
                status, content = self._exchange(method, query, body)
            except (OSError, HTTPException) as error:
                raise StackError(
                    f"{self.service} does not answer at {self.url} ({type(error).__name__}). "
                    f"Its log says why: logs/{self.service}.log"
                ) from error
        try:
            answer = json.loads(content) if status == HTTPStatus.OK else None
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("service") != self.service:
            raise StackError(
                f"What answers at {self.url} is not {self.service} with a simulated clock (HTTP status {status}). "
                "Another program has taken its port: start again."
            )
        return Reading.of(answer)

    def _exchange(self, method: str, query: str, body: dict[str, Any] | None) -> tuple[int, bytes]:
        headers = self._who if body is None else {**self._who, "Content-Type": "application/json"}
        self._connection.request(method, f"/_clock?{query}", None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()
