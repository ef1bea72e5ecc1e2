"""What every event and every intake command is: the language between services.

An event is a *fact*: past tense, told by its owner, carrying all that its readers need. A command is an *imperative*
that another system puts on `tovholder.intake`. Both travel as CloudEvents 1.0 (structured JSON); this module knows
only their data. The wire name is an explicit string and never follows from a class name.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from hashlib import sha1
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.refusal import Refused

NAMESPACE = UUID("6f5b0c7e-5f0e-5d1c-9a7b-2f3c4d5e6f70")
"""Namespace of every uuid5 in the product; changing it would make every event new again."""

_NAMESPACE_BYTES = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 0b11] for digit in "0123456789abcdef"}

INTAKE_TOPIC = "tovholder.intake"
PARTITIONS = 12
"""Of every topic, for ever: a key's partition must not change under its events."""
MAX_EVENT_BYTES = 900_000
"""An event of ours is smaller than this, envelope included; the outbox refuses a larger one."""


def topic_of(service: str) -> str:
    return f"tovholder.{service}"


def event_uid(source: str, event_id: str) -> str:
    """Identity of an event everywhere: (source, id) folded into one UUID, whatever string another system uses as id."""
    return natural_id(source, event_id)


def natural_id(*parts: str) -> str:
    """The id of something that a natural key already identifies: equal parts give the equal id, on every machine.

    The text of uuid5 (RFC 9562 § 5.5) of the parts, a line each, without the detour over a UUID: five times as fast,
    which counts where a batch makes hundreds.
    """
    digits = sha1(_NAMESPACE_BYTES + "\n".join(parts).encode(), usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"


class Frozen(BaseModel):
    """A value inside an event: immutable, strict about types, and tolerant of fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Event(Frozen, ABC):
    """A fact. `owner` is the only source that may tell facts about this aggregate (else: dead letter `not_owner`)."""

    type: ClassVar[str]
    service: ClassVar[str]

    owner: str

    @property
    @abstractmethod
    def subject(self) -> str:
        """`<kind>/<id>` of the aggregate; also the Kafka key. Never holds personal data."""

    @property
    @abstractmethod
    def scope(self) -> str:
        """What `owner` owns; a reader binds each scope to the first owner it sees."""


class FactTooLarge(Refused):
    """A fact of MAX_EVENT_BYTES or more cannot be told; nothing of the transaction is kept."""

    def __init__(self, wire_type: str, size: int) -> None:
        super().__init__("fact_too_large", "Indholdet er større, end et forløb kan rumme.", status=413)
        self.wire_type = wire_type
        self.size = size


class Command(Frozen):
    """An imperative for one owner; unlike a reader of facts, its reader refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    type: ClassVar[str]
    service: ClassVar[str]
    names_another: ClassVar[bool] = False
    """The name and address beside its `person_id` are not that person's: they are whoever comes instead."""


class IntakeRejected(Event):
    """An owner's "no" to a command that came over `tovholder.intake` or `POST /events`; it is never retried."""

    refused_source: str
    refused_id: str
    refused_type: str
    problem: dict[str, Any]
    """RFC 9457 problem details: type, title, status, detail, code, field."""

    @property
    def subject(self) -> str:
        return f"intake/{event_uid(self.refused_source, self.refused_id)}"

    @property
    def scope(self) -> str:
        return f"intake/{self.service}"


FACTS: dict[str, type[Event]] = {}
"""Every fact by its wire name."""

COMMANDS: dict[str, type[Command]] = {}
"""Every intake command by its wire name."""

TOLD_BY_OTHERS: set[str] = set()
"""Wire names of facts that no service of ours tells yet; another system may, and our readers follow it."""


def other_version(wire_type: object) -> type[Event] | None:
    """The fact that this is another version of, one that nobody here knows; None for every other name."""
    if not isinstance(wire_type, str) or wire_type in FACTS:
        return None
    name, dot, version = wire_type.rpartition(".v")
    there = (known for known in FACTS if dot and version.isdecimal() and known.rpartition(".v")[0] == name)
    return FACTS.get(next(there, ""))


E = TypeVar("E", bound=type[Event])
C = TypeVar("C", bound=type[Command])


def fact(cls: E) -> E:
    """Enter a fact in the registry; a wire name that is taken, or no subject or scope, is a programming error."""
    if inspect.isabstract(cls):
        raise TypeError(f"{cls.type} lacks {', '.join(sorted(cls.__abstractmethods__))}")
    if cls.type in FACTS:
        raise ValueError(f"two facts are called {cls.type}")
    FACTS[cls.type] = cls
    return cls


def told_by_others(cls: E) -> E:
    """Mark a fact that no service of ours tells yet. Whoever builds what tells it takes the mark off."""
    TOLD_BY_OTHERS.add(cls.type)
    return cls


def command(cls: C) -> C:
    """Enter a command in the registry; two classes with one wire name are a programming error."""
    if cls.type in COMMANDS:
        raise ValueError(f"two commands are called {cls.type}")
    COMMANDS[cls.type] = cls
    return cls
