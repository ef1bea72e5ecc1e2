"""Where an enrolment stands, for its contact: by the link that every mail about it carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.enrollment.adapters import contacts, enrolments, links, meetings, orders, organisations, programmes
from services.enrollment.domain.address_book import Unit
from services.enrollment.domain.enrolment import Enrolment, book_is_for, owed_by
from services.enrollment.domain.forbehold import last_day
from services.enrollment.domain.invoice_details import invoiced_from, lacking
from services.enrollment.domain.options import Option, options_of, orders_for
from services.enrollment.domain.price_text import is_billed
from services.enrollment.domain.programme import PEOPLE_AFTER, holds_place, is_over
from services.enrollment.domain.roles import Role, roles_of
from services.enrollment.usecases.load_standings import load_standings
from shared.contracts.parties import Organisation
from shared.contracts.programme import Owes, ProgrammeTerms
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Standing:
    """`path` is the contact's secret; `participants_path` is where to go on, once there is a place.

    `position`: on the waiting list, if places are given by now.
    """

    path: str
    contact_id: str
    terms: ProgrammeTerms
    open: bool
    because: str
    """Why it is cancelled, where it is not `open` and anybody said so."""
    enrolment: Enrolment
    status: str
    position: int | None
    participants_path: str | None
    owes: Owes
    """Of the fee, if it leaves now."""
    only_approved: bool
    """It waits for the answer to its forbehold, which holds no place."""
    held_until: date | None
    """The last day on which its open forbehold holds its place; None = for as long as it takes, or it holds none."""
    billed: bool
    """Whether it can come to owe anything."""
    missing: tuple[str, ...]
    """What its invoices lack, by BILLING_DETAILS."""
    invoiced_from: date | None
    options: tuple[Option, ...]
    roles: tuple[Role, ...]
    """Beside the contact's."""
    units: tuple[Unit, ...]
    """Of the organisation, where they are asked for, and unless the link may be another system's."""
    now: datetime


@dataclass(frozen=True, slots=True)
class HandedOn:
    """The link was good, and is somebody else's by now; nobody is named."""

    terms: ProgrammeTerms
    organisation: Organisation


async def read_standing(tx: Tx, token: str, *, units: bool = False) -> Standing | HandedOn | None:
    """None for a link that is none of ours, or has ended: with its round, or a year after its programme."""
    guest = links.standing_of(tx.links, token, tx.now)
    enrolment = await enrolments.load(tx, guest.enrolment_id) if guest else None
    if guest is None or enrolment is None:
        return None
    programme = await programmes.load_of(tx, enrolment)
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    if not enrolment.lets_in(guest.person_id, guest.number):
        handed_on = enrolment.is_signed_up and not enrolment.is_contact(guest.person_id)
        return HandedOn(programme.terms, enrolment.organisation) if handed_on else None
    standing = (await load_standings(tx, [enrolment]))[enrolment.id]
    return Standing(
        path=links.standing_path_of(tx.links, enrolment),
        contact_id=guest.person_id,
        terms=programme.terms,
        open=programme.open,
        because=programme.because,
        enrolment=enrolment,
        status=standing.word,
        position=standing.position,
        participants_path=links.participants_path_of(tx.links, enrolment),
        owes=owed_by(enrolment, tx.now),
        only_approved=enrolment.forbehold_open and not holds_place(programme, tx.now),
        held_until=last_day(enrolment, programme) if enrolment.has_place and enrolment.forbehold_open else None,
        billed=is_billed(programme.terms),
        missing=lacking(enrolment, programme) if enrolment.is_signed_up else (),
        invoiced_from=invoiced_from(enrolment) if enrolment.has_place else None,
        options=options_of(
            enrolment,
            programme,
            orders_for(enrolment, await orders.load_newest(tx, enrolment.id), client=enrolment.by_client),
        ),
        roles=roles_of(enrolment, programme, await contacts.load_history(tx, enrolment.id)),
        units=await _units(tx, enrolment) if units else (),
        now=tx.now,
    )


async def _units(tx: Tx, enrolment: Enrolment) -> tuple[Unit, ...]:
    if not book_is_for(enrolment, client=False, person=True):
        return ()
    entry = await organisations.load(tx, enrolment.organisation.code)
    return entry.units if entry else ()
