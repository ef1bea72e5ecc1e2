"""What becomes of the events of a batch, decided without a database. The model walks every interleaving of it."""

from __future__ import annotations

from typing import Any

import pytest

from shared.base.cloudevents import Arrival, Defect
from shared.contracts.event import event_uid
from shared.contracts.invoicing import InvoiceRejected, PaymentRegistered
from shared.messaging.plan import Dead, Known, Plan, Settled, after, alive, may_go_on, plan, rounds
from shared.messaging.records import StoredRecord

OURS = "/tovholder/invoicing"
ELSEWHERE = "https://other.example"
OFFSETS = iter(range(1, 1_000_000))


def told(
    subject: str,
    sequence: int | None,
    *,
    source: str = OURS,
    kind: str = InvoiceRejected.type,
    defect: Defect | None = None,
    **given: Any,
) -> Arrival:
    """A fact about `invoice/<subject>`; `given`: `command`, `parked`, `owner`, `name` (its id)."""
    record = StoredRecord("tovholder.invoicing", 0, next(OFFSETS), 0, None, b"", ())
    name = given.get("name", f"{subject}{sequence}")
    arrival = Arrival(record, id=name, type=kind, sequence=sequence, defect=defect, uid=event_uid(source, name))
    arrival.belongs_to(f"invoice/{subject}", source)
    arrival.command, arrival.parked = given.get("command", False), given.get("parked")
    if defect is None and kind == InvoiceRejected.type:
        arrival.data = InvoiceRejected(owner=given.get("owner", source), invoice_id=subject, reason="")
    return arrival


def ids(*arrivals: Arrival) -> frozenset[str]:
    return frozenset(arrival.uid for arrival in arrivals if arrival.uid is not None)


def known(*arrivals: Arrival, **given: Any) -> Known:
    """All of them new, ours and readable from the beginning."""
    owners = {one.data.scope: OURS for one in arrivals if isinstance(one.data, InvoiceRejected)}
    return Known(ids(*arrivals), **{"owners": owners, "beginnings": frozenset({("tovholder.invoicing", 0)})} | given)


def shown(planned: Plan) -> list[str]:
    return [f"†{turn.arrival.id}" if isinstance(turn, Dead) else str(turn.id) for turn in planned.turns]


def stream(arrival: Arrival) -> tuple[str, str]:
    assert arrival.stream is not None
    return arrival.stream


BAD = Defect("bad_data", "reason: string_type")


def poisoned(arrival: Arrival) -> Dead:
    return Dead(arrival, Defect("data_error", "SQLSTATE 23514"))


def test_what_follows_is_ready_in_the_order_of_its_arrival() -> None:
    events = [told("a", 1), told("b", 1), told("a", 2)]
    assert shown(plan(known(*events), events)) == ["a1", "b1", "a2"]


def test_what_is_known_is_nothing_and_a_copy_in_the_same_batch_is_known_too() -> None:
    first, copy = told("a", 1), told("a", 1)
    planned = plan(known(first), [first, copy])
    assert shown(planned) == ["a1"]
    assert planned.duplicates == [copy]
    assert after(planned).duplicates == 1


def test_what_comes_before_an_event_at_fault_is_done_and_what_comes_behind_it_waits() -> None:
    one, two, three = told("a", 1), told("a", 2, defect=BAD), told("a", 3)
    settled = after(plan(known(one, two, three), [one, two, three]))
    assert (settled.done, [dead.arrival for dead in settled.dead], settled.parked) == ([one], [two], [three])
    assert settled.positions == {stream(one): (1, True)}
    assert [dead.arrival for dead in settled.locks.values() if dead] == [two]


def test_behind_an_event_that_dies_when_it_is_handed_over_nothing_has_had_its_turn() -> None:
    """Not even what is at fault itself: judged now, it would be a dead letter that nothing waits behind."""
    one, two, three = told("a", 1), told("a", 2, defect=BAD), told("a", 3)
    settled = after(plan(known(one, two, three), [one, two, three]), [poisoned(one)])
    assert (settled.done, settled.dead, settled.parked) == ([], [poisoned(one)], [two, three])
    assert settled.locks == {stream(one): poisoned(one)}
    assert set(settled.undone) == ids(one, two, three)


