"""Whoever has the link of a form takes it back: before it is confirmed, and as long as it waits for staff."""

from __future__ import annotations

from services.enrollment.adapters import organisations, programmes, sign_ups
from services.enrollment.domain.ended_forms import take_back
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.storage.tx import Tx


class TakeBackSignUp(Command):
    sign_up_id: Id


async def take_back_sign_up(tx: Tx, command: TakeBackSignUp) -> Answer:
    before = await sign_ups.lock(tx, command.sign_up_id)
    programme = await programmes.load(tx, before.command.programme_id) if before else None
    entry = await organisations.load(tx, before.organisation_code) if before else None

    decided = take_back(before, programme, entry, tx.now)

    if decided.after != before:
        await sign_ups.mark(tx, [decided.after])
    tx.tell(decided)
    return Answer({"sign_up_id": decided.after.id, "state": "taken_back"})
