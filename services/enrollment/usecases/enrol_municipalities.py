"""Staff, or another system, sign municipalities up."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.domain.sign_up import Wish, let_in_late, received
from services.enrollment.usecases.give_places import Asking, give_places
from shared.base.answers import Answer, Asked
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def enrol_municipalities(tx: Tx, asked: Sequence[Asked[EnrolMunicipality]]) -> Sequence[Answer | Refused]:
    """One outcome each, in the same order; a "no" to one does not touch the others."""
    outcomes: dict[int, Answer | Refused] = {}
    wishes: dict[int, Asking] = {}
    for at, one in enumerate(asked):
        staff = one.cause.client is None and not one.cause.is_person
        try:
            received_at = received(one.command, tx.now, staff=staff)
            late = let_in_late(one.command, one.cause.actor, staff=staff)
            wishes[at] = Asking(Wish(one.command, received_at, late=late, by_staff=staff), one.cause)
        except Refused as refused:
            outcomes[at] = refused
    outcomes |= zip(wishes, await give_places(tx, list(wishes.values())), strict=True)
    return [outcomes[at] for at in range(len(asked))]
