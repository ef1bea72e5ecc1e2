"""The traps that the official rules set for a Danish invoice: what we write avoids each, and a step aside springs it.

And the traps that they do not set: what passes them all though nobody can use it, or the law does not allow it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from services.invoicing.adapters.einvoice import formats
from services.invoicing.adapters.einvoice.formats import BY_NAME, FORMATS, Format, ubl
from services.invoicing.adapters.einvoice.formats.ubl import UnreadableError
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.domain.document.checks import check
from services.invoicing.domain.document.model import (
    Address,
    Allowance,
    BankAccount,
    Document,
    Endpoint,
    Fik,
    Iban,
    NemKonto,
)
from tests.support.documents import BUYER, SELLER, THREE_LINES, TODAY, a_credit_note, an_invoice
from tests.support.official_rules import MustPass

PLAIN = an_invoice()
PAID_BY = {
    "71": an_invoice(payment=Fik("71", "81234567", "000000000000018")),
    "73": an_invoice(payment=Fik("73", "81234567")),
    "75": an_invoice(payment=Fik("75", "81234567", "0000000000000018")),
    "iban": an_invoice(payment=Iban("DK5000400440116243", "DABADKKK")),
    "nemkonto": an_invoice(payment=NemKonto()),
}
EXEMPT = an_invoice(lines=(replace(THREE_LINES[0], vat_percent=0), *THREE_LINES[1:]), exemption="Undervisning")
ROUNDED = an_invoice(
    allowances=(Allowance(reason="Rabat", amount_ore=1000, vat_percent=25),), rounding_ore=-25, note="Tak"
)
CREDIT = a_credit_note()

PARTY_ID = "<cac:PartyIdentification><cbc:ID>1</cbc:ID></cac:PartyIdentification>"
NEMKONTO_TOO = "<cac:PaymentMeans><cbc:PaymentMeansCode>97</cbc:PaymentMeansCode></cac:PaymentMeans>"
ACCOUNT = "<cac:PayeeFinancialAccount><cbc:ID>1</cbc:ID></cac:PayeeFinancialAccount>"

Traps = list[tuple[str, Document, str, str]]
"""The rule, what is written well, what is broken of it (a regular expression), and what stands there instead."""
PEPPOL: Traps = [
    ("DK-R-002", PLAIN, '<cbc:CompanyID schemeID="0184">62532424</cbc:CompanyID>', ""),
    ("DK-R-005", PLAIN, "(PaymentMeansCode>)42", r"\g<1>30"),
    ("DK-R-007", PLAIN, "(PaymentMeansCode>)42", r"\g<1>49"),
    ("DK-R-008", PLAIN, "(PaymentMeansCode>)42", r"\g<1>50"),
    ("DK-R-010", PAID_BY["71"], "81234567", "8123456"),
    ("DK-R-010", PAID_BY["73"], "73#", "04#"),
    ("DK-R-011", PAID_BY["71"], "71#0", "71#"),
    ("DK-R-011", PAID_BY["75"], "75#00", "75#"),
    (
        "DK-R-013",
        PLAIN,
        "(<cac:PostalAddress>)",
        rf"{PARTY_ID}\1",
    ),
    ("DK-R-017", PLAIN, '"0184">29189978', '"0088">29189978'),
    ("PEPPOL-COMMON-R052", PLAIN, '"0088">5798000000001', '"0096">123456789'),
    ("PEPPOL-COMMON-R053", PLAIN, 'EndpointID schemeID="0184"', 'EndpointID schemeID="0198"'),
    ("PEPPOL-EN16931-R002", ROUNDED, "(<cbc:Note>Tak</cbc:Note>)", r"\1\1"),
    ("PEPPOL-EN16931-R008", PLAIN, "AccountingCost>[^<]+<", "AccountingCost><"),
    ("PEPPOL-EN16931-R051", PLAIN, 'DKK">19500.00', 'EUR">19500.00'),
    ("PEPPOL-EN16931-R120", PLAIN, "(<cbc:LineExtensionAmount[^>]*>)19500.00", r"\g<1>19501.00"),
    ("PEPPOL-EN16931-P0100", PLAIN, ">380<", ">381<"),
    ("PEPPOL-EN16931-P0101", CREDIT, ">381<", ">380<"),
    (
        "UBL-SR-47",
        PLAIN,
        "(</cac:PaymentMeans>)",
        rf"\1{NEMKONTO_TOO}",
    ),
    (
        "UBL-SR-44",
        PLAIN,
        "(<cac:PaymentMeans>.*?<cbc:PaymentID>)(.*</cac:PaymentMeans>)",
        r"\1\2\1other-\2",
    ),
    ("BR-E-10", EXEMPT, "<cbc:TaxExemptionReason>.*?</cbc:TaxExemptionReason>", ""),
    ("BR-O-11", EXEMPT, "<cbc:ID>E<", "<cbc:ID>O<"),
    ("BR-S-09", PLAIN, "6962.75", "6964.75"),
    ("BR-CO-13", PLAIN, "(<cbc:TaxExclusiveAmount[^>]*>)[0-9.]+", r"\g<1>1.00"),
    ("BR-CO-15", PLAIN, "(<cbc:TaxInclusiveAmount[^>]*>)[0-9.]+", r"\g<1>1.00"),
    ("BR-CO-16", ROUNDED, "(<cbc:PayableRoundingAmount[^>]*>)[-0-9.]+", r"\g<1>1.00"),
    ("UBL-DT-01", PLAIN, ">19500.00<", ">19500.001<"),
]
OIOUBL: Traps = [
    ("F-CRN161", CREDIT, "<cbc:ReferenceID>[^<]*<", "<cbc:ReferenceID><"),
    ("F-CRN081", CREDIT, "<cac:TaxTotal>.*?</cac:TaxTotal>", ""),
    ("F-INV127", PLAIN, "(<cbc:TaxExclusiveAmount[^>]*>)[0-9.]+", r"\g<1>27851.01"),
    ("F-INV128", ROUNDED, "(<cbc:TaxInclusiveAmount[^>]*>)34801.01", r"\g<1>34801.26"),
    ("F-INV134", PLAIN, "(<cac:PaymentTerms>.*?)<cbc:Amount.*?</cbc:Amount>", r"\1"),
    ("F-INV149", PLAIN, "(<cbc:LineExtensionAmount[^>]*>19500.0)0", r"\1"),
    ("F-INV338", ROUNDED, "-0.25", "-10.25"),
    ("F-LIB108", PAID_BY["iban"], "(<cac:FinancialInstitutionBranch>)", r"\1<cbc:ID>0216</cbc:ID>"),
    ("F-LIB109", PLAIN, "(PaymentMeansCode>)42", r"\g<1>31"),
    ("F-LIB113", PAID_BY["iban"], "<cac:FinancialInstitutionBranch>.*?</cac:FinancialInstitutionBranch>", ""),
    ("F-LIB128", PLAIN, "DK:BANK", "BANK"),
    ("F-LIB131", PLAIN, "4069031234", "40690312345"),
    ("F-LIB133", PLAIN, "(PaymentNote>)P1-7", rf"\g<1>{'1' * 21}"),
    ("F-LIB155", PAID_BY["71"], ">71<", ">70<"),
    ("F-LIB156", PAID_BY["71"], "000000000000018", "00000000000018"),
    ("F-LIB157", PAID_BY["75"], "0000000000000018", "000000000000018"),
    ("F-LIB158", PAID_BY["nemkonto"], "DK:NEMKONTO", "DK:BANK"),
    (
        "F-LIB164",
        PAID_BY["nemkonto"],
        "(</cbc:PaymentChannelCode>)",
        rf"\1{ACCOUNT}",
    ),
    ("F-LIB181", PLAIN, '"GLN">579', '"GLN">57'),
    ("F-LIB190", PLAIN, 'CompanyID schemeID="DK:CVR">DK', 'CompanyID schemeID="DK:CVR">'),
    ("F-LIB196", PLAIN, '"DK:SE">DK', '"DK:SE">'),
    ("F-LIB198", PLAIN, ">Moms<", ">VAT<"),
    ("F-LIB228", PLAIN, "(MultiplierFactorNumeric>)0.1<", r"\g<1>10<"),
    ("F-LIB275", PAID_BY["73"], "(<cbc:PaymentID)", r"<cbc:InstructionID>1</cbc:InstructionID>\1"),
    ("F-LIB277", PAID_BY["71"], "DK:FIK", "DK:BANK"),
    ("F-LIB305", PAID_BY["71"], "81234567", "8123456"),
    ("F-LIB306", PLAIN, "(<cac:TaxTotal>.*?</cac:TaxTotal>)", r"\1\1"),
    ("F-LIB309", EXEMPT, ">ZeroRated<", ">E<"),
    ("F-LIB315", PLAIN, "(<cac:TaxSubtotal>.*?</cac:TaxSubtotal>)", r"\1\1"),
    ("F-LIB401", PLAIN, ">4875.00<", ">4877.00<"),
]
TRAPS = [(BY_NAME["peppol-bis-3"], *one) for one in PEPPOL] + [(BY_NAME["oioubl-2.1"], *one) for one in OIOUBL]


@pytest.mark.parametrize(("form", "rule", "document", "what", "instead"), TRAPS, ids=[one[1] for one in TRAPS])
def test_what_we_write_avoids_a_trap_that_one_step_aside_springs(
    form: Format, rule: str, document: Document, what: str, instead: str, official_rules: OfficialRules
) -> None:
    xml = form.write(document)
    assert official_rules.check(xml).findings == ()
    text, count = re.subn(what, instead, xml.decode(), flags=re.DOTALL)
    assert count
    assert rule in {one.rule for one in official_rules.check(text.encode()).errors}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize(
    "name",
    ["PartyIdentification", "ItemClassificationCode", "AllowanceChargeReasonCode", "PrepaidAmount"],
)
def test_what_has_rules_of_its_own_and_nobody_needs_is_never_written(form: Format, name: str) -> None:
    for document in (PLAIN, EXEMPT, ROUNDED, CREDIT, *PAID_BY.values()):
        assert name.encode() not in form.write(document)


EVERYWHERE = tuple(BY_NAME)
LET_PASS: list[tuple[str, Document, tuple[str, ...]]] = [
    ("vat_rate_not_danish", an_invoice(lines=(replace(THREE_LINES[0], vat_percent=24),)), ("peppol-bis-3",)),
    ("gln_wrong", an_invoice(buyer=replace(BUYER, endpoint=Endpoint("GLN", "036000291452"))), ("peppol-bis-3",)),
    ("gln_wrong", an_invoice(buyer=replace(BUYER, endpoint=Endpoint("GLN", "5798000000006"))), ("oioubl-2.1",)),
    (
        "cvr_wrong",
        an_invoice(seller=replace(SELLER, cvr="62532425", endpoint=Endpoint("CVR", "62532425"))),
        EVERYWHERE,
    ),
    ("cvr_wrong", an_invoice(buyer=replace(BUYER, cvr="29189979")), EVERYWHERE),
    ("endpoint_wrong", an_invoice(buyer=replace(BUYER, endpoint=Endpoint("CVR", "29189979"))), EVERYWHERE),
    ("iban_wrong", an_invoice(payment=Iban("DK5100400440116243")), EVERYWHERE),
    ("fik_reference_wrong", an_invoice(payment=Fik("71", "81234567", "000000000000017")), EVERYWHERE),
    ("fik_reference_wrong", an_invoice(payment=Fik("75", "81234567", "000000000000018")), ("peppol-bis-3",)),
    ("fik_creditor_wrong", an_invoice(payment=Fik("73", "71234567")), EVERYWHERE),
    ("due_before_issue", an_invoice(due_on=date(2026, 8, 31)), EVERYWHERE),
    ("issued_ahead", an_invoice(issued_on=date(2036, 9, 1), due_on=date(2036, 10, 1)), EVERYWHERE),
    ("due_missing", an_invoice(due_on=None, terms=""), EVERYWHERE),
    ("delivery_missing", an_invoice(lines=tuple(replace(line, period=None) for line in THREE_LINES)), EVERYWHERE),
    ("address_missing", an_invoice(seller=replace(SELLER, address=Address())), EVERYWHERE),
    ("credited_missing", a_credit_note(credited=None), EVERYWHERE),
    ("credit_note_with_payment", a_credit_note(payment=BankAccount("0216", "4069031234")), EVERYWHERE),
    ("payment_missing", an_invoice(payment=None), EVERYWHERE),
]


@pytest.mark.parametrize(
    ("form", "code", "document"),
    [(BY_NAME[name], code, document) for code, document, names in LET_PASS for name in names],
    ids=[f"{code}-{name}" for code, _, names in LET_PASS for name in names],
)
def test_what_the_official_rules_let_pass_is_found_by_ours_in_the_document_and_in_its_file(
    form: Format, code: str, document: Document, must_pass: MustPass
) -> None:
    xml = form.write(document)
    must_pass(xml)
    assert [one.code for one in check(document, TODAY)] == [code]
    assert [one.code for one in check(formats.read(xml), TODAY)] == [code]


@pytest.mark.parametrize("ore", [99, -99, 1])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_moms_that_is_less_than_a_krone_wrong_passes_the_official_rules_and_not_ours(
    form: Format, ore: int, must_pass: MustPass
) -> None:
    totals = PLAIN.totals
    xml = form.write(PLAIN)
    for amount in (totals.vat_ore, totals.gross_ore):
        xml = xml.replace(f">{ubl.kroner(amount)}<".encode(), f">{ubl.kroner(amount + ore)}<".encode())
    must_pass(xml)
    (found,) = check(form.read(xml), TODAY)
    assert (found.code, found.field) == ("sums_differ", "totals.vat_ore")


def test_a_credit_note_paid_by_a_way_that_nobody_has_named_is_not_in_order(must_pass: MustPass) -> None:
    form = BY_NAME["peppol-bis-3"]
    xml = form.write(a_credit_note(payment=BankAccount("0216", "4069031234"))).replace(b"Code>42<", b"Code>30<")
    must_pass(xml)
    with pytest.raises(UnreadableError, match="»30«") as refused:
        formats.read(xml)
    assert refused.value.place == "cac:PaymentMeans/cbc:PaymentMeansCode"
