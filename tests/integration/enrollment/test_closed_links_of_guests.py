"""A guest's link has come into the wrong hands: staff, or the guest, close all, and new ones are mailed."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from services.enrollment.adapters import links
from services.enrollment.usecases.close_guest_links import CloseGuestLinks, close_guest_links
from services.enrollment.usecases.close_links import CloseLinks, close_links_of
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.remove_guest import remove_guest
from services.enrollment.usecases.revoke_links import revoke_links
from shared.base.passes import Reader, reader_of
from shared.contracts.enrollment import (
    GuestInvited,
    GuestLinksRevoked,
    InviteGuest,
    OwnLinksRevoked,
    RemoveGuest,
    RevokeLinks,
)
from tests.integration.enrollment.test_closed_own_links import seated
from tests.integration.enrollment.test_guest_page import invited
from tests.integration.enrollment.test_places import typed as pressed
from tests.integration.enrollment.test_team import P4
from tests.support.enrollment_desk import P1, Desk
from tests.support.enrollment_web import Town
from tests.support.workplace import Workplace, typed


def closing(person_id: str, meeting_id: str = "m-1", programme_id: str = P4) -> CloseGuestLinks:
    return CloseGuestLinks(programme_id=programme_id, meeting_id=meeting_id, person_id=person_id)


async def told_closings(desk: Desk) -> list[GuestLinksRevoked]:
    return [one for one in await desk.told() if isinstance(one, GuestLinksRevoked)]


async def statuses(town: Any, *paths: str) -> list[int]:
    return [(await town.client.get(path)).status_code for path in paths]


async def test_all_that_a_guest_was_mailed_is_closed_and_the_new_links_open_what_they_opened(town: Town) -> None:
    desk = town.desk
    there = await invited(desk, "Lærke", "Magne")
    (path, person_id), (other, _) = there["Lærke"], there["Magne"]
    own = links.own_page_path(desk.links, Reader("guest", P4, person_id))
    every = [path, f"{path}/afmeld", f"{path}/behov", f"{path}/luk-links", own]
    assert await statuses(town, *every) == [200] * 5
    await desk.ask(close_guest_links, closing(person_id))
    (new,) = await told_closings(desk)
    assert (new.guest.person_id, new.generation, new.mailed) == (person_id, 1, True)
    for closed in every:
        gone = await town.client.get(closed)
        assert (gone.status_code, "Linket er lukket" in gone.text, "Lærke" in gone.text) == (410, True, False), closed
        assert (await town.client.post(closed, data=pressed())).status_code in {405, 410}
    assert await statuses(town, new.guest_path, f"{new.guest_path}/afmeld", new.own_path, other) == [200] * 4
    # Whatever the new page leads to is of its generation, and so is the way to the calendar.
    page = (await town.client.get(new.own_path)).text
    assert new.guest_path in page
    assert path not in page
    token = page.partition("/notifications/kalender/")[2].partition('"')[0]
    assert reader_of(desk.links, "calendar", token, desk.now()) == Reader("guest", P4, person_id, 1)
    page = (await town.client.get(new.guest_path)).text
    assert new.own_path in page
    await desk.ask(close_guest_links, closing(person_id))
    assert (await told_closings(desk))[-1].generation == 2
    assert await statuses(town, new.guest_path, new.own_path) == [410, 410]


async def test_whoever_is_invited_to_more_meetings_has_all_closed_and_is_mailed_once(town: Town) -> None:
    desk = town.desk
    await seated(desk)
    for meeting in await desk.has_meetings(3):
        guest = InviteGuest(programme_id=P1, meeting_id=meeting.id, name="Lærke", email="laerke@fgu.example")
        await desk.ask(invite_guest, guest)
    facts = [one for one in await desk.told() if isinstance(one, GuestInvited)]
    assert len(facts) == 3
    await desk.ask(close_guest_links, closing(facts[0].guest.person_id, facts[0].meeting.id, P1))
    new = await told_closings(desk)
    assert {one.guest.person_id for one in new} == {one.guest.person_id for one in facts}
    assert [one.guest.person_id for one in new if one.mailed] == [facts[0].guest.person_id]
    assert await statuses(town, *(path for one in facts for path in (str(one.guest_path), str(one.own_path)))) == [
        410 for _ in range(2 * len(facts))
    ]
    page = (await town.client.get(next(one.own_path for one in new if one.mailed))).text
    assert all(one.guest_path in page for one in new)


async def test_the_guest_closes_them_and_is_told_that_it_is_done(town: Town) -> None:
    path, _ = (await invited(town.desk, "Lærke"))["Lærke"]
    assert f"{path}/luk-links" in (await town.client.get(path)).text
    asked = await town.client.get(f"{path}/luk-links")
    assert "holder op med at virke med det samme" in asked.text
    done = await town.client.post(f"{path}/luk-links", data=pressed())
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?besked=lukket")
    said = await town.client.get(f"{path}?besked=lukket")
    assert (said.status_code, "Vi har sendt nye til samme postkasse" in said.text) == (200, True)
    (new,) = await told_closings(town.desk)
    assert await statuses(town, path, new.guest_path) == [410, 200]
    # The browser that did it has to show the mailbox anew.
    assert await town.desk.pool.fetchval("SELECT count(*) FROM confirmed_mailboxes") == 0


async def test_of_nobody_who_is_no_guest_is_anything_closed(desk: Desk) -> None:
    there = await invited(desk, "Lærke")
    person_id = there["Lærke"][1]
    assert (await desk.refusal(close_guest_links, closing("nobody"))).code == "not_a_guest"
    assert (await desk.refusal(close_guest_links, closing(person_id, "m-2"))).code == "unknown_meeting"
    await desk.ask(remove_guest, RemoveGuest(programme_id=P4, meeting_id="m-1", person_id=person_id))
    assert (await desk.refusal(close_guest_links, closing(person_id))).code == "not_a_guest"


async def test_whose_own_page_led_to_what_they_are_a_guest_at_has_these_links_closed_with_it(town: Town) -> None:
    desk = town.desk
    fact = await seated(desk)
    meeting = (await desk.has_meetings(2))[1]
    guest = InviteGuest(programme_id=P1, meeting_id=meeting.id, name="Anna A.", email=fact.person.email)
    await desk.ask(invite_guest, guest)
    as_guest = next(one for one in await desk.told() if isinstance(one, GuestInvited))
    assert str(as_guest.guest_path) in (await town.client.get(str(fact.own_path))).text
    await desk.ask(close_links_of, CloseLinks(enrolment_id=fact.enrolment_id, person_id=fact.person.person_id))
    facts = await desk.told()
    new = next(one for one in facts if isinstance(one, GuestLinksRevoked))
    mailed = next(one for one in facts if isinstance(one, OwnLinksRevoked))
    assert not new.mailed, "the page that is mailed leads to it"
    assert await statuses(town, str(as_guest.guest_path), str(as_guest.own_path)) == [410, 410]
    assert new.guest_path in (await town.client.get(str(mailed.own_page_path))).text
    assert await statuses(town, new.guest_path, new.own_path) == [200, 200]
    # The contact is another mailbox, and takes no part.
    await desk.ask(revoke_links, RevokeLinks(enrolment_id=fact.enrolment_id))
    assert await statuses(town, new.guest_path) == [200]


async def test_staff_close_them_on_the_page_of_the_meeting(workplace: Workplace) -> None:
    desk = workplace.desk
    fact = await seated(desk)
    guest = InviteGuest(programme_id=P1, meeting_id=fact.meeting.id, name="Gerda Gæst", email="gerda@fgu.example")
    await desk.ask(invite_guest, guest)
    as_guest = next(one for one in await desk.told() if isinstance(one, GuestInvited))
    staff = await workplace.signed_in("consultant")
    meeting = f"/stab/forloeb/{P1}/deltagere/{fact.meeting.id}"
    path = f"{meeting}/gaester/{as_guest.guest.person_id}/links"
    assert path in (await staff.get(meeting)).text
    page = await staff.get(path)
    assert "Gerda Gæst" in page.text
    assert "holder op med at virke med det samme" in page.text
    assert await desk.pool.fetchval("SELECT max(guest_generation) FROM guests") == 0, "nothing is done by looking"
    done = await staff.post(path, data=typed(page.text), follow_redirects=True)
    assert "De gamle links er lukket" in done.text, done.text
    assert (await staff.get(str(as_guest.guest_path))).status_code == 410


async def test_a_generation_below_the_first_cannot_be_stored(desk: Desk) -> None:
    await invited(desk, "Lærke")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute("UPDATE guests SET guest_generation = -1")
