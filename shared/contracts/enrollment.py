"""What `enrollment` tells: who takes part in what.

Subjects: `programme/<id>`, `enrolment/<id>` (one organisation in one programme, from its invitation on),
`roster/<id>` (one enrolment's people at one meeting), `team/<id>` (its standing team, by the enrolment's id),
`guest/<id>` (one guest at one meeting) and `code/<id>` (one code for one browser).
Sequence per subject.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.contracts.bounds import (
    MOST,
    MOST_ANSWERS,
    MOST_ORE_TOLD,
    MOST_ORGANISATIONS,
    MOST_PLACES,
    Day,
    Email,
    Id,
    Instant,
    Line,
    Moment,
    Name,
    Ore,
    Paragraph,
    Text,
    ToldDay,
    Whole,
)
from shared.contracts.event import Command, Event, Frozen, IntakeRejected, command, fact, natural_id
from shared.contracts.parties import Billing, BillingWish, Contact, Organisation, Person
from shared.contracts.programme import (
    Confirmation,
    ExtraTerm,
    FeeTerm,
    Owes,
    ProgrammeRef,
    ProgrammeTerms,
    SeatTerm,
    WithdrawalTerm,
)
from shared.contracts.scheduling import Meeting

SERVICE = "enrollment"
MAIN_ROLE = "main"
SECRETARY_ROLE = "_secretary"
"""The role of whoever helps the contact, in every programme: no role of a programme file begins so."""
SECRETARY = "secretary"
"""The `purpose` of that role."""
"""The role whose label is the programme's `contact_label`."""
MOST_ROLES = 10
"""Beside it, in one programme."""

SUBJECTS = {
    "programme": "one programme",
    "enrolment": "one organisation in one programme, from its invitation on",
    "roster": "one enrolment's people at one meeting (enrolment × meeting)",
    "team": "one enrolment's standing team, invited to each meeting of its kinds",
    "guest": "one guest at one meeting, by an opaque id",
    "organisation": "one organisation in the address book, by its code",
    "person": "one person, by an opaque id",
    "code": "one code that was mailed to somebody, by an opaque id",
    "client": "one client of the API, by its name",
}
"""What its facts are about: the kind in front of the slash."""
_MEETING_COPY = "meeting (newest date version wins)"
_MAILBOX = "organisation, role (newest wins)"

EFFECTS = {
    "tovholder.scheduling.MeetingPlanned.v1": ("keeps a copy of the meeting", _MEETING_COPY),
    "tovholder.scheduling.MeetingScheduled.v1": ("opens registration for the meeting", _MEETING_COPY),
    "tovholder.scheduling.MeetingRescheduled.v1": ("keeps a copy of the meeting", _MEETING_COPY),
    "tovholder.scheduling.MeetingCancelled.v1": ("closes registration for the meeting", _MEETING_COPY),
    "tovholder.scheduling.MeetingHeld.v1": ("closes registration for the meeting", _MEETING_COPY),
    "tovholder.scheduling.StepCompleted.v1": (
        "delivers the option that the step is for, once it is ordered",
        "enrolment, track, phase, step; of the delivery: enrolment, option",
    ),
    "tovholder.notifications.AddressBounced.v1": ("keeps which mailbox of the address book refuses mails", _MAILBOX),
    "tovholder.notifications.MessageFailed.v1": ("keeps which mailbox of the address book refuses mails", _MAILBOX),
}
"""What it does with each fact that it hears, and the natural key that keeps the effect from happening twice."""

_SIGN_UP = (
    "enrollment.EnrolMunicipality",
    "enrollment.WithdrawEnrolment",
    "enrollment.ResolveReservation",
    "enrollment.ChangeReservation",
    "enrollment.ChangeBilling",
    "enrollment.ChangeExtraBilling",
    "enrollment.RegisterParticipant",
    "enrollment.ReplaceParticipant",
    "enrollment.CancelParticipant",
    "enrollment.OrderOption",
    "enrollment.AcceptQuote",
    "enrollment.ChangeOptionBilling",
    "enrollment.DeclineQuote",
    "enrollment.WithdrawOption",
    "enrollment.NameTeamMember",
    "enrollment.ReplaceTeamMember",
    "enrollment.RemoveTeamMember",
)
BUNDLES = {
    "enrol": (
        *_SIGN_UP,
        "enrollment.programmes",
        "enrollment.meetings",
        "enrollment.enrolments",
        "enrollment.enrolments.participants",
        "enrollment.orders",
        "enrollment.enrolments.meetings.explanation",
        "enrollment.enrolments.team",
        "enrollment.enrolments.team.explanation",
    ),
    "intake": _SIGN_UP,
}
"""What another system that signs municipalities and their people up needs of tokens: `intake` if it never looks."""

OPENS = {
    "enrol": "Tilmelde kommuner og deres deltagere, og se dem",
    "intake": "Tilmelde kommuner og deres deltagere, uden at se dem",
    "enrollment.AcceptMailbox": "Sige, at en postkasse tager imod mails igen",
    "enrollment.AcceptQuote": "Sige ja til et tilbud",
    "enrollment.CancelParticipant": "Afmelde en deltager",
    "enrollment.CancelProgramme": "Aflyse et forløb",
    "enrollment.ChangeBilling": "Ændre fakturaoplysninger",
    "enrollment.ChangeCapacity": "Ændre antallet af pladser",
    "enrollment.ChangeContact": "Skifte en tilmeldings kontakt",
    "enrollment.ChangeExtraBilling": "Sige, hvem der betaler for en ekstra deltager",
    "enrollment.ChangeGroup": "Flytte en tilmelding til en anden gruppe",
    "enrollment.ChangeOptionBilling": "Sige, hvem der betaler for et tilkøb",
    "enrollment.ChangeReservation": "Sige, hvornår og hvor et forbehold behandles",
    "enrollment.ChangeRole": "Besætte eller tømme en rolle ved siden af kontakten",
    "enrollment.DeclineQuote": "Sige nej til et tilbud",
    "enrollment.DeliverOption": "Melde et tilkøb leveret",
    "enrollment.DismissSignUp": "Afvise en formular",
    "enrollment.DismissSignUps": "Afvise alle formularer fra en adresse",
    "enrollment.EnrolMunicipality": "Tilmelde en kommune",
    "enrollment.ErasePerson": "Slette en person overalt",
    "enrollment.FindPeople": "Søge efter en person på mailadressen",
    "enrollment.GrantRole": "Give en medarbejder en rolle",
    "enrollment.ImportAddresses": "Indlæse adressebogen",
    "enrollment.ImportEnrolments": "Indlæse tilmeldinger fra et regneark",
    "enrollment.InviteGuest": "Invitere en gæst til et møde",
    "enrollment.InviteMember": "Indkalde et medlem af et hold til et møde",
    "enrollment.InviteMunicipalities": "Sende invitationer",
    "enrollment.MergeGroups": "Lægge to grupper sammen",
    "enrollment.MergeOrganisations": "Lægge to organisationer i adressebogen sammen",
    "enrollment.NameTeamMember": "Sætte nogen på et hold",
    "enrollment.OrderOption": "Bestille et tilkøb",
    "enrollment.PublishProgramme": "Udgive et forløb",
    "enrollment.PutOrganisation": "Rette en organisation i adressebogen",
    "enrollment.QuoteOption": "Give et tilbud på et tilkøb",
    "enrollment.RecordArchive": "Notere, at papirerne er skrevet ud til arkivet",
    "enrollment.RegisterParticipant": "Tilmelde en deltager",
    "enrollment.RegisterWalkIn": "Skrive en deltager ind på dagen",
    "enrollment.RehearseProgramme": "Se, hvad en programfil ville ændre",
    "enrollment.RemoveGuest": "Tage en gæst af et møde",
    "enrollment.RemoveTeamMember": "Tage nogen af et hold",
    "enrollment.ReplaceParticipant": "Skifte en deltager",
    "enrollment.ReplaceTeamMember": "Skifte et medlem af et hold",
    "enrollment.ResolveReservation": "Svare på et forbehold",
    "enrollment.RevokeLinks": "Lukke en kontakts links og sende nye",
    "enrollment.RevokeRole": "Tage en rolle tilbage",
    "enrollment.SetGuestNeeds": "Skrive en gæsts behov",
    "enrollment.SetNeeds": "Skrive en deltagers behov",
    "enrollment.SetTeamNeeds": "Skrive et holdmedlems behov",
    "enrollment.UninviteMember": "Afbyde et medlem af et hold fra et møde",
    "enrollment.VouchForAddress": "Sige god for en adresse",
    "enrollment.WithdrawEnrolment": "Afmelde en kommune",
    "enrollment.WithdrawOption": "Trække et tilkøb tilbage",
    "enrollment.enrolments": "Tilmeldinger",
    "enrollment.enrolments.meetings.explanation": "Hvorfor en pladsliste ser ud, som den gør",
    "enrollment.enrolments.participants": "Deltagere",
    "enrollment.enrolments.team": "Hold",
    "enrollment.enrolments.team.explanation": "Hvorfor et hold ser ud, som det gør",
    "enrollment.meetings": "Møder, som tilmeldingen kender dem",
    "enrollment.meetings.needs": "Kost og adgang på et møde",
    "enrollment.orders": "Tilkøb",
    "enrollment.organisations": "Adressebogen",
    "enrollment.people": "En persons oplysninger",
    "enrollment.people.erased": "Hvem der er slettet",
    "enrollment.programmes": "Forløb",
    "enrollment.programmes.archive": "Om papirerne er skrevet ud",
    "enrollment.programmes.audit": "Hvem der har gjort hvad",
    "enrollment.programmes.invitations": "Invitationer",
    "enrollment.programmes.meetings.guests": "Gæster",
    "enrollment.programmes.papers.rows": "Forløbets papirer",
    "enrollment.programmes.versions": "Programfilens udgaver",
    "enrollment.programmes.waiting-list": "Ventelisten",
    "enrollment.sign-ups": "Formularer, der venter",
    "enrollment.staff": "Medarbejdernes roller",
    "enrollment.why": "Hvorfor noget er sket",
}
"""What its scopes let a token do (commands), and see (lists), for whoever gives tokens out."""
CALLED = "Tilmelding"
"""The service, among people."""

