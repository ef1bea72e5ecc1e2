"""What can be asked of invoicing over HTTP."""

from __future__ import annotations

from services.invoicing.entrypoints import acts
from services.invoicing.usecases.forget_people import FORGETTING
from services.invoicing.usecases.read_audit import read_audit
from services.invoicing.usecases.read_claims import read_claim, read_claims
from services.invoicing.usecases.read_credit_notes import (
    read_credit_note,
    read_credit_notes,
    read_credit_notes_of_invoice,
)
from services.invoicing.usecases.read_invoices import read_invoice, read_invoices
from services.invoicing.usecases.read_linked_invoices import read_invoice_link
from services.invoicing.usecases.read_overview import read_overview
from shared.web.routes import listing, read, write

_API = "/api/invoicing"
_CLAIM = f"{_API}/claims/{{claim_id}}"
_INVOICE = f"{_API}/invoices/{{invoice_id}}"

ROUTES = (
    listing(f"{_API}/claims", read_claims, filters=("programme_id", "state")),
    read(_CLAIM, read_claim),
    write("POST", f"{_CLAIM}/release", acts.RELEASE),
    write("POST", f"{_CLAIM}/waive", acts.WAIVE),
    write("PUT", f"{_API}/enrolments/{{enrolment_id}}/billing", acts.CORRECT_BILLING),
    listing(f"{_API}/invoices", read_invoices, filters=("programme_id", "enrolment_id")),
    read(_INVOICE, read_invoice),
    write("POST", f"{_INVOICE}/payments", acts.REGISTER_PAYMENT),
    listing(f"{_INVOICE}/credit-notes", read_credit_notes_of_invoice),
    write("POST", f"{_INVOICE}/credit-notes", acts.CREDIT),
    listing(f"{_API}/credit-notes", read_credit_notes, filters=("programme_id", "enrolment_id")),
    read(f"{_API}/credit-notes/{{credit_note_id}}", read_credit_note),
    read(f"{_INVOICE}/page", read_invoice_link, opens=acts.CREDIT),
    read(f"{_API}/overview", read_overview),
    listing(f"{_API}/programmes/{{programme_id}}/audit", read_audit),
    write("POST", f"{_API}/people/forget", acts.FORGET),
    write("POST", f"{_API}/people/search", acts.FIND_PEOPLE),
    listing(f"{_API}/people/erased", FORGETTING.read_erased),
    write("POST", f"{_API}/people/erased", acts.KEEP_ERASED),
    read(f"{_API}/people/{{person_id}}", FORGETTING.read),
)
