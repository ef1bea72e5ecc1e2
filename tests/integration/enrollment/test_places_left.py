"""A place is free and nobody moves up: staff are told why, by whichever way it became free."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.enrollment.usecases.change_capacity import change_capacity
from services.enrollment.usecases.resolve_reservation import resolve_reservation
from shared.contracts.enrollment import ChangeCapacity, MunicipalityEnrolled, NobodyMovedUp, ResolveReservation
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, id_of, line, with_places, withdraw
from tests.support.enrollment_desk import Desk, sign_up
from tests.support.enrollment_web import SCOPED, Town

FORBEHOLD = "holds: until, until: 2020-09-30"
LAPSES = datetime(2020, 9, 30, 22, tzinfo=UTC)
NOBODY = "Ingen står på ventelisten."
ALL_OPEN = "De, der står på ventelisten, har alle et åbent forbehold, og det holder ingen plads her."


async def left(desk: Desk) -> list[tuple[str, str, int]]:
    """Since the last look."""
    return [(one.organisation.code, one.why, one.free) for one in await desk.told() if isinstance(one, NobodyMovedUp)]


async def standing(desk: Desk) -> str:
    """The path of the page of the one that has a place."""
    (place,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert place.standing_path is not None
    return place.standing_path


async def test_a_forbehold_that_lapses_at_midnight_leaves_its_place_with_a_reason(desk: Desk) -> None:
    """At that time no other open forbehold holds a place either: the one that waits waits on."""
    await desk.publish(with_places(1, 1, forbehold=FORBEHOLD))
    first, second = await codes_of(desk, 2)
    await enrolled(desk, sign_up(first, forbehold=True), sign_up(second, forbehold=True))
    assert await left(desk) == []
    desk.time = LAPSES
    await desk.ring()
    assert await left(desk) == [(first, ALL_OPEN, 1)]
    assert await line(desk) == [second]


async def test_of_two_that_lapse_together_only_the_place_that_nobody_got_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish(with_places(2, 2, forbehold=FORBEHOLD))
    codes = await codes_of(desk, 3)
    wishes = [sign_up(code, forbehold=True) for code in codes[:2]]
    await enrolled(desk, *wishes, sign_up(codes[2]))
    await desk.told()
    # Both lapse in one transaction, which has no room left for whoever moves up: a timer goes on at once.
    monkeypatch.setattr("shared.storage.tx.AT_ONCE", 2)
    desk.time = LAPSES
    await desk.ring()
    assert await line(desk) == [codes[2]], "not yet"
    ((whose, why, free),) = await left(desk)
    assert (whose in codes[:2], why, free) == (True, NOBODY, 1)
    while await desk.ring():
        pass
    assert (await line(desk), await left(desk)) == ([], [])


async def test_a_no_by_the_link_leaves_its_place_with_a_reason(town: Town) -> None:
    await town.desk.publish(with_places(1, 1, forbehold="holds: always"))
    (code,) = await codes_of(town.desk, 1)
    await enrolled(town.desk, sign_up(code, forbehold=True))
    path = await standing(town.desk)
    for _ in range(2):
        await town.client.post(f"{path}/ikke-godkendt", data={"_key": "k" * 32})
    assert await left(town.desk) == [(code, NOBODY, 1)], "once"


async def test_a_contact_who_withdraws_on_the_page_leaves_its_place_with_a_reason(town: Town) -> None:
    await town.desk.publish(with_places(1, 1))
    (code,) = await codes_of(town.desk, 1)
    await enrolled(town.desk, sign_up(code))
    path = await standing(town.desk)
    assert (await town.client.post(f"{path}/afmeld", data={"_key": "k" * 32})).status_code == 303
    assert await left(town.desk) == [(code, NOBODY, 1)]


@pytest.mark.parametrize(
    ("method", "path", "asked"), [("POST", "withdrawal", {}), ("PUT", "forbehold", {"approved": False})]
)
async def test_another_system_that_withdraws_or_says_no_is_told_nothing_and_staff_are(
    town: Town, method: str, path: str, asked: dict[str, Any]
) -> None:
    await town.desk.publish(with_places(1, 1, forbehold="holds: always"))
    (code,) = await codes_of(town.desk, 1)
    wish = sign_up(code, forbehold=True).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    theirs = {"Authorization": f"Bearer {SCOPED}"}
    made = await town.api("POST", "/enrolments", wish, **theirs)
    assert made.status_code == 201, made.text
    await town.desk.told()
    answer = await town.api(method, f"/enrolments/{made.json()['enrolment_id']}/{path}", asked, **theirs)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"enrolment_id", "state", "status"}
    assert await left(town.desk) == [(code, NOBODY, 1)]


async def test_staff_who_withdraw_somebody_read_it_where_the_others_of_them_do(desk: Desk) -> None:
    await desk.publish(with_places(2, 2))
    first, second, third = await codes_of(desk, 3)
    await enrolled(desk, sign_up(first), sign_up(second), sign_up(third))
    await desk.told()
    await withdraw(desk, first)
    assert await left(desk) == [], "somebody moved up, and that is told"
    await withdraw(desk, second)
    assert await left(desk) == [(second, NOBODY, 1)]
    await withdraw(desk, third)
    assert await left(desk) == [], "places were free: nobody could have waited"


async def test_a_place_too_many_is_not_said_to_be_free(desk: Desk) -> None:
    await desk.publish(with_places(2, 2, forbehold="holds: always"))
    codes = await codes_of(desk, 3)
    await enrolled(desk, sign_up(codes[0], forbehold=True), sign_up(codes[1]), sign_up(codes[2]))
    await desk.ask(change_capacity, ChangeCapacity(programme_id="netvaerk-kommunal-ungeindsats", usual=1, hard=1))
    await desk.told()
    no = ResolveReservation(enrolment_id=await id_of(desk, codes[0]), approved=False)
    assert (await desk.ask(resolve_reservation, no))["why_no_more"] == "Den ene plads er taget."
    assert await left(desk) == [(codes[0], "Den ene plads er taget.", 0)]


async def test_before_the_deadline_that_places_are_given_after_a_place_that_is_left_waits_for_it(desk: Desk) -> None:
    """Its places were given at once until a later version of the file."""
    await desk.publish(with_places(1, 1))
    first, second = await codes_of(desk, 2)
    await enrolled(desk, sign_up(first), sign_up(second))
    await desk.publish(with_places(1, 1, version=2, more=", given: at_deadline"))
    await desk.told()
    await withdraw(desk, first)
    why = "Pladserne gives først efter tilmeldingsfristen fredag den 21. august 2020."
    assert (await left(desk), desk.time.date() < date(2020, 8, 21)) == ([(first, why, 1)], True)


async def test_where_there_is_no_waiting_list_nothing_is_told(desk: Desk) -> None:
    await desk.publish()
    (code,) = await codes_of(desk, 1)
    await enrolled(desk, sign_up(code))
    await desk.told()
    await withdraw(desk, code)
    assert await left(desk) == []
