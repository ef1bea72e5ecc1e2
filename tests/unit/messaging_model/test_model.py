"""The kernel's promises hold in every interleaving of these small worlds, and each is missed when it is taken out.

Run with `-s` to read the traces. What this cannot catch: SQL, drivers and brokers that do not do what the model says of
them; the fault tests against the real ones do that.
"""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import permutations

import pytest

from tests.unit.messaging_model.model import Budget, Event, Outcome, Promises, World, search

ANYTHING_GOES = ("retry", "discard")


def arriving(order: str) -> tuple[Event, ...]:
    """The log that reads "A1 B1 A2": all of it is on the topic before anyone reads."""
    return tuple(Event("ABC".index(name[0]), int(name[1]), int(name[1])) for name in order.split())


def tell(outcome: Outcome) -> None:
    print(outcome)  # noqa: T201 - how many states, and the trace in words: what one runs this with -s for


PIPELINE = World((("ok", "ok"), ("ok",)), budget=Budget(crashes=1))
TWO_CRASHES = World((("ok",), ("ok",)), budget=Budget(crashes=2))
TWO_RELAYS = World((("ok", "ok"),), relays=2, budget=Budget(crashes=1, pauses=1))
POISON = World(
    (("ok", "poison", "ok"), ("ok",)),
    log=arriving("A1 B1 A2 A3"),
    budget=Budget(crashes=2, duplicates=1),
    operator_may=ANYTHING_GOES,
)
POISON_FIRST = World((("poison", "ok"),), budget=Budget(crashes=1), operator_may=ANYTHING_GOES)
TWO_POISONS = replace(POISON, facts=(("ok", "poison", "poison"), ("ok",)), budget=Budget(crashes=1, duplicates=1))
REBALANCE = World(
    (("ok", "poison", "ok"),),
    readers=2,
    log=arriving("A1 A2 A3"),
    budget=Budget(crashes=1, rebalances=2),
    operator_may=ANYTHING_GOES,
)
GAP = World(
    (("ok", "ok", "ok", "ok"),),
    log=arriving("A1 A3 A4 A2"),
    budget=Budget(crashes=1, duplicates=2),
)
GAP_THEN_POISON = replace(GAP, facts=(("ok", "poison", "ok", "ok"),), operator_may=ANYTHING_GOES)
GAP_AND_REBALANCE = replace(GAP_THEN_POISON, readers=2, budget=Budget(rebalances=2))
UNKNOWN = World((("ok", "unknown", "ok"),), log=arriving("A1 A2 A3"), budget=Budget(crashes=1, duplicates=1))
GARBLED = World(
    (("ok", "garbled", "ok"),),
    log=arriving("A1 A2 A3"),
    budget=Budget(crashes=1, duplicates=1),
    operator_may=(*ANYTHING_GOES, "give up"),
)
UNNUMBERED = replace(
    POISON,
    facts=(("ok", "poison", "ok", "ok"),),
    log=arriving("A1 A2 A3 A4"),
    sequenced=False,
)
GARBLED_AND_RETRIED = replace(GARBLED, operator_may=("retry",))
LOST_TAIL = World((("ok",), ("ok",)), budget=Budget(lost_tails=1), known_beginning=True)
LOST_TAIL_OF_ONE_KEY = World((("ok", "ok"),), budget=Budget(crashes=1, lost_tails=1), known_beginning=True)
LOST_TAIL_AND_ZOMBIE = World((("ok",),), relays=2, budget=Budget(lost_tails=1, pauses=1), known_beginning=True)
LOST_TAIL_AND_POISON = replace(LOST_TAIL, facts=(("poison", "ok"),), operator_may=ANYTHING_GOES)
SWAPPED_FIRST_PAIR = World((("ok", "ok", "ok"),), log=arriving("A2 A1 A3"), budget=Budget(crashes=1, duplicates=1))
LATE_JOINER = replace(SWAPPED_FIRST_PAIR, log=arriving("A2 A3 A1"), late_is_legal=True)
LATE_AND_ACCEPTED = replace(
    LATE_JOINER, log=arriving("A2 A1 A3"), operator_may=("retry", "accept"), readers=2, budget=Budget(1, 0, 1, 1)
)

