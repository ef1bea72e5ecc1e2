"""Staff, or the system that runs its track, say that a municipality is through a step."""

from __future__ import annotations

from services.scheduling.adapters import steps
from services.scheduling.domain.track import complete, step_id
from services.scheduling.usecases.read_steps import shown
from shared.base.answers import Answer
from shared.contracts.scheduling import CompleteStep
from shared.contracts.time import day_of
from shared.storage.tx import Tx


async def complete_step(tx: Tx, command: CompleteStep) -> Answer:
    course = await steps.lock_course(tx, command.programme_id)
    known = await steps.load(
        tx, step_id(command.programme_id, command.enrolment_id, command.track, command.phase, command.step)
    )
    before = known[0] if known else None

    decided = complete(course, before, command, tx.source, day_of(tx.now))

    if decided.after != before:
        await steps.insert(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(shown(decided.after))
