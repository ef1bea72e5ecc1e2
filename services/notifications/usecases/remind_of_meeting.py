"""So many days before a meeting its participants are reminded, and those who have registered nobody are told so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.notifications.adapters import invitations, meetings, messages, programmes
from services.notifications.domain import letters
from services.notifications.domain.invitations import Standing
from services.notifications.domain.reminders import next_reminder
from shared.base.cause import Cause
from shared.contracts.time import day_of
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

TIMER = "meeting_reminder"


async def arm_reminders(tx: Tx, standings: Mapping[str, tuple[Standing, Cause]]) -> None:
    """One timer per meeting, for the next reminder that is still ahead; a meeting that moves moves it."""
    await _arm(tx, standings, dict.fromkeys(standings, tx.now))


async def _arm(tx: Tx, standings: Mapping[str, tuple[Standing, Cause]], after: Mapping[str, datetime]) -> None:
    days = await programmes.reminder_days(tx, {standing.programme.id for standing, _ in standings.values()})
    for one, (standing, cause) in standings.items():
        coming = next_reminder(standing, days[standing.programme.id], after[one])
        if coming is None:
            tx.disarm(TIMER, one)
        else:
            due, number = coming
            tx.arm(TIMER, one, due, {"days": number, "date_version": standing.meeting.date_version}, because=cause)


async def remind_of_meeting(tx: Tx, timers: Sequence[Timer]) -> None:
    """Nothing for a date that no longer holds (the move armed its own), and nothing once the day has come."""
    standings = await meetings.load(tx, {timer.key for timer in timers})
    written = []
    for timer in timers:
        standing = standings.get(timer.key)
        if standing is None or standing.state != "dated" or standing.meeting.date_version != timer.data["date_version"]:
            continue
        when, agreed = standing.meeting.when, timer.data["days"]
        left = (when.first_day - day_of(tx.now)).days if when else 0
        if left < 1:
            continue
        going = await invitations.participants(tx, timer.key)
        silent = await invitations.contacts_without_participants(tx, timer.key)
        reminders = [letters.meeting_reminder(standing, guest, agreed, left, tx.now) for guest in going]
        reminders += [letters.nobody_registered(standing, guest, agreed, left, tx.now) for guest in silent]
        written += [(letter, timer.cause) for letter in reminders]
    await messages.write(tx, written)
    again = {timer.key: (standings[timer.key], timer.cause) for timer in timers if timer.key in standings}
    await _arm(tx, again, {timer.key: timer.due for timer in timers})
