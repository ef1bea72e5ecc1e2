"""Nothing unbounded comes in by a door: every field of every command says how long, how many and how far away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

import services.enrollment.entrypoints.acts
import services.invoicing.entrypoints.acts
import services.notifications.entrypoints.acts
import services.scheduling.entrypoints.acts
from shared.base.acts import Act
from shared.base.problems import Problem, field_errors
from shared.contracts.event import COMMANDS, Command
from shared.web.api import read_command
from tests.support.edges import NEVER_COMPRESSED
from tests.support.facts import COMMAND_EXAMPLES

ACTS = [
    act
    for module in (
        services.enrollment.entrypoints.acts,
        services.invoicing.entrypoints.acts,
        services.notifications.entrypoints.acts,
        services.scheduling.entrypoints.acts,
    )
    for act in vars(module).values()
    if isinstance(act, Act)
]
WISHES = sorted({act.command for act in ACTS}, key=lambda command: command.__name__)
EXAMPLES = {type(one): json.loads(one.model_dump_json()) for one in COMMAND_EXAMPLES}


def unbounded(schema: dict[str, Any], root: dict[str, Any], path: str = "") -> Iterator[str]:
    """The places where something of any size may stand."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    for inner in schema.get("anyOf", ()):
        yield from unbounded(inner, root, path)
    ends = {
        "string": {"maxLength", "enum", "const", "formatMaximum"},
        "integer": {"maximum"},
        "array": {"maxItems"},
        "object": {"properties", "maxProperties"},
    }.get(schema.get("type", ""))
    if ends and not ends & schema.keys():
        yield path or "the whole"
    if (
        schema.get("type") == "object"
        and "properties" not in schema
        and "maxLength" not in schema.get("propertyNames", {})
    ):
        yield f"{path} (its names)"
    for name, inner in schema.get("properties", {}).items():
        yield from unbounded(inner, root, f"{path}.{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            yield from unbounded(schema[inner], root, f"{path}[]")


@pytest.mark.parametrize("command", WISHES, ids=lambda command: command.__name__)
def test_every_field_of_a_command_has_a_bound(command: type[Command]) -> None:
    schema = command.model_json_schema()
    assert list(unbounded(schema, schema)) == []


def test_these_are_all_commands_there_are() -> None:
    assert set(COMMANDS.values()) <= set(WISHES)


@pytest.mark.parametrize("command", sorted(EXAMPLES, key=lambda one: one.__name__), ids=lambda one: one.__name__)
def test_what_is_too_long_is_refused_by_field_with_a_code_and_a_danish_sentence(command: type[Command]) -> None:
    texts = {name: value for name, value in EXAMPLES[command].items() if isinstance(value, str)}
    properties = command.model_json_schema()["properties"]
    for name, value in texts.items():
        if not {"maxLength"} & (properties[name] | properties[name].get("anyOf", [{}])[0]).keys():
            continue
        too_much = {**EXAMPLES[command], name: NEVER_COMPRESSED * 3}
        with pytest.raises(Problem) as problem:
            read_command(command, json.dumps(too_much).encode(), {})
        assert problem.value.status == 422
        (error,) = problem.value.errors
        assert (error.field, error.code) == (name, "too_long")
        assert error.detail.startswith("Må højst være")
        unprintable = {**EXAMPLES[command], name: f"{value}\x07"}
        with pytest.raises(ValidationError) as invalid:
            command.model_validate_json(json.dumps(unprintable))
        assert [(one.field, one.code) for one in field_errors(invalid.value)] == [(name, "control_character")]


@pytest.mark.parametrize(
    ("wire_type", "field", "value", "at", "code"),
    [
        ("scheduling.SetMeetingDate", "day", "1999-12-31", "day", "too_small"),
        ("scheduling.SetMeetingDate", "day", "2100-01-01", "day", "too_large"),
        ("scheduling.SetMeetingDate", "last_day", "9999-12-31", "last_day", "too_large"),
        ("scheduling.SetMeetingDate", "day", "0001-01-01", "day", "too_small"),
        ("scheduling.SetMeetingDate", "link", "javascript:alert(1)", "link", "not_a_link"),
        ("scheduling.SetMeetingDate", "link", "ftp://moede.example/1", "link", "not_a_link"),
        ("scheduling.SetMeetingDate", "link", "https://moede.example/" + "x" * 2_000, "link", "too_long"),
        ("scheduling.MarkMeetingHeld", "held_on", "1999-12-31", "held_on", "too_small"),
        ("enrollment.InviteMunicipalities", "remind_on", "2100-01-01", "remind_on", "too_large"),
        ("enrollment.InviteMunicipalities", "organisation_codes", ["0101"] * 1_001, "organisation_codes", "too_many"),
        ("enrollment.InviteMunicipalities", "organisation_codes", ["0" * 201], "organisation_codes.0", "too_long"),
        ("enrollment.EnrolMunicipality", "answers", {f"{n}": "x" for n in range(101)}, "answers", "too_many"),
        ("enrollment.EnrolMunicipality", "answers", {"a": "x" * 20_001}, "answers.a", "too_long"),
        (
            "enrollment.EnrolMunicipality",
            "billing",
            {"order_reference": "x" * 201},
            "billing.order_reference",
            "too_long",
        ),
        ("enrollment.RegisterParticipant", "accepted_price_ore", 10**12 + 1, "accepted_price_ore", "too_large"),
        ("invoicing.RegisterPayment", "amount_ore", 10**12 + 1, "amount_ore", "too_large"),
        ("invoicing.RegisterPayment", "amount_ore", -(10**12) - 1, "amount_ore", "too_small"),
        ("invoicing.CreditInvoice", "lines", [{"claim_id": "x"}] * 1_001, "lines", "too_many"),
        ("notifications.ArmReminder", "due", "2100-01-01T00:00:00Z", "due", "too_large"),
        ("notifications.ArmReminder", "due", "0001-01-01T00:00:00+14:00", "due", "too_small"),
    ],
)
def test_just_past_a_bound_is_refused_by_field(wire_type: str, field: str, value: Any, at: str, code: str) -> None:
    command = COMMANDS[f"tovholder.{wire_type}.v1"]
    with pytest.raises(ValidationError) as invalid:
        command.model_validate_json(json.dumps({**EXAMPLES[command], field: value}))
    assert [(error.field, error.code) for error in field_errors(invalid.value)] == [(at, code)]


@pytest.mark.parametrize(
    ("wire_type", "field", "value"),
    [
        ("scheduling.SetMeetingDate", "day", "2000-01-01"),
        ("scheduling.SetMeetingDate", "last_day", "2099-12-31"),
        ("scheduling.SetMeetingDate", "place", "ø" * 200),
        ("scheduling.SetMeetingDate", "link", ""),
        ("scheduling.SetMeetingDate", "link", " https://moede.example:8443/l/19%3a?k=[1]#x "),
        ("scheduling.CancelMeeting", "reason", "En linje.\nOg\ten\r\ntil." + "x" * 1_900),
        ("enrollment.EnrolMunicipality", "answers", {f"{n}": "x" for n in range(100)}),
        ("invoicing.RegisterPayment", "amount_ore", 10**12),
        ("notifications.SendMessage", "text", "ø" * 20_000),
    ],
)
def test_what_is_at_a_bound_is_taken(wire_type: str, field: str, value: Any) -> None:
    command = COMMANDS[f"tovholder.{wire_type}.v1"]
    command.model_validate_json(json.dumps({**EXAMPLES[command], field: value}))
