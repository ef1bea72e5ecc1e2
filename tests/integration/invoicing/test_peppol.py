"""What Peppol BIS 3 writes, byte for byte, where each thing stands, and what is refused when it is read.

`TOVHOLDER_WRITE_GOLDEN=1 python -m pytest tests/integration/invoicing/test_peppol.py` writes the expected files anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from services.invoicing.adapters.einvoice.formats import peppol_bis3, ubl
from services.invoicing.adapters.einvoice.formats.ubl import UnreadableError
from services.invoicing.domain.document.checks import check
from services.invoicing.domain.document.model import (
    NO_CONTACT,
    Allowance,
    BankAccount,
    Credited,
    Document,
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

GOLDEN = Path(__file__).parent / "golden" / "peppol-bis-3"
HOSTILE = '</cbc:Note>]]>&amp;<!DOCTYPE x>\r\nBEGIN:VEVENT\x00\ud800 #eval("1") \u202eabc 👩‍👩‍👧'
FILES: dict[str, Document] = {
    "invoice": an_invoice(),
    "allowances": an_invoice(
        allowances=(
            Allowance(reason="Medlemsrabat", amount_ore=75_000, vat_percent=25, percent=Decimal(3), base_ore=2_500_000),
            Allowance(reason="Fragt", amount_ore=5_000, charge=True, vat_percent=25),
        ),
        rounding_ore=-25,
        period=Period(date(2026, 8, 1), date(2027, 8, 31)),
        note="Tak for samarbejdet.\nVi ses til maj.",
    ),
    "exempt": an_invoice(
        lines=(replace(THREE_LINES[0], vat_percent=0), *THREE_LINES[1:]),
        exemption="Undervisning, momslovens § 13, stk. 1, nr. 3",
    ),
    "fik": an_invoice(payment=Fik("71", "81234567", "000000000000018")),
    "iban": an_invoice(payment=Iban("DK50 0040 0440 1162 43", "DABADKKK")),
    "credit-note": a_credit_note(),
    "little-said": an_invoice(
        due_on=None,
        lines=(replace(THREE_LINES[1], period=None),),
        delivered_on=date(2026, 8, 27),
        references=References(person="ASTAP"),
        seller=replace(SELLER, contact=NO_CONTACT),
        buyer=replace(BUYER, cvr=""),
        payment=Iban("DK5000400440116243"),
    ),
    "hostile": an_invoice(note=HOSTILE, seller=replace(SELLER, name=HOSTILE), references=References(person=HOSTILE)),
}
Said = Callable[[str], str]


def said(document: Document) -> Said:
    """The text at a path of what is written."""
    _, root = ubl.from_bytes(peppol_bis3.write(document))
    return lambda path: ubl.text(root, path)


@pytest.mark.parametrize("name", FILES)
def test_the_same_document_gives_the_same_bytes_as_ever(name: str, must_pass: MustPass) -> None:
    xml = peppol_bis3.write(FILES[name])
    must_pass(xml)
    is_as_ever(GOLDEN / f"{name}.xml", xml)


@pytest.mark.parametrize(
    ("payment", "code", "payment_id", "account", "branch"),
    [
        (Fik("71", "81234567", "000000000000018"), "93", "71#000000000000018", "81234567", ""),
        (Fik("73", "81234567"), "93", "73#", "81234567", ""),
        (Fik("75", "81234567", "0000000000000018"), "93", "75#0000000000000018", "81234567", ""),
        (BankAccount("0216", "4069031234"), "42", "P1-7", "4069031234", "0216"),
        (Iban("DK50 0040 0440 1162 43", "DABADKKK"), "58", "P1-7", "DK5000400440116243", "DABADKKK"),
        (Iban("DK5000400440116243"), "58", "P1-7", "DK5000400440116243", ""),
        (NemKonto(), "97", "", "", ""),
    ],
)
def test_each_way_of_payment_has_its_spelling(
    payment: Payment, code: str, payment_id: str, account: str, branch: str, must_pass: MustPass
) -> None:
    document = an_invoice(payment=payment)
    must_pass(peppol_bis3.write(document))
    at = said(document)
    assert at("cac:PaymentMeans/cbc:PaymentMeansCode") == code
    assert at("cac:PaymentMeans/cbc:PaymentID") == payment_id
    assert at("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") == account
    assert at("cac:PaymentMeans/cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID") == branch


@pytest.mark.parametrize(
    ("endpoint", "scheme"),
    [
        (Endpoint("GLN", "5798000000001"), "0088"),
        (Endpoint("CVR", "29189978"), "0184"),
        (Endpoint("P", "1003388394"), "0096"),
    ],
)
def test_a_buyer_is_reached_by_ean_cvr_or_p_number(endpoint: Endpoint, scheme: str, must_pass: MustPass) -> None:
    xml = peppol_bis3.write(an_invoice(buyer=replace(BUYER, endpoint=endpoint)))
    must_pass(xml)
    _, root = ubl.from_bytes(xml)
    at = ubl.found(root, "cac:AccountingCustomerParty/cac:Party/cbc:EndpointID")
    assert at is not None
    assert (at.get("schemeID"), at.text) == (scheme, endpoint.id)


def test_a_cvr_number_stands_without_dk_and_a_vat_number_with_it() -> None:
    at = said(an_invoice())
    party = "cac:AccountingSupplierParty/cac:Party"
    assert at(f"{party}/cbc:EndpointID") == SELLER.cvr
    assert at(f"{party}/cac:PartyLegalEntity/cbc:CompanyID") == SELLER.cvr
    assert at(f"{party}/cac:PartyTaxScheme/cbc:CompanyID") == f"DK{SELLER.cvr}"


def test_person_order_and_account_string_stand_where_a_municipality_looks_for_them() -> None:
    at = said(an_invoice())
    assert at("cbc:BuyerReference") == "ASTAP"
    assert at("cac:OrderReference/cbc:ID") == "4711-2026"
    assert at("cbc:AccountingCost") == "01.02.03-4567"


def test_rounding_is_outside_what_the_moms_is_in() -> None:
    at = said(FILES["allowances"])
    totals = FILES["allowances"].totals
    assert at("cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount") == ubl.kroner(totals.net_ore)
    assert at("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount") == ubl.kroner(totals.gross_ore)
    assert at("cac:LegalMonetaryTotal/cbc:PayableAmount") == ubl.kroner(totals.gross_ore - 25)


@pytest.mark.parametrize("charge", [False, True])
def test_a_discount_or_charge_of_nothing_still_has_its_sum(must_pass: MustPass, *, charge: bool) -> None:
    nothing = Allowance(reason="Ingen", amount_ore=0, vat_percent=25, charge=charge)
    must_pass(peppol_bis3.write(an_invoice(allowances=(nothing,))))


def test_a_credit_note_is_positive_has_no_due_date_and_names_number_and_date_of_what_it_credits() -> None:
    at = said(a_credit_note())
    assert at("cbc:CreditNoteTypeCode") == "381"
    assert at("cbc:DueDate") == ""
    assert at("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == "P1-7"
    assert at("cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate") == "2026-09-01"
    assert at("cac:LegalMonetaryTotal/cbc:PayableAmount") == "1562.50"


def test_what_is_exempt_has_its_own_sum_and_its_reason() -> None:
    _, root = ubl.from_bytes(peppol_bis3.write(FILES["exempt"]))
    assert [
        (ubl.text(one, "cac:TaxCategory/cbc:ID"), ubl.text(one, "cbc:TaxableAmount"), ubl.text(one, "cbc:TaxAmount"))
        for one in ubl.every(root, "cac:TaxTotal/cac:TaxSubtotal")
    ] == [("E", "19500.00", "0.00"), ("S", "8351.01", "2087.75")]
    assert ubl.text(root, "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:TaxExemptionReason").startswith(
        "Undervisning"
    )


def test_a_hostile_text_is_text() -> None:
    _, root = ubl.from_bytes(peppol_bis3.write(FILES["hostile"]))
    assert ubl.text(root, "cbc:Note") == ('</cbc:Note>]]>&amp;<!DOCTYPE x>\nBEGIN:VEVENT #eval("1") \u202eabc 👩‍👩‍👧')
    assert "\n" not in ubl.text(root, "cbc:BuyerReference")
    assert len(list(ubl.every(root, "cbc:Note"))) == 1


def test_a_party_that_cannot_be_reached_is_not_written_and_one_that_is_read_is_found_by_the_checks() -> None:
    for who in ("seller", "buyer"):
        with pytest.raises(ValueError, match=f"^{who}.endpoint: "):
            peppol_bis3.write(an_invoice(**{who: replace(BUYER, endpoint=None)}))
    xml = re.sub(b"<cbc:EndpointID.*?</cbc:EndpointID>", b"", peppol_bis3.write(an_invoice()))
    assert [one.field for one in check(peppol_bis3.read(xml), TODAY)] == ["seller.endpoint", "buyer.endpoint"]


@pytest.mark.parametrize("code", ["31", "42"])
def test_both_codes_of_a_bank_account_are_read(code: str, must_pass: MustPass) -> None:
    xml = peppol_bis3.write(an_invoice()).replace(b"Code>42<", f"Code>{code}<".encode())
    must_pass(xml)
    assert peppol_bis3.read(xml) == an_invoice()


def test_a_contact_of_whom_nothing_is_known_is_not_there(must_pass: MustPass) -> None:
    xml = peppol_bis3.write(an_invoice(seller=replace(SELLER, contact=NO_CONTACT)))
    must_pass(xml)
    assert b"SupplierParty><cac:Party><cac:Contact" not in xml
    assert peppol_bis3.read(xml).seller.contact == NO_CONTACT


def changed(old: str, new: str, document: Document | None = None) -> bytes:
    xml = peppol_bis3.write(document or an_invoice())
    assert old.encode() in xml
    return xml.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("xml", "because"),
    [
        (b"", "ikke XML"),
        (b"\xff\xfe<a/>", "ikke XML"),
        (b"<Invoice/>", "»Invoice« er hverken"),
        (
            b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>" + peppol_bis3.write(an_invoice())[39:],
            "dokumenttype",
        ),
        (b" " * (ubl.LARGEST_BYTES + 1), "fylder mere end 20 MB"),
        (changed("billing:3.0<", "billing:2.0<"), "et andet format"),
        (changed('"DKK">19500.00', '"EUR">19500.00'), "EUR"),
        (changed("19500.00", "19500.005"), "øre"),
        (changed(">19500.00</cbc:LineExtensionAmount", ">19500.01</cbc:LineExtensionAmount"), "linje »1«"),
        (changed("<cbc:IssueDate>2026-09-01", "<cbc:IssueDate>2026-13-01"), "»2026-13-01« er ikke en dato"),
        (changed("<cbc:IssueDate>2026-09-01</cbc:IssueDate>", ""), "datoen mangler"),
        (changed("<cbc:ID>P1-7</cbc:ID>", "<cbc:ID>P1-007</cbc:ID>"), "løbenummer"),
        (changed("<cbc:ID>P1-7</cbc:ID>", "<cbc:ID>P1</cbc:ID>"), "løbenummer"),
        (changed(">42<", ">30<"), "30"),
        (changed('schemeID="0088"', 'schemeID="0192"'), "0192"),
        (changed("<cbc:Percent>25<", "<cbc:Percent>25.5<"), "helt tal"),
        (changed('<cbc:InvoicedQuantity unitCode="EA">1</cbc:InvoicedQuantity>', ""), "et antal"),
        (changed(">7.5<", ">syv<"), "»syv« er ikke et tal"),
        (changed(">7.5<", ">NaN<"), "»NaN« er ikke et tal"),
        (changed('unitCode="HUR"', 'unitCode="XXX"'), "enhed"),
        (changed("LegalMonetaryTotal>", "Whatever>"), "summerne mangler"),
        (changed("71#", "70#", FILES["fik"]), "70"),
        (
            changed("<cbc:IssueDate>2026-09-01</cbc:IssueDate></cac:Inv", "</cac:Inv", a_credit_note()),
            "datoen på den faktura",
        ),
    ],
)
def test_what_the_model_cannot_hold_is_refused_when_it_is_read(xml: bytes, because: str) -> None:
    with pytest.raises(UnreadableError, match=because):
        peppol_bis3.read(xml)


def test_a_credit_note_that_credits_two_invoices_is_refused(must_pass: MustPass) -> None:
    xml = peppol_bis3.write(a_credit_note())
    reference = xml[xml.index(b"<cac:BillingReference>") : xml.index(b"<cac:AccountingSupplierParty>")]
    both = xml.replace(reference, reference + reference.replace(b"P1-7", b"P1-6"))
    must_pass(both)
    with pytest.raises(UnreadableError, match="mere end én gang"):
        peppol_bis3.read(both)


def test_nothing_outside_the_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hemmelig")
    xml = peppol_bis3.write(an_invoice()).partition(b"\n")[2]
    bait = f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
    with pytest.raises(UnreadableError, match="dokumenttype"):
        peppol_bis3.read(bait + xml.replace(b">ASTAP<", b">&x;<"))


def test_whether_a_credit_note_is_a_part_is_the_one_thing_that_is_not_carried() -> None:
    note = a_credit_note(credited=Credited("P1-7", date(2026, 9, 1), in_part=True))
    read = peppol_bis3.read(peppol_bis3.write(note))
    assert read.credited == Credited("P1-7", date(2026, 9, 1), in_part=False)
    assert read == peppol_bis3.carried(note)
