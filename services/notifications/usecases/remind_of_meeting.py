"""So many days before a meeting its participants are reminded, and those who have registered nobody are told so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.notifications.adapters import invitations, meetings, programmes
from services.notifications.domain import letters
from services.notifications.domain.invitations import Standing
from services.notifications.domain.reminders import days_left, rest_of_reminder
from services.notifications.usecases.set_reminders import set_reminders
from services.notifications.usecases.write_letters import write_letters
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_of_meeting(tx: Tx, timers: Sequence[Timer]) -> None:
    """Letters are written by `remind_the_rest`, at once: here the timer's row is held, which whoever holds the
    programme may want.
    """
    standings = await meetings.load(tx, {timer.key for timer in timers})
    known = [(standings[timer.key], timer) for timer in timers if timer.key in standings]
    for standing, timer in known:
        tx.set(rest_of_reminder(standing.meeting.id, timer.data, "", timer.due), because=timer.cause)
    await set_reminders(tx, [(standing, timer.due, timer.cause) for standing, timer in known])


async def remind_the_rest(tx: Tx, timers: Sequence[Timer]) -> None:
    """Those who found no room in the transaction before; a meeting that has moved meanwhile reminds nobody of its
    former date, and whoever it moves for afterwards is told so after the reminder.
    """
    await programmes.lock_of(tx, meeting_ids=[timer.data["meeting_id"] for timer in timers], enrolment_ids=[])
    standings = await meetings.load(tx, {timer.data["meeting_id"] for timer in timers})
    for timer in timers:
        agreed = {name: timer.data[name] for name in ("days", "date_version")}
        await _remind(tx, standings[timer.data["meeting_id"]], timer, agreed, timer.data["place"])


async def _remind(tx: Tx, standing: Standing, timer: Timer, agreed: Mapping[str, Any], place: str) -> None:
    """As many as the transaction has room for, of those who come after that place."""
    left = days_left(standing, agreed["date_version"], day_of(tx.now))
    if left is None:
        return
    found = await invitations.load_reminded(tx, standing.meeting.id, place, tx.room + 1)
    now = found[: tx.room]
    tx.take_on(len(now))
    written = [
        letters.nobody_registered(standing, one.guest, agreed["days"], left, tx.now)
        if one.silent
        else letters.meeting_reminder(standing, one.guest, agreed["days"], left, tx.now)
        for one in sorted(now, key=lambda one: (one.silent, one.guest.email.lower(), one.guest.person_id))
    ]
    await write_letters(tx, [(letter, timer.cause) for letter in written])
    if len(found) > len(now):
        place = now[-1].place if now else place
        tx.set(rest_of_reminder(standing.meeting.id, agreed, place, timer.due), because=timer.cause)
