"""The invoice that was issued, as a document: who, what, how it is paid, and the sums that were told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.invoicing.adapters.einvoice.formats import FORMATS
from services.invoicing.domain.document.checks import Demands, check
from services.invoicing.domain.document.identifiers import is_fik_reference
from services.invoicing.domain.document.model import (
    BankAccount,
    Credited,
    Document,
    Endpoint,
    Fik,
    Iban,
    NemKonto,
    Payment,
    Period,
)
from services.invoicing.domain.from_invoice import credit_note_document, demands_of, faults, invoice_document
from services.invoicing.domain.vat import vat_sums
from shared.contracts.invoicing import CreditNoteIssued, Invoice
from shared.contracts.parties import Address, Billing
from shared.contracts.programme import PaymentWay
from tests.support.facts import INVOICE, LINE, SELLER

TODAY = date(2020, 10, 1)
PAID_BY: dict[str, Any] = {
    "bank": {},
    "iban": {"iban": "DK50 0040 0440 1162 43", "bic": "DABADKKK"},
    "fik71": {"fik_creditor": "81234567"},
    "fik73": {"fik_creditor": "81234567"},
    "fik75": {"fik_creditor": "81234567"},
    "nemkonto": {},
}
ADDRESSED = Billing(
    ean="5798000000001",
    order_reference="4711-2020",
    person_reference="ASTAP",
    account_string="01.02.03",
    address=Address(street="Rådhuspladsen 1", postcode="1550", city="København V"),
)


def an_invoice(seller: dict[str, Any] | None = None, **changes: Any) -> Invoice:
    programme = INVOICE.programme.model_copy(
        update={"seller": SELLER.model_copy(update={"cvr": "62532424", **(seller or {})})}
    )
    return INVOICE.model_copy(update={"programme": programme, "billing": ADDRESSED, **changes})


def a_credit_note(**changes: Any) -> CreditNoteIssued:
    values: dict[str, Any] = {
        "owner": "/tovholder/invoicing",
        "invoice_id": INVOICE.id,
        "number": 2,
        "issued_on": date(2020, 9, 10),
        "lines": (LINE,),
        "net_ore": 1_950_000,
        "vat_ore": 487_500,
        "gross_ore": 2_437_500,
        "reason": "Kommunen meldte fra inden fristen.",
    }
    return CreditNoteIssued(**values | changes)


def test_an_ordinary_invoice_may_be_issued_and_its_sums_are_those_that_were_told() -> None:
    document = invoice_document(an_invoice())
    assert check(document, TODAY, demands_of(ADDRESSED)) == ()
    assert document.told == document.totals
    assert (document.id, document.totals.payable_ore) == (INVOICE.id, INVOICE.gross_ore)


def test_each_party_and_reference_is_where_it_belongs() -> None:
    document = invoice_document(an_invoice())
    assert (document.seller.name, document.seller.endpoint) == (SELLER.name, Endpoint("CVR", "62532424"))
    assert (document.buyer.name, document.buyer.endpoint) == (INVOICE.buyer.name, Endpoint("GLN", "5798000000001"))
    assert document.buyer.contact.name == INVOICE.contact.name
    references = document.references
    assert (references.person, references.order, references.account_string) == ("ASTAP", "4711-2020", "01.02.03")


@pytest.mark.parametrize("way", PAID_BY)
def test_every_way_of_payment_that_a_seller_can_choose_may_be_issued(way: str) -> None:
    document = invoice_document(an_invoice({"payment": way, **PAID_BY[way]}))
    assert check(document, TODAY) == ()
    kinds: dict[str, type[Payment]] = {"bank": BankAccount, "iban": Iban, "nemkonto": NemKonto}
    assert isinstance(document.payment, kinds.get(way, Fik))
    if isinstance(document.payment, Fik):
        assert document.payment.card == way.removeprefix("fik")
        assert is_fik_reference(document.payment.card, document.payment.reference)


@pytest.mark.parametrize(
    "said",
    [{"payment": "iban"}, {"payment": "fik71"}, {"payment": "bank", "bank_account": "", "bank_registration": ""}],
)
def test_a_seller_that_has_not_said_its_account_has_no_way_of_payment(said: dict[str, Any]) -> None:
    assert [one.code for one in check(invoice_document(an_invoice(said)), TODAY)] == ["payment_missing"]


def test_a_customer_without_ean_is_reached_at_its_p_number_and_else_at_its_cvr_number() -> None:
    def reached(**said: Any) -> Endpoint | None:
        buyer = INVOICE.buyer.model_copy(update={"cvr": "29189978"})
        return invoice_document(an_invoice(billing=ADDRESSED.model_copy(update=said), buyer=buyer)).buyer.endpoint

    assert reached(ean=None, p_number="1003388394") == Endpoint("P", "1003388394")
    assert reached(ean=None) == Endpoint("CVR", "29189978")
    assert reached(p_number="1003388394") == Endpoint("GLN", "5798000000001")


def test_the_debtor_is_the_organisation_with_its_unit_and_a_legal_unit_of_its_own_by_its_own_name() -> None:
    told = {"unit": "job", "unit_name": "Jobcentret"}
    buyer = invoice_document(an_invoice(billing=ADDRESSED.model_copy(update=told))).buyer
    assert (buyer.name, buyer.unit, buyer.cvr) == (INVOICE.buyer.name, "Jobcentret", INVOICE.buyer.cvr)
    own = ADDRESSED.model_copy(update={**told, "cvr": "29189978", "ean": None})
    buyer = invoice_document(an_invoice(billing=own)).buyer
    assert (buyer.name, buyer.unit, buyer.cvr) == ("Jobcentret", INVOICE.buyer.name, "29189978")
    assert buyer.endpoint == Endpoint("CVR", "29189978")
    assert invoice_document(an_invoice(billing=ADDRESSED)).buyer.unit == ""


def test_without_any_reference_the_contact_is_the_person_reference_unless_the_customer_demands_one() -> None:
    def person(billing: Billing) -> str:
        return invoice_document(an_invoice(billing=billing)).references.person

    unsaid = ADDRESSED.model_copy(update={"person_reference": None, "order_reference": None})
    assert person(unsaid) == INVOICE.contact.name
    assert person(unsaid.model_copy(update={"demands": ("person",)})) == ""
    assert person(unsaid.model_copy(update={"order_reference": "4711"})) == ""


def test_what_a_customer_demands_is_checked() -> None:
    billing = Billing(demands=("gln", "order", "person", "account_string", "contact"))
    assert demands_of(billing) == Demands(gln=True, order=True, person=True, account_string=True, contact=True)
    assert demands_of(Billing(demands=("order",))) == Demands(order=True)
    document = invoice_document(an_invoice(billing=ADDRESSED.model_copy(update={"order_reference": None})))
    assert [one.code for one in check(document, TODAY, demands_of(billing))] == ["order_demanded"]


def test_a_line_that_says_when_it_was_delivered_has_that_day_and_else_it_is_the_invoices() -> None:
    day = date(2020, 8, 27)
    assert invoice_document(an_invoice(lines=(LINE,))).delivered_on == INVOICE.issued_on
    document = invoice_document(an_invoice(lines=(LINE.model_copy(update={"delivered_on": day}),)))
    assert (document.delivered_on, document.lines[0].period) == (None, Period(day, day))


def test_what_carries_no_moms_has_the_sellers_reason() -> None:
    lines = (LINE.model_copy(update={"vat_percent": 0}),)
    sums: dict[str, Any] = {"lines": lines, "vat_ore": 0, "gross_ore": INVOICE.net_ore}
    assert [one.code for one in check(invoice_document(an_invoice(**sums)), TODAY)] == ["exemption_missing"]
    reasoned = invoice_document(an_invoice({"vat_exemption": "Undervisning, momslovens § 13"}, **sums))
    assert (reasoned.exemption, check(reasoned, TODAY)) == ("Undervisning, momslovens § 13", ())
    assert invoice_document(an_invoice({"vat_exemption": "Undervisning"})).exemption == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"vat_ore": 487_499, "gross_ore": 2_437_499},
        {"net_ore": 1_950_001},
        {"lines": (LINE.model_copy(update={"net_ore": 1}),)},
    ],
)
def test_sums_that_do_not_follow_from_the_lines_are_found(changes: dict[str, Any]) -> None:
    assert [one.code for one in check(invoice_document(an_invoice(**changes)), TODAY)] == ["sums_differ"]


@pytest.mark.parametrize(("gross_ore", "in_part"), [(2_437_500, False), (1_218_750, True)])
def test_a_credit_note_names_what_it_credits_and_whether_that_is_all_of_it(gross_ore: int, *, in_part: bool) -> None:
    half = LINE.model_copy(update={"unit_price_ore": 975_000, "net_ore": 975_000})
    issued = a_credit_note(
        lines=(half,) if in_part else (LINE,), net_ore=gross_ore * 4 // 5, vat_ore=gross_ore // 5, gross_ore=gross_ore
    )
    document = credit_note_document(issued, an_invoice())
    assert document.credited == Credited(INVOICE.id, INVOICE.issued_on, in_part=in_part)
    assert (document.id, document.note, document.payment) == ("N-2", "Kommunen meldte fra inden fristen.", None)
    assert check(document, TODAY) == ()


def test_hostile_and_odd_data_is_let_in_for_the_checks_to_find() -> None:
    billing = Billing(
        ean="57 98", p_number="x", address=Address(street="\x00", postcode="", city="", country="Danmark")
    )
    document = invoice_document(an_invoice({"name": "\ufffe"}, billing=billing))
    assert isinstance(document, Document)
    assert document.lines[0].quantity == Decimal(1)
    assert [one.code for one in check(document, TODAY)] == [
        "name_missing",
        "address_missing",
        "country_wrong",
        "gln_wrong",
    ]


def one_of(right: Any, *wrong: Any) -> st.SearchStrategy[Any]:
    """Mostly what is right."""
    return st.sampled_from((right, right, right, right, right, right, right, *wrong))


SELLERS = st.fixed_dictionaries(
    {
        "name": one_of("Foreningen", "", "\x00"),
        "cvr": one_of("62532424", "62532425"),
        "street": one_of("Eksempelgade 10", ""),
        "payment": st.sampled_from(get_args(PaymentWay)),
        "bank_account": one_of("4069031234", "", "x"),
        "bank_registration": one_of("0216", "", "0000"),
        "iban": one_of("DK50 0040 0440 1162 43", "", "DK5100400440116243"),
        "bic": one_of("DABADKKK", "", "DABA"),
        "fik_creditor": one_of("81234567", "", "71234567"),
        "vat_exemption": one_of("Undervisning, momslovens § 13", ""),
    }
)
BILLINGS = st.builds(
    Billing,
    ean=one_of("5798000000001", None, "", "5798000000006"),
    p_number=one_of(None, "1003388394", "1"),
    order_reference=st.sampled_from((None, "", "4711")),
    person_reference=st.sampled_from((None, "", "ASTAP", "n/a")),
    account_string=st.sampled_from((None, "01.02")),
    address=one_of(ADDRESSED.address, None, Address(street="", postcode="1", city="x", country="Danmark")),
    unit_name=one_of(None, "", "Jobcentret", "</x>\r\nBo"),
    cvr=one_of(None, "29189978", "29189979"),
    demands=st.sets(st.sampled_from(("gln", "order", "person", "account_string", "contact")), max_size=2).map(tuple),
)
LINES = st.builds(
    LINE.__class__,
    claim_id=st.just("c"),
    text=one_of("Gebyr", "", "</x>\r\nBo", "\x00"),
    quantity=st.just(1),
    unit_price_ore=st.shared(st.integers(1, 10**9), key="price"),
    net_ore=st.shared(st.integers(1, 10**9), key="price"),
    vat_percent=one_of(25, 0, 0, 24),
    delivered_on=st.none() | st.dates(date(2020, 1, 1), date(2020, 9, 1)),
)


@settings(max_examples=400, deadline=None)
@given(
    seller=SELLERS,
    billing=BILLINGS,
    cvr=one_of("29189978", None, "29189979"),
    lines=st.lists(LINES, min_size=1, max_size=4),
)
def test_claims_without_faults_are_an_invoice_without_any_and_a_fault_stays_one(
    seller: dict[str, Any], billing: Billing, cvr: str | None, lines: list[Any]
) -> None:
    sums = vat_sums(lines)
    net, vat = sum(one.net_ore for one in sums), sum(one.vat_ore for one in sums)
    invoice = an_invoice(
        seller,
        billing=billing,
        buyer=INVOICE.buyer.model_copy(update={"cvr": cvr}),
        lines=tuple(lines),
        net_ore=net,
        vat_ore=vat,
        gross_ore=net + vat,
    )
    wrong = {
        fault.code
        for one in lines
        for fault in faults(
            invoice.programme.seller, invoice.buyer.name, cvr, billing, invoice.contact, one.vat_percent, one.text
        )
    }
    document = invoice_document(invoice)
    assert {one.code for one in check(document, TODAY, demands_of(billing))} == wrong
    if not wrong:
        for form in FORMATS:
            read = form.read(form.write(document))
            assert read == form.carried(document)
            assert read.told == document.totals
