"""Invoicing, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.invoicing.entrypoints import commands
from services.invoicing.entrypoints.http import ROUTES
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.pages import pages
from services.invoicing.entrypoints.timers import TIMERS
from services.invoicing.entrypoints.workers import workers
from services.invoicing.settings import Settings
from services.invoicing.usecases.explain import explain
from shared.runtime.service import Service, open_host

if TYPE_CHECKING:
    from collections.abc import Sequence


def _document(argv: Sequence[str]) -> int:
    return commands.document(argv, lambda: open_host(SERVICE, Settings()))


SERVICE = Service(
    name="invoicing",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
    timers=TIMERS,
    pages=pages,
    workers=workers,
    explain=explain,
    commands={"document": _document},
)
