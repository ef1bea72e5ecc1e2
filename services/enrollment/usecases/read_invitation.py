"""The invitation that a mailed link says no to."""

from __future__ import annotations

from dataclasses import dataclass

from services.enrollment.adapters import enrolments, links, meetings, programmes
from services.enrollment.domain.programme import is_over
from services.enrollment.domain.status import State
from services.enrollment.usecases.decline_invitation import DeclineInvitation
from shared.contracts.parties import Organisation
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Invitation:
    """`wish` is what the link can be used for, as long as it `may_decline`; never once its programme is `cancelled`."""

    terms: ProgrammeTerms
    organisation: Organisation
    wish: DeclineInvitation
    state: State
    may_decline: bool
    cancelled: bool


async def read_invitation(tx: Tx, token: str) -> Invitation | None:
    """None for a link that is none of ours, or has ended with its programme."""
    invited = links.invited_of(tx.links, token, tx.now)
    enrolment = await enrolments.load(tx, invited) if invited else None
    if enrolment is None:
        return None
    programme = await programmes.load_of(tx, enrolment)
    if is_over(programme, await meetings.load_last_day(tx, programme.id), tx.now):
        return None
    return Invitation(
        terms=programme.terms,
        organisation=enrolment.organisation,
        wish=DeclineInvitation(enrolment_id=enrolment.id),
        state=enrolment.state,
        may_decline=enrolment.may_decline and programme.open,
        cancelled=not programme.open,
    )
