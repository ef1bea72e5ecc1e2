"""What `notifications` tells: who was told what and who answered what; no address and no text, only references."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.contracts.bounds import Email, Id, Instant, Line, Moment, Text, Whole
from shared.contracts.event import Command, Event, IntakeRejected, command, fact, natural_id, told_by_others

SERVICE = "notifications"

SUBJECTS = {
    "message": "one message to one recipient",
    "invitation": "one person's invitation to one meeting",
    "writing": "one text that staff write to many",
}
"""What its facts are about: the kind in front of the slash."""

BUNDLES = {"calendar": ("notifications.calendar.replies",)}
"""What the mail gateway needs that brings the replies of calendars."""

_MESSAGE = "template, recipient, about, occasion"
_OPTION = "enrolment, option, round"
_MEETING_COPY = "meeting (newest date version wins)"

EFFECTS = {
    "tovholder.enrollment.ProgrammePublished.v1": (
        "remembers the programme's texts, colours and reminder days",
        "programme (newest version wins)",
    ),
    "tovholder.enrollment.ProgrammeChanged.v1": (
        "remembers the programme's texts, colours and reminder days",
        "programme (newest version wins)",
    ),
    "tovholder.enrollment.MunicipalityInvited.v1": ("mails the invitation to each mailbox", _MESSAGE),
    "tovholder.enrollment.InvitationReminderDue.v1": ("mails the reminder to each mailbox", _MESSAGE),
    "tovholder.enrollment.SignUpDraftSaved.v1": ("mails the link to the draft", _MESSAGE),
    "tovholder.enrollment.MailboxCodeDrawn.v1": ("mails the code, ahead of all other mails", _MESSAGE),
    "tovholder.enrollment.EnrolmentReceived.v1": ("mails the link that confirms the sign-up", _MESSAGE),
    "tovholder.enrollment.SignUpAwaitsStaff.v1": ("tells staff within minutes", "sign-up"),
    "tovholder.enrollment.SignUpEnded.v1": ("mails word of it to whoever it names", _MESSAGE),
    "tovholder.enrollment.MunicipalityEnrolled.v1": (
        "mails the receipt and the meetings already dated; tells the main mailbox of a sign-up by form",
        f"{_MESSAGE}; of the notice: organisation, day",
    ),
    "tovholder.enrollment.EnrolmentRegrouped.v1": (
        "cancels the old group's meetings and invites to the new one's; mails word of groups that are merged",
        _MESSAGE,
    ),
    "tovholder.enrollment.ReservationReminderDue.v1": (
        "mails the reminder of the answer; tells staff whose is late, or expected on no day",
        _MESSAGE,
    ),
    "tovholder.enrollment.BillingReminderDue.v1": (
        "mails the reminder of what the invoice lacks; tells staff in the digest",
        f"{_MESSAGE}; of the line: enrolment, day",
    ),
    "tovholder.enrollment.ReservationChanged.v1": ("tells staff in the digest", "enrolment, time"),
    "tovholder.enrollment.ReservationResolved.v1": (
        "mails the receipt and follows the place; tells staff in the digest",
        f"{_MESSAGE}; of the line: enrolment, resolved at",
    ),
    "tovholder.enrollment.EnrolmentLapsed.v1": (
        "mails word of it and cancels the meetings; tells staff in the digest",
        _MESSAGE,
    ),
    "tovholder.enrollment.EnrolmentWithdrawn.v1": ("mails the receipt and cancels the meetings", _MESSAGE),
    "tovholder.enrollment.ProgrammeAwaitsArchive.v1": ("tells staff in the digest", "programme, time of the event"),
    "tovholder.enrollment.NobodyMovedUp.v1": ("tells staff in the digest", "enrolment, time of the event"),
    "tovholder.enrollment.EnrolmentCalledOff.v1": ("mails word of it", _MESSAGE),
    "tovholder.enrollment.LinksRevoked.v1": ("mails the new links, and mails no others from then on", _MESSAGE),
    "tovholder.enrollment.OwnLinksRevoked.v1": ("mails the new links and no others, and closes calendars", _MESSAGE),
    "tovholder.enrollment.TovholderAppointed.v1": (
        "tells both contacts and hands over the meetings",
        _MESSAGE,
    ),
    "tovholder.enrollment.RoleAppointed.v1": (
        "tells both, and keeps who holds it; of a secretary it tells the contact too, and closes the calendar",
        _MESSAGE,
    ),
    "tovholder.enrollment.ParticipantRegistered.v1": ("mails the participant the calendar invitation", _MESSAGE),
    "tovholder.enrollment.ParticipantReplaced.v1": ("cancels for the one and invites the other", _MESSAGE),
    "tovholder.enrollment.ParticipantCancelled.v1": ("cancels for that participant only", _MESSAGE),
    "tovholder.enrollment.ExtraParticipantAdded.v1": ("tells the contact the price", _MESSAGE),
    "tovholder.enrollment.ExtraParticipantRemoved.v1": ("tells the contact that nothing is billed", _MESSAGE),
    "tovholder.enrollment.QuoteGiven.v1": ("mails the quote, with the page where it is answered", _MESSAGE),
    "tovholder.enrollment.QuoteReminderDue.v1": ("mails the reminder of the answer", _MESSAGE),
    "tovholder.enrollment.QuoteDeclined.v1": ("tells staff in the digest", _OPTION),
    "tovholder.enrollment.QuoteLapsed.v1": ("tells staff in the digest", _OPTION),
    "tovholder.enrollment.OptionOrdered.v1": (
        "mails the receipt; tells staff in the digest",
        f"{_MESSAGE}; of the line: {_OPTION}",
    ),
    "tovholder.enrollment.OptionWithdrawn.v1": (
        "mails word of it unless the enrolment has ended; tells staff in the digest",
        f"{_MESSAGE}; of the line: {_OPTION}",
    ),
    "tovholder.enrollment.OptionDelivered.v1": ("mails that the invoice follows", _MESSAGE),
    "tovholder.enrollment.MemberAdmitted.v1": (
        "mails the invitation to the member's mailbox, and its meetings that have a date",
        _MESSAGE,
    ),
    "tovholder.enrollment.MemberMailboxMissing.v1": ("tells staff in the digest", "enrolment, day"),
    "tovholder.enrollment.MemberInvited.v1": ("invites the member's mailbox and its people to the meeting", _MESSAGE),
    "tovholder.enrollment.MemberUninvited.v1": (
        "cancels the meeting for the member's mailbox and its people",
        _MESSAGE,
    ),
    "tovholder.enrollment.GuestInvited.v1": ("mails the guest the calendar invitation", _MESSAGE),
    "tovholder.enrollment.GuestRemoved.v1": (
        "cancels for that guest only; staff read of it where the guest said no",
        _MESSAGE,
    ),
    "tovholder.enrollment.TeamMemberNamed.v1": ("invites the person to the team's meetings that have a date", _MESSAGE),
    "tovholder.enrollment.TeamMemberReplaced.v1": (
        "cancels for the one and invites the other; tells the contact what the one did alone",
        _MESSAGE,
    ),
    "tovholder.enrollment.TeamMemberRemoved.v1": (
        "cancels for that person only; tells the contact what they did alone",
        _MESSAGE,
    ),
    "tovholder.enrollment.TeamReminderDue.v1": ("tells the contact and staff that somebody is missing", _MESSAGE),
    "tovholder.enrollment.PersonErased.v1": ("forgets the person, and sends them nothing more", "person"),
    "tovholder.enrollment.SessionsRevoked.v1": ("takes no badge of an earlier epoch any more", "person, epoch"),
    "tovholder.enrollment.ClientChanged.v1": ("lets its tokens open what they may, and no others", "client, version"),
    "tovholder.scheduling.MeetingPlanned.v1": ("keeps a copy of the meeting", _MEETING_COPY),
    "tovholder.scheduling.MeetingScheduled.v1": ("mails the invitation or «Reservér datoen»", _MESSAGE),
    "tovholder.scheduling.MeetingRescheduled.v1": ("mails the update and arms the reminder again", _MESSAGE),
    "tovholder.scheduling.MeetingCancelled.v1": ("mails the cancellation", _MESSAGE),
    "tovholder.scheduling.MeetingHeld.v1": ("disarms the reminder", _MEETING_COPY),
    "tovholder.invoicing.InvoiceIssued.v1": ("mails the invoice", _MESSAGE),
    "tovholder.invoicing.CreditNoteIssued.v1": ("mails the credit note", _MESSAGE),
    "tovholder.invoicing.ClaimHeldBack.v1": ("tells staff in the digest", "claim"),
    "tovholder.invoicing.InvoiceOverdue.v1": ("mails the payment reminder", _MESSAGE),
    "tovholder.enrollment.EnrolmentWaitlisted.v1": ("mails word of the waiting list, and the receipt", _MESSAGE),
    "tovholder.enrollment.IntakeRejected.v1": ("tells staff in the digest", "refused event"),
    "tovholder.scheduling.IntakeRejected.v1": ("tells staff in the digest", "refused event"),
    "tovholder.invoicing.IntakeRejected.v1": ("tells staff in the digest", "refused event"),
}
"""What it does with each fact that it hears, and the natural key that keeps the effect from happening twice."""

OPENS = {
    "calendar": "Aflevere svar fra deltagernes kalendere",
    "notifications.ArmReminder": "Sætte en påmindelse",
    "notifications.SendMessage": "Sende en mail",
    "notifications.FindPeople": "Søge efter en person på mailadressen",
    "notifications.ForgetPerson": "Glemme en person",
    "notifications.KeepErased": "Holde fast i, hvem der er slettet",
    "notifications.RehearseMails": "Se, hvilke mails en ny version sender",
    "notifications.ResendMessage": "Sende en mail igen",
    "notifications.SettleMessage": "Afgøre, om en mail kom frem",
    "notifications.calendar.replies": "Aflevere svar fra deltagernes kalendere",
    "notifications.meetings.answers": "Kalendersvar på et møde",
    "notifications.messages": "Mails",
    "notifications.people": "En persons oplysninger",
    "notifications.people.erased": "Hvem der er slettet",
    "notifications.programmes.audit": "Hvem der har gjort hvad",
    "notifications.programmes.mails": "Mails om et forløb",
    "notifications.why": "Hvorfor noget er sket",
}
"""What its scopes let a token do (commands), and see (lists), for whoever gives tokens out."""
CALLED = "Mails"
"""The service, among people."""

IN_DANISH = {
    "tovholder.notifications.InvitationAnswered.v1": "nogen svarede på en kalenderinvitation",
    "tovholder.notifications.MessageSent.v1": "mailen blev sendt",
    "tovholder.notifications.MessageFailed.v1": "mailen kunne ikke sendes",
    "tovholder.notifications.AddressBounced.v1": "mailen kom retur",
    "tovholder.notifications.WrittenToMany.v1": "en medarbejder skrev til flere på én gang",
    "tovholder.notifications.IntakeRejected.v1": "et ønske blev afvist af beskederne",
    "tovholder.notifications.SendMessage.v1": "nogen bad om at få en besked sendt",
    "tovholder.notifications.ArmReminder.v1": "nogen bad om en påmindelse",
}
"""Its facts and commands in a sentence, for people who ask why."""

InvitationAnswer = Literal["accepted", "declined", "tentative", "delegated"]
"""PARTSTAT of a calendar's reply (RFC 5545 § 3.2.12)."""


