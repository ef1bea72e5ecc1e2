"""The shape of a programme file: one YAML mapping that says all of a programme.

Every field stands here once, with the words that editors show (docs/schemas/programme.schema.json is made from it).
Scalars arrive as the text that stands in the file, and the field decides what it means: `2300` is a postcode where a
postcode belongs and a number where a number does, and `no` is never false by accident. Unknown fields are errors.
Amounts are written in kroner excluding moms and kept in øre. Days and clock times are Danish ones.
"""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from stdnum import iban as iban_numbers

from services.enrollment.domain.billing import is_cvr
from services.enrollment.domain.programme_file.municipality import Region
from shared.contracts.addresses import mail_address

MOST_KRONER = 100_000_000
FIRST_YEAR, LAST_YEAR = 2000, 2099
BAD_VALUE = "danish"
"""Error type of every message below: it is Danish already and shown as it is."""

Weekday = Literal["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"]
Precision = Literal["undated", "month", "day", "timed"]
Mode = Literal["physical", "virtual", "hybrid"]
PaymentWay = Literal["bank", "iban", "fik71", "fik73", "fik75", "nemkonto"]
Attendance = Literal["registered", "team", "contact", "members", "none"]
Confirmation = Literal["address_book", "staff", "own_link", "main_mailbox"]
ActivityKind = Literal[
    "homework", "barometer", "iglo", "orienteering", "postcard", "trial_action", "knowledge_talk", "mail"
]


def _refuse(sentence: str) -> PydanticCustomError:
    return PydanticCustomError(BAD_VALUE, "{sentence}", {"sentence": sentence})


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        _year(value)
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise _refuse(f"{value} findes ikke i kalenderen.") from None
    raise _refuse("Skriv datoen som år-måned-dag, fx 2020-08-21.")


def _year(value: str) -> str:
    if not FIRST_YEAR <= int(value[:4]) <= LAST_YEAR:
        raise _refuse(f"Året skal ligge fra {FIRST_YEAR} til {LAST_YEAR}.")
    return value


def _month(value: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value):
        raise _refuse("Skriv måneden som år-måned, fx 2013-03.")
    return _year(value)


def _month_or_day(value: str) -> str:
    if len(value) == len("2013-03"):
        return _month(value)
    day = _day(value)
    return value if isinstance(day, date) else ""


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if isinstance(value, str) and re.fullmatch(r"([01]?[0-9]|2[0-3])[.:][0-5][0-9]", value):
        hour, minute = re.split("[.:]", value)
        return time(int(hour), int(minute))
    raise _refuse("Skriv klokkeslættet som timer og minutter, fx 9.30.")


def _ore(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"([0-9]{1,9})(?:\.([0-9]{2}))?", value)):
        ore = int(found[1]) * 100 + int(found[2] or 0)
        if 0 < ore <= MOST_KRONER * 100:
            return ore
    raise _refuse(
        "Skriv beløbet i kroner uden moms, større end 0 og uden tusindpunktum, fx 19500 eller 19500.50.",
    )


def _count(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _refuse("Skriv et helt tal, fx 3.")


def _yes_no(value: object) -> object:
    if value in ("true", True):
        return True
    if value in ("false", False):
        return False
    raise _refuse("Skriv true (ja) eller false (nej).")


def _identifier(value: str) -> str:
    if len(value) > 60 or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):  # noqa: PLR2004 # said in the sentence
        raise _refuse("Skriv et kort navn af små bogstaver a-z, tal og bindestreger (højst 60 tegn), fx vest-2020-1.")
    return value


def _line(value: str) -> str:
    value = value.strip()
    if not value or len(value) > 200 or not value.isprintable():  # noqa: PLR2004 # said in the sentence
        raise _refuse("Skriv en tekst på én linje og højst 200 tegn.")
    return value


def _text(value: str) -> str:
    value = value.strip()
    if not value or len(value) > 4000 or not value.replace("\n", "").isprintable():  # noqa: PLR2004 # as above
        raise _refuse("Skriv en tekst på højst 4000 tegn.")
    return value


def _email(value: str) -> str:
    try:
        return mail_address(value)
    except ValueError as error:
        raise _refuse(str(error)) from None


def _cvr(value: str) -> str:
    if not is_cvr(value):
        raise _refuse("Skriv et gyldigt CVR-nummer på otte cifre; det sidste ciffer passer ikke med modulus 11.")
    return value


