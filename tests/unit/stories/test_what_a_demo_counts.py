"""What `tovholder demo` counts: everything that a programme has, and no row about what it has not."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local.demo.play import COUNTED, Demo, has_form, table
from deploy.local.demo.timeline import LABELS, Timeline
from deploy.local.locations import ROOT
from deploy.local.stories import shelf
from deploy.local.stories.checking import check_text
from deploy.local.stories.log import Told
from deploy.local.stories.player import Played
from shared.contracts.event import FACTS
from shared.contracts.time import day_after, day_of

NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
NUMBERS = json.loads((ROOT / "tests" / "system" / "demo_numbers.json").read_text(encoding="utf-8"))
TOLD = {name.split(".")[2]: name for name in FACTS}
COUNTED_FACTS = [fact for facts in COUNTED.values() for fact in facts.values()]


def rows(summary: dict[str, Any]) -> dict[str, str]:
    story = check_text("story: x\nclock: 2020-06-01 08:00\n", "x.yaml", shelf.SHELF)
    shown = table(Demo(Played(story), summary))
    what, numbers = (list(column.cells) for column in shown.columns)
    return dict(zip(map(str, what), map(str, numbers), strict=True))


def test_what_is_counted_is_told_by_the_contracts_and_named_on_its_day() -> None:
    assert set(LABELS) <= set(TOLD)
    assert set(COUNTED_FACTS) <= set(LABELS)


@pytest.mark.parametrize("fact", COUNTED_FACTS)
def test_each_fact_is_counted_once_and_its_day_says_so(fact: str) -> None:
    timeline = Timeline()
    timeline.take([Told("t", 0, None, None, (), {"type": TOLD[fact], "time": NOW.isoformat(), "data": {}})] * 2)
    assert timeline.counts[fact] == 2
    (line,) = timeline.lines_before(day_after(day_of(NOW)))
    assert line.endswith(f"2 {LABELS[fact][1]}")


def test_a_programme_without_teams_guests_and_options_has_no_rows_about_them() -> None:
    there = rows(NUMBERS)
    assert there["Deltagere tilmeldt"] == str(NUMBERS["participants"]["registered"])
    assert [name for name in there if "faste hold" in name or "Gæst" in name or "Tilkøb" in name] == []


def test_a_programme_that_has_them_has_a_row_for_each_number() -> None:
    summary = copy.deepcopy(NUMBERS)
    summary["teams"] |= {"named": 11}
    summary["guests"] |= {"invited": 2, "removed": 1}
    summary["options"] |= {"quoted": 3, "ordered": 4, "delivered": 5}
    summary["invoices"]["options"] = {"count": 6, "net_ore": 100, "vat_ore": 25, "gross_ore": 125}
    new = {name: number for name, number in rows(summary).items() if name not in rows(NUMBERS)}
    assert new == {
        "Navngivet på faste hold": "11",
        "Gæster inviteret": "2",
        "  taget af listen": "1",
        "Tilkøb: tilbud givet": "3",
        "Tilkøb: bestilt": "4",
        "Tilkøb: leveret": "5",
        "Fakturaer: Tilkøb": "6",
    }


@pytest.mark.parametrize(
    ("who", "how", "there"),
    [
        ("municipalities", "sign_up", True),
        ("municipalities", "imported", False),
        ("invited", "invited", False),
    ],
)
def test_only_where_municipalities_sign_up_on_a_page_is_it_named(*, who: str, how: str, there: bool) -> None:
    assert has_form({"enrolment": {"who": who, "how": how}}) is there
