"""An enrolment as far as letters go: whom to write to, in which group, and whether it has a place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.notifications.domain.text import address_key, storable
from shared.contracts.enrollment import (
    EnrolmentFact,
    EnrolmentLapsed,
    EnrolmentRegrouped,
    EnrolmentWaitlisted,
    EnrolmentWithdrawn,
    LinksRevoked,
    MemberAdmitted,
    MunicipalityEnrolled,
    ReservationResolved,
    TovholderAppointed,
)
from shared.contracts.invoicing import Invoice
from shared.contracts.parties import Contact, Organisation
from shared.contracts.programme import SeatTerm


@dataclass(frozen=True, slots=True)
class Enrolment:
    """`attendance` says per kind of meeting who goes there. `since`: of the fact that gave contact, group or place.

    `enrolled_at`: of its place, or when it came in that waits for one. `withdrawn_at`: whoever was registered before it
    is not invited after it, even if the place is taken again.
    """

    id: str
    programme_id: str
    organisation: Organisation
    contact: Contact
    has_place: bool
    since: datetime
    group: str | None = None
    attendance: dict[str, str] = field(default_factory=dict)
    participants_path: str | None = None
    standing_path: str | None = None
    """Of its contact's own page; None = whoever tells of it gave none to this contact."""
    enrolled_at: datetime | None = None
    withdrawn_at: datetime | None = None
    quiet: bool = False
    """The contact is not to be invited to what had its date by `since`."""

    def has_address_of(self, other: Enrolment) -> bool:
        return address_key(self.contact.email) == address_key(other.contact.email)


def follow(known: Enrolment | None, fact: EnrolmentFact, at: datetime) -> Enrolment | None:
    """The enrolment after `fact`; None when nothing is known of it that a letter could need."""
    match fact:
        case MunicipalityEnrolled() | MemberAdmitted():
            return _with_place(fact, known, at)
        case EnrolmentWithdrawn() | EnrolmentWaitlisted():
            base = known or _without_place(fact, fact.contact, at)
            if isinstance(fact, EnrolmentWaitlisted):
                base = replace(
                    base, contact=fact.contact, enrolled_at=fact.received_at, standing_path=fact.standing_path
                )
            return replace(base, has_place=False, since=at, withdrawn_at=at, quiet=False)
        case EnrolmentLapsed() | ReservationResolved(approved=False):
            return known and replace(known, has_place=False, since=at, withdrawn_at=at, quiet=False)
        case EnrolmentRegrouped():
            base = known or _without_place(fact, fact.contact, at)
            return replace(base, group=fact.group, contact=fact.contact, since=at, quiet=False)
        case TovholderAppointed() | LinksRevoked():
            return _with_links(known or _without_place(fact, fact.contact, at), fact, at)
        case _:
            return known


def _with_links(base: Enrolment, fact: TovholderAppointed | LinksRevoked, at: datetime) -> Enrolment:
    if isinstance(fact, LinksRevoked):
        return replace(base, participants_path=fact.participants_path, standing_path=fact.standing_path)
    path = fact.participants_path or base.participants_path
    standing = fact.standing_path or (None if appoints_another(base, fact) else base.standing_path)
    return replace(base, contact=fact.contact, participants_path=path, standing_path=standing, since=at, quiet=False)


def is_own(fact: EnrolmentFact) -> bool:
    """Whether whoever is behind the fact did it for itself.

    Nobody makes itself a member. One who lets a form in has not put it in, nor has one whose withdrawal lets somebody
    else move up.
    """
    if isinstance(fact, MemberAdmitted):
        return False
    if not isinstance(fact, MunicipalityEnrolled | EnrolmentWaitlisted):
        return True
    moved_up = isinstance(fact, MunicipalityEnrolled) and fact.from_waiting_list
    return not (fact.by_form or fact.notify is not None or moved_up)


def whose(fact: EnrolmentFact) -> str | None:
    """The organisation whose letters are its actor's own; None = nobody's."""
    return storable(fact.organisation.name) if is_own(fact) else None


def path_of(known: Enrolment | None, fact: TovholderAppointed) -> str | None:
    """Where the new contact registers people; an owner that gives links gives it none that was the former one's."""
    if fact.participants_path or fact.standing_path:
        return fact.participants_path
    return known.participants_path if known else None


def former_of(known: Enrolment | None, fact: TovholderAppointed) -> Contact | None:
    """Who it was until now, as the fact says, or as it was known; None = nobody, or the same person."""
    former = fact.former or (known.contact if known else None)
    return former if former and former.person_id != fact.contact.person_id else None


def contact_of(known: Enrolment | None, invoice: Invoice) -> Contact:
    """Who is written to about an invoice that was issued before: the contact of today, if the enrolment is known."""
    if known is None or (known.programme_id, known.organisation.code) != (invoice.programme.id, invoice.buyer.code):
        return invoice.contact
    return known.contact


def appoints_another(known: Enrolment | None, fact: TovholderAppointed) -> bool:
    """Whether the contact is another one than before."""
    return known is None or known.contact.person_id != fact.contact.person_id


def _with_place(fact: MunicipalityEnrolled | MemberAdmitted, known: Enrolment | None, at: datetime) -> Enrolment:
    """A member is told of again: it keeps its group."""
    if isinstance(fact, MunicipalityEnrolled):
        group, ad_hoc, since = fact.group, False, fact.enrolled_at
    else:
        group, ad_hoc, since = known.group if known else None, fact.ad_hoc, fact.admitted_at
    return Enrolment(
        id=fact.enrolment_id,
        programme_id=fact.programme.id,
        organisation=fact.organisation,
        contact=fact.contact,
        has_place=True,
        since=at,
        group=group,
        attendance={seat.kind: _attendance(seat, ad_hoc=ad_hoc) for seat in fact.seats},
        participants_path=fact.participants_path,
        standing_path=fact.standing_path if isinstance(fact, MunicipalityEnrolled) else None,
        enrolled_at=since,
        quiet=isinstance(fact, MunicipalityEnrolled) and fact.quiet,
        withdrawn_at=known.withdrawn_at if known else None,
    )


def _attendance(seat: SeatTerm, *, ad_hoc: bool) -> str:
    """Nobody of a member that comes to single meetings is meant by all of a kind."""
    return "none" if ad_hoc and seat.attendance == "members" else seat.attendance


def _without_place(fact: EnrolmentFact, contact: Contact, at: datetime) -> Enrolment:
    return Enrolment(fact.enrolment_id, fact.programme.id, fact.organisation, contact, has_place=False, since=at)