IN_DANISH = {
    "tovholder.enrollment.ProgrammePublished.v1": "forløbet blev offentliggjort",
    "tovholder.enrollment.ProgrammeChanged.v1": "forløbet blev ændret",
    "tovholder.enrollment.ProgrammeCancelled.v1": "forløbet blev aflyst",
    "tovholder.enrollment.ProgrammeArchived.v1": "forløbets papirer blev skrevet ud til arkivet",
    "tovholder.enrollment.ProgrammeAwaitsArchive.v1": "forløbets papirer manglede hos arkivet",
    "tovholder.enrollment.MunicipalityInvited.v1": "kommunen blev inviteret",
    "tovholder.enrollment.InvitationReminderDue.v1": "kommunen havde ikke svaret på invitationen",
    "tovholder.enrollment.SignUpDraftSaved.v1": "en begyndt tilmelding blev gemt",
    "tovholder.enrollment.InvitationDeclined.v1": "kommunen takkede nej til invitationen",
    "tovholder.enrollment.EnrolmentReceived.v1": "tilmeldingen blev modtaget",
    "tovholder.enrollment.SignUpAwaitsStaff.v1": "tilmeldingens afsender skal godkendes af staben",
    "tovholder.enrollment.SignUpDismissed.v1": "tilmeldingen blev afvist af staben",
    "tovholder.enrollment.SignUpEnded.v1": "formularen blev ikke til en tilmelding",
    "tovholder.enrollment.MunicipalityEnrolled.v1": "kommunen fik sin plads",
    "tovholder.enrollment.EnrolmentRegrouped.v1": "kommunen skiftede gruppe",
    "tovholder.enrollment.EnrolmentWaitlisted.v1": "kommunen kom på venteliste",
    "tovholder.enrollment.ReservationReminderDue.v1": "svaret på forbeholdet manglede",
    "tovholder.enrollment.ReservationChanged.v1": "forbeholdet ventes besvaret en anden dag, eller af et andet udvalg",
    "tovholder.enrollment.ReservationResolved.v1": "det politiske forbehold blev afgjort",
    "tovholder.enrollment.EnrolmentLapsed.v1": "tilmeldingen bortfaldt",
    "tovholder.enrollment.BillingChanged.v1": "oplysningerne til fakturaen blev givet eller rettet",
    "tovholder.enrollment.BillingReminderDue.v1": "der manglede oplysninger til fakturaen",
    "tovholder.enrollment.EnrolmentWithdrawn.v1": "kommunen blev afmeldt",
    "tovholder.enrollment.NobodyMovedUp.v1": "ingen på ventelisten fik kommunens plads",
    "tovholder.enrollment.EnrolmentCalledOff.v1": "kommunen fik besked om, at forløbet er aflyst",
    "tovholder.enrollment.TovholderAppointed.v1": "kommunen fik en ny tovholder",
    "tovholder.enrollment.LinksRevoked.v1": "kontaktens links blev lukket, og nye blev sendt",
    "tovholder.enrollment.OwnLinksRevoked.v1": "links blev lukket for en anden end kontakten, og nye sendt",
    "tovholder.enrollment.RoleAppointed.v1": "en rolle ved siden af kontakten fik en anden, eller blev tom",
    "tovholder.enrollment.QuoteGiven.v1": "kommunen fik et tilbud på et tilkøb",
    "tovholder.enrollment.QuoteReminderDue.v1": "svaret på et tilbud manglede",
    "tovholder.enrollment.QuoteDeclined.v1": "kommunen sagde nej til et tilbud",
    "tovholder.enrollment.QuoteLapsed.v1": "et tilbud på et tilkøb udløb",
    "tovholder.enrollment.OptionOrdered.v1": "kommunen bestilte et tilkøb",
    "tovholder.enrollment.OptionBillingChanged.v1": "et tilkøb fik en anden betaler",
    "tovholder.enrollment.OptionWithdrawn.v1": "et tilkøb blev trukket tilbage",
    "tovholder.enrollment.OptionDelivered.v1": "et tilkøb blev leveret",
    "tovholder.enrollment.ParticipantRegistered.v1": "en deltager blev tilmeldt mødet",
    "tovholder.enrollment.ParticipantReplaced.v1": "en deltager blev skiftet ud",
    "tovholder.enrollment.ParticipantCancelled.v1": "en deltager blev afmeldt mødet",
    "tovholder.enrollment.ExtraParticipantAdded.v1": "en ekstra deltager kom til",
    "tovholder.enrollment.ExtraBillingChanged.v1": "en ekstra deltager fik en anden betaler",
    "tovholder.enrollment.ExtraParticipantRemoved.v1": "en ekstra deltager faldt fra",
    "tovholder.enrollment.MemberAdmitted.v1": "medlemmet kom med",
    "tovholder.enrollment.MemberMailboxMissing.v1": "medlemmets postkasse manglede",
    "tovholder.enrollment.MemberInvited.v1": "medlemmet blev inviteret til et møde",
    "tovholder.enrollment.MemberUninvited.v1": "medlemmet blev ikke inviteret til mødet alligevel",
    "tovholder.enrollment.GuestInvited.v1": "en gæst blev inviteret til mødet",
    "tovholder.enrollment.GuestRemoved.v1": "en gæst blev taget af mødet",
    "tovholder.enrollment.GuestLinksRevoked.v1": "en gæsts links blev lukket, og nye sendt",
    "tovholder.enrollment.TeamMemberNamed.v1": "nogen kom med på det faste hold",
    "tovholder.enrollment.TeamMemberReplaced.v1": "en fra det faste hold blev skiftet ud",
    "tovholder.enrollment.TeamMemberRemoved.v1": "nogen kom af det faste hold",
    "tovholder.enrollment.TeamReminderDue.v1": "det faste hold manglede nogen",
    "tovholder.enrollment.OrganisationsMerged.v1": "to organisationer i adressebogen blev lagt sammen",
    "tovholder.enrollment.PersonErased.v1": "en person blev slettet",
    "tovholder.enrollment.MailboxCodeDrawn.v1": "nogen skulle vise, at de læser postkassen, før noget blev ændret",
    "tovholder.enrollment.SessionsRevoked.v1": "en person blev logget ud overalt",
    "tovholder.enrollment.ClientChanged.v1": "et andet systems adgang blev ændret",
    "tovholder.enrollment.IntakeRejected.v1": "et ønske blev afvist af tilmeldingen",
    "tovholder.enrollment.EnrolMunicipality.v1": "nogen bad om at tilmelde kommunen",
    "tovholder.enrollment.VouchForAddress.v1": "nogen sagde god for en adresse",
    "tovholder.enrollment.DismissSignUp.v1": "nogen afviste en tilmelding",
    "tovholder.enrollment.DismissSignUps.v1": "nogen afviste alle tilmeldinger fra en adresse",
    "tovholder.enrollment.WithdrawEnrolment.v1": "nogen bad om at afmelde kommunen",
    "tovholder.enrollment.ChangeContact.v1": "nogen bad om en anden kontakt",
    "tovholder.enrollment.RevokeLinks.v1": "nogen bad om at lukke kontaktens links",
    "tovholder.enrollment.ChangeRole.v1": "nogen bad om at besætte eller tømme en rolle",
    "tovholder.enrollment.ResolveReservation.v1": "nogen svarede på det politiske forbehold",
    "tovholder.enrollment.ChangeReservation.v1": "nogen sagde, hvornår og hvor forbeholdet behandles",
    "tovholder.enrollment.ChangeBilling.v1": "nogen gav oplysninger til fakturaen",
    "tovholder.enrollment.CancelProgramme.v1": "nogen aflyste forløbet",
    "tovholder.enrollment.ChangeCapacity.v1": "nogen ændrede antallet af pladser",
    "tovholder.enrollment.ChangeGroup.v1": "nogen bad om en anden gruppe",
    "tovholder.enrollment.ErasePerson.v1": "nogen bad om at slette en person",
    "tovholder.enrollment.RecordArchive.v1": "nogen skrev forløbets papirer ud til arkivet",
    "tovholder.enrollment.MergeGroups.v1": "nogen lagde to grupper sammen",
    "tovholder.enrollment.RegisterParticipant.v1": "nogen bad om at tilmelde en deltager",
    "tovholder.enrollment.ChangeExtraBilling.v1": "nogen sagde, hvem der betaler for en ekstra deltager",
    "tovholder.enrollment.CancelParticipant.v1": "nogen bad om at afmelde en deltager",
    "tovholder.enrollment.ReplaceParticipant.v1": "nogen bad om at skifte en deltager",
    "tovholder.enrollment.OrderOption.v1": "nogen bestilte et tilkøb",
    "tovholder.enrollment.QuoteOption.v1": "nogen gav et tilbud på et tilkøb",
    "tovholder.enrollment.AcceptQuote.v1": "nogen sagde ja til et tilbud",
    "tovholder.enrollment.ChangeOptionBilling.v1": "nogen sagde, hvem der betaler for et tilkøb",
    "tovholder.enrollment.DeclineQuote.v1": "nogen sagde nej til et tilbud",
    "tovholder.enrollment.WithdrawOption.v1": "nogen bad om at trække et tilkøb tilbage",
    "tovholder.enrollment.DeliverOption.v1": "nogen meldte et tilkøb leveret",
    "tovholder.enrollment.RegisterWalkIn.v1": "nogen skrev en deltager på, som bare kom",
    "tovholder.enrollment.NameTeamMember.v1": "nogen satte en person på det faste hold",
    "tovholder.enrollment.ReplaceTeamMember.v1": "nogen bad om at skifte en fra det faste hold",
    "tovholder.enrollment.RemoveTeamMember.v1": "nogen tog en person af det faste hold",
    "tovholder.enrollment.InviteMember.v1": "nogen inviterede et medlem til et møde",
    "tovholder.enrollment.UninviteMember.v1": "nogen tog et medlems invitation til et møde tilbage",
    "tovholder.enrollment.InviteGuest.v1": "nogen inviterede en gæst til et møde",
    "tovholder.enrollment.RemoveGuest.v1": "nogen tog en gæst af et møde",
    "tovholder.enrollment.InviteMunicipalities.v1": "nogen bad om at invitere kommunerne",
}
"""Its facts and commands in a sentence, for people who ask why."""


