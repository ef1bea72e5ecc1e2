"""Politisk forbehold: the municipality's own, answered by a link, by staff or another system, and never by time alone
unless the programme says so.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from services.enrollment.domain.enrolment import ANSWER
from services.enrollment.domain.forbehold import LAPSE
from services.enrollment.usecases.change_reservation import change_reservation
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    ChangeReservation,
    EnrolmentLapsed,
    EnrolmentReceived,
    EnrolmentWaitlisted,
    Forbehold,
    MunicipalityEnrolled,
    ReservationChanged,
    ReservationReminderDue,
    ReservationResolved,
    ResolveReservation,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.time import day_after, day_of, days_after, local, start_of_day
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, id_of, line, places_told, with_places
from tests.support.enrollment_desk import Desk, sign_up
from tests.support.enrollment_web import Town
from tests.support.meeting_point import meet

EXPECTED = date(2020, 9, 15)
ABOUT_IT = {"forbehold": True, "forbehold_committee": " Udvalget  for unge ", "forbehold_expected_on": EXPECTED}


async def answer(desk: Desk, code: str, *, approved: bool) -> dict[str, object]:
    command = ResolveReservation(enrolment_id=await id_of(desk, code), approved=approved)
    return await desk.ask(resolve_reservation, command)


async def test_what_it_says_goes_with_the_place_and_a_yes_is_told_once(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: always, fees_wait: false"))
    (code,) = await codes_of(desk, 1)
    assert await enrolled(desk, sign_up(code, **ABOUT_IT)) == ["enrolled"]
    (told,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert told.forbehold is not None
    assert (told.forbehold.committee, told.forbehold.expected_on, told.forbehold_open, told.fees_wait) == (
        "Udvalget for unge",
        EXPECTED,
        True,
        False,
    )
    for _ in range(2):
        assert (await answer(desk, code, approved=True))["status"] == "Plads bekræftet"
    (resolved,) = [one for one in await desk.told() if isinstance(one, ReservationResolved)]
    assert (resolved.approved, resolved.has_place) == (True, True)
    other = ResolveReservation(enrolment_id=await id_of(desk, code), approved=False)
    assert (await desk.refusal(resolve_reservation, other)).code == "no_open_reservation"
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, code)))["forbehold"] == {
        "state": "approved",
        "committee": "Udvalget for unge",
        "expected_on": "2020-09-15",
    }


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"forbehold": False, "forbehold_committee": "Udvalget"}, "forbehold_not_taken"),
        ({"forbehold": False, "forbehold_expected_on": EXPECTED}, "forbehold_not_taken"),
    ],
)
async def test_what_is_said_of_none_is_refused(desk: Desk, wish: dict[str, object], code: str) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: always"))
    (kommune,) = await codes_of(desk, 1)
    assert await enrolled(desk, sign_up(kommune, **wish)) == [code]


async def test_one_that_holds_no_place_waits_for_its_answer_and_others_pass_it(desk: Desk) -> None:
    await desk.publish(with_places(2, 2, forbehold='holds: "no"'))
    codes = await codes_of(desk, 3)
    wishes = sign_up(codes[0], forbehold=True), sign_up(codes[1]), sign_up(codes[2], forbehold=True)
    assert await enrolled(desk, *wishes) == ["waitlisted", "enrolled", "waitlisted"]
    told = [one for one in await desk.told() if isinstance(one, EnrolmentWaitlisted)]
    assert [(one.forbehold_open, one.forbehold_holds) for one in told] == [(True, False), (True, False)]
    assert (await answer(desk, codes[2], approved=True))["status"] == "Plads bekræftet"
    said = await desk.told()
    assert places_told(said) == [(codes[2], True)]
    assert [one.has_place for one in said if isinstance(one, ReservationResolved)] == [None]
    assert (await answer(desk, codes[0], approved=True))["status"] == "På venteliste"
    assert await line(desk) == [codes[0]]


async def test_it_lapses_at_midnight_in_denmark_and_the_next_one_moves_up(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: until, until: 2020-09-30"))
    codes = await codes_of(desk, 3)
    wishes = sign_up(codes[0], forbehold=True), sign_up(codes[1], forbehold=True), sign_up(codes[2])
    assert await enrolled(desk, *wishes) == ["enrolled", "waitlisted", "waitlisted"]
    (told,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert told.forbehold is not None
    assert told.forbehold.lapses_after == date(2020, 9, 30)
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", LAPSE)
    assert due == datetime(2020, 9, 30, 22, tzinfo=UTC)
    desk.time = due
    await desk.ring()
    told_then = await desk.told()
    assert [one.organisation.code for one in told_then if isinstance(one, EnrolmentLapsed)] == [codes[0]]
    # Its own would hold no place by now: the one without moves up, and it waits on.
    assert places_told(told_then) == [(codes[2], True)]
    shown = await desk.read(read_enrolment, enrolment_id=await id_of(desk, codes[0]))
    assert (shown["status"], shown["forbehold"]["state"]) == ("Bortfaldet", "none")
    assert await line(desk) == [codes[1]]


async def test_a_yes_that_comes_after_the_day_is_too_late_whether_anybody_was_told_so_or_not(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: until, until: 2020-09-30"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    late = ResolveReservation(enrolment_id=await id_of(desk, code), approved=True)
    desk.time = datetime(2020, 9, 30, 22, tzinfo=UTC)
    assert (await desk.refusal(resolve_reservation, late)).code == "forbehold_lapsed"
    desk.time = datetime(2020, 9, 30, 21, 59, tzinfo=UTC)
    assert (await desk.ask(resolve_reservation, late))["status"] == "Plads bekræftet"


async def test_nobody_loses_a_place_without_having_been_reminded(desk: Desk) -> None:
    await desk.publish(with_places(3, 3, forbehold="holds: until, until: 2020-09-30, remind_before: [7]"))
    codes = await codes_of(desk, 2)
    await enrolled(
        desk,
        sign_up(codes[0], forbehold=True),
        sign_up(codes[1], forbehold=True, forbehold_expected_on=date(2020, 11, 1)),
    )
    due = {row["due"] for row in await desk.pool.fetch("SELECT due FROM timers WHERE timer = $1", ANSWER)}
    assert due == {datetime(2020, 9, 23, 7, tzinfo=UTC)}


async def test_a_form_with_a_day_is_confirmed_as_it_was_sent(town: Town) -> None:
    await town.desk.publish(with_places(1, 1, forbehold="holds: always"))
    (code,) = await codes_of(town.desk, 1)
    await town.desk.knows(code)
    wish = sign_up(code, **ABOUT_IT)
    await town.desk.ask(receive_sign_up, ReceiveSignUp(form=wish, caller="192.0.2.1"))
    (told,) = [one for one in await town.desk.told() if isinstance(one, EnrolmentReceived)]
    assert "tirsdag den 15. september 2020" in (await town.client.get(told.confirm_path)).text
    assert (await town.client.post(told.confirm_path, data={"_key": "k" * 32})).status_code == 303
    (place,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert place.forbehold is not None
    assert place.forbehold.expected_on == EXPECTED


async def test_a_later_version_that_gives_it_longer_keeps_the_place(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: until, until: 2020-09-30"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", LAPSE)
    await desk.publish(with_places(1, 1, version=2, forbehold="holds: until, until: 2020-10-31"))
    desk.time = due
    await desk.ring()
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, code)))["state"] == "enrolled"
    await desk.publish(with_places(1, 1, version=3, forbehold="holds: always"))
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", LAPSE) == 0
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, code)))["state"] == "enrolled"


async def test_a_later_version_takes_nothing_from_whoever_has_a_place_and_gives_the_next_one_less(desk: Desk) -> None:
    """The mail named a day, and that holds; whoever signs up since holds a place up to the day of now."""
    await desk.publish(with_places(2, 2, forbehold="holds: until, until: 2020-09-30, remind_before: [7]"))
    codes = await codes_of(desk, 4)
    await enrolled(desk, sign_up(codes[0], forbehold=True))
    desk.time = datetime(2020, 7, 10, 8, tzinfo=UTC)
    await desk.publish(with_places(2, 2, version=2, forbehold="holds: until, until: 2020-08-31, remind_before: [7]"))
    await enrolled(desk, sign_up(codes[1], forbehold=True), sign_up(codes[2]), sign_up(codes[3]))
    places = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert [one.forbehold and one.forbehold.lapses_after for one in places] == [date(2020, 9, 30), date(2020, 8, 31)]
    lapsed = []
    while due := await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", LAPSE):
        desk.time = due
        await desk.ring()
        lapsed += [(one.organisation.code, due) for one in await desk.told() if isinstance(one, EnrolmentLapsed)]
    assert lapsed == [
        (codes[1], datetime(2020, 8, 31, 22, tzinfo=UTC)),
        (codes[0], datetime(2020, 9, 30, 22, tzinfo=UTC)),
    ]


async def test_a_shorter_day_that_is_over_already_costs_nobody_a_place_that_night(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: until, until: 2020-09-30, remind_before: [7]"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    await desk.told()
    desk.time = datetime(2020, 9, 3, 8, tzinfo=UTC)
    await desk.publish(with_places(1, 1, version=2, forbehold="holds: until, until: 2020-08-31, remind_before: [7]"))
    await desk.ring()
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, code)))["state"] == "enrolled"
    desk.time = datetime(2020, 9, 23, 7, tzinfo=UTC)
    await desk.ring()
    (reminder,) = [one for one in await desk.told() if isinstance(one, ReservationReminderDue)]
    assert (reminder.days, reminder.forbehold.lapses_after) == (-7, date(2020, 9, 30))
    desk.time = datetime(2020, 9, 30, 21, 59, tzinfo=UTC)
    assert (await answer(desk, code, approved=True))["status"] == "Plads bekræftet"


@pytest.mark.parametrize(
    ("first", "versions", "last"),
    [
        # What a version gave more of stays given, and a version that says that it holds none takes none of it.
        (
            "holds: until, until: 2020-09-30",
            ("until, until: 2020-10-31", "until, until: 2020-08-31"),
            date(2020, 10, 31),
        ),
        ("holds: until, until: 2020-09-30", ('"no"',), date(2020, 9, 30)),
        ("holds: until, until: 2020-09-30", ("always", "until, until: 2020-08-31"), None),
        ("holds: always", ("until, until: 2020-08-31",), None),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["agreed", "of the version before"])
async def test_whatever_later_versions_say_the_best_that_was_said_holds(
    desk: Desk, first: str, versions: tuple[str, ...], last: date | None, *, known: bool
) -> None:
    await desk.publish(with_places(1, 1, forbehold=first))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    if not known:
        await desk.pool.execute("UPDATE enrolments SET forbehold_held = NULL")
    for version, holds in enumerate(versions, 2):
        await desk.publish(with_places(1, 1, version=version, forbehold=f"holds: {holds}"))
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", LAPSE)
    while due is not None and last is not None and due < start_of_day(last):
        desk.time = due
        await desk.ring()
        due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", LAPSE)
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, code)))["state"] == "enrolled"
    if last is not None:
        assert due == start_of_day(day_after(last))
        desk.time = due
        await desk.ring()
        assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, code)))["state"] == "lapsed"
        assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", LAPSE) == 0
        return
    while due is not None:
        desk.time = due
        await desk.ring()
        due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", LAPSE)
    assert (await desk.read(read_enrolment, enrolment_id=await id_of(desk, code)))["state"] == "enrolled"


async def test_it_is_reminded_of_before_and_after_the_day_and_no_more_once_it_is_answered(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="remind_before: [14, 3], remind_after: [7]"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, **ABOUT_IT))
    await desk.told()
    days = []
    for _ in range(2):
        desk.time = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER)
        await desk.ring()
        days += [(one.days, desk.time) for one in await desk.told() if isinstance(one, ReservationReminderDue)]
    assert days == [
        (-14, datetime(2020, 9, 1, 7, tzinfo=UTC)),
        (-3, datetime(2020, 9, 12, 7, tzinfo=UTC)),
    ]
    await answer(desk, code, approved=True)
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ANSWER) == 0


async def test_whoever_names_no_day_is_asked_all_the_same_counted_from_its_sign_up(desk: Desk) -> None:
    terms = "remind_before: [14], remind_after: [7], remind_every: 28"
    await desk.publish(with_places(1, 1, forbehold=terms))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    signed_up = desk.time
    await desk.told()
    days = []
    for _ in range(3):
        desk.time = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER)
        await desk.ring()
        days += [(one.days, one.forbehold) for one in await desk.told() if isinstance(one, ReservationReminderDue)]
    assert days == [(7, Forbehold()), (35, Forbehold()), (63, Forbehold())]
    assert desk.time == local(days_after(day_of(signed_up), 63), time(9))
    # After a long time away the newest, once, and the one after that.
    desk.time += timedelta(days=100)
    await desk.ring()
    (late,) = [one for one in await desk.told() if isinstance(one, ReservationReminderDue)]
    assert late.days == 147
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER)
    assert due == local(days_after(day_of(signed_up), 175), time(9))
    await answer(desk, code, approved=True)
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ANSWER) == 0


async def test_whoever_names_no_day_and_loses_its_place_on_one_is_reminded_of_that(desk: Desk) -> None:
    terms = "holds: until, until: 2020-09-30, remind_before: [14], remind_after: [], remind_every: 28"
    await desk.publish(with_places(1, 1, forbehold=terms))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER)
    assert due == datetime(2020, 9, 16, 7, tzinfo=UTC)


async def test_after_a_long_time_away_the_newest_reminder_is_sent_and_no_other(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="remind_before: [14, 3], remind_after: [7]"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, **ABOUT_IT))
    desk.time = datetime(2020, 9, 30, 12, tzinfo=UTC)
    await desk.ring()
    assert [one.days for one in await desk.told() if isinstance(one, ReservationReminderDue)] == [7]
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ANSWER) == 0


async def test_other_days_of_a_later_version_remind_of_none_that_has_gone_by(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="remind_before: [14], remind_after: [7]"))
    (code,) = await codes_of(desk, 1)
    desk.time = datetime(2020, 8, 21, 8, tzinfo=UTC)
    await enrolled(desk, sign_up(code, forbehold=True, forbehold_expected_on=date(2020, 8, 24)))
    await desk.publish(with_places(1, 1, version=2, forbehold="remind_before: [14], remind_after: [10]"))
    days = []
    while due := await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER):
        desk.time = due
        await desk.ring()
        days += [one.days for one in await desk.told() if isinstance(one, ReservationReminderDue)]
    assert days == [10]


async def test_whoever_withdraws_is_not_reminded(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: always"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, **ABOUT_IT))
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ANSWER) == 1
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await id_of(desk, code)))
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ANSWER) == 0


async def test_what_the_version_before_wrote_of_an_open_one_counts(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: always"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    await desk.pool.execute("UPDATE enrolments SET forbehold = NULL")
    assert (await answer(desk, code, approved=True))["status"] == "Plads bekræftet"
    await desk.pool.execute("UPDATE enrolments SET forbehold = 'open'")
    shown = await desk.read(read_enrolment, enrolment_id=await id_of(desk, code))
    assert (shown["forbehold"]["state"], shown["status"]) == ("none", "Plads bekræftet")


async def test_it_is_answered_on_the_page_of_the_link_and_looking_changes_nothing(town: Town) -> None:
    desk = town.desk
    await desk.publish(with_places(1, 1, forbehold="holds: always"))
    first, second = await codes_of(desk, 2)
    await enrolled(desk, sign_up(first, **ABOUT_IT), sign_up(second))
    told = await desk.told()
    (place,) = [one for one in told if isinstance(one, MunicipalityEnrolled)]
    (waits,) = [one for one in told if isinstance(one, EnrolmentWaitlisted)]
    assert place.standing_path is not None
    assert waits.standing_path is not None
    for _ in range(3):
        page = await town.client.get(f"{place.standing_path}/ikke-godkendt")
        assert "Er deltagelsen ikke godkendt?" in page.text
    page = await town.client.get(place.standing_path)
    assert "Plads reserveret – med forbehold" in page.text
    assert "Udvalget for unge" in page.text
    assert "nr. 1 på ventelisten" in (await town.client.get(waits.standing_path)).text

    said = await town.client.post(f"{place.standing_path}/ikke-godkendt", data={"_key": "k" * 32})
    assert (said.status_code, said.headers["location"]) == (303, place.standing_path)
    assert "Ikke godkendt politisk" in (await town.client.get(place.standing_path)).text
    page = await town.client.get(waits.standing_path)
    assert "Plads bekræftet" in page.text
    assert "/deltagere/" in page.text
    again = await town.client.post(f"{place.standing_path}/godkendt", data={"_key": "l" * 32})
    assert again.status_code == 409
    assert (await town.client.get(f"{place.standing_path}x")).status_code == 404


async def test_whoever_waits_leaves_the_list_by_its_link(town: Town) -> None:
    await town.desk.publish(with_places(1, 1))
    first, second = await codes_of(town.desk, 2)
    await enrolled(town.desk, sign_up(first), sign_up(second))
    (waits,) = [one for one in await town.desk.told() if isinstance(one, EnrolmentWaitlisted)]
    assert waits.standing_path is not None
    assert "I mister jeres plads i rækken" in (await town.client.get(f"{waits.standing_path}/afmeld")).text
    left = await town.client.post(f"{waits.standing_path}/afmeld", data={"_key": "k" * 32})
    assert left.status_code == 303
    assert await line(town.desk) == []
    assert "Afmeldt" in (await town.client.get(waits.standing_path)).text


async def change(desk: Desk, code: str, **said: object) -> dict[str, object]:
    return await desk.ask(change_reservation, ChangeReservation(enrolment_id=await id_of(desk, code), **said))


async def test_its_day_and_its_committee_are_changed_as_long_as_it_is_open_and_reminders_follow(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="remind_before: [14], remind_after: [7]"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, **ABOUT_IT))
    await desk.told()
    for _ in range(2):
        answered = await change(desk, code, expected_on=date(2020, 11, 3))
        assert (answered["expected_on"], answered["committee"]) == ("2020-11-03", "Udvalget for unge")
    (moved,) = [one for one in await desk.told() if isinstance(one, ReservationChanged)]
    assert (moved.forbehold.expected_on, moved.forbehold.committee, moved.has_place) == (
        date(2020, 11, 3),
        "Udvalget for unge",
        True,
    )
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER)
    assert due == datetime(2020, 10, 20, 7, tzinfo=UTC)
    await change(desk, code, committee=" Byrådet  i   byen ")
    await change(desk, code, committee="")
    told = [one for one in await desk.told() if isinstance(one, ReservationChanged)]
    assert [one.forbehold.committee for one in told] == ["Byrådet i byen", ""]
    assert {one.forbehold.expected_on for one in told} == {date(2020, 11, 3)}
    desk.time = due
    await desk.ring()
    (reminder,) = [one for one in await desk.told() if isinstance(one, ReservationReminderDue)]
    assert (reminder.days, reminder.forbehold.expected_on) == (-14, date(2020, 11, 3))
    await answer(desk, code, approved=True)
    late = ChangeReservation(enrolment_id=await id_of(desk, code), expected_on=EXPECTED)
    assert (await desk.refusal(change_reservation, late)).code == "no_open_reservation"


async def test_whoever_named_no_day_names_one_later_and_is_asked_by_that(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="remind_before: [14], remind_after: [7]"))
    first, second = await codes_of(desk, 2)
    # One of them waits, and says it all the same.
    assert await enrolled(desk, sign_up(first, forbehold=True), sign_up(second, forbehold=True)) == [
        "enrolled",
        "waitlisted",
    ]
    await desk.told()
    for code in (first, second):
        await change(desk, code, expected_on=EXPECTED)
    assert [one.has_place for one in await desk.told() if isinstance(one, ReservationChanged)] == [True, False]
    rows = await desk.pool.fetch("SELECT due FROM timers WHERE timer = $1", ANSWER)
    assert [row["due"] for row in rows] == [datetime(2020, 9, 1, 7, tzinfo=UTC)] * 2


async def test_another_day_gives_no_more_time_than_the_place_is_held(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: until, until: 2020-09-30, remind_before: [7]"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, forbehold=True))
    await desk.told()
    await change(desk, code, expected_on=date(2020, 12, 1))
    (told,) = [one for one in await desk.told() if isinstance(one, ReservationChanged)]
    assert told.forbehold.lapses_after == date(2020, 9, 30)
    due = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER)
    assert due == datetime(2020, 9, 23, 7, tzinfo=UTC)
    desk.time = datetime(2020, 9, 30, 22, tzinfo=UTC)
    late = ChangeReservation(enrolment_id=await id_of(desk, code), expected_on=date(2020, 12, 2))
    assert (await desk.refusal(change_reservation, late)).code == "forbehold_lapsed"


async def test_a_yes_and_another_day_at_the_same_moment_come_one_after_the_other(desk: Desk) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: always"))
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code, **ABOUT_IT))
    enrolment = await id_of(desk, code)
    moved = ChangeReservation(enrolment_id=enrolment, expected_on=date(2020, 11, 3))
    yes = ResolveReservation(enrolment_id=enrolment, approved=True)
    _, late = await meet(desk, lambda tx: resolve_reservation(tx, yes), lambda tx: change_reservation(tx, moved))
    assert isinstance(late, Refused)
    assert late.code == "no_open_reservation"
    shown = await desk.read(read_enrolment, enrolment_id=enrolment)
    assert (shown["forbehold"]["state"], shown["forbehold"]["expected_on"]) == ("approved", "2020-09-15")
    assert await desk.pool.fetchval("SELECT count(*) FROM timers WHERE timer = $1", ANSWER) == 0


async def test_its_day_is_changed_on_the_page_of_the_link_and_looking_changes_nothing(town: Town) -> None:
    await town.desk.publish(with_places(1, 1, forbehold="holds: until, until: 2020-09-30"))
    (code,) = await codes_of(town.desk, 1)
    await enrolled(town.desk, sign_up(code, forbehold=True))
    (place,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    path = f"{place.standing_path}/forbehold"
    standing = (await town.client.get(str(place.standing_path))).text
    assert f'<a href="{path}">Skriv, hvornår svaret ventes</a>' in standing
    assert "Til og med onsdag den 30. september 2020" in standing
    for _ in range(2):
        assert "uanset hvornår svaret ventes" in (await town.client.get(path)).text
    nothing = await town.client.post(path, data={"_key": "k" * 32, "expected_on": "", "committee": ""})
    assert (nothing.status_code, "Udfyld mindst ét felt." in nothing.text) == (422, True)
    wrong = await town.client.post(path, data={"_key": "l" * 32, "expected_on": "i morgen"})
    assert (wrong.status_code, 'id="expected_on-fejl"' in wrong.text) == (422, True)
    assert await town.desk.told() == []
    said = {"_key": "m" * 32, "expected_on": "15/09/2020", "committee": "Byrådet"}
    done = await town.client.post(path, data=said)
    assert (done.status_code, done.headers["location"]) == (303, place.standing_path)
    page = (await town.client.get(path)).text
    assert 'value="2020-09-15"' in page
    assert 'value="Byrådet"' in page
    assert "tirsdag den 15. september 2020" in (await town.client.get(str(place.standing_path))).text
    await answer(town.desk, code, approved=True)
    assert "Der er ikke et forbehold, der venter på svar." in (await town.client.get(path)).text
