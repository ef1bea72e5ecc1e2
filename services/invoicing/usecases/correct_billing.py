"""Staff put right what keeps an invoice from being issued, or what the customer wants otherwise."""

from __future__ import annotations

from services.invoicing.adapters import claims, meetings, programmes
from services.invoicing.domain.claim import NOT_ENDED, correct
from services.invoicing.usecases.read_claims import shown
from services.invoicing.usecases.tell_held_back import tell_held_back
from shared.base.answers import Answer
from shared.contracts.invoicing import CorrectBilling
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def correct_billing(tx: Tx, command: CorrectBilling) -> Answer:
    known = await claims.load_of_enrolment(tx, command.enrolment_id)
    if not known:
        raise Refused("unknown_enrolment", "Tilmeldingen har ingen krav.", status=404, field="enrolment_id")
    refs = await programmes.load(tx, {(claim.programme_id, claim.programme_version) for claim in known})
    ends = await meetings.known_ends(tx, {claim.meeting_id for claim in known if claim.meeting_id})

    corrected = [
        correct(
            claim,
            command.billing,
            refs[claim.programme_id, claim.programme_version],
            ends.get(claim.meeting_id or "", NOT_ENDED),
        )
        for claim in known
    ]

    changed = [claim for claim, before in zip(corrected, known, strict=True) if claim != before]
    causes = {claim.id: tx.cause for claim in changed}
    await claims.save(tx, changed, causes)
    claims.arm_runs(tx, changed, causes)
    of_enrolment = {claim.enrolment_id: refs[claim.programme_id, claim.programme_version] for claim in known}
    tell_held_back(tx, changed, of_enrolment, causes)
    return Answer({"claims": [shown(claim) for claim in corrected]})
