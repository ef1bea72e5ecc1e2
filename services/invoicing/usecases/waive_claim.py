"""Staff decide that a claim is not to be invoiced, and say why."""

from __future__ import annotations

from services.invoicing.adapters import claims
from services.invoicing.domain.claim import waive
from services.invoicing.usecases.read_claims import shown
from shared.base.answers import Answer
from shared.contracts.invoicing import WaiveClaim
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def waive_claim(tx: Tx, command: WaiveClaim) -> Answer:
    claim = (await claims.load(tx, [command.claim_id])).get(command.claim_id)
    if claim is None:
        raise Refused("unknown_claim", "Kravet findes ikke.", status=404, field="claim_id")
    waived = waive(claim, command.reason)
    if waived is not None:
        await claims.save(tx, [waived], {waived.id: tx.cause})
    return Answer(shown(waived or claim))
