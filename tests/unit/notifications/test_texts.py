"""Every letter in Danish, word for word, and what hostile names do to it: nothing."""

from __future__ import annotations

import json
import textwrap
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from services.enrollment.domain.sign_up import how_to_be_let_in
from services.enrollment.domain.status import CALLED_OFF, status
from services.notifications.adapters import receipt
from services.notifications.adapters.texts import TEMPLATES, Texts, Words
from services.notifications.domain import letters
from services.notifications.domain.attachments import Kept, Said
from services.notifications.domain.confirmed import Confirmed
from services.notifications.domain.digest import (
    Digest,
    Line,
    Section,
    Staffed,
    boxes_of,
    digest_letter,
    general_part,
    part,
    undated_section,
)
from services.notifications.domain.digest_lines import awaits_staff
from services.notifications.domain.invitations import Guest, Standing, Step, Template
from services.notifications.domain.letter import TITLES, Letter
from services.notifications.domain.writing import Candidate, Wanted, Writing, letter_to
from shared.contracts.enrollment import Forbehold, Mailbox
from shared.contracts.notifications import SendMessage
from shared.contracts.parties import Contact
from shared.contracts.programme import SeatTerm
from tests.support import facts

GOLDEN = Path(__file__).parent / "golden" / "letters"
STORED_BEFORE = [
    json.loads(line)
    for line in (Path(__file__).parent / "released" / "letters.jsonl").read_text(encoding="utf-8").splitlines()
]
"""What a released version has put into the queue, and the words that it would have sent; it stays as it is."""
WORDS = Words("https://tovholder.example")
LONGEST_LINE = 78
AT = datetime(2020, 6, 15, 9, 30, tzinfo=UTC)
EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
STANDING = Standing(facts.PROGRAMME, facts.MEETING, "dated", "m@forening.example", AT, "Stedet er lukket.")
BO = Guest("p-bo", "Bo Prøvesen", "bo@kobenhavn.example", "participant", "Københavns Kommune", AT)
ASTA = Guest(
    "p-asta", "Asta Eksempelsen", "asta@kobenhavn.example", "contact", "Københavns Kommune", AT, "/deltagere/x"
)
GUEST = Guest(
    "g-laerke", "Lærke Prøvesen", "laerke@fgu.example", "participant", "Foreningen af Kommuner", AT, as_guest=True
)
OWN_GUEST = replace(GUEST, seat_path="/gaest/x")
A_DAY = facts.a_meeting(when=facts.DAY, place=None)
ELSEWHERE = facts.a_meeting(place="Odense")
HALF = {
    "lines": (facts.LINE.model_copy(update={"unit_price_ore": 975_000, "net_ore": 975_000}),),
    "net_ore": 975_000,
    "vat_ore": 243_750,
    "gross_ore": 1_218_750,
    "outstanding_ore": 1_218_750,
}
SIGNED_UP = Confirmed(
    enrolment_id=facts.ENROLMENT_ID,
    enrolled_at=AT,
    organisation=facts.ORGANISATION,
    programme_id=facts.PROGRAMME.id,
    to=Mailbox(role="hovedpostkasse", email="post@kk.example"),
    contact=facts.CONTACT,
    day=date(2020, 6, 15),
)
TEAM = (
    SeatTerm(kind="heldag", title="Heldagsmøde", attendance="team", included=5, minimum=3),
    SeatTerm(kind="kort", title="Kort møde", attendance="contact"),
)
ONE_OF_MEMBER = SeatTerm(kind="temamoede", title="Temamøde", attendance="members", included=1, minimum=1)
ROLE_HOLDER = Contact(person_id="p-bo", name="Bo Prøvesen", email="bo@kobenhavn.example", role="fakturakontakt")
HANDED_OVER = EXAMPLES["TovholderAppointed"].model_copy(
    update={
        "contact": facts.CONTACT.model_copy(
            update={"person_id": "p-eva", "name": "Eva Eksempelsen", "email": "eva@kobenhavn.example"}
        ),
        "former": facts.CONTACT,
        "reason": "Asta har fået nyt job.",
        "forbehold": Forbehold(committee="Beskæftigelsesudvalget", expected_on=date(2020, 9, 15)),
        "participants_path": "/deltagere/ny",
        "standing_path": "/plads/ny",
    }
)
OF_HIS_OWN = replace(BO, seat_path="/moedeplads/x", own_path="/mig/x")
ON_TEAM = replace(BO, seat_path="/holdplads/x", on_team=True)
PAID_BEFORE = {"rounding_ore": 1, "outstanding_ore": -1_218_751}


OWN_BASIS = facts.a_programme(
    seller=facts.SELLER.model_copy(
        update={"legal_basis": "Grundlaget er kommunens aftale med os (artikel 6, stk. 1, litra b)."}
    )
)


