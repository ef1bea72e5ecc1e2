"""Order, duplicates, gaps, owners, dead letters and what waits behind them: one batch, one transaction."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from shared.contracts.invoicing import PaymentRegistered
from shared.messaging import dead_letters
from shared.messaging.dead_letters import NotDone
from tests.integration.messaging.harness import OWNER, Reader, allow_poison, event


def paid(invoice: str, sequence: int, ore: int = 100) -> dict[str, Any]:
    data = {
        "owner": OWNER,
        "invoice_id": invoice,
        "payment_id": f"p{sequence}",
        "amount_ore": ore,
        "paid_on": "2020-06-01",
        "outstanding_ore": 0,
    }
    return event(invoice, sequence, wire_type=PaymentRegistered.type, data=data)


async def test_events_of_one_subject_have_their_effect_in_order_across_types(reader: Reader) -> None:
    await reader.take(event("a", 1), paid("a", 2), event("b", 1), event("a", 3), event("a", 4), paid("a", 5))
    assert await reader.effects("a") == [1, 2, 3, 4, 5]
    assert reader.calls[0] == [("invoice/a", 1), ("invoice/b", 1)], "events of one type go to the handler together"


async def test_the_same_event_a_thousand_times_has_one_effect(reader: Reader) -> None:
    await reader.take(*[event("a", 1)] * 500)
    await reader.take(*[event("a", 1)] * 500)
    assert await reader.effects() == [1]
    assert await reader.count("inbox") == 1
    assert await reader.count("outbox") == 1


async def test_effect_inbox_position_and_answer_are_one_transaction(reader: Reader) -> None:
    reader.bug_on = "bad day"
    with pytest.raises(KeyError):
        await reader.take(event("a", 1), event("b", 1, "bad day"))
    for table in ("effects", "inbox", "stream_in", "outbox", "owners", "dead_letters"):
        assert await reader.count(table) == 0, table


async def test_an_answer_knows_the_event_that_caused_it(reader: Reader) -> None:
    await reader.take(event("a", 1, actor="person/7"))
    row = await reader.pool.fetchrow("SELECT correlation_id, causation_id, actor FROM outbox")
    assert tuple(row or ()) == ("root", "a.1", "person/7")
    row = await reader.pool.fetchrow("SELECT event_id, correlation_id, causation_id, actor FROM inbox")
    assert tuple(row or ()) == ("a.1", "root", None, "person/7")


async def test_a_missing_event_holds_its_key_until_it_comes(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 4), event("b", 1))
    await reader.take(event("a", 3), event("a", 5))
    assert await reader.effects("a") == [1]
    assert await reader.effects("b") == [1]
    (gap,), _ = await dead_letters.gaps(reader.pool, reader.inbox.consumer)
    assert gap.lowest_parked == 3
    await reader.take(event("a", 2))
    assert await reader.effects("a") == [1, 2, 3, 4, 5]
    assert await reader.parked() == []
    assert await reader.count("parked_keys") == 0
    assert await reader.count("inbox") == 6


async def test_a_gap_and_what_fills_it_may_come_in_one_batch(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 3), event("a", 2), event("a", 4))
    assert await reader.effects() == [1, 2, 3, 4]
    assert await reader.count("parked_keys") == 0


async def test_a_gap_that_is_filled_in_part_goes_on_in_part(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 3), event("a", 6), event("a", 3))
    await reader.take(event("a", 2))
    assert await reader.effects() == [1, 2, 3]
    assert await reader.parked() == [6]
    await reader.take(event("a", 5), event("a", 4))
    assert await reader.effects() == [1, 2, 3, 4, 5, 6]


async def test_a_person_can_step_over_a_gap(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 4), event("a", 5))
    taken = await dead_letters.skip_gap(reader.inbox, await reader.consumer._connect(), "invoice/a", OWNER)
    assert taken == 2
    assert await reader.effects() == [1, 4, 5]
    await reader.take(event("a", 6))
    assert await reader.effects() == [1, 4, 5, 6]


async def restart(reader: Reader) -> None:
    """A new process, which remembers nothing."""
    await reader.consumer._disconnect()
    reader.build()


async def test_one_of_ours_begins_with_1_where_nothing_was_forgotten(reader: Reader) -> None:
    await reader.take(event("a", 2), event("a", 3))
    assert await reader.effects() == []
    (gap,), _ = await dead_letters.gaps(reader.pool, reader.inbox.consumer)
    assert (gap.position, gap.lowest_parked) == (None, 2)
    await restart(reader)
    await reader.take(event("b", 2))
    assert await reader.effects() == [], "a new process knows that the partition was read from its beginning"
    await reader.take(event("a", 1), event("b", 1))
    assert await reader.effects("a") == [1, 2, 3]
    assert await reader.effects("b") == [1, 2]
    assert await reader.count("parked_keys") == 0


async def test_the_lost_beginning_of_one_of_ours_can_be_told_again(reader: Reader) -> None:
    await reader.take(event("other", 1))
    await reader.take(event("a", 3))
    await reader.take(event("a", 1), event("a", 2), event("a", 3))
    assert await reader.effects("a") == [1, 2, 3]
    assert await reader.dead() == []


async def test_a_person_can_step_over_a_beginning_that_never_comes(reader: Reader) -> None:
    await reader.take(event("a", 5), event("a", 6))
    assert await dead_letters.skip_gap(reader.inbox, await reader.consumer._connect(), "invoice/a", OWNER) == 2
    await reader.take(event("a", 7))
    assert await reader.effects() == [5, 6, 7]


async def test_a_reader_of_topics_without_their_past_can_go_on_without_the_beginnings(reader: Reader) -> None:
    await reader.take(event("a", 5), event("b", 6), event("c", 1), event("c", 3))
    assert await dead_letters.skip_beginnings(reader.inbox, await reader.consumer._connect()) == (2, 0)
    assert await reader.effects("a") == [5]
    assert await reader.effects("b") == [6]
    assert await reader.effects("c") == [1], "a hole in the middle still waits"
    await restart(reader)
    await reader.take(event("d", 9))
    assert await reader.effects("d") == [9]


async def test_where_the_past_was_forgotten_before_the_reader_came_the_first_sequence_seen_is_the_base(
    reader: Reader,
) -> None:
    await reader.take(reader.record(event("a", 41), offset=7_000), reader.record(event("a", 42), offset=7_001))
    assert await reader.effects("a") == [41, 42]
    await restart(reader)
    await reader.take(reader.record(event("b", 9), offset=7_002))
    assert await reader.effects("b") == [9]


async def test_a_stranger_may_begin_anywhere(reader: Reader) -> None:
    stranger = "https://other.example/crm"
    await reader.take(event("a", 41, source=stranger), event("a", 42, source=stranger))
    assert await reader.effects() == [41, 42]


async def test_without_a_sequence_events_are_taken_as_they_come(reader: Reader) -> None:
    await reader.take(event("a", None, event_id="x"), event("a", None, event_id="y"), event("a", None, event_id="x"))
    assert await reader.effects() == [None, None]


async def test_a_lower_sequence_with_an_unknown_id_is_reported_and_never_skipped(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 2))
    await reader.take(event("a", 2, event_id="another"), event("a", 3))
    assert await reader.dead() == ["sequence_regressed"]
    assert await reader.effects() == [1, 2, 3]


async def late(reader: Reader, said: str = "") -> int:
    """A second fact with a's sequence 2, which has been passed; the number of its dead letter."""
    await reader.take(event("a", 1), event("a", 2), event("a", 3))
    await reader.take(event("a", 2, said, event_id="late"))
    number: int = await reader.pool.fetchval("SELECT id FROM dead_letters WHERE state = 'open'")
    return number