def _iban(value: str) -> str:
    compact = value.replace(" ", "")
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}", compact) or not iban_numbers.is_valid(compact):
        raise _refuse("Skriv et gyldigt IBAN-nummer; længden eller kontrolcifrene passer ikke.")
    return compact


def _matching(pattern: str, sentence: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise _refuse(sentence)
        return value

    return AfterValidator(check)


def _schema(kind: str, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, **more})


Identifier = Annotated[str, AfterValidator(_identifier), _schema("string", pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
Line = Annotated[str, AfterValidator(_line), _schema("string", minLength=1, maxLength=200)]
Text = Annotated[str, AfterValidator(_text), _schema("string", minLength=1, maxLength=4000)]
Email = Annotated[str, AfterValidator(_email), _schema("string", format="email")]
Cvr = Annotated[str, AfterValidator(_cvr), _schema("string", pattern="^[1-9][0-9]{7}$")]
Postcode = Annotated[str, _matching("[0-9]{4}", "Skriv postnummeret med fire cifre."), _schema("string")]
BankRegistration = Annotated[
    str, _matching("[0-9]{4}", "Skriv registreringsnummeret med fire cifre."), _schema("string")
]
BankAccount = Annotated[str, _matching("[0-9]{4,10}", "Skriv kontonummeret med højst ti cifre."), _schema("string")]
Iban = Annotated[str, AfterValidator(_iban), _schema("string", examples=["DK50 0040 0440 1162 43"])]
Bic = Annotated[
    str,
    _matching(
        "[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", "Skriv bankens BIC (SWIFT) med otte eller elleve tegn, fx DABADKKK."
    ),
    _schema("string"),
]
FikCreditor = Annotated[
    str,
    _matching("8[0-9]{7}", "Skriv FIK-kreditornummeret med otte cifre; det begynder med 8."),
    _schema("string", pattern="^8[0-9]{7}$"),
]
Colour = Annotated[
    str,
    _matching("#[0-9a-fA-F]{6}", 'Skriv farven som # og seks cifre eller bogstaver a-f i anførselstegn, fx "#005a8c".'),
    _schema("string", pattern="^#[0-9a-fA-F]{6}$", examples=["#005a8c"]),
]
Source = Annotated[
    str,
    _matching("/[a-z0-9-]+(/[a-z0-9-]+)*", "Skriv afsenderens navn i hændelserne, fx /tovholder/enrollment."),
    _schema("string", pattern="^/[a-z0-9-]+(/[a-z0-9-]+)*$"),
]
Day = Annotated[date, BeforeValidator(_day), _schema("string", format="date")]
Month = Annotated[str, AfterValidator(_month), _schema("string", pattern="^[0-9]{4}-(0[1-9]|1[0-2])$")]
MonthOrDay = Annotated[str, AfterValidator(_month_or_day), _schema("string", pattern="^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$")]
Clock = Annotated[
    time, BeforeValidator(_clock), WithJsonSchema({"type": ["string", "number"], "examples": ["9.30", "09:30"]})
]
Kroner = Annotated[
    int, BeforeValidator(_ore), WithJsonSchema({"type": ["integer", "number", "string"], "examples": [19500]})
]
Count = Annotated[int, BeforeValidator(_count), Field(ge=0, le=100_000), _schema("integer", minimum=0)]
Positive = Annotated[int, BeforeValidator(_count), Field(ge=1, le=100_000), _schema("integer", minimum=1)]
Percent = Annotated[int, BeforeValidator(_count), Field(ge=0, le=100), _schema("integer", minimum=0, maximum=100)]
YesNo = Annotated[bool, BeforeValidator(_yes_no), _schema("boolean")]


class Part(BaseModel):
    """Something inside a programme file: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Period(Part):
    starts: MonthOrDay = Field(description="første måned eller dag, fx 2020-11")
    ends: MonthOrDay = Field(description="sidste måned eller dag, fx 2022-10")


class Owners(Part):
    """Who may tell facts; another system's name here lets it stand in for a service."""

    enrolments: Source = "/tovholder/enrollment"
    meetings: Source = "/tovholder/scheduling"


class Bank(Part):
    registration: BankRegistration
    account: BankAccount


class Organiser(Part):
    """Sells, sends and signs."""

    name: Line
    cvr: Cvr
    street: Line
    postcode: Postcode
    city: Line
    phone: Line | None = None
    sender_name: Line = Field(description="navnet i mailens Fra-felt")
    sender_email: Email = Field(description="adressen i mailens Fra-felt; behøver ikke blive læst")
    organizer_email: Email = Field(description="den postkasse, der bliver læst: svar og kalendersvar kommer hertil")
    bank: Bank | None = Field(default=None, description="kræves, når forløbet koster noget og betales på en bankkonto")
    payment: PaymentWay = Field(default="bank", description="den ene måde, som fakturaerne kan betales på")
    iban: Iban | None = Field(default=None, description="kræves, når payment er iban")
    bic: Bic | None = Field(default=None, description="bankens BIC (SWIFT), ved siden af iban")
    fik_creditor: FikCreditor | None = Field(
        default=None, description="kreditornummeret, som kræves, når payment er fik71, fik73 eller fik75"
    )
    vat_exemption: Line | None = Field(default=None, description="hvorfor der ikke er moms på det, der koster 0 % moms")
    legal_basis: Line | None = Field(
        default=None,
        description="grundlaget for at behandle personoplysninger, i en hel sætning, som den, en kollega har skrevet "
        "op, læser i sin første mail; ellers nævnes opgaven i samfundets interesse",
    )
    payment_days: Count = Field(default=30, description="betalingsfrist i dage")
    invoice_series: Identifier | None = Field(default=None, description="fakturaernes nummerserie")
    archive: YesNo = Field(
        default=False, description="arrangøren er offentlig: papirerne afleveres til et arkiv, før nogen i dem slettes"
    )


class Look(Part):
    """Of the mails about the programme."""

    colour: Colour = Field(
        description='forløbets farve i anførselstegn, fx "#005a8c": stregen under afsenderens navn, og knappen'
    )
    text: Literal["white", "black"] = Field(
        default="white", description="teksten på knappen: hvid på en mørk farve, sort på en lys"
    )


class Inviter(Part):
    title: Line = Field(description="en titel, fx Borgmesteren; aldrig et navn")


class Invitation(Part):
    invite_on: Day | None = Field(default=None, description="kræves, når kommuner inviteres til at tilmelde sig")
    inviter: Inviter | None = Field(
        default=None, description="hvem der inviterer medlemmerne; kun for who: invited, og ellers er det arrangøren"
    )
    remind_on: Day | None = Field(default=None, description="påmindelse til dem, der ikke har svaret")


class Capacity(Part):
    usual: Positive = Field(description="så mange får plads uden videre")
    hard: Positive = Field(description="så mange får plads i alt; staben får besked om dem ud over usual")
    when_full: Literal["waiting_list", "refuse"] = "waiting_list"
    given: Literal["at_once", "at_deadline"] = Field(
        default="at_once", description="pladserne gives straks, eller alle efter tilmeldingsfristen"
    )


class Forbehold(Part):
    """Needs reservation_allowed."""

    holds: Literal["always", "until", "no"] = Field(
        default="always", description="om et åbent forbehold holder en plads: altid, til og med dagen until, eller ikke"
    )
    until: Day | None = Field(default=None, description="den sidste dag, som et åbent forbehold holder en plads")
    fees_wait: YesNo = Field(default=True, description="intet gebyr faktureres, før forbeholdet er afgjort")
    remind_before: tuple[Positive, ...] = Field(
        default=(14,), description="påmindelser så mange dage før den dag, kommunen venter svar"
    )
    remind_after: tuple[Positive, ...] = Field(
        default=(7,), description="påmindelser så mange dage efter den dag; venter den ingen, efter tilmeldingen"
    )
    remind_every: Count = Field(
        default=0, description="og derefter med så mange dages mellemrum, til der er svaret; 0 = ikke flere"
    )


class BillingReminders(Part):
    """When a municipality is asked for what its invoices lack; counted from the day of its first one."""

    remind_before: tuple[Positive, ...] = Field(
        default=(14, 3), description="påmindelser så mange dage før den første faktura"
    )
    remind_after: tuple[Positive, ...] = Field(default=(7,), description="påmindelser så mange dage efter den")
    remind_every: Count = Field(
        default=14, description="og derefter med så mange dages mellemrum, til det er givet; 0 = ikke flere"
    )


class Withdrawal(Part):
    owes: Literal["nothing", "billed", "all"] = Field(
        default="billed",
        description="hvad en kommune, der melder sig fra, skylder af gebyret: intet, det fakturerede eller det hele",
    )
    free_until: Day | None = Field(default=None, description="den sidste dag, man kan melde fra uden at skylde noget")


QuestionKind = Literal["text", "lines", "choice", "choices", "yes_no"]
TextFormat = Literal["number", "day", "email", "phone", "link"]
"""Kinds of question that are answered by a text of that form."""


class When(Part):
    """The question is asked when an earlier one is answered so."""

    field: Identifier = Field(description="et spørgsmål længere oppe i formularen, som svares ved at vælge")
    answers: tuple[Line, ...] = Field(
        alias="is", min_length=1, description="de svar, der udløser spørgsmålet; ja eller nej, når det er kind: yes_no"
    )


class FormQuestion(Part):
    id: Identifier
    label: Line
    kind: QuestionKind | TextFormat = "text"
    help: Line | None = None
    required: YesNo = False
    max_lines: Annotated[Positive, Field(le=1000)] | None = Field(
        default=None, description="højst så mange linjer à 90 tegn; kun for kind: lines"
    )
    max_chars: Annotated[Positive, Field(le=10_000)] | None = Field(
        default=None, description="højst så mange tegn; kun for kind: text og lines"
    )
    least: Count | None = Field(default=None, description="det mindste tal, eller hvor mange svar der mindst vælges")
    most: Count | None = Field(default=None, description="det største tal, eller hvor mange svar der højst vælges")
    choices: tuple[Line, ...] = ()
    when: When | None = Field(default=None, description="udelades, når der altid spørges")


class Declare(Part):
    id: Identifier
    text: Text
    required: YesNo = True


class Invited(Part):
    """An organisation or office that is invited by name; never a person."""

    id: Identifier
    title: Line
    seats: Positive = 1
    seats_most: Positive | None = Field(default=None, description="når kilden siger fra-til, fx tre til fire")
    ad_hoc: YesNo = False


class Role(Part):
    """Beside the contact's, which is `contact_label`."""

    id: Identifier
    label: Line = Field(description="hvad rollen hedder i mails og på sider, fx fakturakontakt")
    purpose: Literal["political", "billing"] = Field(
        description="hvilke breve den får: political = også dem om forbeholdet, billing = dem om fakturaer i stedet "
        "for kontakten"
    )
    wanted: Literal["required", "optional"] = Field(
        default="optional", description="om kommunen skal navngive nogen, når den tilmelder sig"
    )


class Enrolment(Part):
    who: Literal["municipalities", "invited"]
    how: Literal["sign_up", "invited", "imported"]
    deadline: Day | None = None
    deadline_weekday: Weekday | None = Field(default=None, description="ugedagen, som den er skrevet i invitationen")
    reservation_allowed: YesNo = Field(
        default=False, description="må tilmelde sig med forbehold for politisk godkendelse"
    )
    confirmation: Confirmation = Field(
        default="address_book",
        description="hvem der bekræfter en tilmelding på siden: adressebogen kender adressen, staben, kontakten selv "
        "eller kommunens hovedpostkasse",
    )
    contact_label: Line = Field(default="kontaktperson", description="hvad kontaktrollen hedder her")
    roles: tuple[Role, ...] = Field(default=(), max_length=10, description="roller ved siden af kontakten")
    capacity: Capacity | None = None
    forbehold: Forbehold | None = Field(default=None, description="hvad et forbehold betyder i forløbet")
    billing: BillingReminders | None = Field(
        default=None, description="hvornår der mindes om oplysninger, som fakturaen mangler; udelades, når der ikke gør"
    )
    withdrawal: Withdrawal | None = Field(
        default=None, description="hvad man skylder, når man melder sig fra; udelades, når det er det fakturerede"
    )
    invitation: Invitation | None = None
    form: tuple[FormQuestion, ...] = Field(default=(), max_length=60)
    declarations: tuple[Declare, ...] = Field(default=(), max_length=20)
    asks_billing: YesNo | None = Field(
        default=None,
        description="om formularen spørger til fakturaen; udelades, når den skal gøre det i forløb, der koster noget",
    )
    invited: tuple[Invited, ...] = ()


class Instalment(Part):
    id: Identifier
    text: Line = Field(description="linjen på fakturaen")
    amount_ore: Kroner = Field(alias="amount", description="kroner uden moms")
    invoice_on: Day = Field(description="fakturaens dato; altid efter tilmeldingsfristen")


class Fees(Part):
    total_ore: Kroner = Field(alias="total", description="kroner uden moms; raterne skal give dette beløb")
    vat_percent: Percent = 25
    instalments: tuple[Instalment, ...] = Field(min_length=1)


class Option(Part):
    id: Identifier
    title: Line
    text: Line = Field(description="linjen på fakturaen")
    price_ore: Kroner | None = Field(
        default=None, alias="price", description="udelades, når prisen følger af et tilbud"
    )
    vat_percent: Percent = 25
    remind_before: tuple[Positive, ...] = Field(
        default=(), description="påmindelser om at svare så mange dage før tilbuddets sidste dag"
    )


class Group(Part):
    id: Identifier
    title: Line
    regions: tuple[Region, ...] = ()
    expected: Count | None = Field(default=None, description="hvor mange kommuner der ligger i regionerne")


class MeetingKind(Part):
    """What counts together when seats are counted."""

    key: Identifier
    title: Line
    attendance: Attendance = "registered"
    included: Count | None = Field(
        default=None, description="pladser pr. organisation; udelades, når der ingen grænse er"
    )
    minimum: Count = 0
    extra: Literal["refused", "billed"] = Field(default="refused", description="hvad der sker med én mere")
    extra_price_ore: Kroner | None = Field(default=None, alias="extra_price", description="kroner uden moms")
    extra_vat_percent: Percent = 25
    extra_text: Line | None = Field(default=None, description="linjen på fakturaen")
    extra_free_until_days: Count | None = Field(
        default=None,
        description="så mange dage før mødet kan en ekstra plads sidst afmeldes uden betaling; udelades, når det er "
        "gratis, til mødet begynder",
    )
    full_day: YesNo = False
    hours: Positive | None = None
    mode: Mode = "physical"


class NeedChoice(Part):
    id: Identifier
    title: Line


class NeedPart(Part):
    label: Line = Field(description="det, der spørges om, fx Hvad spiser du ikke?")
    choices: tuple[NeedChoice, ...] = Field(default=(), max_length=30)
    text: YesNo = Field(default=False, description="om der kan skrives noget ved siden af svarene")


class Needs(Part):
    """Diet and access, of whoever is registered, on a standing team, named by a member, or a guest."""

    consent: Line = Field(description="den sætning, der sættes kryds ved; uden krydset gemmes intet")
    keep_days: Annotated[Positive, Field(le=60)] = Field(
        default=14,
        description="så mange dage efter mødet slettes det, og kun antallene bliver; det, et fast hold eller et "
        "medlems personer har skrevet, så mange dage efter deres sidste møde, der har en dato",
    )
    diet: NeedPart | None = Field(default=None, description="kost")
    access: NeedPart | None = Field(default=None, description="adgang")


class Registration(Part):
    closes_days_before: Count = 0
    swap_freeze_days: Count | None = Field(
        default=None,
        description="så mange dage før mødet kan en deltager sidst skiftes; udelades, når det kan ske, til mødet "
        "begynder",
    )
    team_remind_days: Count = Field(
        default=14, description="dage mellem påmindelser om et fast hold, der er for lille; 0 = ingen"
    )
    reminder_days: tuple[Count, ...] = Field(default=(), description="dage før mødet")
    participant_levels: tuple[Line, ...] = Field(default=(), description="det en deltager kan svare at være")
    needs: Needs | None = Field(
        default=None,
        description="kost og adgang, som deltagere, faste hold, medlemmers personer og gæster kan skrive; udelades, "
        "når der ikke spørges",
    )


class After(Part):
    """The meeting is due when more than `more_than_percent` of the enrolled are through the phase."""

    track: Identifier
    phase: Identifier
    more_than_percent: Percent


class MeetingEntry(Part):
    key: Identifier
    title: Line
    kind: Identifier
    group: Identifier | None = Field(default=None, description="udelades, når mødet er for alle")
    precision: Precision = "undated"
    month: Month | None = None
    date: Day | None = None
    last_date: Day | None = Field(default=None, description="kun for et møde over flere dage")
    weekday: Weekday | None = Field(default=None, description="ugedagen, som den er skrevet i kilden")
    chosen: Day | None = Field(
        default=None, description="den læsning, et menneske har valgt, når dato og ugedag strider"
    )
    starts: Clock | None = None
    ends: Clock | None = None
    place: Line | None = None
    mode: Mode | None = Field(default=None, description="udelades, når mødeformen er mødetypens")
    holiday_ok: YesNo = Field(default=False, description="mødet ligger med vilje på en helligdag")
    note: Text | None = None
    after: After | None = None


class Step(Part):
    id: Identifier
    title: Line
    planned: Count = 1
    holds_up: YesNo = Field(default=True, description="fasen er ikke færdig før dette skridt")
    kind: Identifier | None = Field(default=None, description="mødetypen, når skridtet er et møde")
    option: Identifier | None = Field(default=None, description="kun for dem, der har købt tilkøbet")


class Phase(Part):
    id: Identifier
    title: Line
    steps: tuple[Step, ...] = ()


class Track(Part):
    id: Identifier
    title: Line
    per: Literal["organisation", "programme", "guests"]
    phases: tuple[Phase, ...] = ()


class MilestoneEntry(Part):
    id: Identifier
    title: Line
    when: MonthOrDay | None = None


class Activity(Part):
    """Something done at, before or between meetings."""

    id: Identifier
    kind: ActivityKind
    title: Line
    text: Text | None = None
    meeting: Identifier | None = None
    statements: tuple[Line, ...] = Field(default=(), description="barometerets udsagn")
    questions: tuple[Line, ...] = ()
    levels: tuple[Line, ...] = Field(default=(), description="fx individ, gruppe, ledelse, organisation")
    posts: Positive | None = Field(default=None, description="poster på et O-løb")
    scale_from: Count | None = None
    scale_to: Count | None = None
    half_steps: YesNo = False
    dated: Month | None = Field(default=None, description="den måned, postkortet er dateret")
    send_back: Month | None = Field(default=None, description="den måned, det sendes tilbage")


class ReadingEntry(Part):
    id: Identifier
    text: Line


class OpenReading(Part):
    """A place where the source is silent or contradicts itself: what was chosen, what else it can mean, and why."""

    id: Identifier
    about: Line = Field(description="feltet, det handler om, fx meetings eller enrolment.deadline")
    question: Line
    possible: tuple[ReadingEntry, ...] = Field(min_length=2)
    chosen: Identifier | None = Field(
        default=None, description="id på den valgte læsning; uden den kan forløbet ikke udgives"
    )
    why: Line | None = None


class Ours(Part):
    """Something the source does not say and we have added."""

    about: Line
    why: Line


class ProgrammeFile(Part):
    """A whole programme, as one YAML file under programmes/ says it."""

    id: Identifier = Field(description="filens navn uden .yaml")
    version: Positive = Field(description="et nyt, højere tal ved hver ændring")
    title: Line
    noun: Literal["netværk", "partnerskab", "projekt", "forløb"]
    language: Literal["da"] = "da"
    summary: Text
    period: Period
    staff_email: Email = Field(description="hertil kommer stabens daglige overblik")
    owners: Owners = Owners()
    organiser: Organiser
    look: Look | None = Field(default=None, description="mailenes farve; udelades, når den er husets")
    enrolment: Enrolment
    fees: Fees | None = None
    options: tuple[Option, ...] = ()
    groups: tuple[Group, ...] = ()
    meeting_kinds: tuple[MeetingKind, ...] = ()
    registration: Registration = Registration()
    meetings: tuple[MeetingEntry, ...] = ()
    tracks: tuple[Track, ...] = ()
    milestones: tuple[MilestoneEntry, ...] = ()
    focus_areas: tuple[Line, ...] = ()
    clusters_by: Literal["focus_areas", "mixed"] | None = None
    responsible_label: Line | None = Field(
        default=None, description="arrangørens ansvarlige pr. kommune, fx ansvarlig konsulent"
    )
    activities: tuple[Activity, ...] = ()
    outcomes: tuple[Line, ...] = ()
    readings: tuple[OpenReading, ...] = ()
    ours: tuple[Ours, ...] = ()
