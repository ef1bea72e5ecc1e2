"""Whoever comes by a mailed link shows that they read the mailbox it was mailed to: by a code, once for this browser.

Instants are machine time. What is secret is drawn at the edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.enrollment.adapters import enrolments, mailbox_codes, programmes
from services.enrollment.domain.mailbox_code import (
    Code,
    Confirmed,
    No,
    digest_of,
    is_right,
    masked,
    may_ask,
    why_not,
)
from shared.contracts.addresses import is_erased
from shared.contracts.enrollment import MailboxCodeDrawn
from shared.contracts.parties import Person
from shared.contracts.programme import ProgrammeRef
from shared.storage.audit import note
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose link it is, the mailbox it was mailed to (`mailbox`: as `mark_of`), and the programme it is about."""

    person: Person
    mailbox: bytes
    programme: ProgrammeRef

    @property
    def shown(self) -> str:
        return masked(self.person.email)


async def read_whose(
    tx: Tx, person_id: str, *, enrolment_id: str | None = None, programme_id: str | None = None
) -> Whose | None:
    """Of the person who asks for something about one of these by a link of their own; None for nobody we know."""
    enrolment = await enrolments.load(tx, enrolment_id) if enrolment_id is not None else None
    programme = await (programmes.load_of(tx, enrolment) if enrolment else programmes.load(tx, programme_id or ""))
    person = await mailbox_codes.load_reader(tx, person_id)
    if enrolment is not None and enrolment.contact is not None and enrolment.is_contact(person_id):
        person = enrolment.contact
    if person is None or programme is None:
        return None
    return Whose(person, mailbox_codes.mark_of(tx.links, person.email), programme.ref)


async def is_confirmed(tx: Tx, whose: Whose, secret: str, now: datetime) -> bool:
    """Whether this browser has shown it, not too long ago; it is seen by that."""
    known = [one for one in await mailbox_codes.load_confirmed(tx, secret, now) if one.mailbox == whose.mailbox]
    for one in known:
        await mailbox_codes.save_seen(tx, secret, one.seen(now))
    return bool(known)


async def read_confirmed(tx: Tx, secret: str, now: datetime) -> Sequence[Confirmed]:
    """What this browser has shown that it reads."""
    return await mailbox_codes.load_confirmed(tx, secret, now)


async def read_code(tx: Tx, whose: Whose, secret: str) -> Code | None:
    """The newest that this browser asked for."""
    return await mailbox_codes.load_newest(tx, secret, whose.mailbox)


async def draw_code(tx: Tx, whose: Whose, secret: str, code_id: str, digits: str, now: datetime) -> Code:
    """It is mailed, unless one was a moment ago: then that one is the newest still. Whoever was erased is not written
    to, and the answer is the same.
    """
    newest = await mailbox_codes.load_newest(tx, secret, whose.mailbox)
    if newest is not None and not may_ask(newest, now):
        return newest
    code = Code(code_id, digest_of(secret, code_id, digits), 0, now, used=False)
    await mailbox_codes.insert(tx, code, secret, whose.mailbox)
    if not is_erased(whose.person.email):
        person = Person(person_id=whose.person.person_id, name=whose.person.name, email=whose.person.email)
        tx.publish(
            MailboxCodeDrawn(
                owner=tx.source,
                programme=whose.programme,
                code_id=code_id,
                to=person,
                code=digits,
                good_until=code.good_until,
            )
        )
    return code


async def confirm_mailbox(
    tx: Tx, whose: Whose, asked_by: str, typed: str, before: str | None, secret: str, now: datetime
) -> No | None:
    """Why the code is not good, which counts as a try; None = from now on the browser is known by `secret`."""
    code = await mailbox_codes.load_newest(tx, asked_by, whose.mailbox)
    no = why_not(code, now)
    if code is None or no is not None:
        return no or "missing"
    if not await mailbox_codes.take_a_try(tx, code.id):
        return why_not(await mailbox_codes.load_newest(tx, asked_by, whose.mailbox), now) or "used"
    if not is_right(code, asked_by, typed):
        return "wrong"
    if not await mailbox_codes.use_up(tx, code.id, now):
        return "used"
    await mailbox_codes.confirm(tx, before, secret, Confirmed(whose.mailbox, whose.shown, now, now))
    await note(
        tx, principal=f"person/{whose.person.person_id}", route="POST kode", command="ConfirmMailbox", status=200
    )
    return None


async def forget_browser(tx: Tx, secret: str) -> None:
    """It has to show everything anew."""
    await mailbox_codes.forget_browser(tx, secret)
