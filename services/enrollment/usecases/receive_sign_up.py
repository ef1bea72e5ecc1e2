"""A form came in. Its contact gets a link by mail; until that is pressed the municipality has no place."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, links, organisations, people, programmes, sign_ups
from services.enrollment.domain.enrolment import apply, enrolment_id, receive
from services.enrollment.domain.status import status
from shared.base.answers import Answer
from shared.base.ids import new_id
from shared.contracts.enrollment import EnrolmentReceived, EnrolMunicipality
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx

FORMS_A_DAY = 10
"""For one municipality and programme: each sends a mail to an address that a stranger may have typed."""


async def receive_sign_up(tx: Tx, command: EnrolMunicipality) -> Answer:
    """The answer says whether another contact's form waits as well; the first that is confirmed counts."""
    this = enrolment_id(command.programme_id, command.organisation_code)
    programme = (await programmes.lock(tx, [command.programme_id])).get(command.programme_id)
    entry = (await organisations.by_code(tx, [command.organisation_code])).get(command.organisation_code)
    current = await enrolments.lock_one(tx, this)
    application = apply(programme, entry, current, command, tx.now, tx.source)
    if programme is None or entry is None:
        raise RuntimeError("a sign-up that is in order names its programme and organisation")
    lately, another = await sign_ups.waiting(tx, this, application.contact_email)
    if lately >= FORMS_A_DAY:
        raise Refused(
            "too_many_sign_ups",
            f"Der er sendt mange tilmeldinger for {entry.organisation.name} i dag. Skriv til "
            f"{programme.ref.seller.organizer_email}.",
            status=429,
        )

    person = await people.recognise_one(
        tx, entry.organisation.code, application.contact_name, application.contact_email
    )
    enrolment = receive(programme.id, entry.organisation, application, person.person_id, tx.now)
    sign_up_id = new_id()
    await enrolments.save(tx, [(enrolment, tx.cause)])
    await sign_ups.put(tx, sign_up_id, this, person.person_id, command)

    tx.publish(
        EnrolmentReceived(
            owner=programme.ref.owner,
            programme=programme.ref,
            enrolment_id=this,
            organisation=entry.organisation,
            contact=application.contact(person.person_id),
            received_at=tx.now,
            confirm_path=links.confirm_path(tx.links, sign_up_id, tx.now),
        )
    )
    return Answer(
        {
            "enrolment_id": this,
            "state": enrolment.state,
            "status": status(enrolment.state),
            "another_waits": another,
        }
    )
