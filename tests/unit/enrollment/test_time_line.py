"""A programme's days stand on one line, in their order, and what has no day is said beside it."""

from __future__ import annotations

from datetime import date

from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.time_line import time_line
from shared.contracts.programme import MeetingPlan, Milestone
from shared.contracts.scheduling import When
from tests.support.facts import PROGRAMME_TERMS, a_meeting

TODAY = date(2020, 9, 1)
PLANS = (
    MeetingPlan(key="a", title="Første", kind="heldag", precision="undated"),
    MeetingPlan(key="b", title="Anden", kind="heldag", precision="month", month="2021-02"),
    MeetingPlan(key="c", title="Tredje", kind="heldag", precision="day", date=date(2021, 5, 4)),
)
TERMS = PROGRAMME_TERMS.model_copy(
    update={
        "meetings": PLANS,
        "milestones": (Milestone(id="m", title="Byrådet", when="2021-03-01"), Milestone(id="n", title="En dag")),
    }
)


def copy(key: str, day: date | None, state: str = "scheduled") -> MeetingCopy:
    when = When(first_day=day, last_day=day) if day else None
    meeting = a_meeting().model_copy(update={"id": key, "key": key, "title": f"Møde {key}", "when": when})
    return MeetingCopy("p", state, meeting, 1)  # type: ignore[arg-type]  # a state


def meetings_of(*copies: MeetingCopy) -> list[tuple[str, bool, bool]]:
    line = time_line(TERMS, copies, None, None, TODAY)
    assert line is not None
    return [(one.text, one.exact, one.over) for one in line.marks if one.lane == "meetings"]


def test_a_meeting_stands_where_it_is_planned_until_it_has_its_day() -> None:
    assert meetings_of() == [("Anden", False, False), ("Tredje", True, False)]
    assert meetings_of(copy("a", date(2020, 12, 1)), copy("c", date(2021, 6, 1))) == [
        ("Møde a", True, False),
        ("Anden", False, False),
        ("Møde c", True, False),
    ]


def test_what_was_held_or_cancelled_is_over_and_a_cancelled_one_without_a_day_is_gone() -> None:
    shown = meetings_of(copy("a", date(2020, 8, 1), "held"), copy("b", None, "cancelled"), copy("c", None))
    assert shown == [("Møde a (afholdt)", True, True), ("Tredje", True, False)]


def test_what_nobody_has_a_day_for_is_said_beside_the_line() -> None:
    line = time_line(TERMS, (), None, None, TODAY)
    assert line is not None
    assert line.undated == ("Første", "En dag")


def test_days_stand_in_their_order_between_nothing_and_everything() -> None:
    line = time_line(TERMS, (), date(2020, 5, 1), date(2020, 6, 1), TODAY)
    assert line is not None
    places = [line.percent(one.first) for one in line.marks]
    assert places == sorted(places)
    assert all(0 < one < 100 for one in places)
    assert line.shows_today
    assert (line.percent(date.min), line.percent(date.max)) == (0, 100)
    assert 0 < len(line.ticks) <= 4
    assert all(line.percent(one.day) < 85 for one in line.ticks)


def test_a_programme_without_any_day_has_no_line() -> None:
    bare = TERMS.model_copy(
        update={
            "meetings": (),
            "milestones": (),
            "terms": TERMS.terms.model_copy(update={"fees": (), "deadline": None}),
            "enrolment": TERMS.enrolment.model_copy(update={"invite_on": None, "remind_on": None, "forbehold": None}),
        }
    )
    assert time_line(bare, (), None, None, TODAY) is None
