"""What a use case is asked and what it answers, whichever way the question came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from shared.base.cause import Cause

C_co = TypeVar("C_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A "yes": JSON for whoever asked; `status` only where it differs from the route's, `location` of what was made."""

    body: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Asked(Generic[C_co]):
    """One of many commands that are decided together."""

    command: C_co
    cause: Cause
