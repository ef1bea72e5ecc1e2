"""`python -m deploy.docs` writes what `shared/contracts` says: JSON Schemas, AsyncAPI 3 and docs/events.md.

And `docs/schemas/story.schema.json`, which editors use for stories.

A test compares the committed files with `generate()`, so that they are never stale.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.local.stories.schema import story_schema
from shared.contracts.catalogue import EFFECTS, SERVICES, SUBJECTS
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, TOLD_BY_OTHERS, Command, Event, topic_of
from shared.messaging.grants import FROM
from shared.web.scopes import of_command

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0, structured JSON.",
    "required": ["specversion", "id", "source", "type", "subject", "time", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "description": "with `source` the identity of the event"},
        "source": {"type": "string", "minLength": 1, "description": "`/tovholder/<service>` when ours"},
        "type": {"type": "string"},
        "subject": {"type": "string", "description": "`<kind>/<id>` of the aggregate; the Kafka key"},
        "time": {"type": "string", "format": "date-time", "description": "domain time"},
        "datacontenttype": {"const": "application/json"},
        "sequence": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "contiguous per (source, subject), ours from 1; others may leave it out or begin anywhere",
        },
        "correlationid": {"type": "string", "description": "the same for everything that one request led to"},
        "causationid": {"type": "string", "description": "id of the event that caused this one"},
        "actor": {
            "type": "string",
            "description": "who is behind it, opaque: token/…, client/…, person/…, secretary/…, clock",
        },
        "data": {"type": "object"},
    },
}


def _data_schema(model: type[Event | Command]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="validation", by_alias=True)
    schema["$id"] = f"{model.type}.schema.json"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = model.type
    return schema


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema of the data of every fact and command, by wire name."""
    models: dict[str, type[Event | Command]] = {**FACTS, **COMMANDS}
    return {name: _data_schema(models[name]) for name in sorted(models)}


def _message(name: str, model: type[Event | Command]) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": name,
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {
                    "type": "object",
                    "properties": {"type": {"const": name}, "data": {"$ref": f"./schemas/{name}.schema.json"}},
                },
            ]
        },
    }
    if model.__doc__:
        message["summary"] = " ".join(model.__doc__.split("\n\n")[0].split())
    return message


