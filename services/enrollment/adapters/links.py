"""The links that this service mails. Each path is a secret of whoever it is mailed to.

Those without an end of their own end with the programme they are about, as it stands when they are used
(`domain.programme.is_over`): one that was mailed before its end was moved ends with it all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.own_paths import OwnPaths
from services.enrollment.domain.sign_up import CONFIRM_DAYS, Paths
from shared.base.links import Links
from shared.base.passes import Place, Reader, Role, pass_path, reader_from

_CONFIRM = "confirm sign-up"
_PARTICIPANTS = "participants"
_STANDING = "standing"
_STANDING_OF_SECRETARY = "standing, for a secretary"
_PARTICIPANTS_OF_SECRETARY = "participants, for a secretary"
_INVITATION = "invitation"
_CALLER = "caller"
_DRAFT = "draft"
_SEAT = "seat"
_PLACE = "place on a team"
_BILLING = "invoice details"
_GUEST = "guest at a meeting"
_OWN_PAGE = "own page"
_GENERATION = "g:"
"""In front of the generation of a link, where it is not the first: no id of an enrolment begins so."""


def confirm_path(links: Links, sign_up_id: str, received_at: datetime) -> str:
    """Good for CONFIRM_DAYS, and for this one form."""
    token = links.sign(_CONFIRM, sign_up_id, received_at + timedelta(days=CONFIRM_DAYS))
    return f"/tilmeld/bekraeft/{token}"


def taking_back_path(confirm: str) -> str:
    """Below the page that the link of a form leads to: where it is taken back."""
    return f"{confirm}/fortryd"


def more_forms_path(links: Links, sign_up_id: str, received_at: datetime) -> str:
    """Of the page that the link of this form leads to: the others for its mailbox."""
    return f"{confirm_path(links, sign_up_id, received_at)}/flere"


def sign_up_of(links: Links, token: str, now: datetime) -> str | None:
    return links.verify(_CONFIRM, token, now)


class Guest(NamedTuple):
    """Whom a link to the participants was given to, and for which round of the enrolment (`Enrolment.lets_in`)."""

    enrolment_id: str
    person_id: str
    number: int | None
    generation: int = 0
    """Of the person's links in this enrolment: an earlier one is closed (`Enrolment.generation_of`)."""
    turn: int | None = None
    """None = the contact's. Else which access of a secretary's it was given with (`domain.secretary.lets_in`)."""

    @property
    def subject(self) -> str:
        """What is signed, for the purpose that says whether it is a contact's or a secretary's."""
        named = " ".join(str(part) for part in (*self[:3], self.turn) if part is not None)
        return f"{_GENERATION}{self.generation} {named}" if self.generation else named


def participants_path(links: Links, guest: Guest) -> str:
    """Good as long as `Enrolment.lets_in` the guest, and until a year after the programme."""
    purpose = _PARTICIPANTS if guest.turn is None else _PARTICIPANTS_OF_SECRETARY
    return f"/deltagere/{links.sign(purpose, guest.subject)}"


def participants_path_of(links: Links, enrolment: Enrolment) -> str | None:
    """None as long as it has no place: there are no participants to register."""
    if enrolment.contact is None or not enrolment.has_place:
        return None
    return participants_path(links, contact_of(enrolment))


def standing_path_of(links: Links, enrolment: Enrolment) -> str:
    """Of the page that says where it stands, and where a forbehold is answered: its contact's, in this round."""
    return standing_path(links, contact_of(enrolment))


def standing_path(links: Links, guest: Guest) -> str:
    """As good as the guest's link to the participants."""
    purpose = _STANDING if guest.turn is None else _STANDING_OF_SECRETARY
    return f"/plads/{links.sign(purpose, guest.subject)}"


def quote_path_of(links: Links, enrolment: Enrolment, option_id: str, round_: int) -> str:
    """Of the page where a quote is answered, below the one that says where its enrolment stands."""
    return f"{standing_path_of(links, enrolment)}/tilkoeb/{option_id}/tilbud/{round_}"


