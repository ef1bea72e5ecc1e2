"""What can be asked of invoicing over HTTP."""

from __future__ import annotations

from services.invoicing.entrypoints import acts
from services.invoicing.usecases.read_claims import get_claim, list_claims
from services.invoicing.usecases.read_credit_notes import (
    get_credit_note,
    list_credit_notes,
    list_credit_notes_of_invoice,
)
from services.invoicing.usecases.read_invoices import get_invoice, list_invoices, read_overview
from services.invoicing.usecases.show_invoice import link_to_invoice
from shared.web.routes import read, write

_API = "/api/invoicing"
_CLAIM = f"{_API}/claims/{{claim_id}}"
_INVOICE = f"{_API}/invoices/{{invoice_id}}"

ROUTES = (
    read(f"{_API}/claims", list_claims, scope="staff"),
    read(_CLAIM, get_claim, scope="staff"),
    write("POST", f"{_CLAIM}/waive", acts.WAIVE, scope="staff"),
    write("PUT", f"{_API}/enrolments/{{enrolment_id}}/billing", acts.CORRECT_BILLING, scope="staff"),
    read(f"{_API}/invoices", list_invoices, scope="staff"),
    read(_INVOICE, get_invoice, scope="staff"),
    write("POST", f"{_INVOICE}/payments", acts.REGISTER_PAYMENT, scope="staff"),
    read(f"{_INVOICE}/credit-notes", list_credit_notes_of_invoice, scope="staff"),
    write("POST", f"{_INVOICE}/credit-notes", acts.CREDIT, scope="staff"),
    read(f"{_API}/credit-notes", list_credit_notes, scope="staff"),
    read(f"{_API}/credit-notes/{{credit_note_id}}", get_credit_note, scope="staff"),
    read(f"{_INVOICE}/page", link_to_invoice, scope="staff"),
    read(f"{_API}/overview", read_overview, scope="staff"),
)
