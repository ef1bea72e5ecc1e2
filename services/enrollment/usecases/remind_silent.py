"""The day of the reminder: only those who were invited and have not answered."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, invitations, links, organisations, programmes
from services.enrollment.domain.enrolment import deadline_passed
from services.enrollment.domain.invitation import mailboxes
from shared.contracts.enrollment import InvitationReminderDue
from shared.runtime.timers import Timer
from shared.storage.tx import Tx


async def remind_silent(tx: Tx, timers: Sequence[Timer]) -> None:
    for timer in timers:
        programme = await programmes.load(tx, timer.data["programme_id"])
        if programme is None or not programme.open or deadline_passed(programme, tx.now):
            continue
        silent = await invitations.remind(tx, programme.id, timer.data["round_id"])
        found = await enrolments.lock(tx, silent)
        book = await organisations.by_code(tx, [one.organisation.code for one in found.values()])
        for enrolment in sorted(found.values(), key=lambda one: list(book).index(one.organisation.code)):
            tx.publish(
                InvitationReminderDue(
                    owner=programme.ref.owner,
                    programme=programme.ref,
                    enrolment_id=enrolment.id,
                    organisation=enrolment.organisation,
                    round_id=timer.data["round_id"],
                    to=mailboxes(book[enrolment.organisation.code]),
                    deadline=programme.terms.terms.deadline,
                    sign_up_path=links.sign_up_path(tx.links, programme.id, enrolment.id),
                ),
                because=timer.cause,
            )
