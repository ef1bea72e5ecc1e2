"""One thing owed: an instalment of an enrolment's fee, one extra participant at one meeting, or an option.

A claim holds what has been *said*: whether it is wanted, on hold, waived, invoiced. How the meeting ended comes from
another stream, before or after. `settle` derives state and due instant from all of it, so that the order in which
facts arrive makes no difference. Amounts in øre without moms, instants in UTC.

A rule takes a claim as it stands and decides how it stands afterwards, with what staff are told and the alarm that will
invoice it; the run that rings then takes all that has fallen due in its series.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Literal, NamedTuple

from services.invoicing.domain.from_invoice import faults
from shared.contracts.decision import Alarm, Decision
from shared.contracts.enrollment import ExtraParticipantAdded, MunicipalityEnrolled, OptionOrdered, roster_id
from shared.contracts.event import Event, natural_id
from shared.contracts.invoicing import ClaimHeldBack
from shared.contracts.parties import Billing, Contact, Organisation
from shared.contracts.programme import ProgrammeRef
from shared.contracts.refusal import Refused
from shared.contracts.time import day_after, local

State = Literal["waiting", "ready", "invoiced", "invoiced_then_removed", "credited", "waived", "withdrawn"]

STATE_TITLES: dict[State, str] = {
    "waiting": "afventer",
    "ready": "klar til fakturering",
    "invoiced": "faktureret",
    "invoiced_then_removed": "faktureret og siden bortfaldet",
    "credited": "krediteret",
    "waived": "faktureres ikke",
    "withdrawn": "bortfaldet",
}
INVOICE_RUN = "invoice_run"
"""Timer, keyed by series, organiser and due instant: claims that fall due together share one."""
CLAIMS_TO_SETTLE = "claims_of_meeting"
"""Timer: claims for an ended meeting that found no room in its transaction. It rings at once."""
FEES_TO_WITHDRAW = "fees_of_programme"
"""Timer: fees and options of a cancelled programme that found no room in its transaction. It rings at once."""
FEES_TO_CREDIT = "fees_to_credit"
"""Timer, keyed by invoice: there are fees on it of a programme that was cancelled before anything was held. It rings at
once.
"""
MEETING_CANCELLED = "Mødet er aflyst."
PROGRAMME_CANCELLED = "Forløbet er aflyst."
ASKED_OF_FEE = "Forløbet er aflyst, men der er holdt møder: afgør, om gebyret skal faktureres."
ASKED_OF_INVOICED = "Forløbet er aflyst, men der er holdt møder: afgør, om gebyret skal krediteres."
WITHDRAWN = "Kommunen er afmeldt."
WITHDRAWN_FREE = "Kommunen er afmeldt og skylder intet efter aftalen: krediter det, der er faktureret."
LAPSED = "Tilmeldingen er bortfaldet."
NOT_APPROVED = "Ikke godkendt politisk."
OPTION_WITHDRAWN = "Tilkøbet er trukket tilbage."
NOT_DELIVERED = "Tilkøbet er ikke leveret endnu."
NO_LONGER_EXTRA = {
    "cancelled": "Deltageren er meldt fra.",
    "moved_in": "Deltageren har fået en af de inkluderede pladser.",
}
"""Why somebody is no longer beyond the included seats, as ExtraParticipantRemoved names it."""
NO_SERIES = "Sælgeren har ingen fakturaserie."
INVOICED_FROM = time(8)
"""Invoices go out when people are at work: clock time in Denmark."""


@dataclass(frozen=True, slots=True)
class MeetingEnd:
    """How a meeting ended, as far as is known. A meeting nobody has told of has not ended."""

    held_on: date | None = None
    cancelled: bool = False


NOT_ENDED = MeetingEnd()


class Appointed(NamedTuple):
    """Who has become an enrolment's contact, and when that was told."""

    contact: Contact
    at: datetime


class Billed(NamedTuple):
    """How an enrolment's invoices are to be from now on, and when that was told."""

    billing: Billing
    at: datetime


