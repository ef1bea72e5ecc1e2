"""The form by which a municipality signs up, as whoever opens it finds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from services.enrollment.adapters import enrolments, links, meetings, organisations, programmes
from services.enrollment.domain.confirmation_text import what_follows
from services.enrollment.domain.programme import Programme, is_over, takes_sign_ups
from services.enrollment.domain.waiting_list import prospect
from shared.contracts.parties import Organisation
from shared.contracts.programme import GroupTerm, ProgrammeTerms
from shared.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class SignUpForm:
    """`full`: all places are taken, and whoever signs up waits, or nobody can.

    `chosen` is the code of the municipality that the link was mailed to, `may_decline` that it has not answered.
    """

    terms: ProgrammeTerms
    cancelled: bool
    because: str
    """Why it is cancelled, if anybody said so."""
    groups: tuple[GroupTerm, ...]
    """Those that there are still."""
    closed: bool
    full: Literal["waiting_list", "refuse"] | None
    municipalities: tuple[Organisation, ...]
    chosen: str | None
    may_decline: bool
    next: str
    """As of an `Offer`."""


class Offer(NamedTuple):
    """`next`: what follows once the mailed link is used, in Danish."""

    terms: ProgrammeTerms
    next: str


async def read_sign_up_form(tx: Tx, programme_id: str, invitation: str = "") -> SignUpForm | None:
    """None when there is no such form. `invitation`: the token of the link, where it was opened by one."""
    programme = await programmes.load(tx, programme_id)
    if programme is None or not programme.has_form:
        return None
    invited = links.invited_of(tx.links, invitation, tx.now) if invitation else None
    if is_over(programme, await meetings.load_last_day(tx, programme_id), tx.now):
        invited = None
    known = await enrolments.load(tx, invited) if invited else None
    offered = [one.organisation for one in await organisations.load_municipalities(tx)]
    if known is not None and all(one.code != known.organisation.code for one in offered):
        # Merged into another since: an invitation is answered under the name that it was sent to.
        offered.append(known.organisation)
    return SignUpForm(
        terms=programme.terms,
        cancelled=not programme.open,
        because=programme.because,
        groups=tuple(one for one in programme.terms.groups if one.id not in programme.merged),
        closed=not takes_sign_ups(programme, tx.now),
        full=programme.when_full if programme.is_full else None,
        municipalities=tuple(offered),
        chosen=known.organisation.code if known is not None and known.programme_id == programme_id else None,
        may_decline=known is not None and known.may_decline,
        next=what_follows(programme.terms, prospect(programme, tx.now)),
    )


async def read_form_of(tx: Tx, programme: Programme) -> SignUpForm:
    """As somebody would find it who comes first; the programme need not be published."""
    return SignUpForm(
        terms=programme.terms,
        cancelled=False,
        because="",
        groups=programme.terms.groups,
        closed=False,
        full=None,
        municipalities=tuple(one.organisation for one in await organisations.load_municipalities(tx)),
        chosen=None,
        may_decline=False,
        next=what_follows(programme.terms, prospect(programme, tx.now)),
    )


async def read_offer(tx: Tx, programme_id: str) -> Offer | None:
    """What the form is about; None when there is no such form."""
    programme = await programmes.load(tx, programme_id)
    if programme is None or not programme.has_form:
        return None
    return Offer(programme.terms, what_follows(programme.terms, prospect(programme, tx.now)))
