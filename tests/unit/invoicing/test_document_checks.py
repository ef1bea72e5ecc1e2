"""Every check of ours has a document that fails it, and only it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.invoicing.domain.document.checks import CHECKS, NO_DEMANDS, Demands, check
from services.invoicing.domain.document.identifiers import fik_reference, is_cvr, is_gln, is_iban
from services.invoicing.domain.document.model import (
    Address,
    Allowance,
    BankAccount,
    Contact,
    Credited,
    Document,
    Endpoint,
    Fik,
    Iban,
    NemKonto,
    References,
)
from shared.contracts.parties import InvoiceDemand
from tests.support.documents import BUYER, SELLER, THREE_LINES, TODAY, a_credit_note, an_invoice


def with_seller(**changes: Any) -> Document:
    return an_invoice(seller=replace(SELLER, **changes))


def with_buyer(**changes: Any) -> Document:
    return an_invoice(buyer=replace(BUYER, **changes))


def with_first_line(**changes: Any) -> Document:
    return an_invoice(lines=(replace(THREE_LINES[0], **changes), *THREE_LINES[1:]))


def with_moms_of(ore: int) -> Document:
    document = an_invoice()
    totals = document.totals
    told = totals._replace(
        vat_ore=totals.vat_ore + ore, gross_ore=totals.gross_ore + ore, payable_ore=totals.payable_ore + ore
    )
    return replace(document, told=told)


def with_another_rate() -> Document:
    document = an_invoice()
    (rate,) = document.totals.rates
    return replace(document, told=document.totals._replace(rates=(rate._replace(net_ore=rate.net_ore - 1),)))


def with_another_amount_to_pay() -> Document:
    document = an_invoice()
    return replace(document, told=document.totals._replace(payable_ore=document.totals.payable_ore + 1))


def to_pay_one_ore(**changes: Any) -> Document:
    return an_invoice(lines=(replace(THREE_LINES[0], unit_price_ore=Decimal(1)),), **changes)


WITHOUT_DELIVERY = tuple(replace(line, period=None) for line in THREE_LINES)
EXEMPT = (replace(THREE_LINES[0], vat_percent=0),)
ALL = Demands(gln=True, order=True, person=True, account_string=True, contact=True)

WRONG: list[tuple[str, str, Document, Demands]] = [
    ("name_missing", "seller.name", with_seller(name=" \x00"), NO_DEMANDS),
    ("name_missing", "buyer.name", with_buyer(name=""), NO_DEMANDS),
    ("address_missing", "seller.address.street", with_seller(address=Address(country="DK")), NO_DEMANDS),
    (
        "address_missing",
        "buyer.address.city",
        with_buyer(address=Address(street="Torvet", postcode="9990")),
        NO_DEMANDS,
    ),
    (
        "country_wrong",
        "buyer.address.country",
        with_buyer(address=replace(BUYER.address, country="Danmark")),
        NO_DEMANDS,
    ),
    ("seller_cvr_missing", "seller.cvr", with_seller(cvr=""), NO_DEMANDS),
    ("cvr_wrong", "seller.cvr", with_seller(cvr="62532425", endpoint=Endpoint("CVR", "62532425")), NO_DEMANDS),
    ("cvr_wrong", "buyer.cvr", with_buyer(cvr="DK29189978"), NO_DEMANDS),
    ("endpoint_missing", "buyer.endpoint", with_buyer(endpoint=None), NO_DEMANDS),
    ("endpoint_missing", "seller.endpoint", with_seller(endpoint=None), NO_DEMANDS),
    ("endpoint_wrong", "buyer.endpoint", with_buyer(endpoint=Endpoint("CVR", "29189979")), NO_DEMANDS),
    ("endpoint_wrong", "buyer.endpoint", with_buyer(endpoint=Endpoint("P", "123456789")), NO_DEMANDS),
    ("gln_wrong", "buyer.endpoint", with_buyer(endpoint=Endpoint("GLN", "5798000000006")), NO_DEMANDS),
    # UPC-A: its check digit fits, and a number of twelve digits is no GLN.
    ("gln_wrong", "buyer.endpoint", with_buyer(endpoint=Endpoint("GLN", "036000291452")), NO_DEMANDS),
    ("issued_ahead", "issued_on", an_invoice(issued_on=date(2029, 9, 1), due_on=date(2029, 10, 1)), NO_DEMANDS),
    ("due_before_issue", "due_on", an_invoice(due_on=date(2026, 8, 31)), NO_DEMANDS),
    ("due_missing", "due_on", an_invoice(due_on=None, terms=""), NO_DEMANDS),
    ("delivery_missing", "delivered_on", an_invoice(lines=WITHOUT_DELIVERY), NO_DEMANDS),
    ("line_text_missing", "lines[0].text", with_first_line(text=""), NO_DEMANDS),
    ("vat_rate_not_danish", "lines[0].vat_percent", with_first_line(vat_percent=24), NO_DEMANDS),
    (
        "vat_rate_not_danish",
        "allowances[0].vat_percent",
        an_invoice(allowances=(Allowance(reason="Gebyr", amount_ore=1, charge=True, vat_percent=12),)),
        NO_DEMANDS,
    ),
    (
        "allowance_alone",
        "allowances[0].vat_percent",
        an_invoice(
            allowances=(Allowance(reason="Fragt", amount_ore=1, charge=True, vat_percent=0),),
            exemption="Momslovens § 13",
        ),
        NO_DEMANDS,
    ),
    ("exemption_missing", "exemption", an_invoice(lines=EXEMPT), NO_DEMANDS),
    ("sums_differ", "totals.vat_ore", with_moms_of(99), NO_DEMANDS),
    ("sums_differ", "totals.vat_ore", with_moms_of(-1), NO_DEMANDS),
    ("sums_differ", "totals.rates", with_another_rate(), NO_DEMANDS),
    ("sums_differ", "totals.payable_ore", with_another_amount_to_pay(), NO_DEMANDS),
    (
        "comes_to_nothing",
        "rounding_ore",
        an_invoice(lines=(replace(THREE_LINES[0], unit_price_ore=Decimal(8)),), rounding_ore=-10),
        NO_DEMANDS,
    ),
    ("payment_missing", "payment", an_invoice(payment=None), NO_DEMANDS),
    ("payment_missing", "payment", to_pay_one_ore(payment=None), NO_DEMANDS),
    ("bank_account_wrong", "payment.account", an_invoice(payment=BankAccount("0216", "123")), NO_DEMANDS),
    ("bank_account_wrong", "payment.account", an_invoice(payment=BankAccount("0216", "١٢٣٤٥")), NO_DEMANDS),
    ("bank_account_wrong", "payment.registration", an_invoice(payment=BankAccount("216", "4069031234")), NO_DEMANDS),
    ("bank_account_wrong", "payment.registration", an_invoice(payment=BankAccount("0000", "4069031234")), NO_DEMANDS),
    ("bank_account_wrong", "payment.account", an_invoice(payment=BankAccount("0216", "40690312345")), NO_DEMANDS),
    ("iban_wrong", "payment.iban", an_invoice(payment=Iban("DK5100400440116243")), NO_DEMANDS),
    ("bic_wrong", "payment.bic", an_invoice(payment=Iban("DK5000400440116243", "DABADKK")), NO_DEMANDS),
    (
        "fik_creditor_wrong",
        "payment.creditor",
        an_invoice(payment=Fik("71", "71234567", "000000000000018")),
        NO_DEMANDS,
    ),
    (
        "fik_reference_wrong",
        "payment.reference",
        an_invoice(payment=Fik("71", "81234567", "000000000000017")),
        NO_DEMANDS,
    ),
    (
        "fik_reference_wrong",
        "payment.reference",
        an_invoice(payment=Fik("75", "81234567", "000000000000018")),
        NO_DEMANDS,
    ),
    ("credit_note_with_payment", "payment", a_credit_note(payment=BankAccount("0216", "4069031234")), NO_DEMANDS),
    ("credited_missing", "credited", a_credit_note(credited=None), NO_DEMANDS),
    ("credited_later", "credited.issued_on", a_credit_note(credited=Credited("P1-7", date(2026, 9, 11))), NO_DEMANDS),
    ("credited_itself", "credited.id", a_credit_note(credited=Credited("P1-8", date(2026, 9, 1))), NO_DEMANDS),
    ("reference_missing", "references.person", an_invoice(references=References(account_string="1")), NO_DEMANDS),
    ("order_demanded", "references.order", an_invoice(references=References()), Demands(order=True)),
    ("person_demanded", "references.person", an_invoice(references=References()), Demands(person=True)),
    ("order_demanded", "references.order", an_invoice(references=References(person="A", account_string="1")), ALL),
    ("person_demanded", "references.person", an_invoice(references=References(order="1", account_string="1")), ALL),
    (
        "account_string_demanded",
        "references.account_string",
        an_invoice(references=References(person="A", order="1")),
        ALL,
    ),
    ("contact_demanded", "buyer.contact.name", with_buyer(contact=Contact(email="okonomi@proeveby.example")), ALL),
    ("gln_demanded", "buyer.endpoint", with_buyer(endpoint=Endpoint("CVR", "29189978")), ALL),
]


@pytest.mark.parametrize(("code", "field", "document", "demands"), WRONG, ids=[f"{one[0]}-{one[1]}" for one in WRONG])
def test_a_document_that_is_wrong_in_one_way_fails_one_check(
    code: str, field: str, document: Document, demands: Demands
) -> None:
    found = check(document, TODAY, demands)
    assert [(one.code, one.field) for one in found] == [(code, field)]
    assert found[0].message.endswith(".")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (with_seller(address=Address()), "Skriv sælgerens adresse."),
        (with_buyer(address=replace(BUYER.address, street="", city="")), "Skriv kundens vej og nummer og by."),
        (with_buyer(address=replace(BUYER.address, postcode="")), "Skriv kundens postnummer."),
        (with_moms_of(1), "Beløbet 6.962,76 kr. passer ikke med linjerne, som giver 6.962,75 kr.: "),
        (an_invoice(payment=Fik("75", "81234567", "0")), "Ret betalings-id'et på +75: det har 16 cifre"),
        (with_first_line(text=""), "Skriv på linje 1, hvad der er leveret."),
        (with_first_line(vat_percent=24), "Ret momssatsen 24 %: "),
    ],
)
def test_a_sentence_says_what_to_do(document: Document, sentence: str) -> None:
    assert check(document, TODAY)[0].message.replace("\u00a0", " ").startswith(sentence)


def test_every_check_has_a_document_that_fails_it() -> None:
    assert {code for code, *_ in WRONG} == set(CHECKS)


@pytest.mark.parametrize(
    "document",
    [
        an_invoice(),
        a_credit_note(),
        a_credit_note(payment=NemKonto()),
        an_invoice(lines=EXEMPT, exemption="Undervisning, momslovens § 13"),
        an_invoice(lines=WITHOUT_DELIVERY, delivered_on=date(2026, 8, 27)),
        an_invoice(due_on=None),
        an_invoice(issued_on=TODAY, due_on=TODAY),
        a_credit_note(credited=Credited("P1-7", a_credit_note().issued_on)),
        an_invoice(payment=BankAccount("0001", "1234")),
        an_invoice(payment=Fik("73", "81234567")),
        an_invoice(payment=Iban("DK50 0040 0440 1162 43", "DABADKKK")),
        an_invoice(
            payment=None,
            allowances=(Allowance(reason="Gave", amount_ore=an_invoice().totals.net_ore, vat_percent=25),),
        ),
        with_buyer(cvr="", endpoint=Endpoint("P", "1003388394")),
        with_moms_of(0),
    ],
)
def test_an_ordinary_document_may_be_issued(document: Document) -> None:
    assert check(document, TODAY, ALL if document.buyer == BUYER else NO_DEMANDS) == ()


def test_a_customer_can_demand_everything_that_there_is_a_check_for() -> None:
    demands = InvoiceDemand.__args__  # type: ignore[attr-defined] # Literal's values
    assert {f"{demand}_demanded" for demand in demands} == {code for code in CHECKS if code.endswith("_demanded")}
    assert set(demands) == set(Demands.__dataclass_fields__)


def test_what_is_wrong_in_two_places_is_found_in_both() -> None:
    document = an_invoice(seller=replace(SELLER, name=""), buyer=replace(BUYER, name=""))
    assert [one.field for one in check(document, TODAY)] == ["seller.name", "buyer.name"]


def test_a_fik_reference_ends_in_modulus_10_of_its_digits() -> None:
    assert fik_reference("71", "", 1) == "000000000000018"
    assert fik_reference("75", "", 2) == "0000000000000026"
    assert fik_reference("73", "P1", 1) == ""


def test_a_fik_reference_that_was_printed_once_stays_what_it_was() -> None:
    assert fik_reference("71", "P1", 7) == "678570000000078"
    assert fik_reference("75", "P1", 7) == "4678570000000070"
    assert fik_reference("71", "ungenetvaerk", 999_999_999) == "346699999999990"


def test_the_same_number_in_two_series_has_two_fik_references() -> None:
    assert fik_reference("71", "P1", 7) != fik_reference("71", "P2", 7)
    assert fik_reference("71", "P1", 7) == fik_reference("71", "P1", 7)
    assert len(fik_reference("71", "P1", 999_999_999)) == 15
    with pytest.raises(ValueError, match="number"):
        fik_reference("71", "P1", 10**9)


@pytest.mark.parametrize("wrong", ["", "1234567", "62532425", "٦٢٥٣٢٤٢٤", "62532424 ", "DK62532424"])
def test_only_eight_digits_with_modulus_11_are_a_cvr_number(wrong: str) -> None:
    assert is_cvr("62532424")
    assert not is_cvr(wrong)


@pytest.mark.parametrize("wrong", ["5798000000006", "579800000000", "05798000000001", "036000291452", "5798 00000005"])
def test_only_thirteen_digits_with_their_check_digit_are_a_gln(wrong: str) -> None:
    assert is_gln("5798000000001")
    assert not is_gln(wrong)


@pytest.mark.parametrize("wrong", ["DK5000400440116244", "DK500040044011624", "dk5000400440116243", "5000400440116243"])
def test_an_iban_has_its_country_length_and_check_digits(wrong: str) -> None:
    assert is_iban("DK5000400440116243")
    assert not is_iban(wrong)


def test_the_documentation_explains_every_check_in_the_order_in_which_they_are_made() -> None:
    pages = (Path(__file__).parents[3] / "docs" / "documents.md").read_text(encoding="utf-8")
    table = pages.split("## What is checked before anything is issued\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(CHECKS)
