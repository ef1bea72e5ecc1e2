"""One line of the digest for each thing that happened. No person is named."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.notifications.domain.digest import DigestLine
from services.notifications.domain.letter import TITLES
from services.notifications.domain.message import Message
from shared.contracts.danish import kroner, short_day
from shared.contracts.enrollment import (
    BillingReminderDue,
    EnrolmentFact,
    EnrolmentLapsed,
    EnrolmentRegrouped,
    EnrolmentWaitlisted,
    EnrolmentWithdrawn,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    GuestRemoved,
    MemberMailboxMissing,
    MunicipalityEnrolled,
    NobodyMovedUp,
    OptionFact,
    OptionOrdered,
    OptionWithdrawn,
    ProgrammeAwaitsArchive,
    QuoteDeclined,
    QuoteLapsed,
    ReservationChanged,
    ReservationReminderDue,
    ReservationResolved,
    RosterFact,
    SignUpAwaitsStaff,
    TeamReminderDue,
)
from shared.contracts.event import IntakeRejected
from shared.contracts.invoicing import ClaimHeldBack, InvoiceOverdue
from shared.contracts.parties import billing_details
from shared.contracts.scheduling import MeetingPlanned


def enrolled(fact: MunicipalityEnrolled, at: datetime) -> DigestLine:
    details = [
        fact.group or "",
        "fra ventelisten" if fact.from_waiting_list else "",
        "over det sædvanlige antal pladser" if fact.beyond_usual else "",
        "med forbehold for politisk godkendelse" if fact.forbehold_open else "",
    ]
    return _enrolment("enrolled", fact, fact.enrolled_at.isoformat(), at, *details)


def waitlisted(fact: EnrolmentWaitlisted, at: datetime) -> DigestLine:
    details = [
        "pladserne gives efter fristen" if fact.allotted_after else "",
        "med forbehold for politisk godkendelse" if fact.forbehold_open else "",
    ]
    return _enrolment("waitlisted", fact, fact.received_at.isoformat(), at, *details)


def awaits_staff(fact: SignUpAwaitsStaff, at: datetime) -> DigestLine:
    """The same for all of the organisation's, so that they are one line; which they are stands in the list of those
    that wait. Here is no person.
    """
    text = f"{fact.organisation.name} ({fact.organisation.code})"
    return DigestLine(fact.programme.id, "awaits", fact.subject, fact.sign_up_id, text, at)


def billing_missing(fact: MunicipalityEnrolled, at: datetime) -> DigestLine:
    """Of one that lacks something when it gets its place."""
    return _enrolment("billing", fact, fact.enrolled_at.isoformat(), at, billing_details(fact.billing_missing))


def billing_awaited(fact: BillingReminderDue, at: datetime) -> DigestLine:
    occasion = f"{fact.invoice_on.isoformat()}/{fact.days}"
    asked = f"{billing_details(fact.billing_missing)}; første faktura {short_day(fact.invoice_on)}"
    return _enrolment("billing", fact, occasion, at, asked)


def withdrawn(fact: EnrolmentWithdrawn, at: datetime) -> DigestLine:
    return _enrolment("withdrawn", fact, at.isoformat(), at)


def lapsed(fact: EnrolmentLapsed, at: datetime) -> DigestLine:
    return _enrolment("lapsed", fact, at.isoformat(), at)


def left_free(fact: NobodyMovedUp, at: datetime) -> DigestLine:
    """The place may not be free for all that nobody has it: more were given once than there are."""
    word = "pladsen er fri, og ingen rykkede op" if fact.free else "ingen rykkede op"
    text = f"{fact.organisation.name}: {word}. {fact.why}"
    return DigestLine(fact.programme.id, "left_free", fact.subject, at.isoformat(), text, at)


def regrouped(fact: EnrolmentRegrouped, at: datetime) -> DigestLine:
    move = f"fra {fact.previous_group or 'ingen'} til {fact.group or 'ingen'}"
    return _enrolment("regrouped", fact, at.isoformat(), at, move)


def reservation(fact: ReservationResolved, at: datetime) -> DigestLine:
    word = "godkendt politisk" if fact.approved else "ikke godkendt politisk"
    return _enrolment("reservation", fact, fact.resolved_at.isoformat(), at, word)


def reservation_changed(fact: ReservationChanged, at: datetime) -> DigestLine:
    expected_on = fact.forbehold.expected_on
    day = f"svar ventes {short_day(expected_on)}" if expected_on else "svar ventes på en dag, som ikke er sagt"
    committee = f", {fact.forbehold.committee}" if fact.forbehold.committee else ""
    return _enrolment("reservation", fact, at.isoformat(), at, f"{day}{committee}")


def reservation_awaited(fact: ReservationReminderDue, at: datetime) -> DigestLine:
    """That its day has gone by without an answer, or that nobody has said a day."""
    expected_on = fact.forbehold.expected_on
    if expected_on is None and fact.forbehold.lapses_after is None:
        word = f"intet svar {fact.days} dage efter tilmeldingen, dagen er ukendt"
    else:
        word = f"intet svar, ventet {short_day(expected_on)}" if expected_on else "intet svar"
    return _enrolment("reservation", fact, f"{expected_on or ''}/{fact.days}", at, word)


def option_ordered(fact: OptionOrdered, at: datetime) -> DigestLine:
    word = "tilbud accepteret" if fact.by_quote else "bestilt"
    return _option(fact, at, word, f"{kroner(fact.price_ore)} ekskl. moms")


def option_withdrawn(fact: OptionWithdrawn, at: datetime) -> DigestLine:
    return _option(fact, at, "bestilling trukket tilbage" if fact.ordered else "tilbud trukket tilbage")


def quote_declined(fact: QuoteDeclined, at: datetime) -> DigestLine:
    return _option(fact, at, "tilbud afslået")


def quote_lapsed(fact: QuoteLapsed, at: datetime) -> DigestLine:
    return _option(fact, at, "tilbud udløbet uden svar")


def extra_added(fact: ExtraParticipantAdded, version: int | None, at: datetime) -> DigestLine:
    return _roster("extra", fact, version, at, f"{kroner(fact.terms.price_ore)} ekskl. moms")


def extra_removed(fact: ExtraParticipantRemoved, version: int | None, at: datetime) -> DigestLine:
    return _roster("extra_removed", fact, version, at, "rykket ind" if fact.reason == "moved_in" else "afmeldt")


def team_short(fact: TeamReminderDue, at: datetime) -> DigestLine:
    text = f"{fact.organisation.name}: {fact.size} af mindst {fact.minimum} er navngivet"
    kind = "member_short" if fact.of_member else "team_short"
    return DigestLine(fact.programme.id, kind, fact.subject, at.isoformat(), text, at)


def guest_left(fact: GuestRemoved, at: datetime) -> DigestLine:
    text = f"{fact.meeting.title}: en gæst har meldt afbud"
    return DigestLine(fact.programme.id, "guest_left", fact.subject, at.isoformat(), text, at)


def mailbox_missing(fact: MemberMailboxMissing, at: datetime) -> DigestLine:
    return DigestLine(fact.programme.id, "mailbox_missing", fact.subject, at.isoformat(), fact.organisation.name, at)


def archive_awaited(fact: ProgrammeAwaitsArchive, at: datetime) -> DigestLine:
    text = (
        f"Sluttede {short_day(fact.ended_on)}. Siden {short_day(fact.kept_since)} skulle personerne være slettet: de "
        f"bliver, til arkivet har papirerne. Skriv dem ud med: tovholder archive {fact.programme.id} --out FIL.zip"
    )
    return DigestLine(fact.programme.id, "archive", fact.subject, at.isoformat(), text, at)


def planned(fact: MeetingPlanned, at: datetime) -> DigestLine:
    return DigestLine(fact.programme.id, "planned", fact.subject, "", fact.meeting.title, at)


def overdue(fact: InvoiceOverdue, at: datetime) -> DigestLine:
    invoice = fact.invoice
    text = (
        f"{invoice.buyer.name}: faktura {invoice.id}, {kroner(fact.outstanding_ore)} mangler, "
        f"frist {short_day(invoice.due_on)}"
    )
    return DigestLine(invoice.programme.id, "overdue", fact.subject, str(fact.level), text, at)


def held_back(fact: ClaimHeldBack, at: datetime) -> DigestLine:
    text = f"{fact.organisation.name}: {fact.text}. {fact.finding}"
    return DigestLine(fact.programme.id, "held_back", fact.subject, at.isoformat(), text, at)


def rejected(fact: IntakeRejected, at: datetime) -> DigestLine:
    """The refusal's own sentence stays out: it may repeat what somebody wrote."""
    name = fact.refused_type.split(".")[-2] if fact.refused_type.count(".") > 1 else fact.refused_type
    text = f"{name} fra {fact.refused_source}: {fact.problem.get('code', 'afvist')}"
    return DigestLine(None, "rejected", fact.subject, fact.service, text, at)