class Claim(NamedTuple):
    """A tuple, because thousands of them are made and taken apart by columns in one batch.

    `item` is the instalment's id, the extra participant's person id, or the option's and its round; `earliest` is when
    a fee may be invoiced, `delivered_on` the day from which an option may.

    `credited` = all of it was given back; a person decided that, and nothing invoices it again by itself.

    `at_end`: its programme was cancelled when some of it had been held, and staff are asked whether the fee is owed, or
    have said that it is billed.

    `told_at` is the domain time of the fact whose parties and terms stand here. `finding` says what is wrong with
    these, so that no invoice can be issued; empty = nothing. `own_billing`: somebody else than the enrolment pays.
    """

    id: str
    kind: Literal["fee", "extra", "option"]
    state: State
    due_at: datetime | None
    organiser: str
    series: str
    programme_id: str
    programme_version: int
    enrolment_id: str
    meeting_id: str | None
    item: str
    text: str
    person_name: str | None
    amount_ore: int
    vat_percent: int
    earliest: datetime | None
    told_at: datetime
    wanted: bool
    on_hold: bool
    waived_because: str | None
    reason: str
    finding: str
    invoice_id: str | None
    credited: bool
    delivered_on: date | None
    own_billing: bool
    at_end: Literal["asked", "bill"] | None
    buyer: Organisation
    billing: Billing
    contact: Contact


def invoiced_after(day: date) -> datetime:
    """08:00 in Denmark on the day after `day`."""
    return local(day_after(day), INVOICED_FROM)


@lru_cache(maxsize=64)
def fee_due(invoice_on: date, deadline: date | None) -> datetime:
    """On the instalment's day, and never before the sign-up deadline has passed. A programme has few of these."""
    on_its_day = local(invoice_on, INVOICED_FROM)
    return on_its_day if deadline is None else max(on_its_day, invoiced_after(deadline))


def settle(claim: Claim, end: MeetingEnd = NOT_ENDED) -> Claim:
    """The claim with the state and the due instant that follow from all that is known."""
    owed = claim.wanted and not end.cancelled
    due: datetime | None = None
    state: State
    if claim.invoice_id is not None:
        state = "credited" if claim.credited else "invoiced" if owed else "invoiced_then_removed"
    elif claim.waived_because is not None:
        state = "waived"
    elif not owed:
        state = "withdrawn"
    else:
        due = _due(claim, end)
        state = "waiting" if due is None else "ready"
    return claim._replace(state=state, due_at=due, reason=_reason(claim, end))


def fee_claims(enrolled: MunicipalityEnrolled, told_at: datetime) -> list[Claim]:
    """One claim per instalment, on the terms that were agreed; held back by an open forbehold, if they wait for it."""
    programme = enrolled.programme
    return [
        _examined(
            Claim(
                id=natural_id("claim", enrolled.enrolment_id, fee.id),
                kind="fee",
                state="waiting",
                due_at=None,
                organiser=programme.seller.cvr,
                series=programme.seller.series,
                programme_id=programme.id,
                programme_version=programme.version,
                enrolment_id=enrolled.enrolment_id,
                meeting_id=None,
                item=fee.id,
                text=fee.text,
                person_name=None,
                amount_ore=fee.amount_ore,
                vat_percent=fee.vat_percent,
                earliest=fee_due(fee.invoice_on, enrolled.deadline),
                told_at=told_at,
                wanted=True,
                on_hold=enrolled.forbehold_open and enrolled.fees_wait,
                waived_because=None,
                reason="",
                finding="",
                invoice_id=None,
                credited=False,
                delivered_on=None,
                own_billing=False,
                at_end=None,
                buyer=enrolled.organisation,
                billing=enrolled.billing,
                contact=enrolled.contact,
            ),
            programme,
        )
        for fee in enrolled.fees
    ]


def extra_claim_id(enrolment_id: str, meeting_id: str, person_id: str) -> str:
    return natural_id("claim", roster_id(enrolment_id, meeting_id), person_id)