Audience = Literal["contacts", "role", "participants", "team"]
"""Who a text to many is for: the contacts, whoever has one role, those at one meeting, or those on the teams."""


class MessageFact(Event):
    """`recipient` is a person_id or `<organisation code>/<role>`; `occasion` the version of the fact it speaks of."""

    service: ClassVar[str] = SERVICE

    message_id: str
    template: str
    recipient: str
    about: str
    """Subject of the aggregate the message is about."""
    occasion: str

    @property
    def subject(self) -> str:
        return f"message/{self.message_id}"

    @property
    def scope(self) -> str:
        return "messages"


@fact
class MessageSent(MessageFact):
    type: ClassVar[str] = "tovholder.notifications.MessageSent.v1"

    sent_at: Instant


@fact
class MessageFailed(MessageFact):
    type: ClassVar[str] = "tovholder.notifications.MessageFailed.v1"

    reason: str
    """Stable code, such as `smtp_550`."""


@told_by_others
@fact
class AddressBounced(Event):
    type: ClassVar[str] = "tovholder.notifications.AddressBounced.v1"
    service: ClassVar[str] = SERVICE

    recipient: str
    message_id: str
    status: str
    """Enhanced status code (RFC 3463)."""

    @property
    def subject(self) -> str:
        return f"message/{self.message_id}"

    @property
    def scope(self) -> str:
        return "messages"


