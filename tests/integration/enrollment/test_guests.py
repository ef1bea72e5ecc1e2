"""Guests at single meetings hold no seat of a municipality: staff invite them to one meeting, and take them off it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.read_guests import read_guests
from services.enrollment.usecases.read_rosters import read_rosters
from services.enrollment.usecases.remove_guest import remove_guest
from shared.base.answers import Answer
from shared.contracts.enrollment import GuestInvited, GuestRemoved, InviteGuest, RemoveGuest
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingScheduled
from shared.storage.tx import Tx
from tests.integration.enrollment.test_members import P3, has_meeting, published
from tests.integration.enrollment.test_team import ENROLMENT, NAMES, P4, enrolled
from tests.integration.enrollment.test_team import has_meeting as of_the_team
from tests.support.enrollment_desk import P1, Desk
from tests.support.enrollment_web import SCOPED, Town
from tests.support.meeting_point import meet


def inviting(meeting_id: str, name: str = "Lærke", track: str | None = "unge", programme: str = P4) -> InviteGuest:
    email = f"{name.lower().replace('æ', 'ae')}@fgu.example"
    return InviteGuest(programme_id=programme, meeting_id=meeting_id, name=name, email=email, track=track)


async def test_a_guest_comes_to_one_meeting_and_takes_nobodys_seat(desk: Desk) -> None:
    await enrolled(desk, *NAMES)
    meeting = await of_the_team(desk)
    before = await desk.read(read_rosters, enrolment_id=ENROLMENT)
    answer = await desk.ask(invite_guest, inviting(meeting.id))
    (fact,) = await desk.told()
    assert isinstance(fact, GuestInvited)
    assert (fact.guest.name, fact.track, fact.meeting.id) == ("Lærke", "unge", meeting.id)
    assert (fact.subject, "laerke" in fact.subject) == (f"guest/{answer['person_id']}", False)
    # Said again it changes nothing, however the address is written; of another name it is refused.
    again = inviting(meeting.id).model_copy(update={"email": "Laerke@FGU.example"})
    assert (await desk.ask(invite_guest, again))["person_id"] == answer["person_id"]
    assert await desk.told() == []
    other = inviting(meeting.id).model_copy(update={"name": "Lise"})
    assert (await desk.refusal(invite_guest, other)).code == "already_invited"
    desk.time += timedelta(minutes=1)
    await desk.ask(invite_guest, inviting(meeting.id, "Magne", None))
    shown = await desk.read(read_guests, programme_id=P4, meeting_id=meeting.id, limit="1")
    assert [(one["name"], one["track"]) for one in shown["guests"]] == [("Lærke", "unge")]
    rest = await desk.read(read_guests, programme_id=P4, meeting_id=meeting.id, cursor=shown["next"])
    assert [(one["name"], one["track"]) for one in rest["guests"]] == [("Magne", None)]
    assert await desk.read(read_rosters, enrolment_id=ENROLMENT) == before
    # Whoever is taken off leaves nothing behind.
    await desk.told()
    gone = RemoveGuest(programme_id=P4, meeting_id=meeting.id, person_id=answer["person_id"])
    await desk.ask(remove_guest, gone)
    (fact,) = await desk.told()
    assert isinstance(fact, GuestRemoved)
    assert fact.guest.person_id == answer["person_id"]
    assert await desk.pool.fetchval("SELECT count(*) FROM guests") == 1
    assert (await desk.refusal(remove_guest, gone)).code == "not_a_guest"


async def test_nobody_is_invited_to_what_is_not_there_or_not_ahead(desk: Desk) -> None:
    await published(desk)
    meeting = await has_meeting(desk)

    async def why(wish: InviteGuest) -> str:
        return (await desk.refusal(invite_guest, wish)).code

    assert await why(inviting(meeting.id, programme="ukendt")) == "unknown_programme"
    assert await why(inviting("m-unknown", programme=P3)) == "unknown_meeting"
    assert await why(inviting(meeting.id, programme=P3)) == "unknown_track"
    await desk.publish()
    assert await why(inviting(meeting.id, track=None, programme=P1)) == "unknown_meeting"
    await desk.ask(invite_guest, inviting(meeting.id, track=None, programme=P3))
    await has_meeting(desk, MeetingScheduled, desk.time.date().isoformat())
    assert await why(inviting(meeting.id, "Magne", None, P3)) == "meeting_begun"


async def test_two_who_invite_the_same_guest_at_once_invite_one(desk: Desk) -> None:
    await published(desk)
    meeting = await has_meeting(desk)

    def call(tx: Tx) -> Any:
        return invite_guest(tx, inviting(meeting.id, track=None, programme=P3))

    first, second = await meet(desk, call, call)
    assert isinstance(second, Answer)
    assert first.body == second.body
    assert [type(one) for one in await desk.told()] == [GuestInvited]

    def other(tx: Tx) -> Any:
        return invite_guest(tx, inviting(meeting.id, "Ny", None, P3))

    def same_address(tx: Tx) -> Any:
        wish = inviting(meeting.id, track=None, programme=P3).model_copy(update={"email": "NY@fgu.example"})
        return invite_guest(tx, wish)

    _, refused = await meet(desk, other, same_address)
    assert isinstance(refused, Refused)
    assert refused.code == "already_invited"
    with pytest.raises(asyncpg.UniqueViolationError):
        await desk.pool.execute("UPDATE guests SET guest_email = 'Ny@FGU.example'")


async def test_guests_are_staffs_over_the_api(town: Town) -> None:
    await enrolled(town.desk)
    meeting = await of_the_team(town.desk)
    path = f"/programmes/{P4}/meetings/{meeting.id}/guests"
    body = {"name": "Lærke", "email": "laerke@fgu.example", "track": "fgu-og-ungdomsuddannelser"}
    theirs = {"Authorization": f"Bearer {SCOPED}"}
    for method in ("GET", "POST"):
        assert (await town.api(method, path, body, **theirs)).status_code == 403
    made = await town.api("POST", path, body)
    assert made.status_code == 201, made.text
    listed = (await town.api("GET", path)).json()["guests"]
    assert [(one["person_id"], one["track"]) for one in listed] == [
        (made.json()["person_id"], "fgu-og-ungdomsuddannelser")
    ]
    assert (await town.api("DELETE", f"{path}/{made.json()['person_id']}")).status_code == 200
    assert (await town.api("GET", path)).json()["guests"] == []
