"""Transactions that want the same things in another order: they wait in one order, or the loser is done again.

Each test has two that really meet: what one holds when the other comes is the test's to say.
"""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from services.enrollment.adapters import programmes
from services.enrollment.app import SERVICE
from services.enrollment.settings import Settings
from services.enrollment.usecases import import_enrolments as importing
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.import_enrolments import ImportEnrolments, import_enrolments
from services.enrollment.usecases.invite_guest import invite_guest
from shared.base.failures import Failure, classify
from shared.base.ids import seed_ids
from shared.contracts.enrollment import (
    CancelProgramme,
    EnrollmentIntakeRejected,
    GuestInvited,
    InviteGuest,
    ParticipantRegistered,
    ProgrammeCancelled,
    RegisterParticipant,
)
from shared.contracts.event import INTAKE_TOPIC, Command
from shared.messaging.consumer import Consumer
from shared.messaging.records import StoredRecord
from shared.runtime.application import web_application
from shared.runtime.service import build_inbox, open_host
from shared.storage.tx import transaction
from tests.support.edges import as_json
from tests.support.enrollment_desk import AARHUS, CAUSE, P1, Desk, programme_text
from tests.support.eventually import eventually
from tests.support.meeting_point import meet_now, somebody_waits
from tests.support.servers import MakeDatabase

ASTA, BO = ("Asta Prøvesen", "asta@k0751.example"), ("Bo Prøvesen", "bo@k0751.example")
OTHER = f"{P1}-igen"
WHOSE = "SELECT contact ->> 'name' FROM enrolments WHERE programme_id = ANY($1) ORDER BY programme_id"
START = datetime(2020, 6, 1, 8, tzinfo=UTC)
OFF = CancelProgramme(programme_id=P1, reason="For få.")
TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)


def sheet(programme_id: str, contact: tuple[str, str], member: tuple[str, str]) -> ImportEnrolments:
    rows = [f"{AARHUS};{';'.join(who)};{role}" for who, role in ((contact, "kontakt;"), (member, "deltager;alle"))]
    table = "\n".join(["kommunekode;navn;e-mail;rolle;møder", *rows, ""])
    return ImportEnrolments(programme_id=programme_id, content=base64.b64encode(table.encode()).decode(), dry_run=False)


@pytest.mark.parametrize("known", [True, False])
async def test_two_imports_with_the_same_people_in_another_order_both_come_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """In one Asta is the contact and Bo comes to meetings, in the other it is the other way round."""
    await desk.publish()
    await desk.publish(programme_text().replace(f"id: {P1}\n", f"id: {OTHER}\n"))
    await desk.has_meeting()
    if known:
        await desk.publish(programme_text().replace(f"id: {P1}\n", f"id: {OTHER}-igen\n"))
        await desk.ask(import_enrolments, sheet(f"{OTHER}-igen", ASTA, BO))
    seat_rows, halfway = importing.seat_rows, 0

    async def when_both_have_their_contacts(*args: Any, **more: Any) -> None:
        nonlocal halfway
        halfway += 1

        async def met() -> bool:
            return halfway == 2 or await somebody_waits(desk.pool)

        await eventually(met, because="both have named their contacts, or one waits for the other")
        await seat_rows(*args, **more)

    monkeypatch.setattr(importing, "seat_rows", when_both_have_their_contacts)
    answers = await asyncio.gather(
        desk.ask(import_enrolments, sheet(P1, ASTA, BO)), desk.ask(import_enrolments, sheet(OTHER, BO, ASTA))
    )
    assert [one["changed"] for one in answers] == [2, 1], "the other one has no meetings yet"
    people = await desk.pool.fetch("SELECT name, email FROM people ORDER BY name")
    assert [tuple(row) for row in people] == [ASTA, BO]
    contacts = await desk.pool.fetch(WHOSE, [P1, OTHER])
    assert [row[0] for row in contacts] == [ASTA[0], BO[0]]


@pytest.mark.parametrize("pause", [True, False])
async def test_a_guest_who_comes_between_another_guest_and_the_end_of_it_all_waits_and_is_refused(
    desk: Desk, *, pause: bool
) -> None:
    """One transaction invites somebody and calls the programme off; a batch of the intake is one. `pause`: the other
    comes in between.
    """
    await desk.publish()
    meeting = await desk.has_meeting()
    await desk.told()
    ours, theirs = (
        InviteGuest(programme_id=P1, meeting_id=meeting.id, name=name, email=email) for name, email in (ASTA, BO)
    )

    def invite(tx: Any) -> Any:
        return invite_guest(tx, theirs)

    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        await invite_guest(tx, ours)
        if pause:
            other = await meet_now(desk, invite)
        await cancel_programme(tx, OFF)
        await tx.flush()
        if not pause:
            other = await meet_now(desk, invite)
    assert getattr(await other, "code", None) == "programme_cancelled"
    assert [type(one) for one in await desk.told()] == [GuestInvited, ProgrammeCancelled]


