"""What a participant needs at a meeting is said or taken back: by themselves, or by whoever registered them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from services.enrollment.adapters import meetings, needs
from services.enrollment.domain.needs import Needs, asked, forgetting, say
from services.enrollment.usecases.lock_roster import lock_roster
from shared.base.answers import Answer
from shared.contracts.bounds import Id, Line
from shared.contracts.event import Command
from shared.storage.tx import Tx


class SetNeeds(Command):
    """All that is said: what is left out is not kept, and nothing at all takes it back.

    It is no command of the intake: a topic keeps for 90 days what is said on it.
    """

    service: ClassVar[str] = "enrollment"

    enrolment_id: Id
    meeting_id: Id
    person_id: Id
    diet: tuple[Id, ...] = Field(default=(), max_length=30)
    diet_text: Line = ""
    access: tuple[Id, ...] = Field(default=(), max_length=30)
    access_text: Line = ""
    consent: bool = False


async def set_needs(tx: Tx, command: SetNeeds) -> Answer:
    """The answer, which is stored, says whether something is kept, and nothing of it."""
    roster = await lock_roster(tx, command.enrolment_id, command.meeting_id)
    # Whoever calls the meeting off meanwhile is waited for, or finds what is said here.
    copy = await meetings.lock_shared(tx, command.meeting_id)
    roster = replace(roster, meeting=copy.meeting, meeting_state=copy.state)
    before = await needs.load(tx, roster.id, command.person_id)
    own, term = tx.cause.is_by(command.person_id), asked(roster)
    wish = Needs(
        person_id=command.person_id,
        diet=tuple(dict.fromkeys(command.diet)),
        diet_text=" ".join(command.diet_text.split()),
        access=tuple(dict.fromkeys(command.access)),
        access_text=" ".join(command.access_text.split()),
        consent=term.consent if term else "",
        keep_days=term.keep_days if term else 0,
        consented_at=tx.now,
        own=own,
    )
    by_another = not own and (tx.cause.is_person or tx.cause.client is not None)

    kept = say(roster, wish, before, tx.now, consent=command.consent, by_another=by_another)

    if kept is None:
        await needs.remove(tx, roster.id, command.person_id)
    elif kept != before:
        await needs.save(tx, roster.id, kept, tx.cause)
        tx.set(forgetting(copy, (await needs.load_kept(tx, [copy.meeting.id]))[copy.meeting.id], tx.now))
    return Answer({"person_id": command.person_id, "kept": kept is not None})
