"""What a municipality has ordered is delivered, as staff say, or the system that runs the steps of a track."""

from __future__ import annotations

from services.enrollment.domain.options import deliver
from services.enrollment.usecases.change_option import change_and_answer
from services.enrollment.usecases.lock_option import lock_option
from shared.base.answers import Answer
from shared.contracts.enrollment import DeliverOption
from shared.storage.tx import Tx


async def deliver_option(tx: Tx, command: DeliverOption) -> Answer:
    """The organiser's own doing, whoever put the enrolment in."""
    option = await lock_option(tx, command.enrolment_id, command.option_id, None)

    decided = deliver(option, command.delivered_on, tx.now)

    return await change_and_answer(tx, option, decided)