BUG = replace(
    POISON,
    facts=(("ok", "bug", "ok"), ("ok",)),
    budget=Budget(crashes=1),
    operator_may=("retry", "discard", "set aside"),
)
BUG_AND_REBALANCE = replace(REBALANCE, facts=(("ok", "bug", "ok"),), operator_may=("retry", "discard", "set aside"))
BUG_IN_A_GAP = replace(GAP, facts=(("ok", "ok", "bug", "ok"),), operator_may=("retry", "set aside"))
BUG_AND_REPAIRED = replace(BUG, operator_may=("retry",))

HOLDS = {
    "a writer, a relay and a reader, one of which dies": PIPELINE,
    "the same with two deaths": TWO_CRASHES,
    "a relay that lost its lock goes on beside its successor": TWO_RELAYS,
    "two relays started by mistake, without a lock, only make duplicates": replace(
        TWO_RELAYS, relay_lock=False, budget=Budget(crashes=1)
    ),
    "a poison event among good ones": POISON,
    "the first event of a stream is poison": POISON_FIRST,
    "a poison event is parked behind a poison event": TWO_POISONS,
    "two readers run the same batch, with a dead letter in it": REBALANCE,
    "the missing event of a gap arrives late and twice": GAP,
    "the missing event of a gap is poison": GAP_THEN_POISON,
    "a rebalance in the middle of a gap": GAP_AND_REBALANCE,
    "our code fails on an event, and a person sets it aside": BUG,
    "our code fails on an event, and a version that does not is started": BUG_AND_REPAIRED,
    "two readers halt before one event": BUG_AND_REBALANCE,
    "our code fails on an event that waits in a gap": BUG_IN_A_GAP,
    "our code fails on what waits behind what is set aside": replace(BUG, facts=(("ok", "bug", "bug"), ("ok",))),
    "an unknown type between known ones": UNKNOWN,
    "bytes that nobody can read, healed by a retry or given up by a person": GARBLED,
    "bytes that only a new decoder can read": GARBLED_AND_RETRIED,
    "events without a sequence": UNNUMBERED,
    "the broker loses its tail and a replay repairs it": LOST_TAIL,
    "the broker loses the beginning of a stream": LOST_TAIL_OF_ONE_KEY,
    "the broker loses its tail while a relay without its lock is about to move the rows": LOST_TAIL_AND_ZOMBIE,
    "the broker loses a poison event": LOST_TAIL_AND_POISON,
    "the first two events are swapped, and the beginning is known": replace(SWAPPED_FIRST_PAIR, known_beginning=True),
    "a late joiner meets an event from before its time": LATE_JOINER,
    "a person accepts what came after its turn": LATE_AND_ACCEPTED,
    "a person accepts what came after its turn, in the middle of a gap": replace(
        LATE_AND_ACCEPTED, facts=(("ok", "ok", "ok", "ok"),), log=arriving("A2 A4 A1 A3"), readers=1
    ),
    "what came after its turn is poison too": replace(LATE_AND_ACCEPTED, facts=(("poison", "ok", "ok"),), readers=1),
}

