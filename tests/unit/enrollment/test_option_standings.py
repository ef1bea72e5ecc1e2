"""What becomes of an option: every cell of the table in the docs, against the rules."""

from __future__ import annotations

import pytest

from deploy.local.locations import ROOT
from services.enrollment.console.option_standings import HAPPENINGS, ROUNDS, cell, table

TEXT = (ROOT / "docs" / "enrolments.md").read_text(encoding="utf-8").partition("## Options")[2]
WRITTEN = [[one.strip() for one in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| **")]
CELLS = {(row[0].strip("*"), what): said for row in WRITTEN for what, said in zip(HAPPENINGS, row[1:], strict=True)}


def test_the_table_is_whole() -> None:
    assert set(CELLS) == {(standing, what) for standing in ROUNDS for what in HAPPENINGS}
    assert table() in TEXT


@pytest.mark.parametrize(("standing", "what"), CELLS, ids=" × ".join)
def test_the_rules_do_what_the_table_says(standing: str, what: str) -> None:
    assert str(cell(standing, what)) == CELLS[standing, what]


def test_nothing_is_owed_that_was_not_ordered_or_accepted() -> None:
    """OptionOrdered, which alone makes a claim, is told by an order and by a yes to the quote that was read."""
    told = {(standing, what) for (standing, what), said in CELLS.items() if "OptionOrdered" in said}
    assert {what for _, what in told} == {"bestiller til fast pris", "siger ja"}
    assert {standing for standing, what in told if what == "siger ja"} == {"tilbud"}
    assert {standing for standing, what in CELLS if "OptionDelivered" in CELLS[standing, what]} == {"bestilt"}
