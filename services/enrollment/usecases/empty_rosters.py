"""Nobody of an enrolment comes any more to the meetings that are still to come and not for its group."""

from __future__ import annotations

from services.enrollment.adapters import rosters
from services.enrollment.domain.enrolment import Enrolment, Programme
from services.enrollment.domain.roster import empty, is_over, told
from shared.storage.tx import Tx


async def empty_rosters(tx: Tx, programme: Programme, enrolment: Enrolment) -> None:
    """With a place: rosters of other groups' meetings; without one: all. Meetings that are over stay as they were."""
    for roster in await rosters.with_people(tx, programme, enrolment):
        stays = enrolment.has_place and roster.meeting.group in {None, enrolment.group}
        if not stays and roster.meeting_state != "cancelled" and not is_over(roster, tx.now):
            change = empty(roster)
            await rosters.save(tx, enrolment, change.after)
            for fact in told(change, programme.ref, enrolment):
                tx.publish(fact)
