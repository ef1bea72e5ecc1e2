"""Invoicing's handler of MunicipalityEnrolled raises what no data can be blamed for."""

from __future__ import annotations

from typing import Any

from services.invoicing import app
from services.invoicing.usecases.claim_fees import claim_fees
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.messaging.subscriptions import On, on


async def divide_by_zero(_tx: Any, _events: Any) -> None:
    raise ZeroDivisionError("a bug")


def apply() -> None:
    table = tuple(
        on(MunicipalityEnrolled, divide_by_zero) if isinstance(entry, On) and entry.usecase is claim_fees else entry
        for entry in app.SERVICE.subscriptions
    )
    object.__setattr__(app.SERVICE, "subscriptions", table)
