"""Nobody of an enrolment comes any more to the meetings that are still to come and not for it."""

from __future__ import annotations

from services.enrollment.adapters import rosters
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.roster import vacate
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def empty_rosters(tx: Tx, programme: Programme, enrolment: Enrolment, because: Cause) -> None:
    """The enrolment is locked."""
    for roster in await rosters.load_with_people(tx, programme, enrolment):
        decided = vacate(roster, tx.now)
        if decided.after != roster:
            await rosters.save(tx, roster, decided.after, because)
        tx.tell(decided, because=because)
