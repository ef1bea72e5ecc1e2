"""A round of invitations goes out to those of the address book who can be invited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.enrollment.adapters import enrolments, invitations, links
from services.enrollment.domain.address_book import Entry
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.invitation import Round, invite
from services.enrollment.domain.programme import Programme
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def send_round(
    tx: Tx, programme: Programme, round_id: str, book: Sequence[Entry], remind_on: date | None, because: Cause
) -> Round:
    """The programme is locked, so that two rounds never meet the same municipality."""
    ids = [enrolment_id(programme.id, one.organisation.code) for one in book]
    standing = await enrolments.lock_many(tx, ids)
    before = await invitations.load_invited(tx, ids)
    paths = {one: links.sign_up_path(tx.links, programme.id, one) for one in ids}

    decided = invite(programme, round_id, book, standing, before, paths, remind_on, tx.now)

    invited = decided.after.invited
    await invitations.save_round(tx, programme.id, round_id, remind_on, because)
    new = [replace(one, put_in_by=because.actor) for one in invited if one.id not in standing]
    await enrolments.save_many(tx, [(one, because) for one in new])
    await invitations.insert(tx, programme.id, round_id, [one.id for one in invited])
    tx.tell(decided, because)
    return decided.after
