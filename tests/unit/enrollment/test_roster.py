"""One enrolment's people at one meeting. Three seats are included; the next costs 1,000 kr."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.enrolment import Agreed, Enrolment
from services.enrollment.domain.own_paths import OwnPaths
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import (
    Roster,
    cancel,
    free_text,
    is_changeable,
    moved_in,
    register,
    replace_participant,
    require_open,
    require_roster,
    seats_used,
    swap_text,
    vacate,
    walk_in,
    why_closed,
)
from shared.contracts.decision import Decision
from shared.contracts.enrollment import (
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
)
from shared.contracts.event import Event
from shared.contracts.parties import Contact, Organisation, Person
from shared.contracts.programme import EnrolmentPlan, ExtraTerm, ProgrammeTerms, SeatTerm, Terms
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, When
from tests.support.facts import a_programme

NOW = datetime(2021, 3, 1, 12, tzinfo=UTC)
DAY = date(2021, 4, 15)
PRICE = 100_000
ON_THE_DAY = When(first_day=DAY, last_day=DAY)

ENROLMENT = Enrolment(
    id="e1",
    programme_id="netvaerk",
    organisation=Organisation(code="0751", name="Aarhus Kommune"),
    state="enrolled",
    group="vest",
    contact=Contact(person_id="k", name="Karen Kontakt", email="karen@aarhus.example"),
    agreed=Agreed(),
)


def somebody(number: int) -> Person:
    return Person(person_id=f"p{number}", name=f"Deltager {number}", email=f"p{number}@aarhus.example")


def a_roster(
    *,
    included: int | None = 3,
    extra: bool = True,
    state: str = "scheduled",
    when: When | None = ON_THE_DAY,
    **terms: Any,
) -> Roster:
    meeting = {key: terms.pop(key) for key in ("group", "roles") if key in terms}
    of_programme = Terms(
        registration_closes_days=terms.pop("closes_days", 0),
        participant_levels=terms.pop("levels", ()),
        swap_freeze_days=terms.pop("freeze", None),
    )
    free = terms.pop("free", None)
    seat = SeatTerm(
        kind="heldag",
        title="Heldagsmøde",
        included=included,
        extra=ExtraTerm(price_ore=PRICE, vat_percent=25, text="Ekstra deltager", free_until_days=free)
        if extra
        else None,
        **terms,
    )
    plan = EnrolmentPlan(who="municipalities", how="sign_up")
    return Roster(
        programme=Programme(ProgrammeTerms(ref=a_programme("netvaerk"), enrolment=plan, terms=of_programme)),
        enrolment=replace(ENROLMENT, agreed=Agreed(seats=(seat,))),
        meeting=Meeting(id="m1", key="vest-1", title="Netværksmøde", kind="heldag", when=when, **meeting),
        meeting_state=state,  # type: ignore[arg-type]  # the tests name states as people do
    )


def with_people(roster: Roster, count: int) -> Roster:
    for number in range(1, count + 1):
        roster = register(roster, somebody(number), PRICE, NOW + timedelta(minutes=number)).after
    return roster


def ids(roster: Roster) -> list[str]:
    return [seat.person.person_id for seat in roster.seats]


def told(decided: Decision[Roster]) -> list[tuple[str, str]]:
    """What each fact is called, and whom it is about."""
    return [(type(fact).__name__, fact.person.person_id) for fact in decided.facts]  # type: ignore[attr-defined]  # RosterFacts


def test_a_level_is_one_that_the_programme_asks_for() -> None:
    asking = a_roster(levels=("Chef", "Leder"))
    assert register(asking, somebody(1), None, NOW, "Chef").after.seats[0].level == "Chef"
    assert register(asking, somebody(1), None, NOW).after.seats[0].level is None
    for roster, said in ((asking, "chef"), (asking, ""), (a_roster(), "Chef")):
        with pytest.raises(Refused, match="unknown_level"):
            register(roster, somebody(1), None, NOW, said)


def test_whoever_takes_over_a_seat_brings_their_own_level() -> None:
    asking = a_roster(levels=("Chef", "Leder"))
    seated = register(asking, somebody(1), None, NOW, "Chef").after
    assert replace_participant(seated, "p1", somebody(2), NOW).after.seats[0].level is None
    assert replace_participant(seated, "p1", somebody(2), NOW, "Leder").after.seats[0].level == "Leder"


def test_the_first_three_are_included() -> None:
    decided = register(with_people(a_roster(), 2), somebody(3), None, NOW)
    assert told(decided) == [("ParticipantRegistered", "p3")]
    assert (
        seats_used(decided.after)
        == "3 af 3 pladser brugt – næste koster 1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)"
    )
    assert seats_used(decided.after, closed=True) == "3 af 3 pladser brugt"


def test_a_fourth_needs_the_price_to_be_accepted() -> None:
    with pytest.raises(Refused) as refused:
        register(with_people(a_roster(), 3), somebody(4), None, NOW)
    assert (refused.value.code, refused.value.extra) == (
        "extra_price_not_accepted",
        {"price_ore": PRICE, "vat_percent": 25, "free_until": None},
    )
    assert "1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)" in refused.value.detail


@pytest.mark.parametrize("accepted", [0, PRICE - 1, PRICE + 1])
def test_another_price_than_the_present_one_is_not_accepted(accepted: int) -> None:
    with pytest.raises(Refused, match="extra_price_not_accepted"):
        register(with_people(a_roster(), 3), somebody(4), accepted, NOW)


def test_a_fourth_at_the_accepted_price_is_extra() -> None:
    decided = register(with_people(a_roster(), 3), somebody(4), PRICE, NOW + timedelta(hours=1))
    registered, added = decided.facts
    assert isinstance(registered, ParticipantRegistered)
    assert registered.extra
    assert isinstance(added, ExtraParticipantAdded)
    assert (added.person, added.terms.price_ore) == (somebody(4), PRICE)


def test_without_a_price_for_more_one_more_is_refused() -> None:
    roster = with_people(a_roster(extra=False), 3)
    assert roster.full
    with pytest.raises(Refused, match="no_more_seats"):
        register(roster, somebody(4), PRICE, NOW)


def test_without_a_limit_nobody_is_extra() -> None:
    roster = with_people(a_roster(included=None), 30)
    assert (roster.extras, roster.full, roster.next_costs) == ((), False, None)
    assert seats_used(roster) == "30 tilmeldt"


def test_the_same_person_has_one_seat() -> None:
    with pytest.raises(Refused, match="already_registered"):
        register(with_people(a_roster(), 1), somebody(1), None, NOW)


def test_when_an_included_one_cancels_the_first_extra_moves_in() -> None:
    roster = with_people(a_roster(), 5)
    decided = cancel(roster, "p2", NOW)
    assert moved_in(roster, decided.after) == (somebody(4),)
    assert [seat.person.person_id for seat in decided.after.extras] == ["p5"]
    cancelled, removed = decided.facts
    assert isinstance(cancelled, ParticipantCancelled)
    assert isinstance(removed, ExtraParticipantRemoved)
    assert (removed.person, removed.reason) == (somebody(4), "moved_in")


def test_when_an_extra_cancels_nobody_moves() -> None:
    roster = with_people(a_roster(), 5)
    decided = cancel(roster, "p4", NOW)
    assert moved_in(roster, decided.after) == ()
    assert told(decided) == [("ParticipantCancelled", "p4"), ("ExtraParticipantRemoved", "p4")]


def test_cancelled_and_registered_again_stands_last() -> None:
    roster = cancel(with_people(a_roster(), 4), "p1", NOW).after
    again = register(roster, somebody(1), PRICE, NOW + timedelta(days=1))
    assert ids(again.after) == ["p2", "p3", "p4", "p1"]
    assert told(again) == [("ParticipantRegistered", "p1"), ("ExtraParticipantAdded", "p1")]


def test_a_replacement_keeps_the_seat_and_its_place() -> None:
    decided = replace_participant(with_people(a_roster(), 4), "p2", somebody(9), NOW)
    assert ids(decided.after) == ["p1", "p9", "p3", "p4"]
    (replaced,) = decided.facts
    assert isinstance(replaced, ParticipantReplaced)
    assert (replaced.previous, replaced.person) == (somebody(2), somebody(9))


def test_whoever_takes_over_an_extra_seat_is_the_extra_one_from_then_on() -> None:
    assert told(replace_participant(with_people(a_roster(), 4), "p4", somebody(9), NOW)) == [
        ("ParticipantReplaced", "p9"),
        ("ExtraParticipantRemoved", "p4"),
        ("ExtraParticipantAdded", "p9"),
    ]


def test_a_clock_that_was_set_back_lets_nobody_in_before_others() -> None:
    after = register(with_people(a_roster(), 3), somebody(4), PRICE, NOW - timedelta(days=1)).after
    assert ids(after)[-1] == "p4"
    assert [seat.person for seat in after.extras] == [somebody(4)]
    assert after.seats == tuple(sorted(after.seats, key=lambda seat: (seat.registered_at, seat.number)))


@pytest.mark.parametrize(
    ("roster", "now", "code"),
    [
        (a_roster(state="planned", when=None), NOW, "registration_not_open"),
        (a_roster(state="cancelled"), NOW, "meeting_cancelled"),
        (a_roster(state="held"), NOW, "meeting_held"),
        (a_roster(), datetime(2021, 4, 15, 22, 0, tzinfo=UTC), "meeting_held"),
        (a_roster(closes_days=7), datetime(2021, 4, 8, 22, 0, tzinfo=UTC), "registration_closed"),
        (a_roster(group="oest"), NOW, "other_group"),
        (a_roster(roles=("tovholder",)), NOW, "no_registration"),
        (a_roster(attendance="team"), NOW, "no_registration"),
        (replace(a_roster(), enrolment=ENROLMENT), NOW, "no_registration"),
    ],
)
def test_registration_is_closed(roster: Roster, now: datetime, code: str) -> None:
    with pytest.raises(Refused) as refused:
        require_open(roster, now)
    assert refused.value.code == code
    assert why_closed(roster, now) == refused.value.detail


@pytest.mark.parametrize(
    ("roster", "now"),
    [
        (a_roster(), datetime(2021, 4, 15, 21, 59, 59, tzinfo=UTC)),
        (a_roster(closes_days=7), datetime(2021, 4, 8, 21, 59, 59, tzinfo=UTC)),
        (a_roster(group="vest"), NOW),
    ],
)
def test_registration_is_open_to_the_last_moment_of_the_day_in_denmark(roster: Roster, now: datetime) -> None:
    require_open(roster, now)
    assert why_closed(roster, now) is None


def without_a_place(roster: Roster) -> Roster:
    return replace(roster, enrolment=replace(roster.enrolment, state="withdrawn"))


def test_an_enrolment_that_leaves_takes_everybody_off_and_every_extra_back() -> None:
    decided = vacate(without_a_place(with_people(a_roster(), 5)), NOW)
    assert decided.after.seats == ()
    assert told(decided) == [
        *(("ParticipantCancelled", f"p{number}") for number in range(1, 6)),
        ("ExtraParticipantRemoved", "p4"),
        ("ExtraParticipantRemoved", "p5"),
    ]


def test_another_group_leaves_the_meetings_of_its_old_one_and_no_others() -> None:
    for_vest, for_all = with_people(a_roster(group="vest"), 2), with_people(a_roster(), 2)
    for roster, left in ((for_vest, 0), (for_all, 2)):
        regrouped = replace(roster, enrolment=replace(roster.enrolment, group="oest"))
        assert len(vacate(regrouped, NOW).after.seats) == left


@pytest.mark.parametrize("state", ["held", "cancelled"])
def test_a_meeting_that_is_over_stays_as_it_was(state: str) -> None:
    roster = without_a_place(replace(with_people(a_roster(), 2), meeting_state=state))
    assert vacate(roster, NOW) == Decision(roster)


@pytest.mark.parametrize("free", [None, 14])
def test_whoever_leaves_the_programme_once_a_meeting_has_begun_has_been_there_and_pays_for_extra_seats(
    free: int | None,
) -> None:
    began = datetime(2021, 4, 14, 22, tzinfo=UTC)
    roster = without_a_place(with_people(a_roster(free=free), 4))
    assert vacate(roster, began) == Decision(roster)
    assert vacate(roster, began - A_MOMENT).after.seats == ()


AT_HALF_PAST_NINE = ON_THE_DAY.model_copy(
    update={
        "starts_at": datetime(2021, 4, 15, 7, 30, tzinfo=UTC),
        "ends_at": datetime(2021, 4, 15, 14, tzinfo=UTC),
    }
)
MIDNIGHT = datetime(2021, 4, 14, 22, tzinfo=UTC)
"""Where the meeting's day begins in Denmark."""
A_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(("when", "begins"), [(AT_HALF_PAST_NINE, AT_HALF_PAST_NINE.starts_at), (ON_THE_DAY, MIDNIGHT)])
def test_seats_are_passed_on_and_left_until_the_meeting_begins(when: When, begins: datetime) -> None:
    roster = with_people(a_roster(when=when), 3)
    assert is_changeable(roster, begins - A_MOMENT)
    assert told(replace_participant(roster, "p1", somebody(9), begins - A_MOMENT))
    assert told(cancel(roster, "p1", begins - A_MOMENT))
    for attempt in (
        lambda: replace_participant(roster, "p1", somebody(9), begins),
        lambda: cancel(roster, "p1", begins),
    ):
        with pytest.raises(Refused, match="meeting_begun"):
            attempt()
    assert not is_changeable(roster, begins)


