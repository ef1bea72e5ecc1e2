"""Bring every calendar that a change may concern to what holds now.

Every other use case ends here: it says which mailboxes and meetings to look at and because of what, never what to send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifications.adapters import invitations, meetings
from services.notifications.adapters.invitations import Pair
from services.notifications.domain.invitations import Standing, Step, after_step, next_step, the_guest
from services.notifications.domain.letters import calendar_letter
from services.notifications.usecases.write_letters import write_letters
from shared.base.cause import Cause
from shared.storage.tx import Tx

AT_A_TIME = 100
"""Calendars compared, and letters written, before PostgreSQL and everybody else gets a turn."""


@dataclass(frozen=True, slots=True)
class Because:
    """The fact that makes us look: its time and what it causes.

    `own`: the organisation whose letters are its actor's own (`Letter`). A mailbox is one guest, so that what becomes
    of it may have to be told to somebody of another organisation, of whom the actor is told nothing.
    """

    at: datetime
    cause: Cause
    own: str | None


@dataclass(frozen=True, slots=True)
class _News:
    """What one mailbox is to be told of one meeting."""

    pair: Pair
    standing: Standing
    step: Step
    because: Because

    @property
    def own(self) -> bool:
        return self.step.guest.organisation == self.because.own


async def update_calendars(tx: Tx, looks: Mapping[Pair, Because]) -> None:
    """The caller has stored its fact and holds the lock of the programmes (`programmes.lock`).

    A few at a time, so that whatever else this process does comes in between.
    """
    ordered = sorted(looks)
    for start in range(0, len(ordered), AT_A_TIME):
        await _update(tx, {pair: looks[pair] for pair in ordered[start : start + AT_A_TIME]})


async def _update(tx: Tx, looks: Mapping[Pair, Because]) -> None:
    standings = await meetings.load(tx, {meeting for meeting, _ in looks})
    told = await invitations.lock_told(tx, looks.keys())
    guests = await invitations.load_guests(tx, looks.keys())
    news = []
    for pair, because in looks.items():
        standing = standings.get(pair[0])
        if standing is None:
            continue
        step = next_step(standing, told.get(pair), the_guest(standing, guests.get(pair, ())), because.at)
        if step is not None:
            news.append(_News(pair, standing, step, because))
    taken = await _write(tx, news)
    await invitations.save(
        tx, {one.pair: after_step(told.get(one.pair), one.standing.meeting, one.step) for one in taken}
    )


async def _write(tx: Tx, news: Sequence[_News]) -> list[_News]:
    """The letters; returns what they say.

    A letter is written once to a person. Whoever has another address now was told the same at the former one, so that
    it is told here as a later turn.
    """
    done: list[_News] = []
    left = list(news)
    while left:
        letters = [calendar_letter(one.standing, one.step, own=one.own) for one in left]
        first = {letter.id: at for at, letter in reversed(list(enumerate(letters)))}
        new = await write_letters(tx, [(letters[at], left[at].because.cause) for at in sorted(first.values())])
        written = {first[one] for one in new}
        done += [left[at] for at in sorted(written)]
        left = [
            replace(one, step=replace(one.step, turn=one.step.turn + 1))
            for at, one in enumerate(left)
            if at not in written
        ]
    return done
