"""The contact's links have come into the wrong hands: they are closed, and new ones go to the mailbox.

A contact who takes part as well has links of their own there, which are closed with the others.
"""

from __future__ import annotations

from services.enrollment.adapters import enrolments, links, mailbox_codes, programmes
from services.enrollment.domain.contact import close_links, require_links, with_new_links
from services.enrollment.domain.contact import revoke_links as decide
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.usecases.close_links import close_visits, load_linked
from shared.base.answers import Answer
from shared.contracts.enrollment import RevokeLinks
from shared.storage.tx import Tx


async def revoke_links(tx: Tx, command: RevokeLinks) -> Answer:
    """By staff, or by the contact. Whichever browser has shown the mailbox has to do so again."""
    known = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    after = with_new_links(require_links(known, tx.cause.person_id))
    programme = await programmes.load_of(tx, after)

    own = await load_linked(tx, programme, after, after.known_contact.person_id)

    decided = decide(
        after,
        programme,
        participants_path=links.participants_path_of(tx.links, after),
        standing_path=links.standing_path_of(tx.links, after),
    )
    theirs = close_links(after, programme, *own) if own is not None and own[1].takes_part else None

    await enrolments.save(tx, decided.after, tx.cause)
    await mailbox_codes.forget_mailbox(tx, mailbox_codes.mark_of(tx.links, after.known_contact.email))
    tx.tell(decided)
    if own is not None and theirs is not None:
        tx.tell(theirs)
        await close_visits(tx, programme, after, *own)
    return Answer({"enrolment_id": after.id})
