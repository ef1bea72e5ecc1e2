"""What goes with an enrolment that has ended: its place is free, and its people come to no meeting still to come,
what it has ordered beside the fee is off, and its contact's secretary has no access."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import contacts, programmes
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Programme, freed
from services.enrollment.usecases.disband_team import disband_team
from services.enrollment.usecases.dismiss_secretary import end_access
from services.enrollment.usecases.empty_rosters import empty_rosters
from services.enrollment.usecases.end_options import end_options
from services.enrollment.usecases.forget_sign_ups import look_for_void
from shared.base.cause import Cause
from shared.storage.tx import Tx


async def leave(
    tx: Tx, programme: Programme, ended: Sequence[tuple[Enrolment, Enrolment]], because: Cause
) -> Programme:
    """The programme with the places free that these had, as they were and as they are now. All are locked.

    Who moves up is for `fill_places`.
    """
    programme = freed(programme, sum(before.has_place for before, _ in ended))
    await programmes.free_places(tx, programme)
    histories = await contacts.load_histories(tx, [after.id for _, after in ended])
    for before, after in ended:
        await end_access(tx, before, programme, histories.get(after.id, []), because)
    await contacts.mark_ended(tx, [after.id for _, after in ended], tx.now)
    for _, after in ended:
        await empty_rosters(tx, programme, after, because)
        await disband_team(tx, programme, after, because)
    await end_options(tx, programme, [after for _, after in ended], because)
    await look_for_void(tx, [(after.id, because) for _, after in ended])
    return programme
