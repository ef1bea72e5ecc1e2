"""One line of the digest for each thing that happened. No person is named."""

from __future__ import annotations

from datetime import datetime

from services.notifications.domain.letter import TITLES
from services.notifications.domain.letters import Line
from shared.contracts.danish import kroner, short_day
from shared.contracts.enrollment import (
    EnrolmentFact,
    EnrolmentLapsed,
    EnrolmentRegrouped,
    EnrolmentWaitlisted,
    EnrolmentWithdrawn,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    MunicipalityEnrolled,
    ReservationResolved,
    RosterFact,
)
from shared.contracts.event import IntakeRejected
from shared.contracts.invoicing import ClaimHeldBack, InvoiceOverdue
from shared.contracts.scheduling import MeetingPlanned


def enrolled(fact: MunicipalityEnrolled, at: datetime) -> Line:
    details = [fact.group or "", "med forbehold for politisk godkendelse" if fact.forbehold_open else ""]
    return _enrolment("enrolled", fact, fact.enrolled_at.isoformat(), at, *details)


def waitlisted(fact: EnrolmentWaitlisted, at: datetime) -> Line:
    return _enrolment("waitlisted", fact, fact.received_at.isoformat(), at)


def withdrawn(fact: EnrolmentWithdrawn, at: datetime) -> Line:
    return _enrolment("withdrawn", fact, at.isoformat(), at)


def lapsed(fact: EnrolmentLapsed, at: datetime) -> Line:
    return _enrolment("lapsed", fact, at.isoformat(), at)


def regrouped(fact: EnrolmentRegrouped, at: datetime) -> Line:
    move = f"fra {fact.previous_group or 'ingen'} til {fact.group or 'ingen'}"
    return _enrolment("regrouped", fact, at.isoformat(), at, move)


def reservation(fact: ReservationResolved, at: datetime) -> Line:
    word = "godkendt politisk" if fact.approved else "ikke godkendt politisk"
    return _enrolment("reservation", fact, fact.resolved_at.isoformat(), at, word)


def extra_added(fact: ExtraParticipantAdded, version: int | None, at: datetime) -> Line:
    return _roster("extra", fact, version, at, f"{kroner(fact.terms.price_ore)} ekskl. moms")


def extra_removed(fact: ExtraParticipantRemoved, version: int | None, at: datetime) -> Line:
    return _roster("extra_removed", fact, version, at, "rykket ind" if fact.reason == "moved_in" else "afmeldt")


def planned(fact: MeetingPlanned, at: datetime) -> Line:
    return Line(fact.programme.id, "planned", fact.subject, "", fact.meeting.title, at)


def overdue(fact: InvoiceOverdue, at: datetime) -> Line:
    invoice = fact.invoice
    text = (
        f"{invoice.buyer.name}: faktura {invoice.id}, {kroner(fact.outstanding_ore)} mangler, "
        f"frist {short_day(invoice.due_on)}"
    )
    return Line(invoice.programme.id, "overdue", fact.subject, str(fact.level), text, at)


def held_back(fact: ClaimHeldBack, at: datetime) -> Line:
    text = f"{fact.organisation.name}: {fact.text}. {fact.finding}"
    return Line(fact.programme.id, "held_back", fact.subject, at.isoformat(), text, at)


def rejected(fact: IntakeRejected, at: datetime) -> Line:
    """The refusal's own sentence stays out: it may repeat what somebody wrote."""
    name = fact.refused_type.split(".")[-2] if fact.refused_type.count(".") > 1 else fact.refused_type
    text = f"{name} fra {fact.refused_source}: {fact.problem.get('code', 'afvist')}"
    return Line(None, "rejected", fact.subject, fact.service, text, at)


def undelivered(
    kind: str,
    message_id: str,
    attempts: int,
    programme_id: str | None,
    template: str,
    organisation: str,
    reply: str,
    at: datetime,
) -> Line:
    """`kind` is unknown or failed."""
    whom = f" til {organisation}" if organisation else ""
    text = f"{TITLES.get(template, template)}{whom} ({reply}), mail {message_id}"
    return Line(programme_id, kind, f"message/{message_id}", str(attempts), text, at)


def _enrolment(kind: str, fact: EnrolmentFact, occasion: str, at: datetime, *details: str) -> Line:
    told = ", ".join(detail for detail in details if detail)
    text = f"{fact.organisation.name} ({told})" if told else fact.organisation.name
    return Line(fact.programme.id, kind, fact.subject, occasion, text, at)


def _roster(kind: str, fact: RosterFact, version: int | None, at: datetime, detail: str) -> Line:
    text = f"{fact.organisation.name}: {fact.meeting.title}, {detail}"
    return Line(fact.programme.id, kind, fact.subject, f"{fact.person.person_id}/{version or 0}", text, at)
