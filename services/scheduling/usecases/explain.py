"""Why is this meeting as it is?"""

from __future__ import annotations

from services.scheduling.adapters import meetings
from services.scheduling.domain.meeting import describe
from shared.runtime.why import Effect
from shared.storage.tx import Tx


async def explain(tx: Tx, sought: str) -> Effect | None:
    """The meeting with this id, and who or what its latest change goes back to."""
    found = await meetings.load(tx, sought)
    return None if found is None else Effect("møde", describe(found[0]), found[1])
