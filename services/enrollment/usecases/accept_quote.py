"""A municipality says yes to the quote that it has read: only then it owes anything."""

from __future__ import annotations

from services.enrollment.adapters import links, steps
from services.enrollment.domain.options import accept
from services.enrollment.usecases.bill_option import bill_option
from services.enrollment.usecases.change_option import change_option
from services.enrollment.usecases.deliver_by_steps import deliver_and_answer
from services.enrollment.usecases.lock_option import lock_option
from shared.base.answers import Answer
from shared.contracts.enrollment import AcceptQuote
from shared.storage.tx import Tx


async def accept_quote(tx: Tx, command: AcceptQuote) -> Answer:
    await steps.lock_steps(tx, [command.enrolment_id])
    option = await lock_option(tx, command.enrolment_id, command.option_id, tx.cause.client)
    billing = await bill_option(tx, option, command.billing)
    path = links.standing_path_of(tx.links, option.enrolment)

    decided = accept(option, command.round, path, tx.now, billing)

    await change_option(tx, option, decided, tx.cause)
    return await deliver_and_answer(tx, option, decided)
