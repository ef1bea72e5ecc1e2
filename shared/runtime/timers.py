"""Things that are due at a domain time: a table in the database, carried out in order, by one instance at a time.

A round is one transaction: the earliest due timers of one name are removed, their use case runs, all is committed.
So a timer is carried out exactly once, and (due, timer, key) is the order, whatever the clock skips. Their rows are
locked from the look to the removal: whoever sets one anew meanwhile waits, and it rings then too. A round that another
instance is in the middle of is not waited for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from operator import itemgetter
from typing import Any

import structlog

from shared.base.activity import Activity
from shared.base.cause import Cause, new_correlation
from shared.base.clock import DomainClock
from shared.base.failures import Failure, classify
from shared.base.waiting import Backoff, first_of
from shared.contracts.decision import Alarm
from shared.runtime.metrics import TIMERS_FAILED, TIMERS_FAILING, TIMERS_FIRED, TIMERS_UNKNOWN
from shared.storage.tx import Transaction, Tx, on_timers_committed

AT_ONCE = 200
"""Timers of one name that one transaction carries out at most."""
LOOK_SECONDS = 1.0
"""Machine time: other processes arm timers too, and nobody tells us."""
SOON = 0.01
"""What has fallen due since the last round is looked at again after so many seconds."""
FIRST_PAUSE = 0.2
FIRST_ALONE = 1.0
LONGEST_PAUSE = 60.0
TRIES = 3
"""Of one that fails each time as if the database were to blame; then it is to blame itself, and waits alone."""
_LOCK = int.from_bytes(hashlib.sha256(b"tovholder timers").digest()[:8], signed=True)

_LOOKING = Cause("timers", None, "clock")

_WAITING = """
NOT EXISTS (
    SELECT FROM unnest($2::text[], $3::text[]) AS waiting (timer, key)
    WHERE waiting.timer = timers.timer AND waiting.key = timers.key)
"""
_DUE = f"""
SELECT timer, key FROM timers WHERE due <= $4 AND timer = ANY ($1) AND {_WAITING} ORDER BY due, timer, key LIMIT $5
"""
# Of those that are carried out now, and no others: whoever arms one waits for nothing that this round does not touch.
# By key, as whoever arms several locks them too.
_TAKEN = """
SELECT timer, key, due, data, correlation_id, causation_id, actor FROM timers
WHERE timer = $1 AND key = ANY ($2::text[]) AND due <= $3 ORDER BY key FOR UPDATE
"""
_NEXT = f"""
SELECT (SELECT min(due) FROM timers WHERE timer = ANY ($1) AND {_WAITING}) AS next,
       ARRAY (SELECT DISTINCT timer FROM timers WHERE due <= $4 AND timer <> ALL ($1) ORDER BY timer) AS unknown
