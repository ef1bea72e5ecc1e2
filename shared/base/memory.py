"""How this process's allocator gives memory back to the machine."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
"""Parameters of mallopt(3), from glibc's malloc.h."""
ARENAS = 2
MAPPED_FROM = 128 * 1024
"""Bytes."""


def give_memory_back() -> None:
    """What is freed goes back, so that a process is as large as what it does and not as the largest thing it ever did.

    To be called before there are threads. glibc lets each thread fill an arena of its own, of which little comes back,
    and moves blocks of up to 32 MiB into the heap once one of that size was freed. Other C libraries do neither and are
    left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, ARENAS)
        mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM)
