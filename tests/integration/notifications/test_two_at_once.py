"""Two who decide about a mail at the same moment come one after the other, and mails to one mailbox in their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from services.notifications.adapters import invitations, meetings, messages, outgoing
from services.notifications.domain.invitations import Told, follow_meeting
from services.notifications.domain.looks import Look, alarm_of
from services.notifications.domain.message import lose, require_known, take
from services.notifications.usecases.announce_meeting import announce_cancellation, announce_move
from services.notifications.usecases.arm_reminder import arm_reminder
from services.notifications.usecases.look_at_calendars import go_on_with_calendars
from services.notifications.usecases.note_answer import note_answer
from services.notifications.usecases.send_message import send_message
from services.notifications.usecases.settle_message import ResendMessage, SettleMessage, resend_message, settle_message
from shared.base.answers import Answer
from shared.contracts.notifications import ArmReminder, SendMessage
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingCancelled
from shared.runtime.timers import Timer
from shared.storage.tx import Connection, Pool, Tx, transaction
from tests.integration.notifications.test_answers import invited, moved, shown
from tests.support.facts import COMMAND_EXAMPLES, MEETING, MEETINGS_OWNER, PERSON, PROGRAMME, a_meeting, an_enrolment
from tests.support.letters import templates, written
from tests.support.meeting_point import FIRST, meet, meet_now
from tests.support.replies import a_reply
from tests.support.room import BY_HAND, Room

BO = "bo@kobenhavn.example"
LEASE_S = 60.0


async def write(desk: Room, occasion: str, email: str = BO) -> str:
    said = SendMessage(recipient="p", email=email, about="programme/p", occasion=occasion, title="Emne", text="Hej")
    return str((await desk.ask(send_message, said))["message_id"])


async def states(desk: Room) -> dict[str, str]:
    return {message.occasion: message.state for message in await written(desk)}


async def begun(desk: Room) -> str:
    """One message that is being sent by `a`."""
    message_id = await write(desk, "1")
    await outgoing.lease(desk.pool, "a", LEASE_S, 1)
    assert await outgoing.begin(desk.pool, message_id, "a", LEASE_S)
    return message_id


class OneConnection:
    """A pool of a connection that is in a transaction already."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        yield self._connection


async def leasing(tx: Tx, mailer: str, most: int) -> list[str]:
    pool = cast("Pool", OneConnection(tx.connection))
    return [one.message.occasion for one in await outgoing.lease(pool, mailer, LEASE_S, most)]


async def test_two_mailers_at_once_never_take_one_mailbox_s_letters_apart(desk: Room) -> None:
    await write(desk, "1")
    await write(desk, "2")
    await write(desk, "other", "other@kobenhavn.example")
    first, second = await meet(desk, lambda tx: leasing(tx, "a", 1), lambda tx: leasing(tx, "b", 10))
    assert (first, second) == (["1"], ["other"])


@pytest.mark.parametrize("state", ["claimed", "sending"])
async def test_no_later_letter_passes_one_that_is_on_its_way_to_the_same_mailbox(desk: Room, state: str) -> None:
    first = await write(desk, "1")
    await write(desk, "2")
    (leased,) = await outgoing.lease(desk.pool, "a", LEASE_S, 1)
    assert leased.message.id == first
    if state == "sending":
        assert await outgoing.begin(desk.pool, first, "a", LEASE_S)
    assert await outgoing.lease(desk.pool, "b", LEASE_S, 10) == []
    await outgoing.postpone(desk.pool, first, "a", "later", 3600)
    assert await outgoing.lease(desk.pool, "b", LEASE_S, 10) == []


async def test_what_a_person_sends_again_is_not_settled_by_another(desk: Room) -> None:
    message_id = await begun(desk)
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        message = require_known(await messages.lock(tx, message_id))
        await messages.save(tx, [lose(message).after])
    _, second = await meet(
        desk,
        lambda tx: resend_message(tx, ResendMessage(message_id=message_id)),
        lambda tx: settle_message(tx, SettleMessage(message_id=message_id)),
    )
    assert isinstance(second, Refused)
    assert second.code == "nothing_to_decide"
    assert await states(desk) == {"1": "pending"}


async def test_a_mail_that_the_server_has_just_taken_is_not_lost(desk: Room) -> None:
    """The mailer that sent it was held up; another finds its lease run out in the same moment."""
    message_id = await begun(desk)
    await desk.pool.execute("UPDATE messages SET lease_until = now() - interval '1 second'")

    async def sent(tx: Tx) -> None:
        decided = take(require_known(await messages.lock(tx, message_id)), desk.source, tx.now)
        await messages.save(tx, [decided.after])

    async def lost(tx: Tx) -> list[Any]:
        found = await outgoing.lock_lost(tx, "b")
        await messages.save(tx, [lose(message).after for message, _ in found])
        return found

    _, found = await meet(desk, sent, lost)
    assert found == []
    assert await states(desk) == {"1": "sent"}


async def test_nobody_is_invited_to_a_meeting_that_is_just_being_cancelled(desk: Room) -> None:
    """The meeting has many guests: some of the calendars are looked at in a transaction of their own, by a timer."""
    await desk.hear(an_enrolment())
    async with transaction(desk.pool, desk, desk.source, BY_HAND) as tx:
        standing = follow_meeting(None, PROGRAMME, MEETING, "dated", tx.now)
        assert standing is not None
        await meetings.save(tx, [standing])
    left = alarm_of(Look("meeting", MEETING.id, "e1", desk.time), desk.time)
    rest = Timer(left.timer, left.key, desk.time, dict(left.data), FIRST)
    cancelled = desk.received(
        MeetingCancelled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=a_meeting(date_version=1), reason="")
    )
    await meet(desk, lambda tx: announce_cancellation(tx, [cancelled]), lambda tx: go_on_with_calendars(tx, [rest]))
    assert [template for template, _ in await templates(desk)] == ["place_confirmed"]


async def test_of_two_clients_who_arm_one_reminder_at_once_the_first_has_it(desk: Room) -> None:
    (armed,) = (one for one in COMMAND_EXAMPLES if isinstance(one, ArmReminder))

    async def arming(tx: Tx, name: str) -> Answer:
        tx.cause = replace(tx.cause, actor=f"client/{name}")
        return await arm_reminder(tx, armed.model_copy(update={"text": name}))

    _, second = await meet(desk, lambda tx: arming(tx, "crm"), lambda tx: arming(tx, "cms"))
    assert isinstance(second, Refused)
    assert second.code == "armed_by_another"
    assert await desk.pool.fetchval("SELECT text FROM reminders") == "crm"


async def test_an_answer_that_comes_while_the_meeting_moves_is_late_and_not_lost(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at what was told and the change of it: then the answer is to what is told no longer."""
    reply = a_reply(uid=await invited(desk), attendee=PERSON.email)
    moving, save = desk.received(moved(1)), invitations.save
    answering: list[asyncio.Task[Answer | Refused]] = []

    async def save_when_they_have_met(tx: Tx, told: Mapping[invitations.Pair, Told]) -> None:
        if not answering:
            answering.append(await meet_now(desk, lambda other: note_answer(other, reply)))
        await save(tx, told)

    async with transaction(desk.pool, desk, desk.source, FIRST, desk.links) as tx:
        with monkeypatch.context() as patch:
            patch.setattr(invitations, "save", save_when_they_have_met)
            await announce_move(tx, [moving])
    answered = await answering[0]
    assert isinstance(answered, Answer)
    assert answered.body["outcome"] == "stale"
    assert await shown(desk) == [None]
