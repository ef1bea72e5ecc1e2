"""What a programme is, as facts carry it: who sells, what was agreed, which meetings are planned.

Amounts are integer øre excluding VAT, dates are calendar dates in Europe/Copenhagen, clock times are local there.
A fact carries these whole, so that a reader never has to look anything up. Readers ignore fields they do not know.
"""

import datetime as dt
from typing import Literal

from pydantic import Field

from shared.contracts.bounds import MOST, Key, Price, Whole
from shared.contracts.event import Frozen

Precision = Literal["undated", "month", "day", "timed"]
Confirmation = Literal["address_book", "staff", "own_link", "main_mailbox"]
Owes = Literal["nothing", "billed", "all"]
PaymentWay = Literal["bank", "iban", "fik71", "fik73", "fik75", "nemkonto"]


class Seller(Frozen):
    """The organiser: sells, sends and signs. An installation may serve several.

    ``bank_registration``, ``bank_account`` and ``series`` are empty when the programme bills nothing;
    a programme file that bills something without them cannot be published.
    """

    name: str
    cvr: str = Field(pattern=r"^\d{8}$", description="CVR number, modulus 11")
    street: str
    postcode: str
    city: str
    bank_registration: str = ""
    bank_account: str = ""
    sender_name: str
    sender_email: str = Field(description="From of every mail; need not be read by anyone")
    organizer_email: str = Field(description="is read: Reply-To of mails and ORGANIZER of calendar invitations")
    phone: str = ""
    payment_days: int = Field(default=30, ge=0, le=MOST, description="days from the invoice's date to its due date")
    series: str = Field(default="", description="invoice numbers are gapless per (cvr, series)")
    payment: PaymentWay = Field(default="bank", description="the one way of payment that invoices name")
    iban: str = Field(default="", description="for payment iban")
    bic: str = Field(default="", description="of the bank, beside the IBAN")
    fik_creditor: str = Field(default="", description="eight digits, for payment fik71, fik73 and fik75")
    vat_exemption: str = Field(default="", description="why no VAT is taken of what is sold at 0 per cent")
    legal_basis: str = Field(
        default="",
        description="on which basis personal data are processed (GDPR article 14(1)(c)), a Danish sentence; empty = the"
        " task in the public interest",
    )


class ProgrammeRef(Frozen):
    """The programme as every fact about it names it: version, owners, seller and language included."""

    id: Key
    version: int = Field(ge=1, le=MOST)
    title: str
    noun: str = Field(description="what people call it in Danish: netværk, partnerskab, projekt")
    owner: str = Field(description="source that facts about enrolments are accepted from")
    meetings_owner: str = Field(description="source that facts about meetings are accepted from")
    language: str = "da"
    seller: Seller
    staff_email: str = Field(description="where the daily digest goes")


class FeeTerm(Frozen):
    """One instalment of the fee: claimed once per enrolment, invoiced on its date and never before the deadline."""

    id: str
    text: str
    amount_ore: Price
    vat_percent: int = Field(ge=0, le=100)
    invoice_on: dt.date


class ExtraTerm(Frozen):
    """The price of one person beyond the included seats at one meeting; invoiced once that meeting has been held."""

    price_ore: Price
    vat_percent: int = Field(ge=0, le=100)
    text: str
    free_until_days: int | None = Field(
        default=None,
        ge=0,
        le=MOST,
        description="the last day on which it is left without being billed, in days before the meeting's first day; "
        "None = until the meeting begins",
    )


class SeatTerm(Frozen):
    """One organisation's seats at each meeting of a kind.

    ``included`` None = no limit. ``extra`` None = one more than included is refused, not billed.
    ``attendance``: ``registered`` = people are registered meeting by meeting; ``team`` = one standing team, named
    once, is invited to each; ``contact`` = only the contact role; ``members`` = the invited organisations' people;
    ``none`` = nobody is invited through the system.
    """

    kind: str
    title: str
    attendance: Literal["registered", "team", "contact", "members", "none"] = "registered"
    included: int | None = Field(default=None, ge=0, le=MOST)
    minimum: int = Field(default=0, ge=0, le=MOST)
    extra: ExtraTerm | None = None
    full_day: bool = False
    hours: int | None = Field(
        default=None, ge=1, le=MOST, description="how long such a meeting lasts when not a full day"
    )


