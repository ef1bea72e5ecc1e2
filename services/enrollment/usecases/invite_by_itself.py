"""The day of the invitation in the programme file: the round goes out by itself, to everyone in the address book."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from services.enrollment.adapters import organisations, programmes
from services.enrollment.adapters.invitations import INVITATION
from services.enrollment.domain.enrolment import deadline_passed
from services.enrollment.domain.invitation import invites_at, is_over
from services.enrollment.usecases.invite_municipalities import send_round
from shared.contracts.programme import ProgrammeTerms
from shared.runtime.timers import Timer
from shared.storage.tx import Tx

_log = structlog.get_logger()


def plan_invitation(tx: Tx, terms: ProgrammeTerms) -> None:
    """Arm the round for the day that the programme says now, or take it back when there is none left to wait for."""
    at = invites_at(terms.enrolment, tx.now)
    if at is None:
        tx.disarm(INVITATION, terms.ref.id)
    else:
        tx.arm(INVITATION, terms.ref.id, at, {"programme_id": terms.ref.id})


async def invite_by_itself(tx: Tx, timers: Sequence[Timer]) -> None:
    """The round is named after its day. A day that went by while nothing ran is left to a person, and logged."""
    for timer in timers:
        programme_id = timer.data["programme_id"]
        programme = (await programmes.lock(tx, [programme_id])).get(programme_id)
        day = None if programme is None else programme.terms.enrolment.invite_on
        if programme is None or day is None or not programme.open or deadline_passed(programme, tx.now):
            continue
        if is_over(day, tx.now):
            _log.warning("invitation_round_not_sent", programme_id=programme_id, invite_on=day.isoformat())
            continue
        book = await organisations.municipalities_in_danish_order(tx)
        remind_on = programme.terms.enrolment.remind_on
        sent = await send_round(tx, programme, day.isoformat(), book, remind_on, timer.cause)
        _log.info("invitation_round_sent", programme_id=programme_id, invited=sent.invited)
