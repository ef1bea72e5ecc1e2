"""Staff say that a form which waits for them is not the organisation's."""

from __future__ import annotations

from services.enrollment.adapters import organisations, programmes, sign_ups
from services.enrollment.domain.sign_up import dismiss
from shared.base.answers import Answer
from shared.contracts.enrollment import DismissSignUp
from shared.storage.tx import Tx


async def dismiss_sign_up(tx: Tx, command: DismissSignUp) -> Answer:
    before = await sign_ups.lock(tx, command.sign_up_id)
    programme = await programmes.load(tx, before.command.programme_id) if before else None
    entry = await organisations.load(tx, before.organisation_code) if before else None

    decided = dismiss(before, programme, entry, tx.now)

    await sign_ups.mark(tx, [decided.after])
    tx.tell(decided)
    return Answer({"sign_up_id": decided.after.id, "state": "dismissed"})
