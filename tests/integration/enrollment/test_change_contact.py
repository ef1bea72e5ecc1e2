"""Tovholderskifte: the role goes to the next person with all that is open, and what the former one could open ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.enrollment.domain.enrolment import ANSWER
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.read_enrolments import read_enrolment
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer, Asked
from shared.base.cause import Cause
from shared.contracts.enrollment import (
    ChangeContact,
    EnrolmentWaitlisted,
    MunicipalityEnrolled,
    ReservationReminderDue,
    TovholderAppointed,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx, transaction
from tests.integration.enrollment.test_forbehold import ABOUT_IT
from tests.integration.enrollment.test_waiting_list import codes_of, enrolled, id_of, with_places
from tests.support.enrollment_desk import AARHUS, Desk, sign_up
from tests.support.enrollment_web import SCOPED, Town
from tests.support.meeting_point import meet

NEW = {"name": "Eva Ny", "email": "eva@k0751.example"}


def handing(enrolment: str, **more: Any) -> ChangeContact:
    return ChangeContact(enrolment_id=enrolment, **{**NEW, **more})


async def appointed(desk: Desk) -> list[TovholderAppointed]:
    return [one for one in await desk.told() if isinstance(one, TovholderAppointed)]


async def holders(desk: Desk, enrolment: str) -> list[tuple[str, str, str | None, str]]:
    shown = await desk.read(read_enrolment, enrolment_id=enrolment)
    return [(one["holder"]["name"], one["from"], one["until"], one["reason"]) for one in shown["contacts"]]


async def place_of(town: Town, code: str = AARHUS, **more: Any) -> MunicipalityEnrolled:
    await town.desk.publish()
    await enrolled(town.desk, sign_up(code, **more))
    (place,) = [one for one in await town.desk.told() if isinstance(one, MunicipalityEnrolled)]
    return place


def typed(**more: str) -> dict[str, str]:
    return {"_key": "k" * 32, **NEW, "confirmed": "true", **more}


async def test_the_fact_carries_both_the_reason_and_the_links_of_the_new_one(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    desk.time += timedelta(days=30)
    answer = await desk.ask(change_contact, handing(enrolment, reason=" Nyt job. "))
    assert answer == {"enrolment_id": enrolment, "role": "main", "changed": True}
    (told,) = await appointed(desk)
    assert told.former is not None
    assert (told.former.name, told.contact.name, told.reason) == ("Karen Kontakt", "Eva Ny", "Nyt job.")
    assert told.contact.role == told.former.role
    assert told.participants_path is not None
    assert told.participants_path.startswith("/deltagere/")
    assert told.standing_path is not None
    assert told.standing_path.startswith("/plads/")


async def test_its_history_says_who_held_the_role_from_when_until_when_and_why(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    began = desk.time
    assert await holders(desk, enrolment) == [("Karen Kontakt", began.isoformat(), None, "")]
    for number, name in enumerate(("Eva Ny", "Ib Nyest"), 1):
        desk.time = began + timedelta(days=number)
        await desk.ask(
            change_contact, handing(enrolment, name=name, email=f"{number}@k.example", reason=f"Nr. {number}")
        )
    first, second = ((began + timedelta(days=number)).isoformat() for number in (1, 2))
    assert await holders(desk, enrolment) == [
        ("Karen Kontakt", began.isoformat(), first, ""),
        ("Eva Ny", first, second, "Nr. 1"),
        ("Ib Nyest", second, None, "Nr. 2"),
    ]
    by = [one["by"] for one in (await desk.read(read_enrolment, enrolment_id=enrolment))["contacts"]]
    assert by[1:] == ["token/test", "token/test"]


async def test_a_history_ends_with_its_round_and_the_next_one_begins_its_own(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(change_contact, handing(enrolment))
    desk.time += timedelta(days=1)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    left = desk.time.isoformat()
    desk.time += timedelta(days=1)
    await enrolled(desk, sign_up(contact_name="Per Igen", contact_email="per@k0751.example"))
    again = desk.time.isoformat()
    desk.time += timedelta(days=1)
    await desk.ask(change_contact, handing(enrolment, name="Ib Nyest", email="ib@k0751.example"))
    now = desk.time.isoformat()
    assert [(name, since, until) for name, since, until, _ in await holders(desk, enrolment)][1:] == [
        ("Eva Ny", desk_time(left, -1), left),
        ("Per Igen", again, now),
        ("Ib Nyest", now, None),
    ]


def desk_time(text: str, days: int) -> str:
    return (datetime.fromisoformat(text) + timedelta(days=days)).isoformat()


async def test_what_a_version_before_this_one_ended_does_not_stand_open_beside_the_next(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(change_contact, handing(enrolment))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    await desk.pool.execute("UPDATE contact_history SET held_until = NULL WHERE turn = 2")
    desk.time += timedelta(days=2)
    await enrolled(desk, sign_up(contact_name="Per Igen", contact_email="per@k0751.example"))
    again = desk.time.isoformat()
    await desk.ask(change_contact, handing(enrolment, name="Ib Nyest", email="ib@k0751.example"))
    assert [(name, until) for name, _, until, _ in await holders(desk, enrolment)][1:] == [
        ("Eva Ny", again),
        ("Per Igen", again),
        ("Ib Nyest", None),
    ]


async def test_two_holders_of_a_role_cannot_be_stored_nor_one_that_ends_before_it_began(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(change_contact, handing(enrolment))
    with pytest.raises(asyncpg.UniqueViolationError, match="contact_history_one_holder"):
        await desk.pool.execute("UPDATE contact_history SET held_until = NULL")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute("UPDATE contact_history SET held_until = held_from - interval '1 second'")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute("UPDATE contact_history SET holder = '{}'")


async def test_the_same_person_again_changes_nothing_and_another_spelling_only_that(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(change_contact, handing(enrolment))
    await desk.told()
    again = await desk.ask(change_contact, handing(enrolment, email="EVA@k0751.example", reason="Igen."))
    assert again["changed"] is False
    assert await appointed(desk) == []
    await desk.ask(change_contact, handing(enrolment, name="Eva Nyberg", reason="Stavet rigtigt."))
    (told,) = await appointed(desk)
    assert (told.contact.name, told.former, told.reason) == ("Eva Nyberg", None, "")
    assert [(name, until is None) for name, _, until, _ in await holders(desk, enrolment)] == [
        ("Karen Kontakt", False),
        ("Eva Nyberg", True),
    ]


@pytest.mark.parametrize(
    ("wish", "status", "code", "field"),
    [
        ({"name": " "}, 422, "invalid_name", "name"),
        ({"email": "eva"}, 422, "invalid_email", "email"),
        ({"role": "politisk"}, 422, "unknown_role", "role"),
        ({"enrolment_id": "x"}, 404, "unknown_enrolment", "enrolment_id"),
    ],
)
async def test_what_is_not_in_order_is_refused(
    desk: Desk, wish: dict[str, str], status: int, code: str, field: str
) -> None:
    enrolment = await desk.has_enrolled()
    said = await desk.refusal(change_contact, handing(**{"enrolment": enrolment, **renamed(wish)}))
    assert (said.status, said.code, said.field) == (status, code, field)


def renamed(wish: dict[str, str]) -> dict[str, str]:
    return {"enrolment" if name == "enrolment_id" else name: value for name, value in wish.items()}


async def test_whoever_has_left_has_no_contact_to_change(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=enrolment))
    assert (await desk.refusal(change_contact, handing(enrolment))).code == "not_signed_up"


async def test_whoever_waits_for_a_place_is_changed_too_and_the_reminder_of_the_forbehold_goes_to_the_new_one(
    desk: Desk,
) -> None:
    await desk.publish(with_places(1, 1, forbehold="holds: always, remind_before: [14]"))
    first, second = await codes_of(desk, 2)
    assert await enrolled(desk, sign_up(first), sign_up(second, **ABOUT_IT)) == ["enrolled", "waitlisted"]
    await desk.told()
    enrolment = await id_of(desk, second)
    await desk.ask(change_contact, handing(enrolment))
    (told,) = await appointed(desk)
    assert told.participants_path is None
    assert told.forbehold is not None
    assert (told.forbehold.committee, told.forbehold.expected_on) == ("Udvalget for unge", date(2020, 9, 15))
    desk.time = await desk.pool.fetchval("SELECT due FROM timers WHERE timer = $1", ANSWER)
    await desk.ring()
    (reminder,) = [one for one in await desk.told() if isinstance(one, ReservationReminderDue)]
    assert (reminder.contact.name, reminder.standing_path) == ("Eva Ny", told.standing_path)
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=await id_of(desk, first)))
    (place,) = [one for one in await desk.told() if isinstance(one, MunicipalityEnrolled)]
    assert place.contact.name == "Eva Ny"


async def test_two_hand_over_at_the_same_moment_and_the_second_one_s_link_has_ended(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    person = (await desk.guest()).person_id

    def by_link(**new: str) -> Any:
        async def change(tx: Tx) -> Answer:
            tx.cause = Cause("c", None, f"person/{person}")
            return await change_contact(tx, handing(enrolment, **new))

        return change

    _, second = await meet(desk, by_link(), by_link(name="Ib Anden", email="ib@k0751.example"))
    assert isinstance(second, Refused)
    assert (second.code, second.status) == ("not_the_contact", 403)
    assert [told.contact.name for told in await appointed(desk)] == ["Eva Ny"]


async def test_two_of_staff_at_the_same_moment_come_one_after_the_other(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()

    def by_staff(**new: str) -> Any:
        return lambda tx: change_contact(tx, handing(enrolment, **new))

    await meet(desk, by_staff(), by_staff(name="Ib Anden", email="ib@k0751.example"))
    told = await appointed(desk)
    assert [(one.former.name, one.contact.name) for one in told if one.former] == [
        ("Karen Kontakt", "Eva Ny"),
        ("Eva Ny", "Ib Anden"),
    ]


async def test_the_contact_hands_over_on_the_page_of_its_link_and_looking_changes_nothing(town: Town) -> None:
    place = await place_of(town)
    assert place.standing_path is not None
    assert place.participants_path is not None
    path = f"{place.standing_path}/kontakt"
    assert path in (await town.client.get(place.participants_path)).text
    assert path in (await town.client.get(place.standing_path)).text
    for _ in range(3):
        page = await town.client.get(path)
        assert "Jeres links virker ikke længere" in page.text
    unconfirmed = await town.client.post(path, data={"_key": "j" * 32, **NEW})
    assert (unconfirmed.status_code, "Sæt kryds" in unconfirmed.text, NEW["email"] in unconfirmed.text) == (
        422,
        True,
        True,
    )
    empty = await town.client.post(path, data={"_key": "l" * 32, "confirmed": "true"})
    assert empty.status_code == 422
    assert await appointed(town.desk) == []

    done = await town.client.post(path, data=typed())
    assert done.status_code == 303
    page = await town.client.get(done.headers["location"])
    assert (page.status_code, "Kontakten er skiftet" in page.text) == (200, True)
    (told,) = await appointed(town.desk)
    assert (told.contact.name, told.former.name if told.former else None) == ("Eva Ny", "Karen Kontakt")


async def test_every_link_of_the_former_one_ends_at_once_and_the_page_says_whom_to_ask_without_a_name(
    town: Town,
) -> None:
    place = await place_of(town)
    meeting = await town.desk.has_meeting()
    await town.desk.ask(change_contact, handing(place.enrolment_id))
    (told,) = await appointed(town.desk)
    old = [
        place.standing_path,
        f"{place.standing_path}/kontakt",
        f"{place.standing_path}/afmeld",
        place.participants_path,
        f"{place.participants_path}/{meeting.id}",
        f"{place.participants_path}/afmeld-kommunen",
    ]
    for path in old:
        assert path is not None
        page = await town.client.get(path)
        assert page.status_code == 410, path
        assert place.programme.seller.organizer_email in page.text
        assert "Eva" not in page.text
        assert NEW["email"] not in page.text
    refused = await town.client.post(f"{place.standing_path}/afmeld", data={"_key": "k" * 32})
    assert refused.status_code == 410
    withdrawn = await town.client.post(f"{place.participants_path}/afmeld-kommunen", data={"_key": "l" * 32})
    assert withdrawn.status_code == 410
    for path in (told.participants_path, told.standing_path):
        assert path is not None
        assert (await town.client.get(path)).status_code == 200


async def test_whoever_waits_hands_over_on_its_page(town: Town) -> None:
    await town.desk.publish(with_places(1, 1))
    first, second = await codes_of(town.desk, 2)
    await enrolled(town.desk, sign_up(first), sign_up(second))
    (waits,) = [one for one in await town.desk.told() if isinstance(one, EnrolmentWaitlisted)]
    assert (await town.client.post(f"{waits.standing_path}/kontakt", data=typed())).status_code == 303
    (told,) = await appointed(town.desk)
    assert told.standing_path is not None
    assert "nr. 1 på ventelisten" in (await town.client.get(told.standing_path)).text


async def test_a_client_keeps_what_it_put_in_and_is_not_shown_who_was_the_contact_before(town: Town) -> None:
    await town.desk.publish()
    client = Cause("c", None, "client/crm")
    async with transaction(town.desk.pool, town.desk, town.desk.source, client, town.desk.links) as tx:
        (outcome,) = await enrol_municipalities(tx, [Asked(sign_up(), client)])
    assert isinstance(outcome, Answer)
    enrolment = outcome.body["enrolment_id"]
    changed = await town.api("PUT", f"/enrolments/{enrolment}/contact", {**NEW, "reason": "Nyt job."})
    assert (changed.status_code, changed.json()["changed"]) == (200, True)
    shown = (await town.api("GET", f"/enrolments/{enrolment}", Authorization=f"Bearer {SCOPED}")).json()
    assert (shown["contact"]["name"], shown["contacts"]) == ("Eva Ny", None)
    (told,) = await appointed(town.desk)
    assert shown["participants_path"] == told.participants_path
    staff = (await town.api("GET", f"/enrolments/{enrolment}")).json()
    assert (staff["participants_path"], len(staff["contacts"])) == (None, 2)
    forbidden = await town.api("PUT", f"/enrolments/{enrolment}/contact", NEW, Authorization=f"Bearer {SCOPED}")
    assert forbidden.status_code == 403
