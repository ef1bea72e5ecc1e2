"""The link that was mailed for a form is used: the form becomes an enrolment with a place, or waits for staff."""

from __future__ import annotations

from dataclasses import replace

from services.enrollment.adapters import enrolments, organisations, programmes, sign_ups
from services.enrollment.domain.address_book import unknown_organisation
from services.enrollment.domain.programme import unknown_programme
from services.enrollment.domain.sign_up import await_staff, may_confirm, require_unused
from services.enrollment.domain.status import status
from services.enrollment.usecases.give_places import Asking, give_places
from shared.base.answers import Answer
from shared.contracts.bounds import Id
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class ConfirmSignUp(Command):
    sign_up_id: Id


async def confirm_sign_up(tx: Tx, command: ConfirmSignUp) -> Answer:
    """Once. The day the form came in counts against the deadline, not the day of the confirmation."""
    seen = require_unused(await sign_ups.load(tx, command.sign_up_id))
    entry = await organisations.lock_shared(tx, seen.organisation_code)
    programme = await programmes.lock(tx, seen.command.programme_id)
    sign_up = require_unused(await sign_ups.lock(tx, command.sign_up_id))
    if entry is None:
        raise unknown_organisation()
    if programme is None:
        raise unknown_programme()
    if not may_confirm(programme, entry, sign_up):
        standing = await enrolments.load(tx, sign_up.enrolment_id)
        decided = await_staff(sign_up, programme, entry, standing, tx.now, tx.source)
        await sign_ups.mark(tx, [decided.after])
        tx.tell(decided)
        return Answer({"enrolment_id": sign_up.enrolment_id, "state": "received", "status": status("received")})

    (outcome,) = await give_places(tx, [Asking.by_form(sign_up, tx.cause)])
    if isinstance(outcome, Refused):
        raise outcome

    await sign_ups.mark(tx, [replace(sign_up, confirmed_at=tx.now)])
    return outcome