async def test_a_retry_of_what_came_after_its_turn_can_only_fail(reader: Reader) -> None:
    number = await late(reader)
    with pytest.raises(NotDone, match="at fault still: sequence_regressed"):
        await dead_letters.retry(reader.inbox, await reader.consumer._connect(), number)


async def test_what_came_after_its_turn_can_be_accepted_once_and_the_position_stays(reader: Reader) -> None:
    number = await late(reader)
    connection = await reader.consumer._connect()
    assert await dead_letters.accept(reader.inbox, connection, number) == 1
    assert await reader.effects("a") == [1, 2, 3, 2]
    assert await reader.dead() == []
    with pytest.raises(NotDone, match="retried already"):
        await dead_letters.accept(reader.inbox, connection, number)
    await reader.take(event("a", 2, event_id="late"))
    assert await reader.effects("a") == [1, 2, 3, 2], "a copy is known"
    assert await reader.pool.fetchval("SELECT sequence FROM stream_in WHERE subject = 'invoice/a'") == 3
    await reader.take(event("a", 4))
    assert await reader.effects("a") == [1, 2, 3, 2, 4]


async def test_accepting_leaves_what_waits_for_something_else_waiting(reader: Reader) -> None:
    number = await late(reader)
    await reader.take(event("a", 5))
    await dead_letters.accept(reader.inbox, await reader.consumer._connect(), number)
    assert await reader.effects("a") == [1, 2, 3, 2]
    assert await reader.parked() == [5]
    await reader.take(event("a", 4))
    assert await reader.effects("a") == [1, 2, 3, 2, 4, 5]


