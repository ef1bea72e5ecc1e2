"""Somebody says how a place of a programme is to be read, and stands by it."""

from __future__ import annotations

from typing import Annotated

import structlog
from pydantic import Field

from services.enrollment.adapters import programme_drafts
from services.enrollment.domain.programme_draft import choose, unknown_draft
from services.enrollment.usecases.save_programme_draft import MOST_STEPS
from shared.base.answers import Answer
from shared.contracts.bounds import Id, Line
from shared.contracts.event import Command
from shared.storage.tx import Tx

_log = structlog.get_logger()


class ChooseReading(Command):
    """`where` is the place, step by step; `why` is kept with a reading of the file's own."""

    draft_id: Id
    edition: Annotated[int, Field(ge=1, le=2**31 - 1)]
    where: tuple[Line, ...] = Field(max_length=MOST_STEPS)
    chosen: Line
    why: Line = ""


async def choose_reading(tx: Tx, command: ChooseReading) -> Answer:
    draft = await programme_drafts.lock(tx, command.draft_id)
    if draft is None:
        raise unknown_draft()

    by = tx.cause.actor or ""
    after = choose(draft, command.edition, command.where, command.chosen, command.why, now=tx.now, by=by)

    await programme_drafts.save(tx, after, tx.cause)
    _log.info(
        "reading_chosen", programme=after.programme_id, about=".".join(command.where), chosen=command.chosen, by=by
    )
    return Answer({"draft_id": after.id, "edition": after.edition})
