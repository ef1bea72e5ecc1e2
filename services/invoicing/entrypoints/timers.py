"""What invoicing does when a time comes."""

from __future__ import annotations

from services.invoicing.domain.claim import INVOICE_RUN
from services.invoicing.domain.standing import REMIND_OVERDUE
from services.invoicing.usecases.remind_overdue import remind_overdue
from services.invoicing.usecases.run_invoices import run_invoices
from shared.runtime.timers import at

TIMERS = (
    at(INVOICE_RUN, run_invoices),
    at(REMIND_OVERDUE, remind_overdue),
)
