"""A "yes" of the domain: what a rule makes of something, and all that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from shared.contracts.event import Event

S_co = TypeVar("S_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Alarm:
    """`timer` rings for `key` at `due` (domain time, UTC); None = it does not ring. Setting it again moves it."""

    timer: str
    key: str
    due: datetime | None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision(Generic[S_co]):
    """How it stands afterwards, what others are told of it, in order, and what is to ring later.

    A decision without facts and alarms changes nothing that anybody hears of; a "no" is raised (`Refused`).
    """

    after: S_co
    facts: tuple[Event, ...] = ()
    alarms: tuple[Alarm, ...] = ()
