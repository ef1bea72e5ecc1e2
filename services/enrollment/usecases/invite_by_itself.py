"""The day of the invitation in the programme file: the round goes out by itself, to everyone in the address book."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from services.enrollment.adapters import organisations, programmes
from services.enrollment.domain.invitation import day_of_own_round, is_over
from services.enrollment.usecases.send_round import send_round
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

_log = structlog.get_logger()


async def invite_by_itself(tx: Tx, timers: Sequence[Timer]) -> None:
    """The round is named after its day. A day that went by while nothing ran is left to a person, and logged."""
    for timer in timers:
        programme = await programmes.lock(tx, timer.data["programme_id"])
        day = day_of_own_round(programme, tx.now)
        if programme is None or day is None:
            continue
        if is_over(day, tx.now):
            _log.warning("invitation_round_not_sent", programme_id=programme.id, invite_on=day.isoformat())
            continue
        book = await organisations.load_municipalities(tx)
        remind_on = programme.terms.enrolment.remind_on
        sent = await send_round(tx, programme, day.isoformat(), book, remind_on, timer.cause)
        _log.info("invitation_round_sent", programme_id=programme.id, invited=len(sent.invited))