def roster_id(enrolment_id: str, meeting_id: str) -> str:
    return natural_id("roster", enrolment_id, meeting_id)


class ProgrammeFact(Event):
    service: ClassVar[str] = SERVICE

    terms: ProgrammeTerms
    """The whole programme."""

    @property
    def programme(self) -> ProgrammeRef:
        return self.terms.ref

    @property
    def subject(self) -> str:
        return f"programme/{self.programme.id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


@fact
class ProgrammePublished(ProgrammeFact):
    type: ClassVar[str] = "tovholder.enrollment.ProgrammePublished.v1"


@fact
class ProgrammeChanged(ProgrammeFact):
    type: ClassVar[str] = "tovholder.enrollment.ProgrammeChanged.v1"


@fact
class ProgrammeCancelled(ProgrammeFact):
    """It is called off, for good: whatever has not been held will not be."""

    type: ClassVar[str] = "tovholder.enrollment.ProgrammeCancelled.v1"

    reason: str
    some_held: bool | None = None
    """Whether any of its meetings had been held by then; what becomes of the fee depends on it. None = nothing was
    said: what is invoiced is for a person to look at.
    """


@fact
class ProgrammeArchived(Event):
    """Its papers were written out for a public archive, as they stood at `read_at`; no personal data."""

    type: ClassVar[str] = "tovholder.enrollment.ProgrammeArchived.v1"
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    read_at: Instant
    sha256: str = Field(description="of the file that was handed over, in hexadecimal")
    files: Whole = Field(description="how many are in it")

    @property
    def subject(self) -> str:
        return f"programme/{self.programme.id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


@fact
class ProgrammeAwaitsArchive(Event):
    """The time of its people is over, and they are kept because an archive has not got its papers.

    Told again every so many days until it has.
    """

    type: ClassVar[str] = "tovholder.enrollment.ProgrammeAwaitsArchive.v1"
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    ended_on: date
    kept_since: date
    """The first day on which they would have been forgotten."""

    @property
    def subject(self) -> str:
        return f"programme/{self.programme.id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


class EnrolmentFact(Event):
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    enrolment_id: str
    organisation: Organisation

    @property
    def subject(self) -> str:
        return f"enrolment/{self.enrolment_id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


class BillingLink(Frozen):
    """Path of the signed link to the page where a holder of the billing role gives what invoices lack, as long as they
    hold it; a secret of theirs.
    """

    person_id: str
    path: str


class Mailbox(Frozen):
    """An address of an organisation's, not of a person's: its main mailbox or a role's."""

    role: str
    email: str


class Forbehold(Frozen):
    """A reservation for a later political approval, as the organisation told of it; no person is named in it."""

    committee: str = ""
    """Which body decides."""
    expected_on: date | None = None
    """The day on which it is expected to."""
    lapses_after: date | None = None
    """The last day on which it holds a place; None = for as long as it takes, or it holds none."""


class Answered(Frozen):
    """A question of the sign-up form in the words it was asked by, and the answer as a person reads it."""

    question: str
    answer: str


@fact
class SignUpDraftSaved(Event):
    """A form that somebody has begun, and will take up again by the link mailed to them. Nobody signs up with it."""

    type: ClassVar[str] = "tovholder.enrollment.SignUpDraftSaved.v1"
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    draft_id: str
    contact: Contact
    """Whoever typed the address; the name may be empty."""
    saved_at: Instant
    forgotten_after: date
    """The last day on which the link leads to it, unless it is saved again."""
    draft_path: str
    """Path of the signed link; a secret, never logged."""

    @property
    def subject(self) -> str:
        return f"draft/{self.draft_id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


@fact
class MunicipalityInvited(EnrolmentFact):
    type: ClassVar[str] = "tovholder.enrollment.MunicipalityInvited.v1"

    round_id: str
    to: tuple[Mailbox, ...]
    deadline: date | None
    sign_up_path: str


@fact
class InvitationReminderDue(EnrolmentFact):
    """An invited organisation has not answered; told once per round."""

    type: ClassVar[str] = "tovholder.enrollment.InvitationReminderDue.v1"

    round_id: str
    to: tuple[Mailbox, ...]
    deadline: date | None
    sign_up_path: str


Prospect = Literal["place", "waiting_list", "after_deadline"]
"""What whoever signs up now may hope for: a place, one when another is given up, or one when all are given."""


@fact
class InvitationDeclined(EnrolmentFact):
    """The organisation has said no to its invitation (Har takket nej): by its link, or staff have entered it."""

    type: ClassVar[str] = "tovholder.enrollment.InvitationDeclined.v1"

    declined_at: Instant


@fact
class EnrolmentReceived(EnrolmentFact):
    """A sign-up by form, waiting for the link mailed to its contact to be pressed (Modtaget). It holds no place, and
    nothing that was known of the organisation changes: anybody may have typed it.
    """

    type: ClassVar[str] = "tovholder.enrollment.EnrolmentReceived.v1"

    contact: Contact
    received_at: Instant
    confirm_path: str
    """Path of the signed link; a secret of whoever it is mailed to, never logged."""
    to: Mailbox | None = None
    """The organisation's mailbox that the link is mailed to instead of the contact; None = to the contact."""
    confirmation: Confirmation | None = None
    """What the programme asks for besides the link, so that the mail can say what follows; None = nothing was said."""
    prospect: Prospect | None = None
    """What the link gives as things are now; None = nothing was said."""


