"""Somebody who went through everything is erased: no table of any service knows them any more, and no log ever did.

And whatever is read again afterwards (a retry, a replay, a copy with another id, what was parked) does not bring them
back.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest

from services.enrollment.app import SERVICE as ENROLLMENT
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints.timers import standing
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.change_role import change_role
from services.enrollment.usecases.enrol_municipalities import enrol_municipalities
from services.enrollment.usecases.erase_person import erase_person
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from services.enrollment.usecases.register_participant import register_participant
from services.enrollment.usecases.save_draft import SaveDraft, save_draft
from services.enrollment.usecases.vouch_for_address import vouch_for_address
from services.invoicing.app import SERVICE as INVOICING
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.scheduling.app import SERVICE as SCHEDULING
from shared.base.answers import Asked
from shared.base.links import Links
from shared.contracts.enrollment import (
    CancelProgramme,
    ChangeContact,
    ChangeRole,
    ErasePerson,
    InviteGuest,
    NameTeamMember,
    ParticipantCancelled,
    ParticipantRegistered,
    PersonErased,
    RegisterParticipant,
    SignUpDraftSaved,
    VouchForAddress,
)
from shared.contracts.event import INTAKE_TOPIC, Event, topic_of
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingHeld, MeetingScheduled, When
from shared.contracts.time import local
from shared.messaging import dead_letters
from shared.messaging.inbox import Batch, Inbox
from shared.messaging.records import StoredRecord
from shared.runtime.erasure import ForgetPerson, Forgetting
from shared.runtime.service import Service
from shared.runtime.timers import arm_standing
from shared.storage.pool import open_pool
from shared.storage.tx import transaction
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, P1, programme_text, sign_up
from tests.support.eventually import eventually
from tests.support.facts import BILLING, FACT_EXAMPLES, cloud_event
from tests.support.room import Room
from tests.support.servers import MakeDatabase

NAME, EMAIL = "Xenia Xylofonsen", "Xenia.Xylofonsen@k0751.example"
TRACE = re.compile("xylofon", re.IGNORECASE)
"""Of the name and of the address alike."""
SERVICES = ("enrollment", "scheduling", "invoicing", "notifications")
P4 = "gode-overgange"
DECLARED = dict.fromkeys(("politisk-opbakning", "samarbejdspartnere", "tovholder"), "true")
STAYS = {
    ("invoicing", "invoices"): "an issued invoice is kept as it was told, for five years: bookkeeping",
    ("invoicing", "outbox"): "the fact of it, as long as it may be told again",
}
"""Where the name may still stand, as docs/personal-data.md says."""
STOOD = {
    *((service, "http_requests") for service in SERVICES),
    *((service, "dead_letters") for service in SERVICES if service != "enrollment"),
    *(
        ("enrollment", one)
        for one in ("people", "contact_history", "sign_ups", "drafts", "speakers", "guests", "outbox")
    ),
    *(("notifications", one) for one in ("participants", "team_members", "former_contacts", "invitations", "messages")),
    *(("notifications", one) for one in ("role_holders", "parked_events")),
    *(("invoicing", one) for one in ("claims", "invoices", "outbox")),
    ("enrollment", "outbox_sent"),
}
SOONER, LATER = datetime(2020, 9, 1, 8, tzinfo=UTC), datetime(2020, 10, 1, 8, tzinfo=UTC)


@dataclass
class House:
    """The four services, each with its real readers, timers and tables; what one tells the others hear."""

    rooms: dict[str, Room]
    inboxes: dict[str, Inbox]
    sent: dict[str, int] = field(default_factory=dict)
    offsets: Iterator[int] = field(default_factory=count)

    @property
    def enrollment(self) -> Room:
        return self.rooms["enrollment"]

    async def take(self, service: str, *records: StoredRecord) -> None:
        inbox = self.inboxes[service]
        arrivals = [arrival for record in records if (arrival := inbox.read(record)) is not None]
        async with self.rooms[service].pool.acquire() as connection:
            await inbox.take(connection, arrivals, careful=True)

    def record(self, payload: bytes, topic: str | None = None) -> StoredRecord:
        topic = topic or topic_of(json.loads(payload)["type"].split(".")[1])
        return StoredRecord(topic, 0, 10_000 + next(self.offsets), 1_590_000_000_000, b"k", payload, ())

    async def tell(self) -> None:
        """Everybody hears what was told since the last time; until nobody tells anything new."""
        quiet = False
        while not quiet:
            quiet = True
            for service, room in self.rooms.items():
                await room.ring()
                rows = await room.pool.fetch(
                    "SELECT id, payload FROM outbox WHERE id > $1 ORDER BY id", self.sent.get(service, 0)
                )
                if rows:
                    quiet = False
                    self.sent[service] = rows[-1]["id"]
                    for other in self.rooms:
                        await self.take(other, *[self.record(row["payload"]) for row in rows])

    async def every_event(self) -> list[bytes]:
        return [
            row["payload"]
            for room in self.rooms.values()
            for row in await room.pool.fetch("SELECT payload FROM outbox ORDER BY id")
        ]

    async def at(self, time: datetime) -> None:
        for room in self.rooms.values():
            room.time = time
        await self.tell()

    async def traces(self) -> set[tuple[str, str]]:
        """Tables in which the person is found, in whatever form they stand there."""
        found = set()
        for service, room in self.rooms.items():
            tables = await room.pool.fetch(
                "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
                "AND c.relnamespace = 'public'::regnamespace"
            )
            for (table,) in tables:
                for row in await room.pool.fetch(f'SELECT to_jsonb(t)::text AS whole FROM "{table}" AS t'):
                    if any(TRACE.search(text) for text in texts(json.loads(row["whole"]))):
                        found.add((service, table))
        return found


def texts(value: Any) -> Iterator[str]:
    """Every text in it, also what stands in bytes and in base64."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value
        if value.startswith("\\x"):
            yield bytes.fromhex(value[2:]).decode("utf-8", "replace")
        else:
            try:
                yield base64.b64decode(value, validate=True).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                return


