"""Staff, or another system, add a meeting that is not in the programme file."""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import evolve, meeting_id, plan, same_plan
from services.scheduling.usecases.read_meetings import elsewhere, shown
from shared.base.answers import Answer
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import PlanMeeting
from shared.storage.tx import Tx


async def plan_meeting(tx: Tx, command: PlanMeeting) -> Answer:
    programme = await meetings.load_programme(tx, command.programme_id)
    if programme is None:
        raise Refused("unknown_programme", "Forløbet findes ikke.", status=404, field="programme_id")
    if not programme.ours:
        raise elsewhere("programme_id")
    if programme.cancelled:
        raise Refused("programme_cancelled", "Forløbet er aflyst.", field="programme_id")
    if not command.key.strip() or not command.title.strip():
        empty = "title" if command.key.strip() else "key"
        raise Refused("required", "Feltet skal udfyldes.", status=422, field=empty)
    if programme.kinds and command.kind not in programme.kinds:
        raise Refused("unknown_kind", "Forløbet har ikke den slags møder.", status=422, field="kind")
    if command.group is not None and command.group not in programme.groups:
        raise Refused("unknown_group", "Forløbet har ikke den gruppe.", status=422, field="group")

    fact = plan(programme.ref, command.key, command.title, command.kind, command.group, command.mode)
    standing = await meetings.load(tx, meeting_id(command.programme_id, command.key))
    if standing is None:
        standing = evolve(None, fact)
        await meetings.save(tx, standing, tx.cause)
        tx.publish(fact)
    elif not same_plan(standing.meeting, fact.meeting):
        raise Refused("key_taken", "Forløbet har allerede et andet møde med den nøgle.", field="key")
    return Answer(shown(standing), location=f"/api/scheduling/meetings/{standing.meeting.id}")