def contact_of(enrolment: Enrolment) -> Guest:
    """Its contact, by the links that are good now."""
    person_id = enrolment.known_contact.person_id
    return Guest(enrolment.id, person_id, enrolment.number, enrolment.generation_of(person_id))


def paths_of(links: Links, enrolment: Enrolment) -> Paths:
    """Those of its contact, who is known by now."""
    guest = contact_of(enrolment)
    return Paths(participants_path(links, guest), standing_path_of(links, enrolment))


def standing_of(links: Links, token: str, now: datetime) -> Guest | None:
    known = _guest(links.verify(_STANDING, token, now))
    return known or _secretary(links.verify(_STANDING_OF_SECRETARY, token, now))


def participants_of(links: Links, token: str, now: datetime) -> Guest | None:
    """A version before this one named no number: such a link lives as long, and leads to a place that one gave."""
    known = _guest(links.verify(_PARTICIPANTS, token, now))
    return known or _secretary(links.verify(_PARTICIPANTS_OF_SECRETARY, token, now))


def _guest(subject: str | None) -> Guest | None:
    if subject is None:
        return None
    generation, named = _generation_in(subject)
    enrolment_id, person_id, *number = named.split(" ")
    return Guest(enrolment_id, person_id, int(number[0]) if number else None, generation)


def _secretary(subject: str | None) -> Guest | None:
    if subject is None:
        return None
    named, _, turn = subject.rpartition(" ")
    known = _guest(named)
    return known and known._replace(turn=int(turn))


def onward_path(links: Links, place: Place, enrolment: Enrolment, guest: Guest, now: datetime) -> str:
    """Where another service goes on for whoever has been let in to the enrolment's page by now."""
    role: Role = "contact" if guest.turn is None else "secretary"
    generation = guest.generation if guest.turn is None else enrolment.own_generation_of(guest.person_id)
    return pass_path(links, place, Reader(role, enrolment.id, guest.person_id, generation), now)


class Seated(NamedTuple):
    """Whose link leads to the seat of this number at a meeting: as long as they are the one who has it."""

    enrolment_id: str
    person_id: str
    number: int
    meeting_id: str
    generation: int = 0
    """Of the person's own links in this enrolment: an earlier one is closed (`Enrolment.own_generation_of`)."""


def seat_path(links: Links, seated: Seated) -> str:
    return f"/moedeplads/{links.sign(_SEAT, _of_generation(seated.generation, seated[:4]))}"


def _of_generation(generation: int, named: Iterable[object]) -> str:
    said = " ".join(map(str, named))
    return f"{_GENERATION}{generation} {said}" if generation else said


def _generation_in(subject: str) -> tuple[int, str]:
    if not subject.startswith(_GENERATION):
        return 0, subject
    first, _, rest = subject.partition(" ")
    return int(first.removeprefix(_GENERATION)), rest


def seat_of(links: Links, token: str, now: datetime) -> Seated | None:
    subject = links.verify(_SEAT, token, now)
    if subject is None:
        return None
    # What another system calls its meeting may have spaces in it.
    generation, named = _generation_in(subject)
    enrolment_id, person_id, number, meeting_id = named.split(" ", 3)
    return Seated(enrolment_id, person_id, int(number), meeting_id, generation)


def billing_path(links: Links, holder: Guest) -> str:
    """Where whoever holds the billing role gives what invoices lack, as long as they do, and in this round."""
    return f"/fakturaoplysninger/{links.sign(_BILLING, holder.subject)}"


def billing_of(links: Links, token: str, now: datetime) -> Guest | None:
    return _guest(links.verify(_BILLING, token, now))


class Placed(NamedTuple):
    """Whose link leads to the place of this number on a standing team: as long as they are the one who has it."""

    enrolment_id: str
    person_id: str
    number: int
    generation: int = 0
    """As `Seated.generation`."""


def place_path(links: Links, placed: Placed) -> str:
    return f"/holdplads/{links.sign(_PLACE, _of_generation(placed.generation, placed[:3]))}"


def place_of(links: Links, token: str, now: datetime) -> Placed | None:
    subject = links.verify(_PLACE, token, now)
    if subject is None:
        return None
    generation, named = _generation_in(subject)
    enrolment_id, person_id, number = named.split(" ")
    return Placed(enrolment_id, person_id, int(number), generation)


