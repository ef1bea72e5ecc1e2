"""Pages of scheduling: what staff have to do about meetings."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.scheduling.pages import today
from services.scheduling.usecases.explain import explain
from shared.runtime.service import Host
from shared.runtime.why_page import why_page
from shared.web.staff import staff_page


def pages(host: Host) -> Sequence[BaseRoute]:
    return (
        staff_page(host, "/scheduling/stab/i-dag", today.today, opens=""),
        why_page(host, explain, "scheduling.meetings"),
    )
