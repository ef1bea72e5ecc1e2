"""Forms that wait for staff: those that nothing can come of go by themselves, and many are said no to at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.enrollment.adapters.forgetting import SIGN_UPS
from services.enrollment.adapters.links import confirm_path
from services.enrollment.domain.ended_forms import CALL_OFF_FORMS
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.sign_up import CONFIRM_DAYS, FORGET, FORGET_VOID, how_to_be_let_in
from services.enrollment.usecases.call_off_sign_ups import call_off_sign_ups
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.decline_invitation import DeclineInvitation, decline_invitation
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.dismiss_sign_ups import dismiss_sign_ups
from services.enrollment.usecases.forget_sign_ups import forget_sign_ups, forget_void_sign_ups
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.read_sign_ups import read_sign_ups
from services.enrollment.usecases.take_back_sign_up import TakeBackSignUp, take_back_sign_up
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.contracts.enrollment import (
    DismissSignUp,
    DismissSignUps,
    InviteMunicipalities,
    SignUpDismissed,
    SignUpEnded,
    VouchForAddress,
    WithdrawEnrolment,
)
from shared.contracts.programme import Seller
from shared.contracts.refusal import Refused
from shared.runtime.timers import Timer
from shared.storage import tx as storage
from shared.storage.retention import keep_to
from shared.storage.tx import Tx, transaction
from tests.support.enrollment_desk import (
    AARHUS,
    CAUSE,
    HVIDOVRE,
    KOEBENHAVN,
    P1,
    Desk,
    confirmed,
    programme_text,
    sign_up,
)
from tests.support.enrollment_web import SCOPED, Town
from tests.support.meeting_point import meet

ROOM = 3
WHO = "frode@elsewhere.example"


async def waits(desk: Desk, code: str = AARHUS, email: str = WHO, **more: Any) -> str:
    sign_up_id = await desk.form(code, contact_email=email, **more)
    assert (await desk.press(sign_up_id))["state"] == "received"
    return sign_up_id


async def listed(desk: Desk) -> list[str]:
    return [one["sign_up_id"] for one in (await desk.read(read_sign_ups))["sign_ups"]]


async def ring_all(desk: Desk) -> None:
    while await desk.ring():
        pass


async def ended(desk: Desk) -> list[SignUpEnded]:
    return [one for one in await desk.told() if isinstance(one, SignUpEnded)]


async def page_of(town: Town, sign_up_id: str, received_at: datetime) -> httpx.Response:
    return await town.client.get(confirm_path(town.desk.links, sign_up_id, received_at))


async def test_whoever_confirmed_a_form_is_told_once_that_the_municipality_is_signed_up_by_somebody_else(
    town: Town,
) -> None:
    desk = town.desk
    await desk.publish()
    await desk.knows()
    seller = await desk.pool.fetchval("SELECT terms #>> '{ref,seller}' FROM programmes")
    to_be_let_in = how_to_be_let_in(Seller.model_validate_json(seller))
    sent = desk.time
    twice = [await waits(desk), await waits(desk)]
    other = await waits(desk, email="grete@elsewhere.example")
    unconfirmed = await desk.form(contact_email="nobody@elsewhere.example")
    desk.time += timedelta(hours=1)
    await town.move_to(desk.time)
    assert (await desk.press(await desk.form()))["state"] == "enrolled"
    before = await page_of(town, other, sent)
    await ring_all(desk)

    told = await ended(desk)
    assert [(one.sign_up_id, one.because) for one in told] == [(one, "has_place") for one in (*twice, other)]
    assert [one.contact.email if one.contact else None for one in told] == [WHO, None, "grete@elsewhere.example"]
    for answer in (before, *[await page_of(town, one, sent) for one in (*twice, other)]):
        assert answer.status_code == 200
        assert "Kommunen er allerede tilmeldt" in answer.text
        assert to_be_let_in in answer.text
        assert "Karen" not in answer.text
    # A link that was never used shows nobody's mailbox: its sender hears nothing, and pressing it says the same.
    assert await desk.pool.fetchval("SELECT dismissed_at IS NULL FROM sign_ups WHERE id = $1", unconfirmed)
    refused = await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=unconfirmed))
    assert refused.code == "already_enrolled"
    assert to_be_let_in in refused.detail
    # Its link works as long as it would have.
    await town.move_to(sent + timedelta(days=CONFIRM_DAYS, hours=1))
    assert (await page_of(town, other, sent)).status_code == 404


async def test_of_two_forms_of_its_contact_the_second_one_needs_no_mail(desk: Desk) -> None:
    await desk.publish()
    for _ in range(2):
        await waits(desk)
    outcome = await desk.ask(vouch_for_address, VouchForAddress(organisation_code=AARHUS, email=WHO))
    assert [one["outcome"] for one in outcome["sign_ups"]] == ["enrolled", "already_enrolled"]
    await ring_all(desk)
    (told,) = await ended(desk)
    assert (told.because, told.contact) == ("has_place", None)


async def test_whoever_waited_for_another_place_than_before_is_told_again(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    for _ in range(2):
        await waits(desk)
        desk.time += timedelta(hours=1)
        await desk.press(await desk.form())
        await ring_all(desk)
        (told,) = await ended(desk)
        assert told.contact is not None
        desk.time += timedelta(hours=1)
        await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment_id(P1, AARHUS)))
        desk.time += timedelta(hours=1)
        await desk.told()


async def test_the_main_mailbox_that_confirmed_a_form_is_told_and_its_contact_is_not(desk: Desk) -> None:
    await desk.publish(confirmed("main_mailbox"))
    await desk.knows(main_email="post@aarhus.example")
    sign_up_id = await desk.form(contact_email=WHO)
    await desk.publish(confirmed("staff").replace("version: 1", "version: 2", 1))
    assert (await desk.press(sign_up_id))["state"] == "received"
    await desk.enrol(sign_up())
    await ring_all(desk)
    (told,) = await ended(desk)
    assert (told.contact, told.to and told.to.email) == (None, "post@aarhus.example")


@pytest.mark.parametrize("how", ["form", "api"])
async def test_forms_of_a_municipality_that_has_its_place_wait_no_more(
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
    (told,) = await ended(desk)
    assert (told.because, told.contact and told.contact.email) == ("has_ended", WHO)


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
    await desk.pool.execute("UPDATE programmes SET state = 'cancelled', cancelled_at = now(), cancelled_because = ''")
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


@pytest.mark.parametrize("waiting", [False, True])
async def test_a_form_is_taken_back_by_its_own_link_and_comes_to_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch, *, waiting: bool
) -> None:
    monkeypatch.setattr("shared.web.gate.FASTEST_SECONDS", 0)
    desk = town.desk
    await desk.publish()
    sign_up_id = await (waits(desk) if waiting else desk.form(contact_email=WHO))
    await desk.told()
    path = confirm_path(desk.links, sign_up_id, desk.time)
    shown = await town.client.get(path)
    assert f'href="{path}/fortryd">Træk tilmeldingen tilbage</a>' in shown.text
    asked = await town.client.get(f"{path}/fortryd")
    # A GET changes nothing: mail scanners follow links.
    assert await desk.pool.fetchval("SELECT dismissed_at IS NULL FROM sign_ups") is True
    hidden = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', asked.text))
    done = await town.client.post(f"{path}/fortryd", data=hidden)
    assert (done.status_code, done.headers["location"]) == (303, path)
    after = await town.client.get(path)
    assert "Tilmeldingen er trukket tilbage" in after.text
    assert "/fortryd" not in after.text
    assert "<form" not in (await town.client.get(f"{path}/fortryd")).text

    (told,) = await desk.told()
    assert isinstance(told, SignUpEnded)
    assert (told.because, told.contact, told.to) == ("taken_back", None, None)
    assert await listed(desk) == []
    assert (await desk.refusal(confirm_sign_up, ConfirmSignUp(sign_up_id=sign_up_id))).code == "link_used"
    assert (await desk.refusal(dismiss_sign_up, DismissSignUp(sign_up_id=sign_up_id))).code == "unknown_sign_up"
    await desk.ask(take_back_sign_up, TakeBackSignUp(sign_up_id=sign_up_id))
    assert await desk.told() == []


async def test_what_is_being_taken_back_gets_no_place_and_what_got_one_is_not_taken_back(desk: Desk) -> None:
    await desk.publish()
    vouched = VouchForAddress(organisation_code=AARHUS, email=WHO)
    sign_up_id = await waits(desk)
    back = TakeBackSignUp(sign_up_id=sign_up_id)
    _, other = await meet(desk, lambda tx: take_back_sign_up(tx, back), lambda tx: vouch_for_address(tx, vouched))
    assert not isinstance(other, Refused)
    assert other.body["sign_ups"] == []
    sign_up_id = await waits(desk, HVIDOVRE)
    back = TakeBackSignUp(sign_up_id=sign_up_id)
    vouched = VouchForAddress(organisation_code=HVIDOVRE, email=WHO)
    _, refused = await meet(desk, lambda tx: vouch_for_address(tx, vouched), lambda tx: take_back_sign_up(tx, back))
    assert isinstance(refused, Refused)
    assert refused.code == "already_enrolled"
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments") == 1
    ended_because = await desk.pool.fetch("SELECT ended_because FROM sign_ups ORDER BY number")
    assert [row[0] for row in ended_because] == ["taken_back", None]


async def test_a_form_that_staff_are_dismissing_is_not_called_off(desk: Desk) -> None:
    await desk.publish()
    sign_up_id = await waits(desk)
    await desk.pool.execute("UPDATE programmes SET state = 'cancelled', cancelled_at = now(), cancelled_because = ''")
    timer = Timer(CALL_OFF_FORMS, P1, desk.now(), {"after": 0}, CAUSE)
    await meet(
        desk,
        lambda tx: dismiss_sign_up(tx, DismissSignUp(sign_up_id=sign_up_id)),
        lambda tx: call_off_sign_ups(tx, [timer]),
    )
    assert await desk.pool.fetchval("SELECT ended_because IS NULL AND dismissed_at IS NOT NULL FROM sign_ups") is True
    assert await ended(desk) == []


async def dismiss_alike(desk: Desk, email: str, **more: Any) -> dict[str, Any]:
    return await desk.ask(dismiss_sign_ups, DismissSignUps(email=email, **more))


async def test_all_forms_of_an_address_or_a_domain_are_dismissed_at_once_when_their_number_has_been_said(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish()
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)
    mine = [await waits(desk, code, "Frode@elsewhere.example") for code in (AARHUS, KOEBENHAVN, HVIDOVRE)]
    theirs = [await waits(desk, email=f"nr{number}@elsewhere.example") for number in range(2 * ROOM)]
    true = await waits(desk, email="karen@below.elsewhere.example")
    await desk.form(KOEBENHAVN, contact_email="unshown@elsewhere.example")
    await desk.told()

    counted = await dismiss_alike(desk, "frode@Elsewhere.example")
    assert (counted["count"], counted["state"]) == (len(mine), "counted")
    assert len(await listed(desk)) == len(mine + theirs) + 1
    refused = await desk.refusal(dismiss_sign_ups, DismissSignUps(email="frode@elsewhere.example", count=2))
    assert (refused.code, refused.extra["count"]) == ("other_count", len(mine))
    assert await desk.told() == []

    numbers = {name: counted[name] for name in ("count", "up_to")}
    assert (await dismiss_alike(desk, "frode@elsewhere.example", **numbers))["state"] == "dismissed"
    assert await listed(desk) == [*theirs, true]
    assert [one.sign_up_id for one in await desk.told()] == mine  # type: ignore[attr-defined]  # what was dismissed

    # The rest of the domain, a slice at a time; what comes in meanwhile is not among them.
    counted = await dismiss_alike(desk, "whoever@elsewhere.example", whole_domain=True)
    late = await waits(desk, email="late@elsewhere.example")
    numbers = {name: counted[name] for name in ("count", "up_to")}
    await dismiss_alike(desk, "whoever@elsewhere.example", whole_domain=True, **numbers)
    assert len(await listed(desk)) == len(theirs) - ROOM + 2
    timers = await desk.pool.fetch("SELECT key, data::text FROM timers WHERE timer = 'dismiss_sign_ups'")
    assert timers
    assert "elsewhere" not in str([(row["key"], row["data"]) for row in timers])
    await ring_all(desk)
    assert await listed(desk) == [true, late]
    dismissed = [one for one in await desk.told() if isinstance(one, SignUpDismissed)]
    assert [one.sign_up_id for one in dismissed] == theirs


async def test_a_second_wish_in_a_transaction_that_is_full_is_carried_out_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish()
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)
    theirs = {WHO: ROOM, "grete@elsewhere.example": 2}
    for email, forms in theirs.items():
        for _ in range(forms):
            await waits(desk, email=email)
    true = await waits(desk, email="karen@below.elsewhere.example")
    counted = {email: await dismiss_alike(desk, email) for email in theirs}

    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        for email, forms in theirs.items():
            wish = DismissSignUps(email=email, count=forms, up_to=counted[email]["up_to"])
            assert (await dismiss_sign_ups(tx, wish)).body["state"] == "dismissed"
    await ring_all(desk)
    assert await listed(desk) == [true]


async def test_forms_that_are_as_old_as_can_be_are_all_dismissed_before_any_is_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.publish()
    monkeypatch.setattr(storage, "AT_ONCE", ROOM)
    for _ in range(2 * ROOM):
        await waits(desk)
    await desk.pool.execute("UPDATE sign_ups SET stored_at = now() - interval '1 year'")
    counted = await dismiss_alike(desk, WHO)
    await desk.told()
    await dismiss_alike(desk, WHO, count=counted["count"], up_to=counted["up_to"])
    assert await keep_to(SIGN_UPS, desk.pool) == 0
    await ring_all(desk)
    assert await listed(desk) == []
    assert len(await desk.told()) == 2 * ROOM


async def test_a_form_that_is_let_in_meanwhile_is_not_dismissed_with_the_others(desk: Desk) -> None:
    await desk.publish()
    await waits(desk)
    await waits(desk, KOEBENHAVN)
    counted = await dismiss_alike(desk, WHO)

    async def dismiss_all(tx: Tx) -> Any:
        return await dismiss_sign_ups(tx, DismissSignUps(email=WHO, count=counted["count"], up_to=counted["up_to"]))

    await meet(
        desk, lambda tx: vouch_for_address(tx, VouchForAddress(organisation_code=AARHUS, email=WHO)), dismiss_all
    )
    rows = await desk.pool.fetch("SELECT organisation_code, confirmed_at, dismissed_at FROM sign_ups")
    assert {row["organisation_code"]: row["dismissed_at"] is not None for row in rows} == {
        AARHUS: False,
        KOEBENHAVN: True,
    }


async def test_only_staff_may_dismiss_many(town: Town) -> None:
    await town.desk.publish()
    sign_up_id = await waits(town.desk)
    answer = await town.api("POST", "/sign-ups/dismissals", {"email": WHO}, Authorization=f"Bearer {SCOPED}")
    assert answer.status_code == 403
    counted = (await town.api("POST", "/sign-ups/dismissals", {"email": WHO})).json()
    assert (counted["count"], await listed(town.desk)) == (1, [sign_up_id])
    assert (await town.api("POST", "/sign-ups/dismissals", {"email": WHO, "count": 0})).status_code == 409
    body = {"email": WHO, "count": 1, "up_to": counted["up_to"]}
    assert (await town.api("POST", "/sign-ups/dismissals", body)).json()["state"] == "dismissed"
    assert await listed(town.desk) == []
