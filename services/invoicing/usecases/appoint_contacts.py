"""An organisation has another contact: its invoices go to that person from now on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.invoicing.adapters import programmes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.contracts.enrollment import TovholderAppointed
    from shared.messaging.envelope import Received
    from shared.storage.tx import Tx


async def appoint_contacts(tx: Tx, events: Sequence[Received[TovholderAppointed]]) -> None:
    await programmes.appoint(tx, [(event.data.enrolment_id, event.data.contact, event.time) for event in events])
