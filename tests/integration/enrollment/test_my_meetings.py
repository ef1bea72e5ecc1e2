"""A participant's own page: all their meetings in a programme with what may be done about each, and nobody else."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape

import pytest

from services.enrollment.adapters import links
from services.enrollment.usecases.invite_guest import invite_guest
from shared.base.passes import PATHS, Reader, reader_of
from shared.contracts.enrollment import (
    GuestInvited,
    ParticipantRegistered,
    ParticipantReplaced,
)
from shared.contracts.scheduling import MeetingPlanned, MeetingScheduled, When
from tests.integration.enrollment.test_guests import inviting
from tests.integration.enrollment.test_own_page import ENROLMENT, hear, meeting, place
from tests.integration.enrollment.test_places import on_team, typed
from tests.integration.enrollment.test_team import ENROLMENT as TEAMS
from tests.integration.enrollment.test_team import P4
from tests.integration.enrollment.test_team_needs import has_meeting
from tests.support.enrollment_desk import Desk
from tests.support.enrollment_web import SCOPED, Town

LEADS_ON = re.compile(r'href="(/mig/[^"]+)"')


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2].partition("</main>")[0])).split())


async def own_page(town: Town, path: str) -> str:
    """Where the page of a seat, a place or an invitation leads on to."""
    shown = await town.client.get(path)
    assert shown.status_code == 200, shown.text
    (onward,) = LEADS_ON.findall(shown.text)
    return str(onward)


async def seats(desk: Desk, *names: str) -> dict[tuple[str, str], str]:
    """The paths of the seats at two meetings, by name and meeting; a third, which wants its date, is nobody's yet."""
    told = await seated(desk, *names)
    return {(one.person.name, one.meeting.key): one.seat_path or "" for one in told}


async def seated(desk: Desk, *names: str) -> list[ParticipantRegistered]:
    await place(desk)
    online = meeting("vest-digital-1", "2020-10-01", mode="virtual", link="https://moede.example/rum", kind="heldag")
    await hear(desk, MeetingScheduled, meeting("vest-heldag-1", "2020-09-10", place="Vejle"), online)
    await hear(desk, MeetingPlanned, meeting("vest-heldag-2"))
    for name in names:
        for one in ("vest-heldag-1", "vest-digital-1"):
            await desk.register(ENROLMENT, f"id-{one}", name)
    return [one for one in await desk.told() if isinstance(one, ParticipantRegistered)]


async def test_all_their_meetings_stand_in_the_order_of_their_days_and_nobody_elses(town: Town) -> None:
    paths = await seats(town.desk, "Anna Andersen", "Bo Berg")
    path = await own_page(town, paths["Anna Andersen", "vest-heldag-1"])
    assert path == await own_page(town, paths["Anna Andersen", "vest-digital-1"])
    assert path != await own_page(town, paths["Bo Berg", "vest-heldag-1"])
    answer = await town.client.get(path)
    text = words(answer.text)
    places = [text.index(f"Møde {key} ") for key in ("vest-heldag-1", "vest-digital-1")]
    assert places == sorted(places)
    assert "vest-heldag-2" not in text
    assert 'href="https://moede.example/rum"' in answer.text
    assert "Bo Berg" not in answer.text
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "strict-origin")


async def test_each_seat_is_passed_on_and_left_from_there_and_the_page_goes_on(town: Town) -> None:
    paths = await seats(town.desk, "Anna Andersen")
    path = await own_page(town, paths["Anna Andersen", "vest-heldag-1"])
    page = (await town.client.get(path)).text
    for key in ("vest-heldag-1", "vest-digital-1"):
        seat = paths["Anna Andersen", key]
        assert f'href="{seat}/skift"' in page
        assert f'href="{seat}/afmeld"' in page
    for wish, key in (("a", "vest-heldag-1"), ("b", "vest-digital-1")):
        left = await town.client.post(f"{paths['Anna Andersen', key]}/afmeld", data=typed(wish))
        assert left.status_code == 303, left.text
        after = (await town.client.get(path)).text
        assert f"Møde {key} " not in words(after)
    assert "I er ikke tilmeldt noget møde her nu." in words(after)
    assert "Anna" not in after
    assert PATHS["calendar"] not in after


