"""What `invoicing` tells: who owes what. Subject `invoice/<series>-<number>`; amounts in øre; sequence per invoice."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from shared.contracts.bounds import MOST_LINES, Day, Id, Ore, Paragraph, Whole
from shared.contracts.event import Command, Event, Frozen, IntakeRejected, command, fact, told_by_others
from shared.contracts.parties import Billing, BillingWish, Contact, Organisation
from shared.contracts.programme import ProgrammeRef

SERVICE = "invoicing"

SUBJECTS = {
    "invoice": "one invoice, by series and number",
}
"""What its facts are about: the kind in front of the slash."""

_OPTION = "enrolment, option, round"

EFFECTS = {
    "tovholder.enrollment.ProgrammeCancelled.v1": (
        "withdraws fees and undelivered options; credits invoiced fees if nothing was held, else asks staff about fees",
        "enrolment, instalment; enrolment, option, round; of a credit note: programme, invoice",
    ),
    "tovholder.enrollment.MunicipalityEnrolled.v1": ("claims each instalment of the fee", "enrolment, instalment"),
    "tovholder.enrollment.ReservationResolved.v1": (
        "releases or withdraws the fee that waited for the forbehold",
        "enrolment, instalment",
    ),
    "tovholder.enrollment.EnrolmentLapsed.v1": (
        "withdraws the fee that is not invoiced yet, and the options that are not delivered",
        "enrolment, instalment; enrolment, option, round",
    ),
    "tovholder.enrollment.BillingChanged.v1": (
        "bills as it says what is not invoiced yet, and what was held back for want of it",
        "enrolment (newest wins)",
    ),
    "tovholder.enrollment.EnrolmentWithdrawn.v1": (
        "withdraws the fee that is not invoiced yet, and the options that are not delivered",
        "enrolment, instalment; enrolment, option, round",
    ),
    "tovholder.enrollment.TovholderAppointed.v1": (
        "addresses later invoices to the new contact, and closes the links to documents that the former one was mailed",
        "enrolment (newest wins)",
    ),
    "tovholder.enrollment.RoleAppointed.v1": (
        "keeps who holds the billing role, and closes the links to documents that the former one was mailed",
        "enrolment, role (newest wins)",
    ),
    "tovholder.enrollment.LinksRevoked.v1": (
        "closes the way to invoices by the old links, and the links to documents that the contact was mailed",
        "enrolment, person (the highest generation holds)",
    ),
    "tovholder.enrollment.OwnLinksRevoked.v1": (
        "closes the links to documents that whoever holds the billing role was mailed",
        "enrolment, person (the highest generation holds)",
    ),
    "tovholder.enrollment.ExtraParticipantAdded.v1": ("claims the extra participant", "roster, person"),
    "tovholder.enrollment.ExtraBillingChanged.v1": (
        "bills the extra participant as it says, if that is not invoiced yet",
        "roster, person (newest wins)",
    ),
    "tovholder.enrollment.ExtraParticipantRemoved.v1": (
        "withdraws the claim that is not invoiced yet",
        "roster, person",
    ),
    "tovholder.enrollment.OptionOrdered.v1": ("claims the option, due once it is delivered", _OPTION),
    "tovholder.enrollment.OptionBillingChanged.v1": (
        "bills the option as it says, if that is not invoiced yet",
        "enrolment, option, round (newest wins)",
    ),
    "tovholder.enrollment.OptionWithdrawn.v1": ("withdraws the claim that is not invoiced yet", _OPTION),
    "tovholder.enrollment.OptionDelivered.v1": ("releases the claim for the option", _OPTION),
    "tovholder.enrollment.PersonErased.v1": ("forgets the person, except on issued invoices", "person"),
    "tovholder.enrollment.SessionsRevoked.v1": ("takes no badge of an earlier epoch any more", "person, epoch"),
    "tovholder.enrollment.ClientChanged.v1": ("lets its tokens open what they may, and no others", "client, version"),
    "tovholder.scheduling.MeetingCancelled.v1": ("withdraws the claims for extra participants", "roster, person"),
    "tovholder.scheduling.MeetingHeld.v1": ("releases the claims for extra participants", "roster, person"),
}
"""What it does with each fact that it hears, and the natural key that keeps the effect from happening twice."""

OPENS = {
    "invoicing.CorrectBilling": "Rette fakturaoplysninger",
    "invoicing.CreditInvoice": "Kreditere en faktura",
    "invoicing.FindPeople": "Søge efter en person på mailadressen",
    "invoicing.ForgetPerson": "Glemme en person",
    "invoicing.KeepErased": "Holde fast i, hvem der er slettet",
    "invoicing.RegisterPayment": "Notere en betaling",
    "invoicing.ReleaseClaim": "Frigive et krav, der er holdt tilbage",
    "invoicing.WaiveClaim": "Frafalde et krav",
    "invoicing.claims": "Krav",
    "invoicing.credit-notes": "Kreditnotaer",
    "invoicing.invoices": "Fakturaer",
    "invoicing.invoices.credit-notes": "En fakturas kreditnotaer",
    "invoicing.overview": "Overblikket over betalinger",
    "invoicing.people": "En persons oplysninger",
    "invoicing.people.erased": "Hvem der er slettet",
    "invoicing.programmes.audit": "Hvem der har gjort hvad",
    "invoicing.why": "Hvorfor noget er sket",
}
"""What its scopes let a token do (commands), and see (lists), for whoever gives tokens out."""
CALLED = "Fakturaer"
"""The service, among people."""

IN_DANISH = {
    "tovholder.invoicing.InvoiceIssued.v1": "fakturaen blev udstedt",
    "tovholder.invoicing.CreditNoteIssued.v1": "kreditnotaen blev udstedt",
    "tovholder.invoicing.InvoiceDelivered.v1": "fakturaen blev leveret",
    "tovholder.invoicing.InvoiceRejected.v1": "fakturaen blev afvist af modtageren",
    "tovholder.invoicing.PaymentRegistered.v1": "en betaling blev registreret",
    "tovholder.invoicing.ClaimHeldBack.v1": "kravet kunne ikke faktureres",
    "tovholder.invoicing.InvoiceOverdue.v1": "fakturaen var ikke betalt til tiden",
    "tovholder.invoicing.IntakeRejected.v1": "et ønske blev afvist af faktureringen",
    "tovholder.invoicing.CreditInvoice.v1": "nogen bad om at kreditere fakturaen",
    "tovholder.invoicing.CorrectBilling.v1": "nogen rettede, hvordan der skal faktureres",
    "tovholder.invoicing.RegisterPayment.v1": "nogen meldte en betaling",
    "tovholder.invoicing.ReleaseClaim.v1": "nogen bad om at fakturere et krav alligevel",
    "tovholder.invoicing.WaiveClaim.v1": "nogen bad om ikke at fakturere et krav",
}
"""Its facts and commands in a sentence, for people who ask why."""
HowToPay = tuple[tuple[str, str], ...]
"""What stands on the invoice about its payment: Danish titles ("Reg.nr.") and what belongs to each."""


class InvoiceLine(Frozen):
    claim_id: str
    text: str
    quantity: Whole
    unit_price_ore: Whole
    net_ore: Whole
    vat_percent: Whole
    delivered_on: date | None = None


class Invoice(Frozen):
    """A whole invoice: gross = net + moms on the net sum per rate; the number is gapless per (organiser, series)."""

    number: Whole
    series: str
    issued_on: date
    due_on: date
    programme: ProgrammeRef
    enrolment_id: str
    buyer: Organisation
    billing: Billing
    contact: Contact
    lines: tuple[InvoiceLine, ...]
    net_ore: Whole
    vat_ore: Whole
    gross_ore: Whole

    @property
    def id(self) -> str:
        return f"{self.series}-{self.number}"


class DocumentLink(Frozen):
    """Where a PDF is for one person, as long as invoices of the enrolment are mailed to them; a secret of theirs."""

    person_id: str
    path: str


class InvoiceFact(Event):
    service: ClassVar[str] = SERVICE

    invoice_id: str

    @property
    def subject(self) -> str:
        return f"invoice/{self.invoice_id}"

    @property
    def scope(self) -> str:
        return "invoices"


@fact
class InvoiceIssued(InvoiceFact):
    type: ClassVar[str] = "tovholder.invoicing.InvoiceIssued.v1"

    invoice: Invoice
    how_to_pay: HowToPay = ()
    document_path: str | None = None
    """Where its PDF is; a secret of the mailbox it is mailed to."""
    document_links: tuple[DocumentLink, ...] = ()
    """Where it is for each of the people who may be written to; none = a mailbox is, or nothing is said of it."""


@fact
class CreditNoteIssued(InvoiceFact):
    """Given back of one invoice: `gross_ore` and `rounding_ore`. Amounts are positive; the number is of its own.

    It shares the invoice's series, and the numbers of both kinds together are gapless.
    """

    type: ClassVar[str] = "tovholder.invoicing.CreditNoteIssued.v1"

    number: Whole
    issued_on: date
    lines: tuple[InvoiceLine, ...]
    net_ore: Whole
    vat_ore: Whole
    gross_ore: Whole
    reason: str
    invoice: Invoice | None = None
    """What is credited, all of it or a part; a credit note shares its series."""
    credit_id: str | None = None
    """What whoever asked for it calls it."""
    rounding_ore: Whole = 0
    """Øreafrunding: with it, credit notes of parts of an invoice come to the same as one of all of it."""
    document_path: str | None = None
    """Where its PDF is; a secret of the mailbox it is mailed to."""
    document_links: tuple[DocumentLink, ...] = ()
    """Where it is for each of the people who may be written to; none = a mailbox is, or nothing is said of it."""
    outstanding_ore: Whole | None = None
    """Of the invoice, after this and the payments until now; negative = to be paid back."""

    @property
    def id(self) -> str:
        """By the series of what is credited, which every fact of ours carries."""
        return f"{self.invoice.series}-{self.number}" if self.invoice else str(self.number)

    @property
    def credited_ore(self) -> int:
        """What the buyer owes less."""
        return self.gross_ore + self.rounding_ore


@told_by_others
@fact
class InvoiceDelivered(InvoiceFact):
    type: ClassVar[str] = "tovholder.invoicing.InvoiceDelivered.v1"

    channel: Literal["mail", "nemhandel", "peppol"]


@told_by_others
@fact
class InvoiceRejected(InvoiceFact):
    type: ClassVar[str] = "tovholder.invoicing.InvoiceRejected.v1"

    reason: str


@fact
class PaymentRegistered(InvoiceFact):
    type: ClassVar[str] = "tovholder.invoicing.PaymentRegistered.v1"

    payment_id: str
    amount_ore: Whole
    paid_on: date
    outstanding_ore: Whole


@fact
class InvoiceOverdue(InvoiceFact):
    """Not paid in full by its due date; told once per level."""

    type: ClassVar[str] = "tovholder.invoicing.InvoiceOverdue.v1"

    level: Whole
    outstanding_ore: Whole
    invoice: Invoice
    how_to_pay: HowToPay = ()
    document_path: str | None = None
    """Where the invoice's PDF is; a secret of the mailbox it is mailed to."""
    document_links: tuple[DocumentLink, ...] = ()
    """As of InvoiceIssued, for those who are written to by now."""


