"""One enrolment's people at one meeting. Three seats are included; the next costs 1,000 kr."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.enrolment import Agreed, Enrolment
from services.enrollment.domain.roster import (
    Roster,
    cancel,
    empty,
    register,
    replace_participant,
    require_open,
    seats_used,
    told,
)
from shared.contracts.enrollment import ExtraParticipantAdded, ExtraParticipantRemoved, RosterFact
from shared.contracts.parties import Contact, Organisation, Person
from shared.contracts.programme import ExtraTerm, SeatTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, When
from tests.support.facts import a_programme

NOW = datetime(2021, 3, 1, 12, tzinfo=UTC)
DAY = date(2021, 4, 15)
PRICE = 100_000
ON_THE_DAY = When(first_day=DAY, last_day=DAY)

REF = a_programme("netvaerk")
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
    closes_days = terms.pop("closes_days", 0)
    return Roster(
        meeting=Meeting(id="m1", key="vest-1", title="Netværksmøde", kind="heldag", when=when, **meeting),
        meeting_state=state,  # type: ignore[arg-type]  # the tests name states as people do
        terms=SeatTerm(
            kind="heldag",
            title="Heldagsmøde",
            included=included,
            extra=ExtraTerm(price_ore=PRICE, vat_percent=25, text="Ekstra deltager") if extra else None,
            **terms,
        ),
        group="vest",
        closes_days=closes_days,
        seats=(),
        next_number=1,
    )


def with_people(roster: Roster, count: int) -> Roster:
    for number in range(1, count + 1):
        roster = register(roster, somebody(number), PRICE, NOW + timedelta(minutes=number)).after
    return roster


def ids(roster: Roster) -> list[str]:
    return [seat.person.person_id for seat in roster.seats]


def test_a_level_is_one_that_the_programme_asks_for() -> None:
    asking = replace(a_roster(), levels=("Chef", "Leder"))
    assert register(asking, somebody(1), None, NOW, "Chef").after.seats[0].level == "Chef"
    assert register(asking, somebody(1), None, NOW).after.seats[0].level is None
    for roster, said in ((asking, "chef"), (asking, ""), (a_roster(), "Chef")):
        with pytest.raises(Refused, match="unknown_level"):
            register(roster, somebody(1), None, NOW, said)


def test_whoever_takes_over_a_seat_brings_their_own_level() -> None:
    asking = replace(a_roster(), levels=("Chef", "Leder"))
    seated = register(asking, somebody(1), None, NOW, "Chef").after
    assert replace_participant(seated, "p1", somebody(2), NOW).after.seats[0].level is None
    assert replace_participant(seated, "p1", somebody(2), NOW, "Leder").after.seats[0].level == "Leder"


def test_the_first_three_are_included() -> None:
    change = register(with_people(a_roster(), 2), somebody(3), None, NOW)
    assert change.extra_added == ()
    assert (
        seats_used(change.after)
        == "3 af 3 pladser brugt – næste koster 1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)"
    )
    assert seats_used(change.after, closed=True) == "3 af 3 pladser brugt"


def test_a_fourth_needs_the_price_to_be_accepted() -> None:
    with pytest.raises(Refused) as refused:
        register(with_people(a_roster(), 3), somebody(4), None, NOW)
    assert (refused.value.code, refused.value.extra) == (
        "extra_price_not_accepted",
        {"price_ore": PRICE, "vat_percent": 25},
    )
    assert "1.000,00 kr. ekskl. moms (1.250,00 kr. inkl. moms)" in refused.value.detail


@pytest.mark.parametrize("accepted", [0, PRICE - 1, PRICE + 1])
def test_another_price_than_the_present_one_is_not_accepted(accepted: int) -> None:
    with pytest.raises(Refused, match="extra_price_not_accepted"):
        register(with_people(a_roster(), 3), somebody(4), accepted, NOW)


def test_a_fourth_at_the_accepted_price_is_extra() -> None:
    change = register(with_people(a_roster(), 3), somebody(4), PRICE, NOW + timedelta(hours=1))
    assert change.extra_added == (somebody(4),)
    registered, added = told(change, REF, ENROLMENT)
    assert registered.extra  # type: ignore[attr-defined]  # a ParticipantRegistered
    assert isinstance(added, ExtraParticipantAdded)
    assert added.terms.price_ore == PRICE


def test_without_a_price_for_more_one_more_is_refused() -> None:
    with pytest.raises(Refused, match="no_more_seats"):
        register(with_people(a_roster(extra=False), 3), somebody(4), PRICE, NOW)


def test_without_a_limit_nobody_is_extra() -> None:
    roster = with_people(a_roster(included=None), 30)
    assert roster.extras == ()
    assert seats_used(roster) == "30 tilmeldt"


def test_the_same_person_has_one_seat() -> None:
    with pytest.raises(Refused, match="already_registered"):
        register(with_people(a_roster(), 1), somebody(1), None, NOW)


def test_when_an_included_one_cancels_the_first_extra_moves_in() -> None:
    change = cancel(with_people(a_roster(), 5), "p2", NOW)
    assert change.moved_in == (somebody(4),)
    assert [seat.person.person_id for seat in change.after.extras] == ["p5"]
    removed = [fact for fact in told(change, REF, ENROLMENT) if isinstance(fact, ExtraParticipantRemoved)]
    assert [(fact.person.person_id, fact.reason) for fact in removed] == [("p4", "moved_in")]


def test_when_an_extra_cancels_nobody_moves() -> None:
    change = cancel(with_people(a_roster(), 5), "p4", NOW)
    assert (change.extra_cancelled, change.moved_in) == ((somebody(4),), ())


def test_cancelled_and_registered_again_stands_last() -> None:
    roster = cancel(with_people(a_roster(), 4), "p1", NOW).after
    again = register(roster, somebody(1), PRICE, NOW + timedelta(days=1))
    assert ids(again.after) == ["p2", "p3", "p4", "p1"]
    assert again.extra_added == (somebody(1),)


def test_a_replacement_keeps_the_seat_and_its_place() -> None:
    change = replace_participant(with_people(a_roster(), 4), "p2", somebody(9), NOW)
    assert ids(change.after) == ["p1", "p9", "p3", "p4"]
    assert (change.extra_added, change.extra_cancelled) == ((), ())


def test_whoever_takes_over_an_extra_seat_is_the_extra_one_from_then_on() -> None:
    change = replace_participant(with_people(a_roster(), 4), "p4", somebody(9), NOW)
    assert (change.extra_added, change.extra_cancelled) == ((somebody(9),), (somebody(4),))


def test_a_clock_that_was_set_back_lets_nobody_in_before_others() -> None:
    change = register(with_people(a_roster(), 3), somebody(4), PRICE, NOW - timedelta(days=1))
    assert ids(change.after)[-1] == "p4"
    assert change.extra_added == (somebody(4),)
    assert change.after.seats == tuple(sorted(change.after.seats, key=lambda seat: (seat.registered_at, seat.number)))


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
        (replace(a_roster(), terms=None), NOW, "no_registration"),
    ],
)
def test_registration_is_closed(roster: Roster, now: datetime, code: str) -> None:
    with pytest.raises(Refused) as refused:
        require_open(roster, now)
    assert refused.value.code == code


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


def test_an_emptied_roster_takes_every_extra_back() -> None:
    change = empty(with_people(a_roster(), 5))
    assert change.after.seats == ()
    assert len(change.cancelled) == 5
    assert change.extra_cancelled == (somebody(4), somebody(5))


STEPS = st.lists(
    st.tuples(st.sampled_from(["register", "cancel", "replace"]), st.integers(1, 8), st.integers(1, 8)), max_size=40
)


@given(included=st.integers(0, 4), steps=STEPS)
def test_whatever_happens_the_extras_are_the_last_ones_and_the_facts_add_up(
    included: int, steps: list[tuple[str, int, int]]
) -> None:
    roster = a_roster(included=included)
    facts: list[RosterFact] = []
    order: list[str] = []
    for minute, (step, one, other) in enumerate(steps):
        now = NOW + timedelta(minutes=minute)
        try:
            if step == "register":
                change = register(roster, somebody(one), PRICE, now)
                order.append(f"p{one}")
            elif step == "cancel":
                change = cancel(roster, f"p{one}", now)
                order.remove(f"p{one}")
            else:
                change = replace_participant(roster, f"p{one}", somebody(other), now)
                order[order.index(f"p{one}")] = f"p{other}"
        except Refused as refused:
            assert refused.code in {"already_registered", "not_registered"}  # noqa: PT017  (both are fine here)
            continue
        roster = change.after
        facts += told(change, REF, ENROLMENT)

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
