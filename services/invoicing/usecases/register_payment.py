"""Money has come in for an invoice."""

from __future__ import annotations

from services.invoicing.adapters import invoices
from services.invoicing.domain.standing import paid_by_another, pay
from shared.base.answers import Answer
from shared.contracts.invoicing import RegisterPayment
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def register_payment(tx: Tx, command: RegisterPayment) -> Answer:
    """The bank's reference names the payment: the same one again changes nothing and gets the same answer."""
    standing = await invoices.lock(tx, command.invoice_id)
    known = await invoices.load_payment(tx, command.payment_id)

    decided = pay(standing, known, command, day_of(tx.now), tx.source)

    if decided.after != standing and not await invoices.insert_payment(tx, command):
        raise paid_by_another()
    tx.tell(decided)
    return Answer({"invoice_id": command.invoice_id, "outstanding_ore": decided.after.outstanding_ore})
