"""Two who change an enrolment, or who comes to its meetings, at the same moment come one after the other."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

from services.enrollment.domain.sign_up import MAILS_A_DAY
from services.enrollment.usecases.change_group import change_group
from services.enrollment.usecases.follow_meetings import follow_meetings
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.cloudevents import Received
from shared.contracts.enrollment import ChangeGroup, EnrolmentReceived, RegisterParticipant, WithdrawEnrolment
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import MeetingRescheduled
from shared.storage.tx import Tx
from tests.support.enrollment_desk import CAUSE, Desk, confirmed, sign_up
from tests.support.facts import DAY, MEETINGS_OWNER, PROGRAMME
from tests.support.meeting_point import meet


def withdrawing(enrolment: str) -> Any:
    return lambda tx: withdraw_enrolment(tx, WithdrawEnrolment(enrolment_id=enrolment))


def registering(enrolment: str, meeting: str) -> Any:
    def register(tx: Tx) -> Awaitable[Answer]:
        person = {"name": "Bo Prøvesen", "email": "bo@k0751.example"}
        return register_participant(tx, RegisterParticipant(enrolment_id=enrolment, meeting_id=meeting, **person))

    return register


async def registered(desk: Desk) -> int:
    count: int = await desk.pool.fetchval("SELECT count(*) FROM seats")
    return count


async def state(desk: Desk) -> str:
    found: str = await desk.pool.fetchval("SELECT state FROM enrolments")
    return found


async def test_nobody_is_registered_for_a_municipality_that_is_just_leaving(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    meeting = await desk.has_meeting()
    _, second = await meet(desk, withdrawing(enrolment), registering(enrolment, meeting.id))
    assert isinstance(second, Refused)
    assert second.code == "no_place"
    assert await registered(desk) == 0


async def test_a_municipality_that_leaves_takes_along_whoever_is_just_being_registered(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    meeting = await desk.has_meeting()
    await meet(desk, registering(enrolment, meeting.id), withdrawing(enrolment))
    assert await state(desk) == "withdrawn"
    assert await registered(desk) == 0


async def test_a_municipality_that_is_just_leaving_does_not_get_its_place_back_by_another_group(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    _, second = await meet(
        desk, withdrawing(enrolment), lambda tx: change_group(tx, ChangeGroup(enrolment_id=enrolment, group="oest"))
    )
    assert isinstance(second, Refused)
    assert await state(desk) == "withdrawn"


async def test_whoever_is_just_being_registered_leaves_the_meetings_of_the_group_that_is_left(desk: Desk) -> None:
    enrolment = await desk.has_enrolled()
    meeting = await desk.has_meeting()
    await meet(
        desk,
        registering(enrolment, meeting.id),
        lambda tx: change_group(tx, ChangeGroup(enrolment_id=enrolment, group="oest")),
    )
    assert await registered(desk) == 0


async def test_two_forms_that_come_at_once_do_not_both_get_the_last_mail_of_the_day(desk: Desk) -> None:
    """With addresses that nobody has typed before, too: there is no row that could be locked."""
    await desk.publish(confirmed("main_mailbox"))
    await desk.knows(main_email="post@aarhus.example")
    for number in range(MAILS_A_DAY - 1):
        await desk.form(caller=f"198.51.100.{number}", contact_email=f"nr{number}@k0751.example")

    def sending(name: str) -> Any:
        form = sign_up(contact_email=f"{name}@k0751.example")
        return lambda tx: receive_sign_up(tx, ReceiveSignUp(form=form, caller=name))

    await meet(desk, sending("first"), sending("second"))
    assert [type(one) for one in await desk.told()] == [EnrolmentReceived]
    assert await desk.pool.fetchval("SELECT count(*) FROM sign_ups WHERE mailed") == MAILS_A_DAY
    assert await desk.pool.fetchval("SELECT count(*) FROM sign_ups") == MAILS_A_DAY + 1


async def test_a_meeting_s_copy_is_the_newest_of_two_that_are_told_at_once(desk: Desk) -> None:
    """Under subjects of their own, as another system may tell them; else the stream keeps their order."""
    await desk.has_enrolled()
    meeting = await desk.has_meeting()

    def moved(sequence: int) -> Received[Any]:
        version = meeting.model_copy(update={"title": f"Version {sequence}"})
        fact = MeetingRescheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=version, previous=DAY)
        return Received(
            fact, MEETINGS_OWNER, f"e{sequence}", fact.type, f"meeting/{sequence}", sequence, desk.time, CAUSE
        )

    await meet(desk, lambda tx: follow_meetings(tx, [moved(5)]), lambda tx: follow_meetings(tx, [moved(4)]))
    kept = json.loads(await desk.pool.fetchval("SELECT meeting::text FROM meetings WHERE id = $1", meeting.id))
    assert kept["title"] == "Version 5"
