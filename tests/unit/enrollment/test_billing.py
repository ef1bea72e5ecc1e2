"""How an organisation wants its invoices: checked when it is given, by unit, and what is missing known at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from services.enrollment.domain.address_book import Entry, Unit, billing_of
from services.enrollment.domain.billing import cleaned, faults, is_cvr, is_p_number, missing, require_billing
from services.enrollment.domain.enrolment import DETAILS, Agreed, Enrolment, Forbehold, book_is_for
from services.enrollment.domain.forbehold import resolve
from services.enrollment.domain.invoice_details import ask, asking, change_billing, lacking
from services.enrollment.domain.programme import Programme
from services.invoicing.domain.from_invoice import faults as faults_of_an_invoice
from shared.contracts.enrollment import BillingChanged, BillingReminderDue
from shared.contracts.parties import Address, Billing, Organisation, billing_details
from shared.contracts.programme import BillingTerm, EnrolmentPlan, ForbeholdTerm, OptionTerm, ProgrammeTerms, Terms
from shared.contracts.refusal import Refused, errors_of
from shared.contracts.time import local
from tests.support import facts
from tests.support.facts import ADDRESS, CONTACT, EXTRA, FEE, SEATS, SELLER

EAN, OTHER_EAN, THIRD_EAN = "5798009800015", "5798009800022", "5798009800039"
WHOLE = Billing(ean=EAN, order_reference="HELE", address=ADDRESS, demands=("order",))
JOBS = Unit("job", "Jobcentret", Billing(ean=OTHER_EAN, person_reference="Afsnit 4", demands=("person",)))
SCHOOL = Unit("skole", "Den selvejende skole", Billing(cvr="29189978", p_number="1003388394"))
BOOK = Entry(Organisation(code="0101", name="Københavns Kommune", cvr="64942212"), billing=WHOLE, units=(JOBS, SCHOOL))


def wrong(said: Billing) -> set[tuple[str, str]]:
    return {(one.field, one.code) for one in faults(cleaned(said))}


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        (Billing(ean="579800980001"), "ean", "invalid_ean"),
        (Billing(ean="5798009800016"), "ean", "invalid_ean"),
        (Billing(ean="579800980001x"), "ean", "invalid_ean"),
        (Billing(cvr="64942213"), "cvr", "invalid_cvr"),
        (Billing(cvr="6494221"), "cvr", "invalid_cvr"),
        (Billing(p_number="0003388394"), "p_number", "invalid_p_number"),
        (Billing(email="faktura"), "email", "invalid_email"),
        (Billing(order_reference="x" * 201), "order_reference", "too_long"),
        (Billing(person_reference="a\x07b"), "person_reference", "control_character"),
        (Billing(account_string="\u202e12"), "account_string", "control_character"),
        (Billing(unit_name="y" * 201), "unit_name", "too_long"),
        (
            Billing(address=Address(street="", postcode="1550", city="København")),
            "address.street",
            "address_incomplete",
        ),
        (Billing(address=Address(street="A", postcode="155", city="B")), "address.postcode", "invalid_postcode"),
        (
            Billing(address=Address(street="A", postcode="155", city="B", country="dk")),
            "address.country",
            "invalid_country",
        ),
    ],
)
def test_each_thing_that_is_wrong_has_its_field_and_its_code(said: Billing, field: str, code: str) -> None:
    assert wrong(said) == {(field, code)}


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Refused) as refused:
        require_billing(Billing(ean="1", cvr="2", email="x"))
    assert (refused.value.code, refused.value.status) == ("validation_failed", 422)
    assert [(one["field"], one["code"]) for one in errors_of(refused.value)] == [
        ("billing.ean", "invalid_ean"),
        ("billing.cvr", "invalid_cvr"),
        ("billing.email", "invalid_email"),
    ]
    with pytest.raises(Refused) as alone:
        require_billing(Billing(ean="1"))
    assert (alone.value.code, alone.value.field) == ("invalid_ean", "billing.ean")


def test_numbers_are_kept_without_the_blanks_that_people_write_and_empty_is_nothing() -> None:
    assert require_billing(
        Billing(ean=" 5798 0098 00015 ", cvr="64 94 22 12", order_reference="  ", unit_name="A \n B")
    ) == (Billing(ean=EAN, cvr="64942212", unit_name="A B"))


def test_a_cvr_number_and_a_p_number() -> None:
    assert [is_cvr(text) for text in ("64942212", "64942213", "04942212", "649422120", "6494221\u0662")] == [True] + [
        False
    ] * 4
    assert [is_p_number(text) for text in ("1003388394", "0003388394", "100338839")] == [True, False, False]


def test_what_is_not_said_comes_from_the_unit_and_then_from_the_organisation() -> None:
    assert billing_of(BOOK, Billing()) == WHOLE
    named = billing_of(BOOK, Billing(unit="job"))
    assert (named.ean, named.order_reference, named.person_reference) == (OTHER_EAN, "HELE", "Afsnit 4")
    assert (named.address, named.demands) == (ADDRESS, ("person",))
    assert (named.unit, named.unit_name) == ("job", "Jobcentret")
    said = billing_of(BOOK, Billing(unit="job", order_reference="MIN", demands=("account_string",)))
    assert (said.order_reference, said.demands) == ("MIN", ("person", "account_string"))


def test_where_an_e_invoice_goes_is_one_thing_so_that_a_wider_ean_number_does_not_win_over_a_p_number() -> None:
    said = billing_of(BOOK, Billing(p_number="1003388394"))
    assert (said.ean, said.p_number) == (None, "1003388394")


def test_a_legal_unit_of_its_own_takes_over_nothing_of_the_organisation() -> None:
    school = billing_of(BOOK, Billing(unit="skole"))
    assert school == Billing(cvr="29189978", p_number="1003388394", unit="skole", unit_name="Den selvejende skole")
    assert missing(school, BOOK.organisation, "Asta") == ("address",)
    # The organisation's own number is no other legal unit.
    assert billing_of(BOOK, Billing(cvr="64942212")) == WHOLE
    assert billing_of(BOOK, Billing(cvr="29189978")).ean is None


def test_an_ean_number_of_one_of_its_units_names_that_unit() -> None:
    assert billing_of(BOOK, Billing(ean=OTHER_EAN)).unit == "job"
    twins = replace(BOOK, units=(JOBS, replace(JOBS, id="job-2")))
    assert billing_of(twins, Billing(ean=OTHER_EAN)).unit is None
    assert billing_of(BOOK, Billing(ean=THIRD_EAN)).unit is None


def test_an_unknown_unit_is_refused_and_the_ones_there_are_are_named_to_whom_they_concern() -> None:
    for by_name in (True, False):
        with pytest.raises(Refused) as refused:
            billing_of(BOOK, Billing(unit="byg"), by_name=by_name)
        assert (refused.value.code, refused.value.status, refused.value.field) == ("unknown_unit", 422, "billing.unit")
        assert ("Jobcentret" in refused.value.detail) == by_name


def test_what_is_said_later_leaves_the_rest_and_another_unit_brings_its_own() -> None:
    now = billing_of(BOOK, Billing(unit="job", order_reference="GAMMEL"))
    later = billing_of(BOOK, Billing(account_string="01.02"), now)
    assert later == now.model_copy(update={"account_string": "01.02"})
    assert billing_of(BOOK, Billing(unit="job", person_reference="Ny"), now).order_reference == "GAMMEL"
    assert billing_of(BOOK, Billing(unit=""), now) == WHOLE
    assert billing_of(BOOK, Billing(unit="skole"), now).person_reference is None


@pytest.mark.parametrize(
    "demands", [(), ("gln",), ("order",), ("person",), ("account_string",), ("contact",), ("gln", "order", "person")]
)
def test_what_is_missing_here_is_what_holds_an_invoice_back_there(demands: tuple[Any, ...]) -> None:
    """The two services know nothing of each other; of every kind of buyer they say the same."""
    bad_address = Address(street="A", postcode="1550", city=" ")
    abroad = Address(street="A", postcode="155 95", city="Lund", country="Sverige")
    seen = set()
    for ean, p_number, own_cvr, cvr, order, person, account, address, name in product(
        (None, EAN, "5798009800016"),
        (None, "12"),
        (None, "64942212", "64942213"),
        (None, "29189979"),
        (None, "4711"),
        (None, "ASTAP"),
        (None, "01.02"),
        (None, ADDRESS, bad_address, abroad),
        ("Asta", " "),
    ):
        billing = Billing(
            ean=ean,
            p_number=p_number,
            cvr=cvr,
            order_reference=order,
            person_reference=person,
            account_string=account,
            address=address,
            demands=demands,
            unit="u",
            unit_name="Enhed",
        )
        organisation = Organisation(code="0101", name="Københavns Kommune", cvr=own_cvr)
        ours = missing(billing, organisation, name)
        contact = CONTACT.model_copy(update={"name": name})
        theirs = faults_of_an_invoice(SELLER, organisation.name, own_cvr, billing, contact, 25, "Gebyr")
        assert bool(ours) == bool(theirs), (billing, own_cvr, name, ours, theirs)
        seen.update(ours)
    assert seen
    assert len(billing_details(tuple(seen)).split(" og ")[0].split(", ")) + 1 == len(seen) or len(seen) == 1


# Reminders ----------------------------------------------------------------------------------------------------------

TERM = BillingTerm(remind_before=(14, 3), remind_after=(7,), remind_every=10)
INVOICED = date(2020, 9, 1)


def a_programme(term: BillingTerm | None = TERM, forbehold: ForbeholdTerm | None = None) -> Programme:
    plan = EnrolmentPlan(who="municipalities", how="sign_up", billing=term, forbehold=forbehold)
    return Programme(
        ProgrammeTerms(ref=facts.PROGRAMME, ends="2022-11", enrolment=plan, terms=Terms(fees=(FEE,), seats=SEATS))
    )


def an_enrolment(billing: Billing = Billing(), **changes: Any) -> Enrolment:  # noqa: B008  (it is frozen)
    ordinary: dict[str, Any] = {
        "state": "enrolled",
        "contact": CONTACT,
        "agreed": Agreed((FEE,), SEATS),
        "enrolled_at": datetime(2020, 6, 1, tzinfo=UTC),
    }
    return Enrolment("e", "p", BOOK.organisation, billing=billing, **(ordinary | changes))


def at(day: date, hour: int = 9) -> datetime:
    return local(day, datetime.min.time().replace(hour=hour))


def reminded(
    now: datetime, since: datetime, enrolment: Enrolment | None = None, programme: Programme | None = None
) -> Any:
    decided = ask(enrolment or an_enrolment(), programme or a_programme(), "/plads/x", since, now)
    (fact,) = decided.facts or (None,)
    return fact, decided.alarms[0].due if decided.alarms else None


def test_it_is_asked_for_on_the_programmes_days_and_then_again_and_again_until_it_is_given() -> None:
    enrolment, programme, now = an_enrolment(), a_programme(), at(date(2020, 6, 1))
    days = []
    while len(days) < 6:
        due = asking(enrolment, programme, now).due
        assert due is not None
        fact, following = reminded(due, now)
        assert isinstance(fact, BillingReminderDue)
        assert due == at(INVOICED + timedelta(days=fact.days))
        days.append(fact.days)
        now = due
        assert following is not None
        assert following > due
    assert days == [-14, -3, 7, 17, 27, 37]
    assert (fact.billing_missing, fact.invoice_on) == (("address",), INVOICED)


def test_of_days_that_went_by_only_the_newest_is_told() -> None:
    fact, due = reminded(at(date(2020, 12, 24)), at(date(2020, 6, 1)))
    assert (fact.days, due) == (107, at(date(2020, 12, 27)))
    assert reminded(at(date(2020, 8, 18), 8), at(date(2020, 6, 1)))[0] is None


def test_nobody_is_asked_who_lacks_nothing_or_has_no_place_or_owes_nothing_or_waits_for_its_forbehold() -> None:
    now, since = at(date(2020, 8, 18)), at(date(2020, 6, 1))
    assert reminded(now, since)[0] is not None
    assert reminded(now, since, an_enrolment(WHOLE)) == (None, None)
    assert reminded(now, since, an_enrolment(state="waitlisted")) == (None, None)
    assert reminded(now, since, an_enrolment(agreed=Agreed())) == (None, None)
    assert reminded(now, since, programme=replace(a_programme(), open=False)) == (None, None)
    assert reminded(now, since, programme=a_programme(None)) == (None, None)
    waiting = an_enrolment(forbehold=Forbehold("open"))
    assert reminded(now, since, waiting) == (None, at(date(2020, 8, 29)))
    assert reminded(now, since, waiting, a_programme(forbehold=ForbeholdTerm(fees_wait=False)))[0] is not None
    # A year after the programme the link leads nowhere.
    assert reminded(at(date(2023, 12, 24)), since) == (None, None)


def test_nothing_is_missing_where_nothing_is_billed_and_an_extra_seat_is_enough_to_be_billed() -> None:
    assert lacking(an_enrolment(agreed=Agreed()), a_programme()) == ()
    assert lacking(an_enrolment(agreed=Agreed((), SEATS)), a_programme()) == ("address",)
    assert EXTRA in [one.extra for one in SEATS]
    option = OptionTerm(id="o", title="O", text="O", price_ore=100, vat_percent=25)
    offered = a_programme()
    terms = offered.terms.model_copy(update={"terms": offered.terms.terms.model_copy(update={"options": (option,)})})
    assert lacking(an_enrolment(agreed=Agreed()), replace(offered, terms=terms)) == ("address",)


def test_whoever_waited_for_its_forbehold_is_asked_when_it_is_approved_for_the_day_that_has_gone_by() -> None:
    since, now = at(date(2020, 6, 1)), at(date(2020, 8, 20), 12)
    programme = a_programme(forbehold=ForbeholdTerm())
    waiting = replace(an_enrolment(forbehold=Forbehold("open")), enrolled_at=since)
    decided = resolve(waiting, programme, approved=True, now=now)
    (alarm,) = [one for one in decided.alarms if one.timer == DETAILS]
    assert alarm.due == now
    asked = ask(decided.after, programme, "/plads/x", datetime.fromisoformat(alarm.data["since"]), now)
    (fact,) = asked.facts
    assert isinstance(fact, BillingReminderDue)
    assert fact.days == -14


# Given later --------------------------------------------------------------------------------------------------------

NOW = at(date(2020, 6, 2))


def changed(said: Billing, enrolment: Enrolment | None = None, *, by_name: bool = True) -> Any:
    return change_billing(enrolment or an_enrolment(), a_programme(), BOOK, said, NOW, by_name=by_name)


def test_what_is_given_later_is_told_whole_with_what_is_still_missing_and_nobody_is_asked_for_it_again() -> None:
    decided = changed(Billing(ean=EAN))
    (fact,) = decided.facts
    assert isinstance(fact, BillingChanged)
    assert (fact.billing, fact.billing_missing) == (Billing(ean=EAN), ("address",))
    assert decided.alarms[0].due == at(date(2020, 8, 18))
    whole = changed(Billing(address=ADDRESS), decided.after)
    assert (whole.facts[0].billing_missing, whole.alarms[0].due) == ((), None)
    again = changed(Billing(address=ADDRESS), whole.after)
    assert (again.facts, again.alarms) == ((), ())


def test_of_somebody_who_waits_nothing_is_told_until_it_has_its_place() -> None:
    decided = changed(Billing(ean=EAN), an_enrolment(state="waitlisted"))
    assert (decided.after.billing.ean, decided.facts, decided.alarms) == (EAN, (), ())
    with pytest.raises(Refused, match="not_signed_up"):
        changed(Billing(ean=EAN), an_enrolment(state="withdrawn"))


def test_the_address_book_is_for_staff_and_for_the_contact_unless_that_may_be_another_system() -> None:
    own, by_client = an_enrolment(put_in_by="staff/s"), an_enrolment(put_in_by="client/crm")
    assert book_is_for(own, client=False, person=True)
    assert book_is_for(by_client, client=False, person=False)
    assert not book_is_for(by_client, client=False, person=True)
    assert not book_is_for(own, client=True, person=False)
