"""Toys, put together."""

from __future__ import annotations

from services.toy.entrypoints.http import ROUTES
from services.toy.entrypoints.kafka import SUBSCRIPTIONS
from services.toy.settings import Settings

from shared.runtime.service import Service

SERVICE = Service(
    name="toy",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
)
