"""What a service says no with stands in its OpenAPI document."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from deploy.local.locations import ROOT
from shared.web.openapi import WRITE_ANSWERS

OF_PAGES_ALONE = {("services/enrollment/domain/draft.py", 429)}
"""A draft is begun by the page of the form; the API has none."""


def refused_with() -> Iterator[tuple[str, int]]:
    """Each status that is written beside a `Refused`, and where; 409 is what one without any has."""
    for top in ("services", "shared"):
        for file in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                    for one in node.keywords:
                        if one.arg == "status":
                            numbers = [n.value for n in ast.walk(one.value) if isinstance(n, ast.Constant)]
                            yield from ((str(file.relative_to(ROOT)), n) for n in numbers if isinstance(n, int))


def test_every_status_of_a_refusal_is_one_that_the_documents_name() -> None:
    found = set(refused_with())
    assert {status for _, status in found} > {404, 410, 413, 422}
    assert {one for one in found if one[1] not in WRITE_ANSWERS} == OF_PAGES_ALONE
