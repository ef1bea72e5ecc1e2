"""Who pays for what a municipality has bought beside the fee, said after it was ordered."""

from __future__ import annotations

from services.enrollment.adapters import orders
from services.enrollment.domain.enrolment import book_is_for
from services.enrollment.domain.options import bill, lacking_for, paid_by
from services.enrollment.usecases.bill_option import bill_option
from services.enrollment.usecases.lock_option import lock_bought
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeOptionBilling
from shared.contracts.seen import billing_fields, require_seen
from shared.storage.tx import Tx


async def change_option_billing(tx: Tx, command: ChangeOptionBilling) -> Answer:
    """Whoever ordered it stays who they are."""
    option = await lock_bought(tx, command.enrolment_id, command.option_id)
    require_seen(billing_fields(paid_by(option, option.order)), command.seen)
    billing = await bill_option(tx, option, command.billing)

    decided = bill(option, billing)

    (order,) = decided.after
    if order != option.order:
        await orders.save_billing(tx, order, tx.cause)
    tx.tell(decided)
    by_name = book_is_for(option.enrolment, client=tx.cause.client is not None, person=tx.cause.is_person)
    return Answer(
        {
            "order_id": order.id,
            "billing": paid_by(option, order).model_dump(mode="json") if by_name else None,
            "was": billing_fields(paid_by(option, option.order)) if by_name else None,
            "missing": list(lacking_for(option, order)),
        }
    )
