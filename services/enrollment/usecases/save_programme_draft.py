"""Staff save a programme in the editor."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.enrollment.adapters import programme_drafts
from services.enrollment.domain.programme_draft import saved, unknown_draft
from shared.base.answers import Answer
from shared.contracts.bounds import LONGEST_FILE, MOST_LINES, Id, Line
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

MOST_STEPS = 20


class SaveProgrammeDraft(Command):
    """`edition` is the one that was opened. `seen`: places whose proposed day somebody has looked at."""

    draft_id: Id
    edition: Annotated[int, Field(ge=1, le=2**31 - 1)]
    file: str = Field(max_length=LONGEST_FILE)
    seen: tuple[Annotated[tuple[Line, ...], Field(max_length=MOST_STEPS)], ...] = Field(
        default=(), max_length=MOST_LINES
    )


async def save_programme_draft(tx: Tx, command: SaveProgrammeDraft) -> Answer:
    """Refused 409 `draft_edited`, 404 `unknown_draft`."""
    draft = await programme_drafts.lock(tx, command.draft_id)
    if draft is None:
        raise unknown_draft()

    after = saved(draft, command.edition, command.file, command.seen, now=tx.now, by=tx.cause.actor or "")

    if after.programme_id != draft.programme_id:
        other = await programme_drafts.lock_id_of(tx, after.programme_id)
        if other is not None:
            raise Refused("draft_there", "En anden kladde hedder allerede det. Vælg et andet kort navn.", field="id")
    if after is not draft:
        await programme_drafts.save(tx, after, tx.cause)
    return Answer({"draft_id": after.id, "edition": after.edition})