async def test_accepting_what_is_at_fault_as_well_changes_nothing(reader: Reader) -> None:
    number = await late(reader, "poison")
    connection = await reader.consumer._connect()
    with pytest.raises(NotDone, match="at fault: data_error"):
        await dead_letters.accept(reader.inbox, connection, number)
    assert await reader.dead() == ["sequence_regressed"]
    assert await reader.count("parked_keys") == 0
    await reader.take(event("b", 1, "poison"))
    other = await reader.pool.fetchval("SELECT id FROM dead_letters WHERE reason = 'data_error'")
    with pytest.raises(NotDone, match="did not come after its turn"):
        await dead_letters.accept(reader.inbox, connection, other)


async def test_an_event_at_fault_is_found_among_good_ones_and_only_its_key_waits(reader: Reader) -> None:
    batch = [event(f"i{n}", 1) for n in range(40)]
    batch[17:17] = [event("bad", 1), event("bad", 2, "poison"), event("bad", 3)]
    await reader.take(*batch)
    assert len(await reader.effects()) == 41
    assert await reader.dead() == ["data_error"]
    assert await reader.parked() == [3]
    await reader.take(event("bad", 4), event("i3", 2))
    assert await reader.parked() == [3, 4]
    assert await reader.effects("bad") == [1]
    assert await reader.effects("i3") == [1, 2]
    letter = await reader.pool.fetchrow("SELECT detail, event_id, value FROM dead_letters")
    assert letter is not None
    assert letter["detail"] == "SQLSTATE 23514 effects effects_said_check"
    assert b"poison" in letter["value"]


async def test_what_comes_before_an_event_at_fault_is_taken_in_also_when_the_batch_is_halved(reader: Reader) -> None:
    unsupported = event("a", 2, wire_type="tovholder.invoicing.InvoiceRejected.v2")
    await reader.take(event("a", 1), unsupported, event("a", 3), event("b", 1, "poison"))
    assert await reader.effects("a") == [1]
    assert await reader.dead() == ["unsupported", "data_error"]
    assert await reader.parked() == [3]


async def test_a_record_that_comes_again_while_it_waits_is_not_lost_when_what_it_waits_for_dies(reader: Reader) -> None:
    waiting = reader.record(event("a", 3))
    await reader.take(reader.record(event("a", 1)), waiting)
    await reader.take(waiting, reader.record(event("a", 4)), reader.record(event("a", 2, "poison")))
    assert await reader.parked() == [3, 4]
    await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1)
    assert await reader.effects("a") == [1, 3, 4]