class Invited(NamedTuple):
    """Whose link leads to the meeting that they are a guest at: as long as they are."""

    guest_id: str
    meeting_id: str
    generation: int = 0
    """Of the guest's links: an earlier one is closed (`domain.guest.Guest.has_closed`)."""


def guest_path(links: Links, invited: Invited) -> str:
    return f"/gaest/{links.sign(_GUEST, _of_generation(invited.generation, invited[:2]))}"


def guest_of(links: Links, token: str, now: datetime) -> Invited | None:
    subject = links.verify(_GUEST, token, now)
    if subject is None:
        return None
    # What another system calls its meeting may have spaces in it.
    generation, named = _generation_in(subject)
    guest_id, meeting_id = named.split(" ", 1)
    return Invited(guest_id, meeting_id, generation)


def own_page_path(links: Links, reader: Reader) -> str:
    """Of the page with all that is somebody's in an enrolment, or of a guest in a programme: a secret of theirs.

    It shows what they have when it is opened, and ends with the programme.
    """
    return f"/mig/{links.sign(_OWN_PAGE, reader.subject)}"


def own_path_of(links: Links, enrolment: Enrolment, person_id: str) -> str:
    """The same of somebody whom the enrolment sends: where mails to them lead."""
    generation = enrolment.own_generation_of(person_id)
    return own_page_path(links, Reader("participant", enrolment.id, person_id, generation))


def seat_paths(links: Links, enrolment: Enrolment, meeting_id: str, person_id: str, number: int) -> OwnPaths:
    """What whoever gets a seat is mailed."""
    seated = Seated(enrolment.id, person_id, number, meeting_id, enrolment.own_generation_of(person_id))
    return OwnPaths(seat_path(links, seated), own_path_of(links, enrolment, person_id))


def place_paths(links: Links, enrolment: Enrolment, person_id: str, number: int) -> OwnPaths:
    """What whoever is named for a team is mailed."""
    placed = Placed(enrolment.id, person_id, number, enrolment.own_generation_of(person_id))
    return OwnPaths(place_path(links, placed), own_path_of(links, enrolment, person_id))


def guest_paths(links: Links, programme_id: str, meeting_id: str, person_id: str, generation: int = 0) -> OwnPaths:
    """What a guest is mailed."""
    invited, reader = Invited(person_id, meeting_id, generation), Reader("guest", programme_id, person_id, generation)
    return OwnPaths(guest_path(links, invited), own_page_path(links, reader))


def own_page_of(links: Links, token: str, now: datetime) -> Reader | None:
    return reader_from(links.verify(_OWN_PAGE, token, now))


def calendar_path(links: Links, reader: Reader, now: datetime) -> str:
    """Where somebody subscribes to their meetings: another service's, for whom a page has let in."""
    return pass_path(links, "calendar", reader, now)


def sign_up_path(links: Links, programme_id: str, enrolment_id: str) -> str:
    """The form with the municipality already chosen, and a way to say no; good until the programme is over."""
    return f"/tilmeld/{programme_id}?invitation={links.sign(_INVITATION, enrolment_id)}"


def invited_of(links: Links, token: str, now: datetime) -> str | None:
    return links.verify(_INVITATION, token, now)


class Begun(NamedTuple):
    """The draft that a link takes up again, and what it signs up for."""

    draft_id: str
    programme_id: str


def draft_path(links: Links, draft_id: str, programme_id: str) -> str:
    """Good as long as there is such a draft; when it is gone, the link leads to an empty form."""
    return f"/tilmeld/kladde/{links.sign(_DRAFT, f'{draft_id} {programme_id}')}"


def draft_of(links: Links, token: str, now: datetime) -> Begun | None:
    subject = links.verify(_DRAFT, token, now)
    return None if subject is None else Begun(*subject.split(" ", 1))


def caller_mark(links: Links, address: str) -> str:
    """The same for the same address, and nobody finds the address by it."""
    return links.sign(_CALLER, address).rpartition(".")[2]
