"""What a version of a programme would make of its meetings, before it is published: nothing of it is kept or told."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from services.scheduling.domain.advice import describe_change
from services.scheduling.usecases.follow_programmes import change_meetings, plan_meetings
from shared.base import hearsay
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.enrollment import ProgrammeChanged, ProgrammePublished
from shared.contracts.event import Command, Event
from shared.contracts.scheduling import MeetingFact
from shared.storage.tx import Tx

_HEARS: Mapping[type[Event], hearsay.Hears] = {
    ProgrammePublished: plan_meetings,
    ProgrammeChanged: change_meetings,
}
ROOM = 10_000
"""More meetings than a file of the longest can name."""


class RehearseMeetings(Command):
    """`facts`: what `enrollment` would tell, as CloudEvents in JSON."""

    programme_id: Id
    facts: tuple[hearsay.Fact, ...] = Field(max_length=hearsay.MOST)


async def rehearse_version(tx: Tx, command: RehearseMeetings) -> Answer:
    """The facts that the meetings would be told by; `elsewhere`: another system leads them. Refused `not_facts`."""
    heard = hearsay.read(command.facts, [*_HEARS], command.programme_id, tx.cause)
    async with tx.rehearsal(ROOM):
        await hearsay.hear(tx, heard, _HEARS)
        said = tx.will_say()
    told = hearsay.read(said, MeetingFact.__subclasses__(), command.programme_id, tx.cause)
    changed = [describe_change(one.data) for one in told]
    elsewhere = any(one.data.programme.meetings_owner != tx.source for one in heard)
    return Answer({"programme_id": command.programme_id, "meetings": changed, "elsewhere": elsewhere, "facts": said})
