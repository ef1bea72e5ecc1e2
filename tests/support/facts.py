"""One ordinary value of everything the contracts know; a test names only what matters to it.

People and addresses are invented. `EXAMPLES` holds one of each fact and command, the ones in
`tests/contracts/examples/`.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from shared.contracts.enrollment import (
    SECRETARY,
    SECRETARY_ROLE,
    AcceptQuote,
    BillingChanged,
    BillingLink,
    BillingReminderDue,
    CancelParticipant,
    CancelProgramme,
    ChangeBilling,
    ChangeCapacity,
    ChangeContact,
    ChangeExtraBilling,
    ChangeGroup,
    ChangeOptionBilling,
    ChangeReservation,
    ChangeRole,
    ClientChanged,
    ClientToken,
    DeclineQuote,
    DeliverOption,
    DismissSignUp,
    DismissSignUps,
    EnrollmentIntakeRejected,
    EnrolmentCalledOff,
    EnrolmentLapsed,
    EnrolmentReceived,
    EnrolmentRegrouped,
    EnrolmentWaitlisted,
    EnrolmentWithdrawn,
    EnrolMunicipality,
    ErasePerson,
    ExtraBillingChanged,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    Forbehold,
    GuestInvited,
    GuestLinksRevoked,
    GuestRemoved,
    InvitationDeclined,
    InvitationReminderDue,
    InviteGuest,
    InviteMember,
    InviteMunicipalities,
    LinksRevoked,
    Mailbox,
    MailboxCodeDrawn,
    MemberAdmitted,
    MemberInvited,
    MemberMailboxMissing,
    MemberUninvited,
    MergeGroups,
    MunicipalityEnrolled,
    MunicipalityInvited,
    NameTeamMember,
    NobodyMovedUp,
    OptionBillingChanged,
    OptionDelivered,
    OptionOrdered,
    OptionWithdrawn,
    OrderOption,
    OrganisationsMerged,
    OwnLinksRevoked,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    PersonErased,
    ProgrammeArchived,
    ProgrammeAwaitsArchive,
    ProgrammeCancelled,
    ProgrammeChanged,
    ProgrammePublished,
    QuoteDeclined,
    QuoteGiven,
    QuoteLapsed,
    QuoteOption,
    QuoteReminderDue,
    RecordArchive,
    RegisterParticipant,
    RegisterWalkIn,
    RemoveGuest,
    RemoveTeamMember,
    ReplaceParticipant,
    ReplaceTeamMember,
    ReservationChanged,
    ReservationReminderDue,
    ReservationResolved,
    ResolveReservation,
    RevokeLinks,
    RoleAppointed,
    SeatLink,
    SessionsRevoked,
    SignUpAwaitsStaff,
    SignUpDismissed,
    SignUpDraftSaved,
    SignUpEnded,
    TeamMemberNamed,
    TeamMemberRemoved,
    TeamMemberReplaced,
    TeamReminderDue,
    TovholderAppointed,
    UninviteMember,
    VouchForAddress,
    WithdrawEnrolment,
    WithdrawOption,
)
from shared.contracts.event import Command, Event, natural_id
from shared.contracts.invoicing import (
    ClaimHeldBack,
    CorrectBilling,
    CreditInvoice,
    CreditNoteIssued,
    DocumentLink,
    Invoice,
    InvoiceDelivered,
    InvoiceIssued,
    InvoiceLine,
    InvoiceOverdue,
    InvoiceRejected,
    InvoicingIntakeRejected,
    LineToCredit,
    PaymentRegistered,
    RegisterPayment,
    ReleaseClaim,
    WaiveClaim,
)
from shared.contracts.notifications import (
    AddressBounced,
    ArmReminder,
    InvitationAnswered,
    MessageFailed,
    MessageSent,
    NotificationsIntakeRejected,
    SendMessage,
    WrittenToMany,
)
from shared.contracts.parties import Address, Billing, Contact, Organisation, Person
from shared.contracts.programme import (
    EnrolmentPlan,
    ExtraTerm,
    FeeTerm,
    GroupTerm,
    LookTerm,
    MeetingPlan,
    ProgrammeRef,
    ProgrammeTerms,
    SeatTerm,
    Seller,
    Terms,
)
from shared.contracts.scheduling import (
    CancelMeeting,
    ClusterFormed,
    CompleteStep,
    MarkMeetingHeld,
    Meeting,
    MeetingCancelled,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    PhaseCompleted,
    PlanMeeting,
    SchedulingIntakeRejected,
    SetMeetingDate,
    StepCompleted,
    When,
)

OWNER = "/tovholder/enrollment"
MEETINGS_OWNER = "/tovholder/scheduling"

SELLER = Seller(
    name="Foreningen af Kommuner",
    cvr="62532416",
    street="Eksempelgade 10",
    postcode="2300",
    city="København S",
    bank_registration="0216",
    bank_account="4069031234",
    sender_name="Foreningen af Kommuner",
    sender_email="netvaerk@forening.example",
    organizer_email="moeder@forening.example",
    phone="33 00 00 00",
    payment_days=30,
    series="N",
)


def a_programme(programme_id: str = "netvaerk-kommunal-ungeindsats", **changes: Any) -> ProgrammeRef:
    values: dict[str, Any] = {
        "id": programme_id,
        "version": 1,
        "title": "Netværk om den kommunale ungeindsats",
        "noun": "netværk",
        "owner": OWNER,
        "meetings_owner": MEETINGS_OWNER,
        "language": "da",
        "seller": SELLER,
        "staff_email": "stab@forening.example",
    }
    return ProgrammeRef(**(values | changes))


PROGRAMME = a_programme()
FEE = FeeTerm(
    id="gebyr",
    text="Deltagergebyr for begge år",
    amount_ore=1_950_000,
    vat_percent=25,
    invoice_on=date(2020, 9, 1),
)
EXTRA = ExtraTerm(price_ore=100_000, vat_percent=25, text="Ekstra deltager")
SEATS = (SeatTerm(kind="heldag", title="Heldagsmøde", included=3, extra=EXTRA, full_day=True),)
TERMS = Terms(fees=(FEE,), seats=SEATS, deadline=date(2020, 8, 21), reminder_days=(7,))
PROGRAMME_TERMS = ProgrammeTerms(
    ref=PROGRAMME,
    summary="Et toårigt netværk for ledere i den kommunale ungeindsats.",
    starts="2020-11",
    ends="2022-11",
    enrolment=EnrolmentPlan(who="municipalities", how="sign_up"),
    terms=TERMS,
    groups=(
        GroupTerm(id="vest", title="Vestdanmark", regions=("Region Nordjylland", "Region Midtjylland")),
        GroupTerm(id="oest", title="Østdanmark", regions=("Region Hovedstaden", "Region Sjælland")),
    ),
    meetings=(MeetingPlan(key="oest-1", title="1. heldagsmøde", kind="heldag", group="oest", precision="undated"),),
    look=LookTerm(colour="#005a8c"),
)


def an_organisation(code: str = "0101", name: str = "Københavns Kommune", **changes: Any) -> Organisation:
    values: dict[str, Any] = {"code": code, "name": name, "region": "Region Hovedstaden", "cvr": "64942212"}
    return Organisation(**(values | changes))


ORGANISATION = an_organisation()
ADDRESS = Address(street="Rådhuspladsen 1", postcode="1550", city="København V")
BILLING = Billing(ean="5798009800015", order_reference="UNGE-2020", person_reference="Afsnit 4", address=ADDRESS)
BILLING_OF_UNIT = Billing(
    ean="5798009800022",
    order_reference="BIF-2020-7",
    address=ADDRESS,
    demands=("order",),
    unit="beskaeftigelse",
    unit_name="Beskæftigelses- og Integrationsforvaltningen",
)
CONTACT = Contact(
    person_id=natural_id("person", "0101", "kontakt@kobenhavn.example"),
    name="Asta Eksempelsen",
    email="kontakt@kobenhavn.example",
    role="kontaktperson",
)


def a_person(name: str = "Bo Prøvesen", email: str = "bo@kobenhavn.example", code: str = "0101") -> Person:
    return Person(person_id=natural_id("person", code, email), name=name, email=email)


def enrolment_id_of(programme_id: str, code: str) -> str:
    return natural_id("enrolment", programme_id, code)


def meeting_id_of(programme_id: str, key: str) -> str:
    return natural_id("meeting", programme_id, key)


SIGN_UP_ID = natural_id("sign-up", "0101")
DRAFT_ID = natural_id("draft", "0101")
ENROLMENT_ID = enrolment_id_of(PROGRAMME.id, ORGANISATION.code)
DAY = When(first_day=date(2021, 4, 15), last_day=date(2021, 4, 15))
TIMED = When(
    first_day=date(2021, 4, 15),
    last_day=date(2021, 4, 15),
    starts_at=datetime(2021, 4, 15, 7, 30, tzinfo=UTC),
    ends_at=datetime(2021, 4, 15, 14, 0, tzinfo=UTC),
)


def a_meeting(key: str = "oest-1", **changes: Any) -> Meeting:
    values: dict[str, Any] = {
        "id": meeting_id_of(PROGRAMME.id, key),
        "key": key,
        "title": "1. heldagsmøde",
        "kind": "heldag",
        "group": "oest",
        "mode": "physical",
        "when": TIMED,
        "place": "Mødehuset, København",
    }
    return Meeting(**(values | changes))


MEETING = a_meeting()
PERSON = a_person()
PATH = "/tilmeld/netvaerk-kommunal-ungeindsats"
RECEIVED = datetime(2020, 6, 15, 9, 30, tzinfo=UTC)
LINE = InvoiceLine(
    claim_id=natural_id("claim", ENROLMENT_ID, FEE.id),
    text=FEE.text,
    quantity=1,
    unit_price_ore=1_950_000,
    net_ore=1_950_000,
    vat_percent=25,
)
INVOICE = Invoice(
    number=1,
    series="N",
    issued_on=date(2020, 9, 1),
    due_on=date(2020, 10, 1),
    programme=PROGRAMME,
    enrolment_id=ENROLMENT_ID,
    buyer=ORGANISATION,
    billing=BILLING,
    contact=CONTACT,
    lines=(LINE,),
    net_ore=1_950_000,
    vat_ore=487_500,
    gross_ore=2_437_500,
)

_ENROLMENT: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "enrolment_id": ENROLMENT_ID,
    "organisation": ORGANISATION,
}
_ROSTER: dict[str, Any] = {**_ENROLMENT, "contact": CONTACT, "meeting": MEETING, "person": PERSON}
_TEAM: dict[str, Any] = {
    **_ENROLMENT,
    "contact": CONTACT,
    "size": 3,
    "minimum": 3,
    "most": 5,
    "kinds": ("heldag", "temamoede"),
}
_MEMBER: dict[str, Any] = {
    **_ENROLMENT,
    "enrolment_id": enrolment_id_of(PROGRAMME.id, "hvidovre-ungepartnerskab.tec"),
    "organisation": Organisation(code="hvidovre-ungepartnerskab.tec", name="TEC"),
    "contact": Contact(
        person_id=natural_id("person", "kontor@tec.example"), name="TEC", email="kontor@tec.example", role="sekretariat"
    ),
}
_GUEST: dict[str, Any] = {
    "owner": OWNER,
    "programme": PROGRAMME,
    "meeting": MEETING,
    "guest": a_person("Lærke Prøvesen", "laerke@fgu.example", "guest"),
    "track": "unge",
}
_MEETING: dict[str, Any] = {"owner": MEETINGS_OWNER, "programme": PROGRAMME}
_MESSAGE: dict[str, Any] = {
    "owner": "/tovholder/notifications",
    "message_id": natural_id("message", "place_confirmed", CONTACT.person_id, f"enrolment/{ENROLMENT_ID}", "1"),
    "template": "place_confirmed",
    "recipient": CONTACT.person_id,
    "about": f"enrolment/{ENROLMENT_ID}",
    "occasion": "1",
}
_INVITED: dict[str, Any] = {
    **_ENROLMENT,
    "round_id": "2020-06",
    "to": (Mailbox(role="hovedpostkasse", email="post@kobenhavn.example"),),
    "deadline": date(2020, 8, 21),
    "sign_up_path": PATH,
}
_REJECTED: dict[str, Any] = {
    "refused_source": "/crm",
    "refused_id": "a-1",
    "problem": {
        "type": "/problems/deadline_passed",
        "title": "Fristen er overskredet",
        "status": 409,
        "code": "deadline_passed",
        "detail": "Tilmeldingsfristen var den 21. august 2020.",
    },
}
_SAID: dict[str, Any] = {
    "recipient": "0101/kontaktperson",
    "email": "kontakt@kobenhavn.example",
    "about": f"enrolment/{ENROLMENT_ID}",
    "occasion": "forslag-1",
    "title": "Et forslag til jer",
    "text": "Vi foreslår en dato.",
}


def an_enrolment(**changes: Any) -> MunicipalityEnrolled:
    values: dict[str, Any] = {
        **_ENROLMENT,
        "contact": CONTACT,
        "billing": BILLING,
        "group": "oest",
        "fees": (FEE,),
        "seats": SEATS,
        "deadline": date(2020, 8, 21),
        "received_at": RECEIVED,
        "enrolled_at": RECEIVED,
        "participants_path": "/deltagere/eksempel",
    }
    return MunicipalityEnrolled(**(values | changes))


def a_waiting_enrolment(**changes: Any) -> EnrolmentWaitlisted:
    values: dict[str, Any] = {
        **_ENROLMENT,
        "contact": CONTACT,
        "received_at": RECEIVED,
        "number": 13,
        "billing": BILLING,
        "fees": (FEE,),
        "seats": SEATS,
        "deadline": date(2020, 8, 21),
    }
    return EnrolmentWaitlisted(**(values | changes))


def an_appointment(**changes: Any) -> TovholderAppointed:
    return TovholderAppointed(**({**_ENROLMENT, "contact": CONTACT} | changes))


def a_role(**changes: Any) -> RoleAppointed:
    values: dict[str, Any] = {
        **_ENROLMENT,
        "role_id": "faktura",
        "label": "fakturakontakt",
        "purpose": "billing",
        "person": a_person("Bo Prøvesen", "bo@kobenhavn.example"),
    }
    return RoleAppointed(**(values | changes))


def a_secretary(**changes: Any) -> RoleAppointed:
    """Who helps the contact from now on, by a link of their own."""
    values: dict[str, Any] = {
        "role_id": SECRETARY_ROLE,
        "label": "sekretær",
        "purpose": SECRETARY,
        "person": a_person("Sara Sekretær", "sara@kobenhavn.example"),
        "standing_path": "/plads/sekretaer",
    }
    return a_role(**(values | changes))


def an_extra_participant(**changes: Any) -> ExtraParticipantAdded:
    return ExtraParticipantAdded(**({**_ROSTER, "billing": BILLING, "terms": EXTRA} | changes))


def an_extra_participant_removed(**changes: Any) -> ExtraParticipantRemoved:
    return ExtraParticipantRemoved(**({**_ROSTER, "reason": "cancelled"} | changes))


_OPTION: dict[str, Any] = {
    **_ENROLMENT,
    "option_id": "sagsgennemgang",
    "round": 1,
    "title": "Gennemgang af 25 sager",
    "contact": CONTACT,
}
_QUOTED: dict[str, Any] = {**_OPTION, "option_id": "analyse", "title": "Analyse af grupper af borgere"}


def a_quote(**changes: Any) -> QuoteGiven:
    values: dict[str, Any] = {
        **_QUOTED,
        "includes": "To grupper og en samlet rapport.",
        "price_ore": 6_000_000,
        "vat_percent": 25,
        "good_until": date(2020, 10, 31),
        "quote_path": "/plads/eksempel/tilkoeb/analyse/tilbud/1",
    }
    return QuoteGiven(**(values | changes))


def a_quote_reminder(**changes: Any) -> QuoteReminderDue:
    given = a_quote()
    values: dict[str, Any] = {
        **_QUOTED,
        "includes": given.includes,
        "price_ore": given.price_ore,
        "vat_percent": given.vat_percent,
        "good_until": given.good_until,
        "days": 7,
        "quote_path": given.quote_path,
    }
    return QuoteReminderDue(**(values | changes))


def an_option_ordered(**changes: Any) -> OptionOrdered:
    values: dict[str, Any] = {
        **_OPTION,
        "text": "Sagsgennemgang af 25 sager",
        "price_ore": 9_500_000,
        "vat_percent": 25,
        "agreed_at": RECEIVED,
        "billing": BILLING,
        "standing_path": "/plads/eksempel",
    }
    return OptionOrdered(**(values | changes))


def an_option_withdrawn(**changes: Any) -> OptionWithdrawn:
    return OptionWithdrawn(**(_OPTION | changes))


def an_option_delivered(**changes: Any) -> OptionDelivered:
    values: dict[str, Any] = {
        **_OPTION,
        "price_ore": 9_500_000,
        "vat_percent": 25,
        "delivered_on": date(2021, 2, 1),
    }
    return OptionDelivered(**(values | changes))


def a_meeting_held(meeting: Meeting = MEETING, held_on: date = date(2021, 4, 15)) -> MeetingHeld:
    return MeetingHeld(**_MEETING, meeting=meeting, held_on=held_on)


_BILLED: dict[str, Any] = {
    "owner": "/tovholder/invoicing",
    "invoice_id": INVOICE.id,
    "how_to_pay": (("Reg.nr.", "0216"), ("Kontonr.", "4069031234"), ("Mærk betalingen", INVOICE.id)),
    "document_path": "/invoicing/faktura/eksempel-1",
    "document_links": (DocumentLink(person_id=CONTACT.person_id, path="/invoicing/faktura/eksempel-1-til-kontakten"),),
}

FACT_EXAMPLES: tuple[Event, ...] = (
    ProgrammePublished(owner=OWNER, terms=PROGRAMME_TERMS),
    ProgrammeChanged(owner=OWNER, terms=PROGRAMME_TERMS.model_copy(update={"ref": a_programme(version=2)})),
    ProgrammeCancelled(owner=OWNER, terms=PROGRAMME_TERMS, reason="For få tilmeldte.", some_held=False),
    ProgrammeAwaitsArchive(
        owner=OWNER, programme=PROGRAMME, ended_on=date(2022, 10, 31), kept_since=date(2028, 10, 31)
    ),
    ProgrammeArchived(owner=OWNER, programme=PROGRAMME, read_at=RECEIVED, sha256="5e" * 32, files=214),
    MunicipalityInvited(**_INVITED),
    InvitationReminderDue(**_INVITED),
    SignUpDraftSaved(
        owner=OWNER,
        programme=PROGRAMME,
        draft_id=DRAFT_ID,
        contact=CONTACT,
        saved_at=RECEIVED,
        forgotten_after=date(2020, 7, 15),
        draft_path="/tilmeld/kladde/eksempel",
    ),
    EnrolmentReceived(
        **_ENROLMENT,
        contact=CONTACT,
        received_at=RECEIVED,
        confirm_path="/tilmeld/bekraeft/eksempel",
        confirmation="address_book",
    ),
    InvitationDeclined(**_ENROLMENT, declined_at=RECEIVED),
    SignUpAwaitsStaff(**_ENROLMENT, sign_up_id=SIGN_UP_ID, contact=CONTACT, received_at=RECEIVED),
    SignUpDismissed(**_ENROLMENT, sign_up_id=SIGN_UP_ID),
    SignUpEnded(**_ENROLMENT, sign_up_id=SIGN_UP_ID, because="has_place", contact=CONTACT),
    an_enrolment(),
    EnrolmentRegrouped(**_ENROLMENT, previous_group="oest", group="vest", contact=CONTACT),
    a_waiting_enrolment(),
    ReservationReminderDue(
        **_ENROLMENT,
        contact=CONTACT,
        forbehold=Forbehold(
            committee="Beskæftigelsesudvalget", expected_on=date(2020, 9, 15), lapses_after=date(2020, 10, 1)
        ),
        days=-14,
        has_place=True,
        standing_path="/plads/eksempel",
    ),
    ReservationChanged(
        **_ENROLMENT,
        contact=CONTACT,
        forbehold=Forbehold(committee="Beskæftigelsesudvalget", expected_on=date(2020, 10, 6)),
        has_place=True,
    ),
    ReservationResolved(**_ENROLMENT, approved=True, resolved_at=RECEIVED),
    EnrolmentCalledOff(
        **_ENROLMENT,
        standing="enrolled",
        reason="For få tilmeldte.",
        contact=CONTACT,
        meetings=(MEETING,),
        fee="withdrawn",
    ),
    EnrolmentLapsed(**_ENROLMENT, reason="reservation_expired"),
    NobodyMovedUp(**_ENROLMENT, why="Ingen står på ventelisten.", free=1),
    BillingChanged(**_ENROLMENT, billing=BILLING_OF_UNIT),
    BillingReminderDue(
        **_ENROLMENT,
        contact=CONTACT,
        billing_missing=("order_reference",),
        invoice_on=FEE.invoice_on,
        days=-14,
        standing_path="/plads/eksempel",
        billing_links=(BillingLink(person_id=a_person().person_id, path="/fakturaoplysninger/eksempel"),),
    ),
    EnrolmentWithdrawn(**_ENROLMENT, contact=CONTACT, reason="Ny prioritering."),
    an_appointment(),
    a_role(),
    a_quote(),
    a_quote_reminder(),
    QuoteDeclined(**_QUOTED),
    QuoteLapsed(**_QUOTED, good_until=date(2020, 10, 31)),
    an_option_ordered(),
    OptionBillingChanged(**_OPTION, billing=BILLING_OF_UNIT),
    an_option_withdrawn(),
    an_option_delivered(),
    ParticipantRegistered(**_ROSTER, extra=False, seat_path="/moedeplads/eksempel", own_path="/mig/eksempel"),
    ParticipantReplaced(
        **_ROSTER, previous=a_person("Carl Prøvesen", "carl@kobenhavn.example"), own_path="/mig/eksempel-2"
    ),
    ParticipantCancelled(**_ROSTER),
    an_extra_participant(),
    ExtraBillingChanged(**_ROSTER, billing=BILLING_OF_UNIT),
    an_extra_participant_removed(reason="moved_in"),
    MemberAdmitted(
        **_MEMBER,
        seats=(SeatTerm(kind="temamoede", title="Temamøde", attendance="members", included=4, minimum=3),),
        inviter="Borgmesteren",
        admitted_at=RECEIVED,
        participants_path="/deltagere/eksempel",
    ),
    MemberMailboxMissing(**{name: one for name, one in _MEMBER.items() if name != "contact"}),
    MemberInvited(**_MEMBER, meeting=MEETING),
    MemberUninvited(**_MEMBER, meeting=MEETING),
    TeamMemberNamed(**_TEAM, person=PERSON, place_path="/holdplads/eksempel", own_path="/mig/eksempel"),
    TeamMemberReplaced(
        **_TEAM,
        person=PERSON,
        previous=a_person("Carl Prøvesen", "carl@kobenhavn.example"),
        place_path="/holdplads/eksempel-2",
        own_path="/mig/eksempel-2",
    ),
    TeamMemberRemoved(**(_TEAM | {"size": 2}), person=PERSON),
    TeamReminderDue(**(_TEAM | {"size": 2}), participants_path="/deltagere/eksempel"),
    GuestInvited(**_GUEST, guest_path="/gaest/eksempel", own_path="/mig/eksempel-3"),
    GuestLinksRevoked(**_GUEST, generation=1, guest_path="/gaest/nyt", own_path="/mig/nyt"),
    GuestRemoved(**_GUEST),
    OrganisationsMerged(
        owner=OWNER,
        organisation=Organisation(code="0001", name="Den gamle kommune"),
        into=ORGANISATION,
        merged_at=RECEIVED,
    ),
    PersonErased(owner=OWNER, person_id=PERSON.person_id),
    LinksRevoked(
        **_ENROLMENT,
        contact=CONTACT,
        generation=1,
        participants_path="/deltagere/nyt",
        standing_path="/plads/nyt",
    ),
    OwnLinksRevoked(
        **_ENROLMENT,
        person=PERSON,
        generation=1,
        contact_generation=1,
        seats=(SeatLink(meeting_id="1", path="/moedeplads/nyt"),),
        own_page_path="/mig/nyt",
    ),
    MailboxCodeDrawn(
        owner=OWNER,
        programme=PROGRAMME,
        code_id="5b0f8c1e-7c55-4f0a-9a39-5a1f0d6c2e11",
        to=PERSON,
        code="048213",
        good_until=datetime(2020, 6, 15, 8, 10, tzinfo=UTC),
    ),
    SessionsRevoked(owner=OWNER, person_id=PERSON.person_id, epoch=2),
    ClientChanged(
        owner=OWNER,
        client="crm",
        version=1592213400000,
        scopes=("enrol", "enrollment.programmes"),
        sources=("https://crm.example",),
        tokens=(
            ClientToken(
                sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                made_at=datetime(2020, 6, 15, 9, 30, tzinfo=UTC),
                expires_at=datetime(2021, 6, 15, 9, 30, tzinfo=UTC),
            ),
        ),
    ),
    EnrollmentIntakeRejected(owner=OWNER, refused_type="tovholder.enrollment.EnrolMunicipality.v1", **_REJECTED),
    MeetingPlanned(**_MEETING, meeting=a_meeting(when=None, place=None)),
    MeetingScheduled(**_MEETING, meeting=a_meeting(when=DAY)),
    MeetingRescheduled(**_MEETING, meeting=a_meeting(date_version=1), previous=DAY),
    MeetingCancelled(**_MEETING, meeting=a_meeting(date_version=2), reason="Stedet er lukket."),
    a_meeting_held(),
    StepCompleted(
        owner=MEETINGS_OWNER,
        programme=PROGRAMME,
        enrolment_id=ENROLMENT_ID,
        track="kommunespor",
        phase="opstart",
        step="sagsgennemgang",
        option="sagsgennemgang",
        completed_on=date(2021, 3, 1),
    ),
    PhaseCompleted(
        owner=MEETINGS_OWNER, programme=PROGRAMME, enrolment_id=ENROLMENT_ID, track="kommunespor", phase="opstart"
    ),
    ClusterFormed(
        owner=MEETINGS_OWNER,
        programme=PROGRAMME,
        cluster_id=natural_id("cluster", "1"),
        title="Klynge 1",
        enrolment_ids=(ENROLMENT_ID,),
    ),
    SchedulingIntakeRejected(owner=MEETINGS_OWNER, refused_type="tovholder.scheduling.SetMeetingDate.v1", **_REJECTED),
    InvoiceIssued(**_BILLED, invoice=INVOICE),
    CreditNoteIssued(
        owner="/tovholder/invoicing",
        invoice_id=INVOICE.id,
        number=2,
        issued_on=date(2020, 9, 10),
        lines=(LINE,),
        net_ore=1_950_000,
        vat_ore=487_500,
        gross_ore=2_437_500,
        reason="Kommunen meldte fra inden fristen.",
        invoice=INVOICE,
        credit_id="kredit-0001",
        document_path="/invoicing/faktura/eksempel-2",
        document_links=(DocumentLink(person_id=CONTACT.person_id, path="/invoicing/faktura/eksempel-2-til-kontakten"),),
        outstanding_ore=0,
    ),
    InvoiceDelivered(owner="/tovholder/invoicing", invoice_id=INVOICE.id, channel="mail"),
    InvoiceRejected(owner="/tovholder/invoicing", invoice_id=INVOICE.id, reason="Ukendt rekvisitionsnummer."),
    PaymentRegistered(
        owner="/tovholder/invoicing",
        invoice_id=INVOICE.id,
        payment_id="bank-0001",
        amount_ore=2_437_500,
        paid_on=date(2020, 9, 28),
        outstanding_ore=0,
    ),
    InvoiceOverdue(**_BILLED, level=1, outstanding_ore=2_437_500, invoice=INVOICE),
    ClaimHeldBack(
        owner="/tovholder/invoicing",
        claim_id=LINE.claim_id,
        enrolment_id=ENROLMENT_ID,
        programme=PROGRAMME,
        organisation=ORGANISATION,
        text=LINE.text,
        finding="Skriv kundens adresse. (address_missing)",
    ),
    InvoicingIntakeRejected(
        owner="/tovholder/invoicing", refused_type="tovholder.invoicing.RegisterPayment.v1", **_REJECTED
    ),
    MessageSent(**_MESSAGE, sent_at=RECEIVED),
    MessageFailed(**_MESSAGE, reason="smtp_550"),
    AddressBounced(
        owner="/tovholder/notifications",
        recipient=CONTACT.person_id,
        message_id=_MESSAGE["message_id"],
        status="5.1.1",
    ),
    InvitationAnswered(
        owner="/tovholder/notifications",
        programme_id=PROGRAMME.id,
        meeting_id=MEETING.id,
        recipient=PERSON.person_id,
        answer="accepted",
        date_version=1,
        answered_at=datetime(2021, 3, 2, 9, 15, tzinfo=UTC),
    ),
    WrittenToMany(
        owner="/tovholder/notifications",
        writing_id="0190f0a4-7c1e-7b22-8c77-3f4a9d2b6e10",
        programme_id=PROGRAMME.id,
        audience="contacts",
        recipients=44,
        unreached=3,
        written_at=RECEIVED,
    ),
    NotificationsIntakeRejected(
        owner="/tovholder/notifications", refused_type="tovholder.notifications.SendMessage.v1", **_REJECTED
    ),
)

COMMAND_EXAMPLES: tuple[Command, ...] = (
    EnrolMunicipality(
        programme_id=PROGRAMME.id,
        organisation_code="0101",
        contact_name=CONTACT.name,
        contact_email=CONTACT.email,
        billing=BILLING,
    ),
    VouchForAddress(organisation_code="0101", email=CONTACT.email),
    DismissSignUp(sign_up_id=SIGN_UP_ID),
    DismissSignUps(email=CONTACT.email, count=3, up_to=17),
    WithdrawEnrolment(enrolment_id=ENROLMENT_ID, reason="Ny prioritering."),
    ResolveReservation(enrolment_id=ENROLMENT_ID, approved=True),
    ChangeReservation(enrolment_id=ENROLMENT_ID, expected_on=date(2020, 10, 6)),
    ChangeBilling(enrolment_id=ENROLMENT_ID, billing=Billing(unit="beskaeftigelse", order_reference="BIF-2020-7")),
    MergeGroups(programme_id=PROGRAMME.id, group="oest", into="vest", reason="For få tilmeldte i Øst."),
    CancelProgramme(programme_id=PROGRAMME.id, reason="For få tilmeldte."),
    ChangeCapacity(programme_id=PROGRAMME.id, usual=10, hard=12),
    RevokeLinks(enrolment_id=ENROLMENT_ID),
    ChangeContact(enrolment_id=ENROLMENT_ID, name="Eva Eksempelsen", email="eva@kobenhavn.example", reason="Nyt job."),
    ChangeRole(
        enrolment_id=ENROLMENT_ID, role_id="faktura", name="Bo Prøvesen", email="bo@kobenhavn.example", reason="Ny løn."
    ),
    ErasePerson(person_id=PERSON.person_id),
    RecordArchive(programme_id=PROGRAMME.id, read_at=RECEIVED, sha256="5e" * 32, files=214),
    ChangeGroup(enrolment_id=ENROLMENT_ID, group="vest"),
    RegisterParticipant(
        enrolment_id=ENROLMENT_ID,
        meeting_id=MEETING.id,
        name=PERSON.name,
        email=PERSON.email,
        accepted_price_ore=100_000,
    ),
    ChangeExtraBilling(
        enrolment_id=ENROLMENT_ID,
        meeting_id=MEETING.id,
        person_id=PERSON.person_id,
        billing=Billing(unit="beskaeftigelse", order_reference="BIF-2020-7"),
    ),
    CancelParticipant(enrolment_id=ENROLMENT_ID, meeting_id=MEETING.id, person_id=PERSON.person_id),
    ReplaceParticipant(
        enrolment_id=ENROLMENT_ID,
        meeting_id=MEETING.id,
        person_id=PERSON.person_id,
        name="Dorte Prøvesen",
        email="dorte@kobenhavn.example",
    ),
    OrderOption(enrolment_id=ENROLMENT_ID, option_id="sagsgennemgang", accepted_price_ore=9_500_000),
    QuoteOption(
        enrolment_id=ENROLMENT_ID,
        option_id="analyse",
        price_ore=6_000_000,
        includes="To grupper og en samlet rapport.",
        good_until=date(2020, 10, 31),
    ),
    AcceptQuote(enrolment_id=ENROLMENT_ID, option_id="analyse", round=1),
    ChangeOptionBilling(
        enrolment_id=ENROLMENT_ID,
        option_id="analyse",
        billing=Billing(unit="beskaeftigelse", order_reference="BIF-2020-7"),
    ),
    DeclineQuote(enrolment_id=ENROLMENT_ID, option_id="analyse", round=1),
    WithdrawOption(enrolment_id=ENROLMENT_ID, option_id="sagsgennemgang"),
    DeliverOption(enrolment_id=ENROLMENT_ID, option_id="sagsgennemgang", delivered_on=date(2021, 2, 1)),
    RegisterWalkIn(enrolment_id=ENROLMENT_ID, meeting_id=MEETING.id, name=PERSON.name, email=PERSON.email),
    NameTeamMember(enrolment_id=ENROLMENT_ID, name=PERSON.name, email=PERSON.email),
    ReplaceTeamMember(
        enrolment_id=ENROLMENT_ID,
        person_id=PERSON.person_id,
        name="Dorte Prøvesen",
        email="dorte@kobenhavn.example",
    ),
    RemoveTeamMember(enrolment_id=ENROLMENT_ID, person_id=PERSON.person_id),
    InviteGuest(
        programme_id=PROGRAMME.id,
        meeting_id=MEETING.id,
        name="Lærke Prøvesen",
        email="laerke@fgu.example",
        track="unge",
    ),
    RemoveGuest(programme_id=PROGRAMME.id, meeting_id=MEETING.id, person_id=_GUEST["guest"].person_id),
    InviteMember(enrolment_id=ENROLMENT_ID, meeting_id=MEETING.id),
    UninviteMember(enrolment_id=ENROLMENT_ID, meeting_id=MEETING.id),
    InviteMunicipalities(programme_id=PROGRAMME.id, round_id="2020-06", remind_on=date(2020, 8, 10)),
    PlanMeeting(programme_id=PROGRAMME.id, key="oest-ekstra", title="Ekstra møde", kind="digital", mode="virtual"),
    SetMeetingDate(
        meeting_id=MEETING.id, day=date(2021, 4, 15), starts="09:30", ends="16:00", place="Mødehuset, København"
    ),
    CancelMeeting(meeting_id=MEETING.id, reason="Stedet er lukket."),
    MarkMeetingHeld(meeting_id=MEETING.id, held_on=date(2021, 4, 15)),
    CompleteStep(
        programme_id=PROGRAMME.id,
        enrolment_id=ENROLMENT_ID,
        track="kommunespor",
        phase="opstart",
        step="sagsgennemgang",
        completed_on=date(2021, 3, 1),
    ),
    CorrectBilling(enrolment_id=ENROLMENT_ID, billing=BILLING),
    RegisterPayment(invoice_id=INVOICE.id, payment_id="bank-0001", amount_ore=2_437_500, paid_on=date(2020, 9, 28)),
    CreditInvoice(
        invoice_id=INVOICE.id,
        credit_id="kredit-0001",
        reason="Kommunen kom først med fra andet halvår.",
        lines=(LineToCredit(claim_id=LINE.claim_id, net_ore=975_000),),
    ),
    ReleaseClaim(claim_id=LINE.claim_id),
    WaiveClaim(claim_id=LINE.claim_id, reason="Aftalt med kommunen."),
    SendMessage(**_SAID),
    ArmReminder(**_SAID, due=datetime(2021, 3, 1, 8, 0, tzinfo=UTC)),
)


def cloud_event(
    data: Event | Command, *, source: str | None = None, event_id: str | None = None, sequence: int | None = 1
) -> dict[str, Any]:
    """The CloudEvent that carries `data`, as its owner would send it (or as the given source does)."""
    told_by = source or (data.owner if isinstance(data, Event) else "/crm")
    subject = data.subject if isinstance(data, Event) else f"ask/{natural_id(data.type)}"
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id or natural_id("example", data.type),
        "source": told_by,
        "type": data.type,
        "subject": subject,
        "time": "2020-06-15T09:30:00Z",
        "datacontenttype": "application/json",
    }
    if sequence is not None and isinstance(data, Event):
        event["sequence"] = str(sequence)
    event["data"] = json.loads(data.model_dump_json())
    return event