def test_what_is_said_of_the_end_is_the_end() -> None:
    assert swap_text(a_roster(when=AT_HALF_PAST_NINE)) == (
        "En deltager kan skiftes eller afmeldes til mødet begynder torsdag den 15. april 2021 kl. 9.30."
    )
    assert swap_text(a_roster()) == "En deltager kan skiftes eller afmeldes til og med onsdag den 14. april 2021."
    assert swap_text(a_roster(freeze=7)) == (
        "En deltager kan skiftes til og med torsdag den 8. april 2021, "
        "og afmeldes til og med onsdag den 14. april 2021."
    )
    assert swap_text(a_roster(state="planned", when=None)) is None
    assert free_text(a_roster()) == "En ekstra plads kan afmeldes uden betaling til og med onsdag den 14. april 2021."
    assert free_text(a_roster(free=14)) == (
        "En ekstra plads kan afmeldes uden betaling til og med torsdag den 1. april 2021. Derefter faktureres den."
    )
    assert free_text(a_roster(extra=False)) is None


def test_a_meeting_with_a_time_takes_nobody_in_once_it_has_begun() -> None:
    roster = a_roster(when=AT_HALF_PAST_NINE)
    require_open(roster, datetime(2021, 4, 15, 7, 29, tzinfo=UTC))
    with pytest.raises(Refused, match="meeting_begun"):
        require_open(roster, datetime(2021, 4, 15, 7, 30, tzinfo=UTC))


