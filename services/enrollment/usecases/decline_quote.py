"""A municipality says no to the quote that it has read."""

from __future__ import annotations

from services.enrollment.domain.options import decline
from services.enrollment.usecases.change_option import change_and_answer
from services.enrollment.usecases.lock_option import lock_option
from shared.base.answers import Answer
from shared.contracts.enrollment import DeclineQuote
from shared.storage.tx import Tx


async def decline_quote(tx: Tx, command: DeclineQuote) -> Answer:
    option = await lock_option(tx, command.enrolment_id, command.option_id, tx.cause.client)

    decided = decline(option, command.round, tx.now)

    return await change_and_answer(tx, option, decided)
