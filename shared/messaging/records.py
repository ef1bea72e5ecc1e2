"""Records that wait in the database: those behind a gap or a dead letter, and the dead letters themselves."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.base.cloudevents import Arrival, Record
from shared.contracts.event import natural_id

_ENCODED = "\ufffe"
"""Begins a header's name that is kept in base64; no character, says Unicode, so hardly a name begins with it."""


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
    return json.dumps([[_name(name), None if value is None else _base64(value)] for name, value in headers])


def headers_from_json(text: str) -> tuple[tuple[str, bytes | None], ...]:
    """What `headers_to_json` wrote down."""
    return tuple((_named(name), None if value is None else base64.b64decode(value)) for name, value in json.loads(text))


def identity(arrival: Arrival) -> str:
    """What it is known by among dead letters and parked events: (source, id) as one UUID, or else its record.

    Never by its place: a topic that is made anew gives the same places to other records.
    """
    return arrival.uid or arrival.known_as or record_identity(arrival.record)


def record_identity(record: Record) -> str:
    """Of bytes that nobody can read: what they are, where they were sent to, and when."""
    digest = hashlib.sha256()
    for part in (record.key, record.value, headers_to_json(record.headers).encode()):
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    return natural_id("record", record.topic, str(record.timestamp), digest.hexdigest())


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _name(name: str) -> str:
    # PostgreSQL keeps no NUL, in jsonb neither.
    return _ENCODED + _base64(name.encode()) if "\0" in name or name.startswith(_ENCODED) else name


def _named(kept: str) -> str:
    return base64.b64decode(kept[1:]).decode() if kept.startswith(_ENCODED) else kept
