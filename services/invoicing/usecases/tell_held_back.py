"""Staff hear of a claim that cannot be invoiced while there is time to put it right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.invoicing.domain.claim import Claim, held_back
from shared.base.cause import Cause
from shared.contracts.programme import ProgrammeRef
from shared.storage.tx import Tx


def tell_held_back(
    tx: Tx, changed: Iterable[Claim], programme_of: Mapping[str, ProgrammeRef], causes: Mapping[str, Cause]
) -> None:
    """`programme_of` by enrolment, `causes` by claim. Nothing is told of claims that are in order."""
    for claim in changed:
        told = held_back(claim, programme_of[claim.enrolment_id], tx.source)
        if told is not None:
            tx.publish(told, because=causes[claim.id])
