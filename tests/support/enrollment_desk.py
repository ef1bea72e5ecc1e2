"""The use cases of `enrollment` on a real database, at a time of the test's choosing, and what they told."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
import pytest

from deploy.local.locations import ROOT
from services.enrollment.adapters.links import Guest, sign_up_of
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints.timers import TIMERS
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp, confirm_sign_up
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.follow_meetings import follow_meetings
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.register_participant import register_participant
from shared.base.answers import Answer, Asked
from shared.base.cause import Cause
from shared.base.cloudevents import Received
from shared.base.links import Links
from shared.contracts.enrollment import EnrolmentReceived, EnrolMunicipality, MailboxCodeDrawn, RegisterParticipant
from shared.contracts.event import FACTS, Event
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingFact, MeetingScheduled, When
from shared.runtime.timers import Timer
from shared.storage.pool import open_pool
from shared.storage.tx import Tx, transaction
from tests.support.servers import MakeDatabase

P1 = "netvaerk-kommunal-ungeindsats"
AARHUS, KOEBENHAVN, HVIDOVRE = "0751", "0101", "0167"
CAUSE = Cause("c0ffee00-0000-7000-8000-000000000000", None, "token/test")

C = TypeVar("C")


@dataclass(slots=True)
class Desk:
    """`now` is the domain time of whatever is asked next."""

    pool: asyncpg.Pool[asyncpg.Record]
    links: Links
    time: datetime = datetime(2020, 6, 1, 8, tzinfo=UTC)
    read_to: int = 0

    @property
    def source(self) -> str:
        return "/tovholder/enrollment"

    def now(self) -> datetime:
        return self.time

    async def ask(self, usecase: Callable[[Tx, C], Awaitable[Answer]], command: C) -> dict[str, Any]:
        """The answer's body; Refused is raised and nothing is kept."""
        async with transaction(self.pool, self, "/tovholder/enrollment", CAUSE, self.links) as tx:
            return (await usecase(tx, command)).body

    async def refusal(self, usecase: Callable[[Tx, C], Awaitable[Answer]], command: C) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.ask(usecase, command)
        return refused.value

    async def enrol(self, *commands: EnrolMunicipality) -> Sequence[Answer | Refused]:
        async with transaction(self.pool, self, "/tovholder/enrollment", CAUSE, self.links) as tx:
            return await enrol_municipalities(tx, [Asked(one, CAUSE) for one in commands])

    async def read(self, usecase: Callable[[Tx, Mapping[str, str]], Awaitable[Any]], **query: str) -> Any:
        async with transaction(self.pool, self, "/tovholder/enrollment", CAUSE, self.links) as tx:
            return await usecase(tx, query)

    async def hear(self, *facts: MeetingFact, sequences: Sequence[int | None] | None = None) -> None:
        numbers = sequences or [None] * len(facts)
        received: list[Received[Any]] = [
            Received(
                data=fact,
                source="/tovholder/scheduling",
                id=secrets.token_hex(8),
                type=fact.type,
                subject=fact.subject,
                sequence=number,
                time=self.time,
                cause=CAUSE,
            )
            for fact, number in zip(facts, numbers, strict=True)
        ]
        async with transaction(self.pool, self, "/tovholder/enrollment", CAUSE, self.links) as tx:
            await follow_meetings(tx, received)

    async def ring(self) -> int:
        """Carry out what is due; how many timers it was."""
        usecases = {entry.timer: entry.usecase for entry in TIMERS}
        async with transaction(self.pool, self, "/tovholder/enrollment", CAUSE, self.links) as tx:
            rows = await tx.fetch("DELETE FROM timers WHERE due <= $1 RETURNING timer, key, due, data::text", self.time)
            for row in rows:
                timer = Timer(row["timer"], row["key"], row["due"], json.loads(row["data"]), CAUSE)
                await usecases[row["timer"]](tx, [timer])
        return len(rows)

    async def told(self) -> list[Event]:
        """The facts since the last look, in the order they were told, read as every reader reads them: without codes
        that `tests.support.mailboxes` has drawn.
        """
        rows = await self.pool.fetch(
            "SELECT id, type, payload FROM outbox WHERE id > $1 AND type <> $2 ORDER BY id",
            self.read_to,
            MailboxCodeDrawn.type,
        )
        if rows:
            self.read_to = rows[-1]["id"]
        return [FACTS[row["type"]].model_validate_json(json.dumps(json.loads(row["payload"])["data"])) for row in rows]

    async def publish(self, text: str | None = None) -> dict[str, Any]:
        return await self.ask(publish_programme, PublishProgramme(file=text or programme_text()))

    async def has_enrolled(self, code: str = AARHUS, **more: Any) -> str:
        """P1 is published and the municipality has its place; told so far is forgotten."""
        await self.publish()
        (outcome,) = await self.enrol(sign_up(code, **more))
        assert isinstance(outcome, Answer), outcome
        await self.told()
        return enrolment_id(P1, code)

    async def guest(self) -> Guest:
        """Whom the link of the one enrolment's place is given to."""
        row = await self.pool.fetchrow("SELECT id, contact->>'person_id' AS person_id, number FROM enrolments")
        assert row is not None
        return Guest(row["id"], row["person_id"], row["number"])

    async def knows(self, code: str = AARHUS, **entry: Any) -> None:
        """Whoever has an address of its own domain speaks for the municipality, or whoever is said."""
        await self.ask(put_organisation, PutOrganisation(code=code, **(entry or {"domains": (f"k{code}.example",)})))

    async def form(self, code: str = AARHUS, caller: str = "192.0.2.1", **more: Any) -> str:
        """A form comes in, and a mail is sent; the id of the sign-up in the mailed link."""
        await self.ask(receive_sign_up, ReceiveSignUp(form=sign_up(code, **more), caller=caller))
        (fact,) = [one for one in await self.told() if isinstance(one, EnrolmentReceived)]
        sign_up_id = sign_up_of(self.links, fact.confirm_path.rpartition("/")[2], self.now())
        assert sign_up_id is not None
        return sign_up_id

    async def press(self, sign_up_id: str) -> dict[str, Any]:
        """The mailed link is used."""
        return await self.ask(confirm_sign_up, ConfirmSignUp(sign_up_id=sign_up_id))

    async def has_meeting(
        self, *, kind: str = "heldag", day: str = "2021-04-15", group: str | None = "vest"
    ) -> Meeting:
        (meeting,) = await self.has_meetings(1, kind=kind, day=day, group=group)
        return meeting

    async def has_meetings(
        self, count: int, *, kind: str = "heldag", day: str = "2021-04-15", group: str | None = "vest"
    ) -> list[Meeting]:
        """Of P1, numbered from 1; the first is that of `has_meeting`."""
        programme = json.loads(await self.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P1))
        when = When.model_validate_json(json.dumps({"first_day": day, "last_day": day}))
        meetings = [
            Meeting(
                id=f"m-{kind}-{group}" if number == 1 else f"m-{kind}-{group}-{number}",
                key=f"{group}-{kind}-{number}",
                title="Møde",
                kind=kind,
                group=group,
                when=when,
            )
            for number in range(1, count + 1)
        ]
        facts = [
            {"owner": "/tovholder/scheduling", "programme": programme, "meeting": one.model_dump(mode="json")}
            for one in meetings
        ]
        await self.hear(*(MeetingScheduled.model_validate_json(json.dumps(one)) for one in facts))
        return meetings

    async def register(self, enrolment: str, meeting: str, name: str, price: int | None = None) -> dict[str, Any]:
        email = f"{name.lower().replace(' ', '.')}@kommune.example"
        command = RegisterParticipant(
            enrolment_id=enrolment, meeting_id=meeting, name=name, email=email, accepted_price_ore=price
        )
        return await self.ask(register_participant, command)


BILLING = "  billing: {remind_before: [14, 3], remind_after: [7], remind_every: 14}\n"
"""When whoever pays is asked for what invoices lack, as the programmes say."""


def programme_text(name: str = P1) -> str:
    """As it is, but that nobody is asked for what invoices lack: where that matters a test says when."""
    return (ROOT / "programmes" / f"{name}.yaml").read_text(encoding="utf-8").replace(BILLING, "")


def confirmed(how: str) -> str:
    """P1, whose sign-ups are confirmed like this."""
    return programme_text().replace("  contact_label:", f"  confirmation: {how}\n  contact_label:", 1)


def sign_up(code: str = AARHUS, **more: Any) -> EnrolMunicipality:
    ordinary = {"contact_name": "Karen Kontakt", "contact_email": f"karen@k{code}.example"}
    return EnrolMunicipality(**{"programme_id": P1, "organisation_code": code, **ordinary, **more})


@pytest.fixture
async def desk(database: MakeDatabase, links: Links) -> AsyncIterator[Desk]:
    where = await database("enrollment")
    pool = await open_pool(where.url, "test")
    yield Desk(pool, links)
    await pool.close()
