"""When people are reminded, when staff read the digest, and how long a mail server is asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.notifications.domain.delivery import GIVE_UP_AFTER, is_final, is_given_up, is_server_trouble, pause_s
from services.notifications.domain.digest import DigestLine, Staffed, boxes_of, digests, next_digest, spoken_of
from services.notifications.domain.enrolment import follow
from services.notifications.domain.invitations import Standing
from services.notifications.domain.letter import Letter
from services.notifications.domain.reminders import MEETING_REMINDER, days_left, newest, next_reminder, reminder_alarm
from services.notifications.domain.turns import in_turns
from shared.contracts.decision import Alarm
from shared.contracts.programme import ProgrammeRef
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


def a_line(programme_id: str | None, kind: str = "enrolled", text: str = "Aarhus Kommune") -> DigestLine:
    return DigestLine(programme_id, kind, "a", "1", text, AT)


def written(
    lines: list[DigestLine], programmes: dict[str, ProgrammeRef], undated: dict[str, list[str]] | None = None
) -> list[Letter]:
    boxes = boxes_of(lines, [Staffed(one.id, one.title, one.staff_email) for one in programmes.values()])
    spoken = {one: programmes[one] for one in spoken_of(lines, boxes)}
    return digests(lines, boxes, spoken, undated or {}, AT)


def test_one_digest_for_each_mailbox_and_none_where_nothing_happened() -> None:
    first = facts.a_programme("a", title="Å-forløbet")
    second = facts.a_programme("b", title="B-forløbet")
    third = facts.a_programme("c", staff_email="andre@forening.example")
    programmes = {"a": first, "b": second, "c": third}
    (only,) = written([a_line("a"), a_line("b")], programmes)
    assert only.to.email == first.staff_email
    assert [part["title"] for part in only.says["parts"]] == ["B-forløbet", "Å-forløbet"]
    everybody = written([a_line(None, "rejected")], programmes)
    assert [letter.to.email for letter in everybody] == ["andre@forening.example", first.staff_email]


def test_a_meeting_without_a_date_is_in_the_digest_until_it_has_one() -> None:
    programmes = {facts.PROGRAMME.id: facts.PROGRAMME}
    planned = [a_line(facts.PROGRAMME.id, "planned")]
    (only,) = written(planned, programmes, {facts.PROGRAMME.id: ["2. heldagsmøde"]})
    assert only.says["parts"][0]["sections"] == [{"title": "Møder uden dato", "lines": ["2. heldagsmøde"]}]
    assert written(planned, programmes) == []


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
