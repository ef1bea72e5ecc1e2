"""What everybody who changes what an enrolment buys starts from: it is locked, and its newest round is known."""

from __future__ import annotations

from collections.abc import Sequence

from services.enrollment.adapters import enrolments, orders, programmes
from services.enrollment.domain.enrolment import require_enrolment
from services.enrollment.domain.options import Option, no_place, options_of, unknown_option
from services.enrollment.domain.programme import require_going_on
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def lock_option(tx: Tx, enrolment_id: str, option_id: str, client: Sequence[str] | None) -> Option:
    """Refused `unknown_enrolment`, `unknown_option`, `programme_cancelled`, `no_place` of whoever has never signed up,
    or `other_owner` where another system tells of the enrolments.

    `client` is whose enrolment it has to be (`Cause.client`).
    """
    enrolment = require_enrolment(await enrolments.lock(tx, enrolment_id), client)
    programme = await programmes.lock_going_on(tx, enrolment)
    if programme.ref.owner != tx.source:
        raise Refused("other_owner", "Tilkøb til dette forløb sker i et andet system.", field="enrolment_id")
    require_going_on(programme)
    known = await orders.load_newest(tx, enrolment_id, option_id)
    found = next((one for one in options_of(enrolment, programme, known) if one.option_id == option_id), None)
    if found is None:
        raise unknown_option()
    if enrolment.contact is None:
        raise no_place(found)
    return found
