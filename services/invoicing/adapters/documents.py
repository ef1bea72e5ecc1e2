"""Invoices and credit notes as files: the e-invoice in the customer's format, a PDF with it inside, JSON, a page."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.invoicing.adapters.einvoice import pdf
from services.invoicing.adapters.einvoice.formats import chosen
from services.invoicing.domain import credit_note
from services.invoicing.domain.document.how_to_pay import how_to_pay
from services.invoicing.domain.document.model import Document
from services.invoicing.domain.from_invoice import Issued, credit_note_document, debtor, invoice_document
from services.invoicing.domain.invoice import as_told
from services.invoicing.domain.vat import vat_sums
from shared.contracts.danish import kroner, short_day
from shared.contracts.invoicing import Invoice

TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def _pages() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(kroner=kroner, dato=short_day)
    return environment


def as_json(issued: Issued) -> str:
    told = as_told(issued) if isinstance(issued, Invoice) else credit_note.as_told(issued)
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def as_html(issued: Issued) -> str:
    """A page of its own, with nothing to load: it looks the same in ten years."""
    template = _pages().get_template("invoice.html" if isinstance(issued, Invoice) else "credit_note.html")
    paper, invoice = _document(issued), _invoice(issued)
    return template.render(
        document=issued,
        invoice=invoice,
        debtor=debtor(invoice.buyer.name, invoice.billing),
        vat_sums=vat_sums(issued.lines),
        delivered_on=paper.delivered_on,
        exemption=paper.exemption,
        how_to_pay=how_to_pay(paper.payment, paper.id, paper.seller.cvr),
    )


def as_files(issued: Issued) -> dict[str, bytes]:
    """By suffix. The same document gives the same bytes. Raises ValueError for what cannot be a document."""
    document = _document(issued)
    form = chosen(_invoice(issued).billing.format, issued.issued_on)
    xml = form.write(document)
    return {
        "json": as_json(issued).encode(),
        "html": as_html(issued).encode(),
        "xml": xml,
        "pdf": pdf.write(document, xml, form.title),
    }


def file_name(issued: Issued, suffix: str) -> str:
    """`K-1.html`; what could lead out of the folder is percent-encoded."""
    return f"{quote(issued.id, safe='')}.{suffix}"


def write(folder: Path, issued: Issued) -> dict[str, bytes]:
    """All files, each whole or not at all, by suffix; writing them again gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    files = as_files(issued)
    for suffix, content in files.items():
        _replace(folder / file_name(issued, suffix), content)
    return files


def _invoice(issued: Issued) -> Invoice:
    """The one that it is, or that it credits."""
    invoice = issued if isinstance(issued, Invoice) else issued.invoice
    if invoice is None:
        raise ValueError(f"credit note {issued.number} does not carry its invoice")
    return invoice


def _document(issued: Issued) -> Document:
    if isinstance(issued, Invoice):
        return invoice_document(issued)
    return credit_note_document(issued, _invoice(issued))


def _replace(path: Path, content: bytes) -> None:
    """Under a name nobody reads, then renamed (POSIX rename is atomic); a crash leaves no half file under `path`."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