@fact
class SignUpAwaitsStaff(EnrolmentFact):
    """A sign-up by form whose contact has shown that the mailbox is theirs, and does not speak for the organisation by
    its address book entry. It holds no place until staff say that the contact is who they say.
    """

    type: ClassVar[str] = "tovholder.enrollment.SignUpAwaitsStaff.v1"

    sign_up_id: str
    contact: Contact
    received_at: Instant


@fact
class SignUpDismissed(EnrolmentFact):
    """Staff have said that a sign-up by form is not the organisation's; it never held a place."""

    type: ClassVar[str] = "tovholder.enrollment.SignUpDismissed.v1"

    sign_up_id: str


@fact
class SignUpEnded(EnrolmentFact):
    """A sign-up by form comes to nothing, and no staff have said no to it: the organisation is signed up by somebody
    else (`has_place`) or has said no since (`has_ended`), the programme is called off, or its sender took it back.
    """

    type: ClassVar[str] = "tovholder.enrollment.SignUpEnded.v1"

    sign_up_id: str
    because: Literal["has_place", "has_ended", "called_off", "taken_back"]
    contact: Contact | None = None
    """Who is told; None = `to`, or nobody: they know already."""
    to: Mailbox | None = None
    """The organisation's mailbox that the form's link went to."""


@fact
class MunicipalityEnrolled(EnrolmentFact):
    """The organisation has a place, on the terms carried here; `forbehold_open`: a political approval is to come.

    Told once of each place: of one that was on the waiting list when it is promoted.
    """

    type: ClassVar[str] = "tovholder.enrollment.MunicipalityEnrolled.v1"

    contact: Contact
    billing: Billing
    group: str | None = None
    fees: tuple[FeeTerm, ...]
    seats: tuple[SeatTerm, ...]
    deadline: date | None = None
    forbehold_open: bool = False
    received_at: Instant
    enrolled_at: Instant
    participants_path: str | None = None
    """Path of the signed link to the page where participants are registered; None = the owner has no such page."""
    notify: Mailbox | None = None
    """The organisation's main mailbox, for its information: it was signed up by a form, which anybody may fill in."""
    by_form: bool = False
    """Whether it was a form: it is its contact's, whoever lets it in. A version before says so with `notify` alone."""
    forbehold: Forbehold | None = None
    """What is known of the open one; None = nothing, or there is none."""
    fees_wait: bool = True
    """Whether an open forbehold holds the fees back."""
    from_waiting_list: bool = False
    beyond_usual: bool = False
    """It is one of the places that staff want to hear of."""
    standing_path: str | None = None
    """Path of the signed link to the page that says where the enrolment stands; a secret, as `participants_path`."""
    answers: tuple[Answered, ...] = ()
    """To the programme's own questions, for the receipt."""
    declared: tuple[str, ...] = ()
    """What the organisation declared, word for word, when the sign-up was received."""
    billing_missing: tuple[str, ...] = ()
    """What `billing` lacks before an invoice can be issued (`BILLING_DETAILS`): that waits for it, the place does not.
    It is given on the page of `standing_path`.
    """
    withdrawal: WithdrawalTerm | None = None
    """What it owes if it leaves, as agreed now; None = nothing was said: it keeps what was billed."""
    quiet: bool = False
    """Nobody is written to because of this, nor invited to what has its date already; what comes later is told."""


@fact
class EnrolmentRegrouped(EnrolmentFact):
    """The enrolment belongs to another group from now on (Vest instead of Øst), with a place or waiting for one."""

    type: ClassVar[str] = "tovholder.enrollment.EnrolmentRegrouped.v1"

    previous_group: str | None
    group: str | None
    contact: Contact
    merged: bool = False
    """All of the previous group goes into this one."""
    group_title: str = ""
    reason: str = ""
    """Why they were merged."""


@fact
class EnrolmentWaitlisted(EnrolmentFact):
    """On the waiting list; the place in it is computed when read, from (received at, number).

    `allotted_after`: nobody has a place yet, all are given after that day, by the same order.
    """

    type: ClassVar[str] = "tovholder.enrollment.EnrolmentWaitlisted.v1"

    contact: Contact
    received_at: Instant
    number: Whole
    forbehold_open: bool = False
    forbehold: Forbehold | None = None
    """As in MunicipalityEnrolled."""
    allotted_after: date | None = None
    forbehold_holds: bool = True
    """Whether an open forbehold can hold a place here; else its owner gets one only once it is approved."""
    standing_path: str | None = None
    notify: Mailbox | None = None
    by_form: bool = False
    quiet: bool = False
    """These four as in MunicipalityEnrolled."""
    billing: Billing | None = None
    """As in MunicipalityEnrolled; None = a version before this one, or another system, told it, and said nothing of
    what follows either.
    """
    fees: tuple[FeeTerm, ...] = ()
    seats: tuple[SeatTerm, ...] = ()
    deadline: date | None = None
    withdrawal: WithdrawalTerm | None = None
    """The terms as they are now: what is agreed is what holds when it gets a place."""
    answers: tuple[Answered, ...] = ()
    declared: tuple[str, ...] = ()
    """As in MunicipalityEnrolled."""


@fact
class ReservationReminderDue(EnrolmentFact):
    """The answer to a forbehold is expected, or was, and has not been told; once for each of the programme's days."""

    type: ClassVar[str] = "tovholder.enrollment.ReservationReminderDue.v1"

    contact: Contact
    forbehold: Forbehold
    days: Whole
    """After the day on which the answer is expected; before it a negative number. After the day of the sign-up where
    `forbehold` names no day.
    """
    has_place: bool
    standing_path: str
    """As in MunicipalityEnrolled: there the answer is given."""


@fact
class ReservationChanged(EnrolmentFact):
    """An open forbehold is expected to be answered on another day, or by another body: all of what is known of it."""

    type: ClassVar[str] = "tovholder.enrollment.ReservationChanged.v1"

    contact: Contact
    forbehold: Forbehold
    has_place: bool


@fact
class ReservationResolved(EnrolmentFact):
    """The political body has said yes or no to a forbehold (a reservation for a later political approval).

    A "no" ends the enrolment, whether it had a place or waited for one.
    """

    type: ClassVar[str] = "tovholder.enrollment.ReservationResolved.v1"

    approved: bool
    resolved_at: Instant
    contact: Contact | None = None
    """Who is told of it; None = a version before this one, or another system, told it."""
    has_place: bool | None = None
    """Whether it has one now; None = nothing was said."""


@fact
class EnrolmentLapsed(EnrolmentFact):
    """The day up to which a forbehold held its place is over, and it has no answer: the place is free again."""

    type: ClassVar[str] = "tovholder.enrollment.EnrolmentLapsed.v1"

    reason: str
    contact: Contact | None = None
    """As in ReservationResolved."""


@fact
class BillingChanged(EnrolmentFact):
    """Invoices that are still to come are as `billing` says, all of it; extra participants and options with a billing
    of their own keep theirs.
    """

    type: ClassVar[str] = "tovholder.enrollment.BillingChanged.v1"

    billing: Billing
    billing_missing: tuple[str, ...] = ()
    """As in MunicipalityEnrolled."""


@fact
class BillingReminderDue(EnrolmentFact):
    """Something that an invoice cannot be issued without has not been given; once for each of the programme's days."""

    type: ClassVar[str] = "tovholder.enrollment.BillingReminderDue.v1"

    contact: Contact
    billing_missing: tuple[str, ...]
    """As in MunicipalityEnrolled."""
    invoice_on: date
    """The day of the first invoice."""
    days: Whole
    """After that day; before it a negative number."""
    standing_path: str
    """As in MunicipalityEnrolled: there it is given."""
    billing_links: tuple[BillingLink, ...] = ()
    """Where whoever holds the billing role gives it."""


@fact
class EnrolmentWithdrawn(EnrolmentFact):
    type: ClassVar[str] = "tovholder.enrollment.EnrolmentWithdrawn.v1"

    contact: Contact
    reason: str = ""
    owes: Owes | None = None
    """Of the fee, as was agreed with its place; None = nothing was said: what was billed."""
    pays: bool = True
    """Whether an invoice may have come of it: it had a fee, a price for one more, or options to buy."""


