"""Whatever is invoiced, each format says it so that the official rules and our own checks agree, and says all of it.

100 random documents of each format; `make documents` makes 1,000.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from services.invoicing.adapters.einvoice.formats import FORMATS, Format
from services.invoicing.domain.document.checks import check
from services.invoicing.domain.document.model import Allowance, Document, DocumentLine, Kind
from tests.support.balance import BALANCES, Sums
from tests.support.documents import ISSUED_ON, SECONDS, TODAY, a_credit_note, an_invoice, try_on_random_documents
from tests.support.official_rules import MustPass

LOST: dict[str, Callable[[Document], bool]] = {
    "peppol-bis-3": lambda document: document.credited is not None and document.credited.in_part,
    "oioubl-2.1": lambda document: any(
        not one.amount_ore
        for some in (document.allowances, *[line.allowances for line in document.lines])
        for one in some
    ),
}
"""What a format does not carry; a document without it is read back as it was."""


def line(quantity: str, price_ore: str, vat_percent: int = 25, *allowances: Allowance) -> DocumentLine:
    return DocumentLine(
        id="1",
        text="Kursus",
        quantity=Decimal(quantity),
        unit_price_ore=Decimal(price_ore),
        vat_percent=vat_percent,
        allowances=allowances,
    )


def discount(ore: int, vat_percent: int | None = None) -> Allowance:
    return Allowance(reason="Rabat", amount_ore=ore, vat_percent=vat_percent)


def third(of_ore: int, ore: int) -> Allowance:
    return Allowance(reason="Rabat", amount_ore=ore, percent=Decimal("33.333333"), base_ore=of_ore)


def charge(ore: int, vat_percent: int | None = None) -> Allowance:
    return Allowance(reason="Gebyr", amount_ore=ore, vat_percent=vat_percent, charge=True)


NASTY: dict[str, tuple[list[DocumentLine], tuple[Allowance, ...], int, tuple[int, int, int]]] = {
    # Lines, what the whole document has, rounding; and what net, moms and the amount to pay are in øre.
    "half an øre of a line goes up": ([line("1", "0.5")], (), 0, (1, 0, 1)),
    "less than half goes down": ([line("1", "0.4999"), line("1", "100")], (), 0, (100, 25, 125)),
    "half an øre of moms goes up": ([line("1", "2")], (), 0, (2, 1, 3)),
    "moms is of the sum and not of the lines": ([line("1", "2")] * 3, (), 0, (6, 2, 8)),
    "200 lines are each rounded": ([line("0.5", "1")] * 200, (), 0, (200, 50, 250)),
    "200 lines of a third": ([line("0.333333", "9999.9999")] * 200, (), 0, (666_600, 166_650, 833_250)),
    "six decimals of both": ([line("7.654321", "123456.7891")], (), 0, (944_978, 236_245, 1_181_223)),
    "next to nothing": ([line("0.000001", "0.0001"), line("1", "1")], (), 0, (1, 0, 1)),
    "much": ([line("999999.999999", "999999.9999")], (), 0, (999_999_999_899, 249_999_999_975, 1_249_999_999_874)),
    "half an øre beside what is exempt": ([line("1", "3", 0), line("1", "2")], (), 0, (5, 1, 6)),
    "a discount as large as its line": ([line("3", "33.3333", 25, discount(100)), line("1", "8")], (), 0, (8, 2, 10)),
    "a discount and a charge of a line": (
        [line("7", "14.2857", 25, third(100, 33), charge(10))],
        (),
        0,
        (77, 19, 96),
    ),
    "a discount that leaves only what is exempt": (
        [line("1", "1000", 0), line("1", "1000")],
        (discount(1000, 25),),
        0,
        (1000, 0, 1000),
    ),
    "a discount of each rate": (
        [line("1", "1001", 0), line("1", "1001")],
        (discount(1, 0), discount(3, 25), charge(4, 25)),
        0,
        (2002, 251, 2253),
    ),
    "rounded up": ([line("1", "10001")], (), 99, (10_001, 2500, 12_600)),
    "rounded down to a krone": ([line("1", "10001")], (), -1, (10_001, 2500, 12_500)),
    "nothing at all": ([line("1", "0")], (), 0, (0, 0, 0)),
}


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("name", NASTY)
def test_nasty_amounts_come_to_what_a_person_reckons(form: Format, name: str, kind: Kind, must_pass: MustPass) -> None:
    some, allowances, rounding, (net, vat, payable) = NASTY[name]
    document = (an_invoice if kind == "invoice" else a_credit_note)(
        lines=tuple(replace(one, id=str(at)) for at, one in enumerate(some, 1)),
        allowances=allowances,
        rounding_ore=rounding,
        delivered_on=ISSUED_ON,
        exemption="Undervisning" if any(not one.vat_percent for one in some) else "",
    )
    assert (document.totals.net_ore, document.totals.vat_ore, document.totals.payable_ore) == (net, vat, payable)
    passes(document, form, must_pass)


def passes(document: Document, form: Format, must_pass: MustPass) -> None:
    assert check(document, TODAY) == ()
    xml = form.write(document)
    must_pass(xml)
    totals = document.totals
    ore = (totals.lines_ore, totals.net_ore, totals.vat_ore, totals.gross_ore, totals.payable_ore)
    assert BALANCES[form.name](xml) == Sums(*[Decimal(amount).scaleb(-2) for amount in ore])
    read, carried = form.read(xml), form.carried(document)
    assert read == carried
    assert (carried == document) is not LOST[form.name](document)
    assert read.told == read.totals == totals
    assert form.write(read) == form.write(carried)


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_any_document_passes_the_official_rules_balances_and_is_read_back_as_it_was(
    form: Format, must_pass: MustPass
) -> None:
    try_on_random_documents(lambda document: passes(document, form, must_pass))
