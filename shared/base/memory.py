"""How this process's allocator, glibc's (no other is supported), gives memory back to the machine."""

from __future__ import annotations

import asyncio
import ctypes

from shared.base.waiting import first_of

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
"""Parameters of mallopt(3), from glibc's malloc.h."""
ARENAS = 2
MAPPED_FROM = 128 * 1024
"""Bytes."""
TRIM_EVERY_S = 30.0

_LIBC = ctypes.CDLL(None)


def give_memory_back() -> None:
    """What is freed goes back, so that a process is as large as what it does and not as the largest thing it ever did.

    To be called before there are threads. glibc lets each thread fill an arena of its own, of which little comes back,
    and moves blocks of up to 32 MiB into the heap once one of that size was freed.
    """
    _LIBC.mallopt(_M_ARENA_MAX, ARENAS)
    _LIBC.mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM)


def trim() -> None:
    """Gives back what lies free between blocks in use, which glibc does by itself only for the end of the heap."""
    _LIBC.malloc_trim(ctypes.c_size_t(0))


async def trim_now_and_then(stop: asyncio.Event) -> None:
    """A part of each process; a fifth of a millisecond for each MB that goes back."""
    while not await first_of(stop, seconds=TRIM_EVERY_S):
        trim()