async def test_what_mails_are_written_from_leads_to_the_same_page(town: Town) -> None:
    told = await seated(town.desk, "Anna Andersen")
    assert len(told) == 2
    for one in told:
        assert one.own_path == await own_page(town, one.seat_path or "")
    level = re.search(r'name="level" value="([^"]+)"', (await town.client.get(f"{told[0].seat_path}/skift")).text)
    assert level is not None
    form = {**typed(), "name": "Bo Berg", "email": "bo@k0101.example", "level": unescape(level[1])}
    passed = await town.client.post(f"{told[0].seat_path}/skift", data=form)
    assert passed.status_code == 303, passed.text
    (fact,) = [one for one in await town.desk.told() if isinstance(one, ParticipantReplaced)]
    assert "Bo Berg" in (await town.client.get(fact.own_path or "")).text
    assert fact.own_path == await own_page(town, fact.seat_path or "")


async def test_a_place_on_a_team_and_what_the_same_mailbox_is_a_guest_at_stand_on_one_page(town: Town) -> None:
    desk = town.desk
    paths = await on_team(desk, "Anna", "Bo")
    await has_meeting(desk)
    await desk.ask(invite_guest, inviting("m-1", "Anna").model_copy(update={"email": "anna@k0751.example"}))
    (invited,) = [one for one in await desk.told() if isinstance(one, GuestInvited)]
    path = await own_page(town, paths["Anna"])
    page = (await town.client.get(path)).text
    assert f'href="{paths["Anna"]}/afmeld"' in page
    assert f'href="{invited.guest_path}/afmeld"' in page
    assert "I er inviteret som gæst" in page
    assert "Bo" not in words(page).split()
    (token,) = set(re.findall(rf'href="{PATHS["calendar"]}/([^"]+)"', page))
    reader = reader_of(desk.links, "calendar", token, desk.time)
    assert reader is not None
    assert (reader.role, reader.of) == ("mailbox", TEAMS)
    # As a guest they read what they are a guest at, and nothing of the team.
    own = await own_page(town, invited.guest_path or "")
    assert own == invited.own_path
    as_guest = (await town.client.get(own)).text
    assert "I er inviteret som gæst" in as_guest
    assert "holdplads" not in as_guest
    (token,) = set(re.findall(rf'href="{PATHS["calendar"]}/([^"]+)"', as_guest))
    assert reader_of(desk.links, "calendar", token, desk.time) == Reader("guest", P4, invited.guest.person_id)


async def test_the_link_of_a_place_that_a_client_put_in_opens_nothing_that_others_put_in(town: Town) -> None:
    desk = town.desk
    paths = await on_team(desk, "Anna")
    await has_meeting(desk)
    await desk.ask(invite_guest, inviting("m-1", "Anna").model_copy(update={"email": "anna@k0751.example"}))
    await desk.pool.execute(
        "UPDATE enrolments SET put_in_by = $1, put_in_number = number WHERE id = $2", f"client/{SCOPED}", TEAMS
    )
    page = (await town.client.get(await own_page(town, paths["Anna"]))).text
    assert "I er inviteret som gæst" not in page


async def test_it_ends_a_year_after_the_programme_and_is_nobody_elses(town: Town) -> None:
    paths = await seats(town.desk, "Anna Andersen")
    path = await own_page(town, paths["Anna Andersen", "vest-heldag-1"])
    seat = paths["Anna Andersen", "vest-heldag-1"].rpartition("/")[2]
    for wrong in (f"/mig/{seat}", path[:-3], "/mig/x"):
        dead = await town.client.get(wrong)
        assert (dead.status_code, "Linket virker ikke" in dead.text) == (404, True)
    late = When(first_day=date(2022, 11, 30), last_day=date(2022, 11, 30))
    await hear(town.desk, MeetingScheduled, meeting("sidste").model_copy(update={"when": late}))
    for day, status in ((datetime(2023, 11, 30, 12, tzinfo=UTC), 200), (datetime(2023, 12, 2, 12, tzinfo=UTC), 404)):
        await town.move_to(day)
        assert (await town.client.get(path)).status_code == status


@pytest.mark.parametrize("role", ["participant", "guest"])
async def test_of_whoever_is_unknown_it_says_that_there_is_nothing_and_whom_to_ask(town: Town, role: str) -> None:
    await place(town.desk)
    of = ENROLMENT if role == "participant" else ENROLMENT.partition("/")[0]
    programme = await town.desk.pool.fetchval("SELECT id FROM programmes")
    reader = Reader("participant", of, "nobody") if role == "participant" else Reader("guest", programme, "nobody")
    answer = await town.client.get(links.own_page_path(town.desk.links, reader))
    assert answer.status_code == 200
    assert "I er ikke tilmeldt noget møde her nu." in words(answer.text)
    gone = links.own_page_path(town.desk.links, Reader("participant", "no-such", "nobody"))
    assert (await town.client.get(gone)).status_code == 404
