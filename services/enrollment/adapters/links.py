"""The links that this service mails. Each path is a secret of whoever it is mailed to.

Those without an end of their own end with the programme they are about, as it stands when they are used
(`domain.programme.is_over`): one that was mailed before its end was moved ends with it all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.own_paths import OwnPaths
from services.enrollment.domain.sign_up import CONFIRM_DAYS, Paths
from shared.base.links import Links
from shared.base.passes import Place, Reader, pass_path, reader_from

_CONFIRM = "confirm sign-up"
_PARTICIPANTS = "participants"
_STANDING = "standing"
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

    @property
    def subject(self) -> str:
        return _marked(self.generation, " ".join(str(part) for part in self[:3] if part is not None))


def participants_path(links: Links, guest: Guest) -> str:
    """Good as long as `Enrolment.lets_in` the guest, and until a year after the programme."""
    return f"/deltagere/{links.sign(_PARTICIPANTS, guest.subject)}"


def participants_path_of(links: Links, enrolment: Enrolment) -> str | None:
    """None as long as it has no place: there are no participants to register."""
    if enrolment.contact is None or not enrolment.has_place:
        return None
    return participants_path(links, _contact_of(enrolment))


def standing_path_of(links: Links, enrolment: Enrolment) -> str:
    """Of the page that says where it stands, and where a forbehold is answered: its contact's, in this round."""
    return standing_path(links, _contact_of(enrolment))


def standing_path(links: Links, guest: Guest) -> str:
    """As good as the guest's link to the participants."""
    return f"/plads/{links.sign(_STANDING, guest.subject)}"


def quote_path_of(links: Links, enrolment: Enrolment, option_id: str, round_: int) -> str:
    """Of the page where a quote is answered, below the one that says where its enrolment stands."""
    return f"{standing_path_of(links, enrolment)}/tilkoeb/{option_id}/tilbud/{round_}"


def _contact_of(enrolment: Enrolment) -> Guest:
    person_id = enrolment.known_contact.person_id
    return Guest(enrolment.id, person_id, enrolment.number, enrolment.generation_of(person_id))


def paths_of(links: Links, enrolment: Enrolment) -> Paths:
    """Those of its contact, who is known by now."""
    guest = _contact_of(enrolment)
    return Paths(participants_path(links, guest), standing_path_of(links, enrolment))


def standing_of(links: Links, token: str, now: datetime) -> Guest | None:
    return _guest(links.verify(_STANDING, token, now))


def participants_of(links: Links, token: str, now: datetime) -> Guest | None:
    """A version before this one named no number: such a link lives as long, and leads to a place that one gave."""
    return _guest(links.verify(_PARTICIPANTS, token, now))


def _guest(subject: str | None) -> Guest | None:
    if subject is None:
        return None
    generation, named = _unmarked(subject)
    enrolment_id, person_id, *number = named.split(" ")
    return Guest(enrolment_id, person_id, int(number[0]) if number else None, generation)


def _marked(generation: int, subject: str) -> str:
    return f"{_GENERATION}{generation} {subject}" if generation else subject


def _unmarked(subject: str) -> tuple[int, str]:
    """The generation, and what was marked with it."""
    if not subject.startswith(_GENERATION):
        return 0, subject
    mark, _, rest = subject.partition(" ")
    return int(mark.removeprefix(_GENERATION)), rest


def onward_path(links: Links, place: Place, enrolment: Enrolment, now: datetime) -> str:
    """Where another service goes on for the enrolment's contact, who has been let in to its page by now."""
    person_id = enrolment.known_contact.person_id
    return pass_path(links, place, Reader("contact", enrolment.id, person_id), now, enrolment.generation_of(person_id))


class Seated(NamedTuple):
    """Whose link leads to the seat of this number at a meeting: as long as they are the one who has it."""

    enrolment_id: str
    person_id: str
    number: int
    meeting_id: str
    generation: int = 0
    """As in Guest."""


def seat_path(links: Links, seated: Seated) -> str:
    return f"/moedeplads/{links.sign(_SEAT, _marked(seated.generation, ' '.join(map(str, seated[:4]))))}"


def seat_of(links: Links, token: str, now: datetime) -> Seated | None:
    subject = links.verify(_SEAT, token, now)
    if subject is None:
        return None
    # What another system calls its meeting may have spaces in it.
    generation, named = _unmarked(subject)
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
    """As in Guest."""


def place_path(links: Links, placed: Placed) -> str:
    return f"/holdplads/{links.sign(_PLACE, _marked(placed.generation, ' '.join(map(str, placed[:3]))))}"


def place_of(links: Links, token: str, now: datetime) -> Placed | None:
    subject = links.verify(_PLACE, token, now)
    if subject is None:
        return None
    generation, named = _unmarked(subject)
    enrolment_id, person_id, number = named.split(" ")
    return Placed(enrolment_id, person_id, int(number), generation)


class Invited(NamedTuple):
    """Whose link leads to the meeting that they are a guest at: as long as they are."""

    guest_id: str
    meeting_id: str


def guest_path(links: Links, invited: Invited) -> str:
    return f"/gaest/{links.sign(_GUEST, ' '.join(invited))}"


def guest_of(links: Links, token: str, now: datetime) -> Invited | None:
    subject = links.verify(_GUEST, token, now)
    # What another system calls its meeting may have spaces in it.
    return None if subject is None else Invited(*subject.split(" ", 1))


class Own(NamedTuple):
    """Whose page it is; the generation is as in Guest, and of a guest always the first."""

    reader: Reader
    generation: int = 0


def own_page_path(links: Links, reader: Reader, generation: int = 0) -> str:
    """Of the page with all that is somebody's in an enrolment, or of a guest in a programme: a secret of theirs.

    It shows what they have when it is opened, and ends with the programme.
    """
    return f"/mig/{links.sign(_OWN_PAGE, _marked(generation, ' '.join(reader)))}"


def own_path_of(links: Links, enrolment: Enrolment, person_id: str) -> str:
    """The same of somebody whom the enrolment sends: where mails to them lead."""
    return own_page_path(links, Reader("participant", enrolment.id, person_id), enrolment.generation_of(person_id))


def seat_paths(links: Links, enrolment: Enrolment, meeting_id: str, person_id: str, number: int) -> OwnPaths:
    """What whoever gets a seat is mailed."""
    seated = Seated(enrolment.id, person_id, number, meeting_id, enrolment.generation_of(person_id))
    return OwnPaths(seat_path(links, seated), own_path_of(links, enrolment, person_id))


def place_paths(links: Links, enrolment: Enrolment, person_id: str, number: int) -> OwnPaths:
    """What whoever is named for a team is mailed."""
    placed = Placed(enrolment.id, person_id, number, enrolment.generation_of(person_id))
    return OwnPaths(place_path(links, placed), own_path_of(links, enrolment, person_id))


def guest_paths(links: Links, programme_id: str, meeting_id: str, person_id: str) -> OwnPaths:
    """What a guest is mailed."""
    invited = Invited(person_id, meeting_id)
    return OwnPaths(guest_path(links, invited), own_page_path(links, Reader("guest", programme_id, person_id)))


def own_page_of(links: Links, token: str, now: datetime) -> Own | None:
    subject = links.verify(_OWN_PAGE, token, now)
    if subject is None:
        return None
    generation, named = _unmarked(subject)
    reader = reader_from(named)
    return None if reader is None else Own(reader, generation)


def calendar_path(links: Links, own: Own, now: datetime) -> str:
    """Where somebody subscribes to their meetings: another service's, for whom a page has let in."""
    return pass_path(links, "calendar", own.reader, now, own.generation)


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
