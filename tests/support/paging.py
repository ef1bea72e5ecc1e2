"""Lists as whoever follows `next` reads them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from shared.storage.tx import Tx

ReadUseCase = Callable[[Tx, Mapping[str, str]], Awaitable[dict[str, Any]]]
SIZES = (1, 2, 3)


class Reader(Protocol):
    """A service's desk: reads as the API does."""

    async def read(self, usecase: ReadUseCase, **query: str) -> Any: ...


async def walked(room: Reader, usecase: ReadUseCase, of: str, limit: int, **query: str) -> list[list[Any]]:
    """The rows of each page, from the first to the last."""
    pages, cursor = [], None
    while True:
        place = {} if cursor is None else {"cursor": str(cursor)}
        found = await room.read(usecase, limit=str(limit), **place, **query)
        pages.append(found[of])
        cursor = found["next"]
        if cursor is None:
            return pages


async def same_on_pages(room: Reader, usecase: ReadUseCase, of: str, **query: str) -> int:
    """Pages of every size hold what the whole list does, in its order; how many rows that is."""
    whole = await room.read(usecase, **query)
    assert whole["next"] is None
    for size in SIZES:
        pages = await walked(room, usecase, of, size, **query)
        assert [row for page in pages for row in page] == whole[of]
        assert all(len(page) == size for page in pages[:-1]), "no page is short but the last"
        assert len(pages[-1]) or len(pages) == 1, "no page is empty that `next` led to"
    return len(whole[of])
