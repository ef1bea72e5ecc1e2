"""A document that exists holds together: sums, rounding, clean texts, and nothing that only a program can get wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.invoicing.domain.document.model import (
    Address,
    Allowance,
    BankAccount,
    Contact,
    Credited,
    Document,
    DocumentLine,
    Endpoint,
    Fik,
    Iban,
    Party,
    Period,
    References,
    VatSum,
    one_line,
    several_lines,
)
from tests.support.documents import (
    ISSUED_ON,
    SECONDS,
    THREE_LINES,
    a_credit_note,
    an_invoice,
    texts,
    try_on_random_documents,
)


def a_line(**changes: Any) -> DocumentLine:
    values: dict[str, Any] = {"id": "1", "text": "Gebyr", "quantity": Decimal(1), "unit_price_ore": Decimal(100)}
    return DocumentLine(**values | changes)


def a_discount(**changes: Any) -> Allowance:
    values: dict[str, Any] = {"reason": "Rabat", "amount_ore": 10, "vat_percent": 25}
    return Allowance(**values | changes)


def test_three_lines_with_discounts_and_charges_come_to_this() -> None:
    totals = an_invoice(
        allowances=(a_discount(amount_ore=75_000), a_discount(reason="Fragt", amount_ore=5_000, charge=True)),
        rounding_ore=-25,
    ).totals
    # 7.5 hours at 985.335 kr. are 7,390.0125 kr.; the discount of 10 % and the drive are the line's own.
    assert [line.net_ore for line in THREE_LINES] == [1_950_000, 125_000, 739_001 - 73_900 + 45_000]
    assert totals.lines_ore == 2_785_101
    assert (totals.allowances_ore, totals.charges_ore, totals.net_ore) == (75_000, 5_000, 2_715_101)
    assert totals.rates == (VatSum(25, 2_715_101, 678_775),)
    assert (totals.gross_ore, totals.payable_ore) == (3_393_876, 3_393_851)


def test_moms_is_taken_of_the_sum_per_rate_and_not_line_by_line() -> None:
    lines = tuple(a_line(id=str(at), unit_price_ore=Decimal(2)) for at in range(3))
    # Three times 0.5 øre half up are 3 øre, and 1.5 øre are 2.
    assert an_invoice(lines=lines).totals.vat_ore == 2


def test_what_is_exempt_has_a_sum_of_its_own_and_no_moms() -> None:
    lines = (a_line(), a_line(id="2", vat_percent=0, unit_price_ore=Decimal(77)))
    totals = an_invoice(lines=lines, exemption="Undervisning").totals
    assert totals.rates == (VatSum(0, 77, 0), VatSum(25, 100, 25))


@pytest.mark.parametrize(
    ("quantity", "price", "net"),
    [("1", "0.5", 1), ("1", "0.4999", 0), ("3", "0.5", 2), ("0.333333", "150", 50), ("2.5", "379.4", 949)],
)
def test_a_line_is_rounded_half_up_to_the_ore(quantity: str, price: str, net: int) -> None:
    assert a_line(quantity=Decimal(quantity), unit_price_ore=Decimal(price)).net_ore == net


def test_sums_do_not_depend_on_the_precision_that_a_thread_has_set() -> None:
    with localcontext() as context:
        context.prec = 3
        assert a_line(quantity=Decimal("123456.789"), unit_price_ore=Decimal("98765.4321")).net_ore == 12_193_263_111


@pytest.mark.timeout(SECONDS)
def test_the_sums_of_any_document_balance_to_the_ore() -> None:
    try_on_random_documents(balances)


def balances(document: Document) -> None:
    totals = document.totals
    sign = {True: 1, False: -1}
    exact = [
        (line.quantity * line.unit_price_ore).quantize(Decimal(1), ROUND_HALF_UP)
        + sum(sign[one.charge] * one.amount_ore for one in line.allowances)
        for line in document.lines
    ]
    assert totals.lines_ore == sum(exact)
    assert totals.net_ore == totals.lines_ore + totals.charges_ore - totals.allowances_ore
    assert sum(rate.net_ore for rate in totals.rates) == totals.net_ore
    for rate in totals.rates:
        assert 0 <= (rate.vat_ore * 100 - rate.net_ore * rate.vat_percent) + 50 <= 100
        assert rate.vat_ore == (Decimal(rate.net_ore * rate.vat_percent) / 100).quantize(Decimal(1), ROUND_HALF_UP)
    assert totals.vat_ore == sum(rate.vat_ore for rate in totals.rates)
    assert totals.gross_ore == totals.net_ore + totals.vat_ore
    assert totals.payable_ore == totals.gross_ore + document.rounding_ore >= 0


@given(text=texts | st.text())
def test_a_text_can_stand_in_xml_and_cleaning_it_twice_changes_nothing(text: str) -> None:
    for clean in (one_line, several_lines):
        once = clean(text)
        assert clean(once) == once == once.strip()
        for mark in once:
            code = ord(mark)
            assert (
                mark in "\t\n"
                or 0x20 <= code < 0x7F
                or 0xA0 <= code <= 0xD7FF
                or 0xE000 <= code <= 0xFFFD
                or code > 0xFFFF
            )
    assert not set(one_line(text)) & set("\t\n\r\x0b\x0c\x85\u2028\u2029")


@pytest.mark.parametrize(
    ("text", "line", "lines"),
    [
        ("Møde\r\nBEGIN:VEVENT", "Møde BEGIN:VEVENT", "Møde\nBEGIN:VEVENT"),
        ("a\x00b\ud800c\ufffed\x1b", "abcd", "abcd"),
        ("  \u00a0 ", "", ""),
        ("a\u2028b\x85c", "a b c", "a\nb\nc"),
        ("\u202eabc 👩‍👩‍👧 e\u0301", "\u202eabc 👩‍👩‍👧 e\u0301", "\u202eabc 👩‍👩‍👧 e\u0301"),
    ],
)
def test_what_xml_cannot_carry_goes_and_the_rest_stays(text: str, line: str, lines: str) -> None:
    assert (one_line(text), several_lines(text)) == (line, lines)


def test_ten_thousand_characters_stay() -> None:
    text = "æøå " * 2500
    assert an_invoice(note=text).note == text.strip()


@pytest.mark.parametrize(
    ("field", "build"),
    [
        ("number", lambda: an_invoice(number=0)),
        ("number", lambda: an_invoice(number=True)),
        ("lines", lambda: an_invoice(lines=())),
        ("lines", lambda: an_invoice(lines=(a_line(), a_line()))),
        ("rounding_ore", lambda: an_invoice(rounding_ore=100)),
        ("rounding_ore", lambda: an_invoice(rounding_ore=0.5)),
        ("rounding_ore", lambda: an_invoice(lines=(a_line(unit_price_ore=Decimal(0)),), rounding_ore=-1)),
        ("allowances", lambda: an_invoice(allowances=(a_discount(vat_percent=None),))),
        ("allowances", lambda: an_invoice(allowances=(a_discount(vat_percent=None, charge=True),))),
        ("allowances", lambda: an_invoice(allowances=(a_discount(amount_ore=10_000_000),))),
        ("allowances", lambda: an_invoice(allowances=(a_discount(vat_percent=0),), exemption="Undervisning")),
        ("exemption", lambda: an_invoice(exemption="Undervisning")),
        ("credited", lambda: an_invoice(credited=Credited("P1-1", ISSUED_ON))),
        ("due_on", lambda: a_credit_note(due_on=ISSUED_ON)),
        ("period", lambda: an_invoice(period=Period(ISSUED_ON, ISSUED_ON))),
        ("period.ends", lambda: Period(date(2026, 2, 1), date(2026, 1, 31))),
        ("credited.id", lambda: Credited(" \x00", ISSUED_ON)),
        ("endpoint", lambda: Endpoint("GLN", " ")),
        ("payment.reference", lambda: Fik("71", "81234567")),
        ("payment.reference", lambda: Fik("73", "81234567", "1")),
        ("line.id", lambda: a_line(id="\n")),
        ("line.quantity", lambda: a_line(quantity=Decimal(0))),
        ("line.quantity", lambda: a_line(quantity=Decimal(-1))),
        ("line.quantity", lambda: a_line(quantity=1.5)),
        ("line.quantity", lambda: a_line(quantity=Decimal("NaN"))),
        ("line.quantity", lambda: a_line(quantity=Decimal("0.0000001"))),
        ("line.unit_price_ore", lambda: a_line(unit_price_ore=Decimal(-1))),
        ("line.unit_price_ore", lambda: a_line(unit_price_ore=Decimal("0.00001"))),
        ("line.unit_price_ore", lambda: a_line(unit_price_ore=Decimal("Infinity"))),
        ("line.unit", lambda: a_line(unit="stk.")),
        ("line.vat_percent", lambda: a_line(vat_percent=101)),
        ("line.vat_percent", lambda: a_line(vat_percent=25.0)),
        ("line.allowances", lambda: a_line(allowances=(a_discount(),))),
        ("line.allowances", lambda: a_line(allowances=(a_discount(vat_percent=None, amount_ore=101),))),
        ("allowance.reason", lambda: a_discount(reason="")),
        ("allowance.amount_ore", lambda: a_discount(amount_ore=-1)),
        ("allowance.amount_ore", lambda: a_discount(amount_ore=1.0)),
        ("allowance.amount_ore", lambda: a_discount(percent=Decimal(10), base_ore=1000)),
        ("allowance.percent", lambda: a_discount(percent=Decimal(10))),
        ("allowance.percent", lambda: a_discount(percent=Decimal(-10), base_ore=-100)),
        ("allowance.base_ore", lambda: a_discount(percent=Decimal(10), base_ore=100.0)),
        ("allowance.vat_percent", lambda: a_discount(vat_percent=-1)),
    ],
)
def test_what_only_a_program_can_get_wrong_cannot_be_made(field: str, build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=f"^{field.replace('.', '[.]')}: "):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: an_invoice(number=1),
        lambda: an_invoice(rounding_ore=99),
        lambda: an_invoice(rounding_ore=-99),
        lambda: an_invoice(lines=(a_line(unit_price_ore=Decimal(4)),), rounding_ore=-5),
        lambda: an_invoice(lines=(a_line(period=Period(ISSUED_ON, ISSUED_ON)),), period=Period(ISSUED_ON, ISSUED_ON)),
        lambda: a_line(allowances=(a_discount(vat_percent=None, amount_ore=100),)),
        lambda: a_discount(amount_ore=0),
        lambda: a_discount(amount_ore=0, percent=Decimal(0), base_ore=100),
        lambda: a_discount(vat_percent=0),
        lambda: a_discount(vat_percent=100),
        lambda: a_line(quantity=Decimal("0.000001"), unit_price_ore=Decimal("0.0001")),
        lambda: a_line(quantity=Decimal("1.00000000"), unit_price_ore=Decimal("1E+3")),
    ],
)
def test_what_is_just_within_the_limits_can_be_made(build: Callable[[], object]) -> None:
    assert build()


def test_every_text_is_clean_wherever_it_stands() -> None:
    odd = " \x00Ib\x1b\r\nBo "
    contact, address = Contact(name=odd, phone=odd, email=odd), Address(street=odd, postcode=odd, city=odd, country=odd)
    party = Party(name=odd, cvr=odd, address=address, contact=contact, endpoint=Endpoint("GLN", odd))
    reason = a_discount(reason=odd, vat_percent=None)
    document = an_invoice(
        series=odd,
        terms=odd,
        note=odd,
        exemption=odd,
        seller=party,
        buyer=party,
        references=References(person=odd, order=odd, account_string=odd),
        lines=(a_line(id=odd, text=odd, description=odd, vat_percent=0, allowances=(reason,)),),
    )
    others = [Credited(odd, ISSUED_ON), Fik("71", odd, odd), BankAccount(odd, odd), Iban(odd, odd)]
    found = [text for part in (document, *others) for text in texts_in(part) if "Ib" in text]
    assert len(found) == 38
    assert {text.replace(" ", "").replace("\n", "") for text in found} == {"IbBo"}
    assert sorted({text for text in found if "\n" in text}) == ["Ib\nBo"]
    assert (document.note, document.terms, document.lines[0].description) == ("Ib\nBo",) * 3
    assert document.lines[0].text == "Ib Bo"


def texts_in(part: object) -> Iterator[str]:
    """Every text of it and of what it is made of."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from texts_in(one)
    elif is_dataclass(part):
        for one in fields(part):
            yield from texts_in(getattr(part, one.name))


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        an_invoice().number = 8  # type: ignore[misc] # the point


def test_a_number_without_a_series_stands_alone() -> None:
    assert an_invoice(series="").id == "7"
    assert an_invoice(series=" P1\n").id == "P1-7"


def test_the_spaces_of_an_iban_are_for_people() -> None:
    assert Iban("DK50 0040 0440 1162 43").iban == "DK5000400440116243"


def test_what_another_place_has_told_is_no_part_of_what_a_document_says() -> None:
    assert replace(an_invoice(), told=a_credit_note().totals) == an_invoice()
