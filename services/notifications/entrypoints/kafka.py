"""What notifications listens to: the table of contents."""

from __future__ import annotations

from services.notifications.entrypoints import acts
from services.notifications.usecases.announce_meeting import (
    announce_cancellation,
    announce_meeting,
    announce_move,
    close_meeting,
    note_planned_meeting,
)
from services.notifications.usecases.ask_to_confirm_sign_up import ask_to_confirm_sign_up
from services.notifications.usecases.confirm_extra_participant import confirm_extra_participant
from services.notifications.usecases.confirm_extra_removed import confirm_extra_removed
from services.notifications.usecases.confirm_place import confirm_place
from services.notifications.usecases.confirm_waiting import confirm_waiting
from services.notifications.usecases.confirm_withdrawal import confirm_withdrawal
from services.notifications.usecases.follow_guests import invite_guest, uninvite_guest
from services.notifications.usecases.follow_members import (
    call_member,
    call_member_off,
    note_missing_mailbox,
    welcome_member,
)
from services.notifications.usecases.follow_options import (
    confirm_delivery,
    confirm_option_withdrawal,
    confirm_order,
    note_declined_quote,
    note_lapsed_quote,
    remind_of_quote,
    send_quote,
)
from services.notifications.usecases.follow_place import (
    follow_lapse,
    follow_regrouping,
    follow_reservation,
    note_changed_reservation,
    note_place_left,
    remind_of_billing,
    remind_of_forbehold,
    tell_of_cancellation,
)
from services.notifications.usecases.follow_roles import follow_roles
from services.notifications.usecases.follow_team import (
    invite_member,
    remind_of_team,
    replace_member,
    uninvite_member,
)
from services.notifications.usecases.forget_people import FORGETTING
from services.notifications.usecases.invite_municipality import invite_municipality, remind_silent_municipality
from services.notifications.usecases.invite_participant import (
    invite_participant,
    replace_participant,
    uninvite_participant,
)
from services.notifications.usecases.mail_code import mail_code
from services.notifications.usecases.mail_credit_note import mail_credit_note
from services.notifications.usecases.mail_draft import mail_draft
from services.notifications.usecases.mail_invoice import mail_invoice, remind_of_payment
from services.notifications.usecases.note_awaiting_archive import note_awaiting_archive
from services.notifications.usecases.note_awaiting_sign_up import note_awaiting_sign_up
from services.notifications.usecases.note_held_back import note_held_back
from services.notifications.usecases.note_refusal import note_refusal
from services.notifications.usecases.remember_programme import remember_programme
from services.notifications.usecases.renew_links import renew_links
from services.notifications.usecases.renew_own_links import renew_guest_links, renew_own_links
from services.notifications.usecases.tell_of_ended_form import tell_of_ended_form
from services.notifications.usecases.welcome_contact import welcome_contact
from shared.contracts.enrollment import (
    BillingReminderDue,
    ClientChanged,
    EnrollmentIntakeRejected,
    EnrolmentCalledOff,
    EnrolmentLapsed,
    EnrolmentReceived,
    EnrolmentRegrouped,
    EnrolmentWaitlisted,
    EnrolmentWithdrawn,
    ExtraParticipantAdded,
    ExtraParticipantRemoved,
    GuestInvited,
    GuestLinksRevoked,
    GuestRemoved,
    InvitationReminderDue,
    LinksRevoked,
    MailboxCodeDrawn,
    MemberAdmitted,
    MemberInvited,
    MemberMailboxMissing,
    MemberUninvited,
    MunicipalityEnrolled,
    MunicipalityInvited,
    NobodyMovedUp,
    OptionDelivered,
    OptionOrdered,
    OptionWithdrawn,
    OwnLinksRevoked,
    ParticipantCancelled,
    ParticipantRegistered,
    ParticipantReplaced,
    PersonErased,
    ProgrammeAwaitsArchive,
    ProgrammeChanged,
    ProgrammePublished,
    QuoteDeclined,
    QuoteGiven,
    QuoteLapsed,
    QuoteReminderDue,
    ReservationChanged,
    ReservationReminderDue,
    ReservationResolved,
    RoleAppointed,
    SessionsRevoked,
    SignUpAwaitsStaff,
    SignUpDraftSaved,
    SignUpEnded,
    TeamMemberNamed,
    TeamMemberRemoved,
    TeamMemberReplaced,
    TeamReminderDue,
    TovholderAppointed,
)
from shared.contracts.invoicing import (
    ClaimHeldBack,
    CreditNoteIssued,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicingIntakeRejected,
)
from shared.contracts.scheduling import (
    MeetingCancelled,
    MeetingHeld,
    MeetingPlanned,
    MeetingRescheduled,
    MeetingScheduled,
    SchedulingIntakeRejected,
)
from shared.messaging.subscriptions import intake, on
from shared.runtime.clients import follow_clients
from shared.runtime.sessions import follow_sessions

