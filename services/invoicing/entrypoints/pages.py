"""Pages of invoicing: invoices and credit notes as they are printed, and where staff credit an invoice."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from services.invoicing.entrypoints import acts
from services.invoicing.pages.invoice_desk import InvoiceDesk
from services.invoicing.pages.printed import Printed
from shared.runtime.service import Host

_API = "/api/invoicing"
_DESK = "/invoicing/fakturaer/{token}"


def pages(host: Host) -> Sequence[BaseRoute]:
    printed, desk = Printed(host), InvoiceDesk(host, credit=acts.CREDIT)
    return (
        Route(f"{_API}/invoices/{{document_id}}.html", printed.invoice, name="invoice"),
        Route(f"{_API}/credit-notes/{{document_id}}.html", printed.credit_note, name="credit_note"),
        Route(_DESK, desk.invoice, methods=["GET", "POST"], name="credit"),
        Route(f"{_DESK}/{{document_id}}.{{suffix}}", desk.file, name="file"),
        Route("/invoicing/faktura/{token}", desk.mailed, name="mailed"),
    )
