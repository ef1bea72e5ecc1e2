"""Staff say how many places there are from now on."""

from __future__ import annotations

from services.enrollment.adapters import programmes
from services.enrollment.domain.programme import unknown_programme
from services.enrollment.domain.publication import capacity_fields, with_capacity
from services.enrollment.usecases.fill_places import fill_places, what_moved
from shared.base.answers import Answer
from shared.contracts.enrollment import ChangeCapacity
from shared.contracts.seen import require_seen
from shared.storage.tx import Tx


async def change_capacity(tx: Tx, command: ChangeCapacity) -> Answer:
    """The programme's next version; the same numbers again change nothing. What was given stays given."""
    current = await programmes.lock(tx, command.programme_id)
    if current is None:
        raise unknown_programme()
    require_seen(capacity_fields(current), command.seen)

    decided = with_capacity(current, command.usual, command.hard, tx.source)

    if decided.after != current:
        await programmes.save(tx, decided.after, tx.cause)
    tx.tell(decided)
    moved = await fill_places(tx, [decided.after], tx.cause)
    after = moved.programmes[current.id]
    return Answer(
        {
            "programme_id": after.id,
            "version": after.ref.version,
            "places": after.places,
            "taken": after.taken,
            **await what_moved(tx, moved, after.id),
        }
    )
