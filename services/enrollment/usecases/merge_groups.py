"""Staff merge two groups of a programme: all of the one belongs to the other from now on, and so do later sign-ups."""

from __future__ import annotations

from services.enrollment.adapters import meetings, programmes
from services.enrollment.domain.merging import merge
from services.enrollment.domain.programme import unknown_programme
from services.enrollment.usecases.move_group import move_group
from shared.base.answers import Answer
from shared.contracts.enrollment import MergeGroups
from shared.storage.tx import Tx


async def merge_groups(tx: Tx, command: MergeGroups) -> Answer:
    """The answer names the meetings of the group that are still to come: staff cancel them, or move them."""
    before = await programmes.lock(tx, command.programme_id)
    if before is None:
        raise unknown_programme()
    reason = command.reason.strip()

    after = merge(before, command.group, command.into, reason, tx.source)

    moved = 0
    if after != before:
        await programmes.mark_merged(tx, after)
        moved = await move_group(tx, after, command.group, reason, tx.cause)
    known = await meetings.load_of_programme(tx, after.id)
    ahead = [one.meeting for one in known if one.state in {"planned", "scheduled"}]
    return Answer(
        {
            "programme_id": after.id,
            "group": command.group,
            "into": command.into,
            "moved": moved,
            "meetings_left": [
                {"meeting_id": one.id, "title": one.title} for one in ahead if one.group == command.group
            ],
        }
    )
