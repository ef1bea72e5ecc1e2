"""At seven in the morning staff get one mail with all that has happened, if anything has; some of it at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.notifications.adapters import digest_items, meetings, programmes
from services.notifications.domain.digest import URGENT, boxes_of, digests, spoken_of
from services.notifications.usecases.write_letters import write_letters
from shared.base.cause import Cause
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def send_digest(tx: Tx, timers: Sequence[Timer]) -> None:
    at = max(timer.due for timer in timers)
    lines = await digest_items.take(tx, day_of(at))
    boxes = boxes_of(lines, await programmes.load_staff(tx))
    refs = await programmes.load(tx, spoken_of(lines, boxes))
    written = digests(lines, boxes, refs, await meetings.load_undated(tx, refs), at)
    await write_letters(tx, [(letter, _nobodys(timers)) for letter in written])


async def send_digest_soon(tx: Tx, timers: Sequence[Timer]) -> None:
    """What somebody waits for staff to answer does not wait for the morning."""
    at = max(timer.due for timer in timers)
    lines = await digest_items.take(tx, day_of(at), URGENT)
    boxes = boxes_of(lines, await programmes.load_staff(tx))
    refs = await programmes.load(tx, spoken_of(lines, boxes))
    written = digests(lines, boxes, refs, {}, at, occasion=at.isoformat())
    await write_letters(tx, [(letter, _nobodys(timers)) for letter in written])


def _nobodys(timers: Sequence[Timer]) -> Cause:
    """What armed it, but not who: a client sees the mails that it is behind, and a digest speaks of everybody."""
    return replace(timers[-1].cause, actor="clock")
