"""Somebody else's links than the contact's have come into the wrong hands: they are closed, and new ones are mailed."""

from __future__ import annotations

from typing import ClassVar

from services.enrollment.adapters import contacts, enrolments, links, mailbox_codes, programmes, rosters, teams
from services.enrollment.adapters.links import Guest, Placed, Seated
from services.enrollment.domain.contact import New, close_links, require_linked
from services.enrollment.domain.enrolment import Enrolment, require_enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import billing_holders
from services.enrollment.domain.secretary import secretary_of
from services.enrollment.domain.team import team_terms
from services.enrollment.usecases.close_guest_links import close_links_of_mailbox
from shared.base.answers import Answer
from shared.base.passes import Reader
from shared.contracts.bounds import Id
from shared.contracts.enrollment import SeatLink
from shared.contracts.event import Command
from shared.contracts.parties import Person
from shared.storage.tx import Tx


class CloseLinks(Command):
    """By staff, on the pages of the enrolment; of somebody with a seat, a place on the team, or a role that opens
    something. The contact's own pages are closed by RevokeLinks.
    """

    service: ClassVar[str] = "enrollment"

    enrolment_id: Id
    person_id: Id


async def close_links_of(tx: Tx, command: CloseLinks) -> Answer:
    """Refused 404 `no_links`."""
    known = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.load_of(tx, known)
    after = known.with_closed_links(command.person_id)
    person, new = require_linked(await load_linked(tx, programme, after, command.person_id))

    decided = close_links(after, programme, person, new)

    await enrolments.save(tx, decided.after, tx.cause)
    await mailbox_codes.forget_mailbox(tx, mailbox_codes.mark_of(tx.links, person.email))
    tx.tell(decided)
    await close_visits(tx, programme, after, person, new)
    return Answer({"enrolment_id": after.id, "person_id": person.person_id})


async def close_visits(tx: Tx, programme: Programme, enrolment: Enrolment, person: Person, new: New) -> None:
    """The own page leads on to what the same mailbox is a guest at: whoever had the page may have these links, too. The
    new own page leads to the new ones.
    """
    if new.takes_part and not enrolment.by_client:
        await close_links_of_mailbox(tx, programme, person.email)


async def load_linked(tx: Tx, programme: Programme, enrolment: Enrolment, person_id: str) -> tuple[Person, New] | None:
    """Who they are, with the links that are good now; None for somebody who has none of their own."""
    if not enrolment.is_signed_up:
        return None
    own, history = enrolment.own_generation_of(person_id), await contacts.load_history(tx, enrolment.id)
    there = await rosters.load_of_person(tx, programme, enrolment, person_id) if enrolment.has_place else ()
    seats = [(one, seat) for one in there if (seat := one.seat_of(person_id)) is not None]
    team = await teams.load(tx, programme, enrolment) if enrolment.has_place and team_terms(enrolment) else None
    member = team.member(person_id) if team else None
    billing = next((one for one in billing_holders(enrolment, programme, history) if one.person_id == person_id), None)
    access = secretary_of(enrolment, history)
    helper = access.holder if access is not None and access.holder.person_id == person_id else None
    guest = Guest(enrolment.id, person_id, enrolment.number, enrolment.generation_of(person_id))
    persons = [*([member.person] if member else []), *(seat.person for _, seat in seats), billing, helper]
    person = next((one for one in persons if one is not None), None)
    if person is None:
        return None
    new = New(
        seats=tuple(
            SeatLink(
                meeting_id=one.meeting.id,
                path=links.seat_path(tx.links, Seated(enrolment.id, person_id, seat.number, one.meeting.id, own)),
            )
            for one, seat in seats
        ),
        place_path=links.place_path(tx.links, Placed(enrolment.id, person_id, member.number, own)) if member else None,
        own_page_path=links.own_page_path(tx.links, Reader("participant", enrolment.id, person_id, own))
        if seats or member
        else None,
        billing_path=links.billing_path(tx.links, guest) if billing and not enrolment.is_contact(person_id) else None,
        standing_path=links.standing_path(tx.links, guest._replace(turn=access.turn)) if helper and access else None,
    )
    return Person(person_id=person.person_id, name=person.name, email=person.email), new


async def read_linked(tx: Tx, enrolment_id: str, person_id: str) -> Person | None:
    """Whose links may be closed; None for somebody who has none of their own."""
    enrolment = await enrolments.load(tx, enrolment_id)
    if enrolment is None:
        return None
    found = await load_linked(tx, await programmes.load_of(tx, enrolment), enrolment, person_id)
    return found[0] if found else None
