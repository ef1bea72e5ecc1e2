"""The programmes that municipalities can sign up for on our pages, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.enrollment.adapters import programmes
from services.enrollment.domain.programme import Outline
from shared.base.listing import page_of
from shared.contracts.time import day_of
from shared.storage.tx import Tx

ON_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class FrontPage:
    """`following` is the cursor of the next page."""

    offers: tuple[Outline, ...]
    following: str | None


async def read_front_page(tx: Tx, query: Mapping[str, str]) -> FrontPage:
    """Refused for a cursor that is none of ours."""
    page = page_of(query, "offers", most=ON_A_PAGE)
    offers, following = page.cut(await programmes.load_offered(tx, page, day_of(tx.now)))
    return FrontPage(tuple(offers), following)
