"""Nothing runs beside something else without somebody who sees it die."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deploy.local.locations import ROOT

BEGIN_TASKS = {"create_task", "ensure_future", "TaskGroup"}
MAY = {"shared/base/tasks.py", "shared/base/waiting.py"}
"""The mechanism, and the tasks of `first_of`, which are over when it returns."""


def begun(tree: ast.Module) -> list[int]:
    """Lines that begin a task."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in BEGIN_TASKS)
        or (isinstance(node, ast.alias) and node.name in BEGIN_TASKS)
    ]


@pytest.mark.parametrize("folder", ["shared", "services"])
def test_tasks_are_begun_by_one_mechanism(folder: str) -> None:
    for file in sorted((ROOT / folder).rglob("*.py")):
        if file.relative_to(ROOT).as_posix() not in MAY:
            assert begun(ast.parse(file.read_text(encoding="utf-8"))) == [], file


@pytest.mark.parametrize(
    "code",
    [
        "asyncio.create_task(x())",
        "loop.create_task(x())",
        "async with asyncio.TaskGroup(): ...",
        "from asyncio import create_task",
    ],
)
def test_the_reader_sees_a_task(code: str) -> None:
    tree = ast.parse("async def f():\n    " + code)
    assert begun(tree) == [2]


def test_the_mechanism_is_there() -> None:
    assert all((ROOT / Path(name)).is_file() for name in MAY)
