"""One organisation in one programme: what may happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.enrolment import (
    Agreed,
    Enrolment,
    decline,
    regroup,
    require_enrolment,
    require_place,
    withdraw,
)
from services.enrollment.domain.price_text import fee_lines, is_billed, seat_lines
from services.enrollment.domain.programme import Programme, deadline_passed, takes_sign_ups
from services.enrollment.domain.sign_up import (
    MAILS_A_DAY,
    MAILS_FOR_ONE_CALLER,
    Mails,
    Paths,
    SignUp,
    Wish,
    apply,
    enrol,
    enrol_in_turn,
    group_of,
    receive,
    require_unused,
    welcome,
)
from services.enrollment.domain.status import ANSWERED, meeting_status
from services.enrollment.domain.waiting_list import Placed
from shared.contracts.decision import Decision
from shared.contracts.enrollment import (
    EnrolmentReceived,
    EnrolmentRegrouped,
    EnrolmentWithdrawn,
    EnrolMunicipality,
    InvitationDeclined,
    MunicipalityEnrolled,
)
from shared.contracts.parties import Billing, Contact, Organisation
from shared.contracts.programme import (
    Declaration,
    EnrolmentPlan,
    ExtraTerm,
    FeeTerm,
    FormField,
    GroupTerm,
    OptionTerm,
    ProgrammeTerms,
    SeatTerm,
    Terms,
)
from shared.contracts.refusal import Refused
from tests.support import facts

EXTRA = "1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)"
US = "/tovholder/enrollment"
NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
AARHUS = Entry(Organisation(code="0751", name="Aarhus Kommune", region="Region Midtjylland"), billing=Billing(ean="x"))


def a_programme(**terms: Any) -> Programme:
    plan = EnrolmentPlan(
        who="municipalities",
        how="sign_up",
        form=terms.pop("form", ()),
        declarations=terms.pop("declarations", ()),
    )
    whole = ProgrammeTerms(
        ref=facts.a_programme("p", version=terms.pop("version", 1), owner=terms.pop("owner", US)),
        enrolment=plan,
        terms=Terms(deadline=date(2020, 8, 21), **terms),
        groups=(
            GroupTerm(id="vest", title="Vest", regions=("Region Midtjylland",)),
            GroupTerm(id="oest", title="Øst", regions=("Region Sjælland",)),
        ),
    )
    return Programme(whole)


def asking(**more: Any) -> EnrolMunicipality:
    ordinary = {"contact_name": "Karen Kontakt", "contact_email": "karen@aarhus.example"}
    return EnrolMunicipality(**{"programme_id": "p", "organisation_code": "0751", **ordinary, **more})


def refusal(
    programme: Programme | None = None, current: Enrolment | None = None, **more: Any
) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        apply(programme or a_programme(), AARHUS, current, asking(**more), NOW, US)
    return refused.value.code, refused.value.field


PATHS = Paths("/deltagere/token", "/plads/token")


def placed() -> Placed:
    new = enrol(apply(a_programme(), AARHUS, None, asking(), NOW, US), NOW)
    contact = new.enrolment.known_contact.model_copy(update={"person_id": "person"})
    return replace(new, enrolment=replace(new.enrolment, contact=contact))


def enrolled() -> Enrolment:
    return welcome(placed(), PATHS, NOW).after


INVITED = Enrolment(id="e", programme_id="p", organisation=AARHUS.organisation)


def test_the_words_people_read_for_where_a_meeting_stands() -> None:
    assert [
        meeting_status("planned", 0),
        meeting_status("scheduled", 0),
        meeting_status("scheduled", 1),
        meeting_status("cancelled", 1),
        meeting_status("held", 0),
    ] == ["Planlagt (uden dato)", "Dato fastsat", "Flyttet", "Aflyst", "Afholdt"]


def test_only_the_silent_ones_have_not_answered() -> None:
    assert {"declined", "waitlisted", "enrolled", "not_approved", "withdrawn", "lapsed"} == ANSWERED


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"contact_email": "karen"}, ("invalid_email", "contact_email")),
        ({"contact_email": "karen@aarhus"}, ("invalid_email", "contact_email")),
        ({"contact_email": "kåren@aarhus.example"}, ("invalid_email", "contact_email")),
        ({"contact_name": "  "}, ("invalid_name", "contact_name")),
        ({"contact_name": "a\u202eb"}, ("invalid_name", "contact_name")),
        ({"contact_name": "x" * 121}, ("invalid_name", "contact_name")),
        ({"billing": Billing(ean="5798000000002")}, ("invalid_ean", "billing.ean")),
        ({"billing": Billing(email="nej")}, ("invalid_email", "billing.email")),
        ({"group": "nord"}, ("unknown_group", "group")),
        ({"forbehold": True}, ("no_reservation", "forbehold")),
        ({"answers": {"ukendt": "x"}}, ("unknown_answer", "answers.ukendt")),
    ],
)
def test_what_is_wrong_is_named_by_its_field(more: dict[str, Any], expected: tuple[str, str]) -> None:
    assert refusal(**more) == expected


@pytest.mark.parametrize(
    ("question", "said", "code"),
    [
        (FormField(id="q", label="Q", required=True), " ", "answer_missing"),
        (FormField(id="q", label="Q", kind="lines", max_lines=2), "a\nb\nc", "too_many_lines"),
        (FormField(id="q", label="Q"), "x" * 4001, "answer_too_long"),
        (FormField(id="q", label="Q", kind="choice", choices=("a", "b")), "c", "unknown_choice"),
        (FormField(id="q", label="Q", kind="choices", choices=("a", "b")), "a; c", "unknown_choice"),
        (FormField(id="q", label="Q", kind="yes_no"), "måske", "unknown_choice"),
    ],
)
def test_answers_fit_the_programmes_own_questions(question: FormField, said: str, code: str) -> None:
    assert refusal(a_programme(form=(question,)), answers={"q": said}) == (code, "answers.q")


def test_a_declaration_must_be_made() -> None:
    programme = a_programme(declarations=(Declaration(id="d", text="Der er politisk opbakning"),))
    assert refusal(programme, answers={"d": "nej"}) == ("declaration_missing", "answers.d")
    assert apply(programme, AARHUS, None, asking(answers={"d": "true"}), NOW, US).answers == {"d": "ja"}


def test_what_was_said_counts_before_the_address_book() -> None:
    application = apply(a_programme(), AARHUS, None, asking(billing=Billing(order_reference="PO")), NOW, US)
    assert application.billing == Billing(ean="x", order_reference="PO")


@pytest.mark.parametrize(
    ("programme", "code"),
    [
        (a_programme(owner="/kl/crm"), "other_owner"),
        (replace(a_programme(), open=False), "programme_cancelled"),
        (replace(a_programme(), hard=2, taken=2), "programme_full"),
    ],
)
def test_a_programme_that_takes_nobody_in_says_why(programme: Programme, code: str) -> None:
    assert refusal(programme)[0] == code


def test_an_unknown_programme_or_organisation_is_named() -> None:
    with pytest.raises(Refused, match="unknown_programme"):
        apply(None, AARHUS, None, asking(), NOW, US)
    with pytest.raises(Refused, match="unknown_organisation"):
        apply(a_programme(), None, None, asking(), NOW, US)


def test_what_an_earlier_version_took_for_a_form_and_an_earlier_withdrawal_are_no_hindrance() -> None:
    received = replace(enrolled(), state="received")
    withdrawn = withdraw(enrolled(), a_programme(), "", NOW).after
    for current in (received, withdrawn):
        assert apply(a_programme(), AARHUS, current, asking(), NOW, US).enrolment_id == current.id
    assert received.may_decline
    assert not received.has_answered


def test_each_place_draws_a_number_and_is_counted() -> None:
    new = placed()
    assert (new.enrolment.number, new.programme.next_number, new.programme.taken) == (1, 2, 1)


def test_the_last_place_is_given_once_and_a_no_touches_nobody_else() -> None:
    koebenhavn = Entry(Organisation(code="0101", name="Københavns Kommune"))
    book = {"0751": AARHUS, "0101": koebenhavn}
    wishes = [
        asking(),
        asking(organisation_code="9999"),
        asking(contact_email="bo@aarhus.example"),
        asking(organisation_code="0101"),
    ]
    programmes, outcomes = enrol_in_turn(
        {"p": replace(a_programme(), hard=1)}, book, {}, [Wish(one, NOW) for one in wishes], NOW, US
    )
    assert programmes["p"].taken == 1
    assert [one.code if isinstance(one, Refused) else one.enrolment.state for one in outcomes] == [
        "enrolled",
        "unknown_organisation",
        "already_enrolled",
        "programme_full",
    ]


def test_a_place_is_told_with_whom_to_write_to_and_where_to_go_on() -> None:
    decided = welcome(placed(), PATHS, NOW)
    (fact,) = decided.facts
    assert isinstance(fact, MunicipalityEnrolled)
    assert fact.contact == decided.after.contact
    assert (fact.contact.person_id, fact.participants_path) == ("person", "/deltagere/token")
    assert fact.standing_path == "/plads/token"


FEW = Mails(MAILS_A_DAY - 1, MAILS_FOR_ONE_CALLER - 1)


def a_form(**more: Any) -> SignUp:
    return SignUp("s", "person", asking(**more), received_at=NOW)


def test_a_form_is_told_with_the_link_that_confirms_it() -> None:
    decided = receive(a_form(), apply(a_programme(), AARHUS, None, asking(), NOW, US), "/tilmeld/token", None, FEW)
    (fact,) = decided.facts
    assert isinstance(fact, EnrolmentReceived)
    assert (fact.confirm_path, fact.received_at, fact.to) == ("/tilmeld/token", NOW, None)
    assert (fact.contact.person_id, decided.after.by_main_mailbox) == ("person", False)


@pytest.mark.parametrize(
    ("mails", "mailed"),
    [
        (FEW, True),
        (Mails(MAILS_FOR_ONE_CALLER, MAILS_FOR_ONE_CALLER), False),
        (Mails(MAILS_A_DAY, 0), False),
    ],
)
def test_a_form_past_so_many_mails_is_taken_in_and_nothing_is_told(mails: Mails, *, mailed: bool) -> None:
    decided = receive(a_form(), apply(a_programme(), AARHUS, None, asking(), NOW, US), "/tilmeld/token", None, mails)
    assert (decided.after.mailed, len(decided.facts)) == (mailed, int(mailed))


@pytest.mark.parametrize(
    ("sign_up", "code"),
    [
        (None, "link_replaced"),
        (replace(a_form(), confirmed_at=NOW), "link_used"),
        (replace(a_form(), dismissed_at=NOW), "link_used"),
    ],
)
def test_a_link_is_used_once(sign_up: SignUp | None, code: str) -> None:
    with pytest.raises(Refused, match=code):
        require_unused(sign_up)


def test_the_deadline_ends_with_its_day_in_denmark() -> None:
    assert not deadline_passed(a_programme(), datetime(2020, 8, 21, 21, 59, 59, tzinfo=UTC))
    assert deadline_passed(a_programme(), datetime(2020, 8, 21, 22, 0, tzinfo=UTC))


def test_a_programme_takes_sign_ups_until_its_deadline_unless_it_is_cancelled() -> None:
    assert takes_sign_ups(a_programme(), NOW)
    assert not takes_sign_ups(a_programme(), datetime(2020, 8, 21, 22, 0, tzinfo=UTC))
    assert not takes_sign_ups(replace(a_programme(), open=False), NOW)


def test_only_municipalities_that_sign_up_find_a_form() -> None:
    programme = a_programme()
    assert programme.has_form
    assert replace(programme, open=False).has_form, "it says that there is nothing to sign up for any more"
    for plan in ({"who": "invited"}, {"how": "invited"}):
        other = programme.terms.enrolment.model_copy(update=plan)
        assert not replace(programme, terms=programme.terms.model_copy(update={"enrolment": other})).has_form


def test_a_region_without_a_group_leaves_the_group_open() -> None:
    programme = a_programme()
    assert group_of(programme, Organisation(code="1", name="X", region="Region Nordjylland"), None) is None
    assert group_of(programme, AARHUS.organisation, None) == "vest"


def test_whoever_was_only_invited_declines_and_nobody_withdraws_twice() -> None:
    declined = withdraw(INVITED, a_programme(), "", NOW)
    (no,) = declined.facts
    assert isinstance(no, InvitationDeclined)
    assert (declined.after.state, no.declined_at) == ("declined", NOW)
    left = withdraw(enrolled(), a_programme(), "Budgettet", NOW)
    (fact,) = left.facts
    assert isinstance(fact, EnrolmentWithdrawn)
    assert (left.after.state, left.after.withdrawn_at, fact.reason) == ("withdrawn", NOW, "Budgettet")
    with pytest.raises(Refused, match="already_withdrawn"):
        withdraw(left.after, a_programme(), "", NOW)
    with pytest.raises(Refused, match="unknown_enrolment"):
        require_enrolment(None, None)


def test_the_link_of_an_invitation_never_takes_a_place_away() -> None:
    declined = decline(INVITED, a_programme(), NOW)
    (no,) = declined.facts
    assert isinstance(no, InvitationDeclined)
    assert (declined.after.state, no.declined_at) == ("declined", NOW)
    assert decline(declined.after, a_programme(), NOW) == Decision(declined.after)
    for current in (enrolled(), None):
        with pytest.raises(Refused, match="already_answered"):
            decline(current, a_programme(), NOW)


def test_it_is_told_whether_an_invoice_may_have_come_of_what_is_given_up() -> None:
    extra = SeatTerm(kind="heldag", title="Heldag", included=3, extra=ExtraTerm(price_ore=1, vat_percent=25, text="x"))
    fee = FeeTerm(id="fee", text="Gebyr", amount_ore=1, vat_percent=25, invoice_on=date(2020, 9, 1))
    option = OptionTerm(id="o", title="Tilkøb", text="Tilkøb", vat_percent=25)
    sells = a_programme()
    terms = sells.terms.model_copy(update={"terms": sells.terms.terms.model_copy(update={"options": (option,)})})
    for agreed, programme, pays in (
        (Agreed(), a_programme(), False),
        (Agreed(seats=(extra.model_copy(update={"extra": None}),)), a_programme(), False),
        (Agreed(seats=(extra,)), a_programme(), True),
        (Agreed(fees=(fee,)), a_programme(), True),
        (Agreed(), replace(sells, terms=terms), True),
    ):
        (fact,) = withdraw(replace(enrolled(), agreed=agreed), programme, "", NOW).facts
        assert isinstance(fact, EnrolmentWithdrawn)
        assert fact.pays is pays


def test_another_group_is_told_whoever_is_signed_up() -> None:
    moved = regroup(enrolled(), a_programme(), "oest")
    (fact,) = moved.facts
    assert isinstance(fact, EnrolmentRegrouped)
    assert (fact.previous_group, fact.group, moved.after.group) == ("vest", "oest", "oest")
    assert fact.group_title == "Øst"
    waits = regroup(replace(enrolled(), state="waitlisted", enrolled_at=None), a_programme(), "oest")
    assert [one.type for one in waits.facts] == [EnrolmentRegrouped.type]
    assert regroup(moved.after, a_programme(), "oest") == Decision(moved.after)
    quiet = regroup(replace(enrolled(), state="received"), a_programme(), "oest")
    assert (quiet.after.group, quiet.facts) == ("oest", ())


def test_without_a_place_there_is_no_group_to_leave_and_nobody_to_register() -> None:
    withdrawn = withdraw(enrolled(), a_programme(), "", NOW).after
    for current in (withdrawn, INVITED):
        with pytest.raises(Refused, match="unknown_enrolment"):
            regroup(current, a_programme(), "oest")
    with pytest.raises(Refused, match="no_place"):
        require_place(withdrawn, None)


def test_an_enrolment_without_a_contact_is_nobodys() -> None:
    with pytest.raises(ValueError, match="has no contact"):
        _ = INVITED.known_contact
    with pytest.raises(ValueError, match="is not signed up"):
        welcome(Placed(INVITED, a_programme()), PATHS, NOW)
    assert not INVITED.is_contact("person")
    assert enrolled().is_contact("person")
    assert enrolled().contact == Contact(person_id="person", name="Karen Kontakt", email="karen@aarhus.example")


def test_what_it_costs_is_said_with_and_without_moms() -> None:
    day = date(2020, 9, 1)
    fee = FeeTerm(id="f", text="Gebyr", amount_ore=1_950_000, vat_percent=25, invoice_on=day)
    extra = ExtraTerm(price_ore=100_000, vat_percent=25, text="Ekstra")
    seats = (
        SeatTerm(kind="heldag", title="Heldagsmøde", included=3, extra=extra),
        SeatTerm(kind="aaben", title="Workshop"),
        SeatTerm(kind="hold", title="Hold", attendance="team"),
    )
    terms = a_programme(fees=(fee,), seats=seats).terms
    assert fee_lines(terms) == (
        "Deltagergebyr: 19.500,00 kr. ekskl. moms (24.375,00 kr. inkl. moms), faktureres tirsdag den 1. september 2020",
    )
    assert fee_lines(a_programme(fees=(fee, fee)).terms)[1].startswith("Rate 2 af 2: ")
    assert fee_lines(a_programme().terms) == ("Det koster ikke noget at deltage.",)
    assert [is_billed(one.terms) for one in (a_programme(), a_programme(fees=(fee,)), a_programme(seats=seats))] == [
        False,
        True,
        True,
    ]
    assert seat_lines(terms) == (
        f"Heldagsmøde: 3 deltagere fra hver kommune; flere koster {EXTRA} for hver til hvert møde",
        "Workshop: så mange deltagere, I vil",
        "Hold: ét fast hold fra hver kommune",
    )
