"""What staff should know of a meeting before they decide, and what it still lacks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.scheduling.domain.advice import lacks, warnings, when_text, who_hears
from services.scheduling.domain.meeting import Standing, Wanted, when_of
from services.scheduling.domain.outline import Outline
from shared.contracts.programme import MeetingPlan, PhaseTrigger
from shared.contracts.scheduling import When
from tests.support.facts import PROGRAMME, a_meeting

NOW = datetime(2021, 1, 4, 9, tzinfo=UTC)
TODAY = date(2021, 1, 4)
OUTLINE = Outline(PROGRAMME, cancelled=False, ours=True, starts="2020-11", ends="2022-11-15")


def on(day: date, last: date | None = None, starts: time | None = None, ends: time | None = None) -> When:
    return when_of(Wanted(day, last, starts, ends))


def a_plan(**changes: Any) -> MeetingPlan:
    said: dict[str, Any] = {"key": "k", "title": "T", "kind": "heldag", "precision": "undated"}
    return MeetingPlan(**(said | changes))


def test_an_ordinary_day_is_nothing_to_be_warned_of() -> None:
    assert warnings(on(date(2021, 3, 10)), OUTLINE, (), NOW) == ()


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2021, 3, 13), "Den 13. marts 2021 er en lørdag."),
        (date(2021, 4, 1), "Den 1. april 2021 er skærtorsdag, som er en helligdag."),
        (date(2021, 10, 20), "Den 20. oktober 2021 ligger i en uge, hvor skolerne har efterårsferie i uge 42."),
        (date(2020, 10, 30), "Mødet ligger, før forløbet begynder (november 2020)."),
        (date(2022, 11, 16), "Mødet ligger, efter forløbet slutter (15. november 2022)."),
    ],
)
def test_what_speaks_against_a_day_is_said(day: date, said: str) -> None:
    assert said in warnings(on(day), OUTLINE, (), NOW)


def test_the_first_and_the_last_day_of_the_programme_are_within_it() -> None:
    within = Outline(PROGRAMME, cancelled=False, ours=True, starts="2020-11", ends="2022-11")
    for day in (date(2020, 11, 1), date(2022, 11, 30)):
        said = warnings(on(day), within, (), datetime(2020, 1, 1, tzinfo=UTC))
        assert not [one for one in said if "forløbet" in one], day
    assert within.is_over == date(2022, 11, 30)


@pytest.mark.parametrize(("ends", "last"), [("2021-12", date(2021, 12, 31)), ("2024-02", date(2024, 2, 29))])
def test_a_month_ends_on_its_last_day(ends: str, last: date) -> None:
    assert Outline(PROGRAMME, cancelled=False, ours=True, ends=ends).is_over == last


@pytest.mark.parametrize("nonsense", ["2021-13", "2021-02-30", "snart", "2021"])
def test_what_is_no_day_bounds_no_programme(nonsense: str) -> None:
    strange = Outline(PROGRAMME, cancelled=False, ours=True, starts=nonsense, ends=nonsense)
    assert (strange.begins, strange.is_over) == (None, None)
    assert warnings(on(date(2021, 3, 10)), strange, (), NOW) == ()


def test_the_past_begins_with_the_end_of_the_meeting() -> None:
    timed = on(TODAY, starts=time(8), ends=time(10))
    said = "Mødet ligger i fortiden: det tæller som afholdt, så snart dagen er omme."
    assert said not in warnings(timed, OUTLINE, (), NOW - timedelta(minutes=1))
    assert said in warnings(timed, OUTLINE, (), NOW), "10 o'clock in Denmark is 9 in UTC"
    assert said not in warnings(on(TODAY), OUTLINE, (), NOW), "a day without clock times lasts until midnight"


def test_other_meetings_of_the_same_day_are_named_and_the_rest_counted() -> None:
    (said,) = warnings(on(date(2021, 3, 10)), OUTLINE, ["A", "B"], NOW)
    assert said == "Forløbet har også dette samme dag: A og B."
    (said,) = warnings(on(date(2021, 3, 10)), OUTLINE, ["A", "B", "C", "D", "E"], NOW)
    assert said == "Forløbet har også dette samme dag: A, B, C og 2 til."


@pytest.mark.parametrize(
    ("meeting", "lacking"),
    [
        ({"place": None}, ("sted",)),
        ({"mode": "virtual", "place": None}, ("link",)),
        ({"mode": "virtual", "place": None, "link": "https://video.example/1"}, ()),
        ({"mode": "hybrid", "place": None}, ("sted", "link")),
        ({}, ()),
    ],
)
def test_a_dated_meeting_lacks_its_place_or_its_link(meeting: dict[str, Any], lacking: tuple[str, ...]) -> None:
    assert lacks(Standing(PROGRAMME, a_meeting(**meeting), "scheduled"), TODAY) == lacking
    assert lacks(Standing(PROGRAMME, a_meeting(**meeting), "cancelled"), TODAY) == ()


def test_a_date_is_lacking_when_the_month_begins_within_sixty_days_or_is_over() -> None:
    def of(month: str | None) -> tuple[str, ...]:
        precision = "month" if month else "undated"
        plan = a_plan(precision=precision, month=month)
        return lacks(Standing(PROGRAMME, a_meeting(when=None, place=None), "planned", plan=plan), TODAY)

    # 60 days after 4 January is 5 March.
    assert (of("2020-12"), of("2021-03"), of("2021-04"), of(None)) == (("dato",), ("dato",), (), ())


def test_a_meeting_is_said_as_precisely_as_it_is_planned() -> None:
    undated = a_meeting(when=None)
    assert when_text(undated, None) == "Uden dato"
    assert when_text(undated, a_plan(precision="month", month="2021-03")) == "Marts 2021"
    assert when_text(undated, a_plan(note="1. år")) == "Uden dato (1. år)"
    assert when_text(undated, a_plan(precision="month", month="2021-03", note="Datoen følger.")) == (
        "Marts 2021 (Datoen følger)"
    )
    after = PhaseTrigger(track="t", phase="p", more_than_percent=50)
    assert when_text(undated, a_plan(after=after)) == "Uden dato (når det foregående er nået)"
    assert when_text(a_meeting(when=on(date(2021, 4, 15), starts=time(9, 30), ends=time(15))), None) == (
        "Torsdag den 15. april 2021 kl. 9.30-15.00"
    )
    assert when_text(a_meeting(when=on(date(2021, 4, 15))), None) == "Torsdag den 15. april 2021 (klokkeslæt følger)"


def test_who_hears_of_it_goes_by_whom_the_meeting_is_for() -> None:
    dated, roles = a_meeting(), a_meeting(roles=("tovholder",))
    assert who_hears(dated, None)[0].startswith("Alle, der er inviteret til mødet, får aflysningen")
    assert who_hears(roles, dated.when)[0].startswith("De kontakter, mødet er for, får deres kalender opdateret")
    assert who_hears(a_meeting(when=None), dated.when)[0].startswith("Alle, der skal med, får en invitation")
