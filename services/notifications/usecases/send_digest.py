"""At seven in the morning staff get one mail with all that has happened, if anything has; some of it at once.

First all that there is to tell is taken, a slice at a time; then each mailbox has a timer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.notifications.adapters import digest_items, meetings, programmes
from services.notifications.domain.digest import (
    MOST_LINES,
    Box,
    Digest,
    box_of,
    boxes_of,
    digest_letter,
    digest_of,
    general_part,
    mail_alarm,
    most_of_each,
    part,
    readers_of,
    rest_of_digest,
    undated_section,
)
from services.notifications.usecases.write_letters import write_letters
from shared.base.cause import Cause
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def send_digest(tx: Tx, timers: Sequence[Timer]) -> None:
    await _begin(tx, Digest(max(timer.due for timer in timers)), timers[-1])


async def send_digest_soon(tx: Tx, timers: Sequence[Timer]) -> None:
    """What somebody waits for staff to answer does not wait for the morning."""
    await _begin(tx, Digest(max(timer.due for timer in timers), soon=True), timers[-1])


async def go_on_with_digest(tx: Tx, timers: Sequence[Timer]) -> None:
    """What found no room before."""
    for timer in timers:
        await _take(tx, digest_of(timer.data), timer.cause)


async def _begin(tx: Tx, digest: Digest, timer: Timer) -> None:
    """A digest is written once: a line that was committed too late for this one is told in the next."""
    if await digest_items.load_begun(tx, digest):
        tx.arm(timer.name, timer.key, digest.next(tx.now), because=timer.cause)
    else:
        await _take(tx, digest, timer.cause)


async def _take(tx: Tx, digest: Digest, cause: Cause) -> None:
    """As much as the transaction has room for; who is to read it is settled when there is no more."""
    tx.take_on(await digest_items.take(tx, digest, tx.room))
    if not tx.room:
        tx.set(rest_of_digest(digest), because=cause)
        return
    for box in boxes_of(await digest_items.count(tx, digest), await programmes.load_staff(tx)):
        tx.set(mail_alarm(digest, box), because=cause)


async def mail_digest(tx: Tx, timers: Sequence[Timer]) -> None:
    """One letter for each mailbox; what all of them read is composed once."""
    general: dict[str, dict[str, Any]] = {}
    for timer in timers:
        digest, box = digest_of(timer.data), box_of(timer.data)
        if digest.occasion not in general:
            general[digest.occasion] = await _general(tx, digest)
        refs = await programmes.load(tx, {box.programme_id, *box.told})
        titles = {one: ref.title for one, ref in refs.items()}
        for number, (programme, own) in enumerate(readers_of(box, refs)):
            parts = await _parts(tx, digest, own, titles)
            letter = digest_letter(digest, own, programme, None if number else general[digest.occasion], parts)
            if letter is not None:
                # What armed it, but not who: a client sees the mails that it is behind; this one speaks of everybody.
                await write_letters(tx, [(letter, replace(timer.cause, actor="clock"))])


async def _general(tx: Tx, digest: Digest) -> dict[str, Any]:
    sections = await digest_items.count(tx, digest, [digest_items.OF_NONE])
    return general_part(sections, await digest_items.load_lines(tx, digest, sections, MOST_LINES))


async def _parts(tx: Tx, digest: Digest, box: Box, titles: dict[str, str]) -> list[dict[str, Any]]:
    sections = await digest_items.count(tx, digest, box.told)
    most = most_of_each(len(sections) + len(box.told))
    shown = await digest_items.load_lines(tx, digest, sections, most)
    undated = {} if digest.soon else await meetings.load_undated(tx, box.told, most)
    parts = []
    for one in box.told:
        written = part(titles[one], [section for section in sections if section.programme_id == one], shown)
        if one in undated:
            written["sections"].append(undated_section(one, *undated[one]))
        parts.append(written)
    return parts