class OptionTerm(Frozen):
    """Something an organisation may buy beside the fee. ``price_ore`` None = priced by quote after dialogue."""

    id: str
    title: str
    text: str
    price_ore: Price | None = None
    vat_percent: int = Field(ge=0, le=100)
    remind_before: tuple[Whole, ...] = Field(
        default=(), description="so many days before a quote's last day its answer is asked for, descending"
    )


class Terms(Frozen):
    """What is agreed when an organisation enrols; MunicipalityEnrolled carries it as it was on that day."""

    fees: tuple[FeeTerm, ...] = ()
    seats: tuple[SeatTerm, ...] = ()
    options: tuple[OptionTerm, ...] = ()
    deadline: dt.date | None = None
    reservation_allowed: bool = Field(default=False, description="may enrol with a forbehold for political approval")
    contact_label: str = Field(default="kontaktperson", description="what the contact role is called in this programme")
    participant_levels: tuple[str, ...] = Field(
        default=(), description="what a participant says to be; empty = not asked"
    )
    registration_closes_days: int = Field(default=0, ge=0, le=MOST, description="days before the meeting's first day")
    swap_freeze_days: int | None = Field(
        default=None,
        ge=0,
        le=MOST,
        description="the last day on which a seat is passed on, in days before the meeting's first day; None = until "
        "the meeting begins",
    )
    team_remind_days: int = Field(
        default=14, ge=0, le=MOST, description="days between reminders of a team below its minimum; 0 = none"
    )
    reminder_days: tuple[Whole, ...] = Field(default=(), description="days before the meeting's first day, descending")


class GroupTerm(Frozen):
    """A part of the programme with meetings of its own. An organisation's region proposes its group."""

    id: str
    title: str
    regions: tuple[str, ...] = ()
    expected: Whole | None = Field(default=None, description="how many municipalities those regions hold")


class PhaseTrigger(Frozen):
    """The meeting is due when more than ``more_than_percent`` of the enrolled have completed ``track``/``phase``."""

    track: str
    phase: str
    more_than_percent: int = Field(ge=0, lt=100)


class MeetingPlan(Frozen):
    """A meeting as the programme plans it; scheduling tells of its life from there.

    ``precision`` says which of the fields stand: ``month`` → ``month`` (YYYY-MM); ``day`` → ``date``;
    ``timed`` → ``date``, ``starts`` and ``ends``. ``last_date`` stands only for a meeting over several days.
    """

    key: str
    title: str
    kind: str
    group: str | None = Field(default=None, description="None = every group")
    precision: Precision
    month: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$")
    date: dt.date | None = None
    last_date: dt.date | None = None
    starts: dt.time | None = None
    ends: dt.time | None = None
    place: str = ""
    mode: Literal["physical", "virtual", "hybrid"] = "physical"
    roles: tuple[str, ...] = Field(default=(), description="only these contact roles are invited; empty = as its kind")
    note: str = ""
    after: PhaseTrigger | None = None


class AskedWhen(Frozen):
    """A question is asked when an earlier one, which is asked itself, is answered with one of ``answers``."""

    field: str
    answers: tuple[str, ...]


class FormField(Frozen):
    """One question of the sign-up form. ``kind`` lines = a text of at most ``max_lines`` lines of 90 characters.

    ``format`` says what a ``text`` is to be; a reader that does not know one takes it for any text.
    """

    id: str
    label: str
    kind: Literal["text", "lines", "choice", "choices", "yes_no"] = "text"
    help: str = ""
    required: bool = False
    max_lines: int | None = Field(default=None, ge=1, le=MOST)
    choices: tuple[str, ...] = ()
    format: str = Field(default="", description="number, day, email, phone or link; empty = any text")
    max_chars: int | None = Field(default=None, ge=1, le=MOST)
    least: Whole | None = Field(default=None, description="of a number; of choices: how many at least")
    most: Whole | None = Field(default=None, description="of a number; of choices: how many at most")
    when: AskedWhen | None = Field(default=None, description="None = always asked")


