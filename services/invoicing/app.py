"""Invoicing, put together."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.entrypoints import commands
from services.invoicing.entrypoints.http import ROUTES
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.pages import pages
from services.invoicing.entrypoints.timers import TIMERS
from services.invoicing.entrypoints.workers import workers
from services.invoicing.settings import Settings
from services.invoicing.usecases.explain import explain
from shared.base import log as logs
from shared.runtime.service import Host, Service, Worker, open_host


async def open_own_host() -> Host:
    """For a command, with the settings of the environment."""
    logs.configure(SERVICE.name)
    return await open_host(SERVICE, Settings())


def _document(argv: Sequence[str]) -> int:
    return commands.document(argv, open_own_host)


def _workers(host: Host) -> Sequence[Worker]:
    settings = host.settings
    return workers(host, settings.einvoice_rules if isinstance(settings, Settings) else None)


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
