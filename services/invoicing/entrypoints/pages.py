"""Pages of invoicing: invoices and credit notes as they are printed, and where staff credit an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute

from services.invoicing.entrypoints import acts
from services.invoicing.pages import invoice_desk, own_invoices, printed, today
from shared.runtime.service import Host
from shared.web.pages import page
from shared.web.staff import staff_page

_API = "/api/invoicing"
_DESK = "/invoicing/fakturaer/{token}"


def pages(host: Host) -> Sequence[BaseRoute]:
    """The first path that fits counts."""
    shows = partial(page, host)
    return (
        shows(f"{_API}/invoices/{{document_id}}.html", printed.invoice),
        shows(f"{_API}/credit-notes/{{document_id}}.html", printed.credit_note),
        *(
            shows(f"{_API}/{path}/{{document_id}}.{suffix}", partial(show, suffix))
            for path, show in (("invoices", printed.invoice_file), ("credit-notes", printed.credit_note_file))
            for suffix in ("xml", "pdf")
        ),
        shows(_DESK, invoice_desk.invoice, acts.CREDIT),
        shows(f"{_DESK}/{{document_id}}.{{suffix}}", invoice_desk.file),
        shows("/invoicing/faktura/{token}", invoice_desk.mailed),
        shows("/invoicing/jeres-fakturaer/{token}", own_invoices.invoices),
        shows("/invoicing/jeres-fakturaer/{token}/{document_id}.{suffix}", own_invoices.document),
        staff_page(host, "/invoicing/stab/i-dag", today.today, opens=""),
    )
