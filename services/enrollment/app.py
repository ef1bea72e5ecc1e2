"""Enrolment, put together."""

from __future__ import annotations

from services.enrollment.entrypoints.commands import check_files, import_file
from services.enrollment.entrypoints.http import ROUTES
from services.enrollment.entrypoints.kafka import SUBSCRIPTIONS
from services.enrollment.entrypoints.pages import pages
from services.enrollment.entrypoints.timers import TIMERS
from services.enrollment.settings import Settings
from services.enrollment.usecases.explain import explain
from shared.runtime.service import Service

SERVICE = Service(
    name="enrollment",
    settings=Settings,
    subscriptions=SUBSCRIPTIONS,
    routes=ROUTES,
    timers=TIMERS,
    pages=pages,
    explain=explain,
    commands={"check": check_files, "import-addresses": import_file},
)
