"""Where an enrolment stands, for its contact: by the link that every mail about it carries; or for the contact's
secretary, by one of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from services.enrollment.adapters import (
    contacts,
    enrolments,
    links,
    meetings,
    member_meetings,
    orders,
    organisations,
    programmes,
    rosters,
    seat_moves,
    teams,
)
from services.enrollment.adapters.links import Guest
from services.enrollment.domain.address_book import Unit
from services.enrollment.domain.awaited import DONE_BY, Awaited, Stands, awaited
from services.enrollment.domain.contact import Speaker
from services.enrollment.domain.costs import Cost, costs
from services.enrollment.domain.enrolment import Enrolment, book_is_for, owed_by
from services.enrollment.domain.forbehold import last_day
from services.enrollment.domain.invoice_details import invoiced_from, lacking
from services.enrollment.domain.options import Option, options_of, orders_for
from services.enrollment.domain.price_text import is_billed
from services.enrollment.domain.programme import PEOPLE_AFTER, Programme, holds_place, is_over
from services.enrollment.domain.roles import Role, roles_of
from services.enrollment.domain.roster import Roster, is_theirs, seats_for
from services.enrollment.domain.secretary import lets_in, may, secretary_of
from services.enrollment.domain.team import Team, team_terms
from services.enrollment.usecases.load_standings import load_standings
from shared.base.listing import page_of
from shared.contracts.parties import Contact, Organisation
from shared.contracts.programme import Owes, ProgrammeTerms
from shared.storage.tx import Tx

MEETINGS = 100
"""So many are shown; the page of its participants has the others."""


@dataclass(frozen=True, slots=True)
class Course:
    """How it goes through the programme: what is awaited from it, its meetings, what it comes to pay.

    `rosters`: of the meetings that are for it, in the order of their days, and of others that its people came to; of
    whoever has no place none.
    """

    awaited: tuple[Awaited, ...] = ()
    rosters: tuple[Roster, ...] = ()
    more_meetings: bool = False
    team: Team | None = None
    """None = it names none."""
    costs: tuple[Cost, ...] = ()
    calendar_path: str | None = None
    """Where its contact subscribes to its meetings: another service's, good for some hours. None = it has none."""
    invoices_path: str | None = None
    """Where its contact reads its invoices, likewise. None = it never had a place, or nothing here costs anything."""
    receipt_path: str | None = None
    """Where its contact gets the receipt of the sign-up as a PDF, likewise. None = it is not signed up."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`path` is the secret of the `speaker`; `participants_path`, theirs too, is where to go on, once there is a place.

    `position`: on the waiting list, if places are given by now.
    """

    path: str
    speaker: Speaker
    programme: Programme
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
    secretary: Contact | None
    """Who helps the contact by links of their own."""
    units: tuple[Unit, ...]
    """Of the organisation, where they are asked for, and unless the link may be another system's."""
    now: datetime
    course: Course = Course()
    """Where it is asked for."""

    @property
    def terms(self) -> ProgrammeTerms:
        return self.programme.terms

    def may(self, command: str) -> bool:
        """Whether the speaker may ask for the command of this name."""
        return not self.speaker.is_secretary or may(command)


@dataclass(frozen=True, slots=True)
class HandedOn:
    """The link was good, and is somebody else's by now, or was `closed`; nobody is named. `secretary`: it was one's,
    whose access has ended.
    """

    terms: ProgrammeTerms
    organisation: Organisation
    closed: bool = False
    secretary: bool = False


