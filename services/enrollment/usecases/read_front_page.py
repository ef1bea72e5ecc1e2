"""The programmes that municipalities sign up for on our pages."""

from __future__ import annotations

from dataclasses import dataclass

from services.enrollment.adapters import programmes
from services.enrollment.domain.programme import takes_sign_ups
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Offer:
    """`open`: it can still be signed up for."""

    terms: ProgrammeTerms
    open: bool


async def read_front_page(tx: Tx) -> tuple[Offer, ...]:
    return tuple(Offer(one.terms, takes_sign_ups(one, tx.now)) for one in await programmes.load_all(tx) if one.has_form)
