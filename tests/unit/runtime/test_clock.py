"""Domain time is real, or it stands still until it is moved forward."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.base.clock import ClockRefused, DomainClock, machine_now

START = datetime(2020, 8, 1, 8, 0, tzinfo=UTC)


def test_a_real_clock_is_the_machines_and_is_never_moved() -> None:
    clock = DomainClock()

    assert abs(clock.now() - machine_now()) < timedelta(seconds=5)
    with pytest.raises(ClockRefused):
        clock.move(START, 1)


def test_a_simulated_clock_stands_still_in_utc() -> None:
    clock = DomainClock(datetime(2020, 8, 1, 10, 0, tzinfo=timezone(timedelta(hours=2))))

    assert clock.now() == START
    assert clock.now().tzinfo is UTC


def test_moving_it_wakes_whoever_waits() -> None:
    clock, woken = DomainClock(START), asyncio.Event()
    clock.wakes(woken)
    clock.move(START + timedelta(hours=1), 3)

    assert woken.is_set()
    assert clock.generation == 3


def test_it_never_goes_back() -> None:
    clock = DomainClock(START)
    clock.move(START + timedelta(hours=1), 1)
    for to, generation in ((START, 2), (START + timedelta(hours=2), 1), (START + timedelta(hours=2), 0)):
        with pytest.raises(ClockRefused):
            clock.move(to, generation)
    assert clock.now() == START + timedelta(hours=1)
