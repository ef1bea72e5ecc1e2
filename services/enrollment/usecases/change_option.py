"""What follows from a decision about an option: its rounds are written, it is told, and whoever asked is answered."""

from __future__ import annotations

from services.enrollment.adapters import orders
from services.enrollment.domain.options import Decided, Option, Order
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def change_option(tx: Tx, option: Option, decided: Decided, because: Cause) -> None:
    """The enrolment is locked."""
    await orders.save(tx, [one for one in decided.after if one != option.order], because)
    tx.tell(decided, because=because)


async def change_and_answer(tx: Tx, option: Option, decided: Decided) -> Answer:
    await change_option(tx, option, decided, tx.cause)
    return answer_of(decided.after[-1])


def answer_of(order: Order) -> Answer:
    return Answer(
        {
            "order_id": order.id,
            "enrolment_id": order.enrolment_id,
            "option_id": order.option_id,
            "round": order.round,
            "state": order.state,
            "price_ore": order.price_ore,
            "vat_percent": order.vat_percent,
        }
    )
