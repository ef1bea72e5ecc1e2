"""The official rules of e-invoices for tests: fetched if need be, one warm process per test process, never skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from deploy.local import einvoice_rules
from services.invoicing.adapters.einvoice.official_rules import OfficialRules

MustPass = Callable[[bytes], None]
"""Fails the test with what the rules found, unless a document keeps to the schema and to every rule of its format."""


@pytest.fixture(scope="session")
def official_rules() -> Iterator[OfficialRules]:
    with OfficialRules(einvoice_rules.install()) as rules:
        assert rules.missing() is None
        yield rules


@pytest.fixture(scope="session")
def must_pass(official_rules: OfficialRules) -> MustPass:
    def check(xml: bytes) -> None:
        verdict = official_rules.check(xml)
        assert verdict.left_out is None
        found = [f"{one.rule} ({one.severity}) {one.location}: {one.text}" for one in verdict.findings]
        assert not found, "\n".join([*found, xml.decode()])

    return check