def extra_claim(
    added: ExtraParticipantAdded, told_at: datetime, end: MeetingEnd, billed: Billed | None = None
) -> Claim:
    """One person beyond the included seats at one meeting. `billed`: as the enrolment is since, or was told earlier."""
    programme = added.programme
    follows = billed is not None and not added.own_billing and told_at <= billed.at
    return _examined(
        Claim(
            id=extra_claim_id(added.enrolment_id, added.meeting.id, added.person.person_id),
            kind="extra",
            state="waiting",
            due_at=None,
            organiser=programme.seller.cvr,
            series=programme.seller.series,
            programme_id=programme.id,
            programme_version=programme.version,
            enrolment_id=added.enrolment_id,
            meeting_id=added.meeting.id,
            item=added.person.person_id,
            text=added.terms.text,
            person_name=added.person.name,
            amount_ore=added.terms.price_ore,
            vat_percent=added.terms.vat_percent,
            earliest=None,
            told_at=told_at,
            wanted=True,
            on_hold=False,
            waived_because=None,
            reason="",
            finding="",
            invoice_id=None,
            credited=False,
            delivered_on=None,
            own_billing=added.own_billing,
            at_end=None,
            buyer=added.organisation,
            billing=billed.billing if billed is not None and follows else added.billing,
            contact=added.contact,
        ),
        programme,
        end,
    )


def option_claim_id(enrolment_id: str, option_id: str, round_: int) -> str:
    return natural_id("claim", enrolment_id, "option", option_id, str(round_))


def option_claim(ordered: OptionOrdered, told_at: datetime) -> Claim | None:
    """What was ordered, on the terms that were agreed; not due before it is delivered. None where it costs nothing.

    Of another system, which need not say who is billed: staff do.
    """
    if ordered.price_ore <= 0:
        return None
    programme = ordered.programme
    return _examined(
        Claim(
            id=option_claim_id(ordered.enrolment_id, ordered.option_id, ordered.round),
            kind="option",
            state="waiting",
            due_at=None,
            organiser=programme.seller.cvr,
            series=programme.seller.series,
            programme_id=programme.id,
            programme_version=programme.version,
            enrolment_id=ordered.enrolment_id,
            meeting_id=None,
            item=f"option/{ordered.option_id}/{ordered.round}",
            text=ordered.text,
            person_name=None,
            amount_ore=ordered.price_ore,
            vat_percent=ordered.vat_percent,
            earliest=None,
            told_at=told_at,
            wanted=True,
            on_hold=False,
            waived_because=None,
            reason="",
            finding="",
            invoice_id=None,
            credited=False,
            delivered_on=None,
            own_billing=ordered.own_billing,
            at_end=None,
            buyer=ordered.organisation,
            billing=ordered.billing or Billing(),
            contact=ordered.contact or Contact(person_id=ordered.enrolment_id, name="", email=""),
        ),
        programme,
    )


def said_again(known: Claim, fresh: Claim, end: MeetingEnd = NOT_ENDED) -> Claim:
    """The same thing is owed once more: it is billed once in all.

    A claim that stands is left as it is. One that was withdrawn opens again on the new terms; one that has been
    invoiced, or waived by somebody, keeps that.
    """
    if known.wanted:
        return known
    reopened = fresh._replace(waived_because=known.waived_because, invoice_id=known.invoice_id, at_end=known.at_end)
    if known.invoice_id is not None:
        reopened = known._replace(wanted=True)
    return settle(reopened, end)


def owe(
    fresh: Claim, known: Claim | None, programme: ProgrammeRef, owner: str, end: MeetingEnd = NOT_ENDED
) -> Decision[Claim]:
    """Something is owed, for the first time or once more; staff hear of it at once when it cannot be invoiced."""
    after = fresh if known is None else said_again(known, fresh, end)
    return _follow(known, after, _held_back(after, programme, owner))


