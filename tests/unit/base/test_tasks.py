"""What runs beside a block ends with it, and its error is the block's."""

from __future__ import annotations

import asyncio

import pytest

from shared.base.tasks import Tasks, alongside, companion


async def for_ever() -> None:
    await asyncio.Event().wait()


async def dies() -> None:
    raise ZeroDivisionError


async def ends() -> None:
    return


async def test_a_companion_ends_with_its_block_also_when_it_never_began() -> None:
    before, began = asyncio.all_tasks(), asyncio.Event()

    async def begins() -> None:
        began.set()
        await for_ever()

    async with companion(begins):
        await began.wait()
    async with companion(for_ever):
        pass
    assert asyncio.all_tasks() == before


async def test_a_companion_that_dies_cuts_the_block_off_and_its_error_is_the_blocks() -> None:
    with pytest.raises(ZeroDivisionError):
        async with companion(dies):
            await for_ever()
    with pytest.raises(RuntimeError):
        async with companion(ends):
            await for_ever()


async def test_an_error_of_the_block_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with companion(for_ever):
            raise KeyError


async def test_who_is_cancelled_from_outside_is_cancelled() -> None:
    entered = asyncio.Event()

    async def block() -> None:
        async with companion(for_ever):
            entered.set()
            await for_ever()

    task = asyncio.create_task(block())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()


async def test_what_runs_alongside_is_waited_for_however_the_block_ends() -> None:
    done: list[str] = []
    go = asyncio.Event()

    async def work() -> str:
        await go.wait()
        done.append("work")
        return "result"

    async with alongside(work()) as working:
        go.set()
    assert working.result() == "result"
    with pytest.raises(KeyError):
        async with alongside(work()):
            raise KeyError
    assert done == ["work", "work"]
    with pytest.raises(ZeroDivisionError):
        async with alongside(dies()):
            pass


async def test_what_is_cut_off_is_named_and_is_not_lost() -> None:
    tasks = Tasks()

    async def deaf(_stop: asyncio.Event) -> None:
        await for_ever()

    async def hears(stop: asyncio.Event) -> None:
        await stop.wait()

    tasks.start("deaf", deaf)
    tasks.start("hears", hears)
    await tasks.stop("hears")
    assert await tasks.cancel() == ["deaf"]
    assert tasks.lost == {}
