"""Staff decide that a claim is not to be invoiced, and say why."""

from __future__ import annotations

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import not_found, waive
from services.invoicing.usecases.read_claims import shown
from shared.base.answers import Answer
from shared.contracts.invoicing import WaiveClaim
from shared.storage.tx import Tx


async def waive_claim(tx: Tx, command: WaiveClaim) -> Answer:
    claim = (await claims.lock(tx, [command.claim_id])).get(command.claim_id)
    if claim is None:
        raise not_found("claim_id")

    decided = waive(claim, command.reason)

    if decided.after != claim:
        await claims.save(tx, [decided.after], {claim.id: tx.cause})
    tx.tell(decided)
    return Answer(shown(decided.after))
