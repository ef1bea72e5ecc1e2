"""What becomes of an enrolment: every cell of the table in the docs, against the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.local.locations import ROOT
from services.enrollment.console.standings import (
    CALLED_OFF_ROW,
    CALLS_OFF,
    HAPPENINGS,
    STANDINGS,
    cell,
    cell_of,
    table,
)
from services.enrollment.domain.enrolment import ENDED
from services.enrollment.domain.status import CALLED_OFF, status

TEXT = (ROOT / "docs" / "enrolments.md").read_text(encoding="utf-8").partition("## Options")[0]
WRITTEN = [[one.strip() for one in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| **")]
CELLS = {(row[0].strip("*"), what): said for row in WRITTEN for what, said in zip(HAPPENINGS, row[1:], strict=True)}


def test_the_table_is_whole() -> None:
    assert set(CELLS) == {(standing, what) for standing in STANDINGS for what in HAPPENINGS}
    assert table() in TEXT


@pytest.mark.parametrize(("standing", "what"), CELLS, ids=" × ".join)
def test_the_rules_do_what_the_table_says(standing: str, what: str) -> None:
    assert str(cell(standing, what)) == CELLS[standing, what]


@pytest.mark.parametrize("standing", STANDINGS)
def test_in_a_programme_that_is_called_off_whoever_had_not_ended_meets_what_the_row_says(standing: str) -> None:
    there = STANDINGS[standing].enrolment
    row = {what: str(cell(CALLED_OFF_ROW, what)) for what in HAPPENINGS}
    found = {what: str(cell_of(replace(STANDINGS[standing], programme_open=False), what)) for what in HAPPENINGS}
    if there is None:
        assert {said for said in found.values() if said != "–"} == {"`programme_cancelled`"}
        return
    assert found == (row if there.state not in ENDED else {**row, CALLS_OFF: "–"})


def test_the_words_are_these_and_the_docs_name_them() -> None:
    words = [
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
        CALLED_OFF,
    ]
    assert words == [
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
        "Aflyst",
    ]
    named = " ".join(TEXT.partition("## What is read of it")[2].partition("## What becomes of it")[0].split())
    assert [word for word in words if word not in named] == []
