"""Fields are added, never renamed or removed: today's schemas against the released ones."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.docs import DOCS, generate, schemas
from shared.contracts.event import COMMANDS, FACTS
from shared.messaging.grants import PRODUCERS_TOPIC
from tests.support.compatibility import DOOR_BOUNDS, FACT_BOUNDS, breaking_changes
from tests.support.golden import FOLDER, LOG, read_log

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
    assert breaking_changes(released, TODAY[name], FACT_BOUNDS if name in FACTS else DOOR_BOUNDS) == []


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


def test_a_bound_that_nobody_has_reviewed_is_found(enrolled: dict[str, Any]) -> None:
    enrolled["$defs"]["Contact"]["properties"]["name"]["maxLength"] = 200
    (found,) = breaking_changes(TODAY[NAME], enrolled, FACT_BOUNDS)
    assert found.startswith("data.contact.name: was")


def test_a_reviewed_bound_may_be_added_and_not_be_made_narrower_afterwards(enrolled: dict[str, Any]) -> None:
    bounded = enrolled["$defs"]["Contact"]["properties"]["name"]
    bounded["maxLength"] = 200
    assert breaking_changes(TODAY[NAME], enrolled, ({"maxLength": 200},)) == []
    narrower = copy.deepcopy(enrolled)
    narrower["$defs"]["Contact"]["properties"]["name"]["maxLength"] = 100
    assert breaking_changes(enrolled, narrower, ({"maxLength": 200}, {"maxLength": 100})) != []


def test_a_list_that_may_be_no_longer_as_long_is_found(enrolled: dict[str, Any]) -> None:
    enrolled["properties"]["fees"]["maxItems"] = 3
    assert any(change.startswith("data.fees: was") for change in breaking_changes(TODAY[NAME], enrolled))


@pytest.mark.parametrize("folder", sorted(FOLDER.glob("*/")), ids=lambda folder: folder.name)
def test_what_was_told_is_within_the_bounds_of_today(folder: Path) -> None:
    models = {**FACTS, **COMMANDS}
    for kept in read_log((folder / LOG).read_text(encoding="utf-8")):
        if kept.topic == PRODUCERS_TOPIC:  # what is granted is no event
            continue
        assert isinstance(kept.value, dict)
        models[kept.value["type"]].model_validate_json(json.dumps(kept.value["data"]))