def correct(
    claim: Claim, billing: Billing, programme: ProgrammeRef, owner: str, end: MeetingEnd = NOT_ENDED
) -> Decision[Claim]:
    """Billed as the customer says now. What has been invoiced is left alone: a credit note corrects that; and so is
    what somebody else pays for, unless it cannot be invoiced to them.
    """
    if claim.invoice_id is not None or (claim.own_billing and not claim.finding):
        return Decision(claim)
    after = _examined(claim._replace(billing=billing), programme, end)
    return _follow(claim, after, _held_back(after, programme, owner))


def bill_as_told(
    claim: Claim, billed: Billed, programme: ProgrammeRef, owner: str, end: MeetingEnd = NOT_ENDED
) -> Decision[Claim]:
    """Billed as the customer has told since the claim was; not what is billed to another, or has been invoiced.

    What is held back for want of it is released; staff hear when it is held back for something else now.
    """
    if claim.invoice_id is not None or claim.own_billing or billed.at < claim.told_at:
        return Decision(claim)
    after = _examined(claim._replace(billing=billed.billing), programme, end)
    return _follow(claim, after, () if after.finding == claim.finding else _held_back(after, programme, owner))


def bill_another(
    claim: Claim, billing: Billing, programme: ProgrammeRef, owner: str, end: MeetingEnd = NOT_ENDED
) -> Decision[Claim]:
    """An extra participant, or an option, is billed as was said for it alone; what has been invoiced is left alone."""
    if claim.invoice_id is not None:
        return Decision(claim)
    after = _examined(claim._replace(billing=billing, own_billing=True), programme, end)
    return _follow(claim, after, () if after.finding == claim.finding else _held_back(after, programme, owner))


def address_to(
    claim: Claim, appointed: Appointed, programme: ProgrammeRef, owner: str, end: MeetingEnd = NOT_ENDED
) -> Decision[Claim]:
    """Billed to the contact that was appointed since the claim was told of; what has been invoiced is left alone.

    Staff hear when that is what holds it back; what was wrong before they have heard.
    """
    if claim.invoice_id is not None or appointed.at <= claim.told_at:
        return Decision(claim)
    after = _examined(claim._replace(contact=appointed.contact), programme, end)
    return _follow(claim, after, () if claim.finding else _held_back(after, programme, owner))


def follow_meeting(claim: Claim, end: MeetingEnd) -> Decision[Claim]:
    """An extra participant's meeting was held, so that it is billed; or cancelled, so that nothing is owed."""
    return _follow(claim, settle(claim, end))


def claims_to_settle(meeting_id: str, fact: str, after: str, due: datetime) -> Alarm:
    """Those of the meeting that that fact ended, from the claim on that comes after `after`."""
    return Alarm(CLAIMS_TO_SETTLE, f"{meeting_id} {fact}", due, {"meeting_id": meeting_id, "after": after})


def fees_to_withdraw(programme_id: str, after: str, due: datetime) -> Alarm:
    return Alarm(FEES_TO_WITHDRAW, programme_id, due, {"programme_id": programme_id, "after": after})


def resolve(claim: Claim, *, approved: bool) -> Decision[Claim]:
    """The forbehold is lifted, or nothing is owed."""
    if not approved:
        return fall_away(claim, NOT_APPROVED)
    return _follow(claim, settle(claim._replace(on_hold=False)) if claim.on_hold else claim)


def withdraw(claim: Claim, reason: str) -> Decision[Claim]:
    """No longer owed. What has been invoiced already stays so, for the staff to see and decide on."""
    return _follow(claim, settle(claim._replace(wanted=False, reason=reason)) if claim.wanted else claim)


def fall_away(claim: Claim, reason: str) -> Decision[Claim]:
    """An enrolment, or its programme, has ended: nothing of it is owed but the options that were delivered."""
    return Decision(claim) if claim.delivered_on is not None else withdraw(claim, reason)


def end_with_programme(claim: Claim, cancelled: Mapping[str, bool | None]) -> Decision[Claim]:
    """What falls away with a programme that was cancelled does so, whichever of the two was heard first.

    `cancelled`: whether any of its meetings had been held. Then a person decides about the fee, and nobody else.
    """
    if claim.kind == "extra" or claim.programme_id not in cancelled:
        return Decision(claim)
    if claim.kind == "fee" and cancelled[claim.programme_id]:
        return _ask(claim)
    return fall_away(claim, PROGRAMME_CANCELLED)


