"""An invoice as files: the e-invoice in the customer's format, a PDF with it inside, JSON, and a page to print."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.invoicing.adapters import pdf
from services.invoicing.adapters.formats import chosen
from services.invoicing.domain.from_invoice import invoice_document
from services.invoicing.domain.invoice import as_told, vat_sums
from shared.contracts.danish import kroner, short_day

if TYPE_CHECKING:
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


def as_json(invoice: Invoice) -> str:
    return json.dumps(as_told(invoice), ensure_ascii=False, indent=2) + "\n"


def as_html(invoice: Invoice) -> str:
    """A page of its own, with nothing to load: it looks the same in ten years."""
    return _pages().get_template("invoice.html").render(invoice=invoice, vat_sums=vat_sums(invoice.lines))


def as_files(invoice: Invoice) -> dict[str, bytes]:
    """By suffix. The same invoice gives the same bytes. Raises ValueError for one that cannot be a document."""
    document = invoice_document(invoice)
    form = chosen(invoice.billing.format, invoice.issued_on)
    xml = form.write(document)
    return {
        "json": as_json(invoice).encode(),
        "html": as_html(invoice).encode(),
        "xml": xml,
        "pdf": pdf.write(document, xml, form.title),
    }


def file_name(invoice: Invoice, suffix: str) -> str:
    """`K-1.html`; what could lead out of the folder is percent-encoded."""
    return f"{quote(invoice.id, safe='')}.{suffix}"


def write(folder: Path, invoice: Invoice) -> None:
    """All files, each whole or not at all; writing them again gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, content in as_files(invoice).items():
        _replace(folder / file_name(invoice, suffix), content)


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