@fact
class NobodyMovedUp(EnrolmentFact):
    """This organisation's place is its own no more, and nobody on the waiting list got it. Told where somebody waits,
    or would have waited as all places were taken; where somebody moves up, their MunicipalityEnrolled says so.
    """

    type: ClassVar[str] = "tovholder.enrollment.NobodyMovedUp.v1"

    why: str
    """In a sentence for staff."""
    free: Whole = Field(description="how many places can be given now: 0 where more were given than there are")


@fact
class EnrolmentCalledOff(EnrolmentFact):
    """The programme is called off, and the organisation is told so: whoever had a place or waited for one, by its
    contact, and whoever was invited and had not answered, at its mailboxes. Told once of each.
    """

    type: ClassVar[str] = "tovholder.enrollment.EnrolmentCalledOff.v1"

    standing: Literal["enrolled", "waitlisted", "invited"]
    """How it stood until then."""
    reason: str
    contact: Contact | None = None
    to: tuple[Mailbox, ...] = ()
    """Who is told of an invitation; of the others it is the contact."""
    meetings: tuple[Meeting, ...] = ()
    """Those with a day that it would have had, and that will not be held."""
    fee: Literal["none", "withdrawn", "undecided"] = "none"
    """What becomes of the fee it had agreed to: what was not held is owed by nobody, and of a programme of which some
    was, a person decides.
    """


@fact
class TovholderAppointed(EnrolmentFact):
    """The organisation's tovholder (the person who holds the threads) is from now on this contact.

    With the same person as before it says how they are written now.
    """

    type: ClassVar[str] = "tovholder.enrollment.TovholderAppointed.v1"

    contact: Contact
    former: Contact | None = None
    """Who it was until now, and is told so; None = a system that does not say it, or the same person."""
    reason: str = ""
    forbehold: Forbehold | None = None
    """One that is open: it is for the new contact to answer."""
    participants_path: str | None = None
    standing_path: str | None = None
    """As in MunicipalityEnrolled, and the new contact's; those of the former one have ended with this."""


@fact
class LinksRevoked(EnrolmentFact):
    """Every link that the organisation's contact had by now is closed, because somebody else may have had one; the new
    ones are these.
    """

    type: ClassVar[str] = "tovholder.enrollment.LinksRevoked.v1"

    contact: Contact
    generation: Whole
    """Of the links that are good from now on; those without one are of generation 0."""
    participants_path: str | None = None
    standing_path: str
    """As in MunicipalityEnrolled; a secret of the contact's."""


class SeatLink(Frozen):
    """Where somebody passes their seat at this meeting on, or leaves it: a secret of theirs."""

    meeting_id: str
    path: str


@fact
class OwnLinksRevoked(EnrolmentFact):
    """Every link of their own that somebody was mailed by now is closed: of their seats, their place on the team, their
    own page and calendar, and of a role, unless it is the contact's. The new ones are these, each a secret of theirs.
    """

    type: ClassVar[str] = "tovholder.enrollment.OwnLinksRevoked.v1"

    person: Person
    generation: Whole
    """Of the links that are good from now on; those without one are of generation 0."""
    contact_generation: Whole | None = None
    """As well, of the contact's, who somebody may have been and be again; None = told by a version before this one."""
    seats: tuple[SeatLink, ...] = ()
    place_path: str | None = None
    own_page_path: str | None = None
    """None = they neither have a seat nor are on the team."""
    billing_path: str | None = None
    """Of whoever holds the billing role: where they give what invoices lack."""
    standing_path: str | None = None
    """Of the contact's secretary, as in RoleAppointed."""


@fact
class RoleAppointed(EnrolmentFact):
    """A role of the organisation's beside the contact's is from now on this person's, or nobody's.

    With the same person as before it says how they are written now. It opens nothing by itself: links are the
    contact's, but for those that go to whoever holds the billing role, as long as they do, and to the contact's
    secretary (`SECRETARY_ROLE`), which every programme has.
    """

    type: ClassVar[str] = "tovholder.enrollment.RoleAppointed.v1"

    role_id: str
    label: str
    purpose: str = ""
    """As in the programme: which letters its holder gets; empty = the programme has the role no more."""
    person: Person | None = None
    before: Person | None = None
    """Who it was until now, and is told so; None = nobody, a system that does not say it, or the same person."""
    reason: str = ""
    quiet: bool = False
    """Nobody is written to because of it: what it came with was imported."""
    standing_path: str | None = None
    """Of a secretary who has just got the access: the page that they help the contact with; a secret of theirs, and no
    path of the contact's. None = the role has none, or whoever holds it has been told.
    """
    by_staff: bool = False
    """Of a secretary: whether staff gave the access, and not the contact."""


OptionPrice = Annotated[int, Field(le=MOST_ORE_TOLD)]
"""Øre without moms; nothing is claimed for what costs nothing, or less."""
OptionMoms = Annotated[int, Field(ge=0, le=100)]


class OptionFact(EnrolmentFact):
    """About something that an organisation may buy beside the fee; each quote, and each order, is a `round`."""

    option_id: str
    round: Whole = 1
    title: str = ""
    contact: Contact | None = None
    """Who is told of it; None = another system told it, and named nobody."""


@fact
class QuoteGiven(OptionFact):
    """Staff offer what has no fixed price. Nobody owes anything until it is accepted, up to and with `good_until`."""

    type: ClassVar[str] = "tovholder.enrollment.QuoteGiven.v1"

    includes: str
    """What is delivered for that."""
    price_ore: OptionPrice
    vat_percent: OptionMoms
    good_until: ToldDay
    replaces: Whole | None = None
    """The round of the open quote that it takes the place of."""
    quote_path: str | None = None
    """Path of the signed link to the page where it is answered; a secret of whoever it is mailed to."""


@fact
class QuoteReminderDue(OptionFact):
    """A quote has no answer yet; told once for each of the days on which the programme asks for it."""

    type: ClassVar[str] = "tovholder.enrollment.QuoteReminderDue.v1"

    includes: str
    price_ore: OptionPrice
    vat_percent: OptionMoms
    good_until: ToldDay
    days: Whole
    """Before the last day."""
    quote_path: str | None = None
    """As in QuoteGiven."""


@fact
class QuoteDeclined(OptionFact):
    type: ClassVar[str] = "tovholder.enrollment.QuoteDeclined.v1"


@fact
class QuoteLapsed(OptionFact):
    """The last day of a quote is over, and it has no answer: it can be accepted no more, and nobody owes anything."""

    type: ClassVar[str] = "tovholder.enrollment.QuoteLapsed.v1"

    good_until: ToldDay


@fact
class OptionOrdered(OptionFact):
    """Ordered at its fixed price, or by accepting a quote; on these terms, whatever the programme says later.

    It is owed from now on, and due once it is delivered.
    """

    type: ClassVar[str] = "tovholder.enrollment.OptionOrdered.v1"

    text: str
    """The line on the invoice."""
    price_ore: OptionPrice
    vat_percent: OptionMoms
    includes: str = ""
    by_quote: bool = False
    agreed_at: Instant | None = None
    billing: Billing | None = None
    """None = nothing was said: staff say it before it can be invoiced."""
    own_billing: bool = False
    """Whether it was said for this order: then it stays so when the enrolment's is changed."""
    billing_missing: tuple[str, ...] = ()
    """As in MunicipalityEnrolled, of this billing."""
    standing_path: str | None = None
    """As in MunicipalityEnrolled: there it can be withdrawn until it is delivered."""


@fact
class OptionBillingChanged(OptionFact):
    """Who pays for an order has been said since: it is billed so, whatever becomes of the enrolment's."""

    type: ClassVar[str] = "tovholder.enrollment.OptionBillingChanged.v1"

    billing: Billing
    billing_missing: tuple[str, ...] = ()
    """As in MunicipalityEnrolled, of this billing."""


@fact
class OptionWithdrawn(OptionFact):
    """An order is off, or an open quote is; nothing is owed for it."""

    type: ClassVar[str] = "tovholder.enrollment.OptionWithdrawn.v1"

    reason: Literal["withdrawn", "enrolment_ended"] = "withdrawn"
    ordered: bool = True
    """Whether it had been ordered; else it was a quote that nobody had answered."""


@fact
class OptionDelivered(OptionFact):
    """What was ordered is delivered, so that it is due."""

    type: ClassVar[str] = "tovholder.enrollment.OptionDelivered.v1"

    price_ore: OptionPrice
    vat_percent: OptionMoms
    delivered_on: ToldDay


class RosterFact(Event):
    """About one organisation's people at one meeting."""

    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    enrolment_id: str
    organisation: Organisation
    contact: Contact
    meeting: Meeting
    person: Person

    @property
    def subject(self) -> str:
        return f"roster/{roster_id(self.enrolment_id, self.meeting.id)}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


