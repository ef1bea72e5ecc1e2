"""A thousand events behind one, and a hundred dead letters of one cause: settled at once, in transactions of a few."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from shared.base.listing import Page, page_at
from shared.messaging import dead_letters
from shared.messaging import inbox as inbox_module
from shared.messaging.dead_letters import NotDone
from shared.messaging.inbox import Batch, Inbox
from tests.integration.messaging.harness import Reader, allow_poison, event
from tests.support.eventually import eventually
from tests.support.paging import SIZES


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
    (halt,), _ = await dead_letters.halts(connection, reader.inbox.consumer)
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


async def of_one_cause(reader: Reader, *what: dict[str, Any]) -> str:
    """Take these in; the cause that their dead letters have in common."""
    await reader.take(*what)
    (group, *_), _ = await dead_letters.groups(reader.pool, reader.inbox.consumer)
    return group.fingerprint


async def test_dead_letters_of_one_cause_are_counted_before_they_are_settled(reader: Reader) -> None:
    poison = [event(name, 1, "poison") for name in "abcdefg"]
    cause = await of_one_cause(reader, *poison, event("a", 2), event("a", 3), event("x", 1))
    await reader.take(b"something else")
    connection = await reader.consumer._connect()
    settle, inbox = dead_letters.settle_cause, reader.inbox
    for counted in (None, (6, 7), (8, 7), (7, 6)):
        with pytest.raises(
            NotDone, match=r"(7|6) dead letters up to number \1 have this fingerprint, and 2 events wait"
        ):
            await settle(inbox, connection, cause, dead_letters.discard, counted)
    assert len(await reader.dead()) == 8
    done = await settle(inbox, connection, cause, dead_letters.discard, (7, 7))
    assert (done.settled, done.left, done.taken_in) == (7, 0, 2)
    assert await reader.dead() == ["bad_json"]
    assert await reader.effects("a") == [2, 3]
    with pytest.raises(NotDone, match="no open dead letter"):
        await settle(inbox, connection, cause, dead_letters.discard, (7, 7))


async def test_those_that_come_after_the_count_neither_change_it_nor_are_settled_with_the_others(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "OF_CAUSE_AT_ONCE", 2)
    cause = await of_one_cause(reader, *[event(name, 1, "poison") for name in "abc"])
    connection = await reader.consumer._connect()
    counted = await dead_letters.cause(reader.inbox, connection, cause)
    await reader.take(event("late", 1, "poison"))

    async def discard_as_another_comes(inbox: Inbox, connection: Any, number: int) -> int:
        await reader.take(event(f"later {number}", 1, "poison"))
        return await dead_letters.discard(inbox, connection, number)

    done = await dead_letters.settle_cause(
        reader.inbox, connection, cause, discard_as_another_comes, (counted.count, counted.up_to)
    )
    assert (done.settled, done.left) == (3, 0)
    assert await reader.dead() == ["data_error"] * 4, "late, and one for each that was discarded"


async def test_a_count_waits_for_a_batch_that_has_drawn_its_numbers_and_not_committed(reader: Reader) -> None:
    cause = await of_one_cause(reader, event("a", 1, "poison"))
    async with reader.pool.acquire() as slow, reader.pool.acquire() as counting:
        transaction = slow.transaction()
        await transaction.start()
        batch = Batch(reader.inbox, slow, careful=True)
        await batch.beside_others()
        arrival = reader.inbox.read(reader.record(event("b", 1, "poison")))
        assert arrival is not None
        await batch.run([arrival])
        await reader.take(event("c", 1, "poison"))
        count = asyncio.create_task(dead_letters.cause(reader.inbox, counting, cause))
        await eventually(lambda: is_waiting(reader, counting), because="it stands behind the batch")
        await transaction.commit()
        counted = await count
    assert (counted.count, counted.up_to) == (3, 3)


async def is_waiting(reader: Reader, connection: Any) -> bool:
    found = await reader.pool.fetchval(
        "SELECT wait_event FROM pg_stat_activity WHERE pid = $1", connection.get_server_pid()
    )
    return bool(found == "advisory")


async def test_of_one_cause_those_still_at_fault_are_left_and_the_others_taken_in(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "OF_CAUSE_AT_ONCE", 2)
    cause = await of_one_cause(reader, *[event(name, 1, "poison") for name in "abc"])
    connection = await reader.consumer._connect()
    done = await dead_letters.settle_cause(reader.inbox, connection, cause, dead_letters.retry, (3, 3))
    assert (done.settled, done.left, done.taken_in) == (0, 3, 0)
    await allow_poison(reader)
    done = await dead_letters.settle_cause(reader.inbox, connection, cause, dead_letters.retry, (3, 3))
    assert (done.settled, done.left, done.taken_in) == (3, 0, 3)


async def test_what_waits_is_listed_a_page_at_a_time(reader: Reader) -> None:
    await reader.take(
        *[event(name, 1, "poison") for name in "abcde"],
        *[b"unreadable %d" % n for n in range(2)],
        *[event(f"hole {n}", 1) for n in range(5)],
        *[event(f"hole {n}", n + 3) for n in range(5)],
    )
    connection = await reader.consumer._connect()
    for of, many in (("dead_letter", 7), ("group", 2), ("gap", 5)):
        load = dead_letters.LISTS[of]
        whole, following = await load(connection, reader.inbox.consumer, Page(of))
        assert (len(whole), following) == (many, None)
        for size in SIZES:
            rows, page = [], Page(of, limit=size)
            while True:
                found, following = await load(connection, reader.inbox.consumer, page)
                assert 0 < len(found) <= size
                rows += found
                if following is None:
                    break
                page = replace(page_at(following, [of]), limit=size)
            assert sorted(rows, key=str) == sorted(whole, key=str), "each of them once"


async def test_a_subject_whose_beginning_cannot_be_left_out_keeps_no_other_waiting(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "GAPS", Page("gap", limit=2))
    await reader.take(*[event(name, 2) for name in "abcde"])
    skip = dead_letters.skip_gap

    async def that_is_gone(inbox: Inbox, connection: Any, subject: str, source: str) -> int:
        if subject == "invoice/b":
            raise NotDone("this key does not wait for a missing event")
        return await skip(inbox, connection, subject, source)

    monkeypatch.setattr(dead_letters, "skip_gap", that_is_gone)
    connection = await reader.consumer._connect()
    assert await dead_letters.skip_beginnings(reader.inbox, connection) == (4, 1)
    assert sorted(await reader.effects("e")) == [2]
