"""What everybody who may come to Kafka is called, without the installation's prefix. What each may do: `rights.py`."""

from __future__ import annotations

from collections.abc import Iterable

ADMIN, BROKER = "admin", "broker"
"""Super users: whoever makes topics, users and rights, and the broker itself."""
OPERATOR = "operator"
"""Whoever gives commands."""
ROLES = ("all", "web", "worker", "relay")
"""Of a service; see `shared.runtime.running`."""


def principal(service: str, role: str = "all") -> str:
    """A service in one of its roles."""
    return service if role == "all" else f"{service}-{role}"


def of_producer(name: str) -> str:
    """Another system."""
    return f"from-{name}"


def principals(services: Iterable[str]) -> tuple[str, ...]:
    """Everybody of an installation but its producers."""
    return (*(principal(service, role) for service in services for role in ROLES), OPERATOR)
