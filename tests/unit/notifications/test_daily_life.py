"""When people are reminded, when staff read the digest, and how long a mail server is asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.notifications.domain.delivery import GIVE_UP_AFTER, is_final, is_given_up, is_server_trouble, pause_s
from services.notifications.domain.digest import (
    DIGEST_MAIL,
    Box,
    Digest,
    Line,
    Section,
    Staffed,
    box_of,
    boxes_of,
    digest_letter,
    digest_of,
    mail_alarm,
    most_of_each,
    next_digest,
    part,
    undated_section,
)
from services.notifications.domain.enrolment import follow
from services.notifications.domain.invitations import Standing
from services.notifications.domain.reminders import MEETING_REMINDER, days_left, newest, next_reminder, reminder_alarm
from services.notifications.domain.turns import in_turns
from shared.contracts.decision import Alarm
from shared.contracts.scheduling import When
from tests.support import facts

AT = datetime(2021, 1, 1, 12, tzinfo=UTC)
STANDING = Standing(facts.PROGRAMME, facts.MEETING, "dated", "u@x", AT)


def test_reminders_come_at_eight_in_denmark_the_earliest_first() -> None:
    assert next_reminder(STANDING, (14, 2), AT) == (datetime(2021, 4, 1, 6, tzinfo=UTC), 14)
    assert next_reminder(STANDING, (14, 2), datetime(2021, 4, 1, 6, tzinfo=UTC)) == (
        datetime(2021, 4, 13, 6, tzinfo=UTC),
        2,
    )
    assert next_reminder(STANDING, (14, 2), datetime(2021, 4, 13, 6, tzinfo=UTC)) is None


def test_the_alarm_of_a_meeting_says_which_reminder_and_which_date_it_is_for() -> None:
    one = STANDING.meeting
    told = {"days": 14, "date_version": one.date_version}
    assert reminder_alarm(STANDING, (14, 2), AT) == Alarm(
        MEETING_REMINDER, one.id, datetime(2021, 4, 1, 6, tzinfo=UTC), told
    )
    assert reminder_alarm(STANDING, (), AT) == Alarm(MEETING_REMINDER, one.id, None)


def test_nobody_is_reminded_of_a_date_that_no_longer_holds_or_on_the_day_itself() -> None:
    version, day = STANDING.meeting.date_version, date(2021, 4, 15)
    assert days_left(STANDING, version, date(2021, 4, 8)) == 7
    assert days_left(STANDING, version, date(2021, 4, 14)) == 1
    assert days_left(STANDING, version, day) is None
    assert days_left(STANDING, version + 1, date(2021, 4, 8)) is None
    assert days_left(replace(STANDING, state="cancelled"), version, date(2021, 4, 8)) is None


def test_the_newest_terms_of_a_programme_count() -> None:
    terms = facts.PROGRAMME_TERMS
    version = terms.ref.version
    assert newest([terms], {}) == newest([terms], {terms.ref.id: version}) == [terms]
    assert newest([terms], {terms.ref.id: version + 1}) == []


@pytest.mark.parametrize("state", ["planned", "held", "cancelled"])
def test_only_a_meeting_to_come_is_reminded_of(state: str) -> None:
    assert next_reminder(replace(STANDING, state=state), (7,), AT) is None  # type: ignore[arg-type] # each of them


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 3, 29), "2026-03-28T07:00:00"),
        (date(2026, 3, 30), "2026-03-29T06:00:00"),
        (date(2026, 10, 25), "2026-10-24T06:00:00"),
        (date(2026, 10, 26), "2026-10-25T07:00:00"),
    ],
)
def test_eight_is_eight_in_summer_and_in_winter(day: date, due: str) -> None:
    meeting = facts.a_meeting(when=When(first_day=day, last_day=day))
    found = next_reminder(replace(STANDING, meeting=meeting), (1,), AT)
    assert found == (datetime.fromisoformat(due).replace(tzinfo=UTC), 1)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-01-05T05:59:00", "2026-01-05T06:00:00"),
        ("2026-01-05T06:00:00", "2026-01-06T06:00:00"),
        ("2026-01-05T23:30:00", "2026-01-06T06:00:00"),
        ("2026-03-28T12:00:00", "2026-03-29T05:00:00"),
        ("2026-10-24T12:00:00", "2026-10-25T06:00:00"),
    ],
)
def test_the_digest_goes_out_at_seven_in_denmark(now: str, due: str) -> None:
    assert next_digest(datetime.fromisoformat(now).replace(tzinfo=UTC)) == datetime.fromisoformat(due).replace(
        tzinfo=UTC
    )


def test_one_digest_for_each_mailbox_and_none_where_nothing_happened() -> None:
    staff = [
        Staffed("a", "Å-forløbet", "stab@x.example"),
        Staffed("b", "B-forløbet", "stab@x.example"),
        Staffed("c", "C", "c@x.example"),
    ]
    (only,) = boxes_of([Section("a", "enrolled", 1), Section("b", "enrolled", 2)], staff)
    assert (only.programme_id, only.told) == ("b", ("b", "a"))
    everybody = boxes_of([Section(None, "rejected", 1)], staff)
    assert [(box.programme_id, box.told) for box in everybody] == [("c", ()), ("b", ())]
    assert boxes_of([], staff) == []


def test_what_a_mailbox_reads_comes_back_from_its_timer_as_it_was_settled() -> None:
    (box,) = boxes_of(
        [Section(f"p{n:03}", "enrolled", 2) for n in range(60)],
        [Staffed(f"p{n:03}", f"P {n:03}", "stab@x.example") for n in range(60)],
    )
    assert (len(box.told), box.others, box.other_items) == (50, 10, 20)
    digest = Digest(AT, soon=True)
    alarm = mail_alarm(digest, box)
    assert (alarm.timer, alarm.due) == (DIGEST_MAIL, AT)
    assert (digest_of(alarm.data), box_of(alarm.data)) == (digest, box)
    assert "@" not in f"{alarm.key} {alarm.data}"


def test_a_meeting_without_a_date_is_in_the_digest_until_it_has_one() -> None:
    box, one = Box("b", facts.PROGRAMME.id, (facts.PROGRAMME.id,)), facts.PROGRAMME
    planned = part(one.title, [Section(one.id, "planned", 1)], {})
    assert digest_letter(Digest(AT), box, one, None, [planned]) is None
    planned["sections"].append(undated_section(one.id, ["2. heldagsmøde"], 1))
    only = digest_letter(Digest(AT), box, one, None, [planned])
    assert only is not None
    assert only.says["parts"][0]["sections"] == [{"title": "Møder uden dato", "lines": ["2. heldagsmøde"]}]


def test_a_section_says_how_many_are_not_shown() -> None:
    shown = {("p", "awaits"): [Line("B (0002)", 3), Line("A (0001)", 1)]}
    (section,) = part("P", [Section("p", "awaits", 9)], shown)["sections"]
    assert section["number"] == 9
    assert section["lines"][:2] == ["A (0001)", "B (0002): 3 tilmeldinger"]
    assert section["lines"][2].startswith("og 5 flere; se dem alle: /api/enrollment/sign-ups?programme_id=p")
    assert (most_of_each(0), most_of_each(10), most_of_each(100), most_of_each(9_999)) == (200, 40, 4, 1)


def test_a_refusal_for_now_is_neither_final_nor_the_messages_fault() -> None:
    assert not is_final(451)
    assert is_final(550)
    assert is_server_trouble(421)
    assert not is_server_trouble(550)


def test_after_four_days_later_means_never() -> None:
    assert not is_given_up(GIVE_UP_AFTER)
    assert is_given_up(GIVE_UP_AFTER + timedelta(seconds=1))


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause_s(attempt, 15) for attempt in (1, 2, 3, 9, 99)] == [15, 30, 60, 3600, 3600]


def test_turns_keep_the_order_of_each_key() -> None:
    assert list(in_turns(["a1", "b1", "a2", "a3", "b2"], lambda item: item[0])) == [["a1", "b1"], ["a2", "b2"], ["a3"]]


def test_a_no_of_the_council_takes_the_place_and_a_yes_changes_nothing() -> None:
    examples = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
    enrolled = follow(None, facts.an_enrolment(), AT)
    yes = examples["ReservationResolved"]
    assert enrolled is not None
    assert follow(enrolled, yes, AT) == enrolled  # type: ignore[arg-type] # a ReservationResolved
    no = follow(enrolled, yes.model_copy(update={"approved": False}), AT)  # type: ignore[arg-type] # a ReservationResolved
    assert no is not None
    assert not no.has_place
    assert follow(None, examples["EnrolmentLapsed"], AT) is None  # type: ignore[arg-type] # an EnrolmentLapsed