@fact
class ParticipantRegistered(RosterFact):
    type: ClassVar[str] = "tovholder.enrollment.ParticipantRegistered.v1"

    extra: bool
    """Beyond the included seats when registered; ExtraParticipantAdded follows and says the price."""
    level: str | None = None
    """Which of the programme's `participant_levels` the person said to be; None = not asked, or did not say."""
    walked_in: bool = False
    """Came without being registered; entered by staff once the meeting had begun, and not to be invited to it."""
    seat_path: str | None = None
    """Path of the signed link to the page where the person passes the seat on or leaves it; a secret of theirs. None =
    the owner has no such page, or the meeting had begun.
    """
    own_path: str | None = None
    """Path of the signed link to the page with all that is theirs in this enrolment, each with what may be done about
    it: where mails to them lead, rather than to the seat; a secret of theirs. None = the owner has no such page.
    """
    quiet: bool = False
    """As in MunicipalityEnrolled: of this meeting the person hears when something comes of it later."""


@fact
class ParticipantReplaced(RosterFact):
    """`person` takes over the seat of `previous`; the number of seats is unchanged.

    The two are the same person where only the way they are written, or the level, has been put right.
    """

    type: ClassVar[str] = "tovholder.enrollment.ParticipantReplaced.v1"

    previous: Person
    level: str | None = None
    """As in ParticipantRegistered; of `person`."""
    seat_path: str | None = None
    """As in ParticipantRegistered; of `person`."""
    own_path: str | None = None
    """As in ParticipantRegistered; of `person`."""
    by_participant: bool = False
    """`previous` passed it on by the link of their own, so that the contact is to hear of it."""


@fact
class ParticipantCancelled(RosterFact):
    type: ClassVar[str] = "tovholder.enrollment.ParticipantCancelled.v1"

    by_participant: bool = False
    """The person did it by the link of their own, so that the contact is to hear of it."""
    still_billed: ExtraTerm | None = None
    """The price that is billed all the same: an extra seat that was left after the last day on which that is free."""
    free_until: date | None = None
    """That day, where something is billed all the same."""


@fact
class ExtraParticipantAdded(RosterFact):
    """A participant beyond the included seats: billed at these terms once the meeting has been held, or at once where
    it has been already.
    """

    type: ClassVar[str] = "tovholder.enrollment.ExtraParticipantAdded.v1"

    billing: Billing
    terms: ExtraTerm
    own_billing: bool = False
    """Whether it was said for this participant: then it stays so when the enrolment's is changed."""
    billing_missing: tuple[str, ...] = ()
    """As in MunicipalityEnrolled, of this billing."""
    walked_in: bool = False
    """As in ParticipantRegistered."""
    free_until: date | None = None
    """The last day on which the seat can be left without being billed; None = until the meeting begins."""


@fact
class ExtraBillingChanged(RosterFact):
    """Who pays for an extra participant has been said since: it is billed so, whatever becomes of the enrolment's."""

    type: ClassVar[str] = "tovholder.enrollment.ExtraBillingChanged.v1"

    billing: Billing
    billing_missing: tuple[str, ...] = ()
    """As in MunicipalityEnrolled, of this billing."""


@fact
class ExtraParticipantRemoved(RosterFact):
    """No longer beyond the included seats: cancelled, or moved in on a seat that became free."""

    type: ClassVar[str] = "tovholder.enrollment.ExtraParticipantRemoved.v1"

    reason: Literal["cancelled", "moved_in"]


@fact
class MemberAdmitted(EnrolmentFact):
    """An organisation that is invited by name is a member: it has its place, and its mailbox is known. It names its
    people as a standing team (`TeamFact`). Told again when the mailbox, or what the programme says of it, changes.
    """

    type: ClassVar[str] = "tovholder.enrollment.MemberAdmitted.v1"

    contact: Contact
    """The organisation's mailbox, under its own name."""
    seats: tuple[SeatTerm, ...]
    """Of a kind whose `attendance` is `members`: how many people it names, from `minimum` up to `included`."""
    ad_hoc: bool = False
    """It comes only to the meetings that it is invited to (`MemberInvited`)."""
    inviter: str = ""
    """The title of whoever invites; empty = the organiser does."""
    admitted_at: Instant
    participants_path: str | None = None
    """Path of the signed link to the page where it names its people; a secret, never logged."""


@fact
class MemberMailboxMissing(EnrolmentFact):
    """A member has its place, and nobody knows where it is written to; told every so many days until somebody does."""

    type: ClassVar[str] = "tovholder.enrollment.MemberMailboxMissing.v1"


class MeetingOfMember(EnrolmentFact):
    """About a member that comes only to the meetings that it is invited to, and one of these."""

    contact: Contact
    """As in MemberAdmitted."""
    meeting: Meeting


@fact
class MemberInvited(MeetingOfMember):
    type: ClassVar[str] = "tovholder.enrollment.MemberInvited.v1"


@fact
class MemberUninvited(MeetingOfMember):
    type: ClassVar[str] = "tovholder.enrollment.MemberUninvited.v1"


class TeamFact(Event):
    """About one organisation's standing team: named once, and invited to each meeting of `kinds`.

    `size` is how many it counts now, of at least `minimum` and at most `most` (None = as many as it likes). No kinds =
    those of a member that comes only to the meetings that it is invited to.
    """

    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    enrolment_id: str
    organisation: Organisation
    contact: Contact
    size: Whole
    minimum: Whole
    most: Whole | None = None
    kinds: tuple[str, ...]
    of_member: bool = False
    """It is the people of a member (`MemberAdmitted`)."""

    @property
    def subject(self) -> str:
        return f"team/{self.enrolment_id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


@fact
class TeamMemberNamed(TeamFact):
    type: ClassVar[str] = "tovholder.enrollment.TeamMemberNamed.v1"

    person: Person
    place_path: str | None = None
    """Path of the signed link to the page where the person passes the place on or leaves it; a secret of theirs. None =
    the owner has no such page.
    """
    own_path: str | None = None
    """As in ParticipantRegistered."""
    quiet: bool = False
    """As in MunicipalityEnrolled: of meetings that have their dates already the person hears when something changes."""


@fact
class TeamMemberReplaced(TeamFact):
    """`person` takes over from `previous`; how many they are is unchanged.

    The two are the same person where only the way they are written has been put right.
    """

    type: ClassVar[str] = "tovholder.enrollment.TeamMemberReplaced.v1"

    person: Person
    previous: Person
    place_path: str | None = None
    """As in TeamMemberNamed; of `person`."""
    own_path: str | None = None
    """As in ParticipantRegistered; of `person`."""
    by_participant: bool = False
    """`previous` passed it on by the link of their own, so that the contact is to hear of it."""


@fact
class TeamMemberRemoved(TeamFact):
    type: ClassVar[str] = "tovholder.enrollment.TeamMemberRemoved.v1"

    person: Person
    by_participant: bool = False
    """The person did it by the link of their own, so that the contact is to hear of it."""


@fact
class TeamReminderDue(TeamFact):
    """The team is smaller than `minimum`; told every so many days until it is not. Nothing is refused for it."""

    type: ClassVar[str] = "tovholder.enrollment.TeamReminderDue.v1"

    participants_path: str | None = None
    """As in MunicipalityEnrolled: there the team is named."""


class GuestFact(Event):
    """About somebody from outside at one meeting, who has no seat of any organisation's and is billed to nobody."""

    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    meeting: Meeting
    guest: Person
    """The id is of this guest at this meeting."""
    track: str | None = None
    """Which of the programme's tracks for guests they belong to; None = nobody said."""

    @property
    def subject(self) -> str:
        return f"guest/{self.guest.person_id}"

    @property
    def scope(self) -> str:
        return f"{self.programme.id}/enrolments"


@fact
class GuestInvited(GuestFact):
    type: ClassVar[str] = "tovholder.enrollment.GuestInvited.v1"

    guest_path: str | None = None
    """Path of the signed link to the page where the guest sees the meeting and says that they are not coming; a secret
    of theirs. None = the owner has no such page.
    """
    own_path: str | None = None
    """Likewise of the page with all that they are a guest at in the programme: where mails to them lead."""


@fact
class GuestRemoved(GuestFact):
    """They are not to come after all."""

    type: ClassVar[str] = "tovholder.enrollment.GuestRemoved.v1"

    by_participant: bool = False
    """The guest did it by the link of their own, so that staff are to hear of it."""