@fact
class InvitationAnswered(Event):
    """Somebody's calendar has answered an invitation, or changed its answer. Anyone can forge such a reply."""

    type: ClassVar[str] = "tovholder.notifications.InvitationAnswered.v1"
    service: ClassVar[str] = SERVICE

    programme_id: str
    meeting_id: str
    recipient: str
    """A person_id."""
    answer: InvitationAnswer
    date_version: Whole
    """Of the meeting, as this person was told of it last."""
    answered_at: Instant
    """As the reply says; never later than when it came in."""

    @property
    def subject(self) -> str:
        return f"invitation/{natural_id('invitation', self.meeting_id, self.recipient)}"

    @property
    def scope(self) -> str:
        return "messages"


@fact
class WrittenToMany(Event):
    """Staff have sent one text to many, and it is on its way to all of them. What it says is told to nobody else.

    Each of its mails is told as any other (`MessageSent`, `MessageFailed`), about `writing/<id>`.
    """

    type: ClassVar[str] = "tovholder.notifications.WrittenToMany.v1"
    service: ClassVar[str] = SERVICE

    writing_id: str
    programme_id: str
    audience: Audience
    recipients: Whole
    """Mailboxes."""
    unreached: Whole
    """Enrolments that it is for and of which nobody can be written to."""
    written_at: Instant

    @property
    def subject(self) -> str:
        return f"writing/{self.writing_id}"

    @property
    def scope(self) -> str:
        return "messages"


@fact
class NotificationsIntakeRejected(IntakeRejected):
    type: ClassVar[str] = "tovholder.notifications.IntakeRejected.v1"
    service: ClassVar[str] = SERVICE


@command
class SendMessage(Command):
    """Have somebody told, once per (recipient, about, occasion)."""

    type: ClassVar[str] = "tovholder.notifications.SendMessage.v1"
    service: ClassVar[str] = SERVICE

    recipient: Id
    email: Email
    about: Id
    occasion: Id
    title: Line
    text: Text


@command
class ArmReminder(Command):
    """As SendMessage, at `due`; armed again under the same (recipient, about, occasion) it moves."""

    type: ClassVar[str] = "tovholder.notifications.ArmReminder.v1"
    service: ClassVar[str] = SERVICE

    recipient: Id
    email: Email
    about: Id
    occasion: Id
    title: Line
    text: Text
    due: Moment
