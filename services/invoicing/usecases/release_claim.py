"""Staff decide that the fee of a programme that was called off is owed all the same."""

from __future__ import annotations

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import not_found, release
from services.invoicing.usecases.read_claims import shown
from shared.base.answers import Answer
from shared.contracts.invoicing import ReleaseClaim
from shared.storage.tx import Tx


async def release_claim(tx: Tx, command: ReleaseClaim) -> Answer:
    claim = (await claims.lock(tx, [command.claim_id])).get(command.claim_id)
    if claim is None:
        raise not_found("claim_id")

    decided = release(claim)

    if decided.after != claim:
        await claims.save(tx, [decided.after], {claim.id: tx.cause})
    tx.tell(decided)
    return Answer(shown(decided.after))
