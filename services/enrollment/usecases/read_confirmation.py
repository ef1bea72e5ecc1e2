"""The form that a mailed link confirms, before and after it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from services.enrollment.adapters import enrolments, links, organisations, programmes, sign_ups
from services.enrollment.domain.ended_forms import comes_to_nothing
from services.enrollment.domain.enrolment import Enrolment
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.sign_up import Ended, SignUp, how_to_be_let_in
from services.enrollment.domain.speakers import mailbox_key
from services.enrollment.domain.status import status
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp
from services.enrollment.usecases.load_standings import load_standings
from services.enrollment.usecases.take_back_sign_up import TakeBackSignUp
from shared.base.listing import Page
from shared.contracts.enrollment import EnrolMunicipality
from shared.contracts.parties import Organisation
from shared.contracts.programme import ProgrammeTerms
from shared.storage.tx import Tx

Stage = Literal["open", "waiting", "enrolled", "used", "dismissed"] | Ended


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`wish` is what the link can be used for, as long as its `stage` is "open"; then the form waits for staff, or has
    its place, or had it ("used": what came after is not its contact's any more, or has ended), or has ended.
    `to_be_let_in` says how whoever is of the organisation comes to its place all the same.

    `participants_path` is where to go on, once there is a place, `standing_path` as long as it waits for one;
    `by_main_mailbox`: the link did not go to the contact. `more_path` leads to others for the same mailbox that no mail
    was sent for, if there are any (`read_not_mailed`).
    """

    terms: ProgrammeTerms
    organisation: Organisation
    wish: ConfirmSignUp | TakeBackSignUp
    form: EnrolMunicipality
    asked: Mapping[str, str]
    """The words that it asked by."""
    stage: Stage
    to_be_let_in: str
    by_main_mailbox: bool
    status: str
    participants_path: str | None
    standing_path: str | None
    waits: bool
    cancelled: bool
    """Its programme is called off, so that nothing comes of the link."""
    more_path: str | None
    path: str
    """Of its own page."""
    take_back_path: str

    @property
    def may_take_back(self) -> bool:
        return self.stage in {"open", "waiting"}


async def read_confirmation(tx: Tx, token: str) -> Confirmation | None:
    """None for a link that is none of ours, or too old."""
    sign_up_id = links.sign_up_of(tx.links, token, tx.now)
    sign_up = await sign_ups.load(tx, sign_up_id) if sign_up_id else None
    entry = await organisations.load(tx, sign_up.organisation_code) if sign_up else None
    programme = await programmes.load(tx, sign_up.command.programme_id) if sign_up else None
    if sign_up is None or entry is None or programme is None:
        return None
    enrolment = await enrolments.load(tx, sign_up.enrolment_id)
    more = await sign_ups.load_page_not_mailed(tx, Page("forms", limit=1), sign_up.mailbox, beside=sign_up.id)
    confirm = links.confirm_path(tx.links, sign_up.id, sign_up.received_at)
    stage = _stage(sign_up, programme, enrolment)
    # Whoever holds a link that was used is let on only to a place that is its contact's.
    placed = enrolment if stage == "enrolled" else None
    return Confirmation(
        terms=programme.terms,
        organisation=entry.organisation,
        wish=ConfirmSignUp(sign_up_id=sign_up.id),
        form=sign_up.command,
        asked=sign_up.asked,
        stage=stage,
        to_be_let_in=how_to_be_let_in(programme.ref.seller),
        by_main_mailbox=sign_up.by_main_mailbox,
        status=(await load_standings(tx, [placed]))[placed.id].word if placed else status("received"),
        participants_path=links.participants_path_of(tx.links, placed)
        if placed and not sign_up.by_main_mailbox
        else None,
        standing_path=links.standing_path_of(tx.links, placed)
        if placed and placed.waits and not sign_up.by_main_mailbox
        else None,
        waits=placed is not None and placed.waits,
        cancelled=not programme.open,
        path=confirm,
        take_back_path=links.taking_back_path(confirm),
        more_path=links.more_forms_path(tx.links, sign_up.id, sign_up.received_at) if more else None,
    )


async def read_taking_back(tx: Tx, token: str) -> Confirmation | None:
    """The same, for whoever wants to take it back."""
    found = await read_confirmation(tx, token)
    return found and replace(found, wish=TakeBackSignUp(sign_up_id=found.wish.sign_up_id))


def _stage(sign_up: SignUp, programme: Programme, enrolment: Enrolment | None) -> Stage:
    if sign_up.dismissed_at is not None:
        return sign_up.ended_because or "dismissed"
    if sign_up.confirmed_at is None:
        # A timer is about to end one that waits, and can come to nothing.
        return "open" if sign_up.shown_at is None else comes_to_nothing(sign_up, programme, enrolment) or "waiting"
    if enrolment is None or not enrolment.is_signed_up or enrolment.received_at != sign_up.received_at:
        return "used"
    # By the address: whoever confirmed the form may have found its contact known by another id than it was given.
    return "enrolled" if mailbox_key(enrolment.known_contact.email) == mailbox_key(sign_up.email) else "used"
