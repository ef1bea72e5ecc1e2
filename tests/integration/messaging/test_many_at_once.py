"""A thousand events behind one, and a hundred dead letters of one cause: settled at once, in transactions of a few."""

from __future__ import annotations

import pytest

from shared.messaging import dead_letters
from shared.messaging import inbox as inbox_module
from shared.messaging.dead_letters import NotDone
from tests.integration.messaging.harness import Reader, allow_poison, event


@pytest.fixture(autouse=True)
def _three_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "AT_ONCE", 3)


def longest(reader: Reader) -> int:
    """Events that one call of a handler got."""
    return max(len(call) for call in reader.calls)


async def test_what_waits_behind_a_dead_letter_is_taken_in_a_few_at_a_time_and_in_order(reader: Reader) -> None:
    await reader.take(event("a", 1, "poison"), *[event("a", n) for n in range(2, 12)])
    reader.calls.clear()
    connection = await reader.consumer._connect()
    assert await dead_letters.discard(reader.inbox, connection, 1) == 10
    assert await reader.effects("a") == [*range(2, 12)]
    assert longest(reader) <= 3
    assert await reader.count("parked_keys") == 0
    assert await reader.pool.fetchval("SELECT state FROM dead_letters") == "discarded"


async def test_a_retry_that_was_cut_off_goes_on_where_it_stopped_and_its_key_waits_meanwhile(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.take(event("a", 1, "poison"), *[event("a", n) for n in range(2, 9)])
    await allow_poison(reader)
    connection = await reader.consumer._connect()
    settle, settled = reader.inbox.settle, 0

    def dies_after_the_first(batch: inbox_module.Batch) -> None:
        nonlocal settled
        settle(batch)
        settled += 1
        if settled == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(reader.inbox, "settle", dies_after_the_first)
    with pytest.raises(KeyboardInterrupt):
        await dead_letters.retry(reader.inbox, connection, 1)
    monkeypatch.undo()
    assert await reader.effects("a") == [1, 2, 3, 4]
    await reader.take(event("a", 9))
    assert await reader.effects("a") == [1, 2, 3, 4]
    assert await reader.dead() == ["data_error"], "it stays open until all behind it is taken in"
    assert await dead_letters.retry(reader.inbox, connection, 1) == 5
    assert await reader.effects("a") == [*range(1, 10)]
    assert await reader.dead() == []


async def test_a_long_wait_for_a_missing_event_ends_a_few_at_a_time(reader: Reader) -> None:
    await reader.take(event("a", 1), *[event("a", n) for n in range(3, 13)])
    reader.calls.clear()
    await reader.take(event("a", 2), event("a", 13), event("b", 1))
    assert await reader.effects("a") == [*range(1, 14)]
    assert longest(reader) <= 5, "three that wait, beside what came"
    assert await reader.count("parked_keys") == await reader.count("parked_events") == 0


async def test_a_hole_further_on_is_waited_for(reader: Reader) -> None:
    await reader.take(event("a", 1), *[event("a", n) for n in (3, 4, 5, 6, 7, 9, 10, 11, 12)])
    await reader.take(event("a", 2))
    assert await reader.effects("a") == [*range(1, 8)]
    assert await reader.parked() == [9, 10, 11, 12]
    await reader.take(event("a", 8))
    assert await reader.effects("a") == [*range(1, 13)]


async def test_one_at_fault_further_on_is_what_the_others_wait_behind(reader: Reader) -> None:
    await reader.take(event("a", 1), *[event("a", n, "poison" if n == 8 else "") for n in range(3, 12)])
    await reader.take(event("a", 2))
    assert await reader.effects("a") == [*range(1, 8)]
    assert await reader.dead() == ["data_error"]
    assert await reader.parked() == [9, 10, 11]


async def test_a_reader_that_died_before_all_had_gone_on_goes_on_when_it_is_back(reader: Reader) -> None:
    await reader.take(event("a", 1), *[event("a", n) for n in range(3, 13)])
    arrival = reader.inbox.read(reader.record(event("a", 2)))
    assert arrival is not None
    outcome = await reader.inbox.take(await reader.consumer._connect(), [arrival])
    assert outcome.go_on == [arrival.stream]
    assert await reader.effects("a") == [1, 2, 3, 4, 5]
    await reader.consumer._disconnect()
    reader.build()
    await reader.take(event("b", 1))
    assert await reader.effects("a") == [*range(1, 13)]


async def test_a_reader_that_was_cut_off_before_all_had_gone_on_goes_on_with_its_next_try(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.take(event("a", 1), *[event("a", n) for n in range(3, 13)])
    filling = reader.record(event("a", 2))

    async def cut_off(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(reader.inbox, "go_on", cut_off)
    with pytest.raises(ConnectionResetError):
        await reader.take(filling)
    monkeypatch.undo()
    monkeypatch.setattr(inbox_module, "AT_ONCE", 3)
    await reader.take(filling)
    assert await reader.effects("a") == [*range(1, 13)]


async def test_what_our_code_fails_on_further_on_is_named_and_can_be_set_aside(reader: Reader) -> None:
    await reader.take(event("a", 1), *[event("a", n, "unforeseen" if n == 9 else "") for n in range(3, 13)])
    reader.bug_on = "unforeseen"
    filling = reader.record(event("a", 2))
    with pytest.raises(KeyError):
        await reader.take(filling)
    assert await reader.effects("a") == [*range(1, 9)]
    connection = await reader.consumer._connect()
    await reader.consumer._name_faults([filling])
    ((found, _),) = reader.consumer._faults
    assert found.id == "a.9"
    (halt,) = await dead_letters.halts(connection, reader.inbox.consumer)
    await dead_letters.set_aside(reader.inbox, connection, halt.id)
    assert await reader.inbox.has_new_decision(connection)
    await reader.take(filling)
    assert await reader.dead() == ["bug"]
    assert await reader.parked() == [10, 11, 12]


async def test_a_gap_is_stepped_over_once_however_many_wait(reader: Reader) -> None:
    await reader.take(event("a", 1), *[event("a", n) for n in (3, 4, 5, 6, 7, 9)])
    connection = await reader.consumer._connect()
    assert await dead_letters.skip_gap(reader.inbox, connection, "invoice/a", event("a", 1)["source"]) == 5
    assert await reader.effects("a") == [1, 3, 4, 5, 6, 7]
    assert await reader.parked() == [9]


async def test_dead_letters_of_one_cause_are_counted_before_they_are_settled(reader: Reader) -> None:
    await reader.take(*[event(name, 1, "poison") for name in "abcdefg"], event("a", 2), event("a", 3), event("x", 1))
    await reader.take(b"something else")
    connection = await reader.consumer._connect()
    group, _ = await dead_letters.groups(connection, reader.inbox.consumer)
    for count in (None, 6, 8):
        with pytest.raises(NotDone, match="7 dead letters have this fingerprint, and 2 events wait behind them"):
            await dead_letters.settle_cause(reader.inbox, connection, group.fingerprint, dead_letters.discard, count)
    assert len(await reader.dead()) == 8
    done = await dead_letters.settle_cause(reader.inbox, connection, group.fingerprint, dead_letters.discard, 7)
    assert (done.settled, done.left, done.taken_in) == (7, 0, 2)
    assert await reader.dead() == ["bad_json"]
    assert await reader.effects("a") == [2, 3]
    with pytest.raises(NotDone, match="no open dead letter"):
        await dead_letters.settle_cause(reader.inbox, connection, group.fingerprint, dead_letters.discard, 7)


async def test_of_one_cause_those_still_at_fault_are_left_and_the_others_taken_in(reader: Reader) -> None:
    await reader.take(*[event(name, 1, "poison") for name in "abc"])
    connection = await reader.consumer._connect()
    (group,) = await dead_letters.groups(connection, reader.inbox.consumer)
    done = await dead_letters.settle_cause(reader.inbox, connection, group.fingerprint, dead_letters.retry, 3)
    assert (done.settled, done.left, done.taken_in) == (0, 3, 0)
    await allow_poison(reader)
    done = await dead_letters.settle_cause(reader.inbox, connection, group.fingerprint, dead_letters.retry, 3)
    assert (done.settled, done.left, done.taken_in) == (3, 0, 3)
