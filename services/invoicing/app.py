"""Invoicing, put together."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.console import documents
from services.invoicing.entrypoints.http import ROUTES
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.pages import pages
from services.invoicing.entrypoints.timers import TIMERS
from services.invoicing.settings import Settings
from services.invoicing.usecases.explain import explain
from services.invoicing.workers.document_writer import DocumentWriter
from shared.runtime.service import Host, Service, Worker, open_host


def _document(argv: Sequence[str]) -> int:
    return documents.document(argv, lambda: open_host(SERVICE, Settings()))


def _workers(host: Host) -> Sequence[Worker]:
    settings = host.settings
    rules = settings.einvoice_rules if isinstance(settings, Settings) else None
    folder = settings.documents_dir
    return [] if folder is None else [DocumentWriter(host, folder / "invoices", rules)]


SERVICE = Service(
    name="invoicing",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
    timers=TIMERS,
    pages=pages,
    workers=_workers,
    explain=explain,
    commands={"document": _document},
)
