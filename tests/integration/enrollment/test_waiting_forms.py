"""Forms that wait for staff: those that nothing can come of go by themselves, and many are said no to at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.sign_up import FORGET, FORGET_VOID
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.forget_sign_ups import forget_sign_ups, forget_void_sign_ups
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.read_sign_ups import read_sign_ups
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import DismissSignUp, InviteMunicipalities, WithdrawEnrolment
from shared.runtime.timers import Timer
from shared.storage import tx as storage
from tests.support.enrollment_desk import AARHUS, CAUSE, HVIDOVRE, KOEBENHAVN, P1, Desk, programme_text, sign_up
from tests.support.meeting_point import meet

ROOM = 3


async def waits(desk: Desk, code: str = AARHUS, email: str = "frode@elsewhere.example", **more: Any) -> str:
    sign_up_id = await desk.form(code, contact_email=email, **more)
    assert (await desk.press(sign_up_id))["state"] == "received"
    return sign_up_id


async def listed(desk: Desk) -> list[str]:
    return [one["sign_up_id"] for one in (await desk.read(read_sign_ups))["sign_ups"]]


async def ring_all(desk: Desk) -> None:
    while await desk.ring():
        pass


@pytest.mark.parametrize("how", ["form", "api"])
async def test_forms_of_a_municipality_that_has_its_place_are_forgotten(
    desk: Desk, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish()
    await desk.knows()
    for number in range(2 * ROOM + 1):
        await waits(desk, email=f"nr{number}@elsewhere.example")
    other = await waits(desk, KOEBENHAVN)
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)
    if how == "form":
        assert (await desk.press(await desk.form()))["state"] == "enrolled"
    else:
        await desk.enrol(sign_up())
    await desk.ring()
    assert len(await listed(desk)) == 1 + 2 * ROOM + 1 - ROOM
    await ring_all(desk)
    assert await listed(desk) == [other]


async def test_after_a_no_what_was_sent_before_it_is_forgotten_and_what_comes_after_it_waits(desk: Desk) -> None:
    await desk.publish()
    await desk.knows(main_email="post@aarhus.example")
    await desk.ask(invite_municipalities, InviteMunicipalities(programme_id=P1, round_id="r"))
    await waits(desk)
    desk.time += timedelta(hours=1)
    await desk.ask(decline_invitation, DeclineInvitation(enrolment_id=enrolment_id(P1, AARHUS)))
    desk.time += timedelta(hours=1)
    after = await waits(desk)
    await ring_all(desk)
    assert await listed(desk) == [after]


async def test_a_form_that_came_after_a_withdrawal_waits_on(desk: Desk) -> None:
    await desk.has_enrolled()
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, AARHUS)))
    desk.time += timedelta(hours=1)
    after = await waits(desk)
    await ring_all(desk)
    desk.time += timedelta(days=30)
    await ring_all(desk)
    assert await listed(desk) == [after]


async def test_when_a_programme_is_over_its_forms_wait_no_more(desk: Desk) -> None:
    short = programme_text().replace(f"id: {P1}", "id: kort", 1)
    await desk.publish()
    await desk.publish(short)
    await waits(desk, HVIDOVRE, programme_id="kort")
    there = await waits(desk)
    await desk.pool.execute("UPDATE programmes SET terms = jsonb_set(terms, '{ends}', '\"2020-09\"') WHERE id = 'kort'")
    await desk.pool.execute("UPDATE programmes SET terms = jsonb_set(terms, '{ends}', '\"2022-09\"') WHERE id = $1", P1)
    desk.time = datetime(2020, 9, 30, 8, tzinfo=UTC)
    await ring_all(desk)
    assert len(await listed(desk)) == 2
    desk.time += timedelta(days=8)
    await ring_all(desk)
    assert await listed(desk) == [there]


async def test_a_full_programme_may_have_room_again(desk: Desk) -> None:
    capacity = "  capacity: {usual: 1, hard: 1}\n  contact_label:"
    await desk.publish(programme_text().replace("  contact_label:", capacity, 1))
    first = await waits(desk)
    await desk.enrol(sign_up(KOEBENHAVN))
    desk.time += timedelta(days=10)
    await ring_all(desk)
    assert await listed(desk) == [first]


async def test_what_is_being_dismissed_is_not_forgotten_for_its_link_says_so(desk: Desk) -> None:
    await desk.publish()
    sign_up_id = await waits(desk)
    await desk.pool.execute("UPDATE programmes SET state = 'cancelled'")
    timers = {
        forget_void_sign_ups: Timer(FORGET_VOID, enrolment_id(P1, AARHUS), desk.now(), {"after": 0}, CAUSE),
        forget_sign_ups: Timer(FORGET, sign_up_id, desk.now(), {}, CAUSE),
    }
    await desk.pool.execute(
        """
        INSERT INTO enrolments (id, programme_id, organisation_code, state, correlation_id)
        VALUES ($1, $2, $3, 'invited', 'c')
        """,
        enrolment_id(P1, AARHUS),
        P1,
        AARHUS,
    )
    for usecase, timer in timers.items():
        await desk.pool.execute("UPDATE sign_ups SET dismissed_at = NULL")
        await meet(
            desk,
            lambda tx: dismiss_sign_up(tx, DismissSignUp(sign_up_id=sign_up_id)),
            lambda tx, usecase=usecase, timer=timer: usecase(tx, [timer]),  # type: ignore[misc]  # as they are now
        )
        assert await desk.pool.fetchval("SELECT dismissed_at IS NOT NULL FROM sign_ups") is True
