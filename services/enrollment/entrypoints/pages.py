"""Pages for people outside: the open programmes, signing up, and taking part in meetings."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.enrollment.entrypoints.participant_pages import participant_pages
from services.enrollment.entrypoints.sign_up_pages import sign_up_pages
from shared.runtime.service import Host


def pages(host: Host) -> Sequence[BaseRoute]:
    return (*sign_up_pages(host), *participant_pages(host))
