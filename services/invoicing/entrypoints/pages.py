"""Pages of invoicing: invoices and credit notes as they are printed, and where staff follow and settle what is owed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute

from services.invoicing.entrypoints import acts
from services.invoicing.pages import invoice_desk, ledger, own_invoices, printed, staff_claim, staff_invoice, today
from services.invoicing.usecases.explain import explain
from services.invoicing.usecases.forget_people import FORGETTING
from shared.base.acts import Act
from shared.runtime.erasure_page import erasure_pages
from shared.runtime.service import Host
from shared.runtime.why_page import why_page
from shared.web.pages import page
from shared.web.scopes import of_command
from shared.web.staff import staff_page
from shared.web.token_use import use_page

_API = "/api/invoicing"
_PROGRAMME = "/invoicing/stab/forloeb/{programme_id}"
_CLAIM = f"{_PROGRAMME}/oekonomi/krav/{{claim_id}}"
_INVOICE = f"{_PROGRAMME}/fakturaer/{{invoice_id}}"
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
        *_for_staff(host),
        *erasure_pages(host, FORGETTING, acts.FIND_PEOPLE, acts.FORGET),
        use_page(host),
    )


def _for_staff(host: Host) -> Sequence[BaseRoute]:
    shows = partial(staff_page, host)

    def does(path: str, shown: Callable[..., Awaitable[Response]], act: Act) -> BaseRoute:
        """A page that says what will come of the act and then does it: for whoever may do it alone."""
        return shows(path, shown, act, opens=of_command(act.command, host.service.name))

    return (
        shows("/invoicing/stab/i-dag", today.today, opens=""),
        shows("/invoicing/stab/soeg", staff_invoice.search, opens="invoicing.invoices", posts=True),
        shows(f"{_PROGRAMME}/oekonomi", ledger.ledger, opens="invoicing.claims", posts=True),
        shows(f"{_PROGRAMME}/oekonomi/krav.csv", ledger.claims_as_csv, opens="invoicing.claims"),
        shows(f"{_PROGRAMME}/oekonomi/krav.xlsx", ledger.claims_as_xlsx, opens="invoicing.claims"),
        shows(f"{_PROGRAMME}/oekonomi/fakturaer.csv", ledger.invoices_as_csv, opens="invoicing.invoices"),
        shows(f"{_PROGRAMME}/oekonomi/fakturaer.xlsx", ledger.invoices_as_xlsx, opens="invoicing.invoices"),
        shows(_CLAIM, staff_claim.claim, opens="invoicing.claims"),
        does(f"{_CLAIM}/faktureres-ikke", staff_claim.waive, acts.WAIVE),
        does(f"{_CLAIM}/fakturer-alligevel", staff_claim.release, acts.RELEASE),
        does(f"{_CLAIM}/oplysninger", staff_claim.correct, acts.CORRECT_BILLING),
        shows(_INVOICE, staff_invoice.invoice, opens="invoicing.invoices"),
        does(f"{_INVOICE}/krediter", staff_invoice.credit, acts.CREDIT),
        does(f"{_INVOICE}/betaling", staff_invoice.pay, acts.REGISTER_PAYMENT),
        shows(f"{_INVOICE}/{{document_id}}.{{suffix}}", staff_invoice.file, opens="invoicing.invoices"),
        why_page(host, explain, "invoicing.invoices"),
    )