async def test_a_batch_takes_as_many_statements_however_many_events_it_has(reader: Reader) -> None:
    async def statements(*streams: str) -> int:
        """Of a batch in which each stream's gap is filled, and one event more of it dies."""
        await reader.take(*[event(name, 1) for name in streams], *[event(name, 3) for name in streams])
        asked: list[str] = []
        connection = await reader.consumer._connect()
        batch = [
            *(event(name, 2) for name in streams),
            *(event(name, 4, wire_type="tovholder.invoicing.InvoiceRejected.v2") for name in streams),
            *(event(name, 5) for name in streams),
        ]
        with connection.query_logger(lambda query: asked.append(query.query)):
            await reader.take(*batch)
        assert await reader.count("parked_keys") == await reader.count("dead_letters")
        return len(asked)

    one = await statements("a")
    assert one == await statements("b", "c", "d")


async def test_a_constraint_checked_at_commit_is_blamed_on_its_event_too(reader: Reader) -> None:
    await reader.take(event("a", 1, "once"), event("b", 1), event("c", 1, "once"))
    assert await reader.effects("b") == [1]
    assert await reader.dead() == ["data_error"]


async def test_a_retry_takes_the_dead_letter_then_what_is_parked_behind_it(reader: Reader) -> None:
    await reader.take(event("a", 1, "poison"), event("a", 2), event("a", 3))
    connection = await reader.consumer._connect()
    with pytest.raises(NotDone, match="SQLSTATE 23514"):
        await dead_letters.retry(reader.inbox, connection, 1)
    assert await reader.dead() == ["data_error"]
    assert await reader.parked() == [2, 3]
    assert await reader.count("inbox") == 0
    await allow_poison(reader)
    assert await dead_letters.retry(reader.inbox, connection, 1) == 3
    assert await reader.effects() == [1, 2, 3]
    assert await reader.dead() == []
    assert await reader.count("parked_keys") == 0
    with pytest.raises(NotDone, match="retried already"):
        await dead_letters.retry(reader.inbox, connection, 1)
    await reader.take(event("a", 1, "poison"), event("a", 4))
    assert await reader.effects() == [1, 2, 3, 4]


async def test_when_a_parked_event_is_at_fault_as_well_the_key_waits_behind_that_one(reader: Reader) -> None:
    await reader.take(event("a", 1, "poison"), event("a", 2), event("a", 3, "once"), event("a", 4))
    await reader.take(event("b", 1, "once"))
    await allow_poison(reader)
    assert await dead_letters.retry(reader.inbox, await reader.consumer._connect(), 1) == 2
    assert await reader.effects("a") == [1, 2]
    assert await reader.dead() == ["data_error"]
    assert await reader.parked() == [4]
    held = await reader.pool.fetchval("SELECT d.sequence FROM parked_keys JOIN dead_letters d ON d.id = dead_letter_id")
    assert held == 3


async def test_discarding_releases_the_key_and_moves_past_the_event(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 2, "poison"), event("a", 3))
    assert await dead_letters.discard(reader.inbox, await reader.consumer._connect(), 1) == 1
    await reader.take(event("a", 2, "poison"), event("a", 4))
    assert await reader.effects() == [1, 3, 4]
    assert await reader.dead() == []
    assert await reader.count("parked_keys") == 0


async def test_a_copy_of_a_dead_letter_waits_behind_it_and_is_dropped_in_its_turn(reader: Reader) -> None:
    await reader.take(event("a", 1, "poison"))
    await reader.take(event("a", 1, "poison"), event("a", 2))
    await allow_poison(reader)
    await dead_letters.retry(reader.inbox, await reader.consumer._connect(), 1)
    assert await reader.effects() == [1, 2]


async def test_the_same_record_again_makes_no_second_dead_letter(reader: Reader) -> None:
    bad = reader.record(b"rubbish")
    await reader.take(bad)
    await reader.take(bad)
    assert await reader.dead() == ["bad_json"]


async def test_an_unknown_type_is_passed_over_but_its_place_is_kept(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 2, wire_type="tovholder.invoicing.SomethingNew.v1"), event("a", 3))
    assert await reader.effects() == [1, 3]
    assert await reader.count("inbox") == 3
    assert await reader.count("dead_letters") == 0


async def test_a_known_type_in_an_unknown_version_is_a_dead_letter(reader: Reader) -> None:
    await reader.take(event("a", 1), event("a", 2, wire_type="tovholder.invoicing.InvoiceRejected.v2"), event("a", 3))
    assert await reader.dead() == ["unsupported"]
    assert await reader.effects() == [1]
    assert await reader.parked() == [3]


