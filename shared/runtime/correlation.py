"""One id for everything that follows from one wish; for logs and lineage, never for anything that must repeat."""

from __future__ import annotations

from uuid import uuid4


def new_correlation() -> str:
    """Random, also in a simulation: it never reaches an id that counts."""
    return str(uuid4())
