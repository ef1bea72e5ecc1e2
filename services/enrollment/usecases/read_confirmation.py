"""The form that a mailed link confirms, before and after it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from services.enrollment.adapters import enrolments, links, programmes, sign_ups
from services.enrollment.domain.status import status
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.parties import Organisation
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`wish` is what the link can be used for; `participants_path` is where to go on, once there is a place."""

    terms: ProgrammeTerms
    organisation: Organisation
    wish: ConfirmSignUp
    form: EnrolMunicipality
    confirmed: bool
    status: str
    participants_path: str | None


async def read_confirmation(tx: Tx, token: str) -> Confirmation | None:
    """None for a link that is none of ours, too old, or replaced by that of a later form."""
    sign_up_id = links.sign_up_of(tx.links, token, tx.now)
    sign_up = await sign_ups.load(tx, sign_up_id) if sign_up_id else None
    enrolment = await enrolments.load(tx, sign_up.enrolment_id) if sign_up else None
    if sign_up is None or enrolment is None:
        return None
    programme = await programmes.load_of(tx, enrolment)
    confirmed = sign_up.confirmed_at is not None
    return Confirmation(
        terms=programme.terms,
        organisation=enrolment.organisation,
        wish=ConfirmSignUp(sign_up_id=sign_up.id),
        form=sign_up.command,
        confirmed=confirmed,
        status=status(enrolment.state, forbehold_open=enrolment.forbehold_open),
        participants_path=links.participants_path_of(tx.links, enrolment) if confirmed else None,
    )
