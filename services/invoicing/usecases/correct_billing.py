"""Staff put right what keeps an invoice from being issued, or what the customer wants otherwise."""

from __future__ import annotations

from services.invoicing.adapters import claims, meetings, programmes
from services.invoicing.domain.claim import NOT_ENDED, correct, nothing_owed
from services.invoicing.usecases.read_claims import shown
from services.invoicing.usecases.tell_all import tell_all
from shared.base.answers import Answer
from shared.contracts.invoicing import CorrectBilling
from shared.contracts.seen import billing_fields, require_seen
from shared.storage.tx import Tx


async def correct_billing(tx: Tx, command: CorrectBilling) -> Answer:
    known = await claims.lock_of_enrolment(tx, command.enrolment_id)
    if not known:
        raise nothing_owed()
    if command.claim_id in known:
        require_seen(billing_fields(known[command.claim_id].billing), command.seen)
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in known.values()})
    ends = await meetings.lock_ends(tx, {claim.meeting_id for claim in known.values() if claim.meeting_id})

    decided = [
        correct(
            claim,
            command.billing,
            refs[claim.programme_id, claim.programme_version],
            tx.source,
            ends.get(claim.meeting_id or "", NOT_ENDED),
        )
        for claim in known.values()
    ]

    changed = [one.after for one in decided if one.after != known[one.after.id]]
    causes = dict.fromkeys(known, tx.cause)
    await claims.save(tx, changed, causes)
    tell_all(tx, decided, causes)
    seen = known.get(command.claim_id or "")
    was = billing_fields(seen.billing) if seen else None
    return Answer({"claims": [shown(one.after) for one in decided], "was": was})
