"""Pages of scheduling: what staff have to do about meetings."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from services.scheduling.pages import today
from shared.runtime.service import Host
from shared.web.staff import staff_page
from shared.web.token_use import use_page


def pages(host: Host) -> Sequence[BaseRoute]:
    return (staff_page(host, "/scheduling/stab/i-dag", today.today, opens=""), use_page(host))
