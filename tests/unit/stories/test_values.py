"""References, paths and comparisons: what a text in a story means, and whether a value is as it says."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.local.stories.matching import Difference, differences, matches
from deploy.local.stories.paths import MISSING, may_lead, rows_at, select
from deploy.local.stories.references import UnknownReferenceError, has_reference, lookups_in, names_in, resolve

ANSWER = {"id": 7, "lines": [{"net_ore": 100, "claim_id": "a"}, {"net_ore": 50, "claim_id": "b"}], "group": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", [7]),
        ("lines.0.claim_id", ["a"]),
        ("lines.*.net_ore", [100, 50]),
        ("lines.2.claim_id", [MISSING]),
        ("id.deeper", [MISSING]),
        ("group", [None]),
        ("nothing.*", []),
    ],
)
def test_a_path_leads_to_what_is_there(path: str, found: list[Any]) -> None:
    assert select(ANSWER, path) == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("invoices", [{"lines": [1, 2]}, {"lines": [3]}]),
        ("invoices.*.lines", [1, 2, 3]),
        ("invoices.1.lines", [3]),
        ("none.*.lines", []),
        ("invoces.*.lines", None),
        ("invoices.*.line", None),
        ("invoices.*", None),
    ],
)
def test_rows_are_those_of_every_list_that_a_path_leads_to(path: str, found: list[Any] | None) -> None:
    assert rows_at({"invoices": [{"lines": [1, 2]}, {"lines": [3]}], "none": []}, path) == found


def test_a_path_may_lead_somewhere_as_long_as_nothing_speaks_against_it() -> None:
    for path in ("id", "group.id", "lines.7.x", "lines.*.claim_id"):
        assert may_lead(ANSWER, path)
    for path in ("idd", "id.x", "lines.*.claim", "lines.x", "lines.0.claim"):
        assert not may_lead(ANSWER, path)


def test_a_reference_alone_keeps_its_type_and_in_a_text_it_is_written_out() -> None:
    names = {"svar": ANSWER, "navn": "Bo"}
    said = {"{navn}": ["{svar.id}", "nr. {svar.id} af {navn}", "{svar.lines.*.claim_id}", "{{svar.id}}", "{ikke en}"]}
    assert resolve(said, names, {}) == {"Bo": [7, "nr. 7 af Bo", ["a", "b"], "{svar.id}", "{ikke en}"]}


def test_an_id_is_found_by_its_key_as_a_mapping_or_in_a_text() -> None:
    said = {"meeting_id": {"meeting": "{nøgle}"}, "path": "/x/{meeting: vest-1}", "other": {"meeting": 3}}
    names = {"nøgle": "vest-1"}
    assert set(lookups_in(said, names)) == {("meeting", "vest-1")}
    assert resolve(said, names, {("meeting", "vest-1"): "m1"}) == {
        "meeting_id": "m1",
        "path": "/x/m1",
        "other": {"meeting": 3},
    }


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{ukendt.id}", "intet trin før dette hedder ukendt"),
        ("{svar.idd}", "svar har ikke noget felt idd. Den har: id, lines, group."),
        ("x {svar.lines}", "ikke en enkelt værdi"),
    ],
)
def test_a_reference_that_leads_nowhere_says_so(said: str, why: str) -> None:
    with pytest.raises(UnknownReferenceError, match=why):
        resolve(said, {"svar": ANSWER}, {})


def test_it_is_known_beforehand_which_names_are_used() -> None:
    assert list(names_in({"a": ["{x.y}", "{z}"], "b": {"meeting": "{m}"}, "c": "{{q}}"})) == ["x", "z", "m"]
    assert has_reference({"a": [{"meeting": "vest-1"}]}) is False
    assert has_reference({"meeting": "vest-1"})
    assert has_reference(["{x}"])
    assert not has_reference(["{{x}}", "{a b}", 3])


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (7, 7),
        ("7", "7"),
        ({"at_least": 7}, 7),
        ({"at_most": "2020-12-01"}, "2020-11-12"),
        ({"at_least": 1, "at_most": 3}, 2),
        ({"contains": "mønster"}, "et mønster her"),
        ({"contains": {"id": 7}}, [{"id": 8}, ANSWER]),
        ({"one_of": [1, {"at_least": 7}]}, 9),
        ({"not": {"contains": "x"}}, "y"),
        ({"not": None}, 0),
        ({"lines.*.claim_id": "b", "lines": [{"net_ore": 100}, {}]}, ANSWER),
        ({}, "anything"),
    ],
)
def test_a_value_is_as_it_is_said(expected: Any, found: Any) -> None:
    assert matches(expected, found)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (7, "7"),
        (None, MISSING),
        ({"not": 5}, MISSING),
        ({"ukendt.felt": None}, {"id": 1}),
        (1, True),
        (True, 1),
        (0, None),
        ({"at_least": 7}, "8"),
        ({"at_least": 1}, True),
        ({"contains": "x"}, MISSING),
        ({"one_of": "abc"}, "a"),
        ([1, 2], [1]),
        ({"at_least": 7, "x": 1}, 8),
    ],
)
def test_a_value_is_not_as_it_is_said(expected: Any, found: Any) -> None:
    assert not matches(expected, found)


def test_what_differs_is_told_by_its_path() -> None:
    assert differences({"id": 8, "lines": [{"net_ore": 1}, {}], "lines.*.claim_id": "c", "x.y": 1}, ANSWER) == [
        Difference("id", 8, 7),
        Difference("lines.0.net_ore", 1, 100),
        Difference("lines.*.claim_id", "c", ["a", "b"]),
        Difference("x.y", 1, MISSING),
    ]