async def read_standing(tx: Tx, token: str, *, units: bool = False, course: bool = False) -> Standing | HandedOn | None:
    """None for a link that is none of ours, or has ended: with its round, or a year after its programme."""
    guest = links.standing_of(tx.links, token, tx.now)
    enrolment = await enrolments.load(tx, guest.enrolment_id) if guest else None
    if guest is None or enrolment is None:
        return None
    programme = await programmes.load_of(tx, enrolment)
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now, PEOPLE_AFTER):
        return None
    if enrolment.has_closed(guest.person_id, guest.generation):
        return HandedOn(programme.terms, enrolment.organisation, closed=True)
    history = await contacts.load_history(tx, enrolment.id)
    if guest.turn is not None and not lets_in(enrolment, history, guest.person_id, guest.number, guest.turn):
        return HandedOn(programme.terms, enrolment.organisation, secretary=True)
    if guest.turn is None and not enrolment.lets_in(guest.person_id, guest.number):
        handed_on = enrolment.is_signed_up and not enrolment.is_contact(guest.person_id)
        return HandedOn(programme.terms, enrolment.organisation) if handed_on else None
    standing = (await load_standings(tx, [enrolment]))[enrolment.id]
    newest = await orders.load_newest(tx, enrolment.id)
    options = options_of(enrolment, programme, orders_for(enrolment, newest, client=enrolment.by_client))
    roles = roles_of(enrolment, programme, history)
    helper = secretary_of(enrolment, history)
    own = links.contact_of(enrolment) if guest.turn is None else guest
    return Standing(
        path=links.standing_path(tx.links, own),
        speaker=Speaker(guest.person_id, guest.turn is not None, guest.generation),
        programme=programme,
        open=programme.open,
        because=programme.because,
        enrolment=enrolment,
        status=standing.word,
        position=standing.position,
        participants_path=links.participants_path(tx.links, own) if enrolment.has_place else None,
        owes=owed_by(enrolment, tx.now),
        only_approved=enrolment.forbehold_open and not holds_place(programme, tx.now),
        held_until=last_day(enrolment, programme) if enrolment.has_place and enrolment.forbehold_open else None,
        billed=is_billed(programme.terms),
        missing=lacking(enrolment, programme) if enrolment.is_signed_up else (),
        invoiced_from=invoiced_from(enrolment) if enrolment.has_place else None,
        options=options,
        roles=roles,
        secretary=helper.holder if helper else None,
        units=await _units(tx, enrolment) if units else (),
        now=tx.now,
        course=await _course(tx, Stands(enrolment, programme, options, roles), own) if course else Course(),
    )


async def _course(tx: Tx, stands: Stands, reader: Guest) -> Course:
    """For whoever reads. However many meetings and options there are, it takes as many statements."""
    enrolment, programme = stands.enrolment, stands.programme
    invoices, receipt = _onward(tx, stands, reader)
    if not enrolment.has_place or enrolment.enrolled_at is None:
        return Course(_awaited(stands, tx.now, reader), invoices_path=invoices, receipt_path=receipt)
    page = page_of({}, "standing", most=MEETINGS)
    found, following = page.cut(await rosters.load_page(tx, page, programme, enrolment))
    called = await member_meetings.load(tx, enrolment.id) if enrolment.ad_hoc else frozenset()
    theirs = tuple(one for one in found if is_theirs(one, called))
    known = await rosters.load_known(tx, programme, enrolment)
    left_late = await seat_moves.count_still_billed(tx, [one.id for one in known], enrolment.enrolled_at)
    listed = {one.id for one in found}
    elsewhere = tuple(
        one
        for one in known
        if one.id not in listed and (seats_for(one, client=enrolment.by_client) or one.id in left_late)
    )
    team = await teams.load(tx, programme, enrolment) if team_terms(enrolment) else None
    return Course(
        _awaited(replace(stands, rosters=theirs, team=team), tx.now, reader),
        (*theirs, *elsewhere),
        following is not None,
        team,
        costs(enrolment, programme, stands.options, (*theirs, *elsewhere), left_late),
        links.onward_path(tx.links, "calendar", enrolment, reader, tx.now),
        invoices,
        receipt,
    )


def _awaited(stands: Stands, now: datetime, reader: Guest) -> tuple[Awaited, ...]:
    """What whoever reads can do something about."""
    found = awaited(stands, now)
    return found if reader.turn is None else tuple(one for one in found if may(DONE_BY[one.what]))


def _onward(tx: Tx, stands: Stands, reader: Guest) -> tuple[str | None, str | None]:
    """To its invoices, and to its receipt: the contact's alone."""
    if reader.turn is not None:
        return None, None
    enrolment, programme = stands.enrolment, stands.programme
    billed = enrolment.enrolled_at is not None and (is_billed(programme.terms) or bool(enrolment.agreed.fees))
    return (
        links.onward_path(tx.links, "invoices", enrolment, reader, tx.now) if billed else None,
        links.onward_path(tx.links, "receipt", enrolment, reader, tx.now) if enrolment.is_signed_up else None,
    )


async def _units(tx: Tx, enrolment: Enrolment) -> tuple[Unit, ...]:
    if not book_is_for(enrolment, client=False, person=True):
        return ()
    entry = await organisations.load(tx, enrolment.organisation.code)
    return entry.units if entry else ()
