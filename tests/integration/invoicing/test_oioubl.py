"""What OIOUBL 2.1 writes, byte for byte, and where it differs from Peppol.

`TOVHOLDER_WRITE_GOLDEN=1 python -m pytest tests/integration/invoicing/test_oioubl.py` writes the expected files anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from services.invoicing.adapters.einvoice.formats import oioubl21, ubl
from services.invoicing.adapters.einvoice.formats.ubl import UnreadableError
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.domain.document.checks import check
from services.invoicing.domain.document.model import (
    NO_CONTACT,
    Allowance,
    Contact,
    Document,
    DocumentLine,
    Endpoint,
    Fik,
    Iban,
    NemKonto,
    Payment,
    Period,
    References,
)
from tests.support.documents import BUYER, SELLER, THREE_LINES, TODAY, a_credit_note, an_invoice, is_as_ever
from tests.support.official_rules import MustPass

GOLDEN = Path(__file__).parent / "golden" / "oioubl-2.1"
EXEMPT = (
    replace(THREE_LINES[0], vat_percent=0),
    replace(THREE_LINES[1], id="2"),
)
FIK = Fik("71", "81234567", "000000000000018")
IBAN = Iban("DK5000400440116243", "DABADKKK")
IN_THE_WHOLE = (
    Allowance(reason="Medlemsrabat", amount_ore=73_125, vat_percent=25, percent=Decimal("2.5"), base_ore=2_925_000),
    Allowance(reason="Fragt", amount_ore=5_000, charge=True, vat_percent=25),
)
FILES: dict[str, Document] = {
    "invoice": an_invoice(allowances=IN_THE_WHOLE, rounding_ore=-25, note="Tak for samarbejdet.\nVi ses til maj."),
    "exempt": an_invoice(lines=EXEMPT, exemption="Undervisning, momslovens § 13, stk. 1, nr. 3"),
    "part-credit": a_credit_note(),
    "fik": an_invoice(payment=FIK),
    "iban": an_invoice(payment=IBAN),
    "little-said": an_invoice(
        due_on=None,
        lines=(replace(THREE_LINES[1], period=None),),
        delivered_on=date(2026, 8, 27),
        period=Period(date(2026, 8, 1), date(2026, 8, 31)),
        references=References(person="ASTAP"),
        seller=replace(SELLER, contact=NO_CONTACT),
        buyer=replace(BUYER, cvr=""),
        payment=replace(IBAN, bic=""),
    ),
    "terms-of-a-credit": a_credit_note(terms="Beløbet modregnes."),
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_document_gives_the_same_bytes_as_ever(name: str, must_pass: MustPass) -> None:
    xml = oioubl21.write(FILES[name])
    must_pass(xml)
    is_as_ever(GOLDEN / f"{name}.xml", xml)


def said(document: Document) -> Callable[[str], str]:
    """The text at a path of what is written."""
    _, root = ubl.from_bytes(oioubl21.write(document))
    return lambda path: ubl.text(root, path)


def test_the_amount_without_tax_is_the_moms_and_the_amount_with_tax_includes_the_rounding() -> None:
    document = FILES["invoice"]
    at = said(document)
    assert at("cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount") == ubl.kroner(document.totals.vat_ore)
    assert at("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount") == ubl.kroner(document.totals.payable_ore)
    assert at("cac:LegalMonetaryTotal/cbc:PayableRoundingAmount") == "-0.25"
    assert at("cac:PaymentTerms/cbc:Amount") == at("cac:LegalMonetaryTotal/cbc:PayableAmount")


def test_a_discount_of_a_line_informs_and_the_price_is_the_one_after_it() -> None:
    discount = Allowance(reason="Rabat", amount_ore=10_000)
    line = DocumentLine(
        id="1", text="Kursus", quantity=Decimal(3), unit_price_ore=Decimal(10_000), allowances=(discount,)
    )
    document = an_invoice(lines=(line,), delivered_on=date(2026, 9, 1))
    at = said(document)
    assert at("cac:InvoiceLine/cbc:LineExtensionAmount") == "200.00"
    assert at("cac:InvoiceLine/cac:Price/cbc:PriceAmount") == "66.667"
    assert at("cac:InvoiceLine/cac:PricingReference/cac:AlternativeConditionPrice/cbc:PriceAmount") == "100.00"
    assert oioubl21.read(oioubl21.write(document)) == document


def test_a_percentage_is_a_factor_and_no_per_cent() -> None:
    assert said(FILES["invoice"])("cac:AllowanceCharge/cbc:MultiplierFactorNumeric") == "0.025"


@pytest.mark.parametrize(
    ("endpoint", "scheme", "number"),
    [
        (Endpoint("GLN", "5798000000005"), "GLN", "5798000000005"),
        (Endpoint("CVR", "29189978"), "DK:CVR", "DK29189978"),
        (Endpoint("P", "1003388394"), "DK:P", "1003388394"),
    ],
    ids=lambda one: str(one) if isinstance(one, str) else one.scheme,
)
def test_an_endpoint_is_spelt_as_nemhandel_does(
    endpoint: Endpoint, scheme: str, number: str, must_pass: MustPass
) -> None:
    document = an_invoice(buyer=replace(BUYER, endpoint=endpoint))
    xml = oioubl21.write(document)
    must_pass(xml)
    found = ubl.found(ubl.from_bytes(xml)[1], "cac:AccountingCustomerParty/cac:Party/cbc:EndpointID")
    assert found is not None
    assert (found.get("schemeID"), found.text) == (scheme, number)


def test_a_vat_id_and_a_cvr_number_have_the_country_in_front() -> None:
    at = said(an_invoice())
    assert at("cac:AccountingSupplierParty/cac:Party/cac:PartyTaxScheme/cbc:CompanyID") == f"DK{SELLER.cvr}"
    assert at("cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID") == f"DK{SELLER.cvr}"


@pytest.mark.parametrize(
    ("payment", "code", "channel"),
    [
        (FIK, "93", "DK:FIK"),
        (Fik("73", "81234567"), "93", "DK:FIK"),
        (Fik("75", "81234567", "0000000000000018"), "93", "DK:FIK"),
        (an_invoice().payment, "42", "DK:BANK"),
        (IBAN, "31", "IBAN"),
        (replace(IBAN, bic=""), "58", "IBAN"),
        (NemKonto(), "97", "DK:NEMKONTO"),
    ],
    ids=str,
)
def test_every_way_of_payment_names_its_channel_and_the_day(
    payment: Payment, code: str, channel: str, must_pass: MustPass
) -> None:
    document = an_invoice(payment=payment)
    xml = oioubl21.write(document)
    must_pass(xml)
    at = said(document)
    assert at("cac:PaymentMeans/cbc:PaymentMeansCode") == code
    assert at("cac:PaymentMeans/cbc:PaymentChannelCode") == channel
    assert at("cac:PaymentMeans/cbc:PaymentDueDate") == "2026-10-01"
    assert oioubl21.read(xml).payment == payment


def test_a_card_has_its_parts_in_elements_of_their_own() -> None:
    at = said(FILES["fik"])
    assert at("cac:PaymentMeans/cbc:PaymentID") == "71"
    assert at("cac:PaymentMeans/cbc:InstructionID") == FIK.reference
    assert at("cac:PaymentMeans/cac:CreditAccount/cbc:AccountID") == FIK.creditor


def test_the_day_of_payment_is_told_without_a_way_of_payment(must_pass: MustPass) -> None:
    document = an_invoice(payment=None)
    xml = oioubl21.write(document)
    must_pass(xml)
    assert oioubl21.read(xml) == document


@pytest.mark.parametrize(("series", "note"), [("P1", "P1-7"), ("S" * 18, f"{'S' * 18}-7"), ("S" * 19, "")])
def test_a_number_too_long_for_a_bank_transfer_is_left_out_of_it(series: str, note: str, must_pass: MustPass) -> None:
    document = an_invoice(series=series)
    must_pass(oioubl21.write(document))
    assert said(document)("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:PaymentNote") == note


def test_what_is_to_be_paid_stands_in_the_terms_though_there_are_none_in_words(must_pass: MustPass) -> None:
    document = an_invoice(terms="")
    must_pass(oioubl21.write(document))
    assert said(document)("cac:PaymentTerms/cbc:Amount") == ubl.kroner(document.totals.payable_ore)
    assert said(a_credit_note())("cac:PaymentTerms/cbc:Amount") == ""


def test_a_party_that_cannot_be_reached_is_not_written_and_one_that_is_read_is_found_by_the_checks() -> None:
    for who in ("seller", "buyer"):
        with pytest.raises(ValueError, match=f"^{who}.endpoint: "):
            oioubl21.write(an_invoice(**{who: replace(BUYER, endpoint=None)}))
    xml = re.sub(b"<cbc:EndpointID.*?</cbc:EndpointID>", b"", oioubl21.write(an_invoice()))
    assert [one.field for one in check(oioubl21.read(xml), TODAY)] == ["seller.endpoint", "buyer.endpoint"]


def test_without_a_person_reference_something_stands_where_one_is_demanded(must_pass: MustPass) -> None:
    document = an_invoice(references=References(order="4711"), buyer=replace(BUYER, contact=Contact()))
    xml = oioubl21.write(document)
    must_pass(xml)
    assert said(document)("cac:AccountingCustomerParty/cac:Party/cac:Contact/cbc:ID") == "n/a"
    assert oioubl21.read(xml).references.person == ""
    called_so = replace(document, references=replace(document.references, person="n/a"))
    assert oioubl21.write(called_so) == xml
    assert oioubl21.carried(called_so) == document


def test_what_is_exempt_is_zero_rated_and_keeps_its_reason() -> None:
    _, root = ubl.from_bytes(oioubl21.write(FILES["exempt"]))
    categories = [ubl.text(node, "cbc:ID") for node in root.iter(f"{{{ubl.CAC}}}TaxCategory")]
    assert categories == ["ZeroRated", "StandardRated", "ZeroRated", "StandardRated"]
    assert oioubl21.read(oioubl21.write(FILES["exempt"])).exemption == FILES["exempt"].exemption


@pytest.mark.parametrize("in_part", [True, False])
def test_a_credit_note_says_what_it_credits_and_whether_in_part(must_pass: MustPass, *, in_part: bool) -> None:
    whole = a_credit_note()
    assert whole.credited is not None
    document = replace(whole, credited=replace(whole.credited, in_part=in_part))
    xml = oioubl21.write(document)
    must_pass(xml)
    at = said(document)
    assert at("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == "P1-7"
    assert at("cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate") == "2026-09-01"
    assert at("cac:DiscrepancyResponse/cbc:ReferenceID") == "P1-7"
    assert oioubl21.read(xml) == document


def test_a_credit_note_with_discounts_has_its_elements_in_their_order(must_pass: MustPass) -> None:
    document = a_credit_note(lines=THREE_LINES, allowances=IN_THE_WHOLE, rounding_ore=50)
    xml = oioubl21.write(document)
    must_pass(xml)
    assert oioubl21.read(xml) == document


def test_charges_and_discounts_of_nothing_are_not_written(must_pass: MustPass) -> None:
    nothing = Allowance(reason="Ingenting", amount_ore=0)
    lines = (replace(THREE_LINES[1], allowances=(nothing,)),)
    document = an_invoice(lines=lines, allowances=(replace(nothing, vat_percent=25),))
    xml = oioubl21.write(document)
    must_pass(xml)
    assert oioubl21.read(xml) == oioubl21.carried(document) == an_invoice(lines=(THREE_LINES[1],))


@pytest.mark.parametrize(
    ("what", "instead", "said_of_it"),
    [
        ("OIOUBL-2.1", "OIOUBL-3.0", "»OIOUBL-3.0« er et andet format end OIOUBL-2.1"),
        ('currencyID="DKK"', 'currencyID="EUR"', "i »EUR« og ikke i DKK"),
        ("<cbc:PaymentMeansCode>42", "<cbc:PaymentMeansCode>48", "»48« kender vi ikke"),
        ('schemeID="GLN"', 'schemeID="DUNS"', "»DUNS« er hverken EAN"),
        ("<cbc:ID>P1-7<", "<cbc:ID>P1<", "»P1« ender ikke i et løbenummer"),
        ("<cbc:IssueDate>2026-09-01</cbc:IssueDate>", "", "datoen mangler"),
        ("25.00</cbc:Percent>", "25.50</cbc:Percent>", "»25.50« er ikke et helt tal"),
        ('<cbc:InvoicedQuantity unitCode="EA">1</cbc:InvoicedQuantity>', "", "et antal"),
        ("<Invoice ", "<!DOCTYPE Invoice><Invoice ", "dokumenttype"),
    ],
)
def test_what_the_model_cannot_hold_is_refused_with_where_it_stands(what: str, instead: str, said_of_it: str) -> None:
    xml = oioubl21.write(an_invoice()).decode()
    assert what in xml
    with pytest.raises(UnreadableError, match=said_of_it):
        oioubl21.read(xml.replace(what, instead).encode())


def test_a_card_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(UnreadableError, match="»70« er hverken"):
        oioubl21.read(oioubl21.write(FILES["fik"]).replace(b">71<", b">70<"))


def test_a_line_whose_sum_is_another_is_refused() -> None:
    xml = oioubl21.write(an_invoice())
    _, root = ubl.from_bytes(xml)
    amount = ubl.found(root, "cac:InvoiceLine/cbc:LineExtensionAmount")
    assert amount is not None
    amount.text = "1.00"
    with pytest.raises(UnreadableError, match="linje »1«: beløbet"):
        oioubl21.read(etree.tostring(root))


def test_a_second_way_of_payment_is_refused_because_nobody_would_check_it(official_rules: OfficialRules) -> None:
    other = oioubl21.write(an_invoice(payment=replace(IBAN, iban="DK5100400440116243"))).decode()
    means = other[other.index("<cac:PaymentMeans>") : other.index("<cac:PaymentTerms>")]
    both = oioubl21.write(an_invoice()).decode().replace("<cac:PaymentTerms>", f"{means}<cac:PaymentTerms>").encode()
    assert official_rules.check(both).passed
    with pytest.raises(UnreadableError, match="mere end én gang") as refused:
        oioubl21.read(both)
    assert refused.value.place == "cac:PaymentMeans"
