"""Scheduling, put together."""

from __future__ import annotations

from services.scheduling.entrypoints.http import ROUTES
from services.scheduling.entrypoints.kafka import SUBSCRIPTIONS
from services.scheduling.entrypoints.pages import pages
from services.scheduling.entrypoints.timers import TIMERS
from services.scheduling.settings import Settings
from services.scheduling.usecases.explain import explain
from shared.runtime.service import Service

SERVICE = Service(
    name="scheduling",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
    timers=TIMERS,
    pages=pages,
    explain=explain,
)
