"""What a service listens to: a table of types and use cases, one screen, no logic.

```
SUBSCRIPTIONS = (
    on(MunicipalityEnrolled, claim_fees),        # a fact, in whole batches
    intake(REGISTER_PAYMENT),                    # a command, one at a time
)
```
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.base.acts import Act
from shared.base.cloudevents import Received
from shared.contracts.event import COMMANDS, FACTS, INTAKE_TOPIC, Event, topic_of
from shared.storage.tx import Tx

E = TypeVar("E", bound=Event)

Handler = Callable[[Tx, Sequence[Received[E]]], Awaitable[None]]
"""Takes all events of its type in a batch; the events of one subject come in order."""


@dataclass(frozen=True, slots=True)
class On:
    fact: type[Event]
    usecase: Handler[Any]


@dataclass(frozen=True, slots=True)
class Intake:
    act: Act


Subscription = On | Intake


def on(fact: type[E], usecase: Handler[E]) -> On:
    """`usecase` hears every `fact`."""
    if FACTS.get(fact.type) is not fact:
        raise ValueError(f"{fact.__name__} is not a registered fact")
    return On(fact, usecase)


def intake(act: Act) -> Intake:
    """Carries out every such command that comes over `tovholder.intake`.

    What it answers is dropped, Refused becomes IntakeRejected.
    """
    if COMMANDS.get(act.name) is not act.command:
        raise ValueError(f"{act.command.__name__} is not a registered command")
    return Intake(act)


def topics_of(subscriptions: Sequence[Subscription]) -> tuple[str, ...]:
    """The topics (without prefix) that these subscriptions need, sorted."""
    return tuple(sorted({topic_of(s.fact.service) if isinstance(s, On) else INTAKE_TOPIC for s in subscriptions}))