def invitation(template: Template, guest: Guest, previous: Any = None, meeting: Any = facts.MEETING) -> Letter:
    method = "CANCEL" if template in {"meeting_cancelled", "registration_cancelled", "meeting_left"} else "REQUEST"
    step = Step(template, method, guest, 0, AT, 1, previous=previous)  # type: ignore[arg-type] # one of the two
    return letters.calendar_letter(replace(STANDING, meeting=meeting), step)


def the_digest() -> Letter:
    one = facts.PROGRAMME
    waits = awaits_staff(EXAMPLES["SignUpAwaitsStaff"], AT)
    shown = {
        (one.id, "awaits"): [Line(waits.text, 1)],
        (one.id, "enrolled"): [Line("Aarhus Kommune (vest)", 1), Line("Ringsted Kommune (oest)", 1)],
        (one.id, "extra"): [Line("Ringsted Kommune: 1. heldagsmøde, 1.000,00 kr. ekskl. moms", 1)],
        (None, "rejected"): [Line("EnrolMunicipality fra /crm: deadline_passed", 1)],
    }
    general = general_part([Section(None, "rejected", 1)], shown)
    own = part(
        one.title, [Section(one.id, "awaits", 1), Section(one.id, "enrolled", 2), Section(one.id, "extra", 1)], shown
    )
    own["sections"].append(undated_section(one.id, ["2. heldagsmøde (oest)"], 1))
    (box,) = boxes_of([Section(one.id, "enrolled", 2)], [Staffed(one.id, one.title, one.staff_email)])
    only = digest_letter(Digest(AT), box, one, general, [own])
    assert only is not None
    return only


def ended_form(because: str) -> Letter:
    letter = letters.sign_up_ended(EXAMPLES["SignUpEnded"].model_copy(update={"because": because}), AT)
    assert letter is not None
    return letter


