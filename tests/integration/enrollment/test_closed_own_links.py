"""Somebody's own link has come into the wrong hands: staff close all they were mailed, and new ones are mailed."""

from __future__ import annotations

from typing import Any

from services.enrollment.adapters import links
from services.enrollment.usecases.appoint_secretary import AppointSecretary, appoint_secretary
from services.enrollment.usecases.change_role import change_role
from services.enrollment.usecases.close_links import CloseLinks, close_links_of
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.revoke_links import revoke_links
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.passes import Reader, reader_of
from shared.contracts.enrollment import (
    ChangeRole,
    OwnLinksRevoked,
    ParticipantRegistered,
    RegisterParticipant,
    RevokeLinks,
    RoleAppointed,
    WithdrawEnrolment,
)
from tests.integration.enrollment.test_hostile_texts import with_form
from tests.integration.enrollment.test_secretary import SUE
from tests.support.enrollment_desk import P1, Desk, sign_up
from tests.support.enrollment_web import Town
from tests.support.workplace import Workplace, typed


async def told(desk: Desk, kind: Any) -> Any:
    return next(one for one in reversed(await desk.told()) if isinstance(one, kind))


async def seated(desk: Desk) -> ParticipantRegistered:
    await desk.publish(with_form().replace("included: 1", "included: 3"))
    await desk.enrol(sign_up(answers={"opbakning": "ja"}))
    meeting = await desk.has_meeting()
    enrolment_id = await desk.pool.fetchval("SELECT id FROM enrolments")
    await desk.register(enrolment_id, meeting.id, "Anna Andersen")
    fact: ParticipantRegistered = await told(desk, ParticipantRegistered)
    return fact


async def closed(desk: Desk, enrolment_id: str, person_id: str) -> OwnLinksRevoked:
    await desk.ask(close_links_of, CloseLinks(enrolment_id=enrolment_id, person_id=person_id))
    fact: OwnLinksRevoked = await told(desk, OwnLinksRevoked)
    return fact


async def test_a_participants_links_are_closed_with_the_own_page_and_the_new_ones_open_what_they_opened(
    town: Town,
) -> None:
    desk, client = town.desk, town.client
    fact = await seated(desk)
    person = fact.person.person_id
    own = links.own_page_path(desk.links, Reader("participant", fact.enrolment_id, person))
    for path in (str(fact.seat_path), own):
        assert (await client.get(path)).status_code == 200
    new = await closed(desk, fact.enrolment_id, person)
    assert new.person.email == fact.person.email
    for path in (str(fact.seat_path), f"{fact.seat_path}/afmeld", own):
        gone = await client.get(path)
        assert (gone.status_code, "Linket er lukket" in gone.text) == (410, True), path
        assert fact.person.name not in gone.text
    assert [(await client.get(path)).status_code for path in (new.seats[0].path, str(new.own_page_path))] == [200, 200]
    # Whatever the new page leads to is of its generation, and so is the way to the calendar.
    page = await client.get(str(new.own_page_path))
    assert new.seats[0].path in page.text
    assert str(fact.seat_path) not in page.text
    token = page.text.partition("/notifications/kalender/")[2].partition('"')[0]
    reader = reader_of(desk.links, "calendar", token, desk.now())
    assert reader is not None
    assert reader.generation == new.generation == 1
    assert (await closed(desk, fact.enrolment_id, person)).generation == 2
    assert (await client.get(str(new.own_page_path))).status_code == 410


async def test_whoever_is_named_afterwards_gets_links_that_are_good(town: Town) -> None:
    desk = town.desk
    fact = await seated(desk)
    await closed(desk, fact.enrolment_id, fact.person.person_id)
    other = (await desk.has_meetings(2))[1]
    await desk.register(fact.enrolment_id, other.id, "Anna Andersen")
    again = await told(desk, ParticipantRegistered)
    assert (await town.client.get(str(again.seat_path))).status_code == 200


