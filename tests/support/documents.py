"""Invoices and credit notes as documents: ordinary ones, and random ones that keep to every check.

Random texts are hostile: control characters, lone surrogates, XML, calendar and typesetting syntax, right-to-left
marks, line breaks, 10,000 characters.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from stdnum import ean
from stdnum.iban import calc_check_digits

from services.invoicing.domain.document import (
    UNITS,
    Address,
    Allowance,
    BankAccount,
    Contact,
    Credited,
    Document,
    Endpoint,
    Fik,
    FikCard,
    Iban,
    Kind,
    Line,
    NemKonto,
    Party,
    Payment,
    Period,
    References,
    one_line,
    percent_of,
)
from services.invoicing.domain.identifiers import fik_reference, is_cvr

EXAMPLES = int(os.environ.get("TOVHOLDER_DOCUMENTS", "100"))
"""How many random documents of each format a test makes; `make documents` says 1,000."""
SECONDS = 120 + EXAMPLES
"""How long such a test may take."""
random_documents = settings(
    max_examples=EXAMPLES,
    deadline=None,
    # 200 lines are drawn on purpose.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

TODAY = date(2026, 11, 22)
"""No random document is issued later."""
ISSUED_ON = date(2026, 9, 1)
SELLER = Party(
    name="Foreningen af Kommuner",
    cvr="62532424",
    endpoint=Endpoint("CVR", "62532424"),
    address=Address(street="Eksempelgade 10", postcode="2300", city="København S"),
    contact=Contact(name="Sekretariatet", phone="33 00 00 00", email="moeder@forening.example"),
)
BUYER = Party(
    name="Prøveby Kommune",
    cvr="29189978",
    endpoint=Endpoint("GLN", "5798000000001"),
    address=Address(street="Rådhustorvet 1", postcode="9990", city="Prøveby"),
    contact=Contact(name="Asta Prøvesen", email="asta@proeveby.example"),
)
REFERENCES = References(person="ASTAP", order="4711-2026", account_string="01.02.03-4567")
THREE_LINES = (
    Line(
        id="1",
        text="Deltagergebyr, første rate",
        quantity=Decimal(1),
        unit_price_ore=Decimal(1_950_000),
        period=Period(date(2026, 9, 1), date(2027, 8, 31)),
    ),
    Line(
        id="2",
        text="Ekstra deltager: Bo Prøvesen – 1. heldagsmøde, 27. august 2026",
        quantity=Decimal(1),
        unit_price_ore=Decimal(125_000),
        period=Period(date(2026, 8, 27), date(2026, 8, 27)),
    ),
    Line(
        id="3",
        text="Konsulentbistand",
        description="Lokal proces:\nforberedelse og efterbehandling",
        quantity=Decimal("7.5"),
        unit="HUR",
        unit_price_ore=Decimal("98533.5"),
        allowances=(
            Allowance(reason="Medlemsrabat", amount_ore=73_900, percent=Decimal(10), base_ore=739_001),
            Allowance(reason="Kørsel", amount_ore=45_000, charge=True),
        ),
        period=Period(date(2026, 8, 3), date(2026, 8, 28)),
    ),
)


def an_invoice(**changes: Any) -> Document:
    """Three lines, to be paid to a bank account."""
    values: dict[str, Any] = {
        "kind": "invoice",
        "series": "P1",
        "number": 7,
        "issued_on": ISSUED_ON,
        "due_on": date(2026, 10, 1),
        "terms": "Netto 30 dage",
        "seller": SELLER,
        "buyer": BUYER,
        "references": REFERENCES,
        "payment": BankAccount("0216", "4069031234"),
        "lines": THREE_LINES,
    }
    return Document(**values | changes)


def a_credit_note(**changes: Any) -> Document:
    """The second line of `an_invoice` given back."""
    values: dict[str, Any] = {
        "kind": "credit_note",
        "series": "P1",
        "number": 8,
        "issued_on": date(2026, 9, 10),
        "seller": SELLER,
        "buyer": BUYER,
        "references": REFERENCES,
        "lines": (THREE_LINES[1],),
        "note": "Deltageren meldte afbud inden fristen.",
        "credited": Credited("P1-7", ISSUED_ON, in_part=True),
    }
    return Document(**values | changes)


def is_as_ever(file: Path, content: bytes) -> None:
    """Byte for byte what the file has; with TOVHOLDER_WRITE_GOLDEN set, the file gets it first."""
    if os.environ.get("TOVHOLDER_WRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    assert content == file.read_bytes()


_BAIT = (
    "</cbc:Name><cbc:ID>1</cbc:ID>",
    "]]>&amp;&#0;<!-- --><?xml?>",
    '<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/hostname">]>&y;',
    "Møde\r\nBEGIN:VEVENT\r\nSUMMARY:Falsk",
    "Emne\r\nBcc: alle@kommune.example",
    '#eval("1") $x$ *fed* @kilde \\ #let',
    "\u202eabc\u202c \u200f\u2066",
    "\ud800 \udfff",
    "\x00\x01\x08\x0b\x0c\x1b\x7f\x85\ufffe\uffff",
    "👩‍👩‍👧‍👦 🇩🇰 e\u0301 ﷽",
    "  a\t\tb\u00a0 c\u2028d\u2029e  ",
    "'\"`´%s{}{{}}\\n",
    "æøåÆØÅ" * 1667,
)
_CHARACTERS = st.characters(exclude_categories=()) | st.sampled_from("abcæøåÆØÅ <>&\"'\r\n\t-,.0")

texts = st.text(_CHARACTERS, max_size=30) | st.sampled_from(_BAIT)
"""Any text at all."""
names = st.builds(lambda text: text if one_line(text) else f"{text}Navn", texts)
"""Any text that is not empty once it has been cleaned."""
_days = st.dates(date(2020, 1, 1), TODAY)
_digits = st.integers(0, 10**12 - 1)
_ore = st.integers(0, 10_000_000)


def _number(most: int, decimals: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=0, max_value=most, places=decimals, allow_nan=False, allow_infinity=False)


def _cvr(at_least: int) -> str:
    return next(text for text in map(str, range(at_least, at_least + 100)) if is_cvr(text))


cvrs = st.integers(10_000_000, 99_999_000).map(_cvr)
glns = _digits.map(lambda digits: f"{digits:012d}{ean.calc_check_digit(f'{digits:012d}')}")
p_numbers = st.integers(10**9, 10**10 - 1).map(str)
endpoints = (
    glns.map(lambda gln: Endpoint("GLN", gln))
    | cvrs.map(lambda cvr: Endpoint("CVR", cvr))
    | p_numbers.map(lambda number: Endpoint("P", number))
)
addresses = st.builds(Address, street=names, postcode=names, city=names)
contacts = st.builds(Contact, name=texts, phone=texts, email=texts)
sellers = st.builds(Party, name=names, cvr=cvrs, endpoint=endpoints, address=addresses, contact=contacts)
buyers = st.builds(Party, name=names, cvr=cvrs | st.just(""), endpoint=endpoints, address=addresses, contact=contacts)
ibans = st.integers(0, 10**14 - 1).map(lambda digits: f"DK{calc_check_digits(f'DK00{digits:014d}')}{digits:014d}")
bics = st.from_regex("[A-Z]{4}DK[A-Z0-9]{2}([A-Z0-9]{3})?", fullmatch=True)


@st.composite
def references(draw: st.DrawFn) -> References:
    """Always a person or an order number."""
    person, order = draw(texts), draw(texts)
    if not one_line(person) and not one_line(order):
        person = "ASTAP"
    return References(person=person, order=order, account_string=draw(texts))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """A day, or up to two years."""
    starts = draw(_days)
    return Period(starts, starts + timedelta(draw(st.integers(0, 730))))


@st.composite
def payments(draw: st.DrawFn, series: str, number: int) -> Payment:
    """Every way of payment, with the reference that the invoice's number gives."""
    way = draw(st.sampled_from(("fik", "bank", "iban", "nemkonto")))
    if way == "fik":
        cards: tuple[FikCard, ...] = ("71", "73", "75")
        card = draw(st.sampled_from(cards))
        return Fik(card, f"8{draw(st.integers(0, 9_999_999)):07d}", fik_reference(card, one_line(series), number))
    if way == "bank":
        account = str(draw(st.integers(1000, 9_999_999_999)))
        return BankAccount(f"{draw(st.integers(1, 9999)):04d}", account)
    if way == "iban":
        return Iban(draw(ibans), draw(bics | st.just("")))
    return NemKonto()