@fact
class ClaimHeldBack(Event):
    """Something is owed, and no invoice can be issued before a person has put right what `finding` says."""

    type: ClassVar[str] = "tovholder.invoicing.ClaimHeldBack.v1"
    service: ClassVar[str] = SERVICE

    claim_id: str
    enrolment_id: str
    programme: ProgrammeRef
    organisation: Organisation
    text: str
    finding: str
    """A Danish sentence for each thing that is wrong, followed by its code in brackets."""

    @property
    def subject(self) -> str:
        return f"claim/{self.claim_id}"

    @property
    def scope(self) -> str:
        return "claims"


@fact
class InvoicingIntakeRejected(IntakeRejected):
    type: ClassVar[str] = "tovholder.invoicing.IntakeRejected.v1"
    service: ClassVar[str] = SERVICE


@command
class RegisterPayment(Command):
    """`payment_id` is the bank's own reference; the same one twice is one payment."""

    type: ClassVar[str] = "tovholder.invoicing.RegisterPayment.v1"
    service: ClassVar[str] = SERVICE

    invoice_id: Id
    payment_id: Id
    amount_ore: Ore
    paid_on: Day


class LineToCredit(Frozen):
    """A line of the invoice by its claim; `net_ore` (without moms) where less than what is left of it is credited."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    claim_id: Id
    net_ore: Ore | None = None


@command
class CreditInvoice(Command):
    """Give back these lines of an issued invoice, or all that is not credited yet, for this reason.

    `credit_id` names the wish: the same one twice is one credit note.
    """

    type: ClassVar[str] = "tovholder.invoicing.CreditInvoice.v1"
    service: ClassVar[str] = SERVICE

    invoice_id: Id
    credit_id: Id
    reason: Paragraph
    lines: Annotated[tuple[LineToCredit, ...], Field(max_length=MOST_LINES)] | None = None


@command
class CorrectBilling(Command):
    """How the organisation wants the invoices that are still to come for this enrolment, in place of what it said."""

    type: ClassVar[str] = "tovholder.invoicing.CorrectBilling.v1"
    service: ClassVar[str] = SERVICE

    enrolment_id: Id
    billing: BillingWish
    claim_id: Id | None = None
    """Of the claim of it that whoever corrects has `seen`."""
    seen: Id | None = None
    """What they have seen of how it is billed (`shared.contracts.seen`): refused when that is not so any more."""


@command
class ReleaseClaim(Command):
    """The fee of a programme that was called off is invoiced all the same, as staff have decided. Said again it changes
    nothing.
    """

    type: ClassVar[str] = "tovholder.invoicing.ReleaseClaim.v1"
    service: ClassVar[str] = SERVICE

    claim_id: Id


@command
class WaiveClaim(Command):
    """The claim is not to be invoiced, for this reason."""

    type: ClassVar[str] = "tovholder.invoicing.WaiveClaim.v1"
    service: ClassVar[str] = SERVICE

    claim_id: Id
    reason: Paragraph
