"""What follows from many decisions at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from shared.base.cause import Cause
from shared.contracts.decision import Decision
from shared.storage.tx import Tx


class Known(Protocol):
    """What a cause is known by."""

    @property
    def id(self) -> str: ...


def tell_all(tx: Tx, decided: Iterable[Decision[Known]], causes: Mapping[str, Cause]) -> None:
    """As `tx.tell` for each of them, because of `causes[after.id]`.

    An alarm that several ask for is set once: one invoice run, or one reminder, serves all that fall due together.
    """
    asked = set()
    for one in decided:
        for fact in one.facts:
            tx.publish(fact, because=causes[one.after.id])
        for alarm in one.alarms:
            if (rings := (alarm.timer, alarm.key, alarm.due)) not in asked:
                asked.add(rings)
                tx.set(alarm, because=causes[one.after.id])