def asked_about(before: Claim, after: Claim, programme: ProgrammeRef, owner: str) -> tuple[Event, ...]:
    """What staff are told of a fee that they have to decide about from now on."""
    if before.at_end is not None or after.at_end != "asked" or not before.wanted or before.waived_because is not None:
        return ()
    return (_told_held_back(after, programme, owner, f"{after.reason} (programme_cancelled)"),)


def is_to_credit(claim: Claim) -> bool:
    """Whether it is a fee on an invoice that is owed no more, and not credited."""
    return claim.kind == "fee" and claim.state == "invoiced_then_removed"


def fees_to_credit(claim: Claim, due: datetime) -> Alarm:
    return Alarm(FEES_TO_CREDIT, claim.invoice_id or "", due, {"programme_id": claim.programme_id})


def release(claim: Claim) -> Decision[Claim]:
    """Staff have decided that the fee of a programme that was called off is owed. Said again it changes nothing."""
    if claim.at_end == "bill":
        return Decision(claim)
    if claim.at_end is None:
        raise Refused("nothing_to_decide", "Der er ikke noget at afgøre om kravet.", field="claim_id")
    if claim.waived_because is not None:
        raise Refused("claim_waived", f"I har sagt, at kravet ikke faktureres: {claim.waived_because}")
    if claim.credited:
        raise Refused("claim_credited", "Kravet er krediteret.")
    if not claim.wanted and claim.invoice_id is None:
        raise Refused("claim_withdrawn", "Kravet er bortfaldet.")
    return _follow(claim, settle(claim._replace(at_end="bill", wanted=True)))


def _ask(claim: Claim) -> Decision[Claim]:
    if claim.at_end is not None:
        return Decision(claim)
    asked = claim._replace(at_end="asked")
    if claim.invoice_id is not None and claim.wanted:
        asked = asked._replace(wanted=False, reason=ASKED_OF_INVOICED)
    return _follow(claim, settle(asked))


def take_back(claim: Claim) -> Decision[Claim]:
    """The order is off, whatever else it had come to an end with."""
    return _follow(claim, settle(claim._replace(wanted=False, reason=OPTION_WITHDRAWN)))


def deliver(claim: Claim, delivered_on: date) -> Decision[Claim]:
    """An option is delivered, so that it is due: also where the programme's end was heard of before that."""
    if claim.delivered_on is not None or not (claim.wanted or claim.reason == PROGRAMME_CANCELLED):
        return Decision(claim)
    return _follow(claim, settle(claim._replace(wanted=True, delivered_on=delivered_on)))


def hold(claim: Claim, reason: str) -> Decision[Claim]:
    """Something must be put right by people before this can be invoiced."""
    return _follow(claim, settle(claim._replace(on_hold=True, reason=reason)))


def waive(claim: Claim, because: str) -> Decision[Claim]:
    """The claim is not to be invoiced; said again, the first reason stands."""
    because = because.strip()
    if not because:
        raise Refused("required", "Skriv, hvorfor kravet ikke skal faktureres.", status=422, field="reason")
    if claim.invoice_id is not None:
        raise Refused("already_invoiced", f"Kravet er faktureret på faktura {claim.invoice_id}.")
    if claim.waived_because is not None:
        return Decision(claim)
    if claim.state == "withdrawn":
        raise Refused("claim_withdrawn", "Kravet er bortfaldet.")
    return _follow(claim, settle(claim._replace(waived_because=because)))


def invoiced(claim: Claim, invoice_id: str) -> Claim:
    """Asks for a claim that is ready; anything else is an error of ours."""
    if claim.state != "ready":
        raise ValueError(f"claim {claim.id} is {claim.state}, not ready")
    return claim._replace(invoice_id=invoice_id, state="invoiced", due_at=None)


def credited(claim: Claim) -> Claim:
    """Asks for a claim that is on an invoice; anything else is an error of ours."""
    if claim.invoice_id is None:
        raise ValueError(f"claim {claim.id} is {claim.state}, not invoiced")
    return claim._replace(credited=True, state="credited")