def test_a_freeze_ends_passing_on_and_neither_leaving_nor_putting_a_slip_right() -> None:
    roster = with_people(a_roster(freeze=7), 2)
    frozen = datetime(2021, 4, 8, 22, tzinfo=UTC)
    assert told(replace_participant(roster, "p1", somebody(9), frozen - A_MOMENT))
    with pytest.raises(Refused, match="swaps_closed") as refused:
        replace_participant(roster, "p1", somebody(9), frozen)
    assert "8. april 2021" in refused.value.detail
    renamed = somebody(1).model_copy(update={"name": "Anna Rettet"})
    assert told(replace_participant(roster, "p1", renamed, frozen)) == [("ParticipantReplaced", "p1")]
    assert told(cancel(roster, "p1", frozen)) == [("ParticipantCancelled", "p1")]


@pytest.mark.parametrize("person", ["p2", "p4"])
def test_a_swap_is_seat_neutral_also_when_full(person: str) -> None:
    full = with_people(a_roster(), 4)
    after = replace_participant(
        full, person, somebody(9), NOW, paths=OwnPaths("/moedeplads/x", "/mig/x"), by_participant=True
    )
    place = [seat.person.person_id for seat in full.seats].index(person)
    assert [seat.number for seat in after.after.seats] == [seat.number for seat in full.seats]
    assert after.after.seats[place].person == somebody(9)
    assert len(after.after.extras) == 1
    fact = after.facts[0]
    assert isinstance(fact, ParticipantReplaced)
    assert (fact.seat_path, fact.own_path, fact.by_participant) == ("/moedeplads/x", "/mig/x", True)


