"""The contact has pressed the link that was mailed: the form becomes an enrolment with a place."""

from __future__ import annotations

from services.enrollment.adapters import sign_ups
from services.enrollment.domain.sign_up import require_waiting
from services.enrollment.usecases.give_places import give_places
from shared.base.answers import Answer, Asked
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class ConfirmSignUp(Command):
    sign_up_id: str


async def confirm_sign_up(tx: Tx, command: ConfirmSignUp) -> Answer:
    """The day the form came in counts against the deadline, not the day of the confirmation."""
    sign_up = require_waiting(await sign_ups.load(tx, command.sign_up_id))
    (outcome,) = await give_places(tx, [Asked(sign_up.command, tx.cause)], received_at=sign_up.received_at)
    if isinstance(outcome, Refused):
        raise outcome
    await sign_ups.mark_confirmed(tx, sign_up.id)
    return outcome
