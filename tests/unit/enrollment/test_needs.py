"""What participants need is kept on consent, of those who have a seat, and comes out as numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.enrollment.domain.guest import Guest
from services.enrollment.domain.meeting_copy import MeetingCopy
from services.enrollment.domain.needs import (
    Count,
    Needs,
    alarms,
    asked,
    asked_at,
    counted,
    forgetting,
    in_nobodys_order,
    is_forgotten,
    kept_from,
    say,
    say_as_guest,
    say_on_team,
)
from services.enrollment.domain.roster import Roster
from services.enrollment.domain.team import Team
from services.enrollment.domain.team_meetings import TeamMeetings
from shared.contracts.programme import NeedChoice, NeedPart, NeedsTerm, SeatTerm
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import When
from tests.unit.enrollment.test_roster import NOW, a_roster, with_people
from tests.unit.enrollment.test_team import a_team, somebody

CHOICES = (NeedChoice(id="vegetar", title="Vegetar"), NeedChoice(id="vegansk", title="Vegansk"))
TERM = NeedsTerm(
    consent="Ja, I må gemme det.",
    keep_days=14,
    diet=NeedPart(label="Kost", choices=CHOICES, text=True),
    access=NeedPart(label="Adgang", choices=(NeedChoice(id="rampe", title="Uden trin"),)),
)
REGISTERED = SeatTerm(kind="heldag", title="Heldag")
ALL: dict[str, Any] = {"diet": ("vegetar",), "diet_text": "Ingen nødder", "access": ("rampe",), "access_text": ""}


def asking(roster: Roster, term: NeedsTerm | None = TERM) -> Roster:
    before = roster.programme.terms
    told = before.terms if before.terms.seats else before.terms.model_copy(update={"seats": (REGISTERED,)})
    terms = before.model_copy(update={"needs": term, "terms": told})
    return replace(roster, programme=replace(roster.programme, terms=terms))


ROSTER = asking(with_people(a_roster(), 2))


def wish(person_id: str = "p1", *, own: bool = True, **said: Any) -> Needs:
    nothing: dict[str, Any] = {"diet": (), "diet_text": "", "access": (), "access_text": ""}
    return Needs(person_id, **{**nothing, **said}, consent=TERM.consent, keep_days=14, consented_at=NOW, own=own)


def refusal(roster: Roster, said: Needs, before: Needs | None = None, *, consent: bool = True, **more: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        say(roster, said, before, NOW, consent=consent, by_another=more.pop("by_another", False))
    return refused.value


def test_what_is_said_with_consent_is_kept_and_nothing_at_all_takes_it_back() -> None:
    said = wish(**ALL)
    assert say(ROSTER, said, None, NOW, consent=True, by_another=False) == said
    assert say(ROSTER, wish(), said, NOW, consent=False, by_another=False) is None


@pytest.mark.parametrize("one", ["diet", "diet_text", "access"])
def test_nothing_is_kept_without_consent(one: str) -> None:
    refused = refusal(ROSTER, wish(**{one: ALL[one]}), consent=False)
    assert (refused.code, refused.status, refused.field) == ("consent_missing", 422, "consent")


def test_it_is_of_somebody_who_has_a_seat_at_a_meeting_that_asks_and_is_to_come() -> None:
    assert refusal(ROSTER, wish("p9", **ALL)).code == "not_registered"
    team = with_people(a_roster(), 1)
    kind = SeatTerm(kind="heldag", title="Heldag", attendance="team")
    seats = team.programme.terms.terms.model_copy(update={"seats": (kind,)})
    of_a_team = replace(team.programme, terms=team.programme.terms.model_copy(update={"terms": seats}))
    with_roles = ROSTER.meeting.model_copy(update={"roles": ("tovholder",)})
    for silent in (
        asking(ROSTER, None),
        replace(ROSTER, meeting=with_roles),
        asking(replace(team, programme=of_a_team)),
    ):
        assert asked(silent) is None
        assert refusal(silent, wish(**ALL)).code == "no_needs"
    assert asked(ROSTER) == TERM
    off = replace(ROSTER, meeting_state="cancelled")
    undated = replace(ROSTER, meeting=ROSTER.meeting.model_copy(update={"when": None}))
    assert [refusal(one, wish(**ALL)).code for one in (off, undated)] == ["needs_closed"] * 2
    assert say(off, wish(), wish(**ALL), NOW, consent=False, by_another=False) is None, "taken back at any time"


def test_only_what_is_asked_is_answered_and_no_refusal_repeats_it() -> None:
    for said, field in (
        ({"diet": ("hemmeligt",)}, "diet"),
        ({"access": ("hemmeligt",)}, "access"),
        ({"access_text": "hemmeligt"}, "access_text"),
    ):
        refused = refusal(ROSTER, wish(**said))
        assert (refused.code, refused.field) == ("unknown_need", field)
        assert "hemmeligt" not in str(refused) + refused.detail


def test_what_somebody_says_of_themselves_nobody_else_replaces_but_staff() -> None:
    own, theirs = wish(**ALL), wish(own=False, **ALL)
    for said in (wish(own=False, diet=("vegansk",)), wish(own=False)):
        assert refusal(ROSTER, said, own, by_another=True).code == "needs_are_own"
        say(ROSTER, said, own, NOW, consent=True, by_another=False)
        say(ROSTER, said, theirs, NOW, consent=True, by_another=True)


def test_what_was_somebodys_own_once_stays_it_whoever_puts_it_right_and_what_was_not_becomes_it() -> None:
    own, theirs = wish(**ALL), wish(own=False, **ALL)
    assert say(ROSTER, theirs, own, NOW, consent=True, by_another=False) == own, "the same words change nothing"
    right = say(ROSTER, wish(own=False, diet=("vegansk",)), own, NOW, consent=True, by_another=False)
    assert right == wish(diet=("vegansk",))
    assert refusal(ROSTER, wish(own=False), right, by_another=True).code == "needs_are_own"
    assert say(ROSTER, own, theirs, NOW, consent=True, by_another=False) == own
    assert say(ROSTER, theirs, theirs, NOW, consent=True, by_another=False) == theirs


def test_it_is_forgotten_when_its_days_are_over_in_denmark_and_at_once_when_the_meeting_is_off() -> None:
    meeting = ROSTER.meeting.model_copy(update={"when": When(first_day=date(2021, 3, 10), last_day=date(2021, 3, 11))})
    copy = MeetingCopy("netvaerk", "scheduled", meeting, 1)
    alarm = forgetting(copy, 14, NOW)
    assert (alarm.key, alarm.due) == ("m1", datetime(2021, 3, 25, 23, tzinfo=UTC)), "all of the 25th has gone"
    for off in (replace(copy, state="cancelled"), replace(copy, meeting=meeting.model_copy(update={"when": None}))):
        assert forgetting(off, 14, NOW).due == NOW


def test_each_choice_has_its_number_none_among_them_and_one_that_is_asked_no_more_its_id() -> None:
    people = {"registered": 5, "team": 2, "guests": 1, "answered": 3}
    found = counted(TERM, people, {("diet", "vegetar"): 2, ("access", "tidligere"): 1})
    assert [(one.part, one.title, one.number_of) for one in found] == [
        ("people", "Tilmeldte deltagere", 5),
        ("people", "På faste hold og fra medlemmer", 2),
        ("people", "Gæster", 1),
        ("people", "Har skrevet kost eller adgang", 3),
        ("diet", "Vegetar", 2),
        ("diet", "Vegansk", 0),
        ("access", "Uden trin", 0),
        ("access", "tidligere", 1),
    ]


def test_texts_stand_in_an_order_that_tells_of_nobody() -> None:
    said = (("access", "a"), ("diet", "b"), ("diet", "Æble"), ("diet", "A"))
    texts = [Count(part, "", "", 1, text) for part, text in said]  # type: ignore[arg-type]  # a part is one of these
    assert [one.text for one in in_nobodys_order(texts)] == ["A", "b", "Æble", "a"]
    assert in_nobodys_order(texts) == in_nobodys_order(list(reversed(texts)))


def when(day: int) -> When:
    return When(first_day=date(2021, 3, day), last_day=date(2021, 3, day))


def a_copy(meeting_id: str = "m1", day: int | None = 10, state: Any = "scheduled") -> MeetingCopy:
    meeting = ROSTER.meeting.model_copy(update={"id": meeting_id, "when": when(day) if day else None})
    return MeetingCopy("netvaerk", state, meeting, 1)


def asking_team(term: NeedsTerm | None = TERM) -> Team:
    team = a_team(2)
    return replace(
        team, programme=replace(team.programme, terms=team.programme.terms.model_copy(update={"needs": term}))
    )


def on_team(team: Team, said: Needs, *copies: MeetingCopy, now: datetime = NOW, **more: Any) -> Needs | None:
    how = {"before": None, "consent": True, "by_another": False, **more}
    before = how.pop("before")
    return say_on_team(team, TeamMeetings(copies, None), said, before, now, **how)


def test_whoever_is_on_a_team_says_it_while_a_meeting_of_theirs_that_has_a_date_is_ahead() -> None:
    team, said = asking_team(), wish(**ALL)
    assert on_team(team, said, a_copy(day=10)) == said
    begun = datetime(2021, 3, 10, 12, tzinfo=UTC)
    for copies, now in (
        ((), NOW),
        ((a_copy(day=None),), NOW),
        ((a_copy(state="cancelled"),), NOW),
        ((a_copy(),), begun),
    ):
        with pytest.raises(Refused) as refused:
            on_team(team, said, *copies, now=now)
        assert refused.value.code == "needs_closed"
        assert on_team(team, wish(), *copies, now=now, before=said) is None, "taken back at any time"
    for other, why in ((wish("p9", **ALL), "not_on_team"), (wish(diet=("hemmeligt",)), "unknown_need")):
        with pytest.raises(Refused) as refused:
            on_team(team, other, a_copy())
        assert refused.value.code == why
        assert "hemmeligt" not in str(refused.value) + refused.value.detail
    with pytest.raises(Refused, match="no_needs"):
        on_team(asking_team(None), said, a_copy())
    with pytest.raises(Refused, match="needs_are_own"):
        on_team(team, wish(own=False), a_copy(), before=said, by_another=True)


def test_a_guest_is_asked_of_any_meeting_that_is_ahead_and_has_its_date_also_where_nobody_else_is() -> None:
    programme, said = ROSTER.programme, wish("g1", **ALL)
    guest = Guest(somebody(1), "m1", None, NOW)

    def says(copy: MeetingCopy, there: Guest | None = guest) -> Needs | None:
        return say_as_guest(programme, copy, there, said, None, NOW, consent=True, by_another=False)

    with_roles = a_copy().meeting.model_copy(update={"roles": ("tovholder",), "kind": "andet"})
    assert says(replace(a_copy(), meeting=with_roles)) == said
    assert (asked_at(programme, with_roles), asked_at(programme, with_roles, guests=1)) == (None, TERM)
    for copy, there, why in (
        (a_copy(day=None), guest, "needs_closed"),
        (a_copy(state="cancelled"), guest, "needs_closed"),
        (a_copy(day=1), guest, "needs_closed"),
        (a_copy(), None, "not_a_guest"),
    ):
        with pytest.raises(Refused, match=why):
            says(copy, there)


def test_meetings_are_armed_in_the_order_in_which_they_are_forgotten_and_none_that_is_over() -> None:
    copies = [a_copy("late", 20), a_copy("soon", 5), a_copy("off", 6, "cancelled"), a_copy("undated", None)]
    kept = dict.fromkeys(("late", "soon", "off", "undated"), 14)
    assert [one.key for one in alarms(copies, kept, NOW)] == ["soon", "late"]
    assert [one.key for one in alarms(copies, {"late": 14}, NOW)] == ["late"]
    due = alarms(copies, kept, NOW)[0].due
    assert due is not None
    assert [one.key for one in alarms(copies, kept, due)] == ["late"]
    # The first day on which it is over is the first from which it is not kept.
    assert kept_from(due.astimezone(UTC).date(), 14) == date(2021, 3, 5)
    assert kept_from(date(2021, 3, 20), 14) == date(2021, 3, 6)


def test_numbers_that_stayed_hold_unless_the_meeting_is_ahead_again() -> None:
    over = datetime(2021, 3, 25, tzinfo=UTC)
    assert is_forgotten(a_copy(), over, counted=True)
    assert not is_forgotten(a_copy(), over, counted=False)
    assert not is_forgotten(a_copy(day=28), over, counted=True)
