"""CloudEvents 1.0 as we read and write them, in Kafka and over HTTP; no other module knows how one looks.

Read from a Kafka record, structured (JSON in the value) or binary (`ce_` headers, data in the value), and total:
whatever bytes arrive, the answer is an Arrival and never an exception. One parser reads all JSON; of a repeated key it
takes the last value. Over HTTP a sender waits for an answer, so there the first thing wrong is not all he is told.

Written in structured form only. Sources: CloudEvents 1.0.2, its JSON format, its Kafka and HTTP protocol bindings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring as quoted
from typing import Annotated, Any, Generic, Literal, NotRequired, Protocol, TypeVar
from urllib.parse import unquote

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json, to_json
from typing_extensions import TypedDict

from shared.base.cause import Cause
from shared.base.problems import FieldError, field_errors
from shared.contracts.event import event_uid

E = TypeVar("E", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event as a handler gets it. `time` is domain time; `cause` is the cause of what follows from the event."""

    data: E
    source: str
    id: str
    type: str
    subject: str
    sequence: int | None
    time: datetime
    cause: Cause

    @property
    def uid(self) -> str:
        """What it is known by among all events: ids alone may be equal where sources are not."""
        return event_uid(self.source, self.id)


class Record(Protocol):
    """A Kafka record; what waits in the database is kept as such a record too."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class Defect:
    """Why an event cannot be taken in. `detail` names fields and rules and never repeats a value."""

    reason: str
    detail: str


@dataclass(slots=True, eq=False)
class Arrival:
    """A record and what could be read of it.

    Without a source and a subject it has no place in any order. `data` is None when there is a defect, and when the
    type is not in the table.
    """

    record: Record
    command: bool = False
    """It came over `tovholder.intake`: asked for, not told."""
    source: str | None = None
    id: str | None = None
    type: str | None = None
    subject: str | None = None
    sequence: int | None = None
    time: datetime | None = None
    correlation_id: str = ""
    causation_id: str | None = None
    actor: str | None = None
    data: BaseModel | None = None
    defect: Defect | None = None
    invalid: tuple[FieldError, ...] = ()
    """What exactly is wrong with the data of a readable envelope: a command's sender is told."""
    uid: str | None = None
    stream: tuple[str, str] | None = None
    """(subject, source): what its order is kept by."""
    parked: int | None = None
    """Its row among the parked events, if that is where it comes from."""
    known_as: str | None = None
    """Of one without an id that named somebody who is erased: what the record is known by as it came."""

    def belongs_to(self, subject: str | None, source: str | None) -> None:
        """Give it its place; without one of the two it has none."""
        self.subject, self.source = subject, source
        self.stream = None if subject is None or source is None else (subject, source)

    def cause(self) -> Cause:
        """The cause of what follows from this event."""
        return Cause(self.correlation_id, self.id, self.actor or f"source/{self.source}")

    def received(self) -> Received[Any]:
        """For handlers; only without a defect and with data."""
        return Received(
            self.data,
            self.source or "",
            self.id or "",
            self.type or "",
            self.subject or "",
            self.sequence,
            self.time or _EPOCH,
            self.cause(),
        )


STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
JSON = "application/json"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2300, 1, 1, tzinfo=UTC)
_BIGINT = 2**63 - 1

# No control characters (CloudEvents § 3.1 String) and at most 255 characters: index entries have a limit in PostgreSQL.
_Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,255}$")]
_STRICT = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)
_EXTENSION = re.compile(r"[a-z0-9]{1,20}")