# Without the promise: in this world, the shortest trace ends in this.
MISSED = {
    "answer_stored_with_request": (PIPELINE, "twice: an effect of A"),
    "numbered_under_lock": (PIPELINE, "order: the effects of A"),
    "hidden_until_commit": (PIPELINE, "ghost: A1"),
    "written_with_the_change": (PIPELINE, "lost: A2 has no effect"),
    "scans_the_whole_table": (PIPELINE, "lost: nobody sends B1"),
    "whole_batches": (TWO_RELAYS, "healthy: A1 became a dead letter"),
    "moves_after_ack": (TWO_RELAYS, "lost: A1 has no effect"),
    "inbox": (UNNUMBERED, "twice: an effect of A"),
    "offset_after_commit": (REBALANCE, "lost: A1 has no effect"),
    "parks_behind_dead": (UNNUMBERED, "overtaken: A2 waits"),
    "parks_at_gap": (GAP, "position: A stands at 3 but 2 is missing"),
    "unknown_advances_position": (UNKNOWN, "stuck: A is locked (gap) with ['A3']"),
    "dead_has_no_inbox_row": (UNNUMBERED, "lost: A2 has no effect"),
    "lower_sequence_is_reported": (SWAPPED_FIRST_PAIR, "lost: A1 has no effect"),
    "retry_takes_the_lock": (POISON, "stuck: A is locked () with ['A3']"),
    "lock_row_always_exists": (GARBLED_AND_RETRIED, "stuck: A is locked (gap) with ['A3']"),
    "retry_is_one_transaction": (REBALANCE, "stuck: A is locked (dead) with ['A3']"),
    "discard_is_remembered": (UNNUMBERED, "overtaken: A2 waits"),
    "accepting_is_remembered": (LATE_AND_ACCEPTED, "twice: an effect of A"),
    "discard_advances_position": (REBALANCE, "stuck: A is locked (gap) with ['A3']"),
    "set_aside_in_its_turn": (BUG, "healthy: A1 became a dead letter"),
    "set_aside_binds_readers_only": (replace(BUG, operator_may=("retry", "set aside")), "stuck: A is locked (dead)"),
    "replay_keeps_ids": (LOST_TAIL, "healthy: A1' became a dead letter"),
    "replay_reads_unsent_too": (LOST_TAIL_AND_ZOMBIE, "lost: A1 has no effect"),
    "replay_rewinds_readers": (LOST_TAIL, "lost: B1 has no effect"),
}


@pytest.mark.parametrize("world", HOLDS.values(), ids=HOLDS)
def test_nothing_is_lost_doubled_or_overtaken_in_any_interleaving_of(world: World) -> None:
    outcome = search(world)
    tell(outcome)
    assert outcome.broken is None, str(outcome)
    assert outcome.ends > 0


@pytest.mark.parametrize(
    ("promise", "world", "consequence"), [(name, *case) for name, case in MISSED.items()], ids=MISSED
)
def test_a_kernel_without_this_promise_is_caught(promise: str, world: World, consequence: str) -> None:
    outcome = search(replace(world, promises=replace(Promises(), **{promise: False})))
    tell(outcome)
    assert outcome.broken is not None, f"nobody misses {promise}"
    assert outcome.broken.startswith(consequence), str(outcome)


def test_every_promise_is_taken_out_once() -> None:
    assert set(MISSED) == {field.name for field in fields(Promises)}


@pytest.mark.parametrize(
    "kinds", [("ok", "ok", "ok"), ("ok", "poison", "ok"), ("poison", "ok", "unknown"), ("ok", "garbled", "poison")]
)
def test_a_stream_whose_beginning_is_known_heals_from_every_order_of_arrival(kinds: tuple[str, ...]) -> None:
    for order in permutations((1, 2, 3)):
        log = tuple(Event(0, number, number) for number in order)
        outcome = search(replace(GARBLED, facts=(kinds,), log=log, known_beginning=True))
        assert outcome.broken is None, f"{order}: {outcome}"


def test_when_the_first_one_seen_is_the_base_a_swapped_first_pair_ends_as_a_dead_letter_and_never_in_silence() -> None:
    outcome = search(SWAPPED_FIRST_PAIR)
    tell(outcome)
    assert outcome.broken == "healthy: A1 became a dead letter (late)"


def test_when_the_first_one_seen_is_the_base_a_lost_beginning_cannot_be_replayed() -> None:
    outcome = search(replace(LOST_TAIL_OF_ONE_KEY, known_beginning=False))
    tell(outcome)
    assert outcome.broken == "healthy: A1 became a dead letter (late)"
