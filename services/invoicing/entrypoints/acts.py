"""What invoicing can be asked to do; the doors (http, kafka, pages) say by which way."""

from __future__ import annotations

from services.invoicing.usecases.correct_billing import correct_billing
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.forget_people import FORGETTING
from services.invoicing.usecases.register_payment import register_payment
from services.invoicing.usecases.release_claim import release_claim
from services.invoicing.usecases.waive_claim import waive_claim
from shared.base.acts import act
from shared.contracts.invoicing import CorrectBilling, CreditInvoice, RegisterPayment, ReleaseClaim, WaiveClaim
from shared.runtime.erasure import FindPeople, ForgetPerson, KeepErased

CORRECT_BILLING = act(CorrectBilling, correct_billing)
WAIVE = act(WaiveClaim, waive_claim)
RELEASE = act(ReleaseClaim, release_claim)
CREDIT = act(CreditInvoice, credit_invoice, status=201)
REGISTER_PAYMENT = act(RegisterPayment, register_payment, status=201)
FORGET = act(ForgetPerson, FORGETTING.forget)
KEEP_ERASED = act(KeepErased, FORGETTING.keep)
FIND_PEOPLE = act(FindPeople, FORGETTING.search)
"""A question, asked as a wish because an address stands in no path."""
