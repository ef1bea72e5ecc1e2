"""Letters with people who do not exist: one of each kind that goes into a calendar, and two with a receipt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from services.notifications.domain.calendar.entry import uid
from services.notifications.domain.invitations import Guest, Standing, Step
from services.notifications.domain.letter import Letter
from services.notifications.domain.letters import (
    calendar_letter,
    invitations,
    place_confirmed,
    sign_up_received,
    waitlisted,
)
from shared.contracts.enrollment import (
    Answered,
    EnrolmentReceived,
    EnrolmentWaitlisted,
    InvitationReminderDue,
    Mailbox,
    MunicipalityEnrolled,
    MunicipalityInvited,
)
from shared.contracts.event import natural_id
from shared.contracts.parties import Address, Billing, Contact, Organisation
from shared.contracts.programme import ExtraTerm, FeeTerm, ProgrammeRef, ProgrammeTerms, SeatTerm, Seller
from shared.contracts.scheduling import Meeting, When
from shared.contracts.time import local

OWNER = "/tovholder/notifications"
_PROGRAMME = ProgrammeRef(
    id="netvaerk-kommunal-ungeindsats",
    version=1,
    title="Netværk om den kommunale ungeindsats",
    noun="netværk",
    owner="/tovholder/enrollment",
    meetings_owner="/tovholder/scheduling",
    staff_email="ungenetvaerk@forening.example",
    seller=Seller(
        name="Foreningen af Kommuner",
        cvr="62532416",
        street="Eksempelgade 10",
        postcode="2300",
        city="København S",
        sender_name="Foreningen af Kommuner",
        sender_email="noreply@forening.example",
        organizer_email="ungenetvaerk@forening.example",
    ),
)
_SIGNED_UP_AT = datetime(2020, 6, 17, 9, tzinfo=UTC)
_DAY = When(first_day=date(2021, 4, 15), last_day=date(2021, 4, 15))
_HOURS = _DAY.model_copy(
    update={"starts_at": local(date(2021, 4, 15), time(9, 30)), "ends_at": local(date(2021, 4, 15), time(16))}
)
_LATER = When(
    first_day=date(2021, 4, 22),
    last_day=date(2021, 4, 22),
    starts_at=local(date(2021, 4, 22), time(10)),
    ends_at=local(date(2021, 4, 22), time(15, 30)),
)
_MEETING = Meeting(
    id=natural_id("meeting", _PROGRAMME.id, "oest-2021-1"),
    key="oest-2021-1",
    title="1. heldagsmøde",
    kind="heldag",
    group="oest",
    when=_HOURS,
    place="Mødehuset, Eksempelgade 10, København",
    date_version=1,
)
_ONLINE = Meeting(
    id=natural_id("meeting", _PROGRAMME.id, "oest-2021-2"),
    key="oest-2021-2",
    title="Digitalt møde",
    kind="digital",
    group="oest",
    mode="virtual",
    when=_HOURS.model_copy(update={"ends_at": local(date(2021, 4, 15), time(11))}),
    link="https://video.example/l/moede/19%3amoede_eksempel%40thread/0?context=%7b%22id%22%3a%22eksempel%22%7d",
)
_AT = datetime(2021, 3, 1, 8, tzinfo=UTC)
_GUEST = Guest("person-eksempel", "Bo Prøvesen", "bo@kobenhavn.example", "participant", "Københavns Kommune", _AT)


def calendar_letters() -> dict[str, Letter]:
    """By the kind's name; the same ones each time."""
    day = _MEETING.model_copy(update={"when": _DAY, "place": None, "date_version": 0})
    moved = _MEETING.model_copy(update={"when": _LATER, "date_version": 2})
    gone = moved.model_copy(update={"date_version": 3})
    day_gone = day.model_copy(update={"date_version": 1})
    asks = Step("participant_registered", "REQUEST", _GUEST, 0, _AT, sequence=1)
    moves = replace(asks, template="meeting_moved", stamped=_AT.replace(day=8), sequence=2, previous=_MEETING)
    ends = Step("meeting_cancelled", "CANCEL", _GUEST, 0, _AT.replace(day=15), sequence=3, whole=True, previous=moved)
    leaves = replace(ends, template="registration_cancelled", turn=1, whole=False)
    return {
        "invitation": calendar_letter(_standing(_MEETING), asks),
        "save-the-date": calendar_letter(_standing(day), replace(asks, template="save_the_date", sequence=0)),
        "update": calendar_letter(_standing(moved), moves),
        "cancelled-for-all": calendar_letter(_standing(gone), ends),
        "cancelled-for-one": calendar_letter(_standing(moved), leaves),
        "cancelled-day": calendar_letter(_standing(day_gone), replace(ends, sequence=1, previous=day)),
        "virtual": calendar_letter(_standing(_ONLINE), replace(asks, sequence=0)),
    }


