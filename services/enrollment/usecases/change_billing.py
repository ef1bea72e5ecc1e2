"""How a municipality wants its invoices, given after it signed up, or put right."""

from __future__ import annotations

from services.enrollment.adapters import contacts, enrolments, organisations, programmes
from services.enrollment.domain.address_book import require_entry
from services.enrollment.domain.enrolment import book_is_for, require_enrolment
from services.enrollment.domain.invoice_details import change_billing as decide
from services.enrollment.domain.invoice_details import lacking
from services.enrollment.domain.roles import require_billing_speaker
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeBilling
from shared.contracts.seen import billing_fields, require_seen
from shared.storage.tx import Tx


async def change_billing(tx: Tx, command: ChangeBilling) -> Answer:
    before = require_enrolment(await enrolments.lock(tx, command.enrolment_id), tx.cause.client)
    programme = await programmes.load_of(tx, before)
    history = await contacts.load_history(tx, before.id) if tx.cause.is_person else []
    # Whether a secretary has the access is seen to by `as_secretary`.
    speaker = None if tx.cause.secretary_id is not None else tx.cause.person_id
    require_billing_speaker(before, programme, history, speaker)
    require_seen(billing_fields(before.billing), command.seen)
    entry = require_entry(await organisations.load(tx, before.organisation.code))
    by_name = book_is_for(before, client=tx.cause.client is not None, person=tx.cause.is_person)

    decided = decide(before, programme, entry, command.billing, tx.now, by_name=by_name)

    if decided.after != before:
        await enrolments.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "enrolment_id": before.id,
            "billing": decided.after.billing.model_dump(mode="json") if by_name else None,
            "was": billing_fields(before.billing) if by_name else None,
            "missing": list(lacking(decided.after, programme)),
        }
    )