@dataclass
class Doors:
    """The service as a reader of the intake and over HTTP; either tries again what PostgreSQL has rolled back."""

    desk: Desk
    consumer: Consumer
    client: httpx.AsyncClient
    again: int = 0

    async def takes(self, commands: Sequence[Command]) -> None:
        """All in one batch, as if they had come at once."""
        records = [
            StoredRecord(
                INTAKE_TOPIC,
                0,
                number,
                0,
                b"k",
                as_json(
                    {
                        "specversion": "1.0",
                        "id": f"asked-{number}",
                        "source": "/crm",
                        "type": one.type,  # type: ignore[attr-defined]
                        "subject": f"ask/{number}",
                        "time": self.desk.time.isoformat(),
                        "data": one.model_dump(mode="json", exclude_defaults=True),
                    }
                ),
                (),
            )
            for number, one in enumerate(commands)
        ]
        while True:
            try:
                await self.consumer._take(records)
            except asyncpg.PostgresError as error:
                if classify(error) is not Failure.TRANSIENT:
                    raise
                self.again += 1
            else:
                return

    async def asks(self, path: str, body: dict[str, Any]) -> str:
        """Yes, or the code of the no."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "of-somebody-else"}
        answer = await self.client.post(f"/api/enrollment{path}", json=body, headers=headers)
        return "yes" if answer.is_success else str(answer.json()["code"])


@pytest.fixture
async def doors(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[Doors]:
    where = await database("enrollment")
    told = Settings(
        database_url=SecretStr(where.url),
        api_tokens=SecretStr(f"staff:{sha256(TOKEN.encode()).hexdigest()}"),
        link_key_file=link_key_file,
        simulated_start=START,
    )
    host = await open_host(SERVICE, told)
    seed_ids(None)
    consumer = Consumer(build_inbox(host), dsn=where.url, kafka="", topics=[])
    transport = httpx.ASGITransport(app=web_application(host))
    async with httpx.AsyncClient(transport=transport, base_url="http://test.example") as client:
        yield Doors(Desk(host.pool, told.links), consumer, client)
    await consumer._disconnect()
    await host.door.close()
    await host.pool.close()


@pytest.mark.parametrize("what", ["guests", "participants"])
async def test_a_batch_that_begins_something_and_calls_it_off_beside_somebody_over_http_loses_nothing(
    doors: Doors, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both want the same list and the programme: what the batch asked for comes in once and in its order, and whoever
    asked over HTTP comes before the end, or is told of it.
    """
    desk = doors.desk
    place = await desk.has_enrolled()
    meeting = await desk.has_meeting()
    begins: Command = InviteGuest(programme_id=P1, meeting_id=meeting.id, name=ASTA[0], email=ASTA[1])
    path = f"/programmes/{P1}/meetings/{meeting.id}/guests"
    if what == "participants":
        begins = RegisterParticipant(enrolment_id=place, meeting_id=meeting.id, name=ASTA[0], email=ASTA[1])
        path = f"/enrolments/{place}/meetings/{meeting.id}/participants"

    async def waiting(count: int) -> bool:
        found: int = await desk.pool.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return found >= count

    async with transaction(desk.pool, desk, desk.source, CAUSE, desk.links) as tx:
        # So far nobody calls it off: the batch has begun what it begins, and waits.
        assert await programmes.lock_going_on_by_id(tx, P1) is not None
        batch = asyncio.create_task(doors.takes([begins, OFF]))
        await eventually(lambda: waiting(1), because="the batch wants to call it off")
        beside = asyncio.create_task(doors.asks(path, {"name": BO[0], "email": BO[1]}))
        await eventually(lambda: waiting(2), because="the other waits for the list that the batch has locked")
    said, _ = await asyncio.gather(beside, batch)
    told = [type(one) for one in await desk.told()]
    begun = GuestInvited if what == "guests" else ParticipantRegistered
    kinds = Counter(one for one in told if one in {begun, ProgrammeCancelled, EnrollmentIntakeRejected})
    assert said in {"yes", "programme_cancelled"}
    assert kinds == {begun: 1 + (said == "yes"), ProgrammeCancelled: 1}
    assert told[-1] is ProgrammeCancelled, "nothing begins after the end"
    assert await desk.pool.fetchval("SELECT count(*) FROM dead_letters") == 0
    again = doors.again + capsys.readouterr().out.count("transaction_again")
    if what == "guests":
        assert (said, again) == ("programme_cancelled", 0), "they take their locks in one order"
    else:
        # Somebody who shares the enrolment holds the programme by then: one of the two is rolled back and done again.
        assert again == 1
