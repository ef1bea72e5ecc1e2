"""A contact's secretary has a link of their own: what it opens, what it never does, and how it ends at once."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

import pytest

from services.enrollment.adapters import links
from services.enrollment.domain.awaited import DONE_BY
from services.enrollment.domain.secretary import MAY
from services.enrollment.entrypoints import acts
from services.enrollment.usecases.appoint_secretary import AppointSecretary, appoint_secretary
from services.enrollment.usecases.as_secretary import as_secretary
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.dismiss_secretary import DismissSecretary, dismiss_secretary
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.cause import Cause, new_correlation, reader_actor
from shared.base.passes import reader_of
from shared.contracts.enrollment import (
    SECRETARY_ROLE,
    ChangeContact,
    ErasePerson,
    MunicipalityEnrolled,
    ParticipantRegistered,
    RegisterParticipant,
    RoleAppointed,
    TovholderAppointed,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.storage.tx import transaction
from tests.integration.enrollment.test_code_before_a_change import browser_of, newest, waits_for_a_lock
from tests.integration.enrollment.test_staff_deeds import done, landed
from tests.support.enrollment_desk import P1, Desk, sign_up
from tests.support.enrollment_web import Town
from tests.support.workplace import Workplace, a_browser, typed

SUE = {"name": "Sekretær Sørensen", "email": "sekretaer@aarhus.example"}
BOB = {"name": "Bo Bertelsen", "email": "bo@aarhus.example"}


def key() -> str:
    return secrets.token_hex(16)


async def the_contact(desk: Desk) -> MunicipalityEnrolled:
    await desk.publish()
    await desk.enrol(sign_up())
    return next(one for one in await desk.told() if isinstance(one, MunicipalityEnrolled))


async def accesses(desk: Desk) -> list[RoleAppointed]:
    """Those that were told since somebody asked last."""
    return [one for one in await desk.told() if isinstance(one, RoleAppointed)]


async def given(desk: Desk, fact: MunicipalityEnrolled, **who: str) -> RoleAppointed:
    await desk.ask(appoint_secretary, AppointSecretary(enrolment_id=fact.enrolment_id, **(who or SUE)))
    return (await accesses(desk))[-1]


async def close(desk: Desk, fact: MunicipalityEnrolled) -> None:
    await desk.ask(dismiss_secretary, DismissSecretary(enrolment_id=fact.enrolment_id))


async def test_the_contact_gives_access_and_the_link_is_the_secretarys_own(town: Town) -> None:
    fact, client = await the_contact(town.desk), town.client
    page = await client.get(str(fact.standing_path))
    assert f"{fact.standing_path}/sekretaer" in page.text
    done = await client.post(f"{fact.standing_path}/sekretaer", data={**SUE, "_key": key()}, follow_redirects=True)
    assert (done.status_code, "Sekretæren har adgang" in done.text, SUE["email"] in done.text) == (200, True, True)
    (told,) = await accesses(town.desk)
    assert told.person is not None
    assert (told.role_id, told.person.email, told.by_staff, told.before) == (SECRETARY_ROLE, SUE["email"], False, None)
    assert str(fact.standing_path) not in told.model_dump_json()
    own = await client.get(str(told.standing_path))
    assert (own.status_code, "I er sekretær for" in own.text) == (200, True)


async def test_no_page_of_the_secretarys_carries_a_path_of_the_contacts(town: Town) -> None:
    desk = town.desk
    fact = await the_contact(desk)
    meeting = (await desk.has_meeting()).id
    told = await given(desk, fact)
    own, contacts = str(told.standing_path), (str(fact.standing_path), str(fact.participants_path))
    start = await town.client.get(own)
    participants = re.search(r'href="(/deltagere/[^"/#]+)"', start.text)
    assert participants is not None
    seen = [own, f"{own}/faktura", participants[1], f"{participants[1]}/{meeting}"]
    for path in seen:
        page = await town.client.get(path)
        assert page.status_code == 200, path
        assert not [one for one in contacts if one in page.text], path
        for place, token in re.findall(r'"/(?:notifications|invoicing)/([a-z-]+)/([^"/]+)"', page.text):
            assert place == "kalender", place
            reader = reader_of(desk.links, "calendar", token, desk.now())
            assert reader is not None
            assert told.person is not None
            assert (reader.role, reader.person_id) == ("secretary", told.person.person_id)


@pytest.mark.parametrize(
    "path", ["kontakt", "afmeld", "luk-links", "sekretaer", "sekretaer/luk", "godkendt", "ikke-godkendt", "forbehold"]
)
async def test_what_is_the_contacts_alone_is_neither_shown_nor_done(town: Town, path: str) -> None:
    fact = await the_contact(town.desk)
    own = str((await given(town.desk, fact)).standing_path)
    page = await town.client.get(own)
    assert f"{own}/{path}" not in page.text
    for asked in (
        await town.client.get(f"{own}/{path}"),
        await town.client.post(f"{own}/{path}", data={**BOB, "confirmed": "true", "_key": key()}),
    ):
        assert (asked.status_code, "Det kan kun kontakten" in asked.text) == (403, True)
    assert await town.desk.told() == []


async def test_the_secretary_registers_somebody_and_the_history_says_who_did_it(town: Town) -> None:
    desk = town.desk
    fact = await the_contact(desk)
    meeting = (await desk.has_meeting()).id
    own = str((await given(desk, fact)).standing_path)
    start = await town.client.get(own)
    participants = re.findall(r'href="(/deltagere/[^"/#]+)"', start.text)[0]
    async with browser_of(town) as browser:
        wish = {**BOB, "level": "Leder af ledere", "_key": key()}
        asked = await browser.post(f"{participants}/{meeting}", data=wish)
        assert (asked.status_code, "s***@aarhus.example" in asked.text) == (401, True), asked.text
        done = await browser.post(f"{participants}/{meeting}", data={**wish, "_kode": await newest(town)})
        assert done.status_code == 303, done.text
    assert any(isinstance(one, ParticipantRegistered) for one in await desk.told())
    assert (await desk.pool.fetchval("SELECT actor FROM seats")).startswith("secretary/")
    page = await town.client.get(f"{fact.participants_path}/{meeting}")
    assert "sekretæren" in page.text


async def test_a_get_uses_nothing_up_and_changes_nothing(town: Town) -> None:
    fact = await the_contact(town.desk)
    own = str((await given(town.desk, fact)).standing_path)
    for path in (own, own, f"{fact.standing_path}/sekretaer", f"{fact.standing_path}/sekretaer/luk", own):
        assert (await town.client.get(path)).status_code == 200
    assert await town.desk.told() == []


async def test_closing_ends_the_link_and_codes_under_way_and_a_new_access_is_another_link(town: Town) -> None:
    desk, client = town.desk, town.client
    fact = await the_contact(desk)
    old = str((await given(desk, fact)).standing_path)
    async with browser_of(town) as browser:
        wish = {"billing.order_reference": "PO-1", "_key": key()}
        assert (await browser.post(f"{old}/faktura", data=wish)).status_code == 401
        code = await newest(town)
        done = await client.post(f"{fact.standing_path}/sekretaer/luk", data={"_key": key()}, follow_redirects=True)
        assert "Adgangen er lukket" in done.text
        gone = await browser.post(f"{old}/faktura", data={**wish, "_kode": code})
        assert (gone.status_code, "Adgangen er lukket" in gone.text) == (410, True)
    assert await desk.pool.fetchval("SELECT count(*) FROM mailbox_codes WHERE used_at IS NULL") == 0
    (ended,) = await accesses(desk)
    assert ended.before is not None
    assert (ended.person, ended.before.email) == (None, SUE["email"])
    # The same person again: another access, and the link of before stays closed.
    new = str((await given(desk, fact)).standing_path)
    assert [(await client.get(one)).status_code for one in (old, new)] == [410, 200]
    assert fact.contact.name not in (await client.get(old)).text


async def test_giving_it_to_another_closes_the_first(town: Town) -> None:
    fact = await the_contact(town.desk)
    first = await given(town.desk, fact)
    second = await given(town.desk, fact, **BOB)
    assert second.before == first.person
    found = [(await town.client.get(str(one.standing_path))).status_code for one in (first, second)]
    assert found == [410, 200]
    # Said again it changes nothing.
    await town.desk.ask(appoint_secretary, AppointSecretary(enrolment_id=fact.enrolment_id, **BOB))
    assert await accesses(town.desk) == []
    assert (await town.client.get(str(second.standing_path))).status_code == 200


async def test_it_ends_with_the_contact_who_gave_it(town: Town) -> None:
    desk = town.desk
    fact = await the_contact(desk)
    own = str((await given(desk, fact)).standing_path)
    await desk.ask(change_contact, ChangeContact(enrolment_id=fact.enrolment_id, **BOB))
    told = await desk.told()
    assert [type(one) for one in told if isinstance(one, RoleAppointed | TovholderAppointed)] == [
        RoleAppointed,
        TovholderAppointed,
    ]
    assert (await town.client.get(own)).status_code == 410
    new = next(one.standing_path for one in told if isinstance(one, TovholderAppointed))
    assert SUE["name"] not in (await town.client.get(str(new))).text
    # Nor does the link open anything for a secretary who has become the contact.
    await desk.ask(change_contact, ChangeContact(enrolment_id=fact.enrolment_id, **SUE))
    assert (await town.client.get(own)).status_code == 410


async def test_an_access_that_a_version_before_left_open_when_the_contact_changed_opens_nothing(town: Town) -> None:
    desk = town.desk
    fact = await the_contact(desk)
    own = str((await given(desk, fact)).standing_path)
    await desk.ask(change_contact, ChangeContact(enrolment_id=fact.enrolment_id, **BOB))
    await desk.pool.execute(
        "UPDATE contact_history SET held_until = NULL, held_from = held_from - interval '1 s' WHERE role_id = $1",
        SECRETARY_ROLE,
    )
    assert (await town.client.get(own)).status_code == 410
    await desk.told()
    again = await given(desk, fact)
    found = [(await town.client.get(one)).status_code for one in (own, str(again.standing_path))]
    assert found == [410, 200]


async def test_it_ends_with_the_enrolment_and_does_not_come_back_with_it(town: Town) -> None:
    desk = town.desk
    fact = await the_contact(desk)
    own = str((await given(desk, fact)).standing_path)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=fact.enrolment_id))
    (ended,) = await accesses(desk)
    assert ended.person is None
    assert (await town.client.get(own)).status_code == 410
    await desk.enrol(sign_up())
    assert (await town.client.get(own)).status_code == 410


async def test_somebody_elses_link_gives_nobody_access(town: Town) -> None:
    fact = await the_contact(town.desk)
    person = fact.contact.person_id
    cause = Cause(new_correlation(), None, reader_actor("somebody-else"))
    desk, wish = town.desk, AppointSecretary(enrolment_id=fact.enrolment_id, **SUE)
    async with transaction(desk.pool, desk, desk.source, cause, desk.links) as tx:
        with pytest.raises(Refused) as refused:
            await appoint_secretary(tx, wish)
    assert (refused.value.code, refused.value.status) == ("not_the_contact", 403)
    # A contact's link is no secretary's, and the other way round: the purpose is signed with it.
    forged = links.Guest(fact.enrolment_id, person, 1, 0, 1)
    assert (await town.client.get(links.standing_path(town.desk.links, forged))).status_code == 410
    told = await given(town.desk, fact)
    assert told.person is not None
    as_contact = links.Guest(fact.enrolment_id, told.person.person_id, 1)
    assert (await town.client.get(links.standing_path(town.desk.links, as_contact))).status_code == 410
    assert (await town.client.get(links.participants_path(town.desk.links, as_contact))).status_code == 410


async def test_the_contact_is_not_its_own_secretary(desk: Desk) -> None:
    fact = await the_contact(desk)
    wish = AppointSecretary(enrolment_id=fact.enrolment_id, name="X", email=fact.contact.email.upper())
    assert (await desk.refusal(appoint_secretary, wish)).code == "is_the_contact"


async def acting(desk: Desk, fact: MunicipalityEnrolled, person_id: str, meeting: str, **more: Any) -> Any:
    wish = RegisterParticipant(enrolment_id=fact.enrolment_id, meeting_id=meeting, **BOB, **more)
    cause = Cause(new_correlation(), None, reader_actor(person_id, as_secretary=True))
    async with transaction(desk.pool, desk, desk.source, cause, desk.links) as tx:
        return await as_secretary(acts.REGISTER).do(tx, wish)


async def test_what_is_closed_while_the_secretary_acts_is_not_done(desk: Desk) -> None:
    fact = await the_contact(desk)
    meeting = (await desk.has_meeting()).id
    told = await given(desk, fact)
    assert told.person is not None
    cause = Cause(new_correlation(), None, "staff/one")
    async with transaction(desk.pool, desk, desk.source, cause, desk.links) as tx:
        await dismiss_secretary(tx, DismissSecretary(enrolment_id=fact.enrolment_id))
        acts_now = asyncio.create_task(acting(desk, fact, told.person.person_id, meeting))
        await waits_for_a_lock(desk)
    with pytest.raises(Refused) as refused:
        await acts_now
    assert refused.value.code == "access_closed"
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 0


async def test_whoever_closes_it_waits_for_what_the_secretary_is_doing(desk: Desk) -> None:
    fact = await the_contact(desk)
    meeting = (await desk.has_meeting()).id
    told = await given(desk, fact)
    assert told.person is not None
    wish = RegisterParticipant(enrolment_id=fact.enrolment_id, meeting_id=meeting, **BOB)
    cause = Cause(new_correlation(), None, reader_actor(told.person.person_id, as_secretary=True))
    async with transaction(desk.pool, desk, desk.source, cause, desk.links) as tx:
        await as_secretary(acts.REGISTER).do(tx, wish)
        closing = asyncio.create_task(close(desk, fact))
        await waits_for_a_lock(desk)
    await closing
    assert await desk.pool.fetchval("SELECT count(*) FROM seats") == 1


async def test_an_act_of_the_contacts_alone_is_refused_whatever_page_asks_for_it(desk: Desk) -> None:
    fact = await the_contact(desk)
    meeting = (await desk.has_meeting()).id
    told = await given(desk, fact)
    assert told.person is not None
    cause = Cause(new_correlation(), None, reader_actor(told.person.person_id, as_secretary=True))
    for act, wish in (
        (acts.WITHDRAW, WithdrawEnrolment(enrolment_id=fact.enrolment_id)),
        (acts.CHANGE_CONTACT, ChangeContact(enrolment_id=fact.enrolment_id, **BOB)),
        (acts.DISMISS_SECRETARY, DismissSecretary(enrolment_id=fact.enrolment_id)),
    ):
        async with transaction(desk.pool, desk, desk.source, cause, desk.links) as tx:
            with pytest.raises(Refused) as refused:
                await as_secretary(act).do(tx, wish)
        assert refused.value.code == "only_the_contact", act.name
    with pytest.raises(Refused) as refused:
        await acting(desk, fact, told.person.person_id, meeting, accepted_price_ore=100_00)
    assert "pris" in refused.value.detail


def test_whatever_the_contacts_pages_ask_for_is_decided_of_secretaries_as_well() -> None:
    assert set(DONE_BY.values()) <= set(MAY)
    known = {one.command.__name__ for one in vars(acts).values() if hasattr(one, "command")}
    assert set(MAY) <= known


async def test_staff_give_and_close_it_after_they_have_read_what_it_comes_to(workplace: Workplace) -> None:
    desk = workplace.desk
    fact = await the_contact(desk)
    staff = await workplace.signed_in("consultant")
    place = f"/stab/forloeb/{P1}/tilmeldinger/{fact.enrolment_id}"
    assert f"{place}/sekretaer" in (await staff.get(place)).text
    page = await done(staff, f"{place}/sekretaer", **SUE)
    assert landed(page) == f"{place}?besked=sekretaer"
    (told,) = await accesses(desk)
    assert told.by_staff
    assert (await staff.get(str(told.standing_path))).status_code == 200
    page = await staff.get(f"{place}/sekretaer/luk")
    assert SUE["name"] in page.text
    closed = await staff.post(f"{place}/sekretaer/luk", data=typed(page.text), follow_redirects=True)
    assert "Sekretærens adgang er lukket" in closed.text
    assert (await staff.get(str(told.standing_path))).status_code == 410


async def test_an_erased_secretary_has_no_access_and_is_not_written_to(town: Town) -> None:
    desk = town.desk
    fact = await the_contact(desk)
    told = await given(desk, fact)
    assert told.person is not None
    await desk.ask(acts.ERASE.usecase, ErasePerson(person_id=told.person.person_id))
    (ended,) = await accesses(desk)
    assert (ended.person, ended.before) == (None, None)
    assert (await town.client.get(str(told.standing_path))).status_code == 410
    assert await desk.pool.fetchval("SELECT count(*) FROM contact_history WHERE holder::text LIKE '%Sekret_r S%'") == 0
    async with a_browser(town.url) as stranger:
        assert (await stranger.get(str(fact.standing_path))).status_code == 200
