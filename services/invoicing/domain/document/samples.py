"""Documents to look at: one invoice and one credit note between parties that do not exist."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.invoicing.domain.document.model import (
    Address,
    BankAccount,
    Contact,
    Credited,
    Document,
    DocumentLine,
    Endpoint,
    Party,
    Period,
    References,
)

_SELLER = Party(
    name="Foreningen af Kommuner",
    cvr="62532424",
    endpoint=Endpoint("CVR", "62532424"),
    address=Address(street="Eksempelgade 10", postcode="2300", city="København S"),
    contact=Contact(name="Netværkssekretariatet", phone="33 00 00 00", email="netvaerk@forening.example"),
)
_BUYER = Party(
    name="Prøveby Kommune",
    cvr="29189978",
    endpoint=Endpoint("GLN", "5798000000001"),
    address=Address(street="Rådhustorvet 1", postcode="9990", city="Prøveby"),
    contact=Contact(name="Asta Prøvesen", email="asta@proeveby.example"),
)
_REFERENCES = References(person="ASTAP", order="4711-2026", account_string="01.02.03-4567")
_HELD = date(2026, 8, 27)
_EXTRA = DocumentLine(
    id="2",
    text="Ekstra deltager på heldagsmøde: Bo Eksempelsen – 1. heldagsmøde i Vest, 27. august 2026",
    quantity=Decimal(1),
    unit_price_ore=Decimal(100_000),
    period=Period(_HELD, _HELD),
)
_MATERIAL = DocumentLine(
    id="3",
    text="Undervisning, momsfri",
    quantity=Decimal("7.5"),
    unit="HUR",
    unit_price_ore=Decimal(80_000),
    vat_percent=0,
    period=Period(date(2026, 8, 3), date(2026, 8, 28)),
)

INVOICE = Document(
    kind="invoice",
    series="ungenetvaerk",
    number=7,
    issued_on=date(2026, 9, 1),
    due_on=date(2026, 10, 1),
    terms="Netto 30 dage",
    seller=_SELLER,
    buyer=_BUYER,
    references=_REFERENCES,
    payment=BankAccount("0216", "4069031234"),
    exemption="Undervisning er momsfri efter momslovens § 13, stk. 1, nr. 3.",
    lines=(
        DocumentLine(
            id="1",
            text="Deltagergebyr, netværk om den kommunale ungeindsats",
            quantity=Decimal(1),
            unit_price_ore=Decimal(1_950_000),
            period=Period(date(2026, 9, 1), date(2028, 8, 31)),
        ),
        _EXTRA,
        _MATERIAL,
    ),
)
CREDIT_NOTE = Document(
    kind="credit_note",
    series="ungenetvaerk",
    number=8,
    issued_on=date(2026, 9, 10),
    seller=_SELLER,
    buyer=_BUYER,
    references=_REFERENCES,
    lines=(_EXTRA,),
    note="Deltageren meldte afbud inden fristen.",
    credited=Credited("ungenetvaerk-7", INVOICE.issued_on, in_part=True),
)
SAMPLES = {"faktura": INVOICE, "kreditnota": CREDIT_NOTE}
