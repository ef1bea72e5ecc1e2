"""What an exception while an event is taken in means: try again, this event is at fault, or our code is."""

from __future__ import annotations

import hashlib
from enum import Enum

import asyncpg
from aiokafka.errors import KafkaError

from shared.contracts.event import FactTooLarge


class Failure(Enum):
    """TRANSIENT is tried again for ever, DATA becomes a dead letter, BUG stops the consumer."""

    TRANSIENT = "transient"
    DATA = "data"
    BUG = "bug"


# Connection, rollback by the server (serialization, deadlock), resources, lock timeout, shutdown and cancelled
# statements, a standby that became ours for a moment, the server's own disk.
_TRANSIENT_CLASSES = ("08", "40", "53", "57", "58")
_TRANSIENT_STATES = frozenset({"55P03", "25006", "25P03", "25P04"})
# Data exception, integrity constraint violation, and a value too long for an index.
_DATA_CLASSES = ("22", "23")
_DATA_STATES = frozenset({"54000"})


class TryAgain(Exception):  # noqa: N818  (nothing is wrong)
    """The batch met something that another attempt will find settled."""


def classify(error: BaseException) -> Failure:
    """What `error` means for the batch it was raised in."""
    if isinstance(error, asyncpg.PostgresError):
        if isinstance(error.__cause__, TypeError):
            # 22000 from the client, before the server sees anything: our code gave a value of a wrong type.
            return Failure.BUG
        state = error.sqlstate or ""
        if state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES:
            return Failure.TRANSIENT
        return Failure.DATA if state[:2] in _DATA_CLASSES or state in _DATA_STATES else Failure.BUG
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        # A connection that is closed, or that the server ended while a statement was on its way to it. Two tasks on one
        # connection, which would be our mistake, are told of in other words.
        gone = "clos" in str(error) or "cannot switch to state" in str(error)
        return Failure.TRANSIENT if gone else Failure.BUG
    if isinstance(error, (OSError, TimeoutError, KafkaError, TryAgain)):
        return Failure.TRANSIENT
    return Failure.DATA if isinstance(error, FactTooLarge) else Failure.BUG


def describe_data_error(error: BaseException) -> str:
    """What rule was broken, by name; never the values, which PostgreSQL repeats in its message and detail."""
    if isinstance(error, asyncpg.PostgresError):
        named = (error.table_name, error.column_name, error.constraint_name)
        where = " ".join(part for part in named if part)
        return f"SQLSTATE {error.sqlstate}{' ' + where if where else ''}"
    if isinstance(error, FactTooLarge):
        return f"a fact that follows from it is too large: {error.wire_type}"
    return type(error).__name__


def fingerprint(reason: str, wire_type: str | None, detail: str) -> str:
    """Equal for dead letters of one origin."""
    return hashlib.sha256(f"{reason}\n{wire_type}\n{detail}".encode()).hexdigest()[:16]
