"""LinksRevoked, OwnLinksRevoked → what was given by the links that are closed leads to no invoice any more."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import closed_links
from services.invoicing.domain.closed_links import Closings, latest
from shared.base.cloudevents import Received
from shared.contracts.enrollment import LinksRevoked, OwnLinksRevoked
from shared.storage.tx import Tx


async def close_ways_of_contacts(tx: Tx, events: Sequence[Received[LinksRevoked]]) -> None:
    """Natural key: enrolment and person; the highest generation holds, in whichever order they are heard."""
    told = [
        ((one.enrolment_id, one.contact.person_id), Closings(contact=one.generation))
        for one in (event.data for event in events)
    ]
    await closed_links.keep(tx, latest(told))


async def close_ways_of_people(tx: Tx, events: Sequence[Received[OwnLinksRevoked]]) -> None:
    """Of whoever holds the billing role, and of whoever was the contact and may be again: no other links of somebody's
    own lead to an invoice.
    """
    told = [
        (
            (one.enrolment_id, one.person.person_id),
            Closings(contact=one.contact_generation or 0, billing=0 if one.billing_path is None else one.generation),
        )
        for one in (event.data for event in events)
    ]
    await closed_links.keep(tx, latest(told))
