"""An invitation round: each municipality is written to at its own addresses, and once more if it stays silent."""

from __future__ import annotations

from services.enrollment.adapters import organisations, programmes
from services.enrollment.domain.invitation import require_round
from services.enrollment.usecases.send_round import send_round
from shared.base.answers import Answer
from shared.contracts.enrollment import InviteMunicipalities
from shared.storage.tx import Tx


async def invite_municipalities(tx: Tx, command: InviteMunicipalities) -> Answer:
    """Left out is whoever has answered, has no address in the book, or was invited to the programme before, in
    whatever round: nobody gets two invitations. The silent ones get the reminder.
    """
    codes = command.organisation_codes
    found = await programmes.lock(tx, command.programme_id)
    named = await organisations.load_many(tx, codes)
    programme = require_round(found, command, named, tx.now)
    book = tuple(named.values()) if codes else await organisations.load_municipalities(tx)
    remind_on = command.remind_on or programme.terms.enrolment.remind_on

    sent = await send_round(tx, programme, command.round_id, book, remind_on, tx.cause)

    return Answer(
        {
            "programme_id": programme.id,
            "round_id": command.round_id,
            "invited": len(sent.invited),
            "remind_on": sent.remind_on.isoformat() if sent.remind_on else None,
            "without_address": list(sent.without_address),
            "already_answered": list(sent.already_answered),
            "already_invited": list(sent.already_invited),
        }
    )
