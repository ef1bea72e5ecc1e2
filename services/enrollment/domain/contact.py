"""Who speaks for an enrolment: its contact, who it was before, and how one follows the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from services.enrollment.domain.enrolment import Enrolment, about
from services.enrollment.domain.forbehold import told_forbehold
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roles import Held
from shared.contracts.decision import Decision
from shared.contracts.enrollment import MAIN_ROLE, LinksRevoked, OwnLinksRevoked, SeatLink, TovholderAppointed
from shared.contracts.parties import Contact, Person
from shared.contracts.refusal import Refused


class Speaker(NamedTuple):
    """Whom a link was given to: the contact, the contact's secretary, whoever holds the billing role; or, for what is
    their `own` alone, somebody who takes part.
    """

    person_id: str
    is_secretary: bool = False
    generation: int = 0
    """Of the link: all of an earlier one are closed."""
    own: bool = False


def require_contact(enrolment: Enrolment, person_id: str | None) -> Enrolment:
    """The enrolment, which has a contact to change. `person_id`: of whoever asks by a mailed link, else None.

    A link ends with the change, also for a wish that was on its way: Refused 403 `not_the_contact`.
    """
    if not enrolment.is_signed_up:
        raise Refused(
            "not_signed_up", f"{enrolment.organisation.name} er ikke tilmeldt, så der er ingen kontakt at skifte."
        )
    if enrolment.is_member:
        raise Refused(
            "member_mailbox", f"{enrolment.organisation.name} skrives til på postkassen i adressebogen: ret den."
        )
    if person_id is not None and not enrolment.is_contact(person_id):
        raise Refused(
            "not_the_contact",
            f"{enrolment.organisation.name} har fået en anden kontakt. Kun den kan gøre det.",
            status=403,
        )
    return enrolment


def closed_link() -> Refused:
    return Refused("link_closed", "Linket er lukket, så det blev ikke gjort. Brug det i den nyeste mail.", status=403)


def require_open_link(enrolment: Enrolment | None, speaker: Speaker) -> None:
    """Raises Refused 403 `link_closed` for whoever came by one that is closed by now."""
    if enrolment is None:
        return
    closed = enrolment.has_closed_own if speaker.own else enrolment.has_closed
    if closed(speaker.person_id, speaker.generation):
        raise closed_link()


def require_links(enrolment: Enrolment, person_id: str | None) -> Enrolment:
    """The enrolment, whose contact has links. `person_id` as in `require_contact`."""
    if enrolment.contact is None or not enrolment.is_signed_up:
        raise Refused("no_links", f"{enrolment.organisation.name} har ingen links at lukke.")
    if person_id is not None and not enrolment.is_contact(person_id):
        raise Refused("not_the_contact", "Kun kontakten kan lukke sine links.", status=403)
    return enrolment


def with_new_links(enrolment: Enrolment) -> Enrolment:
    """Whatever its contact was mailed by now is closed, also as somebody who takes part."""
    person_id = enrolment.known_contact.person_id
    numbers = {**enrolment.link_generations, person_id: enrolment.generation_of(person_id) + 1}
    return replace(enrolment, link_generations=numbers).with_closed_links(person_id)


def revoke_links(
    after: Enrolment, programme: Programme, *, participants_path: str | None, standing_path: str
) -> Decision[Enrolment]:
    """`after` as `with_new_links`; the paths are of the new links."""
    contact = after.known_contact
    fact = LinksRevoked(
        **about(after, programme),
        contact=contact,
        generation=after.generation_of(contact.person_id),
        participants_path=participants_path,
        standing_path=standing_path,
    )
    return Decision(after, (fact,))


@dataclass(frozen=True, slots=True)
class New:
    """The links of somebody's own that are good from now on."""

    seats: tuple[SeatLink, ...] = ()
    place_path: str | None = None
    own_page_path: str | None = None
    billing_path: str | None = None
    standing_path: str | None = None

    @property
    def takes_part(self) -> bool:
        return self.own_page_path is not None


