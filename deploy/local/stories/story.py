"""A story as models: the one description of the language, which the JSON Schema in `docs/schemas/` follows from.

Unknown fields are errors. What stands in `data` is checked against the command or fact it is for by `checking.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from deploy.local.stories.references import has_reference
from shared.contracts.catalogue import SERVICES
from shared.contracts.time import local

_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[ T](\d{1,2})[.:](\d{2})")
INSTANT_PATTERN = r"^\d{4}-\d{2}-\d{2}[ T]\d{1,2}[.:]\d{2}$"
_REDELIVER = re.compile(r"(\S+?)(?:\s*[×x]\s*(\d+))?")
_CALL = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/.*)")


def instant(value: object) -> datetime:
    """A Danish local time such as `2020-06-02 09:00` as an instant; one with a zone stays as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found:
        try:
            return local(date.fromisoformat(found[1]), time(int(found[2]), int(found[3])))
        except ValueError:
            pass
    raise ValueError("Skal være dag og klokkeslæt i Danmark, for eksempel 2020-06-02 09:00.")


def _service(value: str) -> str:
    if value not in SERVICES:
        raise ValueError(f"Der er ingen tjeneste {value}; vælg mellem {', '.join(SERVICES)}.")
    return value


def _code(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


REASONS = (
    *("no_value", "bad_json", "bad_envelope", "bad_header", "bad_data", "unsupported", "data_error"),
    *("wrong_topic", "not_owner", "sequence_regressed", "bug", "gap"),
)
"""Why an event is a dead letter; `gap` is why a subject waits."""
METHODS = ("REQUEST", "CANCEL")
"""What a calendar that we mail may be."""


def _method(value: str) -> str:
    if value not in METHODS and not has_reference(value):
        raise ValueError(f"En kalender er {' eller '.join(METHODS)}.")
    return value


Method = Annotated[
    str, AfterValidator(_method), WithJsonSchema({"type": "string", "pattern": rf"^({'|'.join(METHODS)})$|\{{.+\}}"})
]
Instant = Annotated[
    datetime,
    BeforeValidator(instant),
    WithJsonSchema({"type": "string", "pattern": INSTANT_PATTERN, "examples": ["2020-06-02 09:00"]}),
]
Code = Annotated[str, BeforeValidator(_code), WithJsonSchema({"type": ["string", "integer"]})]
Service = Annotated[str, AfterValidator(_service), WithJsonSchema({"enum": list(SERVICES)})]
Values = dict[str, Any]
MOST_TIMES = 1000
_TIMES = re.compile(r"[1-9]\d{0,2}|1000")


def _times(value: str) -> str:
    found = _REDELIVER.fullmatch(value)
    if found and found[2] and not _TIMES.fullmatch(found[2]):
        raise ValueError(f"Skriv × 1 til × {MOST_TIMES}, så mange gange kommer den igen.")
    return value


def _count(value: int | Values) -> int | Values:
    if not _may_be_count(value):
        raise ValueError("Skriv et antal fra 0 og op, eller {at_least: …}, {at_most: …}, {one_of: […]} eller {not: …}.")
    return value


def _may_be_count(value: Any) -> bool:
    """A number of things, or comparisons with one; inside them it may be an answer's."""
    if isinstance(value, dict):
        inner = (one for limit in value.values() for one in (limit if isinstance(limit, list) else [limit]))
        return (
            bool(value)
            and set(value) <= set(_COUNTS)
            and all(has_reference(one) or _may_be_count(one) for one in inner)
        )
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_COUNTS = ("at_least", "at_most", "one_of", "not")
Count = Annotated[
    int | Values,
    AfterValidator(_count),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": False,
                    "properties": {name: {} for name in _COUNTS},
                },
            ]
        }
    ),
]


