"""What each exception means for the batch it was raised in."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
from aiokafka.errors import NodeNotReadyError
from pydantic import BaseModel, Field, ValidationError

from shared.base.failures import Failure, TryAgain, classify, describe_data_error
from shared.contracts.event import FactTooLarge
from shared.contracts.refusal import Refused
from shared.messaging.inbox import DeadRate


class Money(BaseModel):
    amount: int = Field(ge=0, strict=True)


def invalid(**given: Any) -> ValidationError:
    with pytest.raises(ValidationError) as raised:
        Money.model_validate(given)
    return raised.value


def raised_from(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (asyncpg.DeadlockDetectedError("x"), Failure.TRANSIENT),
        (asyncpg.SerializationError("x"), Failure.TRANSIENT),
        (asyncpg.AdminShutdownError("x"), Failure.TRANSIENT),
        (asyncpg.DiskFullError("x"), Failure.TRANSIENT),
        (asyncpg.LockNotAvailableError("x"), Failure.TRANSIENT),
        (asyncpg.ConnectionDoesNotExistError("x"), Failure.TRANSIENT),
        (asyncpg.InterfaceError("connection is closed"), Failure.TRANSIENT),
        (asyncpg.InvalidCachedStatementError("x"), Failure.TRANSIENT),
        (asyncpg.OutdatedSchemaCacheError("x"), Failure.TRANSIENT),
        (
            asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
            Failure.TRANSIENT,
        ),
        (ConnectionResetError(), Failure.TRANSIENT),
        (TimeoutError(), Failure.TRANSIENT),
        (NodeNotReadyError(), Failure.TRANSIENT),
        (TryAgain(), Failure.TRANSIENT),
        (asyncpg.NumericValueOutOfRangeError("x"), Failure.DATA),
        (asyncpg.UniqueViolationError("x"), Failure.DATA),
        (raised_from(asyncpg.DataError("$1: 1 (value out of int64 range)"), OverflowError()), Failure.DATA),
        (FactTooLarge("t", 1_000_000), Failure.DATA),
        (raised_from(asyncpg.DataError("$1: 1 (expected str, got int)"), TypeError()), Failure.BUG),
        (asyncpg.UndefinedColumnError("x"), Failure.BUG),
        (asyncpg.InterfaceError("another operation is in progress"), Failure.BUG),
        (asyncpg.InternalClientError("got result for unknown protocol state"), Failure.BUG),
        (asyncpg.CardinalityViolationError("x"), Failure.DATA),
        (asyncpg.StatementTooComplexError("x"), Failure.DATA),
        (Refused("no", "Nej."), Failure.DATA),
        (OverflowError("date value out of range"), Failure.DATA),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), Failure.DATA),
        (invalid(amount=-1), Failure.DATA),
        (invalid(amount="1"), Failure.BUG),
        (invalid(), Failure.BUG),
        (KeyError("x"), Failure.BUG),
        (ValueError("x"), Failure.BUG),
        (ZeroDivisionError(), Failure.BUG),
    ],
)
def test_an_error_is_tried_again_blamed_on_the_event_or_on_us(error: Exception, meaning: Failure) -> None:
    assert classify(error) is meaning


def test_what_is_wrong_with_the_data_is_said_without_them() -> None:
    assert describe_data_error(invalid(amount=-1)) == "Money: amount: greater_than_equal"
    assert describe_data_error(Refused("unknown_meeting", "Mødet hos Hemmelig Hansen findes ikke.")) == (
        "refused: unknown_meeting"
    )


def test_what_is_many_in_a_minute_is_told_of_once() -> None:
    now = 0.0
    rate = DeadRate(lambda: now)
    assert [rate.count("bad_data") for _ in range(8)] == ["one"] * 5 + ["many", "more", "more"]
    assert rate.count("unsupported") == "one"
    now = 60.0
    assert [rate.count("bad_data") for _ in range(6)] == ["one"] * 5 + ["many"]