async def test_a_contact_who_takes_part_closes_these_with_the_others(town: Town) -> None:
    desk, client = town.desk, town.client
    other = await seated(desk)
    contact = other.contact
    await desk.ask(
        register_participant,
        RegisterParticipant(
            enrolment_id=other.enrolment_id, meeting_id=other.meeting.id, name=contact.name, email=contact.email
        ),
    )
    own = await told(desk, ParticipantRegistered)
    assert own.person.person_id == contact.person_id
    await desk.ask(revoke_links, RevokeLinks(enrolment_id=other.enrolment_id))
    for path in (own.seat_path, own.own_path):
        assert (await client.get(str(path))).status_code == 410, path
    for path in (other.seat_path, other.own_path):
        assert (await client.get(str(path))).status_code == 200, path
    new = await told(desk, OwnLinksRevoked)
    assert (new.person.person_id, new.generation) == (contact.person_id, 1)
    assert [(await client.get(path)).status_code for path in (new.seats[0].path, str(new.own_page_path))] == [200, 200]


async def test_of_a_contact_who_takes_no_part_nothing_else_is_told(town: Town) -> None:
    fact = await seated(town.desk)
    await town.desk.ask(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id))
    assert not [one for one in await town.desk.told() if isinstance(one, OwnLinksRevoked)]


async def test_the_links_of_roles_are_closed_and_the_roles_stay(town: Town) -> None:
    desk, client = town.desk, town.client
    fact = await seated(desk)
    named = ChangeRole(enrolment_id=fact.enrolment_id, role_id="faktura", name="Bo Bilag", email="bo@k0751.example")
    await desk.ask(change_role, named)
    bo = (await told(desk, RoleAppointed)).person.person_id
    old = links.billing_path(desk.links, links.Guest(fact.enrolment_id, bo, 1))
    assert (await client.get(old)).status_code == 200
    new = await closed(desk, fact.enrolment_id, bo)
    assert (new.own_page_path, new.standing_path) == (None, None)
    assert [(await client.get(one)).status_code for one in (old, str(new.billing_path))] == [404, 200]

    await desk.ask(appoint_secretary, AppointSecretary(enrolment_id=fact.enrolment_id, **SUE))
    access = await told(desk, RoleAppointed)
    new = await closed(desk, fact.enrolment_id, access.person.person_id)
    found = [(await client.get(str(one))).status_code for one in (access.standing_path, new.standing_path)]
    assert found == [410, 200]


async def test_the_links_of_nobody_else_are_closed(town: Town) -> None:
    desk = town.desk
    fact = await seated(desk)
    meeting = fact.meeting.id
    await desk.register(fact.enrolment_id, meeting, "Bente Bang")
    other = await told(desk, ParticipantRegistered)
    await closed(desk, fact.enrolment_id, fact.person.person_id)
    assert (await town.client.get(str(other.seat_path))).status_code == 200
    wish = CloseLinks(enrolment_id=fact.enrolment_id, person_id="nobody")
    assert (await desk.refusal(close_links_of, wish)).code == "no_links"


async def test_staff_choose_whose_on_the_page_of_the_meeting(workplace: Workplace) -> None:
    desk = workplace.desk
    fact = await seated(desk)
    staff = await workplace.signed_in("consultant")
    place = f"/stab/forloeb/{P1}/tilmeldinger/{fact.enrolment_id}"
    path = f"{place}/links/{fact.person.person_id}"
    assert path in (await staff.get(f"{place}/moeder/{fact.meeting.id}")).text
    assert (await staff.get(f"{place}/links/nobody")).status_code == 404
    page = await staff.get(path)
    assert "Anna Andersen" in page.text
    assert "holder op med at virke med det samme" in page.text
    done = await staff.post(path, data=typed(page.text), follow_redirects=True)
    assert "De gamle links er lukket" in done.text
    assert (await told(desk, OwnLinksRevoked)).seats
    assert (await staff.get(str(fact.seat_path))).status_code == 410


async def test_what_was_closed_stays_so_when_the_organisation_leaves_and_comes_back(town: Town) -> None:
    desk = town.desk
    fact = await seated(desk)
    old = links.own_page_path(desk.links, Reader("participant", fact.enrolment_id, fact.person.person_id))
    await closed(desk, fact.enrolment_id, fact.person.person_id)
    await desk.ask(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id))
    kept = "SELECT link_generations::text FROM enrolments"
    before = await desk.pool.fetchval(kept)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=fact.enrolment_id))
    await desk.enrol(sign_up(answers={"opbakning": "ja"}))
    assert await desk.pool.fetchval("SELECT state FROM enrolments") == "enrolled"
    assert await desk.pool.fetchval(kept) == before
    await desk.register(fact.enrolment_id, fact.meeting.id, "Anna Andersen")
    assert (await town.client.get(old)).status_code == 410
