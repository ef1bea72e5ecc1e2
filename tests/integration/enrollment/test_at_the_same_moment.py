"""Links that are used, staff who vouch and staff who dismiss meet, and one of them comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from services.enrollment.adapters import organisations
from services.enrollment.adapters import programmes as programme_rows
from services.enrollment.usecases.begin_programme_draft import (
    BLANK,
    VERSION,
    BeginProgrammeDraft,
    begin_programme_draft,
)
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.dismiss_sign_up import dismiss_sign_up
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.save_programme_draft import SaveProgrammeDraft, save_programme_draft
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from shared.contracts.enrollment import DismissSignUp, VouchForAddress
from shared.contracts.refusal import Refused
from shared.storage.tx import transaction
from tests.support.enrollment_desk import AARHUS, CAUSE, KOEBENHAVN, P1, Desk, confirmed, programme_text
from tests.support.eventually import eventually

STRANGER = {"contact_name": "Frode Fremmed", "contact_email": "frode@stranger.example"}
VOUCH = VouchForAddress(organisation_code=AARHUS, email=STRANGER["contact_email"])


async def test_two_who_press_at_once_get_one_place(desk: Desk) -> None:
    await desk.publish()
    await desk.knows()
    sign_up_id = await desk.form()

    async def press() -> str:
        try:
            return str((await desk.press(sign_up_id))["state"])
        except Refused as refused:
            return refused.code

    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        await programme_rows.lock(tx, P1)
        pressing = [asyncio.create_task(press()) for _ in range(2)]
        await eventually(lambda: _waiting(desk, 2), because="both wait for the programme")
    assert sorted(await asyncio.gather(*pressing)) == ["enrolled", "link_used"]
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 1


async def _waiting(desk: Desk, count: int) -> bool:
    found: int = await desk.pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return found >= count


async def test_whoever_shows_a_mailbox_while_staff_vouch_for_it_is_let_in_by_one_of_the_two(desk: Desk) -> None:
    await desk.publish()
    sign_up_id = await desk.form(**STRANGER)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        assert await organisations.lock(tx, AARHUS) is not None
        command = VouchForAddress(organisation_code=AARHUS, email=STRANGER["contact_email"])
        pressing = asyncio.create_task(desk.press(sign_up_id))
        await eventually(lambda: _waiting(desk, 1), because="the press waits for what staff say")
        await vouch_for_address(tx, command)
    assert (await pressing)["state"] == "enrolled"

    other = await desk.form(KOEBENHAVN, **STRANGER)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        await confirm_sign_up(tx, ConfirmSignUp(sign_up_id=other))
        asked = VouchForAddress(organisation_code=KOEBENHAVN, email=STRANGER["contact_email"])
        vouching = asyncio.create_task(desk.ask(vouch_for_address, asked))
        await eventually(lambda: _waiting(desk, 1), because="staff wait for the press")
    assert [one["outcome"] for one in (await vouching)["sign_ups"]] == ["enrolled"]


async def test_what_staff_are_dismissing_is_let_in_by_nobody(desk: Desk) -> None:
    await desk.publish()
    pressed, other = await waits(desk), await waits(desk)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        for one in (pressed, other):
            await dismiss_sign_up(tx, DismissSignUp(sign_up_id=one))
        vouching = asyncio.create_task(desk.ask(vouch_for_address, VOUCH))
        await eventually(lambda: _waiting(desk, 1), because="the other waits for what the first says")
    assert (await vouching)["sign_ups"] == []
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 0

    # Nor by the contact, who is known by now.
    again = await desk.form(**STRANGER)
    await desk.pool.execute("UPDATE sign_ups SET shown_at = received_at WHERE id = $1", again)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        await dismiss_sign_up(tx, DismissSignUp(sign_up_id=again))
        pressing = asyncio.create_task(outcome(desk.press(again)))
        await eventually(lambda: _waiting(desk, 1), because="the contact waits for what staff say")
    assert await pressing == "link_used"
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 0


async def test_what_is_being_let_in_is_dismissed_no_more(desk: Desk) -> None:
    await desk.publish()
    sign_up_id = await waits(desk)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        await vouch_for_address(tx, VOUCH)
        dismissing = asyncio.create_task(outcome(desk.ask(dismiss_sign_up, DismissSignUp(sign_up_id=sign_up_id))))
        await eventually(lambda: _waiting(desk, 1), because="the other waits for what the first says")
    assert await dismissing == "already_enrolled"
    row = await desk.pool.fetchrow("SELECT confirmed_at, dismissed_at FROM sign_ups")
    assert row is not None
    assert (row["confirmed_at"] is None, row["dismissed_at"] is None) == (False, True)


async def test_vouching_for_an_address_that_is_known_waits_for_the_link_that_is_being_used(desk: Desk) -> None:
    await desk.publish(confirmed("staff"))
    await desk.ask(put_organisation, PutOrganisation(code=AARHUS, mailboxes=(STRANGER["contact_email"],)))
    sign_up_id = await desk.form(**STRANGER)
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        await confirm_sign_up(tx, ConfirmSignUp(sign_up_id=sign_up_id))
        vouching = asyncio.create_task(desk.ask(vouch_for_address, VOUCH))
        await eventually(lambda: _waiting(desk, 1), because="staff wait for the link")
    assert [one["outcome"] for one in (await vouching)["sign_ups"]] == ["enrolled"]


async def waits(desk: Desk) -> str:
    sign_up_id = await desk.form(**STRANGER)
    await desk.press(sign_up_id)
    return sign_up_id


async def outcome(asking: Awaitable[dict[str, object]]) -> str:
    try:
        return str((await asking)["state"])
    except Refused as refused:
        return refused.code


async def test_of_two_who_begin_the_draft_of_a_programme_or_call_theirs_so_the_second_is_told_of_the_first(
    desk: Desk,
) -> None:
    await desk.publish()
    wish = BeginProgrammeDraft(source=f"{VERSION}:{P1}")
    other = BeginProgrammeDraft(source=BLANK, programme_id="et-andet", title="Et andet", year=2021)
    draft_id = (await desk.ask(begin_programme_draft, other))["draft_id"]
    renamed = SaveProgrammeDraft(draft_id=draft_id, edition=1, file=programme_text())
    async with transaction(desk.pool, desk, "/tovholder/enrollment", CAUSE, desk.links) as tx:
        await begin_programme_draft(tx, wish)
        beginning = asyncio.create_task(desk.refusal(begin_programme_draft, wish))
        naming = asyncio.create_task(desk.refusal(save_programme_draft, renamed))
        await eventually(lambda: _waiting(desk, 2), because="both wait for whoever was first")
    assert [one.code for one in await asyncio.gather(beginning, naming)] == ["draft_there", "draft_there"]
