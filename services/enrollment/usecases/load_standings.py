"""What is read of where enrolments stand: the same words on every page, in every list and answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.calling_off import is_called_off
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import allots
from services.enrollment.domain.status import CALLED_OFF, status
from shared.storage.tx import Tx


class Standing(NamedTuple):
    """`position` on the waiting list; None = it is not on it, or places are not given yet."""

    word: str
    position: int | None


async def load_standings(tx: Tx, found: Sequence[Enrolment]) -> dict[str, Standing]:
    """By id. No position is asked where nobody waits."""
    offered = await programmes.load_many(tx, (one.programme_id for one in found))
    waiting = [one for one in found if one.waits and offered[one.programme_id].open]
    positions = await enrolments.load_positions(tx, waiting) if waiting else {}
    standings = {}
    for one in found:
        if is_called_off(one, offered[one.programme_id]):
            standings[one.id] = Standing(CALLED_OFF, None)
            continue
        allotted = not one.waits or allots(offered[one.programme_id], tx.now)
        position = positions[one.id].number if allotted and one.id in positions else None
        word = status(one.state, forbehold_open=one.forbehold_open, position=position, allotted=allotted)
        standings[one.id] = Standing(word, position)
    return standings