@st.composite
def allowances(draw: st.DrawFn, most_ore: int, vat_percent: int | None) -> Allowance:
    """A charge, or a discount of at most so much; some as per cent of an amount."""
    charge = draw(st.booleans())
    reason = draw(names)
    if draw(st.booleans()):
        percent = draw(_number(100, draw(st.integers(0, 2))))
        base = draw(st.integers(0, most_ore))
        return Allowance(
            reason=reason,
            amount_ore=percent_of(base, percent),
            charge=charge,
            vat_percent=vat_percent,
            percent=percent,
            base_ore=base,
        )
    amount = draw(_ore if charge else st.integers(0, most_ore))
    return Allowance(reason=reason, amount_ore=amount, charge=charge, vat_percent=vat_percent)


@st.composite
def lines(draw: st.DrawFn, rates: tuple[int, ...] = (0, 25)) -> Line:
    """One line; its discounts leave something, or nothing, of it."""
    line = Line(
        id="1",
        text=draw(names),
        description=draw(texts),
        quantity=draw(_number(1000, draw(st.integers(0, 6)))) or Decimal(1),
        unit=draw(st.sampled_from(sorted(UNITS))),
        unit_price_ore=draw(_number(10_000_000, draw(st.integers(0, 4)))),
        vat_percent=draw(st.sampled_from(rates)),
        period=draw(st.none() | periods()),
    )
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        line = replace(line, allowances=(*line.allowances, draw(allowances(line.net_ore, None))))
    return line


