"""Our copy of who takes part in what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notifications.domain.enrolment import appoints_another, follow
from services.notifications.domain.participant import Known, Participant, follow_seats
from tests.support import facts

AT = datetime(2021, 1, 1, 12, tzinfo=UTC)
EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
REGISTERED = EXAMPLES["ParticipantRegistered"]


def told(minute: int, *, takes_part: bool = True, email: str = "bo@k.example") -> Participant:
    person = facts.PERSON.model_copy(update={"email": email})
    return Participant(REGISTERED, person, AT + timedelta(minutes=minute), takes_part)


def test_the_last_word_on_a_seat_counts() -> None:
    one, other = told(0), told(1, takes_part=False, email="BO@k.example")
    assert follow_seats([one, other], {}, {}) == {one.seat: other}
    assert one.seat == other.seat
    assert other.address == one.address


@pytest.mark.parametrize("batches", [[[3], [1]], [[3, 1]]])
def test_the_time_of_a_seat_never_goes_back_however_facts_are_batched(batches: list[list[int]]) -> None:
    known: dict[Any, Known] = {}
    for minutes in batches:
        after = follow_seats([told(minute) for minute in minutes], known, {})
        known = {seat: Known(one.address, one.since) for seat, one in after.items()}
    (seat,) = known.values()
    assert seat.since == AT + timedelta(minutes=3)


def test_only_another_contact_than_before_is_welcomed() -> None:
    enrolled = follow(None, facts.an_enrolment(), AT)
    assert enrolled is not None
    appointed = EXAMPLES["TovholderAppointed"].model_copy(update={"contact": enrolled.contact})
    assert not appoints_another(enrolled, appointed)
    other = appointed.model_copy(update={"contact": enrolled.contact.model_copy(update={"person_id": "p-2"})})
    assert appoints_another(enrolled, other)
    assert appoints_another(None, appointed)