class Declaration(Frozen):
    """What an organisation declares when it enrols."""

    id: str
    text: str
    required: bool = True


class InvitedOrganisation(Frozen):
    """An organisation or office that is invited by name instead of signing up."""

    id: str
    title: str
    seats: int = Field(default=1, ge=1, le=MOST)
    seats_most: int | None = Field(
        default=None, ge=1, le=MOST, description="when a range is meant: three to four companies"
    )
    ad_hoc: bool = False


class CapacityTerm(Frozen):
    """``usual`` places are given silently, from there to ``hard`` with word to the staff, then the waiting list.

    ``given``: as sign-ups come in, or all of them after the deadline, by the time of receipt.
    """

    usual: int = Field(ge=1, le=MOST)
    hard: int = Field(ge=1, le=MOST)
    when_full: Literal["waiting_list", "refuse"] = "waiting_list"
    given: Literal["at_once", "at_deadline"] = "at_once"


class ForbeholdTerm(Frozen):
    """What a forbehold means here: an organisation signs up with a reservation for a later political approval.

    It holds a place always, up to and with the day ``until`` (and lapses when that is over in Denmark), or not at all:
    then it waits for its answer. The days of the reminders are counted from the day that the organisation expects its
    answer on; of one that expects it on none, those after it are counted from the day of the sign-up.
    """

    holds: Literal["always", "until", "no"] = "always"
    until: dt.date | None = Field(default=None, description="stands exactly when ``holds`` is until")
    fees_wait: bool = Field(default=True, description="no fee is invoiced before the answer")
    remind_before: tuple[Whole, ...] = Field(default=(), description="so many days before, descending")
    remind_after: tuple[Whole, ...] = Field(default=(), description="so many days after, ascending")
    remind_every: int = Field(
        default=0, ge=0, le=MOST, description="and every so many days after all of these, until it is answered; 0 = not"
    )


class BillingTerm(Frozen):
    """When a municipality is asked for what its invoices lack, counted from the day of the first of them."""

    remind_before: tuple[Whole, ...] = Field(default=(), description="so many days before, descending")
    remind_after: tuple[Whole, ...] = Field(default=(), description="so many days after, ascending")
    remind_every: int = Field(
        default=0, ge=0, le=MOST, description="and every so many days after all of these, until it is given; 0 = not"
    )


class WithdrawalTerm(Frozen):
    """What an organisation that leaves owes of the fee: nothing up to and with the day ``free_until``, then ``owes``.

    ``nothing`` = what was billed is to be credited as well; ``billed`` = it keeps what was billed, and the rest falls
    away; ``all`` = it owes the rest too, each instalment on its day.
    """

    owes: Owes = "billed"
    free_until: dt.date | None = None


class RoleTerm(Frozen):
    """A role beside the contact's that an organisation gives somebody; the label of it is data.

    ``purpose`` says which letters its holder gets: ``political`` = those about the forbehold, as the contact does;
    ``billing`` = those about invoices, instead of the contact. A reader passes over one that it does not know.
    """

    id: str
    label: str
    purpose: str
    required: bool = Field(default=False, description="nobody signs up without naming its holder")


