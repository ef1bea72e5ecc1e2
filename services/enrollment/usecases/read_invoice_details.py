"""What is known and what is missing of a municipality's invoices: for its contact, by the link of its mails, and for
whoever holds the billing role, by one of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.enrollment.adapters import contacts, enrolments, links, meetings, organisations, programmes
from services.enrollment.domain.address_book import Unit
from services.enrollment.domain.contact import Speaker
from services.enrollment.domain.enrolment import Enrolment, book_is_for
from services.enrollment.domain.invoice_details import invoiced_from, lacking
from services.enrollment.domain.price_text import is_billed
from services.enrollment.domain.programme import PEOPLE_AFTER, is_over
from services.enrollment.domain.roles import billing_holders
from services.enrollment.usecases.load_standings import load_standings
from services.enrollment.usecases.read_standing import HandedOn, Standing, read_standing
from shared.contracts.parties import Billing, Organisation
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Details:
    """`path` is the secret of whoever the link was given to, `back` where else it leads; None = nowhere.

    `known` and `units` are the address book's: None and empty where the link may be another system's.
    """

    path: str
    back: str | None
    speaker: Speaker
    terms: ProgrammeTerms
    enrolment: Enrolment
    status: str
    billed: bool
    """Whether it can come to owe anything."""
    missing: tuple[str, ...]
    """By BILLING_DETAILS."""
    invoiced_from: date | None
    known: Billing | None
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class RoleEnded:
    """The link was good, and whoever it was given to holds the role no more; nobody is named."""

    terms: ProgrammeTerms
    organisation: Organisation


async def read_invoice_details(tx: Tx, token: str) -> Details | HandedOn | None:
    """The contact's, and the contact's secretary's. None and HandedOn as `read_standing`."""
    found = await read_standing(tx, token)
    if not isinstance(found, Standing):
        return found
    known, units = await _book(tx, found.enrolment)
    return Details(
        path=f"{found.path}/faktura",
        back=found.path,
        speaker=found.speaker,
        terms=found.terms,
        enrolment=found.enrolment,
        status=found.status,
        billed=found.billed,
        missing=found.missing,
        invoiced_from=found.invoiced_from,
        known=known,
        units=units,
    )


async def read_billing_link(tx: Tx, token: str) -> Details | RoleEnded | None:
    """Of whoever holds the billing role. None for a link that is none of ours, or has ended with its programme."""
    holder = links.billing_of(tx.links, token, tx.now)
    enrolment = await enrolments.load(tx, holder.enrolment_id) if holder else None
    if holder is None or enrolment is None:
        return None
    programme = await programmes.load_of(tx, enrolment)
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    holders = billing_holders(enrolment, programme, await contacts.load_history(tx, enrolment.id))
    if enrolment.has_closed(holder.person_id, holder.generation):
        return None
    if enrolment.number != holder.number or holder.person_id not in {one.person_id for one in holders}:
        return RoleEnded(programme.terms, enrolment.organisation)
    known, units = await _book(tx, enrolment)
    return Details(
        path=links.billing_path(tx.links, holder),
        back=None,
        speaker=Speaker(holder.person_id, generation=holder.generation),
        terms=programme.terms,
        enrolment=enrolment,
        status=(await load_standings(tx, [enrolment]))[enrolment.id].word,
        billed=is_billed(programme.terms),
        missing=lacking(enrolment, programme) if enrolment.is_signed_up else (),
        invoiced_from=invoiced_from(enrolment) if enrolment.has_place else None,
        known=known,
        units=units,
    )


async def _book(tx: Tx, enrolment: Enrolment) -> tuple[Billing | None, tuple[Unit, ...]]:
    if not book_is_for(enrolment, client=False, person=True):
        return None, ()
    entry = await organisations.load(tx, enrolment.organisation.code)
    return enrolment.billing, entry.units if entry else ()
