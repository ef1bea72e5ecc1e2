"""A municipality buys what the programme offers at a fixed price."""

from __future__ import annotations

from services.enrollment.adapters import links, steps
from services.enrollment.domain.options import order
from services.enrollment.usecases.bill_option import bill_option
from services.enrollment.usecases.change_option import change_option
from services.enrollment.usecases.deliver_by_steps import deliver_and_answer
from services.enrollment.usecases.lock_option import lock_option
from shared.base.answers import Answer
from shared.contracts.enrollment import OrderOption
from shared.storage.tx import Tx


async def order_option(tx: Tx, command: OrderOption) -> Answer:
    await steps.lock_steps(tx, [command.enrolment_id])
    option = await lock_option(tx, command.enrolment_id, command.option_id, tx.cause.client)
    billing = await bill_option(tx, option, command.billing)
    path = links.standing_path_of(tx.links, option.enrolment)

    decided = order(option, command.accepted_price_ore, path, tx.now, billing)

    await change_option(tx, option, decided, tx.cause)
    return await deliver_and_answer(tx, option, decided)