LETTERS: dict[str, Letter] = {
    "invited": letters.invitations(EXAMPLES["MunicipalityInvited"], AT)[0],
    "invitation_reminder": letters.invitations(EXAMPLES["InvitationReminderDue"], AT)[0],
    "draft_saved": letters.draft_saved(EXAMPLES["SignUpDraftSaved"], AT),
    "links_renewed": letters.links_renewed(EXAMPLES["LinksRevoked"], AT),
    "own_links_renewed": letters.own_links_renewed(EXAMPLES["OwnLinksRevoked"], AT),
    "own_links_renewed-of_roles": letters.own_links_renewed(
        EXAMPLES["OwnLinksRevoked"].model_copy(
            update={"own_page_path": None, "standing_path": "/plads/y", "billing_path": "/fakturaoplysninger/y"}
        ),
        AT,
    ),
    "mailbox_code": letters.mailbox_code(EXAMPLES["MailboxCodeDrawn"], AT),
    "sign_up_received": letters.sign_up_received(EXAMPLES["EnrolmentReceived"], AT),
    "sign_up_received-before_it_said_what_follows": letters.sign_up_received(
        EXAMPLES["EnrolmentReceived"].model_copy(update={"confirmation": None}), AT
    ),
    "sign_up_received-strict": letters.sign_up_received(
        EXAMPLES["EnrolmentReceived"].model_copy(update={"confirmation": "staff"}), AT
    ),
    "sign_up_received-main_mailbox": letters.sign_up_received(
        EXAMPLES["EnrolmentReceived"].model_copy(
            update={"confirmation": "main_mailbox", "to": Mailbox(role="hovedpostkasse", email="post@kk.example")}
        ),
        AT,
    ),
    "sign_ups_confirmed": letters.sign_ups_confirmed(
        [SIGNED_UP], {facts.PROGRAMME.id: facts.PROGRAMME}, date(2020, 6, 15), AT
    ),
    "sign_up_ended": ended_form("has_place"),
    "sign_up_ended-after_a_no": ended_form("has_ended"),
    "sign_up_ended-called_off": ended_form("called_off"),
    "place_confirmed": letters.place_confirmed(facts.an_enrolment(), AT),
    "place_confirmed-forbehold": letters.place_confirmed(facts.an_enrolment(forbehold_open=True, fees=()), AT),
    "place_confirmed-from_the_waiting_list": letters.place_confirmed(
        facts.an_enrolment(
            from_waiting_list=True,
            forbehold_open=True,
            forbehold=Forbehold(committee="Udvalget", lapses_after=date(2020, 9, 30)),
            standing_path="/plads/x",
            fees=(),
        ),
        AT,
    ),
    "place_confirmed-lacking": letters.place_confirmed(
        facts.an_enrolment(
            billing=facts.BILLING_OF_UNIT,
            billing_missing=("address", "order_reference", "a_later_word"),
            standing_path="/plads/x",
        ),
        AT,
    ),
    "billing_awaited": letters.billing_awaited(EXAMPLES["BillingReminderDue"], AT),
    "billing_awaited-role": letters.billing_awaited(EXAMPLES["BillingReminderDue"], AT, ROLE_HOLDER),
    "billing_awaited-role_with_link": letters.billing_awaited(
        EXAMPLES["BillingReminderDue"], AT, ROLE_HOLDER.model_copy(update={"person_id": facts.a_person().person_id})
    ),
    "billing_awaited-late": letters.billing_awaited(
        EXAMPLES["BillingReminderDue"].model_copy(
            update={"days": 7, "billing_missing": ("ean", "address", "account_string")}
        ),
        AT,
    ),
    "extra_participant-lacking": letters.extra_participant(
        facts.an_extra_participant(
            billing=facts.BILLING_OF_UNIT, own_billing=True, billing_missing=("person_reference",)
        ),
        1,
        AT,
    ),
    "waitlisted": letters.waitlisted(EXAMPLES["EnrolmentWaitlisted"], AT),
    "waitlisted-without_a_receipt": letters.waitlisted(
        EXAMPLES["EnrolmentWaitlisted"].model_copy(update={"billing": None}), AT
    ),
    "waitlisted-forbehold": letters.waitlisted(
        EXAMPLES["EnrolmentWaitlisted"].model_copy(update={"forbehold_open": True, "standing_path": "/plads/x"}), AT
    ),
    "waitlisted-after_the_deadline": letters.waitlisted(
        EXAMPLES["EnrolmentWaitlisted"].model_copy(
            update={"allotted_after": date(2020, 8, 21), "standing_path": "/plads/x"}
        ),
        AT,
    ),
    "forbehold_awaited": letters.forbehold_awaited(EXAMPLES["ReservationReminderDue"], AT),
    "forbehold_awaited-political": letters.to_political(
        letters.forbehold_awaited(EXAMPLES["ReservationReminderDue"], AT), ROLE_HOLDER
    ),
    "forbehold_awaited-late": letters.forbehold_awaited(
        EXAMPLES["ReservationReminderDue"].model_copy(
            update={"days": 7, "forbehold": Forbehold(expected_on=date(2020, 9, 15))}
        ),
        AT,
    ),
    "forbehold_awaited-no_day": letters.forbehold_awaited(
        EXAMPLES["ReservationReminderDue"].model_copy(update={"days": 35, "forbehold": Forbehold()}), AT
    ),
    "forbehold_answered": letters.forbehold_answered(
        EXAMPLES["ReservationResolved"].model_copy(update={"has_place": True}), facts.CONTACT, AT
    ),
    "forbehold_answered-waits": letters.forbehold_answered(
        EXAMPLES["ReservationResolved"].model_copy(update={"has_place": False}), facts.CONTACT, AT
    ),
    "forbehold_answered-by_others": letters.forbehold_answered(EXAMPLES["ReservationResolved"], facts.CONTACT, AT),
    "forbehold_answered-no": letters.forbehold_answered(
        EXAMPLES["ReservationResolved"].model_copy(update={"approved": False, "has_place": False}), facts.CONTACT, AT
    ),
    "lapsed": letters.lapsed(EXAMPLES["EnrolmentLapsed"], facts.CONTACT, AT),
    "called_off": letters.called_off(EXAMPLES["EnrolmentCalledOff"], AT)[0],
    "called_off-undecided": letters.called_off(
        EXAMPLES["EnrolmentCalledOff"].model_copy(update={"fee": "undecided", "meetings": (), "reason": ""}), AT
    )[0],
    "called_off-waitlisted": letters.called_off(
        EXAMPLES["EnrolmentCalledOff"].model_copy(update={"standing": "waitlisted", "fee": "none", "meetings": ()}), AT
    )[0],
    "called_off-invited": letters.called_off(
        EXAMPLES["EnrolmentCalledOff"].model_copy(
            update={
                "standing": "invited",
                "contact": None,
                "to": (Mailbox(role="hovedpostkasse", email="kommunen@aarhus.example"),),
                "fee": "none",
                "meetings": (),
            }
        ),
        AT,
    )[0],
    "groups_merged": letters.groups_merged(
        EXAMPLES["EnrolmentRegrouped"].model_copy(
            update={"merged": True, "group_title": "Vestdanmark", "reason": "For få i Øst."}
        ),
        AT,
    ),
    "regrouped": letters.regrouped(
        EXAMPLES["EnrolmentRegrouped"].model_copy(update={"group_title": "Vestdanmark"}), AT
    ),
    "withdrawn": letters.withdrawn(EXAMPLES["EnrolmentWithdrawn"], None, AT),
    "withdrawn-free": letters.withdrawn(EXAMPLES["EnrolmentWithdrawn"].model_copy(update={"pays": False}), None, AT),
    "quote_given": letters.quote_given(facts.a_quote(), facts.CONTACT, AT),
    "quote_given-another": letters.quote_given(
        facts.a_quote(round=2, replaces=1, quote_path=None, includes="Tre grupper.\n\nOg en\nrapport."),
        facts.CONTACT,
        AT,
    ),
    "quote_awaited": letters.quote_awaited(facts.a_quote_reminder(), facts.CONTACT, AT),
    "option_ordered": letters.option_ordered(facts.an_option_ordered(), facts.CONTACT, AT),
    "option_ordered-lacking": letters.option_ordered(
        facts.an_option_ordered(billing=facts.BILLING_OF_UNIT, own_billing=True, billing_missing=("person_reference",)),
        facts.CONTACT,
        AT,
    ),
    "option_ordered-by_quote": letters.option_ordered(
        facts.an_option_ordered(by_quote=True, includes="To grupper.", price_ore=0, standing_path=None),
        facts.CONTACT,
        AT,
    ),
    "option_withdrawn": letters.option_withdrawn(facts.an_option_withdrawn(), facts.CONTACT, AT),
    "option_withdrawn-quote": letters.option_withdrawn(facts.an_option_withdrawn(ordered=False), facts.CONTACT, AT),
    "option_delivered": letters.option_delivered(facts.an_option_delivered(), facts.CONTACT, AT),
    "option_delivered-for_nothing": letters.option_delivered(facts.an_option_delivered(price_ore=0), facts.CONTACT, AT),
    "contact_appointed": letters.contact_appointed(EXAMPLES["TovholderAppointed"], "/deltagere/x", AT),
    "contact_appointed-ours": letters.contact_appointed(HANDED_OVER, "/deltagere/ny", AT),
    "contact_appointed-waits": letters.contact_appointed(
        HANDED_OVER.model_copy(update={"participants_path": None, "forbehold": None}), None, AT
    ),
    "contact_left": letters.contact_left(HANDED_OVER, facts.CONTACT, "/deltagere/ny", AT),
    "contact_left-by_others": letters.contact_left(EXAMPLES["TovholderAppointed"], facts.CONTACT, None, AT),
    "role_appointed": letters.role_appointed(EXAMPLES["RoleAppointed"], ROLE_HOLDER, AT),
    "role_appointed-political": letters.role_appointed(
        EXAMPLES["RoleAppointed"].model_copy(update={"purpose": "political", "label": "politisk kontakt"}),
        ROLE_HOLDER,
        AT,
    ),
    "role_appointed-first": letters.introduce(letters.role_appointed(EXAMPLES["RoleAppointed"], ROLE_HOLDER, AT)),
    "role_left": letters.role_left(
        EXAMPLES["RoleAppointed"].model_copy(update={"reason": "Nyt job."}), ROLE_HOLDER, AT
    ),
    "role_left-vacant": letters.role_left(
        EXAMPLES["RoleAppointed"].model_copy(update={"person": None}), ROLE_HOLDER, AT
    ),
    "secretary_appointed": letters.secretary_appointed(facts.a_secretary(), ROLE_HOLDER, AT),
    "secretary_left": letters.secretary_left(facts.a_secretary(person=None), ROLE_HOLDER, AT),
    "access_given": letters.access_given(facts.a_secretary(), ROLE_HOLDER, facts.CONTACT, "/plads/x", AT),
    "access_given-by_staff": letters.access_given(
        facts.a_secretary(by_staff=True), ROLE_HOLDER, facts.CONTACT, "/plads/x", AT
    ),
    "save_the_date": invitation("save_the_date", ASTA, meeting=A_DAY),
    "save_the_date-again": invitation("save_the_date", BO, facts.a_meeting(when=facts.DAY, place="Vejle"), A_DAY),
    "invitation": invitation("invitation", ASTA),
    "invitation-with_hours": invitation("invitation", BO, A_DAY),
    "meeting_moved": invitation(
        "meeting_moved",
        BO,
        facts.a_meeting(when=facts.TIMED.model_copy(update={"ends_at": datetime(2021, 4, 15, 13, tzinfo=UTC)})),
    ),
    "meeting_moved-place": invitation("meeting_moved", ASTA, ELSEWHERE),
    "meeting_cancelled": invitation("meeting_cancelled", BO, facts.MEETING),
    "participant_registered": invitation("participant_registered", BO),
    "participant_registered-day": invitation("participant_registered", BO, meeting=A_DAY),
    "participant_registered-first": letters.introduce(invitation("participant_registered", BO)),
    "contact_appointed-first": letters.introduce(letters.contact_appointed(HANDED_OVER, None, AT)),
    "registration_cancelled": invitation("registration_cancelled", BO, facts.MEETING),
    "meeting_left": invitation("meeting_left", ASTA, facts.MEETING),
    "extra_participant": letters.extra_participant(facts.an_extra_participant(), 4, AT),
    "extra_participant-free_until": letters.extra_participant(
        facts.an_extra_participant(free_until=date(2021, 4, 1)), 4, AT
    ),
    "extra_participant-walked_in": letters.extra_participant(facts.an_extra_participant(walked_in=True), 4, AT),
    "walked_in": letters.introduce(letters.walked_in(EXAMPLES["ParticipantRegistered"], AT)),
    "participant_registered-own_basis": letters.introduce(
        replace(invitation("participant_registered", BO), programme=OWN_BASIS)
    ),
    "seat_passed_on": letters.seat_passed_on(
        EXAMPLES["ParticipantReplaced"].model_copy(update={"by_participant": True}), 6, AT
    ),
    "seat_left": letters.seat_left(EXAMPLES["ParticipantCancelled"].model_copy(update={"by_participant": True}), 6, AT),
    "seat_left-billed": letters.seat_left(
        EXAMPLES["ParticipantCancelled"].model_copy(
            update={"still_billed": facts.EXTRA, "free_until": date(2021, 4, 1)}
        ),
        6,
        AT,
    ),
    "team_incomplete": letters.team_incomplete(EXAMPLES["TeamReminderDue"], AT),
    "team_incomplete-nobody": letters.team_incomplete(
        EXAMPLES["TeamReminderDue"].model_copy(update={"size": 0, "most": None, "participants_path": None}), AT
    ),
    "team_incomplete-of_a_member": letters.team_incomplete(
        EXAMPLES["TeamReminderDue"].model_copy(update={"size": 1, "most": 4, "of_member": True}), AT
    ),
    "member_admitted": letters.member_admitted(EXAMPLES["MemberAdmitted"], AT),
    "member_admitted-ad_hoc": letters.member_admitted(
        EXAMPLES["MemberAdmitted"].model_copy(
            update={"ad_hoc": True, "inviter": "", "seats": (ONE_OF_MEMBER,), "participants_path": None}
        ),
        AT,
    ),
    "member_admitted-itself": letters.member_admitted(
        EXAMPLES["MemberAdmitted"].model_copy(update={"inviter": "TEC"}), AT
    ),
    "participant_registered-guest": invitation("participant_registered", GUEST),
    "participant_registered-guest_first": letters.introduce(invitation("participant_registered", GUEST)),
    "participant_registered-own_page_of_a_guest": invitation("participant_registered", OWN_GUEST),
    "participant_registered-asks_whoever_is_registered": invitation(
        "participant_registered", replace(BO, seat_path="/moedeplads/x", asks_needs=True)
    ),
    "participant_registered-asks_a_guest": invitation("participant_registered", replace(OWN_GUEST, asks_needs=True)),
    "participant_registered-asks_a_team": invitation("participant_registered", replace(ON_TEAM, asks_needs=True)),
    "invitation-own_page_of_a_guest": invitation("invitation", OWN_GUEST, A_DAY),
    "meeting_moved-own_page_of_a_guest": invitation("meeting_moved", OWN_GUEST, ELSEWHERE),
    "meeting_reminder-own_page_of_a_guest": letters.meeting_reminder(STANDING, OWN_GUEST, 7, 7, AT),
    "registration_cancelled-guest": invitation("registration_cancelled", GUEST, facts.MEETING),
    "meeting_cancelled-guest": invitation("meeting_cancelled", GUEST, facts.MEETING),
    "meeting_moved-guest": invitation("meeting_moved", GUEST, ELSEWHERE),
    "meeting_reminder-guest": letters.meeting_reminder(STANDING, GUEST, 7, 7, AT),
    "invitation-of_a_member": invitation("invitation", replace(ASTA, by_team=True, of_member=True)),
    "save_the_date-of_a_member": invitation(
        "save_the_date", replace(ASTA, by_team=True, of_member=True), meeting=A_DAY
    ),
    "place_confirmed-team": letters.place_confirmed(facts.an_enrolment(fees=(), seats=TEAM), AT),
    "invitation-of_a_team": invitation("invitation", replace(ASTA, by_team=True)),
    "save_the_date-of_a_team": invitation("save_the_date", replace(ASTA, by_team=True), meeting=A_DAY),
    "place_passed_on": letters.place_passed_on(
        EXAMPLES["TeamMemberReplaced"].model_copy(update={"by_participant": True}), 5, AT
    ),
    "place_passed_on-of_a_member": letters.place_passed_on(
        EXAMPLES["TeamMemberReplaced"].model_copy(update={"by_participant": True, "of_member": True}), 5, AT
    ),
    "place_left": letters.place_left(EXAMPLES["TeamMemberRemoved"].model_copy(update={"by_participant": True}), 6, AT),
    "place_left-of_a_member": letters.place_left(
        EXAMPLES["TeamMemberRemoved"].model_copy(update={"by_participant": True, "of_member": True, "size": 4}), 6, AT
    ),
    "participant_registered-own_place": invitation("participant_registered", ON_TEAM),
    "meeting_moved-own_place": invitation("meeting_moved", ON_TEAM, ELSEWHERE),
    "meeting_reminder-own_place": letters.meeting_reminder(STANDING, ON_TEAM, 7, 7, AT),
    "participant_registered-own_seat": invitation("participant_registered", replace(BO, seat_path="/moedeplads/x")),
    "invitation-own_seat": invitation("invitation", replace(BO, seat_path="/moedeplads/x"), A_DAY),
    "save_the_date-own_seat": invitation(
        "save_the_date", replace(BO, seat_path="/moedeplads/x"), facts.a_meeting(when=facts.DAY), A_DAY
    ),
    "meeting_moved-own_seat": invitation("meeting_moved", replace(BO, seat_path="/moedeplads/x"), ELSEWHERE),
    "meeting_reminder-own_seat": letters.meeting_reminder(STANDING, replace(BO, seat_path="/moedeplads/x"), 7, 7, AT),
    "participant_registered-all_of_theirs": invitation("participant_registered", replace(OF_HIS_OWN, asks_needs=True)),
    "participant_registered-all_of_a_guests": invitation(
        "participant_registered", replace(OWN_GUEST, own_path="/mig/g")
    ),
    "invitation-all_of_theirs": invitation("invitation", OF_HIS_OWN, A_DAY),
    "save_the_date-all_of_theirs": invitation("save_the_date", OF_HIS_OWN, facts.a_meeting(when=facts.DAY), A_DAY),
    "meeting_moved-all_of_theirs": invitation("meeting_moved", OF_HIS_OWN, ELSEWHERE),
    "meeting_reminder-all_of_a_teams": letters.meeting_reminder(
        STANDING, replace(ON_TEAM, own_path="/mig/x"), 7, 7, AT
    ),
    "meeting_reminder-all_of_a_guests": letters.meeting_reminder(
        STANDING, replace(OWN_GUEST, own_path="/mig/g"), 7, 7, AT
    ),
    "extra_participant_removed": letters.extra_participant_removed(EXAMPLES["ExtraParticipantRemoved"], 5, AT),
    "meeting_reminder-first": letters.introduce(letters.meeting_reminder(STANDING, BO, 7, 7, AT)),
    "meeting_reminder": letters.meeting_reminder(STANDING, BO, 7, 7, AT),
    "nobody_registered": letters.nobody_registered(STANDING, ASTA, 1, 1, AT),
    "invoice": letters.invoice_issued(EXAMPLES["InvoiceIssued"], AT),
    "invoice-before_it_said_how_to_pay": letters.invoice_issued(
        EXAMPLES["InvoiceIssued"].model_copy(update={"how_to_pay": (), "document_path": None, "document_links": ()}), AT
    ),
    "credit_note": letters.credit_note(EXAMPLES["CreditNoteIssued"], facts.INVOICE, facts.CONTACT, AT),
    "credit_note-part": letters.credit_note(
        EXAMPLES["CreditNoteIssued"].model_copy(update=HALF), facts.INVOICE, facts.CONTACT, AT
    ),
    "credit_note-paid_before": letters.credit_note(
        EXAMPLES["CreditNoteIssued"].model_copy(update=HALF | PAID_BEFORE), facts.INVOICE, facts.CONTACT, AT
    ),
    "payment_reminder": letters.payment_reminder(EXAMPLES["InvoiceOverdue"], facts.CONTACT, AT),
    "note": letters.note(
        SendMessage(
            recipient="p",
            email="p@k.example",
            about="a",
            occasion="1",
            title="Et forslag",
            text="Hej\n\nVi foreslår\nen dato.",
        ),
        facts.PROGRAMME,
        AT,
    ),
    "written": letter_to(
        Writing(
            "w1",
            facts.PROGRAMME.id,
            Wanted("Nyt til {kommune}", "Hej {navn}.\n\nVi ses til {forløb} i {Kommune}.\nTag {} med.", "team"),
            AT,
        ),
        Candidate("e1", "Aarhus Kommune", "p", "Bo Prøvesen", "bo@aarhus.example"),
        facts.PROGRAMME,
        [
            Kept(0, "Dagsorden.docx", "x/y", 9, Said("yes")),
            Kept(1, "Dagsorden.pdf", "x/y", 9, Said("beside", 0)),
            Kept(2, "Plan.pdf", "x/y", 9, Said("no", None, "Kortet er et billede, som ingen har beskrevet")),
            Kept(3, "Kort.png", "x/y", 9),
        ],
    ),
    "digest": the_digest(),
}


