"""The table of walks is full, and each of its cells names a test that is there."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from deploy.local.locations import ROOT
from tests.support.walks import TABLE, WAYS


@cache
def names_in(path: str) -> dict[str, set[str]]:
    """By the name of each test of a file: the ids of its parameters, as they are written; of one without: none."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        one.name: {found for decorator in one.decorator_list for found in ids_of(decorator)}
        for one in tree.body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_")
    }


def ids_of(decorator: ast.expr) -> list[str]:
    if not isinstance(decorator, ast.Call) or not ast.unparse(decorator.func).endswith(".parametrize"):
        return []
    values = ast.literal_eval(decorator.args[1])
    return ["-".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in values]


@pytest.mark.parametrize("walk", TABLE)
def test_a_walk_is_taken_by_keyboard_without_scripts_and_on_a_phone(walk: str) -> None:
    assert set(TABLE[walk]) == set(WAYS)
    for way, test in TABLE[walk].items():
        path, _, name = test.partition("::")
        function, _, parameters = name.rstrip("]").partition("[")
        found = names_in(path)
        assert function in found, f"{walk}, {way}: there is no {test}"
        assert not parameters or parameters in found[function], f"{walk}, {way}: {function} has no [{parameters}]"
