"""One example of each event and command, as files that other producers and readers can take as they are."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from deploy.docs import ENVELOPE, schemas
from shared.contracts.event import COMMANDS, FACTS, Command, Event
from tests.support.facts import COMMAND_EXAMPLES, FACT_EXAMPLES, cloud_event

EXAMPLES = Path(__file__).parent / "examples"
SCHEMAS = schemas()
KNOWN = {example.type: example for example in (*FACT_EXAMPLES, *COMMAND_EXAMPLES)}


def test_every_event_and_command_has_exactly_one_example() -> None:
    assert set(KNOWN) == set(FACTS) | set(COMMANDS)
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(KNOWN)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_producer_reproduces_the_example_to_the_letter(name: str) -> None:
    written = json.dumps(cloud_event(KNOWN[name]), ensure_ascii=False, indent=2) + "\n"
    assert (EXAMPLES / f"{name}.json").read_text(encoding="utf-8") == written


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_reader_accepts_the_example_with_fields_it_does_not_know(name: str) -> None:
    event = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    model: type[Event | Command] = {**FACTS, **COMMANDS}[name]
    if issubclass(model, Event):
        event["data"]["something_new"] = {"from": "a later version"}
    assert model.model_validate_json(json.dumps(event["data"])) == KNOWN[name]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_with_a_misspelt_field_is_refused(name: str) -> None:
    data = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))["data"]
    with pytest.raises(ValueError, match="something_new"):
        COMMANDS[name].model_validate_json(json.dumps(data | {"something_new": 1}))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_example_keeps_its_own_json_schema(name: str) -> None:
    event = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(ENVELOPE).validate(event)
    jsonschema.Draft202012Validator(SCHEMAS[name]).validate(event["data"])


@pytest.mark.parametrize("example", FACT_EXAMPLES, ids=lambda example: example.type)
def test_a_subject_holds_no_personal_data(example: Event) -> None:
    kind, identity = example.subject.split("/", 1)
    assert kind
    assert identity
    assert "@" not in example.subject
    assert " " not in example.subject