@lru_cache(maxsize=256)
def invoice_run(series: str, organiser: str, due_at: datetime) -> Alarm:
    """Rings when claims of the series fall due, at an instant in UTC. Thousands of claims share a few of these."""
    key = f"{series}/{organiser}/{due_at:%Y-%m-%dT%H:%MZ}"
    return Alarm(INVOICE_RUN, key, due_at, {"series": series, "organiser": organiser})


def describe(claim: Claim) -> str:
    """The claim in one Danish line, for people who ask why."""
    what = claim.text if claim.person_name is None else f"{claim.text}: {claim.person_name}"
    return f"{what} ({claim.buyer.name}): {STATE_TITLES[claim.state]}"


def state_named(text: str) -> State:
    """Refused for a state that no claim can be in."""
    for state in STATE_TITLES:
        if state == text:
            return state
    raise Refused("unknown_state", f"Vælg mellem {', '.join(STATE_TITLES)}.", status=422, field="state")


def not_found(field: str | None = None) -> Refused:
    return Refused("unknown_claim", "Kravet findes ikke.", status=404, field=field)


def nothing_owed() -> Refused:
    return Refused("unknown_enrolment", "Tilmeldingen har ingen krav.", status=404, field="enrolment_id")


def _follow(before: Claim | None, after: Claim, facts: tuple[Event, ...] = ()) -> Decision[Claim]:
    """What follows from a change: it is told, and the invoice run rings for it, unless it does already."""
    if after == before:
        return Decision(after)
    due = after.due_at
    if due is None or (before is not None and before.due_at == due):
        return Decision(after, facts)
    return Decision(after, facts, (invoice_run(after.series, after.organiser, due),))


def _held_back(claim: Claim, programme: ProgrammeRef, owner: str) -> tuple[Event, ...]:
    """What staff are told of a claim that is owed and cannot be invoiced; nothing when nothing is wrong with it."""
    if not claim.finding or not claim.wanted or claim.invoice_id is not None:
        return ()
    return (_told_held_back(claim, programme, owner, claim.finding),)


def _told_held_back(claim: Claim, programme: ProgrammeRef, owner: str, finding: str) -> ClaimHeldBack:
    return ClaimHeldBack(
        owner=owner,
        claim_id=claim.id,
        enrolment_id=claim.enrolment_id,
        programme=programme,
        organisation=claim.buyer,
        text=claim.text,
        finding=finding,
    )


def _reason(claim: Claim, end: MeetingEnd) -> str:
    if claim.wanted and claim.at_end == "asked":
        return ASKED_OF_FEE
    if not claim.wanted or (claim.on_hold and not end.cancelled):
        return claim.reason
    if end.cancelled:
        return MEETING_CANCELLED
    if claim.kind == "option" and claim.delivered_on is None and not claim.finding:
        return NOT_DELIVERED
    return claim.finding if claim.series else NO_SERIES


def _due(claim: Claim, end: MeetingEnd) -> datetime | None:
    if claim.on_hold or claim.finding or not claim.series or claim.at_end == "asked":
        return None
    if claim.kind == "fee":
        return claim.earliest
    if claim.kind == "option":
        return None if claim.delivered_on is None else invoiced_after(claim.delivered_on)
    return None if end.held_on is None else invoiced_after(end.held_on)


def _examined(claim: Claim, programme: ProgrammeRef, end: MeetingEnd = NOT_ENDED) -> Claim:
    """Settled, with what the checks find in it."""
    return settle(claim._replace(finding=_finding(claim, programme)), end)


def _finding(claim: Claim, programme: ProgrammeRef) -> str:
    """What a person must put right before an invoice can be issued: a sentence each, with its code."""
    buyer = claim.buyer
    found = faults(programme.seller, buyer.name, buyer.cvr, claim.billing, claim.contact, claim.vat_percent, claim.text)
    return " ".join([f"{one.message} ({one.code})" for one in found])
