"""What a version of a programme would mail to whom, before it is published.

What the other services would tell is heard as it will be heard, by the same use cases, and what they have written is
counted. Then all of it is undone: nothing is kept, nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from services.notifications.adapters import confirmed, enrolments, meetings, messages
from services.notifications.domain.letter import TITLES
from services.notifications.usecases.announce_meeting import (
    announce_cancellation,
    announce_meeting,
    announce_move,
    note_planned_meeting,
)
from services.notifications.usecases.confirm_place import confirm_place
from services.notifications.usecases.follow_members import note_missing_mailbox, welcome_member
from services.notifications.usecases.remember_programme import remember_programme
from shared.base import hearsay
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.enrollment import (
    EnrolmentFact,
    MemberAdmitted,
    MemberMailboxMissing,
    MunicipalityEnrolled,
    ProgrammeChanged,
    ProgrammePublished,
)
from shared.contracts.event import Command, Event
from shared.contracts.scheduling import (
    MeetingCancelled,
    MeetingFact,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
)
from shared.storage.tx import Tx

HEARS: Mapping[type[Event], hearsay.Hears] = {
    ProgrammePublished: remember_programme,
    ProgrammeChanged: remember_programme,
    MunicipalityEnrolled: confirm_place,
    MemberAdmitted: welcome_member,
    MemberMailboxMissing: note_missing_mailbox,
    MeetingPlanned: note_planned_meeting,
    MeetingScheduled: announce_meeting,
    MeetingRescheduled: announce_move,
    MeetingCancelled: announce_cancellation,
}
"""Whatever publishing a programme leads to, as `entrypoints/kafka.py` has it."""
ROOM = 5_000
"""Letters, in one rehearsal. What is more is left to a timer, and then the number is said to be a part of it."""


class RehearseMails(Command):
    """`facts`: what `enrollment` and `scheduling` would tell, as CloudEvents in JSON, in that order."""

    programme_id: Id
    facts: tuple[hearsay.Fact, ...] = Field(max_length=hearsay.MOST)


async def rehearse_mails(tx: Tx, command: RehearseMails) -> Answer:
    """How many mails go out to how many mailboxes, and which; `failing` are those to addresses that are none.

    `tomorrow`: main mailboxes that are told on the morning after of a form of theirs that gets a place. `complete` is
    False when there are more than were counted. Refused `not_facts`.
    """
    heard = hearsay.read(command.facts, [*HEARS], command.programme_id, tx.cause)
    told = {one.data.meeting.id for one in heard if isinstance(one.data, MeetingFact)}
    known = await meetings.load(tx, told)
    about = {one.data.enrolment_id for one in heard if isinstance(one.data, EnrolmentFact)}
    joined = await enrolments.load(tx, about)
    of = {*(one.programme.id for one in known.values()), *(one.programme_id for one in joined.values())}
    if of - {command.programme_id}:
        raise hearsay.not_facts()
    enrolled = [one.data.enrolment_id for one in heard if isinstance(one.data, MunicipalityEnrolled)]
    newest = await messages.load_last_number(tx)
    async with tx.rehearsal(ROOM):
        await hearsay.hear(tx, heard, HEARS)
        written = await messages.count_written(tx, newest, tx.cause.correlation_id)
        tomorrow = await confirmed.count_told_of(tx, enrolled)
        complete = tx.room > 0
    return Answer(
        {
            "programme_id": command.programme_id,
            "mails": sum(one.mails for one in written),
            "mailboxes": written[0].mailboxes if written else 0,
            "failing": sum(one.failing for one in written),
            "tomorrow": tomorrow,
            "complete": complete,
            "letters": [
                {
                    "template": one.template,
                    "title": TITLES.get(one.template, one.template),
                    "meeting": one.meeting,
                    "mails": one.mails,
                }
                for one in written
                if one.mails
            ],
        }
    )
