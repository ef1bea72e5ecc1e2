"""Bring every calendar that a change may concern to what holds now.

Every other use case ends here: it says which mailboxes and meetings to look at and because of what, never what to send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.notifications.adapters import invitations, meetings, messages, participants
from services.notifications.adapters.invitations import Pair
from services.notifications.domain.enrolment import Enrolment
from services.notifications.domain.invitations import Standing, Step, next_step, the_guest
from services.notifications.domain.letters import calendar_letter
from services.notifications.domain.text import address_key
from shared.base.cause import Cause
from shared.contracts.scheduling import Meeting
from shared.messaging.envelope import Received
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Because:
    """The fact that makes us look: its time and what it causes."""

    at: datetime
    cause: Cause

    @classmethod
    def of(cls, event: Received[Any]) -> Because:
        return cls(event.time, event.cause)


async def update_calendars(tx: Tx, looks: Mapping[Pair, Because]) -> None:
    """The caller has stored its fact and holds the lock of the programmes (`programmes.keep`)."""
    if not looks:
        return
    standings = await meetings.load(tx, {meeting for meeting, _ in looks})
    told = await invitations.told(tx, looks.keys())
    guests = await invitations.guests(tx, looks.keys())
    news = []
    for pair in sorted(looks):
        standing, because = standings.get(pair[0]), looks[pair]
        if standing is None:
            continue
        step = next_step(standing, told.get(pair), the_guest(guests.get(pair, ())), because.at)
        if step is not None:
            news.append((standing, step, because.cause))
    await _tell(tx, news)


async def _tell(tx: Tx, news: Sequence[tuple[Standing, Step, Cause]]) -> None:
    """Write the letters and remember what they say.

    A letter is written once to a person. Whoever has another address now was told the same at the former one, so that
    it is told here as a later turn.
    """
    done: list[tuple[Meeting, Step]] = []
    left = list(news)
    while left:
        letters = [calendar_letter(standing, step) for standing, step, _ in left]
        first = {letter.id: at for at, letter in reversed(list(enumerate(letters)))}
        written = await messages.write(tx, [(letters[at], left[at][2]) for at in sorted(first.values())])
        new = {first[letter.id] for letter in written}
        done += [(left[at][0].meeting, left[at][1]) for at in sorted(new)]
        left = [
            (standing, replace(step, turn=step.turn + 1), cause)
            for at, (standing, step, cause) in enumerate(left)
            if at not in new
        ]
    if done:
        await invitations.save(tx, done)


async def update_calendars_of_enrolments(
    tx: Tx, events: Sequence[Received[Any]], before: Mapping[str, Enrolment], after: Mapping[str, Enrolment]
) -> None:
    """The contacts of these enrolments, those who were it before, and everybody they have registered."""
    because: dict[str, Because] = {event.data.enrolment_id: Because.of(event) for event in events}
    dated = await meetings.of_programmes(tx, {event.data.programme.id for event in events})
    looks: dict[Pair, Because] = {}
    for one, why in because.items():
        for enrolment in (before.get(one), after.get(one)):
            if enrolment is not None:
                for meeting, standing in dated.items():
                    if standing.programme.id == enrolment.programme_id:
                        looks[meeting, address_key(enrolment.contact.email)] = why
    for one, meeting, address in await participants.of_enrolments(tx, because):
        looks[meeting, address] = because[one]
    await update_calendars(tx, looks)
