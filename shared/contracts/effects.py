"""Who does what with each fact, and the natural key that keeps the effect from happening twice.

The natural key never expires; the inbox only saves the work. A test holds this table against the subscriptions of
the services, both ways, so that a new arrow on the map is written down here.
"""

from __future__ import annotations

from typing import NamedTuple


class Effect(NamedTuple):
    service: str
    does: str
    natural_key: str


_MESSAGE = "template, recipient, about, occasion"
_MEETING_COPY = "meeting (newest date version wins)"

EFFECTS: dict[str, tuple[Effect, ...]] = {
    "tovholder.enrollment.ProgrammePublished.v1": (
        Effect("scheduling", "plans the meetings of the programme file", "programme, meeting key"),
        Effect("notifications", "remembers the programme's texts and reminder days", "programme (newest version wins)"),
    ),
    "tovholder.enrollment.ProgrammeChanged.v1": (
        Effect("scheduling", "plans, moves and cancels meetings as the file says now", "programme, meeting key"),
        Effect("notifications", "remembers the programme's texts and reminder days", "programme (newest version wins)"),
    ),
    "tovholder.enrollment.ProgrammeCancelled.v1": (
        Effect("scheduling", "cancels the meetings that have not been held", "programme, meeting key"),
        Effect("invoicing", "withdraws the fees that are not invoiced yet", "enrolment, instalment"),
    ),
    "tovholder.enrollment.MunicipalityInvited.v1": (
        Effect("notifications", "mails the invitation to each mailbox", _MESSAGE),
    ),
    "tovholder.enrollment.InvitationReminderDue.v1": (
        Effect("notifications", "mails the reminder to each mailbox", _MESSAGE),
    ),
    "tovholder.enrollment.EnrolmentReceived.v1": (
        Effect("notifications", "mails the link that confirms the sign-up", _MESSAGE),
    ),
    "tovholder.enrollment.MunicipalityEnrolled.v1": (
        Effect("invoicing", "claims each instalment of the fee", "enrolment, instalment"),
        Effect("notifications", "mails the receipt and the meetings already dated", _MESSAGE),
    ),
    "tovholder.enrollment.EnrolmentRegrouped.v1": (
        Effect("notifications", "cancels the old group's meetings and invites to the new one's", _MESSAGE),
    ),
    "tovholder.enrollment.ReservationResolved.v1": (
        Effect("invoicing", "releases or withdraws the fee that waited for the forbehold", "enrolment, instalment"),
        Effect("notifications", "follows the place; tells staff in the digest", "enrolment, resolved at"),
    ),
    "tovholder.enrollment.EnrolmentLapsed.v1": (
        Effect("invoicing", "withdraws the fee that is not invoiced yet", "enrolment, instalment"),
        Effect("notifications", "cancels the meetings; tells staff in the digest", _MESSAGE),
    ),
    "tovholder.enrollment.EnrolmentWithdrawn.v1": (
        Effect("invoicing", "withdraws the fee that is not invoiced yet", "enrolment, instalment"),
        Effect("notifications", "mails the receipt and cancels the meetings", _MESSAGE),
    ),
    "tovholder.enrollment.TovholderAppointed.v1": (
        Effect("invoicing", "addresses later invoices to the new contact", "enrolment (newest wins)"),
        Effect("notifications", "tells the new contact and hands over the meetings", _MESSAGE),
    ),
    "tovholder.enrollment.ParticipantRegistered.v1": (
        Effect("notifications", "mails the participant the calendar invitation", _MESSAGE),
    ),
    "tovholder.enrollment.ParticipantReplaced.v1": (
        Effect("notifications", "cancels for the one and invites the other", _MESSAGE),
    ),
    "tovholder.enrollment.ParticipantCancelled.v1": (
        Effect("notifications", "cancels for that participant only", _MESSAGE),
    ),
    "tovholder.enrollment.ExtraParticipantAdded.v1": (
        Effect("invoicing", "claims the extra participant", "roster, person"),
        Effect("notifications", "tells the contact the price", _MESSAGE),
    ),
    "tovholder.enrollment.ExtraParticipantRemoved.v1": (
        Effect("invoicing", "withdraws the claim that is not invoiced yet", "roster, person"),
        Effect("notifications", "tells the contact that nothing is billed", _MESSAGE),
    ),
    "tovholder.scheduling.MeetingPlanned.v1": (
        Effect("enrollment", "keeps a copy of the meeting", _MEETING_COPY),
        Effect("notifications", "keeps a copy of the meeting", _MEETING_COPY),
    ),
    "tovholder.scheduling.MeetingScheduled.v1": (
        Effect("enrollment", "opens registration for the meeting", _MEETING_COPY),
        Effect("notifications", "mails the invitation or «Reservér datoen»", _MESSAGE),
    ),
    "tovholder.scheduling.MeetingRescheduled.v1": (
        Effect("enrollment", "keeps a copy of the meeting", _MEETING_COPY),
        Effect("notifications", "mails the update and arms the reminder again", _MESSAGE),
    ),
    "tovholder.scheduling.MeetingCancelled.v1": (
        Effect("enrollment", "closes registration for the meeting", _MEETING_COPY),
        Effect("invoicing", "withdraws the claims for extra participants", "roster, person"),
        Effect("notifications", "mails the cancellation", _MESSAGE),
    ),
    "tovholder.scheduling.MeetingHeld.v1": (
        Effect("enrollment", "closes registration for the meeting", _MEETING_COPY),
        Effect("invoicing", "releases the claims for extra participants", "roster, person"),
        Effect("notifications", "disarms the reminder", _MEETING_COPY),
    ),
    "tovholder.invoicing.InvoiceIssued.v1": (Effect("notifications", "mails the invoice", _MESSAGE),),
    "tovholder.invoicing.CreditNoteIssued.v1": (Effect("notifications", "mails the credit note", _MESSAGE),),
    "tovholder.invoicing.ClaimHeldBack.v1": (Effect("notifications", "tells staff in the digest", "claim"),),
    "tovholder.invoicing.InvoiceOverdue.v1": (Effect("notifications", "mails the payment reminder", _MESSAGE),),
    "tovholder.enrollment.EnrolmentWaitlisted.v1": (
        Effect("notifications", "mails word of the waiting list", _MESSAGE),
    ),
    "tovholder.enrollment.IntakeRejected.v1": (Effect("notifications", "tells staff in the digest", "refused event"),),
    "tovholder.scheduling.IntakeRejected.v1": (Effect("notifications", "tells staff in the digest", "refused event"),),
    "tovholder.invoicing.IntakeRejected.v1": (Effect("notifications", "tells staff in the digest", "refused event"),),
}
"""By wire name; a fact that is not here has no reader yet."""
