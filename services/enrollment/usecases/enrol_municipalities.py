"""Municipalities get their place. Many at once, decided one after the other under the programme's lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.enrollment.adapters import enrolments, links, organisations, people, programmes
from services.enrollment.adapters.people import Named
from services.enrollment.domain.enrolment import (
    Enrolment,
    Programme,
    apply,
    enrol,
    enrolled,
    enrolment_id,
    known_as,
)
from services.enrollment.domain.status import status
from shared.base.answers import Answer, Asked
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def enrol_municipalities(tx: Tx, asked: Sequence[Asked[EnrolMunicipality]]) -> Sequence[Answer | Refused]:
    """One outcome each, in the same order; a "no" to one does not touch the others."""
    return await give_places(tx, asked, received_at=tx.now)


async def give_places(
    tx: Tx, asked: Sequence[Asked[EnrolMunicipality]], *, received_at: datetime
) -> Sequence[Answer | Refused]:
    """`received_at` counts against the deadline: a form that came in time is in time."""
    known = await programmes.lock(tx, [one.command.programme_id for one in asked])
    book = await organisations.by_code(tx, [one.command.organisation_code for one in asked])
    current = await enrolments.lock(tx, [_id(one.command) for one in asked])

    decided: list[Enrolment | Refused] = []
    for one in asked:
        programme, entry = known.get(one.command.programme_id), book.get(one.command.organisation_code)
        enrolment = current.get(_id(one.command))
        try:
            application = apply(programme, entry, enrolment, one.command, received_at, tx.source)
        except Refused as refused:
            decided.append(refused)
        else:
            organisation = book[one.command.organisation_code].organisation
            place = enrol(known[one.command.programme_id], organisation, application, received_at, tx.now)
            known[one.command.programme_id], current[_id(one.command)] = place
            decided.append(place[1])

    persons = await people.recognise(tx, [_named(one) for one in decided if isinstance(one, Enrolment)])
    outcomes = [
        one if isinstance(one, Refused) else known_as(one, persons[_named(one).key].person_id) for one in decided
    ]
    pairs = list(zip(outcomes, asked, strict=True))
    await programmes.take_places(tx, list(known.values()))
    await enrolments.save(tx, [(one, by.cause) for one, by in pairs if isinstance(one, Enrolment)])

    return [one if isinstance(one, Refused) else _tell(tx, known[one.programme_id], one, by) for one, by in pairs]


def _tell(tx: Tx, programme: Programme, enrolment: Enrolment, by: Asked[EnrolMunicipality]) -> Answer:
    contact = enrolment.contact
    if contact is None:
        raise ValueError(f"enrolment {enrolment.id} has a place and no contact")
    path = links.participants_path(tx.links, enrolment.id, contact.person_id)
    tx.publish(enrolled(programme, enrolment, path), because=by.cause)
    return Answer(
        {
            "enrolment_id": enrolment.id,
            "state": enrolment.state,
            "status": status(enrolment.state, forbehold_open=enrolment.forbehold_open),
            "group": enrolment.group,
            "participants_path": path,
        },
        location=f"/api/enrollment/enrolments/{enrolment.id}",
    )


def _id(command: EnrolMunicipality) -> str:
    return enrolment_id(command.programme_id, command.organisation_code)


def _named(enrolment: Enrolment) -> Named:
    if enrolment.contact is None:
        raise ValueError(f"enrolment {enrolment.id} has a place and no contact")
    return Named(enrolment.organisation.code, enrolment.contact.name, enrolment.contact.email)
