"""Fields are added, never renamed or removed: today's schemas against the released ones."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.docs import DOCS, generate, schemas
from tests.support.compatibility import breaking_changes

RELEASED = Path(__file__).parent / "released"
TODAY = schemas()
NAME = "tovholder.enrollment.MunicipalityEnrolled.v1"


def test_what_is_generated_is_committed() -> None:
    stale = [
        name
        for name, text in generate().items()
        if not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run `python -m deploy.docs`: {stale}"
    committed = {f"schemas/{path.name}" for path in (DOCS / "schemas").glob("tovholder.*.schema.json")}
    assert committed == {name for name in generate() if name.startswith("schemas/tovholder.")}


@pytest.mark.parametrize("path", sorted(RELEASED.glob("*.json")), ids=lambda path: path.name)
def test_a_released_event_still_means_the_same(path: Path) -> None:
    released = json.loads(path.read_text(encoding="utf-8"))
    name = path.name.removesuffix(".schema.json")
    assert name in TODAY, f"{name} was released and is gone; a breaking change is a new .v2 beside .v1"
    assert breaking_changes(released, TODAY[name]) == []


def test_every_event_has_a_released_schema() -> None:
    assert {path.name.removesuffix(".schema.json") for path in RELEASED.glob("*.json")} == set(TODAY)


@pytest.fixture
def enrolled() -> dict[str, Any]:
    return copy.deepcopy(TODAY[NAME])


def test_a_removed_field_is_found(enrolled: dict[str, Any]) -> None:
    del enrolled["properties"]["group"]
    assert breaking_changes(TODAY[NAME], enrolled) == ["data.group: removed or renamed"]


def test_a_field_removed_deep_inside_is_found(enrolled: dict[str, Any]) -> None:
    del enrolled["$defs"]["Seller"]["properties"]["cvr"]
    assert "data.programme.seller.cvr: removed or renamed" in breaking_changes(TODAY[NAME], enrolled)


def test_another_type_is_found(enrolled: dict[str, Any]) -> None:
    enrolled["$defs"]["FeeTerm"]["properties"]["amount_ore"]["type"] = "string"
    assert any(change.startswith("data.fees[].amount_ore: was") for change in breaking_changes(TODAY[NAME], enrolled))


def test_a_field_that_becomes_required_is_found(enrolled: dict[str, Any]) -> None:
    enrolled["required"].append("group")
    assert breaking_changes(TODAY[NAME], enrolled) == ["data.group: became required"]


def test_a_field_that_is_no_longer_always_there_is_found(enrolled: dict[str, Any]) -> None:
    enrolled["required"].remove("contact")
    assert any("contact: no longer required" in change for change in breaking_changes(TODAY[NAME], enrolled))


def test_a_new_optional_field_is_no_breaking_change(enrolled: dict[str, Any]) -> None:
    enrolled["properties"]["something_new"] = {"type": "string", "default": ""}
    assert breaking_changes(TODAY[NAME], enrolled) == []
