"""Facts that another service would tell: brought by whoever asks what would come of them, and told by nobody.

A browser carries them from the page of one service to that of another (decision 51). They are read as facts are read
from Kafka, and heard in a transaction that is undone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, Any

from pydantic import Field

from shared.base.cause import Cause
from shared.base.cloudevents import Reader, Received
from shared.base.failures import Failure, classify
from shared.contracts.event import MAX_EVENT_BYTES, Event
from shared.contracts.refusal import Refused

MOST = 2_000
"""So many are carried at once."""
_NUL = "\\u0000"
"""No column holds it. A reader of Kafka sets such a fact aside."""
Fact = Annotated[str, Field(max_length=MAX_EVENT_BYTES)]
"""A CloudEvent in JSON."""
Hears = Callable[..., Awaitable[None]]
"""A use case that hears facts of a kind, with the transaction."""


@dataclass(frozen=True, slots=True)
class _Carried:
    """As a record of Kafka's, which it never was."""

    value: bytes
    topic: str = ""
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes | None]] = ()


def read(
    said: Iterable[str], models: Collection[type[Event]], programme_id: str, because: Cause
) -> list[Received[Any]]:
    """Those among them that are one of `models`, in their order; what they lead to is caused by `because`.

    Refused 422 `not_facts` where one cannot be read, or is about another programme.
    """
    reader = Reader({one.type: one for one in models})
    heard = []
    for one in said:
        arrival = reader.read(_Carried(one.encode(errors="replace")))
        if arrival.defect is not None or _NUL in one:
            raise not_facts()
        if arrival.data is None:
            continue
        if getattr(arrival.data, "programme").id != programme_id:  # noqa: B009  (whatever is carried is about one)
            raise not_facts()
        fact = arrival.received()
        heard.append(replace(fact, cause=replace(because, causation_id=fact.id)))
    return heard


async def hear(tx: Any, heard: Iterable[Received[Any]], hears: Mapping[type[Event], Hears]) -> None:
    """Consecutive ones of a kind together, as in a batch. Refused `not_facts` where one would become a dead letter."""
    for kind, some in groupby(heard, key=lambda one: type(one.data)):
        try:
            await hears[kind](tx, list(some))
        except Exception as error:
            if classify(error) is Failure.DATA:
                raise not_facts() from error
            raise


def not_facts() -> Refused:
    return Refused("not_facts", "Det kan ikke læses. Åbn siden, det kom fra, og prøv igen.", status=422, field="facts")
