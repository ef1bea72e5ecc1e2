"""Events, commands and actors in plain Danish, as `tovholder why` tells them."""

from __future__ import annotations

from shared.contracts.catalogue import IN_DANISH

NOBODY = "ingen person: en frist eller et andet system"
_ACTORS = {
    "token": "API-nøglen {}",
    "client": "systemet {} med sin API-nøgle",
    "person": "personen {}",
    "source": "systemet {}",
    "clock": "uret: en dato eller en frist",
    "form": "en person, der udfyldte en formular",
}


def happened(wire_type: str) -> str:
    """In Danish, or the type itself when it is another system's own."""
    return IN_DANISH.get(wire_type, wire_type)


def behind(actor: str | None) -> str:
    """Who an actor is: `token/crm` is the API key called crm."""
    if not actor:
        return NOBODY
    kind, _, name = actor.partition("/")
    if kind == "client" and name.startswith("~"):
        return f"systemet {name[1:]}, over Kafka"
    return _ACTORS[kind].format(name) if kind in _ACTORS else actor
