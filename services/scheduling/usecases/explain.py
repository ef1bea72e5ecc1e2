"""Why is this meeting as it is, or this step completed?"""

from __future__ import annotations

from services.scheduling.adapters import meetings, steps
from services.scheduling.domain import meeting, track
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """The meeting or the completed step with this id, and who or what its latest change goes back to."""
    if (found := await meetings.load(tx, sought)) is not None:
        return Effect("møde", meeting.describe(found[0]), found[1], found[0].programme.id)
    if (completed := await steps.load(tx, sought)) is not None:
        return Effect("skridt", track.describe(completed[0]), completed[1], completed[0].programme_id)
    return None
