"""An order that is not delivered, or a quote without an answer, is taken back."""

from __future__ import annotations

from services.enrollment.domain.options import withdraw
from services.enrollment.usecases.change_option import change_and_answer
from services.enrollment.usecases.lock_option import lock_option
from shared.base.answers import Answer
from shared.contracts.enrollment import WithdrawOption
from shared.storage.tx import Tx


async def withdraw_option(tx: Tx, command: WithdrawOption) -> Answer:
    option = await lock_option(tx, command.enrolment_id, command.option_id, tx.cause.client)

    decided = withdraw(option, tx.now)

    return await change_and_answer(tx, option, decided)