async def test_data_that_breaks_the_contract_is_a_dead_letter_that_repeats_no_value(reader: Reader) -> None:
    await reader.take(event("a", 1, data={"owner": OWNER, "invoice_id": "a", "reason": ["Hemmelig Hansen"]}))
    assert await reader.dead() == ["bad_data"]
    assert await reader.pool.fetchval("SELECT detail FROM dead_letters") == "reason: string_type"


@pytest.mark.parametrize(
    "stranger",
    [
        event("a", 2, source="/somebody", data={"owner": OWNER, "invoice_id": "a", "reason": ""}),
        event("a", 2, source="/somebody", data={"owner": "/somebody", "invoice_id": "a", "reason": ""}),
        event("b", 1, source="/somebody", data={"owner": "/somebody", "invoice_id": "b", "reason": ""}),
    ],
    ids=["names the owner, is another", "names itself", "names itself, about something new"],
)
async def test_only_the_owner_may_tell(reader: Reader, stranger: dict[str, Any]) -> None:
    await reader.take(event("a", 1))
    await reader.take({**stranger, "id": "evil"}, event("a", 2))
    assert await reader.dead() == ["not_owner"]
    assert await reader.effects() == [1, 2]


async def test_a_stranger_cannot_take_a_subject_by_an_unknown_type(reader: Reader) -> None:
    await reader.take(event("a", 1, source="/somebody", wire_type="tovholder.invoicing.Odd.v1", event_id="evil"))
    await reader.take(event("a", 1))
    assert await reader.effects() == [1]


async def test_a_fact_in_another_services_topic_is_not_believed(reader: Reader) -> None:
    await reader.take(reader.record(event("a", 1), topic=f"{reader.prefix}tovholder.scheduling"))
    assert await reader.dead() == ["wrong_topic"]
    assert await reader.effects() == []


async def test_the_same_defect_on_a_hundred_keys_halts_nobody(reader: Reader) -> None:
    await reader.take(event("good", 1), *[event(f"i{n}", 1, "poison") for n in range(100)], event("good", 2))
    assert await reader.dead() == ["data_error"] * 100
    assert await reader.effects() == [1, 2]


async def test_rubbish_never_halts(reader: Reader) -> None:
    await reader.take(
        *[b"rubbish %d" % n for n in range(20)],
        *[event(f"i{n}", 1, source="/evil", data={"owner": OWNER, "invoice_id": "x", "reason": ""}) for n in range(9)],
    )
    assert len(await reader.dead()) == 29


async def test_values_beyond_every_limit_are_dead_letters_and_neighbours_live(reader: Reader) -> None:
    await reader.take(
        event("a", 1),
        event("big", 1, data={"owner": OWNER, "invoice_id": "big", "reason": "x\x00y"}),
        event("b", 10**30),
        event("c", 1, time="9999-12-31T23:59:59-23:59"),
        event("d" * 4000, 1),
        event("e", 1, event_id="x" * 4000),
        event("f", 1, specversion="0.3"),
        event("g", 1, id=7),
        event("h", 1),
    )
    assert await reader.effects() == [1, 1]
    assert await reader.dead() == ["data_error"] + ["bad_envelope"] * 6


async def test_a_connection_lost_in_the_middle_is_tried_again_and_leaves_nothing(reader: Reader) -> None:
    connection = await reader.consumer._connect()
    pid = connection.get_server_pid()

    async def cut(*_: object) -> None:
        await reader.pool.fetchval("SELECT pg_terminate_backend($1)", pid)
        await connection.fetchval("SELECT 1")

    handler, reader.inbox.handlers["tovholder.invoicing.InvoiceRejected.v1"] = reader.note, [cut]  # type: ignore[list-item]
    with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)) as lost:
        await reader.take(event("a", 1))
    assert not reader.consumer._is_bug(lost.value)
    reader.inbox.handlers["tovholder.invoicing.InvoiceRejected.v1"] = [handler]
    await reader.take(event("a", 1))
    assert await reader.effects() == [1]
    assert await reader.dead() == []
