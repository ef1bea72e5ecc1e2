"""From claims to invoices: who shares one, what it says and what it adds up to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.claim import Claim, MeetingEnd, extra_claim, fee_claims
from services.invoicing.domain.invoice import Held, announce, as_told, group, issue, whole_groups
from services.invoicing.domain.standing import first_reminder
from services.invoicing.domain.vat import vat_sums
from shared.contracts.invoicing import InvoiceIssued, InvoiceLine
from shared.contracts.money import moms
from shared.contracts.programme import ExtraTerm
from tests.support.facts import (
    BILLING,
    CONTACT,
    MEETING,
    PROGRAMME,
    a_meeting,
    a_person,
    an_enrolment,
    an_extra_participant,
    an_organisation,
)

TOLD = datetime(2020, 6, 15, 9, 30, tzinfo=UTC)
HELD_ON = date(2021, 4, 15)
REFS = {(PROGRAMME.id, PROGRAMME.version): PROGRAMME}
HELD = {MEETING.id: Held(MEETING.title, HELD_ON)}


def an_extra(name: str, told_at: datetime = TOLD, **changes: Any) -> Claim:
    person = a_person(name, f"{name.split(maxsplit=1)[0].lower()}@kobenhavn.example")
    return extra_claim(an_extra_participant(person=person, **changes), told_at, MeetingEnd(HELD_ON))


def a_line(net_ore: int, vat_percent: int = 25) -> InvoiceLine:
    return InvoiceLine(
        claim_id="c", text="Gebyr", quantity=1, unit_price_ore=net_ore, net_ore=net_ore, vat_percent=vat_percent
    )


def test_the_fee_of_the_network_is_19500_kroner_and_moms() -> None:
    invoice = issue(fee_claims(an_enrolment(), TOLD), 1, date(2020, 9, 1), REFS, {})
    assert (invoice.net_ore, invoice.vat_ore, invoice.gross_ore) == (1_950_000, 487_500, 2_437_500)
    assert invoice.id == "N-1"
    assert invoice.due_on == date(2020, 10, 1)
    assert [line.text for line in invoice.lines] == ["Deltagergebyr for begge år"]


def test_the_extra_participants_of_one_meeting_share_an_invoice_with_a_line_each() -> None:
    (claims,) = group([an_extra("Bo Prøvesen"), an_extra("Carl Prøvesen")])
    invoice = issue(claims, 2, date(2021, 4, 16), REFS, HELD)
    assert sorted(line.text for line in invoice.lines) == [
        "Ekstra deltager: Bo Prøvesen – 1. heldagsmøde, 15. april 2021",
        "Ekstra deltager: Carl Prøvesen – 1. heldagsmøde, 15. april 2021",
    ]
    assert {line.delivered_on for line in invoice.lines} == {HELD_ON}
    assert (invoice.net_ore, invoice.vat_ore, invoice.gross_ore) == (200_000, 50_000, 250_000)


def test_other_meetings_and_other_orders_are_other_invoices() -> None:
    elsewhere = BILLING.model_copy(update={"order_reference": "UNGE-2021"})
    groups = group(
        [
            an_extra("Bo Prøvesen"),
            an_extra("Carl Prøvesen", billing=elsewhere),
            an_extra("Dorte Prøvesen", meeting=a_meeting("oest-2")),
            *fee_claims(an_enrolment(), TOLD),
        ]
    )
    assert [len(claims) for claims in groups] == [1, 1, 1, 1]


def test_whoever_is_paid_for_by_another_is_on_an_invoice_of_the_other() -> None:
    job = BILLING.model_copy(update={"unit": "job", "unit_name": "Jobcentret"})
    mixed = [an_extra("Asta"), an_extra("Bo", billing=job, own_billing=True), an_extra("Carl")]
    assert sorted(len(together) for together in group(mixed)) == [1, 2]
    same = [an_extra("Asta", billing=job, own_billing=True), an_extra("Bo", billing=job, own_billing=True)]
    assert len(group(same)) == 1


def test_numbers_are_given_by_organisation_and_then_by_claim_whatever_order_the_claims_come_in() -> None:
    claims = [
        *fee_claims(an_enrolment(organisation=an_organisation("0860", "Hjørring Kommune"), enrolment_id="e2"), TOLD),
        *fee_claims(an_enrolment(), TOLD),
        an_extra("Bo Prøvesen"),
    ]
    groups = group(claims)
    assert groups == group(reversed(claims))
    assert [one[0].buyer.code for one in groups] == ["0101", "0101", "0860"]


def test_who_is_billed_is_as_the_newest_claim_says() -> None:
    ean = BILLING.model_copy(update={"ean": "5798009800022"})
    newer = an_extra("Carl Prøvesen", TOLD + timedelta(days=1), billing=ean, contact=CONTACT)
    invoice = issue([an_extra("Bo Prøvesen"), newer], 1, date(2021, 4, 16), REFS, HELD)
    assert invoice.billing.ean == "5798009800022"


def test_moms_is_taken_of_the_sum_of_each_rate_and_not_of_each_line() -> None:
    ten_ore_thrice = [a_line(10)] * 3
    assert vat_sums(ten_ore_thrice)[0].vat_ore == 8
    assert [(one.vat_percent, one.net_ore, one.vat_ore) for one in vat_sums([a_line(10), a_line(50, 0)])] == [
        (0, 50, 0),
        (25, 10, 3),
    ]


@given(prices=st.lists(st.tuples(st.integers(1, 10**9), st.sampled_from([0, 12, 25])), min_size=1, max_size=20))
def test_lines_net_moms_and_gross_always_add_up(prices: list[tuple[int, int]]) -> None:
    claims = [
        an_extra(f"P{n} Prøvesen", terms=ExtraTerm(price_ore=price, vat_percent=rate, text="Ekstra deltager"))
        for n, (price, rate) in enumerate(prices)
    ]
    invoice = issue(claims, 1, date(2021, 4, 16), REFS, HELD)
    nets = {rate: sum(price for price, other in prices if other == rate) for _, rate in prices}
    assert invoice.net_ore == sum(line.net_ore for line in invoice.lines) == sum(nets.values())
    assert invoice.vat_ore == sum(moms(net, rate) for rate, net in nets.items())
    assert invoice.gross_ore == invoice.net_ore + invoice.vat_ore
    assert sum(one["vat_ore"] for one in as_told(invoice)["vat_sums"]) == invoice.vat_ore


def test_an_issued_invoice_is_told_whole_with_how_it_is_paid_and_is_looked_at_after_its_due_day() -> None:
    invoice = issue(fee_claims(an_enrolment(), TOLD), 1, date(2020, 9, 1), REFS, {})
    decided = announce(invoice, "/tovholder/invoicing", "/faktura")
    (fact,) = decided.facts
    assert isinstance(fact, InvoiceIssued)
    assert (fact.invoice, fact.document_path, fact.owner) == (invoice, "/faktura", "/tovholder/invoicing")
    assert fact.how_to_pay[-1] == ("Mærk betalingen", "N-1")
    assert decided.alarms == (first_reminder("N", invoice.due_on),)


def test_what_may_go_on_beyond_a_limit_is_left_for_the_next_run_unless_that_leaves_nothing() -> None:
    bo, carl = an_extra("Bo Prøvesen"), an_extra("Carl Prøvesen")
    (fee,) = fee_claims(an_enrolment(), TOLD)
    assert whole_groups([fee, bo, carl]) == [fee]
    assert whole_groups([bo, carl]) == [bo, carl]