LATE = datetime(2021, 4, 1, 22, tzinfo=UTC)
"""The first moment at which an extra seat costs something, with `free=14`."""


def test_an_extra_seat_that_is_left_late_is_billed_all_the_same() -> None:
    roster = with_people(a_roster(free=14), 4)
    assert told(cancel(roster, "p4", LATE - A_MOMENT)) == [
        ("ParticipantCancelled", "p4"),
        ("ExtraParticipantRemoved", "p4"),
    ]
    decided = cancel(roster, "p4", LATE)
    (left,) = decided.facts
    assert isinstance(left, ParticipantCancelled)
    assert left.still_billed is not None
    assert (left.still_billed.price_ore, left.free_until) == (PRICE, date(2021, 4, 1))
    assert decided.after.left_late == {4}


def test_an_extra_one_that_leaves_late_makes_room_for_nobody_and_keeps_nobody_out() -> None:
    roster = with_people(a_roster(free=14), 5)
    after = cancel(roster, "p5", LATE).after
    assert not any(seat.stays_extra for seat in after.seats)
    assert [seat.person.person_id for seat in after.extras] == ["p4"]
    assert [seat.stays_extra for seat in cancel(after, "p1", LATE).after.seats] == [False, False, True]


def test_when_somebody_leaves_late_nobody_moves_in_and_the_seat_is_free_for_another() -> None:
    roster = with_people(a_roster(free=14), 4)
    decided = cancel(roster, "p1", LATE)
    assert told(decided) == [("ParticipantCancelled", "p1")]
    after = decided.after
    assert seats_used(after) == "2 af 3 pladser brugt og 1 ekstra"
    taken = register(after, somebody(5), None, LATE)
    assert told(taken) == [("ParticipantRegistered", "p5")]
    assert [seat.person.person_id for seat in taken.after.extras] == ["p4"]
    # The next one is extra, as before.
    assert told(register(taken.after, somebody(6), PRICE, LATE))[-1] == ("ExtraParticipantAdded", "p6")
    # And the one that stays extra keeps that, whoever takes it over.
    swapped = replace_participant(taken.after, "p4", somebody(7), LATE)
    assert [seat.person.person_id for seat in swapped.after.extras] == ["p7"]


