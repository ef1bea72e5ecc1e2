"""So many days before a meeting its participants are reminded, and those who have registered nobody are told so."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import invitations, meetings
from services.notifications.domain import letters
from services.notifications.domain.reminders import days_left
from services.notifications.usecases.set_reminders import set_reminders
from services.notifications.usecases.write_letters import write_letters
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_of_meeting(tx: Tx, timers: Sequence[Timer]) -> None:
    standings = await meetings.load(tx, {timer.key for timer in timers})
    known = [(standings[timer.key], timer) for timer in timers if timer.key in standings]
    written = []
    for standing, timer in known:
        agreed, left = timer.data["days"], days_left(standing, timer.data["date_version"], day_of(tx.now))
        if left is None:
            continue
        going = await invitations.load_participants(tx, timer.key)
        silent = await invitations.load_contacts_without_participants(tx, timer.key)
        reminders = [letters.meeting_reminder(standing, guest, agreed, left, tx.now) for guest in going]
        reminders += [letters.nobody_registered(standing, guest, agreed, left, tx.now) for guest in silent]
        written += [(letter, timer.cause) for letter in reminders]
    await write_letters(tx, written)
    await set_reminders(tx, [(standing, timer.due, timer.cause) for standing, timer in known])
