"""A mail with a calendar's reply comes in → the answer of the one who was invited is set, and told."""

from __future__ import annotations

from services.notifications.adapters import answers
from services.notifications.adapters.calendar.reply_mail import read_mail
from services.notifications.domain.calendar.replies import (
    OUTCOMES,
    Outcome,
    follow_reply,
    outcome_of,
    read_reply,
    whose,
)
from shared.base.answers import Answer
from shared.storage.tx import Tx


async def note_answer(tx: Tx, mail: bytes) -> Answer:
    """The body says what became of it, and names nobody. Refused when the mail holds no reply that can be read.

    The same mail again changes nothing.
    """
    read = read_mail(mail)
    reply = read_reply(read.ics, read.addressed)
    meeting_id = await answers.load_meeting_id(tx, reply.uid)
    if meeting_id is None:
        return _answer("unknown_meeting")
    address = whose(reply, await answers.load_addresses(tx, meeting_id))
    invited = None if address is None else await answers.lock(tx, meeting_id, address)
    if invited is None:
        return _answer("not_invited", meeting_id)

    decided = follow_reply(reply, invited, tx.now, tx.source)

    if decided.after != invited:
        await answers.save(tx, decided.after)
    tx.tell(decided)
    return _answer(outcome_of(reply, invited, tx.now), meeting_id)


def _answer(outcome: Outcome, meeting_id: str | None = None) -> Answer:
    return Answer({"outcome": outcome, "detail": OUTCOMES[outcome], "meeting_id": meeting_id})
