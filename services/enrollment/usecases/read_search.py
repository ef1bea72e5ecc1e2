"""What staff look for, among what they may see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from services.enrollment.adapters import search
from services.enrollment.domain.search import HITS, Hit, Hits, Sought
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Answer:
    """At most HITS, kind by kind; `total` were found."""

    hits: Sequence[Hit]
    total: int


async def read_search(tx: Tx, programme_ids: Collection[str] | None, asked: Sought) -> Answer:
    """In these programmes; None = in all there are."""
    hits: list[Hit] = []
    total = 0
    for look in _looks(asked):
        found = await look(tx, programme_ids)
        hits += [one for one in found.found if one not in hits]
        total += found.total
    return Answer(hits[:HITS], max(total, len(hits)))


def _looks(asked: Sought) -> list[Callable[[Tx, Collection[str] | None], Awaitable[Hits]]]:
    if asked.is_empty:
        return []
    looks: list[Callable[[Tx, Collection[str] | None], Awaitable[Hits]]] = [
        partial(search.load_by_id, sought_id=asked.text)
    ]
    if asked.number:
        looks.append(partial(search.load_billed, number=asked.number, most=HITS))
    elif not asked.email:
        looks.append(partial(search.load_organisations, code=asked.text, words=asked.words, most=HITS))
    if asked.words:
        looks.append(partial(search.load_programmes, words=asked.words, most=HITS))
    if asked.words or asked.email:
        people = (search.load_people, search.load_forms, search.load_guests)
        looks += [partial(one, words=asked.words, email=asked.email, most=HITS) for one in people]
    return looks