def asyncapi() -> dict[str, Any]:
    """One AsyncAPI 3.0 document: a channel per topic, a send operation per owner, a receive operation per reader."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for service in SERVICES:
        facts = sorted(name for name, model in FACTS.items() if model.service == service)
        channels[service] = {
            "address": topic_of(service),
            "description": f"Facts that `{service}` owns; 12 partitions, key = subject. Other systems tell them on"
            f" `{topic_of(service)}{FROM}<name>`, each on its own.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in facts},
        }
        operations[f"{service}.tells"] = {"action": "send", "channel": {"$ref": f"#/channels/{service}"}}
    channels["intake"] = {
        "address": INTAKE_TOPIC,
        "description": f"What was asked for over `POST /events`; a system with a login asks on"
        f" `{INTAKE_TOPIC}{FROM}<name>`, its own.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sorted(COMMANDS)},
    }
    operations["others.ask"] = {"action": "send", "channel": {"$ref": "#/channels/intake"}}
    for reader in SERVICES:
        read = sorted(name for name, effects in EFFECTS.items() if any(effect.service == reader for effect in effects))
        for owner in SERVICES:
            names = [name for name in read if FACTS[name].service == owner]
            if names:
                operations[f"{reader}.reads.{owner}"] = {
                    "action": "receive",
                    "channel": {"$ref": f"#/channels/{owner}"},
                    "messages": [{"$ref": f"#/channels/{owner}/messages/{name}"} for name in names],
                }
        asked = sorted(name for name, model in COMMANDS.items() if model.service == reader)
        operations[f"{reader}.carries_out"] = {
            "action": "receive",
            "channel": {"$ref": "#/channels/intake"},
            "messages": [{"$ref": f"#/channels/intake/messages/{name}"} for name in asked],
        }
    models: dict[str, type[Event | Command]] = {**FACTS, **COMMANDS}
    for name in sorted(models):
        messages[name] = _message(name, models[name])
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tovholder",
            "version": "1.0.0",
            "description": "Events are the contract: any system may stand in for any service.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"CloudEvent": ENVELOPE}},
    }


def _subject_kind(model: type[Event]) -> str:
    """The kind is what stands before the slash in the subject; read from a value made without validation."""
    anything = _Anything("…")
    fields: dict[str, Any] = dict.fromkeys(model.model_fields, anything)
    return model.model_construct(**fields).subject.split("/", 1)[0]


class _Anything(str):
    """Stands for any field when only the kind in a subject is wanted."""

    __slots__ = ()

    def __getattr__(self, name: str) -> _Anything:
        return self


def events_page() -> str:
    """docs/events.md: for each event its subject, key, sequence, readers, and the natural key of each effect."""
    lines = [
        "# Events",
        "",
        "Generated from `shared/contracts` by `python -m deploy.docs`; do not edit.",
        "",
        "Every event is a CloudEvent 1.0 in structured JSON. The Kafka key is the subject, the partitioner is murmur2",
        "as in Java, and `sequence` is contiguous per (source, subject), so what is told about one aggregate stays in",
        "order. Across subjects there is no order. Identity of an event = (`source`, `id`). Schemas: `docs/schemas/`;",
        "AsyncAPI 3: `docs/asyncapi.yaml`; one example of each: `tests/contracts/examples/`.",
        "",
        "**Telling a fact again.** Tell it with the same `source`, `id` and `sequence`: it is a copy then, and is",
        "dropped. A producer that numbers its facts and tells one again with a *new* `id` and *without* its",
        "`sequence` causes a second mail, though never a second claim: the mails about an extra participant are told",
        "apart by the roster's version, which is the fact's sequence (0 without one), while a claim's natural key",
        "holds no version. With a new `id` and the old `sequence` it becomes a dead letter. So number all facts of a",
        "subject or none of them; what has changed is a new fact, with a new `id` and the next `sequence`. Our own",
        "subjects begin with sequence 1.",
        "",
        "**How much.** What is asked for has bounds, and they stand in the schemas of the commands: a name, a title",
        "or a place has 200 characters, a reason 2,000, a text 20,000, none with control characters; a day lies in",
        "the years 2000 to 2099 (`formatMinimum`, `formatMaximum`); an amount is at most ten billion kroner; a link",
        "leads to http(s). Whoever asks for more is told so by field (`too_long`, `too_large`, `too_many`,",
        "`control_character`, `not_a_link`). Facts have been told already, so that only what nobody could take in is",
        "bounded: whole numbers are bigints, a price is below ten thousand billion kroner, the id of a programme has",
        "255 characters and no NUL, and the days of a meeting have a day before and after them in every time zone",
        "(years 2 to 9998, instants too). An instant that was told without a zone is read as UTC; one that is",
        "asked for without a zone is refused (`no_time_zone`). What is past that is a dead letter at each reader.",
        "",
        "**Who may tell it where.** A service's own topic takes what the service itself tells (`source` is",
        "`/tovholder/<service>`), and nothing else. Every other system has topics of its own, `<topic>.from.<name>`",
        "beside the one that its event belongs on: `tovholder.enrollment.from.crm` for a fact of `enrollment`,",
        "`tovholder.intake.from.crm` for a command. They have 12 partitions and the same partitioner. Kafka lets",
        "nobody else write there, and whoever reads a topic reads those beside it. Which types a system may tell, and",
        "as which sources, is granted to it (`tovholder producer add`, docs/operations.md); no grant covers",
        "`/tovholder/…`, and a source is one bearer's: what a system speaks as here no token speaks as over HTTP, and",
        "the other way round. Whoever asks for something on a topic of its own, or tells something there, acts as",
        "`client/~<name>`, whatever it writes as `actor`: it sees and changes what it put in itself, as a token's",
        "client does, and what follows is known as its own. What is not granted becomes a dead letter (`not_granted`)",
        "at once: it holds up nothing, and its `id` and `sequence` count as never told. What another system told on a",
        "plain topic before the installation began to ask who comes (the offset is written down then) is believed as",
        "it was. One that moves to a topic of its own goes on with its sequences; let what it told before be read",
        "first. Grants stand on `tovholder.producers` (compacted): key `producer/<name>`, value",
        "`{producer, topics, may, sources}`; key `plain/<topic>`, value the offset per partition from which on the",
        "topic is its service's alone.",
        "",
        "| subject | what it is |",
        "| --- | --- |",
        *(f"| `{kind}/<id>` | {what} |" for kind, what in SUBJECTS.items()),
        "",
    ]
    for service in SERVICES:
        lines += [f"## Told by `{service}` (topic `{topic_of(service)}`)", ""]
        for name in sorted(name for name, model in FACTS.items() if model.service == service):
            model = FACTS[name]
            kind = _subject_kind(model)
            lines += [f"### {name}", ""]
            if model.__doc__ and model.__doc__ != (model.__mro__[1].__doc__ or ""):
                lines += [" ".join(model.__doc__.split()), ""]
            lines += [f"- subject, key and scope of the sequence: `{kind}/<id>`"]
            lines += [
                f"- `{effect.service}` {effect.does}; natural key: {effect.natural_key}"
                for effect in EFFECTS.get(name, ())
            ] or ["- no reader among our services yet"]
            if name in TOLD_BY_OTHERS:
                lines += ["- **no service of ours tells it yet**: another system may, and is followed"]
            lines += [""]
    lines += [
        "## Words nobody says yet",
        "",
        "Facts that no service of ours tells. They are part of the language: another system may tell them, and whoever",
        "listens follows. Each is taken off this list by whoever builds what tells it.",
        "",
        *(f"- `{name}`" for name in sorted(TOLD_BY_OTHERS)),
        "",
        f"## Asked for on `{INTAKE_TOPIC}` or by `POST /events`",
        "",
        "The prefix names the owner. A refusal is told as `IntakeRejected` on the owner's topic, with problem details.",
        "",
        "A command that has `seen` is refused with `changed_meanwhile` when what it changes is not as was seen: the",
        "version of its fields (`shared.contracts.seen`). Whoever leaves it out is not asked.",
        "",
        "By `POST /events` a token needs the scope of each command and may only name sources of its own. `actor` is",
        "then who it is: `token/<name>` for staff, `client/<name>` for all others, who change nothing of an enrolment",
        "that they did not make (see [Tokens](operations.md#tokens)).",
        "",
        "| command | owner | scope |",
        "| --- | --- | --- |",
        *(f"| `{name}` | `{COMMANDS[name].service}` | `{of_command(COMMANDS[name])}` |" for name in sorted(COMMANDS)),
        "",
    ]
    return "\n".join(lines)


def generate() -> Mapping[str, str]:
    """Every generated file below docs/, by relative path."""
    files = {
        f"schemas/{name}.schema.json": json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        for name, schema in schemas().items()
    }
    files["schemas/story.schema.json"] = json.dumps(story_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    files["asyncapi.yaml"] = yaml.safe_dump(asyncapi(), allow_unicode=True, sort_keys=False, width=120)
    files["events.md"] = events_page()
    return files


def main() -> None:
    for name, text in generate().items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
