"""A guest at a meeting has a page of their own: they see it, say that they are not coming, or what they need there."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.enrollment.usecases.erase_person import FORGETTING, erase_person
from services.enrollment.usecases.forget_needs import forget_needs
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.read_needs import read_needs
from services.enrollment.usecases.remove_guest import remove_guest
from services.enrollment.usecases.set_needs import SetGuestNeeds, set_guest_needs
from shared.base.answers import Answer
from shared.contracts.enrollment import ErasePerson, GuestInvited, GuestRemoved, RemoveGuest
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingCancelled
from shared.runtime.timers import Timer
from shared.storage.tx import Tx
from tests.integration.enrollment.test_guests import inviting
from tests.integration.enrollment.test_places import on_team, typed
from tests.integration.enrollment.test_team import P4, chosen
from tests.integration.enrollment.test_team_needs import ASKS, FORGOTTEN, NUTS, SECOND, counts, has_meeting
from tests.support.enrollment_desk import CAUSE, Desk
from tests.support.enrollment_web import SCOPED, Town
from tests.support.meeting_point import meet

GONE = "Invitationen gælder ikke længere"
BEGUN = datetime(2021, 4, 15, 8, tzinfo=UTC)


async def invited(desk: Desk, *names: str, file: str = ASKS) -> dict[str, tuple[str, str]]:
    """The path and the id of each, by name, at a meeting of P4; told so far is forgotten."""
    await on_team(desk, "Anna", file=file)
    await has_meeting(desk)
    for name in names:
        await desk.ask(invite_guest, inviting("m-1", name))
    facts = [one for one in await desk.told() if isinstance(one, GuestInvited)]
    return {one.guest.name: (one.guest_path or "", one.guest.person_id) for one in facts}


def saying(person_id: str, **said: Any) -> SetGuestNeeds:
    about = {"programme_id": P4, "meeting_id": "m-1", "person_id": person_id}
    return SetGuestNeeds(**about, **{"consent": True, **said})


async def kept(desk: Desk) -> list[str]:
    rows = await desk.pool.fetch("SELECT guest_name FROM guest_needs JOIN guests USING (guest_id) ORDER BY 1")
    return [row["guest_name"] for row in rows]


async def test_a_guest_sees_the_meeting_and_nobody_else_and_says_that_they_are_not_coming(town: Town) -> None:
    there = await invited(town.desk, "Lærke", "Magne", file=chosen())
    path, person_id = there["Lærke"]
    for page in ("", "/afmeld", "/behov"):
        for _ in range(2):
            shown = await town.client.get(path + page)
            assert shown.status_code == 200
            assert not any(name in shown.text for name in ("Magne", "Anna", "karen@", "Karen"))
    assert await town.desk.told() == []
    shown = await town.client.get(path)
    assert "Torsdag den 15. april 2021" in shown.text
    assert "Lærke (laerke@fgu.example) som gæst" in shown.text
    assert "Kost og adgang" not in shown.text, "the programme does not ask"
    answer = await town.client.post(f"{path}/afmeld", data=typed())
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?besked=afmeldt")
    (left,) = await town.desk.told()
    assert isinstance(left, GuestRemoved)
    assert (left.guest.person_id, left.by_participant) == (person_id, True)
    done = await town.client.get(f"{path}?besked=afmeldt")
    assert (done.status_code, "I har meldt afbud" in done.text) == (200, True)
    for page in ("", "/behov", "/afmeld"):
        gone = await town.client.get(path + page)
        assert (gone.status_code, GONE in gone.text, "Lærke" in gone.text) == (410, True, False)
    assert (await town.client.post(f"{path}/afmeld", data=typed("x"))).status_code == 410
    # Invited once more, they have another link.
    await town.desk.ask(invite_guest, inviting("m-1"))
    (again,) = await town.desk.told()
    assert isinstance(again, GuestInvited)
    assert (await town.client.get(path)).status_code == 410
    assert (await town.client.get(again.guest_path or "")).status_code == 200


async def test_a_link_is_its_guests_own_and_ends_with_staffs_word_and_a_year_after_the_programme(town: Town) -> None:
    there = await invited(town.desk, "Lærke", "Magne")
    path, person_id = there["Lærke"]
    token = path.rpartition("/")[2]
    for cut in (path[:-1], "/gaest/x", f"/moedeplads/{token}", f"/holdplads/{token}"):
        assert (await town.client.get(cut)).status_code == 404, cut
    gone = RemoveGuest(programme_id=P4, meeting_id="m-1", person_id=person_id)
    await town.desk.ask(remove_guest, gone)
    (fact,) = await town.desk.told()
    assert isinstance(fact, GuestRemoved)
    assert not fact.by_participant
    assert (await town.client.get(path)).status_code == 410
    # It stands in no list, for nobody.
    listed = await town.api("GET", f"/programmes/{P4}/meetings/m-1/guests")
    assert "/gaest/" not in listed.text
    await town.move_to(datetime(2027, 1, 1, tzinfo=UTC))
    assert (await town.client.get(there["Magne"][0])).status_code == 404


async def test_nobody_says_no_to_a_meeting_that_has_begun_or_is_off(town: Town) -> None:
    there = await invited(town.desk, "Lærke")
    path = there["Lærke"][0]
    await town.move_to(BEGUN)
    assert "Meld afbud</a>" not in (await town.client.get(path)).text
    for act, form in (("afmeld", typed("a")), ("behov", typed("b", diet="vegetar", consent="true"))):
        assert (await town.client.post(f"{path}/{act}", data=form)).status_code == 409
    assert await town.desk.pool.fetchval("SELECT count(*) FROM guests") == 1
    await has_meeting(town.desk, fact=MeetingCancelled)
    assert "flyst" in (await town.client.get(path)).text


async def test_a_guest_says_what_they_need_staff_put_it_right_and_it_goes_with_the_guest(town: Town) -> None:
    there = await invited(town.desk, "Lærke", "Magne")
    path, person_id = there["Lærke"]
    form = {"diet": "vegetar", "diet_text": NUTS}
    assert (await town.client.post(f"{path}/behov", data=typed("a", **form))).status_code == 422
    saved = await town.client.post(f"{path}/behov", data=typed("b", **form, consent="true"))
    assert saved.headers["location"] == f"{path}?besked=gemt"
    assert NUTS in (await town.client.get(f"{path}/behov")).text
    for other in (path, there["Magne"][0], f"{there['Magne'][0]}/behov"):
        assert NUTS not in (await town.client.get(other)).text
    staff = f"/programmes/{P4}/meetings/m-1/guests/{person_id}/needs"
    answer = await town.api("PUT", staff, {"diet": ["vegansk"], "diet_text": NUTS, "consent": True})
    assert answer.json() == {"person_id": person_id, "kept": True}
    assert await town.desk.pool.fetchval("SELECT own FROM guest_needs")
    theirs = {"Authorization": f"Bearer {SCOPED}"}
    assert (await town.api("PUT", staff, {}, **theirs)).status_code == 403
    numbers = await counts(town.desk)
    assert (numbers["Gæster"], numbers["Vegansk"], numbers["Har skrevet kost eller adgang"], numbers[NUTS]) == (
        2,
        1,
        1,
        1,
    )
    tables = await town.desk.pool.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    everything = "SELECT coalesce(string_agg(t::text, ' '), '') FROM {} AS t"
    rows = {row["relname"]: await town.desk.pool.fetchval(everything.format(row["relname"])) for row in tables}
    assert {table for table, text in rows.items() if NUTS in text} == {"guest_needs"}
    assert (await town.client.post(f"{path}/afmeld", data=typed("c"))).status_code == 303
    assert await kept(town.desk) == []
    nobody = await town.api("PUT", staff, {"diet": ["vegetar"], "consent": True})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "not_a_guest")


async def test_it_is_forgotten_so_many_days_after_the_meeting_and_the_numbers_stay(desk: Desk) -> None:
    there = await invited(desk, "Lærke", "Magne")
    for name, (_, person_id) in there.items():
        await desk.ask(set_guest_needs, saying(person_id, diet=("vegetar",), diet_text=name))
    assert await kept(desk) == ["Lærke", "Magne"]
    desk.time = FORGOTTEN
    await desk.ring()
    assert await kept(desk) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM guests") == 2
    shown = await desk.read(read_needs, meeting_id="m-1")
    assert shown["forgotten"] is True
    assert ((await counts(desk))["Gæster"], (await counts(desk))["Vegetar"]) == (2, 2)


async def test_a_meeting_that_moves_takes_its_guests_days_along_and_one_that_is_off_forgets_at_once(desk: Desk) -> None:
    there = await invited(desk, "Lærke")
    await desk.ask(set_guest_needs, saying(there["Lærke"][1], diet=("vegetar",)))
    await has_meeting(desk, SECOND)
    desk.time = FORGOTTEN
    await desk.ring()
    assert await kept(desk) == ["Lærke"]
    await has_meeting(desk, SECOND, fact=MeetingCancelled)
    await desk.ring()
    assert await kept(desk) == []
    assert await desk.pool.fetchval("SELECT count(*) FROM needs_counts") == 0


async def test_of_a_meeting_without_a_date_nothing_is_taken_down_that_would_be_forgotten_at_once(town: Town) -> None:
    await on_team(town.desk, "Anna", file=ASKS)
    await has_meeting(town.desk, None)
    await town.desk.ask(invite_guest, inviting("m-1", "Lærke"))
    (path,) = [one.guest_path or "" for one in await town.desk.told() if isinstance(one, GuestInvited)]
    shown = (await town.client.get(path)).text
    assert ("Meld afbud</a>" in shown, "Kost og adgang" in shown) == (True, False)
    answer = await town.client.post(f"{path}/behov", data=typed("a", diet="vegetar", consent="true"))
    assert (answer.status_code, "eller det har ingen dato" in answer.text) == (409, True)
    await has_meeting(town.desk)
    assert "Skriv om kost og adgang" in (await town.client.get(path)).text
    assert (await town.client.post(f"{path}/behov", data=typed("b", diet="vegetar", consent="true"))).status_code == 303
    while await town.desk.ring():
        pass
    assert await kept(town.desk) == ["Lærke"]


async def test_a_guest_who_is_erased_has_said_nothing(desk: Desk) -> None:
    there = await invited(desk, "Lærke", "Magne")
    for _, person_id in there.values():
        await desk.ask(set_guest_needs, saying(person_id, diet_text=NUTS))
    laerke = there["Lærke"][1]
    held = await desk.read(FORGETTING.read, person_id=laerke)
    assert held["held"]["guest_needs"] == [{"diet": [], "diet_text": NUTS, "access": [], "access_text": ""}]
    await desk.ask(erase_person, ErasePerson(person_id=laerke))
    while await desk.ring():
        pass
    assert await kept(desk) == ["Magne"]


async def test_what_a_guest_says_as_the_meeting_is_forgotten_waits_and_is_refused(desk: Desk) -> None:
    there = await invited(desk, "Lærke", "Magne")
    await desk.ask(set_guest_needs, saying(there["Lærke"][1], diet=("vegetar",)))
    desk.time = FORGOTTEN

    def forgets(tx: Tx) -> Awaitable[None]:
        return forget_needs(tx, [Timer("needs_end", "m-1", FORGOTTEN, {}, CAUSE)])

    def says(tx: Tx) -> Awaitable[Answer]:
        return set_guest_needs(tx, saying(there["Magne"][1], diet=("vegetar",)))

    _, second = await meet(desk, forgets, says)
    assert isinstance(second, Refused)
    assert second.code == "needs_closed"
    assert await kept(desk) == []


async def test_what_no_guest_could_have_said_cannot_be_stored(desk: Desk) -> None:
    there = await invited(desk, "Lærke")
    await desk.ask(set_guest_needs, saying(there["Lærke"][1], diet_text=NUTS))
    days = ("keep_days = 0", "keep_days = 61", "guest_id = 'nobody'")
    for wrong in ("consent = ''", *days, "diet_text = ''", "diet = NULL", "consented_at = NULL", "own = NULL"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await desk.pool.execute(f"UPDATE guest_needs SET {wrong}")
