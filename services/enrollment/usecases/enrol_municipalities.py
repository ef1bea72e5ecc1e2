"""Staff, or another system, sign municipalities up."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.domain.sign_up import Wish
from services.enrollment.usecases.give_places import Asking, give_places
from shared.base.answers import Answer, Asked
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def enrol_municipalities(tx: Tx, asked: Sequence[Asked[EnrolMunicipality]]) -> Sequence[Answer | Refused]:
    """One outcome each, in the same order; a "no" to one does not touch the others."""
    return await give_places(tx, [Asking(Wish(one.command, tx.now), one.cause) for one in asked])