"""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Timer:
    """What was armed; `cause` is the cause of whoever armed it."""

    name: str
    key: str
    due: datetime
    data: dict[str, Any]
    cause: Cause


TimerUseCase = Callable[[Tx, Sequence[Timer]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class At:
    timer: str
    usecase: TimerUseCase
    at_once: int = AT_ONCE


def at(timer: str, usecase: TimerUseCase, *, at_once: int = AT_ONCE) -> At:
    """`usecase` is called with timers of this name that are due, in (due, key) order; it may arm them again.

    `at_once` is how many of them one transaction carries out at most: few, where each of them is much work.
    """
    return At(timer, usecase, at_once)


async def arm_standing(tx: Tx, alarms: Sequence[Alarm], because: Cause | None = None) -> None:
    """Those that are not armed, or otherwise than now. One that is keeps its time: a service that is started again and
    again puts nothing off.
    """
    rows = await tx.fetch(
        "SELECT timer, key, data::text AS data FROM timers"
        " JOIN unnest($1::text[], $2::text[]) AS standing (timer, key) USING (timer, key)",
        [one.timer for one in alarms],
        [one.key for one in alarms],
    )
    armed = {(row["timer"], row["key"]): json.loads(row["data"]) for row in rows}
    for alarm in alarms:
        if armed.get((alarm.timer, alarm.key)) != dict(alarm.data):
            tx.set(alarm, because)


@dataclass(slots=True)
class _Pause:
    """A timer that failed waits, alone, while the others go on."""

    error: str
    backoff: Backoff
    until: float


class Timers:
    """The loop. `failing` says which timers wait after an error; while it is not empty the service is not ready.

    `unknown` are the names of due timers that this version does not know: a newer one has armed them, and only it can
    carry them out. They are told once, hold up nobody, and are no reason to turn anybody away.
    """

    def __init__(self, table: Sequence[At], transaction: Transaction, clock: DomainClock, activity: Activity) -> None:
        self._usecases = {entry.timer: entry.usecase for entry in table}
        self._at_once = {entry.timer: entry.at_once for entry in table}
        if len(self._usecases) != len(table):
            raise ValueError("a timer is in the table twice")
        self._transaction = transaction
        self._clock = clock
        self._activity = activity
        self._wake = asyncio.Event()
        self._paused: dict[tuple[str, str], _Pause] = {}
        self._alone: set[str] = set()
        self._unlucky: tuple[tuple[str, str], int] = (("", ""), 0)
        """What failed last as if it would pass, and how often in a row."""
        self._elsewhere = False
        """The last round found another instance in the middle of its own."""
        self.unknown: tuple[str, ...] = ()
        clock.wakes(self._wake)
        on_timers_committed(self._wake.set)

    @property
    def failing(self) -> dict[str, str]:
        return {f"{name} {key}": pause.error for (name, key), pause in self._paused.items()}

    @property
    def names(self) -> list[str]:
        """Of the timers that this service knows."""
        return list(self._usecases)

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        while not stop.is_set():
            self._wake.clear()
            try:
                while not stop.is_set() and await self.round():
                    backoff.succeeded()
                pause = LOOK_SECONDS if self._elsewhere else await self._until_next()
            except Exception as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                pause = backoff.failed()
                _log.warning("timers_wait", error=type(error).__name__, seconds=pause)
            await first_of(stop, self._wake, seconds=max(pause, 0.001))

    async def _until_next(self) -> float:
        """Machine seconds until a timer of ours is due, one that failed is tried again, or it is time to look anyway.

        When the clock is simulated only a move makes anything due.
        """
        async with self._transaction(_LOOKING) as tx:
            found = await tx.fetchrow(_NEXT, self.names, *self._places(self._paused), tx.now)
        due, unknown = (found["next"], found["unknown"]) if found is not None else (None, [])
        self._tell_unknown(unknown)
        loop_now = asyncio.get_running_loop().time()
        pauses = [LOOK_SECONDS, *(max(pause.until - loop_now, 0.0) for pause in self._paused.values())]
        if due is not None and not self._clock.simulated:
            pauses.append(max((due - self._clock.now()).total_seconds(), SOON))
        return min(pauses)

    def _tell_unknown(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self.unknown:
                _log.error("timer_unknown", alarm=True, timer=name)
        self.unknown = tuple(names)
        TIMERS_UNKNOWN.set(len(names))

    @staticmethod
    def _places(paused: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
        places = list(paused)
        return [name for name, _ in places], [key for _, key in places]

    async def round(self) -> bool:
        """Carry out the earliest due timers of one name; whether there were any. Their errors are kept, not raised."""
        taken: list[Timer] = []
        if self._clock.held:
            return False
        try:
            with self._activity.looking.busy():
                taken = await self._carry_out(taken)
        except Exception as error:
            if not taken or (classify(error) is Failure.TRANSIENT and self._may_pass(taken[0])):
                raise
            self._failed(taken, error)
            return True
        if taken:
            self._succeeded(taken)
        return bool(taken)

    async def _carry_out(self, taken: list[Timer]) -> list[Timer]:
        loop_now = asyncio.get_running_loop().time()
        waiting = [place for place, pause in self._paused.items() if pause.until > loop_now]
        async with self._transaction(Cause(new_correlation(), None, "clock")) as tx:
            self._elsewhere = not await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK)
            if self._elsewhere:
                return taken
            if self._paused:
                await self._forget_disarmed(tx)
            due = await tx.fetch(_DUE, self.names, *self._places(waiting), tx.now, AT_ONCE)
            if not due:
                self._alone = {name for name, _ in self._paused}
                return taken
            name = due[0]["timer"]
            run = list(takewhile(lambda row: row["timer"] == name, due))[: self._at_once[name]]
            if name in self._alone or any(place[0] == name for place in self._paused):
                run = run[:1]
            rows = await tx.fetch(_TAKEN, name, [row["key"] for row in run], tx.now)
            if not rows:
                return taken
            taken += [
                Timer(
                    row["timer"],
                    row["key"],
                    row["due"],
                    json.loads(row["data"]),
                    Cause(row["correlation_id"], row["causation_id"], row["actor"]),
                )
                for row in sorted(rows, key=itemgetter("due", "key"))
            ]
            # Removed before the use case runs, so that it may arm the same ones again.
            await tx.execute(
                "DELETE FROM timers USING unnest($1::text[], $2::text[]) AS done (timer, key) "
                "WHERE timers.timer = done.timer AND timers.key = done.key",
                [timer.name for timer in taken],
                [timer.key for timer in taken],
            )
            if len(taken) == 1:
                tx.cause = taken[0].cause
            await self._usecases[name](tx, taken)
        return taken

    async def _forget_disarmed(self, tx: Tx) -> None:
        """What somebody disarmed, or armed for another time, fails no more."""
        rows = await tx.fetch(
            "SELECT timer, key FROM timers JOIN unnest($1::text[], $2::text[]) AS paused (timer, key)"
            " USING (timer, key) WHERE due <= $3",
            *self._places(self._paused),
            tx.now,
        )
        there = {(row["timer"], row["key"]) for row in rows}
        self._paused = {place: pause for place, pause in self._paused.items() if place in there}
        TIMERS_FAILING.set(len(self._paused))

    def _may_pass(self, first: Timer) -> bool:
        """Whether it is worth another try at once, the others behind it; TRIES times in a row it is."""
        place, tries = self._unlucky
        tries = tries + 1 if place == (first.name, first.key) else 1
        self._unlucky = ((first.name, first.key), tries)
        return tries <= TRIES

    def _succeeded(self, taken: Sequence[Timer]) -> None:
        self._activity.done += 1
        self._unlucky = (("", ""), 0)
        for timer in taken:
            TIMERS_FIRED.labels(timer.name).inc()
            self._paused.pop((timer.name, timer.key), None)
        TIMERS_FAILING.set(len(self._paused))

    def _failed(self, taken: Sequence[Timer], error: Exception) -> None:
        """Of many, find the one: they go alone from now on. One alone waits, and says so."""
        name = taken[0].name
        TIMERS_FAILED.labels(name).inc()
        if len(taken) > 1:
            self._alone.add(name)
            _log.warning("timers_go_alone", timer=name, count=len(taken), exc_info=error)
            return
        place = (name, taken[0].key)
        before = self._paused.get(place)
        backoff = before.backoff if before else Backoff(FIRST_ALONE, LONGEST_PAUSE)
        pause = backoff.failed()
        self._paused[place] = _Pause(type(error).__name__, backoff, asyncio.get_running_loop().time() + pause)
        TIMERS_FAILING.set(len(self._paused))
        _log.error("timer_failed", alarm=True, timer=name, key=taken[0].key, again_in=pause, exc_info=error)
