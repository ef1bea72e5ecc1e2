"""Fees of a programme that was called off before anything was held are given back."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims, credit_notes, invoices
from services.invoicing.domain.claim import is_to_credit
from services.invoicing.domain.credit_note import crediting_fees, left_of
from services.invoicing.domain.standing import require
from services.invoicing.usecases.give_back import give_back
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def credit_fees(tx: Tx, timers: Sequence[Timer]) -> None:
    """As much of them as is left; whoever credits at the same time is waited for."""
    for timer in timers:
        standing = require(await invoices.lock(tx, timer.key), "invoice_id")
        left = left_of(standing.invoice, await credit_notes.load_credited_lines(tx, standing.id))
        known = await claims.lock_of_invoice(tx, standing.id)
        fees = [claim.id for claim in known.values() if is_to_credit(claim) and left[claim.id]]
        if fees:
            await give_back(tx, standing, crediting_fees(standing.invoice, fees), timer.cause)
