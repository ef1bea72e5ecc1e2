"""RoleAppointed → whoever holds the role now is told, and whoever did until now."""

from __future__ import annotations

from collections.abc import Sequence

from services.notifications.adapters import programmes, role_holders
from services.notifications.domain import letters
from services.notifications.domain.roles import appointed, holder_of, left
from services.notifications.usecases.write_letters import write_letters
from shared.base.cloudevents import Received
from shared.contracts.enrollment import RoleAppointed
from shared.storage.tx import Tx


async def follow_roles(tx: Tx, events: Sequence[Received[RoleAppointed]]) -> None:
    """Whoever has it already is not told so. Of a `quiet` one nobody is."""
    await programmes.lock(tx, (event.data.programme for event in events))
    before = await role_holders.load(tx, {event.data.enrolment_id for event in events})
    held = {(one.enrolment_id, one.role_id): one for known in before.values() for one in known}
    written, vacant = [], []
    for event in events:
        fact, key = event.data, (event.data.enrolment_id, event.data.role_id)
        known, after = held.pop(key, None), holder_of(fact)
        new, former = appointed(known, fact), left(fact)
        if after is None:
            vacant.append(key)
        else:
            held[key] = after
        if new is not None and not fact.quiet:
            written.append((letters.role_appointed(fact, new, event.time), event.cause))
        if former is not None and not fact.quiet:
            written.append((letters.role_left(fact, former, event.time), event.cause))
    await role_holders.mark_vacant(tx, vacant)
    told = {(event.data.enrolment_id, event.data.role_id) for event in events}
    await role_holders.save(tx, [held[key] for key in sorted(told) if key in held])
    await write_letters(tx, written)
