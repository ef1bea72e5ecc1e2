"""Every kind of signed link, of all services, stands in the table of operations: what it opens, until when, and how it
is closed before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from deploy.local.locations import ROOT
from shared.base.passes import Place

_ROW = re.compile(r"^\| (`[^|]+`(?:, `[^|]+`)*) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
_PASSES = {f"pass to {one}" for one in get_args(Place)}


def written_down() -> dict[str, tuple[str, str, str]]:
    """By the purpose that it is signed for."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("| purpose it is signed for |")[2].partition("\n\n")[0]
    rows = _ROW.findall(table)
    return {
        purpose.strip("`"): (what, ends, closed) for names, what, ends, closed in rows for purpose in names.split(", `")
    }


def signed() -> Iterator[tuple[Path, set[str]]]:
    """Of each file that signs links, the purposes that it may sign for."""
    for folder in ("services", "shared"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and _signs(one)]
            for call in calls:
                yield path, _purposes(tree, call.args[0])


def _signs(call: ast.Call) -> bool:
    """Whether it asks a `Links`, by whatever name it is held."""
    at = call.func
    return isinstance(at, ast.Attribute) and at.attr == "sign" and "links" in ast.unparse(at.value).lower()


def _purposes(tree: ast.Module, said: ast.expr) -> set[str]:
    if ast.unparse(said) == "_purpose(place)":
        return _PASSES
    constants = {
        target.id: one.value.value
        for one in tree.body
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    name = ast.unparse(said)
    if name in constants:
        return {constants[name]}
    chosen = [
        each.id
        for one in ast.walk(tree)
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == name
        for each in ast.walk(one.value)
        if isinstance(each, ast.Name) and each.id in constants
    ]
    return {constants[one] for one in chosen}


def test_every_kind_of_signed_link_is_in_the_table_and_no_other() -> None:
    found: set[str] = set()
    for path, purposes in signed():
        assert purposes, f"{path} signs for a purpose that nobody can read off it"
        found |= purposes
    assert found == set(written_down())


def test_each_says_what_it_opens_and_when_it_ends() -> None:
    for purpose, said in written_down().items():
        assert all(one.strip() for one in said), purpose


def test_each_purpose_is_one_kind_alone() -> None:
    """Two kinds that were signed for one purpose would open each other's pages."""
    places: dict[str, set[str]] = {}
    for path, purposes in signed():
        for purpose in purposes:
            places.setdefault(purpose, set()).add(path.relative_to(ROOT).as_posix())
    assert {purpose: sorted(files) for purpose, files in places.items() if len(files) > 1} == {}
