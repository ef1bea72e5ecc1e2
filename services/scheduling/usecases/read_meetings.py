"""Meetings for those who look: the list, one meeting, and why it is as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import STATE_TITLES, Standing, describe
from shared.base.cause import Cause
from shared.contracts.refusal import Refused
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def list_meetings(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    """All meetings, or those of `programme_id`, `group` or `state`."""
    found = [shown(standing) for standing in await meetings.read_all(tx, query.get("programme_id"))]
    asked = {name: query[name] for name in ("group", "state") if name in query}
    return {"meetings": [one for one in found if all(one[name] == value for name, value in asked.items())]}


async def get_meeting(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    found = await meetings.read_all(tx, None, query["meeting_id"])
    if not found:
        raise not_found()
    return shown(found[0])


async def explain(tx: Tx, sought: str) -> Effect | None:
    """The meeting with this id, and who or what its latest change goes back to."""
    found = await meetings.read_with_cause(tx, sought)
    if found is None:
        return None
    standing, correlation_id, causation_id, actor = found
    return Effect("møde", describe(standing), Cause(correlation_id, causation_id, actor))


def shown(standing: Standing) -> dict[str, Any]:
    """A meeting as the API shows it: the fields of the events, the state, and its Danish name."""
    return {
        **standing.meeting.model_dump(mode="json"),
        "programme_id": standing.programme.id,
        "state": standing.state,
        "state_title": STATE_TITLES[standing.state],
        "held_on": standing.held_on.isoformat() if standing.held_on else None,
        "reason": standing.reason,
    }


async def lock(tx: Tx, meeting_id: str) -> Standing:
    """The meeting that a command is about; refused when it is not there, or not ours to change."""
    standing = await meetings.load(tx, meeting_id)
    if standing is None:
        raise not_found()
    if standing.programme.meetings_owner != tx.source:
        raise elsewhere("meeting_id")
    return standing


def elsewhere(field: str) -> Refused:
    return Refused("meetings_elsewhere", "Forløbets møder styres af et andet system.", field=field)


def not_found() -> Refused:
    return Refused("unknown_meeting", "Mødet findes ikke.", status=404)