@st.composite
def documents(draw: st.DrawFn, kinds: tuple[Kind, ...] = ("invoice", "credit_note"), most_lines: int = 200) -> Document:
    """Any document that keeps to every check of ours on TODAY.

    Many lines repeat a few that differ: what 200 drawn ones would add is only time.
    """
    kind = draw(st.sampled_from(kinds))
    series, number, issued_on = (
        draw(st.sampled_from(("", "P1", "F-2026", "ÆØÅ"))),
        draw(st.integers(1, 10**9 - 1)),
        draw(_days),
    )
    few = draw(st.lists(lines(draw(st.sampled_from(((25,), (0, 25), (0,))))), min_size=1, max_size=4))
    count = draw(st.one_of(st.integers(1, 6), st.integers(1, 6), st.integers(1, most_lines)))
    document = Document(
        kind=kind,
        series=series,
        number=number,
        issued_on=issued_on,
        due_on=issued_on + timedelta(draw(st.integers(0, 60))) if kind == "invoice" else None,
        terms=draw(texts),
        seller=draw(sellers),
        buyer=draw(buyers),
        references=draw(references()),
        payment=draw(payments(series, number)) if kind == "invoice" else draw(st.sampled_from((None, NemKonto()))),
        lines=tuple(replace(few[at % len(few)], id=str(at + 1)) for at in range(count)),
        exemption="Undervisning, momslovens § 13, stk. 1, nr. 3"
        if any(not one.vat_percent for one in few[:count])
        else "",
        note=draw(texts),
        delivered_on=draw(_days),
    )
    document = _in_the_whole(draw, document)
    if kind == "credit_note":
        earlier = issued_on - timedelta(draw(st.integers(0, 400)))
        document = replace(
            document, credited=Credited(f"{series or 'F'}-{number + 1}", earlier, in_part=draw(st.booleans()))
        )
    if document.totals.payable_ore == 0 and draw(st.booleans()):
        document = replace(document, payment=None)
    return document


def _in_the_whole(draw: st.DrawFn, document: Document) -> Document:
    """Discounts and charges of the document, rounding, and a period around those of the lines."""
    for _ in range(draw(st.sampled_from((0, 0, 1, 3)))):
        rate = draw(st.sampled_from(document.totals.rates))
        one = draw(allowances(rate.net_ore, rate.vat_percent))
        document = replace(document, allowances=(*document.allowances, one))
    gross = document.totals.gross_ore
    roundings = (0, 0, -(gross % 100), -gross % 100, -(gross % 50))
    document = replace(document, rounding_ore=draw(st.sampled_from(roundings)))
    if document.totals.payable_ore == 0:
        document = replace(
            document, rounding_ore=0, allowances=() if document.totals.charges_ore else document.allowances
        )
    periods_of_lines = [line.period for line in document.lines if line.period]
    if periods_of_lines and draw(st.booleans()):
        around = Period(min(one.starts for one in periods_of_lines), max(one.ends for one in periods_of_lines))
        document = replace(document, period=around)
    return document
