"""Somebody gets a toy."""

from __future__ import annotations

from collections.abc import Sequence

from services.toy.adapters import toys
from services.toy.domain.toy import give
from shared.contracts.toy import GiveToy

from shared.base.answers import Answer
from shared.base.cloudevents import Received
from shared.contracts.enrollment import MunicipalityEnrolled
from shared.storage.tx import Tx


async def give_toy(tx: Tx, command: GiveToy) -> Answer:
    before = await toys.lock(tx, command.toy_id)
    decided = give(before, command.toy_id, command.to, tx.source)
    if decided.after != before:
        await toys.save(tx, decided.after)
    tx.tell(decided)
    return Answer({"toy_id": decided.after.toy_id})


async def welcome(tx: Tx, events: Sequence[Received[MunicipalityEnrolled]]) -> None:
    for event in events:
        toy_id = event.data.organisation.code
        before = await toys.lock(tx, toy_id)
        decided = give(before, toy_id, event.data.organisation.name, tx.source)
        if decided.after != before:
            await toys.save(tx, decided.after)
        tx.tell(decided, because=event.cause)