@fact
class GuestLinksRevoked(GuestFact):
    """Every link that the guest was mailed by now is closed, with their own page and calendar; the new ones are these,
    secrets of theirs.
    """

    type: ClassVar[str] = "tovholder.enrollment.GuestLinksRevoked.v1"

    generation: Whole
    """Of the links that are good from now on; those without one are of generation 0."""
    guest_path: str
    own_path: str
    """As in GuestInvited."""
    mailed: bool = True
    """Whether the new ones are to be mailed for this: of somebody who is invited to several meetings for one alone, as
    its page leads to all; and for none where another fact has them mailed a page of their own that does.
    """


@fact
class OrganisationsMerged(Event):
    """Two entries of the address book were one organisation: `organisation` is reached as `into` is, for good.

    What was agreed with it keeps its name and its code. Told once for each organisation that goes.
    """

    type: ClassVar[str] = "tovholder.enrollment.OrganisationsMerged.v1"
    service: ClassVar[str] = SERVICE

    organisation: Organisation
    into: Organisation
    merged_at: Instant

    @property
    def subject(self) -> str:
        return f"organisation/{self.organisation.code}"

    @property
    def scope(self) -> str:
        return f"organisation/{self.organisation.code}"


@fact
class PersonErased(Event):
    """Everything about this person is to be forgotten, everywhere, except what the law says an invoice must keep.

    Told again where somebody asks for it again: whoever has forgotten the person looks once more.
    """

    type: ClassVar[str] = "tovholder.enrollment.PersonErased.v1"
    service: ClassVar[str] = SERVICE

    person_id: str
    why: Literal["retention"] | None = Field(default=None, exclude_if=lambda said: said is None)
    """`retention`: nothing has concerned them for so long that their time is over. None: somebody asked for it."""

    @property
    def subject(self) -> str:
        return f"person/{self.person_id}"

    @property
    def scope(self) -> str:
        return "erasure"


@fact
class MailboxCodeDrawn(Event):
    """Whoever came by a mailed link is to show that they read the mailbox it was mailed to, before anything is changed:
    six digits, for the browser that asked alone, once, and no longer than `good_until`.
    """

    type: ClassVar[str] = "tovholder.enrollment.MailboxCodeDrawn.v1"
    service: ClassVar[str] = SERVICE

    programme: ProgrammeRef
    code_id: str
    to: Person
    code: str
    """A secret of the mailbox; worth nothing without the cookie of the browser that asked. Never logged."""
    good_until: Instant
    """Machine time: it is about a browser, and no part of the programme's course."""

    @property
    def subject(self) -> str:
        return f"code/{self.code_id}"

    @property
    def scope(self) -> str:
        return "codes"


@fact
class SessionsRevoked(Event):
    """Whoever signs in as this person is signed out: badges of an older epoch are no longer accepted, by any service.

    Who is still signed in at another browser gets a badge of the new epoch by itself.
    """

    type: ClassVar[str] = "tovholder.enrollment.SessionsRevoked.v1"
    service: ClassVar[str] = SERVICE

    person_id: str
    """The subject of their badges."""
    epoch: Whole
    """Of the badges that are good from now on."""

    @property
    def subject(self) -> str:
        return f"person/{self.person_id}"

    @property
    def scope(self) -> str:
        return "sessions"


class ClientToken(Frozen):
    """A token of a client's: its SHA-256 in hex, of 256 random bits that are kept nowhere. Machine time."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    made_at: Instant
    expires_at: Instant


@fact
class ClientChanged(Event):
    """How a client of the API stands, all of it: what its tokens open, whose events it sends, and when each token ends.

    A token of its that is not here opens nothing any more, in any service.
    """

    type: ClassVar[str] = "tovholder.enrollment.ClientChanged.v1"
    service: ClassVar[str] = SERVICE

    client: str
    """Its name, which is nobody else's."""
    version: Whole
    """Grows with every change, not by one: what is older than what is known changes nothing."""
    scopes: tuple[str, ...]
    sources: tuple[str, ...] = ()
    tokens: tuple[ClientToken, ...] = ()
    """Those that were not over when it was told."""

    @property
    def subject(self) -> str:
        return f"client/{self.client}"

    @property
    def scope(self) -> str:
        return "clients"


@fact
class EnrollmentIntakeRejected(IntakeRejected):
    type: ClassVar[str] = "tovholder.enrollment.IntakeRejected.v1"
    service: ClassVar[str] = SERVICE


class RoleWish(Frozen):
    """Who is to hold a role beside the contact's, as a door takes it."""

    name: Line = ""
    email: Email = ""


@command
class EnrolMunicipality(Command):
    type: ClassVar[str] = "tovholder.enrollment.EnrolMunicipality.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    organisation_code: Id
    contact_name: Line
    contact_email: Email
    contact_role: Line = "kontaktperson"
    billing: BillingWish = Field(default_factory=Billing)
    answers: dict[Name, Text] = Field(default_factory=dict, max_length=MOST_ANSWERS)
    """Answers to the programme's own form fields, by field id."""
    group: Line | None = None
    """Another group than the region's, if the municipality asked for it."""
    forbehold: bool = False
    forbehold_committee: Line = ""
    forbehold_expected_on: Day | None = None
    received_at: Moment | None = None
    """When it came in, where staff enter what came otherwise, by mail or phone; None = now. It orders the waiting list
    and counts against the deadline, and takes no confirmed place from anybody. It says its zone (`no_time_zone`).
    """
    late: bool = False
    """After the deadline, as staff alone may decide, and say why; before it this changes nothing."""
    late_reason: Paragraph = ""
    roles: dict[Name, RoleWish] = Field(default_factory=dict, max_length=MOST_ROLES)
    """Who holds the programme's roles beside the contact's, by role id."""


@command
class VouchForAddress(Command):
    """Staff say that an address speaks for an organisation, once for all: its sign-ups by form that wait for that get
    their places in the order they came in, and later ones are confirmed by the contact's own link.
    """

    type: ClassVar[str] = "tovholder.enrollment.VouchForAddress.v1"
    service: ClassVar[str] = SERVICE

    organisation_code: Id
    email: Email
    whole_domain: bool = False
    """Every mailbox of the address's domain speaks for it too."""


@command
class DismissSignUp(Command):
    """Staff say that a sign-up by form which waits for them is not the organisation's."""

    type: ClassVar[str] = "tovholder.enrollment.DismissSignUp.v1"
    service: ClassVar[str] = SERVICE

    sign_up_id: Id


@command
class DismissSignUps(Command):
    """Staff say of all sign-ups by form that wait for them with an address, or with any mailbox of its domain, that
    they are not their organisations'. How many these are is asked first, without the numbers: nothing is done then.
    """

    type: ClassVar[str] = "tovholder.enrollment.DismissSignUps.v1"
    service: ClassVar[str] = SERVICE

    email: Email
    whole_domain: bool = False
    """Of whatever mailbox of the address's domain."""
    count: Annotated[int, Field(ge=0, le=MOST)] | None = None
    """How many there are, as the answer said; with another number nothing is done."""
    up_to: Annotated[int, Field(ge=0, le=MOST)] | None = None
    """As the answer said: of the last of them. Those that come in meanwhile are not among them."""


@command
class WithdrawEnrolment(Command):
    type: ClassVar[str] = "tovholder.enrollment.WithdrawEnrolment.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    reason: Paragraph = ""


@command
class ChangeContact(Command):
    """Somebody else holds a role of the organisation's from now on. Of the same person it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.ChangeContact.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    role: Id = MAIN_ROLE
    name: Line
    email: Email
    reason: Paragraph = ""
    seen: Id | None = None
    """What whoever changes it has seen of it (`shared.contracts.seen`): refused when that is not so any more."""


@command
class RevokeLinks(Command):
    """All links that the organisation's contact was mailed are closed, and new ones go to the same mailbox."""

    type: ClassVar[str] = "tovholder.enrollment.RevokeLinks.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id


@command
class ChangeRole(Command):
    """Somebody else holds a role beside the contact's from now on; without name and address nobody does, where the
    programme does not ask for one. Of the same person it changes nothing.
    """

    type: ClassVar[str] = "tovholder.enrollment.ChangeRole.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    role_id: Id
    name: Line = ""
    email: Email = ""
    reason: Paragraph = ""
    seen: Id | None = None


