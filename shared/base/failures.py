"""What an exception while an event is taken in means: try again, this event is at fault, or our code is."""

from __future__ import annotations

import hashlib
from enum import Enum

import asyncpg
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from shared.base.cloudevents import describe
from shared.contracts.event import FactTooLarge
from shared.contracts.refusal import Refused


class Failure(Enum):
    """TRANSIENT is tried again for ever, DATA becomes a dead letter, BUG stops the consumer."""

    TRANSIENT = "transient"
    DATA = "data"
    BUG = "bug"


# Connection, rollback by the server (serialization, deadlock), resources, lock timeout, shutdown and cancelled
# statements, a standby that became ours for a moment, the server's own disk.
_TRANSIENT_CLASSES = ("08", "40", "53", "57", "58")
_TRANSIENT_STATES = frozenset({"55P03", "25006", "25P03", "25P04"})
# Data exception, integrity constraint violation, one row twice in a statement, and what is too long for an index or
# nested too deep.
_DATA_CLASSES = ("22", "23")
_DATA_STATES = frozenset({"21000", "54000", "54001"})
# Pydantic's words for a value of another shape than the contract's. What was read has the right one: our code has not.
_SHAPES = ("missing", "extra_forbidden", "_type")


class TryAgain(Exception):  # noqa: N818  (nothing is wrong)
    """The batch met something that another attempt will find settled."""


def classify(error: BaseException) -> Failure:
    """What `error` means for the batch it was raised in."""
    if isinstance(error, (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)):
        # A migration changed a table beside us; the statement is prepared anew with the next attempt.
        return Failure.TRANSIENT
    if isinstance(error, asyncpg.PostgresError):
        return _classify_state(error)
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        # A connection that is closed, or that the server ended while a statement was on its way to it. Two tasks on one
        # connection, which would be our mistake, are told of in other words.
        gone = "clos" in str(error) or "cannot switch to state" in str(error)
        return Failure.TRANSIENT if gone else Failure.BUG
    if isinstance(error, (OSError, TimeoutError, KafkaError, TryAgain)):
        return Failure.TRANSIENT
    if isinstance(error, ValidationError):
        return Failure.BUG if _is_misshapen(error) else Failure.DATA
    # A "no" where nobody can be answered, and values that no calendar, number or text can hold: whoever sent them is
    # at fault, not the code that could not go on with them.
    return Failure.DATA if isinstance(error, (Refused, OverflowError, UnicodeError)) else Failure.BUG


def _classify_state(error: asyncpg.PostgresError) -> Failure:
    if isinstance(error.__cause__, TypeError):
        # 22000 from the client, before the server sees anything: our code gave a value of a wrong type.
        return Failure.BUG
    state = error.sqlstate or ""
    if state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES:
        return Failure.TRANSIENT
    return Failure.DATA if state[:2] in _DATA_CLASSES or state in _DATA_STATES else Failure.BUG


def _is_misshapen(error: ValidationError) -> bool:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return any(item["type"].endswith(_SHAPES) for item in found)


def describe_data_error(error: BaseException) -> str:
    """What rule was broken, by name; never the values, which PostgreSQL repeats in its message and detail."""
    if isinstance(error, asyncpg.PostgresError):
        named = (error.table_name, error.column_name, error.constraint_name)
        where = " ".join(part for part in named if part)
        return f"SQLSTATE {error.sqlstate}{' ' + where if where else ''}"
    if isinstance(error, FactTooLarge):
        return f"a fact that follows from it is too large: {error.wire_type}"
    if isinstance(error, Refused):
        return f"refused: {error.code}"
    if isinstance(error, ValidationError):
        return f"{error.title}: {describe(error)}"
    return type(error).__name__


def fingerprint(reason: str, wire_type: str | None, detail: str) -> str:
    """Equal for dead letters of one origin."""
    return hashlib.sha256(f"{reason}\n{wire_type}\n{detail}".encode()).hexdigest()[:16]
