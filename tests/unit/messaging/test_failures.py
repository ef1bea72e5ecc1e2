"""What each exception means for the batch it was raised in."""

from __future__ import annotations

import asyncpg
import pytest
from aiokafka.errors import NodeNotReadyError

from shared.base.cloudevents import Arrival, Defect
from shared.base.failures import Failure, TryAgain, classify
from shared.contracts.event import FactTooLarge
from shared.messaging.inbox import BugFound, Defects
from shared.messaging.plan import Dead
from shared.messaging.records import StoredRecord

RECORD = StoredRecord("t", 0, 0, 0, None, None, ())


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
        (KeyError("x"), Failure.BUG),
    ],
)
def test_an_error_is_tried_again_blamed_on_the_event_or_on_us(error: Exception, meaning: Failure) -> None:
    assert classify(error) is meaning


def dead(key: str, reason: str = "data_error") -> Dead:
    arrival = Arrival(RECORD, type="t")
    arrival.belongs_to(key, "/s")
    return Dead(arrival, Defect(reason, "SQLSTATE 23505"))


def test_five_keys_with_one_defect_in_a_minute_are_a_bug() -> None:
    now = 0.0
    defects = Defects(lambda: now)
    for key in "abcd":
        defects.check([dead(key)])
        defects.remember([dead(key)])
    defects.check([dead("d")])
    with pytest.raises(BugFound):
        defects.check([dead("e")])
    defects.check([dead("e", "bad_data")])
    now = 61.0
    defects.check([dead("e")])


def test_a_strangers_facts_and_events_without_a_key_do_not_count() -> None:
    defects = Defects(lambda: 0.0)
    defects.check([dead(key, "not_owner") for key in "abcdefgh"])
    defects.check([Dead(Arrival(RECORD), Defect("bad_json", "x")) for _ in range(9)])
