"""The JSON Schema of a story file, for editors: from the models of `story.py` and the commands' own schemas."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from deploy.local.stories.references import LOOKUPS
from deploy.local.stories.story import Story
from shared.contracts.event import COMMANDS, FACTS

# {name.field} without quotation marks is a mapping for YAML, from that name to nothing.
_BARE = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": {"type": ["null", "string"]}}
REFERENCE: dict[str, Any] = {
    "description": "What an earlier step was answered: {name.field}. "
    f"Or an id by its key: {', '.join(f'{{{word}: …}}' for word in LOOKUPS)}.",
    "anyOf": [{"type": "string", "pattern": r"\{.+\}"}, _BARE],
}
_TO_REFERENCE = {"$ref": "#/$defs/Reference"}


def story_schema() -> dict[str, Any]:
    """JSON Schema 2020-12. What `data` holds is described for each command; a reference may stand for any of it."""
    schema = Story.model_json_schema(by_alias=True)
    defined = schema["$defs"]
    defined["Reference"] = REFERENCE
    models = [(model, "validation") for model in COMMANDS.values()]
    named, commands = models_json_schema(models, ref_template="#/$defs/{model}")  # type: ignore[arg-type]  # a Literal
    defined |= {name: _open(one) for name, one in commands["$defs"].items()}
    command = defined["Command"]
    command["properties"]["command"] |= {"enum": sorted(COMMANDS)}
    command["allOf"] = [
        {
            "if": {"properties": {"command": {"const": name}}},
            "then": {"properties": {"data": named[model, "validation"]}},
        }
        for name, model in sorted(COMMANDS.items())
    ]
    known = sorted({name.rpartition(".v")[0] for name in FACTS})
    in_any_version = "^(" + "|".join(name.replace(".", "[.]") for name in known) + ")[.]v[0-9]+$"
    defined["TellFact"]["properties"]["fact"] |= {"anyOf": [{"enum": sorted(FACTS)}, {"pattern": in_any_version}]}
    defined["ExpectFacts"]["properties"]["facts"] |= {"enum": sorted(FACTS)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "story.schema.json",
        **schema,
        "title": "A story",
    }


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Every value may be a reference, at any depth."""
    opened = dict(schema)
    if "properties" in schema:
        opened["properties"] = {name: _or_reference(one) for name, one in schema["properties"].items()}
    return opened


def _or_reference(schema: dict[str, Any]) -> dict[str, Any]:
    inside: dict[str, Any] = {name: schema[name] for name in ("description", "default") if name in schema}
    plain = {name: value for name, value in schema.items() if name not in ("description", "default", "title")}
    if isinstance(plain.get("items"), dict):
        plain["items"] = _or_reference(plain["items"])
    return {**inside, "anyOf": [plain, _TO_REFERENCE]}
