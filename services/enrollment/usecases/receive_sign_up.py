"""A form came in. A link is mailed, unless its mailbox has had enough of them today; until a link is used the form
changes nothing that anybody else sees.
"""

from __future__ import annotations

from pydantic import Field

from services.enrollment.adapters import drafts, enrolments, links, organisations, people, programmes, sign_ups
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.sign_up import SignUp, apply, link_goes_to, receive
from services.enrollment.domain.speakers import mailbox_key
from services.enrollment.domain.status import status
from shared.base.answers import Answer
from shared.base.ids import new_id, random_id
from shared.contracts.bounds import Id, Line
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


class ReceiveSignUp(Command):
    """`caller` is the address that the form was sent from: no part of the wish, which may come again from elsewhere."""

    form: EnrolMunicipality
    draft_id: Id = ""
    """Of the draft that it was; it is sent now."""
    caller: Line = Field(default="", exclude=True)


async def receive_sign_up(tx: Tx, command: ReceiveSignUp) -> Answer:
    """Whether the contact's address is known changes nothing in the answer, nor in what is asked for it."""
    form, caller = _without_a_unit(command.form), links.caller_mark(tx.links, command.caller)
    programme = await programmes.lock_going_on_by_id(tx, form.programme_id)
    entry = await organisations.load(tx, form.organisation_code)
    standing = await enrolments.load(tx, enrolment_id(form.programme_id, form.organisation_code))
    application = apply(programme, entry, standing, form, tx.now, tx.source)
    to = None if entry is None else link_goes_to(application.programme, entry)
    mailbox = mailbox_key(application.contact_email if to is None else to.email)
    mails = await sign_ups.lock_mails(tx, mailbox, caller)
    # Anybody may have typed it: it makes nobody known until it is confirmed.
    known = await people.lock_id(tx, application.organisation.code, application.contact_email)
    sign_up = SignUp(
        id=new_id(),
        applicant_id=known or random_id(),
        command=form.model_copy(
            update={
                "contact_email": application.contact_email,
                "answers": dict(application.answers),
                "received_at": None,
                "late": False,
                "late_reason": "",
            }
        ),
        received_at=tx.now,
        asked=application.asked,
        caller=caller,
        mailbox=mailbox,
    )

    decided = receive(sign_up, application, links.confirm_path(tx.links, sign_up.id, tx.now), to, mails)

    await sign_ups.insert(tx, decided.after, tx.cause)
    if command.draft_id:
        await drafts.forget(tx, command.draft_id)
    tx.tell(decided)
    return Answer({"enrolment_id": application.enrolment_id, "state": "received", "status": status("received")})


def _without_a_unit(form: EnrolMunicipality) -> EnrolMunicipality:
    """Anybody may send a form, so that it finds nothing out about anybody's units; their EAN numbers are typed."""
    if form.billing.unit:
        raise Refused("unknown_unit", "Skriv enhedens EAN-nummer.", status=422, field="billing.ean")
    return form