def undelivered(kind: Literal["unknown", "failed"], message: Message, reply: str, at: datetime) -> DigestLine | None:
    """Once for each number of attempts. None for a digest, which would be about itself."""
    if message.template == "digest":
        return None
    organisation = message.says.get("organisation", "")
    whom = f" til {organisation}" if organisation else ""
    text = f"{TITLES.get(message.template, message.template)}{whom} ({reply}), mail {message.id}"
    return DigestLine(message.programme_id, kind, f"message/{message.id}", str(message.attempts), text, at)


def _enrolment(kind: str, fact: EnrolmentFact, occasion: str, at: datetime, *details: str) -> DigestLine:
    told = ", ".join(detail for detail in details if detail)
    text = f"{fact.organisation.name} ({told})" if told else fact.organisation.name
    return DigestLine(fact.programme.id, kind, fact.subject, occasion, text, at)


def _option(fact: OptionFact, at: datetime, word: str, *details: str) -> DigestLine:
    what = f"{fact.title or fact.option_id}: {word}"
    return _enrolment("option", fact, f"{fact.option_id}/{fact.round}/{word}", at, what, *details)


def _roster(kind: str, fact: RosterFact, version: int | None, at: datetime, detail: str) -> DigestLine:
    text = f"{fact.organisation.name}: {fact.meeting.title}, {detail}"
    return DigestLine(fact.programme.id, kind, fact.subject, f"{fact.person.person_id}/{version or 0}", text, at)
