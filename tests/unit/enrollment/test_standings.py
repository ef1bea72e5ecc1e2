"""What becomes of an enrolment: every cell of the table in the docs, against the rules."""

from __future__ import annotations

import pytest

from deploy.local.locations import ROOT
from services.enrollment.console.standings import HAPPENINGS, STANDINGS, cell, table
from services.enrollment.domain.status import status

TEXT = (ROOT / "docs" / "enrolments.md").read_text(encoding="utf-8").partition("## Options")[0]
WRITTEN = [[one.strip() for one in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| **")]
CELLS = {(row[0].strip("*"), what): said for row in WRITTEN for what, said in zip(HAPPENINGS, row[1:], strict=True)}


def test_the_table_is_whole() -> None:
    assert set(CELLS) == {(standing, what) for standing in STANDINGS for what in HAPPENINGS}
    assert table() in TEXT


@pytest.mark.parametrize(("standing", "what"), CELLS, ids=" × ".join)
def test_the_rules_do_what_the_table_says(standing: str, what: str) -> None:
    assert str(cell(standing, what)) == CELLS[standing, what]


def test_the_words_are_these() -> None:
    assert [
        status("invited"),
        status("declined"),
        status("received"),
        status("waitlisted", allotted=False, forbehold_open=True),
        status("enrolled"),
        status("enrolled", forbehold_open=True),
        status("waitlisted", position=2),
        status("waitlisted", position=2, forbehold_open=True),
        status("not_approved"),
        status("withdrawn"),
        status("lapsed"),
    ] == [
        "Inviteret",
        "Har takket nej",
        "Modtaget",
        "Modtaget",
        "Plads bekræftet",
        "Plads reserveret – med forbehold for politisk godkendelse",
        "På venteliste (nr. 2)",
        "På venteliste – med forbehold",
        "Ikke godkendt politisk",
        "Afmeldt",
        "Bortfaldet",
    ]