def test_only_the_stream_of_the_dead_one_stops() -> None:
    events = [told("a", 1), told("b", 1), told("a", 2), told("b", 2)]
    dead = [poisoned(events[0])]
    assert [one.id for one in alive(events, dead)] == ["b1", "b2"]
    settled = after(plan(known(*events), events), dead)
    assert [one.id for one in settled.done] == ["b1", "b2"]
    assert [one.id for one in settled.parked] == ["a2"]


def test_the_missing_event_lets_the_waiting_ones_go_on_in_their_order() -> None:
    four, three = told("a", 4, parked=7), told("a", 3, parked=8)
    two, five = told("a", 2), told("a", 5)
    locked = {stream(two): "gap"}
    world = known(two, three, four, five, locks=locked, positions={stream(two): 1})
    assert may_go_on(world, [five]) == set()
    assert may_go_on(world, [five, two]) == {stream(two)}
    world = known(
        two, three, four, five, locks=locked, positions={stream(two): 1}, waiting={stream(two): [four, three]}
    )
    settled = after(plan(world, [five, two]))
    assert [one.id for one in settled.done] == ["a2", "a3", "a4", "a5"]
    assert settled.unparked == [7, 8]
    assert settled.unlocked == {stream(two)}
    assert settled.positions == {stream(two): (5, True)}


def test_when_one_of_them_dies_those_behind_it_wait_on_as_they_did() -> None:
    two, three, four = told("a", 2), told("a", 3, parked=8), told("a", 4, parked=9)
    world = known(
        two, three, four, locks={stream(two): "gap"}, positions={stream(two): 1}, waiting={stream(two): [three, four]}
    )
    settled = after(plan(world, [two]), [poisoned(three)])
    assert [one.id for one in settled.done] == ["a2"]
    assert (settled.unparked, settled.still, settled.parked) == ([8], [four], [])
    assert settled.locks == {stream(two): poisoned(three)}
    assert settled.unlocked == frozenset()


def test_a_copy_of_what_has_to_wait_after_all_is_not_thrown_away() -> None:
    """The record comes again after a death, and it is in the batch and among the parked ones at once."""
    two, again, parked = told("a", 2), told("a", 3), told("a", 3, parked=8)
    world = known(two, again, locks={stream(two): "gap"}, positions={stream(two): 1}, waiting={stream(two): [parked]})
    settled = after(plan(world, [again, two]), [poisoned(two)])
    assert settled.unparked == []
    assert [*settled.parked, *settled.still] == [again, parked]


def test_what_waits_for_something_else_still_waits_and_an_id_known_before_stays_known() -> None:
    late, waiting = told("a", 2, name="a2 again"), told("a", 5, parked=8)
    world = known(late, locks={stream(late): "gap"}, positions={stream(late): 3}, waiting={stream(late): [waiting]})
    settled = after(plan(world, [late]))
    assert [dead.defect.reason for dead in settled.dead] == ["sequence_regressed"]
    assert settled.locks == {}
    assert settled.still == [waiting]
    assert settled.undone == [late.uid], "this batch did not insert the id of the waiting one"


def test_one_of_ours_begins_with_1_where_the_reader_must_have_met_it_and_a_stranger_anywhere() -> None:
    ours, theirs = told("a", 4), told("b", 4, source=ELSEWHERE)
    owners = {ours.data.scope: OURS} if isinstance(ours.data, InvoiceRejected) else {}
    planned = plan(known(ours, theirs, owners={**owners, "invoice/b": ELSEWHERE}), [ours, theirs])
    assert planned.gaps == {stream(ours)}
    planned = plan(known(ours, beginnings=frozenset()), [ours])
    assert shown(planned) == ["a4"]


def test_without_a_sequence_an_event_follows_and_fills_no_gap() -> None:
    one = told("a", None)
    assert shown(plan(known(one), [one])) == ["aNone"]
    settled = after(plan(known(one, locks={stream(one): "gap"}), [one]))
    assert settled.parked == [one]


def test_a_stranger_is_dead_and_only_its_own_stream_waits() -> None:
    evil, good = told("a", 1, source=ELSEWHERE, owner=OURS), told("a", 1)
    settled = after(plan(known(evil, good), [evil, good]))
    assert [dead.defect.reason for dead in settled.dead] == ["not_owner"]
    assert settled.done == [good]
    assert settled.locks.keys() == {stream(evil)}


