"""A place that nobody moved up to: staff are told why, where somebody waits or could have, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.waiting_list import Waiting, left_free, why_nobody
from shared.contracts.parties import Organisation
from shared.contracts.programme import CapacityTerm, EnrolmentPlan, ForbeholdTerm, ProgrammeTerms, Terms
from tests.support import facts

NOW = datetime(2020, 6, 1, 8, tzinfo=UTC)
FULL = "Alle 3 pladser er taget."
NOBODY = "Ingen står på ventelisten."
ALL_OPEN = "De, der står på ventelisten, har alle et åbent forbehold, og det holder ingen plads her."


def programme(
    taken: int, *, hard: int = 3, is_open: bool = True, forbehold: str = "always", **capacity: Any
) -> Programme:
    plan = EnrolmentPlan(
        who="municipalities",
        how="sign_up",
        capacity=CapacityTerm(usual=hard, hard=hard, **capacity),
        forbehold=ForbeholdTerm(holds=forbehold),
    )
    terms = ProgrammeTerms(ref=facts.a_programme("p"), enrolment=plan, terms=Terms(deadline=date(2020, 8, 21)))
    return Programme(terms, open=is_open, hard=hard, taken=taken)


def gone(*names: str, state: Any = "enrolled") -> list[Enrolment]:
    return [Enrolment(name, "p", Organisation(code=name, name=name), state=state) for name in names]


@pytest.mark.parametrize(
    ("after", "waiting", "why", "free"),
    [
        (programme(2), Waiting(), NOBODY, 1),
        (programme(3), Waiting(4), FULL, 0),
        (programme(1, hard=1), Waiting(4), "Den ene plads er taget.", 0),
        (programme(2, forbehold="no"), Waiting(2, 2), ALL_OPEN, 1),
        (
            programme(2, given="at_deadline"),
            Waiting(2),
            "Pladserne gives først efter tilmeldingsfristen fredag den 21. august 2020.",
            1,
        ),
        (programme(2, is_open=False), Waiting(2), "Netværk om den kommunale ungeindsats er aflyst.", 1),
        (programme(2, when_full="refuse", forbehold="no"), Waiting(1, 1), ALL_OPEN, 1),
    ],
)
def test_each_reason_is_told_with_the_place(after: Programme, waiting: Waiting, why: str, free: int) -> None:
    (told,) = left_free(after, gone("roskilde"), 0, waiting, NOW)
    assert (told.organisation.name, told.why, told.free) == ("roskilde", why, free)
    assert why_nobody(after, waiting, NOW) == why, "as the list says it"


@pytest.mark.parametrize(
    ("after", "waiting", "ended", "moved_up", "because"),
    [
        (programme(3), Waiting(1), gone("a"), 1, "somebody moved up"),
        (programme(1), Waiting(), gone("a"), 0, "places were free all the time"),
        (programme(2, when_full="refuse"), Waiting(), gone("a"), 0, "whoever comes is refused"),
        (replace(programme(2), hard=None), Waiting(), gone("a"), 0, "there are as many places as sign up"),
        (programme(3), Waiting(1), gone("a", state="waitlisted"), 0, "it had no place"),
        (programme(2), Waiting(1), gone("a"), 0, "a timer moves it up at once"),
    ],
    ids=lambda one: one.replace(" ", "-") if isinstance(one, str) else "",
)
def test_nothing_is_told_where_nobody_could_have_waited_or_somebody_moves_up(
    after: Programme, waiting: Waiting, ended: list[Enrolment], moved_up: int, because: str
) -> None:
    assert left_free(after, ended, moved_up, waiting, NOW) == (), because


def test_of_several_places_each_that_nobody_got_is_told_of_whoever_had_them() -> None:
    """Three are free: one moved up, one will in a moment, one place is left."""
    (told,) = left_free(programme(1), gone("a", "b", "c"), 1, Waiting(1), NOW)
    assert (told.organisation.name, told.why, told.free) == ("c", NOBODY, 1)
    two = left_free(programme(2, forbehold="no"), gone("a", "b", "c"), 1, Waiting(2, 2), NOW)
    assert [(one.organisation.name, one.why) for one in two] == [("b", ALL_OPEN), ("c", ALL_OPEN)]
    (last,) = left_free(programme(2), gone("a", "b"), 0, Waiting(3), NOW)
    assert (last.organisation.name, last.why, last.free) == ("b", FULL, 0), "more were given than there are"