CONTACTS = {facts.CONTACT.person_id, ASTA.person_id, HANDED_OVER.contact.person_id}
"""Of an enrolment each, so that their letters lead to its page."""


def texts_of(letter: Letter) -> Texts:
    letter = letters.leading_home(letter, "/plads/jeres-egen" if letter.to.key in CONTACTS else None)
    says = {**letter.says, "name": letter.to.name}
    if letter.programme is not None:
        says["programme"] = letter.programme.model_dump(mode="json")
    return WORDS.write(letter.template, f"Kære {letter.to.name}", says)


@pytest.mark.parametrize("name", LETTERS)
def test_the_words_are_the_golden_ones(name: str) -> None:
    texts = texts_of(LETTERS[name])
    assert f"{texts.subject}\n\n{texts.plain}" == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("stored", STORED_BEFORE, ids=[one["letter"] for one in STORED_BEFORE])
def test_what_an_earlier_version_has_stored_is_sent_in_its_words(stored: dict[str, Any]) -> None:
    texts = WORDS.write(stored["template"], stored["greeting"], stored["says"])
    subject, _, words = stored["words"].partition("\n\n")
    assert texts.subject == subject
    assert texts.plain.splitlines() == [part for line in words.split("\n")[:-1] for part in broken(line)]


def broken(line: str) -> list[str]:
    """A line of an earlier version, which wrote some that were longer than a screen."""
    return textwrap.wrap(line, 76, subsequent_indent="  ") if len(line) > LONGEST_LINE else [line]


