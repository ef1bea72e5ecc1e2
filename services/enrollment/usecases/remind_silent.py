"""The day of the reminder: only those who were invited and have not answered."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, invitations, links, organisations, programmes
from services.enrollment.domain.invitation import remind
from services.enrollment.domain.programme import takes_sign_ups
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_silent(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        programme, round_id = await programmes.load(tx, timer.data["programme_id"]), timer.data["round_id"]
        if programme is None or not takes_sign_ups(programme, tx.now):
            continue
        invited = await enrolments.lock_many(tx, await invitations.load_not_reminded(tx, programme.id, round_id))
        book = await organisations.load_many(tx, [one.organisation.code for one in invited.values()])
        paths = {one: links.sign_up_path(tx.links, programme.id, one) for one in invited}

        decided = remind(programme, round_id, book, invited, paths)

        await invitations.mark_reminded(tx, programme.id, round_id, [one.id for one in decided.after])
        tx.tell(decided, because=timer.cause)
