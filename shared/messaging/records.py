"""Records that wait in the database: those behind a gap or a dead letter, and the dead letters themselves."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record that waits in the database, byte for byte as it came."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


def headers_to_json(headers: Sequence[tuple[str, bytes | None]]) -> str:
    """Headers as they came, repeated names and any bytes, as `[[name, base64 or null], …]`."""
    return json.dumps([[name, None if value is None else base64.b64encode(value).decode()] for name, value in headers])


def headers_from_json(text: str) -> tuple[tuple[str, bytes | None], ...]:
    """What `headers_to_json` wrote down."""
    return tuple((name, None if value is None else base64.b64decode(value)) for name, value in json.loads(text))