def test_every_template_has_a_letter_and_a_title() -> None:
    templates = {path.stem for path in (TEMPLATES / "mail").glob("*.j2")}
    assert templates == {letter.template for letter in LETTERS.values()}
    assert templates == set(TITLES)


class Outline(HTMLParser):
    """Tags that are opened and not closed, and every tag and address that stands there."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", LETTERS)
def test_the_html_is_whole_and_says_the_same(name: str) -> None:
    texts = texts_of(LETTERS[name])
    outline = Outline()
    outline.feed(texts.html)
    assert outline.open == []
    assert not outline.tags & {"script", "img", "iframe", "form", "link", "base", "object", "video"}
    for link in outline.links:
        assert link.startswith("https://tovholder.example/")
        assert link in texts.plain


LEADS_TO = {
    "its own form": {"invited", "invitation_reminder", "draft_saved", "sign_up_received"},
    "its invoice": {"invoice", "credit_note", "payment_reminder"},
    "the enrolment": {
        *("place_confirmed", "waitlisted", "forbehold_awaited", "billing_awaited", "forbehold_answered", "lapsed"),
        *("withdrawn", "called_off", "groups_merged", "regrouped", "quote_given", "quote_awaited", "option_ordered"),
        *("option_withdrawn", "option_delivered", "contact_appointed", "save_the_date", "invitation", "meeting_moved"),
        *("meeting_left", "seat_passed_on", "seat_left", "team_incomplete", "member_admitted", "extra_participant"),
        *("links_renewed", "own_links_renewed", "secretary_appointed", "access_given"),
        *("extra_participant_removed", "nobody_registered", "place_passed_on", "place_left"),
    },
    "one's own seat": {"participant_registered", "meeting_reminder", "own_links_renewed"},
    "one's own billing role": {"billing_awaited", "own_links_renewed"},
}
NOWHERE = {
    "walked_in": "the meeting is over",
    "registration_cancelled": "the seat is another one's now, or nobody's",
    "meeting_cancelled": "to a participant; there is no seat any more",
    "role_appointed": "a role opens nothing by itself: links are the contact's",
    "role_left": "a role opens nothing",
    "secretary_left": "the access is closed",
    "contact_left": "the page is another one's now",
    "mailbox_code": "whoever asked has the page before them, and a link would be one more to press",
    "sign_up_ended": "nothing came of the form",
    "sign_ups_confirmed": "to a mailbox for its information: the enrolment is its contact's",
    "note": "what another system says to whomever; the contact of an enrolment has its link there too",
    "written": "what staff write to many; the contact of an enrolment has its link there too",
    "digest": "staff",
}
KINDS = {
    "tilmeld": "its own form",
    "invoicing": "its invoice",
    "moedeplads": "one's own seat",
    "mig": "one's own seat",
    "holdplads": "one's own seat",
    "gaest": "one's own seat",
    "fakturaoplysninger": "one's own billing role",
}


@pytest.mark.parametrize("template", sorted(TITLES))
def test_every_letter_leads_where_its_reader_can_do_something_about_it(template: str) -> None:
    found = {}
    for name, letter in LETTERS.items():
        if letter.template == template:
            outline = Outline()
            outline.feed(texts_of(letter).html)
            parts = {link.removeprefix("https://tovholder.example/").partition("/")[0] for link in outline.links}
            found[name] = {KINDS.get(one, "the enrolment") for one in parts}
            if letter.to.key in CONTACTS and template not in letters.HAS_NO_PAGE:
                assert "the enrolment" in found[name], name
    kinds = {kind for kind, templates in LEADS_TO.items() if template in templates}
    assert set().union(*found.values()) >= kinds
    assert bool(kinds) != (template in NOWHERE), f"{template} has a link, or a reason"
    if template in NOWHERE:
        assert set().union(*found.values()) == set()


def test_a_letter_leads_home_once() -> None:
    for letter in LETTERS.values():
        outline = Outline()
        outline.feed(texts_of(letter).html)
        assert len(outline.links) == len(set(outline.links)), letter.template


EVIL = "<script>alert(1)</script>\r\nBcc: x@y.example\u202e{{ 7*7 }} & \"'"


@pytest.mark.parametrize("name", LETTERS)
def test_hostile_names_are_only_names(name: str) -> None:
    letter = LETTERS[name]
    says = dict(letter.says)
    for key in ("organisation", "person", "former", "role", "reason", "title", "text"):
        if key in says:
            says[key] = EVIL
    for meeting in ("meeting", "previous", "told"):
        if says.get(meeting):
            says[meeting] = {**says[meeting], "title": EVIL, "place": EVIL, "link": "javascript:alert(1)"}
    texts = texts_of(replace(letter, says=says, to=replace(letter.to, name=EVIL)))
    assert "<script" not in texts.html
    assert "\u202e" not in texts.html + texts.plain + texts.subject
    assert "49" not in texts.subject
    assert "\n" not in texts.subject
    outline = Outline()
    outline.feed(texts.html)
    assert all(link.startswith("https://tovholder.example") for link in outline.links)


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "https://evil.example", "javascript:alert(1)", "/a\r\nb", '/"><script>']
)
def test_a_path_never_leads_elsewhere(path: str) -> None:
    letter = LETTERS["invited"]
    outline = Outline()
    outline.feed(texts_of(replace(letter, says={**letter.says, "path": path})).html)
    assert outline.links == ["https://tovholder.example"]


@pytest.mark.parametrize("name", ["ExtraParticipantAdded", "ExtraParticipantRemoved"])
def test_a_price_at_a_meeting_that_has_no_day_yet_is_told_without_one(name: str) -> None:
    fact = EXAMPLES[name].model_copy(update={"meeting": facts.a_meeting(when=None)})
    write = letters.extra_participant if name == "ExtraParticipantAdded" else letters.extra_participant_removed
    plain = texts_of(write(fact, 1, AT)).plain
    assert facts.MEETING.title in plain
    assert "Tid:" not in plain


def test_a_meeting_of_two_days_says_both() -> None:
    when = facts.TIMED.model_copy(
        update={"last_day": date(2021, 4, 16), "ends_at": datetime(2021, 4, 16, 14, tzinfo=UTC)}
    )
    texts = texts_of(invitation("invitation", BO, meeting=facts.a_meeting(when=when)))
    assert "torsdag den 15. april 2021 kl. 9.30 til fredag den 16. april 2021 kl. 16.00" in " ".join(
        texts.plain.split()
    )


def test_where_an_enrolment_stands_has_the_same_words_in_mails_as_on_pages() -> None:
    """Services share no code: what a page calls it stands in the mail, and in the receipt."""
    subjects = {
        "place_confirmed": status("enrolled"),
        "place_confirmed-forbehold": status("enrolled", forbehold_open=True),
        "waitlisted": status("waitlisted"),
        "waitlisted-after_the_deadline": status("waitlisted", allotted=False),
        "forbehold_answered-no": status("not_approved"),
        "lapsed": status("lapsed"),
        "withdrawn": status("withdrawn"),
        "called_off": CALLED_OFF,
    }
    for name, word in subjects.items():
        said = texts_of(LETTERS[name]).subject.partition(":")[0]
        assert word.partition(" – ")[0] == said, name
    assert f"Status: {status('withdrawn')}\n" in texts_of(LETTERS["withdrawn"]).plain
    assert f"Status: {status('received')}\n" in texts_of(LETTERS["sign_up_received"]).plain
    for name, forbehold in (("place_confirmed", False), ("place_confirmed-forbehold", True)):
        letter = LETTERS[name]
        says = {**letter.says, "programme": facts.PROGRAMME.model_dump(mode="json")}
        shown = dict(receipt.shown(letter.to.name, says)["facts"])
        assert shown["Status"] == status("enrolled", forbehold_open=forbehold)


def test_whoever_pays_nothing_reads_of_no_invoice() -> None:
    assert "faktureret" in texts_of(LETTERS["withdrawn"]).plain
    assert "faktur" not in texts_of(LETTERS["withdrawn-free"]).plain


def test_a_second_person_reads_by_mail_and_page_how_to_be_let_in_and_no_name() -> None:
    seller = facts.PROGRAMME.seller
    texts = texts_of(LETTERS["sign_up_ended"])
    assert how_to_be_let_in(seller) in " ".join(texts.plain.split())
    assert seller.organizer_email in how_to_be_let_in(seller)


@pytest.mark.parametrize("name", ["billing_awaited", "team_incomplete", "quote_awaited"])
def test_a_reminder_is_nobodys_own_whoever_set_the_clock_going(name: str) -> None:
    assert not LETTERS[name].own
