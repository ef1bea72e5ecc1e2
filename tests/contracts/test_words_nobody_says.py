"""The list of facts that no service tells is true, both ways; and the contracts know the services that there are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.docs import DOCS
from deploy.local.locations import ROOT, service_names
from shared.contracts.catalogue import SERVICES
from shared.contracts.event import FACTS, TOLD_BY_OTHERS, Event, IntakeRejected


class _Values(ast.NodeVisitor):
    """Names that stand where something is made or chosen: not in annotations, imports and patterns."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        self.names.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.names.add(node.attr)
        self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        """Its annotation is no value."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *node.body):
            self.visit(part)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 # the name that ast looks for

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """`Decision[MeetingHeld]` makes nothing."""
        self.visit(node.value)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        """A pattern reads."""


def _rules(service: str) -> Iterator[Path]:
    for room in ("domain", "usecases"):
        yield from (ROOT / "services" / service / room).rglob("*.py")


def told_by(service: str) -> set[str]:
    """Class names that the service's own rules and use cases make."""
    values = _Values()
    for path in _rules(service):
        values.visit(ast.parse(path.read_text(encoding="utf-8")))
    return values.names


def by_the_kernel(fact: type[Event]) -> bool:
    """Every service answers a command that it refuses, without a line of its own."""
    return issubclass(fact, IntakeRejected)


@pytest.mark.parametrize("service", SERVICES)
def test_a_fact_is_told_by_its_service_or_marked_as_nobodys(service: str) -> None:
    ours = {fact.__name__: name for name, fact in FACTS.items() if fact.service == service and not by_the_kernel(fact)}
    told = {ours[name] for name in told_by(service) & ours.keys()}
    assert told == set(ours.values()) - TOLD_BY_OTHERS


def test_the_page_of_events_lists_them() -> None:
    page = (DOCS / "events.md").read_text(encoding="utf-8")
    listed = page.partition("## Words nobody says yet")[2].partition("\n## ")[0]
    assert {line[3:-1] for line in listed.splitlines() if line.startswith("- `")} == TOLD_BY_OTHERS


def test_each_folder_of_a_service_has_its_contracts_and_each_contracts_module_its_folder() -> None:
    assert set(SERVICES) == set(service_names())
