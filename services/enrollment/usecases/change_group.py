"""A municipality moves to another group of the programme, such as the other regional network."""

from __future__ import annotations

from services.enrollment.adapters import enrolments, programmes
from services.enrollment.domain.enrolment import regroup
from services.enrollment.usecases.empty_rosters import empty_rosters
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeGroup, EnrolmentRegrouped
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def change_group(tx: Tx, command: ChangeGroup) -> Answer:
    """People leave the rosters of the old group's meetings that are still to come; nobody is moved by guess."""
    before = await enrolments.lock_one(tx, command.enrolment_id)
    programme = None if before is None else await programmes.load(tx, before.programme_id)
    if before is None or programme is None:
        raise Refused("unknown_enrolment", "Tilmeldingen findes ikke.", status=404, field="enrolment_id")

    after = regroup(programme.terms, before, command.group)

    if after.group != before.group:
        await enrolments.save(tx, [(after, tx.cause)])
        await empty_rosters(tx, programme, after)
        # Until there is a place nobody has been told of a group.
        if after.contact is not None and after.has_place:
            tx.publish(
                EnrolmentRegrouped(
                    owner=programme.ref.owner,
                    programme=programme.ref,
                    enrolment_id=after.id,
                    organisation=after.organisation,
                    previous_group=before.group,
                    group=after.group,
                    contact=after.contact,
                )
            )
    return Answer({"enrolment_id": after.id, "group": after.group})