@command
class ResolveReservation(Command):
    """The organisation's political body has said yes, or no. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.ResolveReservation.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    approved: bool


@command
class ChangeReservation(Command):
    """When an open forbehold is expected to be answered, and by which body. What is not said stays as it is; an empty
    committee is none.
    """

    type: ClassVar[str] = "tovholder.enrollment.ChangeReservation.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    expected_on: Day | None = None
    committee: Line | None = None
    seen: Id | None = None


@command
class ChangeBilling(Command):
    """How the organisation wants the invoices that are still to come: given when it was missing, or put right.

    What is not said stays as it is; with another unit than now it is that unit's, and else the organisation's.
    """

    type: ClassVar[str] = "tovholder.enrollment.ChangeBilling.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    billing: BillingWish
    seen: Id | None = None


@command
class CancelProgramme(Command):
    """It is called off: nobody signs up for anything in it any more, and everybody concerned is told once.

    It is never taken back. Said again it changes nothing.
    """

    type: ClassVar[str] = "tovholder.enrollment.CancelProgramme.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    reason: Paragraph = ""
    """As municipalities read it; empty = nobody said."""


@command
class ChangeCapacity(Command):
    """From now on there are so many places; whoever waits moves up. It is the programme's next version."""

    type: ClassVar[str] = "tovholder.enrollment.ChangeCapacity.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    usual: Annotated[int, Field(ge=1, le=MOST_PLACES)]
    hard: Annotated[int, Field(ge=1, le=MOST_PLACES)]
    seen: Id | None = None


@command
class ErasePerson(Command):
    """Forget somebody everywhere: by the id of one person, or by their address, whichever organisations know it.

    All persons with the address are meant, and one who was erased already is erased again. Say the id where the
    command itself is kept, as a topic does for its time.
    """

    type: ClassVar[str] = "tovholder.enrollment.ErasePerson.v1"
    service: ClassVar[str] = SERVICE

    person_id: Id | None = None
    email: Email | None = None
    also_unarchived: bool = False
    """Also where a public organiser's archive has not got the papers yet, which needs a `reason`."""
    reason: Paragraph = ""
    """It is kept without what the person is called; over a topic it lies there as it was said."""


@command
class RecordArchive(Command):
    """The papers of a programme were written out for a public archive. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.RecordArchive.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    read_at: Moment
    """When the reading of them began, by the clock of the service; what changed later is not in them."""
    sha256: Id
    """Of the file that is handed over, in hexadecimal."""
    files: Annotated[int, Field(ge=1, le=MOST)]


@command
class ChangeGroup(Command):
    type: ClassVar[str] = "tovholder.enrollment.ChangeGroup.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    group: Line
    seen: Id | None = None


@command
class MergeGroups(Command):
    """All of `group` belongs to the group `into` from now on, and so does whoever would have come into it later.

    Its meetings that are still to come are for staff to cancel. Said again it changes nothing.
    """

    type: ClassVar[str] = "tovholder.enrollment.MergeGroups.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    group: Line
    into: Line
    reason: Paragraph


@command
class RegisterParticipant(Command):
    """`accepted_price_ore` is the price shown before confirming: None accepts no price, so an extra seat is refused."""

    type: ClassVar[str] = "tovholder.enrollment.RegisterParticipant.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    meeting_id: Id
    name: Line
    email: Email
    accepted_price_ore: Ore | None = None
    level: Line | None = None
    """One of the programme's `participant_levels`; None = does not say."""
    billing: BillingWish = Field(default_factory=Billing)
    """Who pays for this participant, if they are an extra one and it is another unit, or another order, than the
    enrolment's; what is not said is as there.
    """


@command
class ChangeExtraBilling(Command):
    """Who pays for an extra participant, said or put right after they were registered; what is not said stays as it is.

    With another unit than now it is that unit's, and else the organisation's.
    """

    type: ClassVar[str] = "tovholder.enrollment.ChangeExtraBilling.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    meeting_id: Id
    person_id: Id
    billing: BillingWish
    seen: Id | None = None


@command
class CancelParticipant(Command):
    type: ClassVar[str] = "tovholder.enrollment.CancelParticipant.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    meeting_id: Id
    person_id: Id


@command
class ReplaceParticipant(Command):
    type: ClassVar[str] = "tovholder.enrollment.ReplaceParticipant.v1"
    service: ClassVar[str] = SERVICE
    names_another: ClassVar[bool] = True

    enrolment_id: Id
    meeting_id: Id
    person_id: Id
    name: Line
    email: Email
    level: Line | None = None
    """As in RegisterParticipant."""


@command
class OrderOption(Command):
    """Buy what the programme offers at a fixed price. Said again it changes nothing.

    `accepted_price_ore` is the price shown before confirming: None accepts no price, so that it is refused.
    """

    type: ClassVar[str] = "tovholder.enrollment.OrderOption.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    option_id: Id
    accepted_price_ore: Ore | None = None
    billing: BillingWish = Field(default_factory=Billing)
    """Who pays for it, if it is another unit, or another order, than the enrolment's; what is not said is as there."""


@command
class QuoteOption(Command):
    """Offer what the programme has no price for; it takes the place of an open quote. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.QuoteOption.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    option_id: Id
    price_ore: Ore
    """Without moms; 0 = nothing is ever claimed for it."""
    includes: Paragraph
    """What is delivered for that, in a few sentences."""
    good_until: Day
    """The last day on which it can be accepted."""
    seen: Id | None = None
    """What whoever offers it has seen of the open quote."""


QuoteRound = Annotated[int, Field(ge=1, le=MOST_PLACES)]
"""Which quote was read: another one is not accepted unseen."""


@command
class AcceptQuote(Command):
    type: ClassVar[str] = "tovholder.enrollment.AcceptQuote.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    option_id: Id
    round: QuoteRound
    billing: BillingWish = Field(default_factory=Billing)
    """As in OrderOption."""


@command
class ChangeOptionBilling(Command):
    """Who pays for what was ordered, said or put right after that; what is not said stays as it is.

    With another unit than now it is that unit's, and else the organisation's. What is invoiced stays.
    """

    type: ClassVar[str] = "tovholder.enrollment.ChangeOptionBilling.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    option_id: Id
    billing: BillingWish
    seen: Id | None = None


@command
class DeclineQuote(Command):
    type: ClassVar[str] = "tovholder.enrollment.DeclineQuote.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    option_id: Id
    round: QuoteRound


@command
class WithdrawOption(Command):
    """Take back an order that is not delivered yet, or an open quote. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.WithdrawOption.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    option_id: Id


@command
class DeliverOption(Command):
    """What was ordered is delivered, as staff say or the system that runs a track. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.DeliverOption.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    option_id: Id
    delivered_on: Day | None = None
    """None = today."""


@command
class RegisterWalkIn(Command):
    """Somebody came to the meeting without being registered. Beyond the included seats it is billed by itself."""

    type: ClassVar[str] = "tovholder.enrollment.RegisterWalkIn.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    meeting_id: Id
    name: Line
    email: Email
    level: Line | None = None
    """As in RegisterParticipant."""


@command
class NameTeamMember(Command):
    """Somebody is on the organisation's standing team, and invited to each of its meetings."""

    type: ClassVar[str] = "tovholder.enrollment.NameTeamMember.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    name: Line
    email: Email


@command
class ReplaceTeamMember(Command):
    type: ClassVar[str] = "tovholder.enrollment.ReplaceTeamMember.v1"
    service: ClassVar[str] = SERVICE
    names_another: ClassVar[bool] = True

    enrolment_id: Id
    person_id: Id
    name: Line
    email: Email


@command
class RemoveTeamMember(Command):
    type: ClassVar[str] = "tovholder.enrollment.RemoveTeamMember.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    person_id: Id


@command
class InviteMember(Command):
    """A member that comes to single meetings is to come to this one. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.InviteMember.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    meeting_id: Id


@command
class UninviteMember(Command):
    """It is not to come to this meeting after all. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.UninviteMember.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    meeting_id: Id


@command
class InviteGuest(Command):
    """Somebody from outside is to come to this meeting. Said again it changes nothing."""

    type: ClassVar[str] = "tovholder.enrollment.InviteGuest.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    meeting_id: Id
    name: Line
    email: Email
    track: Id | None = None
    """One of the programme's tracks for guests; None = does not say."""


@command
class RemoveGuest(Command):
    """They are not to come after all."""

    type: ClassVar[str] = "tovholder.enrollment.RemoveGuest.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    meeting_id: Id
    person_id: Id


@command
class InviteMunicipalities(Command):
    """Start an invitation round: everyone in the address book, or those named; later a reminder to the silent ones."""

    type: ClassVar[str] = "tovholder.enrollment.InviteMunicipalities.v1"
    service: ClassVar[str] = SERVICE

    programme_id: Id
    round_id: Id
    organisation_codes: tuple[Id, ...] = Field(default=(), max_length=MOST_ORGANISATIONS)
    remind_on: Day | None = None
