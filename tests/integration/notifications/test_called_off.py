"""A programme is called off: each organisation reads it once, and participants' calendars follow the meetings."""

from __future__ import annotations

import itertools
from typing import Any

from shared.contracts.enrollment import EnrolmentCalledOff, Mailbox, ParticipantRegistered
from shared.contracts.event import Event
from shared.contracts.scheduling import MeetingCancelled, MeetingScheduled
from tests.integration.notifications.test_calendars import TABLES
from tests.support import facts
from tests.support.facts import CONTACT, MEETINGS_OWNER, PROGRAMME, a_meeting, an_enrolment
from tests.support.letters import written
from tests.support.room import Room

EXAMPLES: dict[str, Any] = {type(fact).__name__: fact for fact in facts.FACT_EXAMPLES}
CALLED_OFF: EnrolmentCalledOff = EXAMPLES["EnrolmentCalledOff"]
BO = facts.a_person("Bo Prøvesen")


def dated() -> MeetingScheduled:
    return MeetingScheduled(owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=a_meeting())


def cancelled(*, with_programme: bool = True) -> MeetingCancelled:
    meeting = a_meeting(date_version=1)
    return MeetingCancelled(
        owner=MEETINGS_OWNER, programme=PROGRAMME, meeting=meeting, reason="Aflyst.", with_programme=with_programme
    )


def registered() -> ParticipantRegistered:
    told: ParticipantRegistered = EXAMPLES["ParticipantRegistered"]
    return told.model_copy(update={"person": BO, "meeting": a_meeting()})


async def test_a_contact_reads_it_once_and_a_participant_has_the_meeting_taken_out_of_the_calendar(
    desk: Room,
) -> None:
    """In whatever order the two streams are heard."""
    streams: dict[str, list[Event]] = {
        "enrolment": [an_enrolment(), CALLED_OFF],
        "meeting": [dated(), cancelled()],
        "roster": [registered()],
    }
    names = [name for name, told in streams.items() for _ in told]
    outcomes = set()
    for order in sorted(set(itertools.permutations(names))):
        if order.index("roster") > len(order) - 1 - order[::-1].index("meeting"):
            continue  # whoever is registered once it is cancelled is told nothing
        for table in TABLES:
            await desk.pool.execute(f"DELETE FROM {table}")
        left = {name: list(told) for name, told in streams.items()}
        for name in order:
            await desk.hear(left[name].pop(0))
        letters = await written(desk)
        outcomes.add(
            tuple(
                sorted(
                    (one.template, one.email)
                    for one in letters
                    if one.template in {"called_off", "meeting_cancelled", "meeting_left", "registration_cancelled"}
                )
            )
        )
    assert {tuple(sorted({*one})) for one in outcomes} == {
        (("called_off", CONTACT.email), ("meeting_cancelled", BO.email)),
    }


async def test_a_meeting_that_is_cancelled_alone_is_told_the_contact_as_before(desk: Room) -> None:
    await desk.hear(an_enrolment(), dated())
    await desk.hear(cancelled(with_programme=False))
    assert [one.email for one in await written(desk, "meeting_cancelled")] == [CONTACT.email]


async def test_told_again_it_is_mailed_to_nobody_and_an_invited_one_reads_it_at_its_mailboxes(desk: Room) -> None:
    to = (Mailbox(role="hovedpostkasse", email="post@by.example"), Mailbox(role="borgmester", email="bm@by.example"))
    invited = CALLED_OFF.model_copy(update={"standing": "invited", "contact": None, "to": to, "fee": "none"})
    for _ in range(2):
        await desk.hear(invited)
    assert sorted(one.email for one in await written(desk, "called_off")) == ["bm@by.example", "post@by.example"]