def letters_of(terms: ProgrammeTerms, at: datetime) -> list[Letter]:
    """What a municipality that does not exist would be mailed of a programme that need not be published yet: invited,
    reminded, asked to confirm its form, and with a place.
    """
    about: dict[str, Any] = {
        "owner": terms.ref.owner,
        "programme": terms.ref,
        "enrolment_id": natural_id("enrolment", terms.ref.id, "proeveby"),
        "organisation": Organisation(code="9990", name="Prøveby Kommune", cvr="29189978"),
    }
    plan, agreed = terms.enrolment, terms.terms
    contact = Contact(
        person_id="person-asta", name="Asta Prøvesen", email="asta@proeveby.example", role=agreed.contact_label
    )
    main = Mailbox(role="main", email="post@proeveby.example")
    told = {**about, "round_id": "r", "to": (main,), "deadline": agreed.deadline, "sign_up_path": "/"}
    found: list[Letter] = []
    if plan.how == "sign_up" and plan.who == "municipalities":
        found += invitations(MunicipalityInvited(**told), at)
        if plan.remind_on is not None:
            found += invitations(InvitationReminderDue(**told), at)
        received = EnrolmentReceived(
            **about,
            contact=contact,
            received_at=at,
            confirm_path="/",
            to=main if plan.confirmation == "main_mailbox" else None,
            confirmation=plan.confirmation,
            prospect="after_deadline" if plan.capacity and plan.capacity.given == "at_deadline" else "place",
        )
        found.append(sign_up_received(received, at))
    if plan.who == "municipalities":
        place = MunicipalityEnrolled(
            **about,
            contact=contact,
            billing=Billing(),
            fees=agreed.fees,
            seats=agreed.seats,
            deadline=agreed.deadline,
            received_at=at,
            enrolled_at=at,
            participants_path="/",
            standing_path="/",
        )
        found.append(place_confirmed(place, at))
    return found


def receipt_letter() -> Letter:
    """Confirms a place in the network; the receipt of sign-up goes with it."""
    return place_confirmed(MunicipalityEnrolled(**_signed_up(), enrolled_at=_SIGNED_UP_AT), _SIGNED_UP_AT)


def waiting_letter() -> Letter:
    """The same municipality is on the waiting list; it has a receipt as well."""
    return waitlisted(EnrolmentWaitlisted(**_signed_up(), number=13), _SIGNED_UP_AT)


def _signed_up() -> dict[str, Any]:
    return {
        "owner": _PROGRAMME.owner,
        "programme": _PROGRAMME,
        "enrolment_id": natural_id("enrolment", _PROGRAMME.id, "proeveby"),
        "organisation": Organisation(code="9990", name="Prøveby Kommune", cvr="29189978"),
        "contact": Contact(person_id="person-asta", name="Asta Prøvesen", email="asta@proeveby.example"),
        "billing": Billing(
            ean="5798000000001",
            order_reference="4711-2020",
            person_reference="ASTAP",
            address=Address(street="Rådhustorvet 1", postcode="9990", city="Prøveby"),
        ),
        "fees": (
            FeeTerm(
                id="deltagergebyr",
                text="Deltagergebyr",
                amount_ore=1_950_000,
                vat_percent=25,
                invoice_on=date(2020, 9, 1),
            ),
        ),
        "seats": (
            SeatTerm(
                kind="heldag",
                title="Heldagsmøde",
                included=3,
                extra=ExtraTerm(price_ore=100_000, vat_percent=25, text="Ekstra deltager på heldagsmøde"),
            ),
        ),
        "deadline": date(2020, 8, 21),
        "received_at": _SIGNED_UP_AT,
        "answers": (
            Answered(
                question="Hvorfor vil I gerne være med?",
                answer="Vi vil lære af, hvordan andre kommuner griber det an.\nOg vise, hvad vi selv gør.",
            ),
            Answered(question="Hvornår er sagen behandlet?", answer="onsdag den 3. juni 2020"),
        ),
        "declared": ("Der er politisk opbakning til, at vi deltager.", "Vi har udpeget en intern tovholder."),
        "by_form": True,
    }


def _standing(meeting: Meeting) -> Standing:
    identity = uid(meeting.id, _PROGRAMME.seller.organizer_email)
    return Standing(_PROGRAMME, meeting, "dated", identity, _AT, "Stedet er desværre lukket.")