class Part(BaseModel):
    """Something that a writer writes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


# Expectations


class Mail(Part):
    """Which mails; all that is said must fit. Texts are parts of a text, the recipient is the whole address."""

    to: str | None = None
    subject: str | None = None
    """A part of the subject."""
    text: str | None = None
    """A part of the text."""
    attachment: str | None = None
    """The name of a file that came with it; `*` stands for anything."""
    calendar: Method | None = None
    """The method of its calendar: REQUEST, CANCEL."""


class MailThere(BaseModel):
    """A mail that has come, as paths in `order` see it."""

    number: int
    file: str
    sender: str
    to: list[str]
    subject: str
    date: str
    message_id: str
    calendar: str | None
    attachments: list[str]


class Rows(Part):
    """What holds for those of a list that fit `where`. When nothing else is said there is at least one."""

    where: Values = Field(default_factory=dict)
    """Paths into each, and the value or comparison that is to be found there."""
    count: Count | None = None
    """How many there are."""
    sum: Values | None = None
    """Paths to numbers, and what they come to together."""
    each: Values | None = None
    """Paths and values as in `where`: what holds for every one of them."""
    none: Literal[True] | None = None
    """There is no such one."""

    @model_validator(mode="after")
    def _none_stands_alone(self) -> Rows:
        if self.none and (self.count is not None or self.sum is not None or self.each is not None):
            raise ValueError("Med none: true er alt sagt; slet count, sum og each.")
        return self


class ExpectFacts(Rows):
    """Facts of one type, told by anybody until now."""

    facts: str
    """Wire name, such as `tovholder.invoicing.InvoiceIssued.v1`."""
    source: str | None = None
    """Only those told by this system."""


class ExpectMails(Part):
    """Mails that have come until now."""

    mails: Mail
    count: Count | None = None
    none: Literal[True] | None = None
    order: list[str | Values] | None = None
    """All of them, in the order they came: a part of each subject, or paths as in `where`."""

    @model_validator(mode="after")
    def _none_stands_alone(self) -> ExpectMails:
        if self.none and (self.count is not None or self.order is not None):
            raise ValueError("Med none: true er alt sagt; slet count og order.")
        return self


class ExpectAnswer(Rows):
    """What the API answers a GET."""

    get: str
    """Path with its query."""
    rows: str | None = Field(default=None, alias="in")
    """Path in the answer to the list that `where`, `count`, `sum`, `each` and `none` are about."""
    answer: Values | None = None
    """Paths into the answer, and what is to be found there."""
    refused: Code | None = None

    @model_validator(mode="after")
    def _about_a_list(self) -> ExpectAnswer:
        about_rows = bool(self.where) or any(one is not None for one in (self.count, self.sum, self.each, self.none))
        if self.rows is None and about_rows:
            raise ValueError("Skriv in: stien til den liste, som where, count, sum, each og none handler om.")
        return self


class ExpectDeadLetters(Part):
    """Events that a service could not take in, and subjects that wait for an event (reason `gap`)."""

    dead_letters: Values
    """Paths as in `where`: service, reason, detail, type, source, subject. `{}` is all."""
    count: Count | None = None
    none: Literal[True] | None = None


# Steps


class Step(Part):
    """Something that happens."""

    at: Instant | None = None
    """Danish local time; left out, it follows the step before when all is quiet."""
    by: str | None = None
    """Who does it: a person's name, or a system."""
    for_each: Values | None = None
    """`{name: list}`: the step is done for each of the list, which is called {name} in it; `where` picks some."""

    @model_validator(mode="after")
    def _one_name(self) -> Step:
        if self.for_each is not None and len(set(self.for_each) - {"where"}) != 1:
            raise ValueError("Skriv ét navn og en liste, for eksempel for_each: {kommune: [...]}.")
        return self


class Asked(Step):
    """A step that is answered."""

    name: str | None = Field(default=None, alias="as")
    """What later steps call the answer."""
    refused: Code | None = None
    """The stable code of the "no" that is expected; else a "yes" is."""
    answer: Values | None = None
    """Paths into the answer, and what is to be found there."""


class Command(Asked):
    """A command by its wire name, through the API."""

    command: str
    data: Values = Field(default_factory=dict)
    """By the command's own schema."""
    via: Literal["api", "intake"] = "api"
    """`intake`: over Kafka, as another system asks; it is answered by nothing but a refusal."""

    @model_validator(mode="after")
    def _intake_answers_nothing(self) -> Command:
        if self.via == "intake" and (self.name is not None or self.answer is not None):
            raise ValueError("Over intake kommer der intet svar; slet as og answer.")
        return self


class Call(Asked):
    """A route of the API, for what has no command."""

    call: str = Field(pattern=rf"^{_CALL.pattern}$")
    """Method and path, such as `PUT /api/enrollment/organisations/0751`."""
    data: Values | None = None
    csv: str | None = None
    """A CSV file as it stands here, for a route that takes one: it goes along in the data as `content`, in base64."""

    @property
    def method(self) -> str:
        return self.call.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.call.partition(" ")[2]


class MailLink(Mail):
    """The newest mail that fits and has links (a code has none), and which of them."""

    path: str | None = None
    """A part of the link's address; left out, it is the first one that leads to us."""


class Link(Asked):
    """A page, found by a mailed link or by its path, and the form on it."""

    link: str | MailLink
    follow: list[str] = Field(default_factory=list)
    """Texts of links that are followed from there, page by page."""
    form: Values | None = None
    """Fields of the page's form; `true` ticks a box. `{}` only presses the button."""
    code: Literal["mailed", "wrong", "none"] = "mailed"
    """Where the page asks for a code that was mailed first: it is read from the mail and typed, once for a mailbox;
    `wrong` types another one, and `none` stays at the page that asks."""


class TellFact(Step):
    """A fact that another system tells, over Kafka."""

    fact: str
    """Wire name."""
    source: str
    data: Values
    """By the fact's own schema; `owner` is the source unless it is said."""
    id: str | None = None
    """Of the event; left out, it is a new one."""
    sequence: int | None = None
    """For a system that numbers what it tells of a subject."""
    subject: str | None = None
    """Left out, it follows from the data."""
    name: str | None = Field(default=None, alias="as")
    """What later steps call the data."""


