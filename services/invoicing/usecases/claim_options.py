"""An option is ordered, or its quote accepted: it is owed from now on, and due once it is delivered."""

from __future__ import annotations

from collections.abc import Sequence

from services.invoicing.adapters import claims, programmes
from services.invoicing.domain.claim import Claim, end_with_programme, option_claim, option_claim_id, owe
from services.invoicing.usecases.tell_all import tell_all
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.decision import Decision
from shared.contracts.enrollment import OptionOrdered
from shared.storage.tx import Tx


async def claim_options(tx: Tx, events: Sequence[Received[OptionOrdered]]) -> None:
    """Its programme may have been cancelled before we hear of this."""
    told = [event.data for event in events]
    standing = await claims.lock(tx, {option_claim_id(one.enrolment_id, one.option_id, one.round) for one in told})
    cancelled = await programmes.load_cancelled(tx, {one.programme.id for one in told})

    decided: list[Decision[Claim]] = []
    causes: dict[str, Cause] = {}
    for event in events:
        fresh = option_claim(event.data, event.time)
        if fresh is None:
            continue
        before = standing.get(fresh.id)
        owed = owe(fresh, before, event.data.programme, tx.source)
        after = end_with_programme(owed.after, cancelled).after
        if after != before:
            decided.append(Decision(after, owed.facts))
            causes[fresh.id] = event.cause
            standing[fresh.id] = after

    await programmes.insert_new(tx, (one.programme for one in told))
    await claims.save(tx, [one.after for one in decided], causes)
    tell_all(tx, decided, causes)
