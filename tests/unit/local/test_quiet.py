"""When all is quiet, and when it only looks so: what is done between two looks is always seen by the second one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local.simulation import NeverQuietError, Reading, Simulation

NOW = datetime(2020, 6, 1, tzinfo=UTC)
DUE = NOW + timedelta(days=1)


class Scripted(Simulation):
    """Two services and a Kafka that say what they are told to say; everything that is asked is written down."""

    def __init__(self, *states: Callable[[Reading], Reading], lags: Iterable[str] = ()) -> None:
        self.services = dict.fromkeys(("enrollment", "invoicing"), "")
        self.now, self.generation, self.jumps = NOW, 0, 0
        self.asked: list[str] = []
        self._states = iter(states)
        self._lags = iter(lags)
        self._last = (lambda reading: reading,) * 2

    def _said(self, service: str) -> Reading:
        return Reading(service, self.now or NOW, self.generation, None, False, 5, 0, 0)  # noqa: FBT003  (not busy)

    async def _ask(self, method: str, service: str, _wait: float, body: dict[str, Any] | None = None) -> Reading:
        held = " (held)" if body and body["hold"] else ""
        self.asked.append(f"{method} {service}{held}")
        return next(self._states, lambda reading: reading)(self._said(service))

    async def _lagging(self) -> str:
        self.asked.append("kafka")
        return next(self._lags, "")


def as_it_is(reading: Reading) -> Reading:
    return reading


def with_(**values: Any) -> Callable[[Reading], Reading]:
    return lambda reading: replace(reading, **values)


ROUND = ["GET enrollment", "GET invoicing"]


async def test_quiet_is_two_equal_rounds_with_a_look_at_kafka_between_them() -> None:
    simulation = Scripted()
    await simulation.quiet()
    assert simulation.asked == [*ROUND, "kafka", *ROUND]


async def test_what_was_read_after_the_look_at_kafka_shows_in_the_second_round() -> None:
    simulation = Scripted(as_it_is, as_it_is, as_it_is, with_(done=6), as_it_is, with_(done=6))
    await simulation.quiet()
    assert simulation.asked == [*ROUND, "kafka", *ROUND, "kafka", *ROUND]


@pytest.mark.parametrize(
    "unrest",
    [with_(busy=True), with_(outbox=1), with_(pending=1), with_(generation=7), with_(next_due=NOW)],
)
async def test_a_round_in_which_anything_goes_on_does_not_count(unrest: Callable[[Reading], Reading]) -> None:
    simulation = Scripted(as_it_is, unrest)
    await simulation.quiet()
    assert simulation.asked == [*ROUND, *ROUND, "kafka", *ROUND]


async def test_a_record_that_is_not_read_yet_begins_it_all_again() -> None:
    simulation = Scripted(lags=["invoicing has read 1 of 2"])
    await simulation.quiet()
    assert simulation.asked == [*ROUND, "kafka", *ROUND, "kafka", *ROUND]


async def test_it_says_what_goes_on_when_it_never_ends() -> None:
    simulation = Scripted(*(with_(outbox=3) for _ in range(1000)))
    with pytest.raises(NeverQuietError, match="enrollment has 3 events in its outbox"):
        await simulation.quiet(deadline=0.05)


def rings(service: str, at: datetime) -> Iterator[Callable[[Reading], Reading]]:
    """Until the clock is there, the service says that it rings then; there it has rung."""

    def said(reading: Reading) -> Reading:
        if reading.service != service:
            return reading
        return replace(reading, next_due=at) if reading.now < at else replace(reading, done=6)

    while True:
        yield said


async def test_time_goes_from_timer_to_timer_and_whoever_rings_hears_of_it_last() -> None:
    simulation = Scripted(*(next(rings("enrollment", DUE)) for _ in range(40)))
    await simulation.advance(DUE + timedelta(days=1))
    assert simulation.asked == [
        *(*ROUND, "kafka", *ROUND),
        *("POST invoicing", "POST enrollment", "kafka", *ROUND),
        # Nobody rings here, and nothing has been done since: nothing more is asked.
        *("POST enrollment", "POST invoicing"),
    ]
    assert simulation.now == DUE + timedelta(days=1)
    assert (simulation.jumps, simulation.generation) == (2, 2)


async def test_of_several_that_ring_none_does_before_all_hold_the_new_time() -> None:
    def both(reading: Reading) -> Reading:
        return replace(reading, next_due=DUE) if reading.now < DUE else replace(reading, done=6)

    simulation = Scripted(*(both for _ in range(40)))
    await simulation.advance(DUE)
    posts = [one for one in simulation.asked if one.startswith("POST")]
    assert sorted(posts[:2]) == ["POST enrollment (held)", "POST invoicing (held)"]
    assert sorted(posts[2:]) == ["POST enrollment", "POST invoicing"]
