"""What it would come to if a programme file were published: it is done, and all of it undone."""

from __future__ import annotations

from pydantic import Field

from services.enrollment.adapters import programmes
from services.enrollment.domain.programme_preview import Differences, Standing, differences
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.read_programme_page import read_concerned
from shared.base.answers import Answer
from shared.contracts.bounds import LONGEST_FILE
from shared.contracts.event import Command
from shared.storage.tx import Tx

ROOM = 10_000
"""Whoever moves up by it, at once: when it is published a timer goes on with those that one transaction has no room
for.
"""


class RehearseProgramme(Command):
    """As `PublishProgramme`."""

    file: str = Field(max_length=LONGEST_FILE)


async def rehearse_programme(tx: Tx, command: RehearseProgramme) -> Answer:
    """What publishing would answer, and `before`: the version that holds now (0 = none); what changes since in
    `changes` (field by field) and `effects` (for whom); `told`: how many facts of each kind; `facts`: themselves, as
    the other services would hear them. Refused as publishing would be.
    """
    async with tx.rehearsal(ROOM):
        answer = await publish_programme(tx, PublishProgramme(file=command.file))
        told, facts = tx.will_tell(), tx.will_say()
    programme_id = answer.body["programme_id"]
    current = await programmes.load(tx, programme_id)
    text = (await programmes.load_newest_file(tx, programme_id))[0] if current else None
    concerned = await read_concerned(tx, programme_id)
    who = Standing(concerned.with_place, concerned.waiting, concerned.invited)
    changed = differences(text, command.file, who) if text else Differences((), ())
    return Answer(
        {
            **answer.body,
            "before": current.ref.version if current else 0,
            "changes": list(changed.changes),
            "effects": list(changed.effects),
            "told": dict(told),
            "facts": facts,
        }
    )
