"""What invoicing does when a time comes."""

from __future__ import annotations

from services.invoicing.domain.claim import CLAIMS_TO_SETTLE, FEES_TO_CREDIT, FEES_TO_WITHDRAW, INVOICE_RUN
from services.invoicing.domain.standing import REMIND_OVERDUE
from services.invoicing.usecases.credit_fees import credit_fees
from services.invoicing.usecases.follow_meetings import settle_the_rest
from services.invoicing.usecases.forget_people import FORGETTING
from services.invoicing.usecases.remind_overdue import remind_overdue
from services.invoicing.usecases.run_invoices import run_invoices
from services.invoicing.usecases.withdraw_fees import withdraw_the_rest
from shared.runtime.erasure import FORGET_PERSON
from shared.runtime.timers import at

TIMERS = (
    at(CLAIMS_TO_SETTLE, settle_the_rest, at_once=1),
    at(FEES_TO_WITHDRAW, withdraw_the_rest, at_once=1),
    at(FEES_TO_CREDIT, credit_fees, at_once=1),
    at(INVOICE_RUN, run_invoices, at_once=1),
    at(REMIND_OVERDUE, remind_overdue, at_once=1),
    at(FORGET_PERSON, FORGETTING.go_on, at_once=1),
)