class Kill(Step):
    """A service is killed (SIGKILL), and started again; the story goes on when it is ready."""

    kill: Service


class Redeliver(Step):
    """The newest record of this type comes once more, byte for byte; with `where`, all that fit do."""

    redeliver: Annotated[str, Field(pattern=rf"^{_REDELIVER.pattern}$"), AfterValidator(_times)]
    """Wire name, and how often, 1 to 1000 times: `tovholder.invoicing.InvoiceIssued.v1 × 3`."""
    where: Values | None = None
    """Paths into the data."""

    @property
    def type(self) -> str:
        found = _REDELIVER.fullmatch(self.redeliver)
        return found[1] if found else self.redeliver

    @property
    def times(self) -> int:
        found = _REDELIVER.fullmatch(self.redeliver)
        return int(found[2] or 1) if found else 1


class Together(Step):
    """Steps that happen at the same moment, without waiting for each other: a rush."""

    together: list[AnyStep] = Field(min_length=1)


class Steps(Step):
    """Steps one after another; inside `together` without waiting for quiet in between."""

    steps: list[AnyStep] = Field(min_length=1)


class Expect(Step):
    """What holds now."""

    expect: list[Expectation] = Field(min_length=1)


def _kind(kinds: Mapping[str, type[Part]]) -> Discriminator:
    """Tells by the one field that only this kind has; two of them are as wrong as none."""
    by_model = {model: f"<{name}>" for name, model in kinds.items()}

    def kind(value: Any) -> str | None:
        if isinstance(value, dict):
            found = [name for name in kinds if name in value]
            return f"<{found[0]}>" if len(found) == 1 else None
        return by_model.get(type(value))

    words = ", ".join(kinds)
    return Discriminator(
        kind, custom_error_type="no_kind", custom_error_message=f"Her skal stå netop ét af felterne {words}."
    )


EXPECTATIONS: Mapping[str, type[Part]] = {
    "facts": ExpectFacts,
    "mails": ExpectMails,
    "get": ExpectAnswer,
    "dead_letters": ExpectDeadLetters,
}
STEPS: Mapping[str, type[Step]] = {
    "command": Command,
    "call": Call,
    "link": Link,
    "fact": TellFact,
    "kill": Kill,
    "redeliver": Redeliver,
    "together": Together,
    "steps": Steps,
    "expect": Expect,
}

Expectation = Annotated[
    Annotated[ExpectFacts, Tag("<facts>")]
    | Annotated[ExpectMails, Tag("<mails>")]
    | Annotated[ExpectAnswer, Tag("<get>")]
    | Annotated[ExpectDeadLetters, Tag("<dead_letters>")],
    _kind(EXPECTATIONS),
]
AnyStep = Annotated[
    Annotated[Command, Tag("<command>")]
    | Annotated[Call, Tag("<call>")]
    | Annotated[Link, Tag("<link>")]
    | Annotated[TellFact, Tag("<fact>")]
    | Annotated[Kill, Tag("<kill>")]
    | Annotated[Redeliver, Tag("<redeliver>")]
    | Annotated[Together, Tag("<together>")]
    | Annotated[Steps, Tag("<steps>")]
    | Annotated[Expect, Tag("<expect>")],
    _kind(STEPS),
]
for _model in (Together, Steps, Expect):
    _model.model_rebuild()
STEP: TypeAdapter[Step] = TypeAdapter(AnyStep)
"""Reads one step, for stories that are written while they are played."""


# The whole


class Publication(Part):
    """A programme file that is published, with changes to a copy of it."""

    file: str
    """A programme's id, for its file in `programmes/`; or the path of a file from the story's own folder."""
    at: Instant | None = None
    """Left out, it is published at the beginning."""
    change: Values = Field(default_factory=dict)
    """Paths in the file, and what stands there in the copy; an item of a list is named by its id or key."""


class Address(BaseModel):
    """An organisation in the address book: `code`, and what `PUT /api/enrollment/organisations/{code}` takes."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    code: str


class Story(Part):
    """What happens, and what is expected."""

    story: str = Field(min_length=1)
    """What it tells, in one sentence."""
    about: str = ""
    """What else there is to say, for those who read it."""
    clock: Instant
    """Where the simulated clock begins: Danish local time."""
    until: Instant | None = None
    """Time goes on until then before the last expectations; left out, the story ends with its last step."""
    programmes: list[str | Publication] = Field(default_factory=list)
    addresses: list[str | Address] | None = None
    """Who is in the address book: codes of the shipped one, or entries; left out, it is the shipped one."""
    steps: list[AnyStep] = Field(default_factory=list)
    expect: list[Expectation] = Field(default_factory=list)
    """What holds at the end. Without a word about dead letters there must be none."""

    @property
    def publications(self) -> list[Publication]:
        return [Publication(file=one) if isinstance(one, str) else one for one in self.programmes]
