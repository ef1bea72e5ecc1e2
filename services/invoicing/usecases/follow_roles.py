"""RoleAppointed → who holds the billing role: what was mailed to them opens as long as they do."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import recipients
from shared.base.cloudevents import Received
from shared.contracts.enrollment import RoleAppointed
from shared.storage.tx import Tx


async def follow_roles(tx: Tx, events: Sequence[Received[RoleAppointed]]) -> None:
    """Natural key: enrolment and role; the newest wins. A role that is about invoices no more has no holder here."""
    held = {
        (event.data.enrolment_id, event.data.role_id): event.data.person.person_id
        if event.data.person and event.data.purpose == "billing"
        else None
        for event in events
    }
    await recipients.save_holders(tx, held)
