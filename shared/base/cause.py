"""Who and what is behind an effect, so that every effect can be followed back."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Cause:
    """Stored beside every effect as correlation_id, causation_id and actor.

    `causation_id` is the id of the event that caused it, None at the root. `actor` is opaque: `token/<name>`,
    `person/<person_id>`, `clock`, `form`, `source/<source>`.
    """

    correlation_id: str
    causation_id: str | None
    actor: str | None


def new_correlation() -> str:
    """One id for all that follows from one wish. Random, also in a simulation: it never reaches an id that counts."""
    return str(uuid4())
