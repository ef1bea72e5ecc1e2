"""The walk through ASVS names every requirement of levels 1 and 2 once, and no test that is not there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache

from deploy.local.locations import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
SECTIONS = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 5.1:1 5.2:3
5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3
9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4
13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4
17.3:2
"""
"""Of each section of ASVS 5.0.0 how many requirements are of level 1 or 2; they are always its first ones."""
STATES = {"met", "part", "not met", "n/a"}
ROW = re.compile(r"^\| ((?:\d+\.\d+\.\d+(?:, )?)+) \| ([^|]+) \| ([^|]*) \| (.*) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def wanted() -> list[str]:
    sections = [section.split(":") for section in SECTIONS.split()]
    return [f"{section}.{number}" for section, count in sections for number in range(1, int(count) + 1)]


@cache
def names_in(path: str) -> frozenset[str]:
    file = ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lost(text: str) -> list[str]:
    """Tests that are named and not there."""
    return [f"{path}::{name}" for path, name in TEST.findall(text) if name not in names_in(path)]


def test_every_requirement_of_levels_1_and_2_stands_there_once_in_its_chapter() -> None:
    assert len(wanted()) == 253
    named = Counter(one for row in ROW.findall(PAGE) for one in row[0].split(", "))
    assert named == Counter(wanted())
    for chapter in re.split(r"^## V", PAGE, flags=re.MULTILINE)[1:]:
        number = chapter.partition(" ")[0]
        assert {one.partition(".")[0] for row in ROW.findall(chapter) for one in row[0].split(", ")} == {number}


def test_every_row_says_how_it_stands_and_every_test_that_is_named_is_there() -> None:
    for ids, _, state, how in ROW.findall(PAGE):
        assert state in STATES, ids
        assert how.strip(), ids
        # What is missing is said in words, whatever the tests hold.
        assert state not in {"part", "not met"} or re.search(r"[a-zæøå]{3,}", TEST.sub("", how)), ids
    assert lost(PAGE) == []
    assert PAGE.count("::test_") == len(TEST.findall(PAGE)) > 100


def test_a_test_that_is_not_there_is_seen() -> None:
    there = "`tests/architecture/test_security_page.py::test_a_test_that_is_not_there_is_seen`"
    assert lost(there) == []
    assert lost("`tests/architecture/test_security_page.py::test_nothing`, `tests/no_such.py::test_x`") == [
        "tests/architecture/test_security_page.py::test_nothing",
        "tests/no_such.py::test_x",
    ]
