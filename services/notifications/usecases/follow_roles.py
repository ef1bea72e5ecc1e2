"""RoleAppointed → whoever holds the role now is told, and whoever did until now; of a secretary the contact as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from services.notifications.adapters import enrolments, programmes, role_holders, subscriptions
from services.notifications.domain import letters
from services.notifications.domain.enrolment import Enrolment
from services.notifications.domain.letter import Letter
from services.notifications.domain.roles import RoleHolder, appointed, holder_of, left
from services.notifications.usecases.write_letters import write_letters
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.contracts.enrollment import SECRETARY_ROLE, RoleAppointed
from shared.contracts.parties import Contact, Person
from shared.storage.tx import Tx


async def follow_roles(tx: Tx, events: Sequence[Received[RoleAppointed]]) -> None:
    """Whoever has it already is not told so. Of a `quiet` one nobody is."""
    await programmes.lock(tx, (event.data.programme for event in events))
    before = await role_holders.load(tx, {event.data.enrolment_id for event in events})
    held = {(one.enrolment_id, one.role_id): one for known in before.values() for one in known}
    contacts = await enrolments.load(tx, {event.data.enrolment_id for event in events})
    written: list[tuple[Letter, Cause]] = []
    vacant: list[tuple[str, str]] = []
    closed: list[tuple[str, str]] = []
    for event in events:
        fact, key = event.data, (event.data.enrolment_id, event.data.role_id)
        known, after = held.pop(key, None), holder_of(fact)
        new, former = appointed(known, fact), left(fact)
        if after is None:
            vacant.append(key)
        else:
            held[key] = after
        if fact.role_id == SECRETARY_ROLE:
            closed += [(fact.enrolment_id, one.person_id) for one in _out(known, after)]
        contact = contacts.get(fact.enrolment_id)
        if not fact.quiet:
            written += [(one, event.cause) for one in _letters(fact, new, former, contact, event.time)]
    await subscriptions.close_of_secretaries(tx, closed)
    await role_holders.mark_vacant(tx, vacant)
    told = {(event.data.enrolment_id, event.data.role_id) for event in events}
    await role_holders.save(tx, [held[key] for key in sorted(told) if key in held])
    await write_letters(tx, written)


def _out(known: RoleHolder | None, after: RoleHolder | None) -> Iterator[Contact]:
    """Who held it and does so no more."""
    if known is not None and (after is None or after.holder.person_id != known.holder.person_id):
        yield known.holder


def _letters(
    fact: RoleAppointed, new: Person | None, former: Person | None, known: Enrolment | None, at: datetime
) -> Iterator[Letter]:
    is_secretary = fact.role_id == SECRETARY_ROLE
    if new is not None:
        yield letters.secretary_appointed(fact, new, at) if is_secretary else letters.role_appointed(fact, new, at)
    if new is not None and is_secretary and known is not None:
        yield letters.access_given(fact, new, known.contact, known.standing_path, at)
    if former is not None:
        yield letters.secretary_left(fact, former, at) if is_secretary else letters.role_left(fact, former, at)
