"""Who holds a role beside the contact's, and which letters are theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.contracts.addresses import is_erased
from shared.contracts.enrollment import EnrolmentFact, RoleAppointed
from shared.contracts.invoicing import Invoice
from shared.contracts.parties import Contact, Person


@dataclass(frozen=True, slots=True)
class RoleHolder:
    """Of an enrolment as whoever tells of it knows it: programme and organisation are those of the fact."""

    enrolment_id: str
    role_id: str
    programme_id: str
    organisation_code: str
    purpose: str
    holder: Contact


def holder_of(fact: RoleAppointed) -> RoleHolder | None:
    """As the fact says; None = nobody."""
    if fact.person is None:
        return None
    return RoleHolder(
        enrolment_id=fact.enrolment_id,
        role_id=fact.role_id,
        programme_id=fact.programme.id,
        organisation_code=fact.organisation.code,
        purpose=fact.purpose,
        holder=Contact(**_person(fact.person).model_dump(), role=fact.label),
    )


def appointed(known: RoleHolder | None, fact: RoleAppointed) -> Person | None:
    """Who is to be told that the role is theirs; not whoever has it already."""
    if fact.person is None or (known is not None and known.holder.person_id == fact.person.person_id):
        return None
    return fact.person


def left(fact: RoleAppointed) -> Person | None:
    """Who is to be told that the role is theirs no more: whoever held it in an earlier round is not."""
    before = fact.before
    return None if before is None or (fact.person and fact.person.person_id == before.person_id) else before


def billing_contact(holders: Iterable[RoleHolder], about: EnrolmentFact | Invoice, contact: Contact) -> Contact:
    """Who is written to about invoices: whoever has that role, else the contact."""
    found = _with_purpose(holders, "billing", about)
    return found[0] if found else contact


def political_contacts(holders: Iterable[RoleHolder], about: EnrolmentFact, contact_id: str) -> Sequence[Contact]:
    """Who is written to about a forbehold beside the contact."""
    found = _with_purpose(holders, "political", about)
    return [one for one in found if one.person_id != contact_id]


def _with_purpose(holders: Iterable[RoleHolder], purpose: str, about: EnrolmentFact | Invoice) -> list[Contact]:
    """Nobody is written to because somebody else's enrolment has the same id, nor anybody who was erased."""
    organisation = about.buyer if isinstance(about, Invoice) else about.organisation
    return [
        one.holder
        for one in holders
        if one.purpose == purpose
        and (one.programme_id, one.organisation_code) == (about.programme.id, organisation.code)
        and not is_erased(one.holder.email)
    ]


def _person(one: Person) -> Person:
    return Person(person_id=one.person_id, name=one.name, email=one.email)