def require_linked(found: tuple[Person, New] | None) -> tuple[Person, New]:
    """Whoever has links of their own in the enrolment."""
    if found is None:
        raise Refused("no_links", "Personen har ingen links at lukke.", status=404, field="person_id")
    return found


def close_links(after: Enrolment, programme: Programme, person: Person, new: New) -> Decision[Enrolment]:
    """`after` as `Enrolment.with_closed_links`; `new` are the links that the person gets instead."""
    fact = OwnLinksRevoked(
        **about(after, programme),
        person=person,
        generation=after.own_generation_of(person.person_id),
        contact_generation=after.generation_of(person.person_id),
        seats=new.seats,
        place_path=new.place_path,
        own_page_path=new.own_page_path,
        billing_path=new.billing_path,
        standing_path=new.standing_path,
    )
    return Decision(after, (fact,))


def require_role(role: str) -> str:
    if role != MAIN_ROLE:
        raise Refused("unknown_role", f"Rollen findes ikke i forløbet (der er: {MAIN_ROLE}).", status=422, field="role")
    return role


def with_contact(enrolment: Enrolment, person: Person) -> Enrolment:
    """The role keeps its label, and with it the meetings that are for it."""
    contact = Contact(**person.model_dump(), role=enrolment.known_contact.role)
    return replace(enrolment, contact=contact)


def hand_over(
    before: Enrolment,
    after: Enrolment,
    programme: Programme,
    reason: str,
    *,
    participants_path: str | None,
    standing_path: str,
) -> Decision[Enrolment]:
    """From one contact to the next, whose the paths are. The same person, written the same, changes nothing."""
    if after == before:
        return Decision(before)
    former = None if after.is_contact(before.known_contact.person_id) else before.known_contact
    fact = TovholderAppointed(
        **about(after, programme),
        contact=after.known_contact,
        former=former,
        reason=reason if former else "",
        forbehold=told_forbehold(after, programme) if after.forbehold_open else None,
        participants_path=participants_path,
        standing_path=standing_path,
    )
    return Decision(after, (fact,))


def next_turn(
    history: Sequence[Held], before: Enrolment, after: Enrolment, reason: str, now: datetime
) -> tuple[Held, ...]:
    """The rows of the main role that the change writes: how it was until now, and how it is from now on.

    The first contact of a round has none before, and what a version before this one ended may still look open.
    """
    if before.received_at is None or before.number is None:
        raise ValueError(f"enrolment {before.id} is not signed up")
    rows = [one for one in history if one.role == MAIN_ROLE]
    last, written = max((one.turn for one in rows), default=0), []
    current = next((one for one in rows if one.until is None), None)
    same_person = after.is_contact(before.known_contact.person_id)
    if current is not None and current.round != before.number:
        written.append(replace(current, until=max(current.since, before.received_at)))
        current = None
    if current is None:
        if same_person:
            return tuple(written)
        last += 1
        current = Held(MAIN_ROLE, last, before.number, before.known_contact, min(before.received_at, now))
    if same_person:
        return (*written, replace(current, holder=after.known_contact))
    since = max(now, current.since)
    follower = Held(MAIN_ROLE, last + 1, before.number, after.known_contact, since, because=reason)
    return (*written, replace(current, until=since), follower)


def holders(history: Sequence[Held], enrolment: Enrolment) -> tuple[Held, ...]:
    """All of them, the present one included, in their order: whoever was never changed stands in no row."""
    rows = sorted(history, key=lambda one: (one.role != MAIN_ROLE, one.role, one.turn))
    main = [one for one in rows if one.role == MAIN_ROLE]
    if enrolment.contact is None or enrolment.received_at is None or enrolment.number is None:
        return tuple(rows)
    if any(one.round == enrolment.number for one in main):
        return tuple(rows)
    until = None if enrolment.is_signed_up else enrolment.withdrawn_at
    only = Held(MAIN_ROLE, len(main) + 1, enrolment.number, enrolment.contact, enrolment.received_at, until)
    return (*main, only, *rows[len(main) :])
