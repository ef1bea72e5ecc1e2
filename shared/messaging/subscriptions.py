"""What a service listens to: a table of types and use cases, one screen, no logic.

```
SUBSCRIPTIONS = (
    on(MunicipalityEnrolled, claim_fees),        # a fact, in whole batches
    intake(RegisterPayment, register_payment),   # a command, one at a time
)
```
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, Command, Event, topic_of
from shared.messaging.envelope import Received
from shared.storage.tx import Tx

E = TypeVar("E", bound=Event)
C = TypeVar("C", bound=Command)

Handler = Callable[[Tx, Sequence[Received[E]]], Awaitable[None]]
"""Takes all events of its type in a batch; the events of one subject come in order."""
Doer = Callable[[Tx, C], Awaitable[Any]]
"""Carries out one command; what it answers is dropped, Refused becomes IntakeRejected."""


@dataclass(frozen=True, slots=True)
class On:
    fact: type[Event]
    usecase: Handler[Any]


@dataclass(frozen=True, slots=True)
class Intake:
    command: type[Command]
    usecase: Doer[Any]


Subscription = On | Intake


def on(fact: type[E], usecase: Handler[E]) -> On:
    """`usecase` hears every `fact`."""
    if FACTS.get(fact.type) is not fact:
        raise ValueError(f"{fact.__name__} is not a registered fact")
    return On(fact, usecase)


def intake(command: type[C], usecase: Doer[C]) -> Intake:
    """`usecase` carries out every `command` that comes over `tovholder.intake`."""
    if COMMANDS.get(command.type) is not command:
        raise ValueError(f"{command.__name__} is not a registered command")
    return Intake(command, usecase)


def topics_of(subscriptions: Sequence[Subscription]) -> tuple[str, ...]:
    """The topics (without prefix) that these subscriptions need, sorted."""
    return tuple(sorted({topic_of(s.fact.service) if isinstance(s, On) else INTAKE_TOPIC for s in subscriptions}))