def test_what_was_passed_is_taken_in_out_of_turn_and_its_stream_stays_where_it_is() -> None:
    late = told("a", 2)
    settled = after(plan(known(late, positions={stream(late): 5}, out_of_turn=True), [late]))
    assert settled.done == [late]
    assert settled.positions == {}


def test_an_equal_sequence_with_another_id_was_passed_and_nothing_waits_for_it() -> None:
    again, next_one = told("a", 5, name="another"), told("a", 6)
    settled = after(plan(known(again, next_one, positions={stream(again): 5}), [again]))
    assert [dead.defect.reason for dead in settled.dead] == ["sequence_regressed"]
    assert (settled.parked, settled.locks) == ([], {})


def test_an_event_whose_id_nobody_can_tell_is_dead_and_leaves_its_stream_as_it_is() -> None:
    nameless, good = told("a", 1), told("a", 1)
    nameless.uid = None
    settled = after(plan(known(good), [nameless, good]))
    assert [dead.arrival for dead in settled.dead] == [nameless]
    assert (settled.done, settled.locks) == ([good], {})


def test_a_condemned_event_is_dead_in_its_turn_and_a_condemned_command_at_once() -> None:
    one, two, three = told("a", 1), told("a", 2), told("a", 3)
    command, behind = told("c", None, command=True), told("c", None, command=True, name="behind")
    assert two.uid is not None
    assert command.uid is not None
    condemned = {two.uid: BAD, command.uid: BAD}
    settled = after(plan(known(one, two, three, condemned=condemned), [two, three, one]))
    assert settled.done == [one]
    assert [dead.arrival for dead in settled.dead] == [two]
    assert settled.parked == [three]
    settled = after(plan(known(command, behind, condemned=condemned), [command, behind]))
    assert [dead.arrival for dead in settled.dead] == [command]
    assert settled.parked == [behind]


def test_what_more_waits_than_was_looked_at_goes_on_waiting() -> None:
    two, three, nine = told("a", 2), told("a", 3, parked=8), told("a", 9)
    world = known(
        two,
        three,
        nine,
        locks={stream(two): "gap"},
        positions={stream(two): 1},
        waiting={stream(two): [three]},
        cut=frozenset({stream(two)}),
    )
    settled = after(plan(world, [two, nine]))
    assert [one.id for one in settled.done] == ["a2", "a3"]
    assert settled.parked == [nine]
    assert settled.unlocked == frozenset()
    assert settled.locks == {}


def test_commands_have_no_order() -> None:
    second, first = told("a", 2, command=True), told("a", 1, command=True)
    settled = after(plan(known(second, first, positions={stream(first): 7}), [second, first]))
    assert settled.done == [second, first]
    assert settled.positions == {}


def test_rubbish_is_dead_and_nothing_waits_for_it() -> None:
    rubbish = Arrival(StoredRecord("t", 0, 1, 0, None, b"x", ()), defect=Defect("bad_json", "no JSON"))
    settled = after(plan(known(), [rubbish]))
    assert [dead.defect.reason for dead in settled.dead] == ["bad_json"]
    assert settled.locks == {}


@pytest.mark.parametrize("released", [True, False])
def test_a_stream_that_is_let_go_on_takes_what_waits_after_the_letter(released: bool) -> None:  # noqa: FBT001
    letter, waiting = told("a", 2), told("a", 3, parked=8)
    world = known(
        letter,
        waiting,
        locks={stream(letter): "dead_letter"},
        positions={stream(letter): 1},
        waiting={stream(letter): [waiting]},
        released=stream(letter) if released else None,
    )
    settled: Settled = after(plan(world, [letter]))
    assert [one.id for one in settled.done] == (["a2", "a3"] if released else [])
    assert settled.refused(letter) == (None if released else "its key waits for another event")
    assert settled.unlocked == ({stream(letter)} if released else frozenset())


def test_types_are_grouped_and_each_subject_keeps_its_order() -> None:
    paid = PaymentRegistered.type
    events = [told("a", 1), told("a", 2, kind=paid), told("b", 1), told("a", 3), told("b", 2, kind=paid)]
    listed = [[[one.id for one in group] for _, _, group in groups] for groups in rounds(events)]
    assert listed == [[["a1", "b1"]], [["a2", "b2"]], [["a3"]]]
