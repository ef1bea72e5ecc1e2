"""A programme in the editor is thrown away, or has been published."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.enrollment.adapters import programme_drafts
from services.enrollment.domain.programme_draft import require_edition, unknown_draft
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class DiscardProgrammeDraft(Command):
    """`edition` is the one that was shown: what somebody saved since is not thrown away unseen."""

    draft_id: Id
    edition: Annotated[int, Field(ge=1, le=2**31 - 1)]


async def discard_programme_draft(tx: Tx, command: DiscardProgrammeDraft) -> Answer:
    draft = await programme_drafts.lock(tx, command.draft_id)
    if draft is None:
        raise unknown_draft()
    require_edition(draft, command.edition)
    await programme_drafts.forget(tx, draft.id)
    return Answer({"draft_id": draft.id})
