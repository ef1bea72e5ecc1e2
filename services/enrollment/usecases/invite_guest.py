"""Staff invite somebody from outside to one meeting."""

from __future__ import annotations

from services.enrollment.adapters import guests, links
from services.enrollment.domain.address_book import require_email, require_name
from services.enrollment.domain.guest import invite_guest as decide
from services.enrollment.usecases.lock_guests import lock_guests
from shared.base.answers import Answer
from shared.base.ids import random_id
from shared.contracts.enrollment import InviteGuest
from shared.contracts.parties import Person
from shared.storage.tx import Tx


async def invite_guest(tx: Tx, command: InviteGuest) -> Answer:
    programme, meeting = await lock_guests(tx, command.programme_id, command.meeting_id)
    name, email = require_name(command.name, "name"), require_email(command.email, "email")
    there = await guests.load_by_email(tx, meeting.meeting.id, email)
    person = Person(person_id=random_id(), name=name, email=email)

    paths = links.guest_paths(tx.links, programme.id, meeting.meeting.id, person.person_id)
    decided = decide(programme, meeting, there, person, command.track, tx.now, paths=paths)

    if decided.after != there:
        await guests.insert(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"person_id": decided.after.person.person_id, "meeting_id": meeting.meeting.id})