def anew(payload: bytes, event_id: str, **more: Any) -> bytes:
    """The same event under another id: as far as its reader knows, it was never heard."""
    return json.dumps({**json.loads(payload), "id": event_id, **more}, ensure_ascii=False).encode()


@pytest.fixture
async def house(database: MakeDatabase, links: Links) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        rooms, inboxes = {}, {}
        for service in (ENROLLMENT, SCHEDULING, INVOICING, NOTIFICATIONS):
            rooms[service.name] = await _room(service, database, links, stack)
            room = rooms[service.name]
            inboxes[service.name] = Inbox(
                service.name, service.subscriptions, room, doorkeeper=service is ENROLLMENT, links=links
            )
        yield House(rooms, inboxes)


async def _room(service: Service, database: MakeDatabase, links: Links, stack: AsyncExitStack) -> Room:
    where = await database(service.name)
    pool = await open_pool(where.url, "test")
    stack.push_async_callback(pool.close)
    return Room(service.name, pool, service.subscriptions, service.timers, links=links)


async def has_meetings(house: House) -> tuple[str, str]:
    """One that is soon, and one that is later."""
    ref = json.loads(await house.enrollment.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P1))
    facts: list[Event] = []
    for number, day in enumerate((date(2020, 8, 20), date(2021, 4, 15)), 1):
        meeting = Meeting(
            id=f"m-{number}", key=f"m-{number}", title="Møde", kind="heldag", when=When(first_day=day, last_day=day)
        )
        facts.append(
            MeetingScheduled.model_validate_json(
                json.dumps(
                    {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json")}
                )
            )
        )
    for fact in facts:
        await hears(house, fact)
    return "m-1", "m-2"


async def hears(house: House, fact: Event) -> None:
    payload = json.dumps({**cloud_event(fact, sequence=None), "id": f"told-{next(house.offsets)}"}).encode()
    for service in house.rooms:
        await house.take(service, house.record(payload))


async def goes_through_everything(house: House) -> str:
    """Contact, participant (an extra one too), team member, forms, mails, an invoice, answers, what went wrong."""
    room = house.enrollment
    role = "  roles: [{id: faktura, label: fakturakontakt, purpose: billing}]\n  contact_label:"
    await room.ask(publish_programme, PublishProgramme(file=programme_text().replace("  contact_label:", role)))
    before, entry, after = programme_text(P4).partition("    date: 2025-10-02\n")
    await room.ask(publish_programme, PublishProgramme(file=f"{before}{entry}    chosen: 2025-10-02\n{after}"))
    await house.tell()
    async with transaction(room.pool, room, room.source, room.cause, room.links) as tx:
        wishes = (
            sign_up(
                AARHUS,
                contact_name=NAME,
                contact_email=EMAIL,
                billing=BILLING.model_copy(update={"person_reference": NAME}),
            ),
            sign_up(AARHUS, programme_id=P4, answers=DECLARED),
        )
        outcomes = await enrol_municipalities(tx, [Asked(one, room.cause) for one in wishes])
        assert not [one for one in outcomes if isinstance(one, Refused)], outcomes
    ours = enrolment_id(P1, AARHUS)
    await house.tell()
    soon, later = await has_meetings(house)
    await house.tell()
    for meeting in (soon, later):
        for name, email in (
            ("Anna", "anna@k0751.example"),
            ("Bo", "bo@k0751.example"),
            ("Carl", "carl@k0751.example"),
            (NAME, EMAIL),
        ):
            command = RegisterParticipant(
                enrolment_id=ours, meeting_id=meeting, name=name, email=email, accepted_price_ore=100_000
            )
            answer = await room.ask(register_participant, command)
    person_id: str = answer["person_id"]
    await house.tell()
    await room.ask(name_team_member, NameTeamMember(enrolment_id=enrolment_id(P4, AARHUS), name=NAME, email=EMAIL))
    guest = InviteGuest(programme_id=P1, meeting_id=later, name=NAME, email=EMAIL)
    await room.ask(invite_guest, guest)
    await room.ask(change_role, ChangeRole(enrolment_id=ours, role_id="faktura", name=NAME, email=EMAIL))
    await room.ask(change_contact, ChangeContact(enrolment_id=ours, name="Karen Kontakt", email="karen@k0751.example"))
    await room.ask(
        receive_sign_up,
        ReceiveSignUp(form=sign_up(HVIDOVRE, contact_name=NAME, contact_email=EMAIL), caller="192.0.2.1"),
    )
    typed = {"contact_name": NAME, "contact_email": EMAIL, "organisation_code": HVIDOVRE}
    await room.ask(save_draft, SaveDraft(programme_id=P1, typed=typed, caller="192.0.2.2"))
    await room.ask(vouch_for_address, VouchForAddress(organisation_code=HVIDOVRE, email=EMAIL))
    await house.tell()
    return person_id


async def is_billed_for(house: House, meeting_id: str) -> None:
    """The meeting is over, and the extra participant stands on an issued invoice."""
    row = await house.enrollment.pool.fetchrow(
        "SELECT meeting::text AS meeting, p.terms->>'ref' AS ref FROM meetings m "
        "JOIN programmes p ON p.id = programme_id WHERE m.id = $1",
        meeting_id,
    )
    assert row is not None
    ref = json.loads(row["ref"])
    told = {"owner": ref["meetings_owner"], "programme": ref, "meeting": json.loads(row["meeting"])}
    told["held_on"] = "2020-08-20"
    await hears(house, MeetingHeld.model_validate_json(json.dumps(told)))
    await house.at(LATER)


async def goes_wrong(house: House) -> None:
    """What names them lies among dead letters, behind them, and in stored answers; some of it nobody can read."""
    events = await house.every_event()
    registered = next(
        one for one in events if json.loads(one)["type"] == ParticipantRegistered.type and TRACE.search(one.decode())
    )
    told = json.loads(registered)
    del told["data"]["meeting"]["title"]
    other = {"subject": "roster/of-another", "sequence": "1"}
    broken = json.dumps({**told, "id": "broken", **other}).encode()
    behind = anew(registered, "behind", **other | {"sequence": "2"})
    escaped = json.dumps({**told, "id": "escaped", "subject": "roster/escaped"}).replace("@", "\\u0040").encode()
    command = {
        "specversion": "1.0",
        "id": "asked",
        "source": "/crm",
        "type": "tovholder.enrollment.RegisterParticipant.v1",
        "data": {"enrolment_id": "x", "meeting_id": "y", "name": NAME, "email": EMAIL, "accepted_price_ore": "?"},
    }
    for service in ("notifications", "scheduling", "invoicing"):
        await house.take(
            service,
            *[house.record(one, "tovholder.enrollment") for one in (broken, behind, escaped)],
            house.record(f"to {EMAIL}: ".encode() + b"\xe6", "tovholder.enrollment"),
            house.record(f"<{EMAIL}>".encode(), "tovholder.enrollment"),
        )
    await house.take("enrollment", house.record(json.dumps(command).encode(), INTAKE_TOPIC))
    for room in house.rooms.values():
        await room.pool.execute(
            "INSERT INTO http_requests (key, principal, fingerprint, status, body, refused, correlation_id) "
            "VALUES ('k', 'token/test', '\\x00', 201, $1, false, 'c')",
            json.dumps({"name": NAME, "email": EMAIL, "registered": 3}),
        )
        # As the relay leaves them.
        await room.pool.execute(
            "INSERT INTO outbox_sent (id, event_id, source, topic, key, sequence, type, payload, correlation_id, "
            "causation_id, actor, occurred_at, created_at, sent_at) SELECT id, event_id, source, topic, key, sequence, "
            "type, payload, correlation_id, causation_id, actor, occurred_at, created_at, now() FROM outbox "
            "WHERE type <> 'tovholder.invoicing.InvoiceIssued.v1'"
        )


async def test_nothing_of_a_person_is_left_and_nothing_that_is_read_again_brings_them_back(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    person_id = await goes_through_everything(house)
    await house.at(SOONER)
    await is_billed_for(house, "m-1")
    await goes_wrong(house)
    before = await house.every_event()
    held = await house.traces()
    assert held >= STOOD, "the test has to have put them there"

    answer = await house.enrollment.ask(erase_person, ErasePerson(email=EMAIL.upper()))
    assert person_id in answer["erased"]
    told = await house.enrollment.pool.fetch("SELECT type, payload FROM outbox WHERE id > $1", house.sent["enrollment"])
    assert {row["type"] for row in told} >= {PersonErased.type, ParticipantCancelled.type}
    assert not [row for row in told if TRACE.search(row["payload"].decode())]
    await house.tell()
    by_address = ForgetPerson(person_ids=tuple(answer["erased"]), email=EMAIL)
    for service in ("scheduling", "invoicing", "notifications"):
        await house.rooms[service].ask(Forgetting(()).forget, by_address)
    await house.tell()
    assert await house.traces() <= set(STAYS)
    assert [row async for row in _seats(house)] == [("m-1", 4), ("m-2", 3)], "the count of a meeting that was stays"

    mailed = house.rooms["notifications"].pool
    waiting = "SELECT count(*) FROM messages WHERE state IN ('pending', 'claimed') AND recipient = $1"
    assert await mailed.fetchval(waiting, person_id) == 0, "what was still to be sent is not"
    mails = await mailed.fetchval("SELECT max(number) FROM messages")
    for number, event in enumerate(before):
        for service in house.rooms:
            await house.take(service, house.record(event))
            await house.take(service, house.record(anew(event, f"again-{number}", sequence=None)))
    await _is_retried(house)
    await house.tell()
    assert await house.traces() <= set(STAYS)
    written = await mailed.fetch(
        "SELECT state, email FROM messages WHERE number > $1 AND people @> ARRAY[$2] AND recipient = $2",
        mails,
        person_id,
    )
    assert {row["state"] for row in written} <= {"settled", "failed"}, "nothing is sent to who is erased"
    logged = capsys.readouterr().out
    assert "dead_letter" in logged
    assert not TRACE.search(logged), "no line of a log names anybody"


async def test_whoever_nothing_concerns_any_more_is_forgotten_by_every_service(house: House) -> None:
    person_id = await goes_through_everything(house)
    await house.at(SOONER)
    await is_billed_for(house, "m-1")
    for programme in (P1, P4):
        await house.enrollment.ask(cancel_programme, CancelProgramme(programme_id=programme))
    await house.tell()
    assert await house.traces() >= {
        ("enrollment", "people"),
        ("notifications", "participants"),
        ("invoicing", "claims"),
    }
    # Another system told of a later meeting, and not that it is off.
    over = local(date(2021, 4, 15) + timedelta(days=366), time(3))
    async with transaction(
        house.enrollment.pool, house.enrollment, house.enrollment.source, house.enrollment.cause
    ) as tx:
        await arm_standing(tx, standing(365, tx.now))
    await house.at(over - timedelta(days=1))
    assert ("enrollment", "people") in await house.traces()

    await house.at(over)
    # What names no id, a draft that was begun, is forgotten by its age: 90 days in a log, 730 of a mail.
    left = await house.traces() - set(STAYS)
    assert left <= {("enrollment", "outbox"), ("notifications", "messages")}
    told = await house.enrollment.pool.fetch("SELECT type, payload FROM outbox")
    assert {row["type"] for row in told if TRACE.search(row["payload"].decode())} <= {SignUpDraftSaved.type}
    written = await house.rooms["notifications"].pool.fetch(
        "SELECT template, to_jsonb(m)::text AS whole FROM messages m"
    )
    assert {row["template"] for row in written if TRACE.search(row["whole"])} <= {"draft_saved"}
    for room in house.rooms.values():
        assert person_id in {row["person_id"] for row in await room.pool.fetch("SELECT person_id FROM erased_persons")}
        assert await room.pool.fetchval("SELECT count(*) FROM erasures") == 0
    assert [row async for row in _seats(house)] == [("m-1", 4), ("m-2", 4)], "what is counted stays"
    begun = "SELECT count(DISTINCT correlation_id) FROM outbox WHERE type = $1"
    assert await house.enrollment.pool.fetchval(begun, PersonErased.type) == 1, "one night is one cause"


async def test_a_record_that_nobody_can_read_is_one_dead_letter_before_and_after_whom_it_names_is_erased(
    house: House,
) -> None:
    room = house.rooms["notifications"]
    registered = next(one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    cut_off = json.dumps(cloud_event(registered, sequence=None)).encode()[:-1]
    await house.take("notifications", house.record(cut_off, "tovholder.enrollment"))
    await room.hear(PersonErased(owner=registered.owner, person_id=registered.person.person_id))
    await house.tell()
    assert await room.pool.fetchval("SELECT value FROM dead_letters") is None
    await house.take("notifications", house.record(cut_off, "tovholder.enrollment"))
    (letter,) = await room.pool.fetch("SELECT value FROM dead_letters")
    assert letter["value"] is None, "nobody can tell where in it the person stands"


async def test_whoever_reads_at_that_moment_is_waited_for_and_what_it_writes_is_found(house: House) -> None:
    """A batch that looked at the list before the person was on it, and commits when they are."""
    room, inbox = house.rooms["notifications"], house.inboxes["notifications"]
    registered = next(one for one in FACT_EXAMPLES if isinstance(one, ParticipantRegistered))
    fact = registered.model_copy(
        update={"person": registered.person.model_copy(update={"name": NAME, "email": EMAIL}), "extra": False}
    )
    arrival = inbox.read(house.record(json.dumps(cloud_event(fact, sequence=None)).encode()))
    assert arrival is not None
    async with room.pool.acquire() as reading, room.pool.acquire() as looking:
        reader = reading.transaction()
        await reader.start()
        batch = Batch(inbox, reading, careful=True)
        await batch.beside_others()
        await batch.run([arrival])
        await batch.tx.flush()
        await room.hear(PersonErased(owner=fact.owner, person_id=fact.person.person_id))
        erasing = asyncio.create_task(room.ring())
        waiting = (
            "SELECT true FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        await eventually(lambda: looking.fetchval(waiting), because="the erasure waits for the reader")
        await reader.commit()
        await erasing
    assert await house.traces() == set()


async def _seats(house: House) -> AsyncIterator[tuple[str, int]]:
    for row in await house.enrollment.pool.fetch(
        "SELECT meeting_id, count(*) AS count FROM seats JOIN rosters ON id = roster_id GROUP BY 1 ORDER BY 1"
    ):
        yield row["meeting_id"], row["count"]


async def _is_retried(house: House) -> None:
    for service, room in house.rooms.items():
        async with room.pool.acquire() as connection:
            for row in await connection.fetch("SELECT id FROM dead_letters WHERE state = 'open' ORDER BY id"):
                try:
                    await dead_letters.retry(house.inboxes[service], connection, row["id"])
                except dead_letters.NotDone:
                    continue
