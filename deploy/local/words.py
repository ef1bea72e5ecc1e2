"""Events, commands and actors in plain Danish, as `tovholder why` tells them."""

from __future__ import annotations

HAPPENED = {
    "tovholder.enrollment.ProgrammePublished.v1": "forløbet blev offentliggjort",
    "tovholder.enrollment.ProgrammeChanged.v1": "forløbet blev ændret",
    "tovholder.enrollment.ProgrammeCancelled.v1": "forløbet blev aflyst",
    "tovholder.enrollment.MunicipalityInvited.v1": "kommunen blev inviteret",
    "tovholder.enrollment.InvitationReminderDue.v1": "kommunen havde ikke svaret på invitationen",
    "tovholder.enrollment.EnrolmentReceived.v1": "tilmeldingen blev modtaget",
    "tovholder.enrollment.MunicipalityEnrolled.v1": "kommunen fik sin plads",
    "tovholder.enrollment.EnrolmentRegrouped.v1": "kommunen skiftede gruppe",
    "tovholder.enrollment.EnrolmentWaitlisted.v1": "kommunen kom på venteliste",
    "tovholder.enrollment.ReservationResolved.v1": "det politiske forbehold blev afgjort",
    "tovholder.enrollment.EnrolmentLapsed.v1": "tilmeldingen bortfaldt",
    "tovholder.enrollment.EnrolmentWithdrawn.v1": "kommunen blev afmeldt",
    "tovholder.enrollment.TovholderAppointed.v1": "kommunen fik en ny tovholder",
    "tovholder.enrollment.OptionOrdered.v1": "kommunen bestilte et tilkøb",
    "tovholder.enrollment.ParticipantRegistered.v1": "en deltager blev tilmeldt mødet",
    "tovholder.enrollment.ParticipantReplaced.v1": "en deltager blev skiftet ud",
    "tovholder.enrollment.ParticipantCancelled.v1": "en deltager blev afmeldt mødet",
    "tovholder.enrollment.ExtraParticipantAdded.v1": "en ekstra deltager kom til",
    "tovholder.enrollment.ExtraParticipantRemoved.v1": "en ekstra deltager faldt fra",
    "tovholder.enrollment.PersonErased.v1": "en person blev slettet",
    "tovholder.enrollment.SessionsRevoked.v1": "en person blev logget ud overalt",
    "tovholder.enrollment.IntakeRejected.v1": "et ønske blev afvist af tilmeldingen",
    "tovholder.scheduling.MeetingPlanned.v1": "mødet blev planlagt (uden dato)",
    "tovholder.scheduling.MeetingScheduled.v1": "mødet fik sin dato",
    "tovholder.scheduling.MeetingRescheduled.v1": "mødet blev flyttet",
    "tovholder.scheduling.MeetingCancelled.v1": "mødet blev aflyst",
    "tovholder.scheduling.MeetingHeld.v1": "mødet blev afholdt",
    "tovholder.scheduling.PhaseCompleted.v1": "en fase blev afsluttet",
    "tovholder.scheduling.ClusterFormed.v1": "en klynge blev dannet",
    "tovholder.scheduling.IntakeRejected.v1": "et ønske blev afvist af mødeplanen",
    "tovholder.invoicing.InvoiceIssued.v1": "fakturaen blev udstedt",
    "tovholder.invoicing.CreditNoteIssued.v1": "kreditnotaen blev udstedt",
    "tovholder.invoicing.InvoiceDelivered.v1": "fakturaen blev leveret",
    "tovholder.invoicing.InvoiceRejected.v1": "fakturaen blev afvist af modtageren",
    "tovholder.invoicing.PaymentRegistered.v1": "en betaling blev registreret",
    "tovholder.invoicing.ClaimHeldBack.v1": "kravet kunne ikke faktureres",
    "tovholder.invoicing.InvoiceOverdue.v1": "fakturaen var ikke betalt til tiden",
    "tovholder.invoicing.IntakeRejected.v1": "et ønske blev afvist af faktureringen",
    "tovholder.notifications.InvitationAnswered.v1": "nogen svarede på en kalenderinvitation",
    "tovholder.notifications.MessageSent.v1": "mailen blev sendt",
    "tovholder.notifications.MessageFailed.v1": "mailen kunne ikke sendes",
    "tovholder.notifications.AddressBounced.v1": "mailen kom retur",
    "tovholder.notifications.IntakeRejected.v1": "et ønske blev afvist af beskederne",
    "tovholder.enrollment.EnrolMunicipality.v1": "nogen bad om at tilmelde kommunen",
    "tovholder.enrollment.WithdrawEnrolment.v1": "nogen bad om at afmelde kommunen",
    "tovholder.enrollment.ChangeGroup.v1": "nogen bad om en anden gruppe",
    "tovholder.enrollment.RegisterParticipant.v1": "nogen bad om at tilmelde en deltager",
    "tovholder.enrollment.CancelParticipant.v1": "nogen bad om at afmelde en deltager",
    "tovholder.enrollment.ReplaceParticipant.v1": "nogen bad om at skifte en deltager",
    "tovholder.enrollment.InviteMunicipalities.v1": "nogen bad om at invitere kommunerne",
    "tovholder.scheduling.PlanMeeting.v1": "nogen bad om et møde",
    "tovholder.scheduling.SetMeetingDate.v1": "nogen satte en dato for mødet",
    "tovholder.scheduling.CancelMeeting.v1": "nogen bad om at aflyse mødet",
    "tovholder.scheduling.MarkMeetingHeld.v1": "nogen meldte mødet afholdt",
    "tovholder.invoicing.CreditInvoice.v1": "nogen bad om at kreditere fakturaen",
    "tovholder.invoicing.CorrectBilling.v1": "nogen rettede, hvordan der skal faktureres",
    "tovholder.invoicing.RegisterPayment.v1": "nogen meldte en betaling",
    "tovholder.invoicing.WaiveClaim.v1": "nogen bad om ikke at fakturere et krav",
    "tovholder.notifications.SendMessage.v1": "nogen bad om at få en besked sendt",
    "tovholder.notifications.ArmReminder.v1": "nogen bad om en påmindelse",
}
"""What each event means; a test finds the ones without words."""

NOBODY = "ingen person: en frist eller et andet system"
_ACTORS = {
    "token": "API-nøglen {}",
    "person": "personen {}",
    "source": "systemet {}",
    "clock": "uret: en dato eller en frist",
    "form": "en person, der udfyldte en formular",
}


def happened(wire_type: str) -> str:
    """In Danish, or the type itself when it is another system's own."""
    return HAPPENED.get(wire_type, wire_type)


def behind(actor: str | None) -> str:
    """Who an actor is: `token/crm` is the API key called crm."""
    if not actor:
        return NOBODY
    kind, _, name = actor.partition("/")
    return _ACTORS[kind].format(name) if kind in _ACTORS else actor
