"""Waiting ends with the first of several things, leaves nothing behind, and grows longer with each failure."""

from __future__ import annotations

import asyncio

import pytest

from shared.base.waiting import Backoff, first_of


async def test_whichever_comes_first_ends_it() -> None:
    one, other = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().call_soon(other.set)
    assert await first_of(one, other, seconds=30)
    assert await first_of(one, other)
    assert not await first_of(one, seconds=0.01)


async def test_nothing_is_left_behind() -> None:
    before = asyncio.all_tasks()
    event = asyncio.Event()
    await first_of(event, seconds=0.001)
    assert asyncio.all_tasks() == before


def cancelled_after(turns: int, waiting: asyncio.Task[bool]) -> asyncio.Future[bool]:
    """Cancels it after so many turns of the loop; whether it was still waiting then."""
    loop = asyncio.get_running_loop()
    was_waiting: asyncio.Future[bool] = loop.create_future()

    def turn(left: int) -> None:
        if left:
            loop.call_soon(turn, left - 1)
        else:
            was_waiting.set_result(waiting.cancel())

    loop.call_soon(turn, turns)
    return was_waiting


async def test_who_waits_can_be_cancelled_at_any_moment() -> None:
    for turns in range(30):
        event, never = asyncio.Event(), asyncio.Event()
        waiting = asyncio.create_task(first_of(event, never))
        asyncio.get_running_loop().call_soon(event.set)
        if not await cancelled_after(turns, waiting):
            assert await waiting
            break
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(waiting, 10)
    else:
        raise AssertionError("the wait never ended")


def test_pauses_double_up_to_the_longest_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(0.5, 8)
    for expected in (0.5, 1, 2, 4, 8, 8):
        pauses = backoff.failed()
        assert expected / 2 <= pauses <= expected * 1.5
    assert backoff.failures == 6
    backoff.failures = 10_000
    assert backoff.failed() <= 12
    backoff.succeeded()
    assert backoff.failed() <= 0.75
