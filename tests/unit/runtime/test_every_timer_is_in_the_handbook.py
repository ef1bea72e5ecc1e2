"""Whoever reads of a timer that failed finds in the handbook what it does, and nothing that no service does."""

from __future__ import annotations

import importlib
import re

import pytest

from deploy.local.locations import ROOT
from shared.contracts.catalogue import SERVICES
from shared.runtime.service import Service

HANDBOOK = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TABLE = HANDBOOK.partition("\n## Timers\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| `([a-z_]+)` \| ([a-z]+) \| ([^|]+) \| ([^|]+) \|$", TABLE, re.MULTILINE)
TOLD = [(of, name) for name, said, _, _ in ROWS for of in (SERVICES if said == "every" else (said,))]


def service_of(name: str) -> Service:
    service: Service = importlib.import_module(f"services.{name}.app").SERVICE
    return service


@pytest.mark.parametrize("name", SERVICES)
def test_the_handbook_tells_of_each_timer_that_a_service_knows_once_and_of_no_other(name: str) -> None:
    assert sorted(timer for of, timer in TOLD if of == name) == sorted(one.timer for one in service_of(name).timers)


def test_the_handbook_tells_of_no_service_that_is_not_there_and_every_row_of_the_table_is_read() -> None:
    assert {of for of, _ in TOLD} == set(SERVICES)
    assert len(ROWS) == len([line for line in TABLE.splitlines() if line.startswith("| `")])


def test_each_row_says_when_the_timer_rings_and_what_is_done_then() -> None:
    assert [name for name, _, rings, done in ROWS if not (rings.strip() and done.strip())] == []