class _Attributes(TypedDict):
    """CloudEvents context attributes and our extensions, as they stand in structured JSON."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # pydantic reads it from the class, as its documentation says

    specversion: Literal["1.0"]
    id: _Text
    source: _Text
    type: _Text
    subject: NotRequired[_Text | None]
    time: NotRequired[AwareDatetime | None]
    sequence: NotRequired[str | int | None]
    correlationid: NotRequired[_Text | None]
    causationid: NotRequired[_Text | None]
    actor: NotRequired[_Text | None]


_attributes = TypeAdapter(_Attributes).validator
_TYPE_HINT = re.compile(rb'"type"\s*:\s*"([^"\\]{1,255})"')
_VERSION = re.compile(r"(.+)\.v(\d+)")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


class Reader:
    """Reads the records of one consumer; `models` are the types in its table, by wire name.

    `version_of` tells a known type in an unknown major version from a type nobody here knows.
    """

    def __init__(self, models: Mapping[str, type[BaseModel]]) -> None:
        self._models = dict(models)
        self._known = {match[1] for name in models if (match := _VERSION.fullmatch(name))}
        # One pass of pydantic's parser over the bytes gives attributes and data; which of these is the right one is
        # guessed from the bytes, and the Literal refuses a wrong guess.
        self._whole = {name.encode(): _whole(name, model) for name, model in models.items()}

    def read(self, record: Record) -> Arrival:
        """Never raises."""
        arrival = Arrival(record)
        try:
            headers = record.headers
            if headers and (binary := _binary_attributes(headers)) is not None:
                self._read_binary(arrival, binary)
            else:
                self._read_structured(arrival)
        except Exception as error:  # noqa: BLE001  (whatever stands there, reading it breaks nothing)
            arrival.data = None
            arrival.defect = Defect("bad_envelope", f"unreadable: {type(error).__name__}")
        return arrival

    def _read_structured(self, arrival: Arrival) -> None:
        value = arrival.record.value
        if not value:
            arrival.defect = Defect("no_value", "the record has no value")
            return
        guess = _TYPE_HINT.search(value, 0, 4096)
        whole = self._whole.get(guess[1]) if guess else None
        if whole is not None:
            try:
                event = whole.validate_json(value)
            except Exception:  # noqa: BLE001, S110  (the careful way below finds out what is wrong, and with what)
                pass
            else:
                if _accept(arrival, event):
                    arrival.data = event["data"]
                return
        self._read_carefully(arrival, value)

    def _read_carefully(self, arrival: Arrival, value: bytes) -> None:
        try:
            event = from_json(value, allow_inf_nan=False)
        except ValueError:
            arrival.defect = Defect("bad_json", "the value is not JSON in UTF-8")
            return
        if not isinstance(event, dict):
            arrival.defect = Defect("bad_envelope", "the value is not a JSON object")
            return
        if self._read_attributes(arrival, event, from_strings=False):
            self._read_data(arrival, to_json(event["data"]) if "data" in event else None)

    def _read_binary(self, arrival: Arrival, attributes: dict[str, str] | Defect) -> None:
        if isinstance(attributes, Defect):
            arrival.defect = attributes
            return
        if self._read_attributes(arrival, attributes, from_strings=True):
            self._read_data(arrival, arrival.record.value)

    def _read_attributes(self, arrival: Arrival, event: dict[str, Any], *, from_strings: bool) -> bool:
        try:
            # A JSON round trip, so that both modes are read by the same strict rules.
            named = {name: event[name] for name in _Attributes.__annotations__ if name in event}
            return _accept(arrival, _attributes.validate_json(to_json(named), strict=not from_strings))
        except ValidationError as error:
            arrival.defect = Defect("bad_envelope", describe(error))
            # What is readable still says which key is to wait.
            arrival.belongs_to(_readable(event.get("subject")), _readable(event.get("source")))
            arrival.id = _readable(event.get("id"))
            arrival.type = _readable(event.get("type"))
            if arrival.source and arrival.id:
                arrival.uid = event_uid(arrival.source, arrival.id)
                arrival.correlation_id = arrival.id
            return False

    def _read_data(self, arrival: Arrival, data: bytes | None) -> None:
        wire_type = arrival.type or ""
        model = self._models.get(wire_type)
        if model is None:
            version = _VERSION.fullmatch(wire_type)
            if version and version[1] in self._known:
                arrival.defect = Defect("unsupported", "known type in an unknown major version")
            return
        if data is None:
            arrival.defect = Defect("bad_data", "the event has no data")
            return
        try:
            arrival.data = model.model_validate_json(data)
        except ValidationError as error:
            arrival.defect = Defect("bad_data", describe(error))
            # Not the error itself: it holds what a rule of ours raised, that its frames, and those this arrival; and
            # as Python's collector does not see into it, none of them would ever go.
            arrival.invalid = field_errors(error)
        except Exception as error:  # noqa: BLE001  (a rule of the contract that fails on a value refuses it)
            arrival.defect = Defect("bad_data", f"unreadable: {type(error).__name__}")


def _whole(name: str, model: type[BaseModel]) -> Any:
    # Built at run time, one per type in the table, which no type checker can follow.
    fields: dict[str, Any] = {**_Attributes.__annotations__, "type": Literal[name], "data": model}
    whole = TypedDict("whole", fields)  # type: ignore[misc]
    whole.__pydantic_config__ = _STRICT  # type: ignore[attr-defined]
    return TypeAdapter(whole).validator


def _accept(arrival: Arrival, event: Mapping[str, Any]) -> bool:
    """Take the attributes over; False when one of them has a value that cannot be kept."""
    source = event["source"]
    arrival.belongs_to(event.get("subject"), source)
    arrival.id = event_id = event["id"]
    arrival.type = event["type"]
    arrival.uid = event_uid(source, event_id)
    arrival.correlation_id = event.get("correlationid") or event_id
    arrival.causation_id = event.get("causationid")
    arrival.actor = event.get("actor")
    sequence = event.get("sequence")
    if sequence is not None:
        number = sequence if isinstance(sequence, int) else _number(sequence)
        if number is not None and not 0 <= number <= _BIGINT:
            arrival.defect = Defect("bad_envelope", "sequence: out of range")
            return False
        arrival.sequence = number
    time = event.get("time")
    if time is None:
        # Optional in CloudEvents: then the broker's time is the nearest there is.
        arrival.time = datetime.fromtimestamp(max(arrival.record.timestamp, 0) / 1000, UTC)
    elif _EARLIEST <= time <= _LATEST:
        arrival.time = time
    else:
        arrival.defect = Defect("bad_envelope", "time: out of range")
        return False
    return True


def _number(text: str) -> int | None:
    """The sequence in `text`; None when it is of another kind (the extension allows any string), -1 when too long."""
    if not (text.isascii() and text.isdigit()):
        return None
    # Python refuses to convert thousands of digits, and a bigint has 19.
    return int(text) if len(text) <= 19 else -1  # noqa: PLR2004


def _readable(value: object) -> str | None:
    if isinstance(value, str) and 0 < len(value) <= 255 and value.isprintable():  # noqa: PLR2004  (as _Text)
        return value
    return None


def attribute_headers(headers: Sequence[tuple[str, bytes | None]]) -> list[tuple[str, bytes | None]]:
    """Attributes by name as the headers of a record in binary mode have them, repeated ones and all."""
    return [(name[3:], value) for name, value in headers if name.startswith("ce_")]


def _binary_attributes(headers: Sequence[tuple[str, bytes | None]]) -> dict[str, str] | Defect | None:
    """The `ce_` headers of a record in binary mode (Kafka binding § 3.2), or None when it is not in that mode.

    Headers that are not CloudEvents' are nobody's business here: null, repeated or not text, they are passed over.
    """
    found: dict[str, str] = {}
    for name, value in headers:
        if (
            name.lower() == "content-type"
            and value is not None
            and value.lower().startswith(b"application/cloudevents")
        ):
            return None
    for attribute, value in attribute_headers(headers):
        if attribute in found:
            return Defect("bad_header", "a ce_ header stands there twice")
        if value is None:
            return Defect("bad_header", "a ce_ header is null")
        try:
            found[attribute] = value.decode("utf-8")
        except UnicodeDecodeError:
            return Defect("bad_header", "a ce_ header is not UTF-8")
    return found or None


def describe(error: ValidationError) -> str:
    """Which fields break which rules, without their values: the first five."""
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(_rule(item) for item in errors[:5])


def _rule(item: ErrorDetails) -> str:
    # A key of a free-form object is data as well, and is not repeated.
    path = ".".join(str(part) if isinstance(part, int) or _FIELD_NAME.fullmatch(part) else "*" for part in item["loc"])
    return f"{path or 'event'}: {item['type']}"


class Sent(BaseModel):
    """The context attributes of an event that comes over HTTP; what else the sender gave is an extension."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    specversion: Annotated[str, StringConstraints(pattern=r"^1\.0$")]
    id: _Text
    source: _Text
    type: _Text
    subject: _Text | None = None
    time: Annotated[AwareDatetime, Field(ge=_EARLIEST, le=_LATEST)] | None = None
    datacontenttype: str | None = None
    dataschema: _Text | None = None
    correlationid: _Text | None = None
    causationid: _Text | None = None

    def bad_extensions(self) -> list[str]:
        """Names that CloudEvents § 3.1 does not allow, and those whose values are no text, number or Boolean."""
        return [
            name
            for name, value in (self.model_extra or {}).items()
            if not _EXTENSION.fullmatch(name) or not isinstance(value, str | int | bool)
        ]


