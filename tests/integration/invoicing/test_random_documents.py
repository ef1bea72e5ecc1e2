"""Whatever is invoiced, each format says it so that the official rules and our own checks agree, and says all of it.

100 random documents of each format; `make documents` makes 1,000.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from services.invoicing.adapters.formats import FORMATS, Format
from services.invoicing.domain.document import Document
from services.invoicing.domain.document_checks import check
from tests.support.balance import BALANCES, Sums
from tests.support.documents import SECONDS, TODAY, try_on_random_documents
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


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_any_document_passes_the_official_rules_balances_and_is_read_back_as_it_was(
    form: Format, must_pass: MustPass
) -> None:
    def passes(document: Document) -> None:
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

    try_on_random_documents(passes)
