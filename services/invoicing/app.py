"""Invoicing, put together."""

from __future__ import annotations

from services.invoicing.entrypoints.http import ROUTES
from services.invoicing.entrypoints.kafka import SUBSCRIPTIONS
from services.invoicing.entrypoints.pages import pages
from services.invoicing.entrypoints.timers import TIMERS
from services.invoicing.entrypoints.workers import workers
from services.invoicing.settings import Settings
from services.invoicing.usecases.explain import explain
from shared.runtime.service import Service

SERVICE = Service(
    name="invoicing",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
    timers=TIMERS,
    pages=pages,
    workers=workers,
    explain=explain,
)
