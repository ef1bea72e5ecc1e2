"""What everybody who changes what an enrolment buys starts from: it is locked, and its newest round is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.enrollment.adapters import enrolments, orders, programmes
from services.enrollment.domain.enrolment import book_is_for, require_enrolment
from services.enrollment.domain.options import Option, no_place, options_of, orders_for, unknown_option
from services.enrollment.domain.programme import require_going_on
from shared.contracts.refusal import Refused
from shared.storage.tx import Tx


async def lock_option(tx: Tx, enrolment_id: str, option_id: str, client: Sequence[str] | None) -> Option:
    """Refused `unknown_enrolment`, `unknown_option`, `programme_cancelled`, `no_place` of whoever has never signed up,
    or `other_owner` where another system tells of the enrolments.

    `client` is whose enrolment it has to be (`Cause.client`).
    """
    found = await _lock(tx, enrolment_id, option_id, client)
    require_going_on(found.programme)
    if found.enrolment.contact is None:
        raise no_place(found)
    return found


async def lock_bought(tx: Tx, enrolment_id: str, option_id: str) -> Option:
    """As `lock_option`, also of an enrolment that has ended, or a programme that is called off: what is delivered stays
    due. A client, and whoever may be one, finds what is open or was agreed since the place.
    """
    found = await _lock(tx, enrolment_id, option_id, tx.cause.client)
    by_name = book_is_for(found.enrolment, client=tx.cause.client is not None, person=tx.cause.is_person)
    shown = orders_for(found.enrolment, [found.order] if found.order else [], client=not by_name)
    return found if shown else replace(found, order=None)


async def _lock(tx: Tx, enrolment_id: str, option_id: str, client: Sequence[str] | None) -> Option:
    enrolment = require_enrolment(await enrolments.lock(tx, enrolment_id), client)
    programme = await programmes.lock_going_on(tx, enrolment)
    if programme.ref.owner != tx.source:
        raise Refused("other_owner", "Tilkøb til dette forløb sker i et andet system.", field="enrolment_id")
    known = await orders.load_newest(tx, enrolment_id, option_id)
    found = next((one for one in options_of(enrolment, programme, known) if one.option_id == option_id), None)
    if found is None:
        raise unknown_option()
    return found
