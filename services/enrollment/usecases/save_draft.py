"""Somebody saves a form that they will go on with later. The first time the link to it is mailed to them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.enrollment.adapters import drafts, links, programmes
from services.enrollment.domain.draft import begin, mailbox_of, save_again
from shared.base.answers import Answer
from shared.base.ids import new_id, random_id
from shared.contracts.bounds import MOST, Id, Line, Name, Text
from shared.contracts.event import Command
from shared.storage.tx import Tx

MOST_FIELDS = 150


class SaveDraft(Command):
    """`draft_id` empty = it is begun; `revision` is the one that was opened. `caller` as of `ReceiveSignUp`."""

    programme_id: Id
    typed: dict[Name, Text] = Field(max_length=MOST_FIELDS)
    draft_id: Id = ""
    revision: Annotated[int, Field(ge=0, le=MOST)] = 0
    caller: Line = Field(default="", exclude=True)


async def save_draft(tx: Tx, command: SaveDraft) -> Answer:
    programme = await programmes.lock_going_on_by_id(tx, command.programme_id)
    if command.draft_id:
        known = await drafts.lock(tx, command.draft_id)
        decided = save_again(programme, known, command.typed, command.revision, tx.now)
    else:
        caller, draft_id = links.caller_mark(tx.links, command.caller), new_id()
        mails = await drafts.lock_mails(tx, mailbox_of(command.typed), caller)
        decided = begin(
            programme,
            command.typed,
            mails,
            draft_id=draft_id,
            person_id=random_id(),
            caller=caller,
            draft_path=links.draft_path(tx.links, draft_id, command.programme_id),
            now=tx.now,
            source=tx.source,
        )

    await drafts.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer({"revision": decided.after.revision})