def attributes_in(event: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a structured event: all of it but its data."""
    return {name: value for name, value in event.items() if name not in {"data", "data_base64"}}


def sent(attributes: Mapping[str, Any]) -> Sent:
    """Raises ValidationError with all that is wrong with them."""
    return Sent.model_validate_json(to_json(attributes))


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether an HTTP request in no CloudEvents media type is an event in binary mode (HTTP binding § 3.1)."""
    return "ce-specversion" in headers


def binary_over_http(headers: Iterable[tuple[str, str]], content_type: str, data: Any) -> dict[str, Any]:
    """The event in structured form. Attributes are in percent-encoded `ce-` headers (HTTP binding § 3.1.3.2).

    Raises ValueError when one stands there twice, UnicodeDecodeError (also one) when one is not UTF-8.
    """
    found: dict[str, Any] = {}
    for name, value in headers:
        if name.startswith("ce-"):
            if name[3:] in found:
                raise RepeatedAttributeError(name[3:])
            found[name[3:]] = unquote(value, errors="strict") if "%" in value else value
    return {**found, "datacontenttype": content_type, "data": data}


class RepeatedAttributeError(ValueError):
    """An attribute that stands there twice."""


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC. A time without a zone is a programming error."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def written(
    event_id: str, source: str, wire_type: str, subject: str, time: datetime, cause: Cause
) -> tuple[bytes, bytes]:
    """An event of ours (structured JSON) without its data: what stands before the sequence's digits, and what after.

    Data in JSON and a closing brace make it whole. The sequence is drawn last, under a lock; all else is ready by then.
    """
    head = (
        f'{{"specversion":"1.0","id":{quoted(event_id)},"source":{quoted(source)},"type":{quoted(wire_type)},'
        f'"subject":{quoted(subject)},"time":"{instant(time)}","datacontenttype":"application/json","sequence":"'
    )
    tail = f'","correlationid":{quoted(cause.correlation_id)}'
    if cause.causation_id is not None:
        tail += f',"causationid":{quoted(cause.causation_id)}'
    if cause.actor is not None:
        tail += f',"actor":{quoted(cause.actor)}'
    return head.encode(), (tail + ',"data":').encode()


def passed_on(event: Mapping[str, Any], subject: str, now: datetime, cause: Cause) -> bytes:
    """Somebody else's event: what he left out is filled in, and `actor` is whose token it was, whatever he wrote."""
    filled = {"subject": subject, "time": now, **event, "correlationid": cause.correlation_id, "actor": cause.actor}
    return to_json(filled)