class EnrolmentPlan(Frozen):
    """Who may come in, when and how.

    ``confirmation`` of a sign-up by form: ``address_book`` = whoever speaks for the organisation by its address book
    entry confirms by the link mailed to them, of anybody else staff say first who they are; ``staff`` = of everybody;
    ``own_link`` = everybody confirms by their link; ``main_mailbox`` = the link goes to the main mailbox.
    """

    who: Literal["municipalities", "invited"]
    how: Literal["sign_up", "invited", "imported"]
    confirmation: Confirmation = "address_book"
    invite_on: dt.date | None = None
    remind_on: dt.date | None = None
    capacity: CapacityTerm | None = None
    forbehold: ForbeholdTerm | None = Field(
        default=None, description="None = it holds a place always, and nobody is reminded of it"
    )
    billing: BillingTerm | None = Field(
        default=None, description="when somebody is asked for what invoices lack; None = nobody is reminded of it"
    )
    form: tuple[FormField, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    asks_billing: bool | None = Field(
        default=None, description="whether the form asks how the invoice is wanted; None = where something is billed"
    )
    invited: tuple[InvitedOrganisation, ...] = ()
    inviter: str = Field(
        default="",
        description="title of whoever invites the members, never a name; empty = the organiser",
    )
    withdrawal: WithdrawalTerm | None = Field(
        default=None, description="agreed with each place; None = it keeps what was billed, and the rest falls away"
    )
    roles: tuple[RoleTerm, ...] = Field(default=(), description="beside the contact's")


class NeedChoice(Frozen):
    id: str
    title: str


class NeedPart(Frozen):
    """One thing that whoever comes is asked, such as what they eat."""

    label: str
    choices: tuple[NeedChoice, ...] = ()
    text: bool = Field(default=False, description="whether something can be written beside the choices")


class NeedsTerm(Frozen):
    """What whoever is registered for a meeting may say that they need there, and on which consent."""

    consent: str = Field(description="the sentence that is agreed to; nothing is kept without it")
    keep_days: int = Field(ge=1, le=60, description="days after the meeting, and then it is counted and forgotten")
    diet: NeedPart | None = None
    access: NeedPart | None = None


class LookTerm(Frozen):
    """The programme's colour in mails about it. A reader that cannot read ``text`` on it takes its own."""

    colour: str = Field(description="#rrggbb of small letters, in sRGB")
    text: str = Field(default="white", description="what stands on it: white or black")


class Milestone(Frozen):
    """Something that is due or decided, with nobody invited. ``when`` is YYYY-MM or YYYY-MM-DD, or empty."""

    id: str
    title: str
    when: str = ""


class StepTerm(Frozen):
    """One step of a phase. ``planned`` is how many are meant; what was agreed may deviate and nothing is refused."""

    id: str
    title: str
    planned: int = Field(default=1, ge=0, le=MOST)
    holds_up: bool = Field(default=True, description="the phase is not completed before this step is")
    kind: str | None = Field(default=None, description="the kind of meeting it is, for its seats; None = no meeting")
    option: str | None = Field(default=None, description="only for those who ordered this option")


class PhaseTerm(Frozen):
    """A phase of a track, in order."""

    id: str
    title: str
    steps: tuple[StepTerm, ...] = ()


class TrackTerm(Frozen):
    """``per`` organisation = each runs it for itself; programme = all together; guests = people from outside."""

    id: str
    title: str
    per: Literal["organisation", "programme", "guests"]
    phases: tuple[PhaseTerm, ...] = ()


class ActivityTerm(Frozen):
    """Something done at, before or between meetings: homework, a barometer, an O-løb, a postcard, a trial action."""

    id: str
    kind: Literal["homework", "barometer", "iglo", "orienteering", "postcard", "trial_action", "knowledge_talk", "mail"]
    title: str
    text: str = ""
    meeting: str | None = None
    statements: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    posts: Whole | None = None
    scale_from: Whole | None = None
    scale_to: Whole | None = None
    half_steps: bool = False
    dated: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$")
    send_back: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}$")


class ProgrammeTerms(Frozen):
    """The whole programme as ProgrammePublished carries it."""

    ref: ProgrammeRef
    summary: str = ""
    starts: str = Field(default="", description="YYYY-MM or YYYY-MM-DD")
    ends: str = Field(default="", description="YYYY-MM or YYYY-MM-DD")
    enrolment: EnrolmentPlan
    terms: Terms
    groups: tuple[GroupTerm, ...] = ()
    meetings: tuple[MeetingPlan, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    tracks: tuple[TrackTerm, ...] = ()
    focus_areas: tuple[str, ...] = ()
    clusters_by: Literal["", "focus_areas", "mixed"] = Field(default="", description="how smaller clusters are formed")
    responsible_label: str = Field(default="", description="the organiser's person per organisation; empty = none")
    activities: tuple[ActivityTerm, ...] = ()
    outcomes: tuple[str, ...] = ()
    needs: NeedsTerm | None = Field(default=None, description="diet and access; None = nobody is asked")
    archive: bool = Field(
        default=False, description="its papers are handed over to a public archive before anybody in them is erased"
    )
    look: LookTerm | None = Field(default=None, description="of its mails; None = as those of the house")
