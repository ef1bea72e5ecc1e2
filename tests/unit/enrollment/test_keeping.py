"""Whoever is known is kept so many days after the end of the last thing that they are part of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.keeping import (
    LONGEST_PAUSE,
    NIGHTLY,
    Ending,
    ask,
    done_with,
    ended_on,
    first_due,
    kept_since,
    next_look,
    nightly,
    past,
    sooner,
)
from services.enrollment.domain.programme import Programme
from services.enrollment.settings import LONGEST_KEPT
from shared.contracts.enrollment import ProgrammeAwaitsArchive
from shared.contracts.programme import EnrolmentPlan, ProgrammeTerms, Terms
from shared.contracts.time import COPENHAGEN, day_of, start_of_day
from tests.support import facts

P = Ending("p")
PROGRAMME = Programme(
    ProgrammeTerms(
        ref=facts.a_programme("p"), enrolment=EnrolmentPlan(who="municipalities", how="sign_up"), terms=Terms()
    )
)
MEETING, DEADLINE = date(2021, 4, 15), date(2020, 6, 12)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
maybe = st.none() | days
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (UTC is given)
kept = st.integers(1, LONGEST_KEPT)
endings = st.builds(
    Ending,
    programme_id=st.just("p"),
    open=st.booleans(),
    ends=st.none() | days.map(lambda day: day.isoformat()[:7]) | days.map(date.isoformat),
    deadline=maybe,
    last_meeting=maybe,
    waits_for_date=st.booleans(),
    cancelled_at=instants,
    archives=st.booleans(),
    archived_at=st.none() | instants,
)


@pytest.mark.parametrize(
    ("ending", "day"),
    [
        (P, None),
        (replace(P, deadline=DEADLINE), DEADLINE),
        (replace(P, deadline=DEADLINE, last_meeting=MEETING), MEETING),
        (replace(P, last_meeting=MEETING, ends="2021-06"), date(2021, 6, 30)),
        (replace(P, last_meeting=MEETING, ends="2021-04-20"), date(2021, 4, 20)),
        (replace(P, last_meeting=MEETING, waits_for_date=True), None),
        (
            replace(P, open=False, cancelled_at=datetime(2020, 11, 2, 23, 30, tzinfo=UTC), ends="2022-06"),
            date(2020, 11, 3),
        ),
        (replace(P, open=False, cancelled_at=datetime(2020, 11, 3, tzinfo=UTC), last_meeting=MEETING), MEETING),
        (
            replace(P, open=False, cancelled_at=datetime(2020, 11, 3, tzinfo=UTC), waits_for_date=True),
            date(2020, 11, 3),
        ),
    ],
)
def test_a_programme_ends_on_the_last_day_that_is_known_of_it(ending: Ending, day: date | None) -> None:
    assert ended_on(ending) == day


@given(ending=endings, keep_days=kept, now=instants)
def test_it_is_past_when_so_many_whole_days_have_gone_by_since(ending: Ending, keep_days: int, now: datetime) -> None:
    end = ended_on(ending)
    over = end is not None and now >= start_of_day(end + timedelta(days=keep_days + 1))
    assert past([ending], keep_days, now) == (["p"] if over else [])


@given(ending=endings, keep_days=kept, now=instants, later=days)
def test_a_later_day_and_a_longer_time_never_end_anything_sooner(
    ending: Ending, keep_days: int, now: datetime, later: date
) -> None:
    if past([replace(ending, last_meeting=max(later, ending.last_meeting or later))], keep_days, now):
        assert past([ending], keep_days, now) or ending.waits_for_date or ended_on(ending) is None
    if past([ending], keep_days + 1, now):
        assert past([ending], keep_days, now)


@given(keep_days=kept, now=instants)
def test_what_came_on_the_last_day_of_a_programme_is_over_with_it(keep_days: int, now: datetime) -> None:
    first_kept = day_of(kept_since(keep_days, now))
    for day in (first_kept, first_kept - timedelta(days=1)):
        at_noon = start_of_day(day) + timedelta(hours=12)
        assert (at_noon < kept_since(keep_days, now)) == bool(past([replace(P, last_meeting=day)], keep_days, now))


@given(end=st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_the_longest_time_outlasts_five_years_after_the_financial_year(end: date) -> None:
    """Of whatever year: one ends twelve months after the day at the latest."""
    five_years_after = date(end.year + 6, end.month, min(end.day, 28)) - timedelta(days=1)
    forgotten = start_of_day(end + timedelta(days=LONGEST_KEPT + 1)) + timedelta(hours=3)
    assert day_of(forgotten) > five_years_after
    assert not past([replace(P, last_meeting=end)], LONGEST_KEPT, start_of_day(five_years_after))


@given(found=st.lists(endings, max_size=3), keep_days=kept, now=instants)
def test_the_next_look_is_in_no_night_after_the_first_in_which_anything_is_past(
    found: list[Ending], keep_days: int, now: datetime
) -> None:
    due = next_look(first_due(found, keep_days, now), keep_days, now).due
    assert due is not None
    assert timedelta(0) < due - now <= timedelta(days=LONGEST_PAUSE + 1)
    before = due - timedelta(days=1)
    if before > now:
        assert past(found, keep_days, before) == past(found, keep_days, now)


@given(keep_days=kept, late=st.lists(st.none() | instants, max_size=3))
def test_whoever_came_after_an_end_is_looked_at_when_their_own_time_is_over(
    keep_days: int, late: list[datetime | None]
) -> None:
    first = sooner(None, late, keep_days)
    came = [one for one in late if one is not None]
    assert (first is None) == (not came)
    if first is not None:
        night = start_of_day(first) + timedelta(hours=1)
        assert min(came) < kept_since(keep_days, night)
        assert min(came) >= kept_since(keep_days, night - timedelta(days=1))
        assert sooner(first.isoformat(), [], keep_days) == first
        assert sooner((first - timedelta(days=1)).isoformat(), late, keep_days) == first - timedelta(days=1)


@given(now=instants)
def test_the_night_comes_once_a_day_at_three_in_denmark(now: datetime) -> None:
    alarm = nightly(LONGEST_KEPT, now)
    assert (alarm.key, dict(alarm.data)) == (NIGHTLY, {"keep_days": LONGEST_KEPT})
    assert alarm.due is not None
    assert alarm.due.astimezone(COPENHAGEN).hour == 3
    assert now < alarm.due <= now + timedelta(hours=25)
    after = nightly(LONGEST_KEPT, alarm.due).due
    assert after is not None
    assert day_of(after) == day_of(alarm.due) + timedelta(days=1)


def test_nobody_is_forgotten_before_an_archive_has_the_papers_as_they_were_at_the_end() -> None:
    now = datetime(2029, 1, 1, tzinfo=UTC)
    that_day = replace(P, last_meeting=MEETING, archives=True, archived_at=start_of_day(MEETING) + timedelta(hours=20))
    day_after = replace(that_day, archived_at=start_of_day(MEETING + timedelta(days=1)))
    for one in (that_day, replace(that_day, archived_at=None)):
        assert (past([one], 365, now), done_with([one], 365, now)) == (["p"], [])
    for one in (day_after, replace(that_day, archives=False)):
        assert done_with([one], 365, now) == ["p"]


@given(endings, kept, instants)
def test_an_archive_is_asked_for_exactly_where_people_are_kept_for_it_alone(
    ending: Ending, keep_days: int, now: datetime
) -> None:
    over, done = past([ending], keep_days, now), done_with([ending], keep_days, now)
    decided = ask(ending, PROGRAMME, keep_days, now)
    assert (len(decided.facts), len(decided.alarms)) == ((1, 1) if over and not done else (0, 0))
    for fact in decided.facts:
        assert isinstance(fact, ProgrammeAwaitsArchive)
        assert (fact.ended_on, fact.kept_since <= day_of(now)) == (ended_on(ending), True)
        assert fact.kept_since == fact.ended_on + timedelta(days=keep_days + 1)


@given(endings, kept, instants)
def test_whoever_waits_for_an_archive_is_the_only_one_that_is_past_and_not_done_with(
    ending: Ending, keep_days: int, now: datetime
) -> None:
    done, over = done_with([ending], keep_days, now), past([ending], keep_days, now)
    assert set(done) <= set(over)
    assert done == over or ending.archives
