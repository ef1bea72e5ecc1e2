"""Who speaks for organisations is known better now: forms that waited for that get their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.enrollment.adapters import programmes, sign_ups
from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.sign_up import hopeful, let_in
from services.enrollment.usecases.give_places import Asking, give_places
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def let_waiting_in(tx: Tx, entries: Sequence[Entry], vouched: str | None = None) -> list[dict[str, Any]]:
    """`entries` are locked, and are so from now on. What became of each form, in the order they came in.

    One that is refused (the last place is taken, say) waits on, for staff to see.
    """
    book = {entry.organisation.code: entry for entry in entries}
    known = await programmes.lock_many(tx, await sign_ups.load_programmes_of_waiting(tx, book))
    waiting = await sign_ups.lock_waiting(tx, book, hopeful(entries, known))

    admitted = let_in(book, waiting, known, vouched)

    outcomes = await give_places(tx, [Asking.by_form(one, tx.cause) for one in admitted])
    decided = list(zip(admitted, outcomes, strict=True))
    done = [replace(one, confirmed_at=tx.now) for one, outcome in decided if not isinstance(outcome, Refused)]
    await sign_ups.mark(tx, done)
    return [
        {
            "sign_up_id": one.id,
            "programme_id": one.command.programme_id,
            "enrolment_id": one.enrolment_id,
            "outcome": outcome.code if isinstance(outcome, Refused) else outcome.body["state"],
        }
        for one, outcome in decided
    ]
