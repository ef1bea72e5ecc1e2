"""What can be asked of invoicing over HTTP."""

from __future__ import annotations

from services.invoicing.usecases.correct_billing import correct_billing
from services.invoicing.usecases.credit_invoice import credit_invoice
from services.invoicing.usecases.read_claims import get_claim, list_claims
from services.invoicing.usecases.read_credit_notes import (
    get_credit_note,
    list_credit_notes,
    list_credit_notes_of_invoice,
)
from services.invoicing.usecases.read_invoices import get_invoice, list_invoices, read_overview
from services.invoicing.usecases.register_payment import register_payment
from services.invoicing.usecases.show_invoice import link_to_invoice
from services.invoicing.usecases.waive_claim import waive_claim
from shared.contracts.invoicing import CorrectBilling, CreditInvoice, RegisterPayment, WaiveClaim
from shared.web.routes import read, write

ROUTES = (
    read("/api/invoicing/claims", list_claims, scope="staff"),
    read("/api/invoicing/claims/{claim_id}", get_claim, scope="staff"),
    write("POST", "/api/invoicing/claims/{claim_id}/waive", WaiveClaim, waive_claim, scope="staff"),
    write(
        "PUT",
        "/api/invoicing/enrolments/{enrolment_id}/billing",
        CorrectBilling,
        correct_billing,
        scope="staff",
    ),
    read("/api/invoicing/invoices", list_invoices, scope="staff"),
    read("/api/invoicing/invoices/{invoice_id}", get_invoice, scope="staff"),
    write(
        "POST",
        "/api/invoicing/invoices/{invoice_id}/payments",
        RegisterPayment,
        register_payment,
        scope="staff",
        status=201,
    ),
    read("/api/invoicing/invoices/{invoice_id}/credit-notes", list_credit_notes_of_invoice, scope="staff"),
    write(
        "POST",
        "/api/invoicing/invoices/{invoice_id}/credit-notes",
        CreditInvoice,
        credit_invoice,
        scope="staff",
        status=201,
    ),
    read("/api/invoicing/credit-notes", list_credit_notes, scope="staff"),
    read("/api/invoicing/credit-notes/{credit_note_id}", get_credit_note, scope="staff"),
    read("/api/invoicing/invoices/{invoice_id}/page", link_to_invoice, scope="staff"),
    read("/api/invoicing/overview", read_overview, scope="staff"),
)
