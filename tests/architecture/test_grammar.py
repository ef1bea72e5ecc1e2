"""The words of the house mean one thing each: what a function is called says what it does to the database.

Read from the syntax tree of every service, a fifth one's too; what the words mean stands in CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.local.locations import ROOT, service_names

LOCKS = re.compile(r"\bFOR (UPDATE|NO KEY UPDATE|SHARE|KEY SHARE)\b|\bpg_(try_)?advisory")
WRITES = re.compile(r"\b(INSERT INTO|DELETE FROM|UPDATE \w+( AS \w+)? SET)\b")
WRITERS = {"insert", "insert_new", "insert_in_order", "upsert", "update"}
"""Of `Table`."""
LOOKS = re.compile(r"(load|read|count|list|find|get|show|look|fetch)(_|$)")
OTHER_WORDS_FOR_READING = re.compile(r"(list|get|show|fetch|find|view)_")
EFFECTS = {"publish", "tell", "set", "arm", "disarm", "forward"}
MOST_ARGUMENTS = 9

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Said:
    """What a function says to the database itself, and which functions of its file it calls."""

    sql: str = ""
    calls: set[str] = field(default_factory=set)


def python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def functions(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def texts(node: ast.AST) -> str:
    return "\n".join(
        part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def said_in(tree: ast.Module) -> dict[str, Said]:
    """By the function's name; the SQL that is a constant of the file counts where it is used."""
    constants = {
        target.id: texts(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, Said] = {}
    for function in functions(tree):
        said = found.setdefault(function.name, Said())
        said.sql += "\n".join(texts(part) for part in function.body[_docstring(function) :])
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id != function.name:
                said.sql += "\n" + constants.get(node.id, "")
                said.calls.add(node.id)
            elif isinstance(node, ast.Attribute):
                said.calls.add(node.attr)
                if node.attr in WRITERS:
                    said.sql += "\nINSERT INTO"
    return found


def _docstring(function: Function) -> int:
    return 0 if ast.get_docstring(function) is None else 1


def all_sql(name: str, found: dict[str, Said], seen: frozenset[str] = frozenset()) -> str:
    """With that of the functions of the file that it calls."""
    if name in seen or name not in found:
        return ""
    return found[name].sql + "".join(all_sql(one, found, seen | {name}) for one in sorted(found[name].calls))


def wrong_words(tree: ast.Module) -> list[str]:
    """Functions of an adapter that lock and are not called so, or the other way round."""
    found = said_in(tree)
    wrong = []
    for name in found:
        word, sql = name.lstrip("_"), all_sql(name, found)
        locks, writes = LOCKS.search(sql), WRITES.search(sql)
        if word.startswith("lock") and not locks and not writes:
            wrong.append(f"{name} locks nothing")
        if LOOKS.match(word) and (locks or writes):
            wrong.append(f"{name} {'locks' if locks else 'writes'}")
        if word.startswith(("save", "insert", "mark")) and LOCKS.search(found[name].sql):
            wrong.append(f"{name} locks")
    return wrong


@pytest.mark.parametrize("service", service_names())
def test_lock_locks_and_load_does_not(service: str) -> None:
    for file in python_files(ROOT / "services" / service / "adapters"):
        assert wrong_words(ast.parse(file.read_text(encoding="utf-8"))) == [], file


@pytest.mark.parametrize("service", service_names())
def test_what_follows_is_told_by_use_cases_alone(service: str) -> None:
    for room in ("adapters", "domain", "pages", "workers", "console"):
        for file in python_files(ROOT / "services" / service / room):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tx":
                    assert node.attr not in EFFECTS, f"{file}:{node.lineno} tx.{node.attr}"


@pytest.mark.parametrize("service", service_names())
def test_one_word_for_use_cases_that_read(service: str) -> None:
    for file in python_files(ROOT / "services" / service / "usecases"):
        assert not OTHER_WORDS_FOR_READING.match(file.stem), file
        reading = file.stem.startswith("read_")
        for function in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(function, Function):
                assert not OTHER_WORDS_FOR_READING.match(function.name), f"{file}: {function.name}"
        if reading:
            calls = {
                node.attr
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                if isinstance(node, ast.Attribute)
            }
            changes = {name for name in calls if re.match(r"(save|insert|mark|lock|upsert|update|delete)(_|$)", name)}
            assert not changes | (calls & {"publish", "tell", "arm", "disarm"}), f"{file}: {changes}"


def test_rows_go_by_columns_and_are_read_by_name() -> None:
    for file in (*python_files(ROOT / "services"), *python_files(ROOT / "shared")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for found in re.finditer(r"\$(\d+)", texts(tree)):
            assert int(found[1]) <= MOST_ARGUMENTS, f"{file}: {found[0]}"
        if ".fetch" in file.read_text(encoding="utf-8"):
            for node in ast.walk(tree):
                if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "row":
                    assert ast.unparse(node.slice) == "0" or not ast.unparse(node.slice).isdigit(), (
                        f"{file}:{node.lineno}"
                    )


def test_imports_stand_at_the_top_and_none_is_excused() -> None:
    """A deferred import hides a circle or an arrow upwards. The linter finds them; the command line alone has leave."""
    for folder in ("services", "shared", "deploy"):
        for file in python_files(ROOT / folder):
            assert "noqa: PLC0415" not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("async def load(tx): await tx.fetch('SELECT 1 FOR UPDATE')", ["load locks"]),
        ("_Q = 'SELECT 1 FOR SHARE OF a'\nasync def read_all(tx): await tx.fetch(_Q)", ["read_all locks"]),
        (
            "async def _lock(tx): await tx.fetch('SELECT 1 FOR UPDATE')\nasync def load(tx): await _lock(tx)",
            ["load locks"],
        ),
        ("async def lock(tx): await tx.fetch('SELECT 1')", ["lock locks nothing"]),
        ("async def load(tx): await tx.execute('UPDATE meetings AS m SET x = 1')", ["load writes"]),
        ("async def load(tx): await ROWS.upsert(tx, [])", ["load writes"]),
        ("async def lock(tx): await ROWS.upsert(tx, [])", []),
        ("async def save(tx): await tx.execute('SELECT 1 FOR UPDATE')", ["save locks"]),
        ("async def lock(tx):\n    'Not FOR UPDATE.'\n    await tx.fetch('SELECT 1')", ["lock locks nothing"]),
        (
            "async def lock(tx): await tx.fetch('SELECT 1 FOR UPDATE')\nasync def load(tx): await tx.fetch('SELECT 1')",
            [],
        ),
    ],
)
def test_the_reader_of_words_sees_what_is_wrong(code: str, wrong: list[str]) -> None:
    assert wrong_words(ast.parse(code)) == wrong