def test_whoever_leaves_the_programme_late_pays_for_extra_seats_and_whoever_is_moved_does_not() -> None:
    roster = with_people(a_roster(free=14, group="vest"), 4)
    assert told(vacate(without_a_place(roster), LATE)) == [("ParticipantCancelled", f"p{n}") for n in range(1, 5)]
    moved = replace(roster, enrolment=replace(roster.enrolment, group="oest"))
    assert ("ExtraParticipantRemoved", "p4") in told(vacate(moved, LATE))


def test_whoever_just_came_has_the_next_seat_and_an_extra_one_is_billed_without_being_asked() -> None:
    began = datetime(2021, 4, 15, 7, 30, tzinfo=UTC)
    for roster in (
        with_people(a_roster(when=AT_HALF_PAST_NINE), 2),
        replace(with_people(a_roster(), 2), meeting_state="held"),
    ):
        third = walk_in(roster, somebody(3), began)
        assert told(third) == [("ParticipantRegistered", "p3")]
        fourth = walk_in(third.after, somebody(4), began)
        registered, added = fourth.facts
        assert isinstance(registered, ParticipantRegistered)
        assert (registered.walked_in, registered.extra) == (True, True)
        assert isinstance(added, ExtraParticipantAdded)
        assert (added.walked_in, added.terms.price_ore) == (True, PRICE)


