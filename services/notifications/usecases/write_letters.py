"""What most facts end in: letters in the queue. The mailer sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.notifications.adapters import enrolments, messages, programmes
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.forgetting import load_gone
from services.notifications.adapters.messages import Stored
from services.notifications.adapters.texts import Words
from services.notifications.domain.calendar.entry import Mailbox
from services.notifications.domain.letter import Letter
from services.notifications.domain.letters import (
    ONLY_INTRODUCES,
    WROTE_THEMSELVES,
    in_colours,
    introduce,
    leading_home,
    may_introduce,
)
from services.notifications.domain.message import queue, withhold
from shared.base.cause import Cause
from shared.contracts.addresses import is_erased
from shared.storage.tx import Tx

_SUBJECTS = Composer(Words(""), Mailbox("", ""))
AT_A_TIME = 100
"""Letters made before PostgreSQL, and everybody else, gets a turn."""


async def write_letters(tx: Tx, letters: Sequence[tuple[Letter, Cause]]) -> set[str]:
    """Each once for ever; the ids of the new ones. An address that is none fails at once, and that is told; nothing is
    written to whoever was erased.
    """
    new: set[str] = set()
    for start in range(0, len(letters), AT_A_TIME):
        new |= await _write(tx, letters[start : start + AT_A_TIME])
    return new


async def _introduced(tx: Tx, letters: Sequence[tuple[Letter, Cause]]) -> list[tuple[Letter, Cause]]:
    """Whoever was put in by somebody else, and does not know it yet, is told what is done with their data."""
    known = await messages.load_introduced(tx, {one.to.key for one, _ in letters if may_introduce(one)})
    said: list[tuple[Letter, Cause]] = []
    for letter, cause in letters:
        first = may_introduce(letter) and letter.to.key not in known
        if letter.template in ONLY_INTRODUCES and not first:
            continue
        told = introduce(letter) if first else replace(letter, introduces=letter.template in WROTE_THEMSELVES)
        if told.introduces:
            known.add(told.to.key)
        said.append((told, cause))
    return said


async def _led_home(tx: Tx, letters: Sequence[tuple[Letter, Cause]]) -> list[tuple[Letter, Cause]]:
    """Each to the contact of an enrolment leads to its page."""
    pages = await enrolments.load_pages(tx, [about for letter, _ in letters if (about := _whose(letter)) is not None])
    return [(leading_home(letter, pages.get(_whose(letter) or ("", ""))), cause) for letter, cause in letters]


async def _coloured(tx: Tx, letters: Sequence[tuple[Letter, Cause]]) -> list[tuple[Letter, Cause]]:
    """Each as its programme looks now: what is written stays as it is."""
    colours = await programmes.load_colours(tx, {letter.programme.id for letter, _ in letters if letter.programme})
    return [
        (in_colours(letter, colours.get(letter.programme.id) if letter.programme else None), cause)
        for letter, cause in letters
    ]


def _whose(letter: Letter) -> tuple[str, str] | None:
    return (letter.programme.id, letter.to.key) if letter.programme is not None and letter.to.person else None


async def as_written(tx: Tx, letters: Sequence[tuple[Letter, Cause]]) -> list[tuple[Letter, Cause]]:
    """With what each recipient is told besides; a letter that nobody needs any more is left out."""
    return await _introduced(tx, await _coloured(tx, await _led_home(tx, letters)))


async def _write(tx: Tx, letters: Sequence[tuple[Letter, Cause]]) -> set[str]:
    letters = await as_written(tx, letters)
    gone = await load_gone(tx, [letter.to.key for letter, _ in letters])
    queued = []
    for letter, cause in letters:
        decide = withhold if letter.to.key in gone or is_erased(letter.to.email) else queue
        queued.append((decide(letter, tx.source, cause.actor), cause))
    kept = [Stored(replace(one.after, subject=_SUBJECTS.subject(one.after)), cause) for one, cause in queued]
    new = await messages.insert_new(tx, kept)
    for decided, cause in {decided.after.id: (decided, cause) for decided, cause in queued}.values():
        if decided.after.id in new:
            tx.tell(decided, because=cause)
    return new