SUBSCRIPTIONS = (
    on(ProgrammePublished, remember_programme),
    on(ProgrammeChanged, remember_programme),
    on(MunicipalityInvited, invite_municipality),
    on(InvitationReminderDue, remind_silent_municipality),
    on(SignUpDraftSaved, mail_draft),
    on(MailboxCodeDrawn, mail_code),
    on(EnrolmentReceived, ask_to_confirm_sign_up),
    on(SignUpAwaitsStaff, note_awaiting_sign_up),
    on(SignUpEnded, tell_of_ended_form),
    on(MunicipalityEnrolled, confirm_place),
    on(EnrolmentRegrouped, follow_regrouping),
    on(EnrolmentWaitlisted, confirm_waiting),
    on(BillingReminderDue, remind_of_billing),
    on(ReservationChanged, note_changed_reservation),
    on(ReservationReminderDue, remind_of_forbehold),
    on(ReservationResolved, follow_reservation),
    on(EnrolmentLapsed, follow_lapse),
    on(NobodyMovedUp, note_place_left),
    on(EnrolmentCalledOff, tell_of_cancellation),
    on(EnrolmentWithdrawn, confirm_withdrawal),
    on(TovholderAppointed, welcome_contact),
    on(LinksRevoked, renew_links),
    on(OwnLinksRevoked, renew_own_links),
    on(GuestLinksRevoked, renew_guest_links),
    on(RoleAppointed, follow_roles),
    on(ParticipantRegistered, invite_participant),
    on(ParticipantReplaced, replace_participant),
    on(ParticipantCancelled, uninvite_participant),
    on(ExtraParticipantAdded, confirm_extra_participant),
    on(ExtraParticipantRemoved, confirm_extra_removed),
    on(QuoteGiven, send_quote),
    on(QuoteReminderDue, remind_of_quote),
    on(QuoteDeclined, note_declined_quote),
    on(QuoteLapsed, note_lapsed_quote),
    on(OptionOrdered, confirm_order),
    on(OptionWithdrawn, confirm_option_withdrawal),
    on(OptionDelivered, confirm_delivery),
    on(MemberAdmitted, welcome_member),
    on(MemberMailboxMissing, note_missing_mailbox),
    on(MemberInvited, call_member),
    on(MemberUninvited, call_member_off),
    on(GuestInvited, invite_guest),
    on(GuestRemoved, uninvite_guest),
    on(TeamMemberNamed, invite_member),
    on(TeamMemberReplaced, replace_member),
    on(TeamMemberRemoved, uninvite_member),
    on(TeamReminderDue, remind_of_team),
    on(ProgrammeAwaitsArchive, note_awaiting_archive),
    on(PersonErased, FORGETTING.follow),
    on(SessionsRevoked, follow_sessions),
    on(ClientChanged, follow_clients),
    on(MeetingPlanned, note_planned_meeting),
    on(MeetingScheduled, announce_meeting),
    on(MeetingRescheduled, announce_move),
    on(MeetingCancelled, announce_cancellation),
    on(MeetingHeld, close_meeting),
    on(InvoiceIssued, mail_invoice),
    on(CreditNoteIssued, mail_credit_note),
    on(ClaimHeldBack, note_held_back),
    on(InvoiceOverdue, remind_of_payment),
    on(EnrollmentIntakeRejected, note_refusal),
    on(SchedulingIntakeRejected, note_refusal),
    on(InvoicingIntakeRejected, note_refusal),
    intake(acts.SEND),
    intake(acts.ARM_REMINDER),
)
