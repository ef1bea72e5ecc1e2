"""Who listens to what, written down: an arrow that is added or dropped shows in this table and in docs/events.md."""

from __future__ import annotations

import importlib

import pytest
import yaml

from deploy.docs import DOCS
from shared.contracts.catalogue import EFFECTS, SERVICES
from shared.contracts.event import COMMANDS, FACTS, Event
from shared.messaging.subscriptions import On


def subscribed(service: str) -> set[str]:
    table = importlib.import_module(f"services.{service}.entrypoints.kafka").SUBSCRIPTIONS
    return {entry.fact.type if isinstance(entry, On) else entry.act.name for entry in table}


@pytest.mark.parametrize("service", SERVICES)
def test_the_subscriptions_are_the_effects_that_are_written_down(service: str) -> None:
    facts = {name for name in subscribed(service) if issubclass({**FACTS, **COMMANDS}[name], Event)}
    assert facts == {name for name, effects in EFFECTS.items() if any(effect.service == service for effect in effects)}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_carries_out_its_own_commands_and_no_others(service: str) -> None:
    assert subscribed(service) & set(COMMANDS) == {name for name, model in COMMANDS.items() if model.service == service}


def test_the_asyncapi_document_names_every_message_once() -> None:
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert document["asyncapi"] == "3.0.0"
    in_channels = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(in_channels) == sorted({**FACTS, **COMMANDS})
    assert sorted(document["components"]["messages"]) == sorted(in_channels)