@pytest.mark.parametrize(
    ("roster", "code"),
    [
        (a_roster(when=AT_HALF_PAST_NINE), "meeting_not_begun"),
        (a_roster(state="planned", when=None), "meeting_not_begun"),
        (a_roster(state="cancelled"), "meeting_cancelled"),
        (a_roster(state="held", attendance="team"), "no_registration"),
        (a_roster(state="held", group="oest"), "other_group"),
        (replace(with_people(a_roster(), 1), meeting_state="held"), "already_registered"),
        (replace(with_people(a_roster(extra=False), 3), meeting_state="held"), "no_more_seats"),
    ],
)
def test_nobody_just_came(roster: Roster, code: str) -> None:
    person = somebody(9) if code == "no_more_seats" else somebody(1)
    with pytest.raises(Refused) as refused:
        walk_in(roster, person, AT_HALF_PAST_NINE.starts_at - A_MOMENT if AT_HALF_PAST_NINE.starts_at else NOW)
    assert refused.value.code == code


def test_a_meeting_that_is_not_the_programmes_has_no_roster() -> None:
    with pytest.raises(Refused, match="unknown_meeting"):
        require_roster(None)


STEPS = st.lists(
    st.tuples(st.sampled_from(["register", "cancel", "replace"]), st.integers(1, 8), st.integers(1, 8)), max_size=40
)


@given(included=st.integers(0, 4), steps=STEPS)
def test_whatever_happens_the_extras_are_the_last_ones_and_the_facts_add_up(
    included: int, steps: list[tuple[str, int, int]]
) -> None:
    roster = a_roster(included=included)
    facts: list[Event] = []
    order: list[str] = []
    for minute, (step, one, other) in enumerate(steps):
        now = NOW + timedelta(minutes=minute)
        try:
            if step == "register":
                decided = register(roster, somebody(one), PRICE, now)
                order.append(f"p{one}")
            elif step == "cancel":
                decided = cancel(roster, f"p{one}", now)
                order.remove(f"p{one}")
            else:
                decided = replace_participant(roster, f"p{one}", somebody(other), now)
                order[order.index(f"p{one}")] = f"p{other}"
        except Refused as refused:
            assert refused.code in {"already_registered", "not_registered"}  # noqa: PT017  (both are fine here)
            continue
        roster = decided.after
        facts += decided.facts

        extras = [seat.person.person_id for seat in roster.extras]
        added = [fact.person.person_id for fact in facts if isinstance(fact, ExtraParticipantAdded)]
        removed = [fact.person.person_id for fact in facts if isinstance(fact, ExtraParticipantRemoved)]
        for person_id in removed:
            added.remove(person_id)
        prices = [fact.terms.price_ore for fact in facts if isinstance(fact, ExtraParticipantAdded)]

        assert ids(roster) == order
        assert len(extras) == max(0, len(order) - included)
        assert extras == order[included:]
        assert sorted(added) == sorted(extras)
        assert sum(prices) - PRICE * len(removed) == PRICE * len(extras)
