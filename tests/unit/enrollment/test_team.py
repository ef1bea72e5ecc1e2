"""The standing team of a municipality: three to five people, named once for all meetings of its kinds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrollment.domain.enrolment import Agreed, Enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.team import (
    SHORT,
    Team,
    disband,
    name_member,
    remind,
    remove_member,
    replace_member,
    size_text,
)
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import TeamFact, TeamMemberNamed, TeamMemberReplaced, TeamReminderDue
from shared.contracts.parties import Contact, Organisation, Person
from shared.contracts.programme import EnrolmentPlan, ProgrammeTerms, SeatTerm, Terms
from shared.contracts.refusal import Refused
from tests.support.facts import a_programme

NOW = datetime(2024, 10, 7, 12, tzinfo=UTC)
IN_A_FORTNIGHT = datetime(2024, 10, 21, 7, tzinfo=UTC)
KINDS = tuple(
    SeatTerm(kind=kind, title=kind, attendance="team", included=5, minimum=3) for kind in ("heldag", "temamoede")
)
ENROLMENT = Enrolment(
    id="e1",
    programme_id="p4",
    organisation=Organisation(code="0751", name="Aarhus Kommune"),
    state="enrolled",
    contact=Contact(person_id="k", name="Karen Kontakt", email="karen@aarhus.example", role="tovholder"),
    agreed=Agreed(seats=(*KINDS, SeatTerm(kind="kort", title="Kort", attendance="contact"))),
)
PROGRAMME = Programme(
    ProgrammeTerms(ref=a_programme("p4"), enrolment=EnrolmentPlan(who="municipalities", how="sign_up"), terms=Terms())
)


def somebody(number: int) -> Person:
    return Person(person_id=f"p{number}", name=f"Person {number}", email=f"p{number}@aarhus.example")


def a_team(count: int = 0, enrolment: Enrolment = ENROLMENT) -> Team:
    team = Team(PROGRAMME, enrolment)
    for number in range(1, count + 1):
        team = name_member(team, somebody(number), NOW + timedelta(minutes=number)).after
    return team


def sizes(decided: Decision[Team]) -> list[int]:
    return [fact.size for fact in decided.facts if isinstance(fact, TeamFact)]


def test_a_team_is_named_one_by_one_and_the_fact_says_how_many_they_are_and_for_which_meetings() -> None:
    (fact,) = name_member(a_team(2), somebody(3), NOW).facts
    assert isinstance(fact, TeamMemberNamed)
    assert (fact.size, fact.minimum, fact.most, fact.kinds) == (3, 3, 5, ("heldag", "temamoede"))
    assert (fact.person, fact.subject) == (somebody(3), "team/e1")


def test_a_sixth_is_refused_and_no_price_is_named() -> None:
    with pytest.raises(Refused) as refused:
        name_member(a_team(5), somebody(6), NOW)
    assert (refused.value.code, refused.value.status, refused.value.extra) == ("team_full", 409, {})
    assert "kr." not in refused.value.detail


def test_the_same_person_is_on_it_once() -> None:
    with pytest.raises(Refused, match="already_on_team"):
        name_member(a_team(2), somebody(1), NOW)
    with pytest.raises(Refused, match="already_on_team"):
        replace_member(a_team(2), "p1", somebody(2), NOW)


def test_a_full_team_swaps_and_keeps_its_order() -> None:
    decided = replace_member(a_team(5), "p2", somebody(9), NOW)
    assert [one.person.person_id for one in decided.after.members] == ["p1", "p9", "p3", "p4", "p5"]
    (fact,) = decided.facts
    assert isinstance(fact, TeamMemberReplaced)
    assert (fact.previous, fact.person, fact.size) == (somebody(2), somebody(9), 5)


def test_too_few_is_never_refused_and_is_said_until_there_are_enough() -> None:
    for count, missing in ((0, 3), (2, 1), (3, 0), (5, 0)):
        assert a_team(count).missing == missing
    assert size_text(a_team(2)) == "2 på holdet; der mangler mindst 1 (3 til 5 personer)"
    assert size_text(a_team(3)) == "3 på holdet (3 til 5 personer)"
    assert name_member(a_team(1), somebody(2), NOW).alarms == (Alarm(SHORT, "e1", IN_A_FORTNIGHT, {}),)
    assert name_member(a_team(2), somebody(3), NOW).alarms == (Alarm(SHORT, "e1", None, {}),)
    assert remove_member(a_team(3), "p1", NOW).alarms == (Alarm(SHORT, "e1", IN_A_FORTNIGHT, {}),)


def test_the_reminder_comes_again_until_nobody_is_missing_or_there_is_nothing_to_be_missing_at() -> None:
    reminded = remind(a_team(2), "/deltagere/x", NOW, over=False)
    (fact,) = reminded.facts
    assert isinstance(fact, TeamReminderDue)
    assert (fact.size, fact.minimum, fact.participants_path) == (2, 3, "/deltagere/x")
    assert reminded.alarms == (Alarm(SHORT, "e1", IN_A_FORTNIGHT, {}),)
    cancelled = replace(a_team(2), programme=replace(PROGRAMME, open=False))
    withdrawn = a_team(2, replace(ENROLMENT, state="withdrawn"))
    for team, over in ((a_team(3), False), (a_team(2), True), (cancelled, False), (withdrawn, False)):
        assert remind(team, None, NOW, over=over) == Decision(team)


def test_a_programme_that_reminds_of_no_team_sets_no_alarm() -> None:
    terms = PROGRAMME.terms.model_copy(update={"terms": Terms(team_remind_days=0)})
    team = replace(a_team(1), programme=replace(PROGRAMME, terms=terms))
    assert name_member(team, somebody(2), NOW).alarms == (Alarm(SHORT, "e1", None, {}),)


def test_an_enrolment_that_ends_takes_its_team_along_one_by_one() -> None:
    decided = disband(a_team(3))
    assert (decided.after.members, sizes(decided)) == ((), [2, 1, 0])
    assert decided.alarms == (Alarm(SHORT, "e1", None, {}),)


def test_where_people_are_registered_for_each_meeting_there_is_no_team() -> None:
    nobodys = Team(PROGRAMME, replace(ENROLMENT, agreed=Agreed(seats=(SeatTerm(kind="heldag", title="Heldag"),))))
    with pytest.raises(Refused, match="no_team"):
        name_member(nobodys, somebody(1), NOW)
    assert disband(nobodys) == Decision(nobodys)


STEPS = st.lists(
    st.tuples(st.sampled_from(["name", "remove", "replace"]), st.integers(1, 7), st.integers(1, 7)), max_size=40
)


@given(steps=STEPS)
def test_whatever_happens_it_never_counts_more_than_agreed_and_no_number_comes_twice(
    steps: list[tuple[str, int, int]],
) -> None:
    team, numbers = a_team(), set[int]()
    for step, one, other in steps:
        try:
            if step == "name":
                decided = name_member(team, somebody(one), NOW)
                assert decided.after.members[-1].number not in numbers
                numbers.add(decided.after.members[-1].number)
            elif step == "remove":
                decided = remove_member(team, f"p{one}", NOW)
            else:
                decided = replace_member(team, f"p{one}", somebody(other), NOW)
        except Refused as refused:
            assert refused.code in {"team_full", "already_on_team", "not_on_team"}  # noqa: PT017  (all are fine here)
            continue
        team = decided.after
        assert sizes(decided) == [len(team.members)]
        assert len(team.members) <= 5
        assert len({member.person.person_id for member in team.members}) == len(team.members)
