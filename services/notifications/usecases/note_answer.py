"""A mail with a calendar's reply comes in → the answer of the one who was invited is set, and told."""

from __future__ import annotations

from services.notifications.adapters import answers
from services.notifications.adapters.calendar.reply_mail import read_mail
from services.notifications.domain.calendar.replies import OUTCOMES, Outcome, follow_reply, read_reply, whose
from shared.base.answers import Answer
from shared.contracts.notifications import InvitationAnswered
from shared.storage.tx import Tx


async def note_answer(tx: Tx, mail: bytes) -> Answer:
    """The body says what became of it, and names nobody. Refused when the mail holds no reply that can be read.

    The same mail again changes nothing.
    """
    read = read_mail(mail)
    reply = read_reply(read.ics, read.addressed)
    meeting_id = await answers.meeting_of(tx, reply.uid)
    if meeting_id is None:
        return _answer("unknown_meeting")
    address = whose(reply, await answers.addresses(tx, meeting_id))
    invited = None if address is None else await answers.lock(tx, meeting_id, address)
    outcome, given = follow_reply(reply, invited, tx.now)
    if invited is not None and given is not None:
        await answers.save(tx, invited, given)
    if invited is not None and given is not None and outcome == "recorded":
        tx.publish(
            InvitationAnswered(
                owner=tx.source,
                programme_id=invited.programme_id,
                meeting_id=meeting_id,
                recipient=invited.person_id,
                answer=given.answer,
                date_version=invited.date_version,
                answered_at=given.stamped,
            )
        )
    return _answer(outcome, meeting_id)


def _answer(outcome: Outcome, meeting_id: str | None = None) -> Answer:
    return Answer({"outcome": outcome, "detail": OUTCOMES[outcome], "meeting_id": meeting_id})
