"""Somebody is forgotten: their seats to come are free, they are on the erasure list, and all services hear of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from services.enrollment.adapters import (
    archives,
    contacts,
    enrolments,
    erasing,
    guests,
    keeping,
    meetings,
    people,
    programmes,
    rosters,
    sheet_imports,
    teams,
)
from services.enrollment.adapters.erasing import Places
from services.enrollment.adapters.forgetting import HOLDINGS
from services.enrollment.domain.address_book import require_email
from services.enrollment.domain.archive import require_archived, what_stays
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.erasure import (
    free_seat,
    leave_meeting,
    leave_roles,
    leave_secretary,
    leave_team,
    require_known,
    require_no_contact,
    require_words,
    told,
)
from services.enrollment.domain.keeping import past
from services.enrollment.domain.programme import PEOPLE_AFTER
from services.enrollment.usecases.lock_guests import lock_guests
from shared.base.answers import Answer
from shared.base.erasure import Sought
from shared.contracts.enrollment import ErasePerson
from shared.contracts.parties import Person
from shared.runtime.erasure import Forgetting, goes_on
from shared.storage import erasure
from shared.storage.tx import Tx


async def read_what_stays(tx: Tx, sought: Sought) -> list[str]:
    return what_stays(await archives.load_stood(tx, sought.person_ids))


FORGETTING = Forgetting(HOLDINGS, stays=read_what_stays)


async def erase_person(tx: Tx, command: ErasePerson) -> Answer:
    """Refused `still_contact` as long as they are who a municipality is written to, up to a year after the programme,
    `archive_first` as long as papers that they stand in are to be handed over to an archive, and `unknown_person` for
    an address that nobody has. An id is taken as it is: another service may know it, or has to forget it once more.
    """
    require_words(command.person_id, command.email, by_event=tx.cause.causation_id is not None)
    email = require_email(command.email, "email") if command.email else None
    known = await people.load_alike(tx, command.person_id, email)
    person_ids = await erasing.load_ids(tx, command.person_id, known, email)
    require_known(person_ids)
    places, locked = await _lock(tx, person_ids)
    endings = await keeping.load_endings_of(tx, {one.programme_id for one in locked.values()})

    stood = await archives.load_stood(tx, person_ids)
    # Whoever is on the list already is erased once more, and nothing is lost by it.
    gone = await erasure.load_erased(tx, person_ids)
    still_there = [one for one in person_ids if one not in gone]
    to_archive = await archives.load_stood(tx, still_there) if gone else stood

    require_no_contact(list(locked.values()), person_ids, past(endings, PEOPLE_AFTER.days, tx.now))
    missing = require_archived(to_archive, also_unarchived=command.also_unarchived, reason=command.reason)

    await archives.insert_unarchived(tx, missing, person_ids, command.reason.strip(), tx.cause)
    for fact in told(person_ids, tx.source):
        tx.publish(fact)
    await _leave(tx, places, locked, person_ids)
    known += await _leave_as_guests(tx, places)
    await people.mark_erased(tx, person_ids)
    addresses = [*(one.email for one in known), *([email] if email else [])]
    await sheet_imports.forget_asked(tx, [one.lower() for one in addresses])
    await erasure.begin(tx, person_ids, [one.name for one in known], addresses)
    tx.set(goes_on(person_ids[0], tx))
    return Answer(
        {"erased": person_ids, "stays": what_stays(stood), "unarchived": [one.programme_id for one in missing]}
    )


class _MorePlaces(Exception):  # noqa: N818  (no error: locks are taken anew)
    pass


async def _lock(tx: Tx, person_ids: Sequence[str]) -> tuple[Places, Mapping[str, Enrolment]]:
    """The enrolments that they stand in, and then they themselves, as whoever registers somebody locks them.

    Whoever has just registered them, or made them a contact, is waited for, and then all is looked up again.
    """
    wanted: set[str] = set()
    while True:
        with suppress(_MorePlaces):
            async with tx.savepoint():
                locked = await enrolments.lock_many(tx, wanted)
                await people.lock(tx, person_ids)
                places = await erasing.load_places(tx, person_ids)
                if not locked.keys() >= set(places.enrolment_ids):
                    raise _MorePlaces
                return places, locked
        wanted |= set(places.enrolment_ids)


async def _leave(tx: Tx, places: Places, locked: Mapping[str, Enrolment], person_ids: Sequence[str]) -> None:
    """Seats, standing teams and roles, as if they had left."""
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
    for enrolment_id in places.roles:
        programme, history = (
            await programmes.load_of(tx, locked[enrolment_id]),
            await contacts.load_history(tx, enrolment_id),
        )
        for ended in leave_roles(locked[enrolment_id], programme, history, person_ids, tx.now):
            await contacts.save(tx, enrolment_id, ended.after, tx.cause)
            tx.tell(ended)
        closed = leave_secretary(locked[enrolment_id], programme, history, person_ids, tx.now)
        await contacts.save(tx, enrolment_id, closed.after, tx.cause)
        tx.tell(closed)


async def _leave_as_guests(tx: Tx, places: Places) -> list[Person]:
    """They, as they were called. The meetings are locked first, and in their order (`lock_guests`)."""
    found = []
    await meetings.lock_many(tx, [meeting_id for _, meeting_id, _ in places.guests])
    for programme_id, meeting_id, guest_id in places.guests:
        programme, meeting = await lock_guests(tx, programme_id, meeting_id)
        guest = await guests.load(tx, meeting_id, guest_id)
        if guest is not None:
            found.append(guest.person)
            await guests.remove(tx, guest)
            tx.tell(leave_meeting(programme, meeting, guest))
    return found
