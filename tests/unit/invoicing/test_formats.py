"""Which format a customer gets on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.invoicing.adapters.formats import BY_NAME, FORMATS, NoFormatError, chosen

BIS3, OIOUBL = BY_NAME["peppol-bis-3"], BY_NAME["oioubl-2.1"]
BIS4 = replace(BIS3, name="nemhandel-bis-4", valid_from=date(2028, 1, 1))
NEXT = (replace(BIS3, valid_until=date(2029, 6, 30)), OIOUBL, BIS4)


def test_a_customer_gets_the_format_it_asked_for_and_peppol_when_it_has_not() -> None:
    assert chosen("oioubl", date(2026, 11, 22)) is OIOUBL
    assert chosen("peppol", date(2026, 11, 22)) is BIS3
    assert chosen(None, date(2026, 11, 22)) is BIS3


def test_a_customer_moves_to_the_next_version_on_its_day() -> None:
    assert chosen("peppol", date(2027, 12, 31), NEXT).name == BIS3.name
    assert chosen("peppol", date(2028, 1, 1), NEXT) is BIS4


def test_a_customer_whose_format_is_gone_gets_the_usual_one() -> None:
    assert chosen("oioubl", date(2029, 6, 30), NEXT) is OIOUBL
    assert chosen("oioubl", date(2029, 7, 1), NEXT) is BIS4


def test_where_no_format_holds_none_is_made_up() -> None:
    with pytest.raises(NoFormatError, match="1999"):
        chosen("peppol", date(1999, 1, 1))


def test_every_format_has_its_own_name() -> None:
    assert len(BY_NAME) == len(FORMATS)
