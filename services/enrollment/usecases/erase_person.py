"""Somebody is forgotten: their seats to come are free, they are on the erasure list, and all services hear of it."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, erasing, guests, people, programmes, rosters, teams
from services.enrollment.adapters.forgetting import HOLDINGS
from services.enrollment.domain.address_book import require_email
from services.enrollment.domain.erasure import (
    STAYS,
    free_seat,
    leave_meeting,
    leave_team,
    require_known,
    require_no_contact,
    require_words,
    told,
)
from services.enrollment.usecases.lock_guests import lock_guests
from shared.base.answers import Answer
from shared.contracts.enrollment import ErasePerson
from shared.runtime.erasure import Forgetting, goes_on
from shared.storage import erasure
from shared.storage.tx import Tx

FORGETTING = Forgetting(HOLDINGS)


async def erase_person(tx: Tx, command: ErasePerson) -> Answer:
    """Refused `still_contact` as long as they are who a municipality is written to, and `unknown_person` for an address
    that nobody has. An id is taken as it is: another service may know it, or has to forget it once more.
    """
    require_words(command.person_id, command.email)
    email = require_email(command.email, "email") if command.email else None
    known = await people.load_alike(tx, command.person_id, email)
    person_ids = await erasing.load_ids(tx, command.person_id, known, email)
    places = await erasing.load_places(tx, person_ids)
    locked = await enrolments.lock_many(tx, places.enrolment_ids)

    require_known(person_ids)
    require_no_contact(list(locked.values()), person_ids)

    for fact in told(person_ids, tx.source):
        tx.publish(fact)
    for enrolment_id, meeting_id, person_id in places.seats:
        programme = await programmes.load_of(tx, locked[enrolment_id])
        roster = await rosters.lock(tx, programme, locked[enrolment_id], meeting_id)
        if roster is not None:
            before, freed = free_seat(roster, person_id, tx.now)
            if freed.facts:
                await rosters.save(tx, before, freed.after, tx.cause)
            tx.tell(freed)
    for enrolment_id, person_id in places.teams:
        programme = await programmes.load_of(tx, locked[enrolment_id])
        team, left = leave_team(await teams.lock(tx, programme, locked[enrolment_id]), person_id, tx.now)
        if left.facts:
            await teams.save(tx, team, left.after, tx.cause)
        tx.tell(left)
    for programme_id, meeting_id, guest_id in places.guests:
        programme, meeting = await lock_guests(tx, programme_id, meeting_id)
        guest = await guests.load(tx, meeting_id, guest_id)
        if guest is not None:
            known.append(guest.person)
            await guests.remove(tx, guest)
            tx.tell(leave_meeting(programme, meeting, guest))
    await people.mark_erased(tx, person_ids)
    await erasure.begin(
        tx, person_ids, [one.name for one in known], [*(one.email for one in known), *([email] if email else [])]
    )
    tx.set(goes_on(person_ids[0], tx))
    return Answer({"erased": person_ids, "stays": list(STAYS)})
