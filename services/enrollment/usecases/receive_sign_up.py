"""A form came in. Its contact gets a link by mail; until that is pressed the municipality has no place."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, links, organisations, people, programmes, sign_ups
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.domain.sign_up import SignUp, apply, receive, require_few
from services.enrollment.domain.status import status
from shared.base.answers import Answer
from shared.base.ids import new_id
from shared.contracts.enrollment import EnrolMunicipality
from shared.storage.tx import Tx


async def receive_sign_up(tx: Tx, command: EnrolMunicipality) -> Answer:
    """The answer says whether another contact's form waits as well; the first that is confirmed counts."""
    programme = await programmes.lock(tx, command.programme_id)
    entry = await organisations.load(tx, command.organisation_code)
    before = await enrolments.lock(tx, enrolment_id(command.programme_id, command.organisation_code))
    application = apply(programme, entry, before, command, tx.now, tx.source)
    forms = await sign_ups.count_forms(tx, application.enrolment_id, application.contact_email)
    require_few(forms, application)
    person = await people.recognise(
        tx, application.organisation.code, application.contact_name, application.contact_email
    )
    sign_up = SignUp(new_id(), application.enrolment_id, person.person_id, command, received_at=tx.now)

    decided = receive(application, person.person_id, links.confirm_path(tx.links, sign_up.id, tx.now))

    after = decided.after
    await enrolments.save(tx, after, tx.cause)
    await sign_ups.save(tx, sign_up, tx.cause)
    tx.tell(decided)
    return Answer(
        {
            "enrolment_id": after.id,
            "state": after.state,
            "status": status(after.state),
            "another_waits": forms.another_waits,
        }
    )
