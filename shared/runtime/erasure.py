"""What every service does when a person was erased: they are put on its list, and its tables are gone through."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from shared.base.answers import Answer
from shared.base.cloudevents import Received
from shared.base.erasure import Sought
from shared.base.listing import page_of
from shared.contracts.addresses import mail_address
from shared.contracts.bounds import Email, Id
from shared.contracts.decision import Alarm
from shared.contracts.enrollment import PersonErased
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.timers import Timer
from shared.storage import erasure
from shared.storage.erasure import Holding
from shared.storage.tx import Tx

FORGET_PERSON = "forget_person"
MOST_IDS = 1000
TOGETHER = 100
"""Persons that one way through the tables looks for: their names and addresses are searched for in each row."""
MOST_AGAIN = 100
"""Each of them is sought by itself, as by its PersonErased."""
SHOWN = 1000
"""Rows of each table that one answer shows."""


Somebody = Annotated[Id, Field(min_length=1)]


class ForgetPerson(Command):
    """Look here once more for somebody who is erased, by their address too: a service that hears of an erasure hears no
    address, and may hold what has no id beside it, or what nobody can read.
    """

    person_ids: tuple[Somebody, ...] = Field(min_length=1, max_length=MOST_IDS)
    email: Email


class KeepErased(Command):
    """They are erased, as another service's list says: this one was restored to a time before it had heard of it."""

    person_ids: tuple[Somebody, ...] = Field(min_length=1, max_length=MOST_AGAIN)


class FindPeople(Command):
    """Who is known by an address. It stands in the body: an address in a path would stand in logs."""

    email: Email


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Of one service. `first` is what has to happen before its tables are gone through, such as not to send a mail;
    `stays` says what erasing somebody leaves behind here and why, in Danish.
    """

    holdings: Sequence[Holding]
    first: Callable[[Tx, Sought], Awaitable[None]] | None = None
    stays: Callable[[Tx, Sought], Awaitable[list[str]]] | None = None

    async def follow(self, tx: Tx, events: Sequence[Received[PersonErased]]) -> None:
        """The list holds from COMMIT on; a timer that rings at once goes through what lies there, once for all those
        whose time was over.
        """
        over = [event for event in events if event.data.why == "retention"]
        for event in events:
            if event.data.why != "retention":
                await erasure.begin(tx, [event.data.person_id])
                tx.set(goes_on(event.data.person_id, tx), because=event.cause)
        for first in range(0, len(over), TOGETHER):
            several = over[first : first + TOGETHER]
            await erasure.begin(tx, [event.data.person_id for event in several], by_id=True)
            tx.set(goes_on(several[0].data.person_id, tx), because=several[0].cause)

    async def go_on(self, tx: Tx, timers: Sequence[Timer]) -> None:
        """A step of each; the next one is a transaction of its own."""
        for timer in timers:
            sought = await erasure.go_on(tx, timer.key, self.holdings)
            if sought is not None:
                if self.first is not None:
                    await self.first(tx, sought)
                tx.set(goes_on(timer.key, tx), because=timer.cause)

    async def forget(self, tx: Tx, command: ForgetPerson) -> Answer:
        """Refused 409 `not_erased` for whoever is not on the list."""
        email = require_address(command.email)
        known = await erasure.load_erased(tx, command.person_ids)
        if known != set(command.person_ids):
            raise Refused("not_erased", "Personen er ikke slettet endnu. Slet personen først.", field="person_ids")
        await erasure.begin(tx, command.person_ids, addresses=[email])
        tx.set(goes_on(command.person_ids[0], tx))
        return Answer({"person_ids": command.person_ids})

    async def keep(self, tx: Tx, command: KeepErased) -> Answer:
        """Whoever is not on the list is put there, and all is gone through as when PersonErased is heard; the others
        are left alone. It needs no event, which may be behind a reader that was restored, or leave a gap.
        """
        known = await erasure.load_erased(tx, command.person_ids)
        new = [one for one in dict.fromkeys(command.person_ids) if one not in known]
        for one in new:
            await erasure.begin(tx, [one])
            tx.set(goes_on(one, tx))
        return Answer({"erased": new})

    async def read_erased(self, tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
        """The erasure list: opaque ids, and nothing else."""
        page = page_of(query, "erased")
        return page.answer(await erasure.load_page(tx, page), lambda one: {"person_id": one})

    async def search(self, tx: Tx, command: FindPeople) -> Answer:
        """The ids of everybody who is known by the address, because what is asked for next names no address; and what
        is held under the address, also where no id is beside it.
        """
        email = require_address(command.email)
        held = await erasure.load_held(tx, Sought((), (email.lower(),)), self.holdings, SHOWN)
        return Answer({"person_ids": await erasure.load_ids(tx, email, self.holdings), "held": held})

    async def read(self, tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
        """What the service has about a person, by table, and what stays of it; `erased` where they are on the list."""
        sought = Sought((query["person_id"],))
        held = await erasure.load_held(tx, sought, self.holdings, SHOWN)
        return {
            "person_id": query["person_id"],
            "erased": bool(await erasure.load_erased(tx, sought.person_ids)),
            "stays": [] if self.stays is None else await self.stays(tx, sought),
            "held": held,
        }


def goes_on(erasure_id: str, tx: Tx) -> Alarm:
    return Alarm(FORGET_PERSON, erasure_id, tx.now, {})


def require_address(text: str) -> str:
    """The address as it is kept; Refused 422 `invalid_email`."""
    try:
        return mail_address(text)
    except ValueError as error:
        raise Refused("invalid_email", str(error), status=422, field="email") from None
