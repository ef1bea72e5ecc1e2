"""What is read of where enrolments stand: the same words on every page, in every list and answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import allots
from services.enrollment.domain.status import status
from shared.storage.tx import Tx


class Standing(NamedTuple):
    """`position` on the waiting list; None = it is not on it, or places are not given yet."""

    word: str
    position: int | None


async def load_standings(tx: Tx, found: Sequence[Enrolment]) -> dict[str, Standing]:
    """By id. Nothing is asked where nobody waits."""
    waiting = [one for one in found if one.waits]
    positions = await enrolments.load_positions(tx, waiting) if waiting else {}
    offered = await programmes.load_many(tx, (one.programme_id for one in waiting)) if waiting else {}
    standings = {}
    for one in found:
        allotted = not one.waits or allots(offered[one.programme_id], tx.now)
        position = positions[one.id].number if allotted and one.id in positions else None
        word = status(one.state, forbehold_open=one.forbehold_open, position=position, allotted=allotted)
        standings[one.id] = Standing(word, position)
    return standings
