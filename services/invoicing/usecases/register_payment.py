"""Money has come in for an invoice."""

from __future__ import annotations

from datetime import timedelta

from services.invoicing.adapters import invoices
from shared.base.answers import Answer
from shared.contracts.invoicing import PaymentRegistered, RegisterPayment
from shared.contracts.refusal import Refused
from shared.contracts.time import day_of
from shared.storage.tx import Tx

ORDERED_AHEAD = timedelta(days=90)
"""A transfer may be ordered for its due date; a day further ahead is a slip of the pen."""


async def register_payment(tx: Tx, command: RegisterPayment) -> Answer:
    """The bank's reference names the payment: the same one again changes nothing and gets the same answer."""
    if not command.payment_id.strip():
        raise Refused("required", "Feltet skal udfyldes.", status=422, field="payment_id")
    if command.amount_ore <= 0:
        raise Refused("not_positive", "Beløbet skal være større end 0.", status=422, field="amount_ore")
    if command.paid_on > day_of(tx.now) + ORDERED_AHEAD:
        raise Refused("day_far_ahead", "Betalingsdagen ligger for langt ude i fremtiden.", status=422, field="paid_on")
    standing = await invoices.load(tx, command.invoice_id)
    if standing is None:
        raise Refused("unknown_invoice", "Fakturaen findes ikke.", status=404, field="invoice_id")

    known = await invoices.insert_payment(tx, command)
    outstanding = standing.outstanding_ore
    if known is None:
        outstanding -= command.amount_ore
        tx.publish(
            PaymentRegistered(
                owner=tx.source,
                invoice_id=command.invoice_id,
                payment_id=command.payment_id,
                amount_ore=command.amount_ore,
                paid_on=command.paid_on,
                outstanding_ore=outstanding,
            )
        )
    elif known != command:
        raise Refused("payment_differs", "En anden betaling har allerede den reference.", field="payment_id")
    return Answer({"invoice_id": command.invoice_id, "outstanding_ore": outstanding})
