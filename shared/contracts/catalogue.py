"""What the contracts modules say, taken together: which services there are, what they tell, hear and ask of each other.

A service is known by its contracts module, the one with `SERVICE` in it: importing this enters every fact and command
in the registries. Nothing else names the services.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import NamedTuple

from shared import contracts
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, topic_of


class Effect(NamedTuple):
    """What a service does with a fact. The natural key never expires; the inbox only saves the work."""

    service: str
    does: str
    natural_key: str


def _modules() -> Iterator[ModuleType]:
    for name in sorted(found.name for found in pkgutil.iter_modules(contracts.__path__)):
        if name != __name__.rpartition(".")[2]:
            module = importlib.import_module(f"{contracts.__name__}.{name}")
            if hasattr(module, "SERVICE"):
                yield module


MODULES = tuple(_modules())
SERVICES: tuple[str, ...] = tuple(module.SERVICE for module in MODULES)
"""Sorted by the names of their modules."""

SUBJECTS: dict[str, str] = {"intake": "one command that was asked for"}
"""The kinds of subjects, and what each is."""

EFFECTS: dict[str, tuple[Effect, ...]] = {}
"""Who does what with each fact, by wire name; a fact that is not here has no reader yet.

A test holds this against the subscriptions of the services, both ways, so that a new arrow on the map is written down.
"""

IN_DANISH: dict[str, str] = {}
"""Every fact and command in a sentence, for people who ask why."""

OPENS: dict[str, str] = {}
"""Every scope and bundle, in a few Danish words: what a command lets one do, or what a list shows."""

CALLED: dict[str, str] = {}
"""The services, as people call what each is about."""

BUNDLES: dict[str, tuple[str, ...]] = {}
"""Names for several scopes of tokens at once (`shared.web.scopes`), from whichever modules add to them."""

for _module in MODULES:
    SUBJECTS |= getattr(_module, "SUBJECTS", {})
    IN_DANISH |= getattr(_module, "IN_DANISH", {})
    OPENS |= getattr(_module, "OPENS", {})
    CALLED[_module.SERVICE] = getattr(_module, "CALLED", _module.SERVICE)
    for _name, (_does, _key) in getattr(_module, "EFFECTS", {}).items():
        EFFECTS[_name] = (*EFFECTS.get(_name, ()), Effect(_module.SERVICE, _does, _key))
    for _name, _scopes in getattr(_module, "BUNDLES", {}).items():
        BUNDLES[_name] = (*BUNDLES.get(_name, ()), *_scopes)


def topics_read_by(service: str) -> frozenset[str]:
    """The topics (without prefix) that a service reads: of the facts it does something with, and the intake."""
    told_by = {FACTS[name].service for name, effects in EFFECTS.items() if any(e.service == service for e in effects)}
    asked = any(model.service == service for model in COMMANDS.values())
    return frozenset({topic_of(owner) for owner in told_by} | ({INTAKE_TOPIC} if asked else set()))
