"""Somebody who went through everything is erased: no table of any service knows them any more, and no log ever did.

And whatever is read again afterwards (a retry, a replay, a copy with another id, what was parked) does not bring them
back.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from deploy.local.people import erase_again
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
from services.invoicing.adapters.einvoice.official_rules import OfficialRules
from services.invoicing.app import SERVICE as INVOICING
from services.invoicing.usecases.write_documents import write_documents
from services.notifications.adapters import messages
from services.notifications.adapters.composer import Composer
from services.notifications.adapters.texts import Words
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.notifications.domain.calendar.entry import Mailbox
from services.scheduling.app import SERVICE as SCHEDULING
from shared.base.answers import Asked
from shared.base.ids import seed_ids
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
from shared.runtime.application import web_application
from shared.runtime.erasure import ForgetPerson, Forgetting
from shared.runtime.service import Service, open_host
from shared.runtime.timers import arm_standing
from shared.storage.pool import open_pool
from shared.storage.tx import transaction
from tests.support.enrollment_desk import AARHUS, HVIDOVRE, P1, programme_text, sign_up
from tests.support.eventually import eventually
from tests.support.facts import BILLING, FACT_EXAMPLES, cloud_event
from tests.support.room import Room
from tests.support.servers import Database, MakeDatabase

NAME, EMAIL = "Xenia Xylofonsen", "Xenia.Xylofonsen@k0751.example"
TRACE = re.compile("xylofon", re.IGNORECASE)
"""Of the name and of the address alike."""
ALL = (ENROLLMENT, SCHEDULING, INVOICING, NOTIFICATIONS)
SERVICES = tuple(one.name for one in ALL)
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
BY_ADDRESS_ALONE = {"scheduling": ("dead_letters", "http_requests")}
"""What has the address and no id beside it, in a service that knows nobody's address, is found by the address."""
SOONER, LATER = datetime(2020, 9, 1, 8, tzinfo=UTC), datetime(2020, 10, 1, 8, tzinfo=UTC)


@dataclass
class House:
    """The four services, each with its real readers, timers and tables; what one tells the others hear."""

    rooms: dict[str, Room]
    inboxes: dict[str, Inbox]
    databases: dict[str, Database]
    sent: dict[str, int] = field(default_factory=dict)
    offsets: Iterator[int] = field(default_factory=count)

    @property
    def enrollment(self) -> Room:
        return self.rooms["enrollment"]

    def starts(self, service: str) -> None:
        """A reader with nothing in memory."""
        self.inboxes[service] = Inbox(
            service,
            next(one for one in ALL if one.name == service).subscriptions,
            self.rooms[service],
            doorkeeper=service == "enrollment",
            links=self.rooms[service].links,
        )

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
        house = House({}, {}, {})
        for service in ALL:
            where = house.databases[service.name] = await database(service.name)
            house.rooms[service.name] = await _room(service, where, links, stack)
            house.starts(service.name)
        yield house


async def _room(service: Service, where: Database, links: Links, stack: AsyncExitStack) -> Room:
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


@dataclass
class Staff:
    """As `tovholder person` asks: over HTTP, as staff, from a thread; `wishes` are those that may change something."""

    clients: dict[str, httpx.AsyncClient]
    loop: asyncio.AbstractEventLoop
    wishes: list[str] = field(default_factory=list)

    async def says(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": str(uuid4())}
        return await self.clients[path.split("/")[2]].request(method, path, json=body, headers=headers)

    def __call__(self, service: str, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if method != "GET":
            self.wishes.append(f"{service}{path}")
            headers["Idempotency-Key"] = str(uuid4())
        asked = self.clients[service].request(method, f"/api/{service}/people{path}", json=body, headers=headers)
        answer = asyncio.run_coroutine_threadsafe(asked, self.loop).result(30)
        return answer.status_code, answer.json()


@pytest.fixture
async def asked(house: House, link_key_file: Path) -> AsyncIterator[Staff]:
    async with AsyncExitStack() as stack:
        clients = {}
        for service in ALL:
            told = service.settings(
                database_url=SecretStr(house.databases[service.name].url),
                api_tokens=SecretStr(f"staff:{sha256(TOKEN.encode()).hexdigest()}"),
                link_key_file=link_key_file,
                simulated_start=SOONER,
            )
            host = await open_host(service, told)
            seed_ids(None)
            stack.push_async_callback(host.pool.close)
            stack.push_async_callback(host.door.close)
            transport = httpx.ASGITransport(app=web_application(host))
            clients[service.name] = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://test.example")
            )
        yield Staff(clients, asyncio.get_running_loop())


@dataclass
class Backup:
    """All rows of one service's tables, as they were."""

    admin_url: str

    async def take(self) -> None:
        await self._each("CREATE TABLE backup.{table} AS TABLE public.{table}", before="CREATE SCHEMA backup")

    async def restore(self) -> None:
        """What came since is gone, as when a dump of the whole database is read in."""
        await self._each("DELETE FROM public.{table}")
        await self._each(
            "INSERT INTO public.{table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM backup.{table}"
        )

    async def _each(self, statement: str, before: str = "SELECT 1") -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            # Tables are read in whatever order, and nothing is decided anew.
            await connection.execute(f"SET session_replication_role = replica; {before}")
            for row in await connection.fetch(TABLES):
                table, columns = f'"{row["relname"]}"', row["columns"]
                await connection.execute(statement.format(table=table, columns=columns))
        finally:
            await connection.close()


EXPORTS = {
    "enrollment": (
        *("/enrolments", f"/programmes/{P1}/meetings/m-2/guests", "/sign-ups"),
        *(f"/enrolments/{enrolment_id(P1, AARHUS)}/participants", f"/enrolments/{enrolment_id(P4, AARHUS)}/team"),
    ),
    "notifications": ("/messages", "/meetings/m-2/answers"),
    "invoicing": ("/claims", "/invoices"),
}
"""Lists that may name somebody, as tables for people."""
SHEET = f"kommunekode;navn;e-mail;rolle;møder\n{AARHUS};{NAME};{EMAIL};deltager;alle\n"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Path]]:
    """Files that this process opens to write in; where it stands, and what it calls temporary, are folders in
    `tmp_path`, for whatever it starts as well.
    """
    found: set[Path] = set()
    looking = True

    def note(event: str, arguments: Any) -> None:
        if looking and event == "open" and isinstance(arguments[0], str) and arguments[2] & WRITES:
            found.add(Path(arguments[0]).absolute())

    for name in ("here", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    # There is no way to take it away again: it stops looking.
    sys.addaudithook(note)
    yield found
    looking = False


async def test_no_file_is_written_but_those_of_invoices_and_no_line_of_a_log_names_anybody(
    house: House, asked: Staff, written: set[Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Sheets are read, lists are exported, mails are composed with their PDFs, and invoices are written."""
    folder = tmp_path / "documents"
    await goes_through_everything(house)
    await house.at(SOONER)
    await is_billed_for(house, "m-1")
    await goes_wrong(house)
    content = base64.b64encode(SHEET.encode()).decode()
    imported = await asked.says("POST", f"/api/enrollment/programmes/{P1}/enrolments/import", {"content": content})
    assert imported.status_code == 200, imported.text
    named = 0
    for service, path in [(service, path) for service, paths in EXPORTS.items() for path in paths]:
        for kind in ("csv", "xlsx"):
            table = await asked.says("GET", f"/api/{service}{path}?format={kind}")
            assert table.status_code == 200, table.text
            named += kind == "csv" and TRACE.search(table.text) is not None
    assert named > 2, "the exports have to have named them"
    composer = Composer(Words("https://tovholder.example"), Mailbox("", ""))
    mails = house.rooms["notifications"]
    ids = [row["id"] for row in await mails.pool.fetch("SELECT id FROM messages")]
    async with transaction(mails.pool, mails, mails.source, mails.cause, mails.links) as tx:
        for one in ids:
            stored = await messages.load(tx, one)
            assert stored is not None
            assert composer.mail(stored.message)
    books = house.rooms["invoicing"]
    begin = partial(transaction, books.pool, books, books.source, books.cause)
    issued = await write_documents(begin, folder, OfficialRules(None))
    assert issued

    await house.enrollment.ask(erase_person, ErasePerson(email=EMAIL))
    await house.tell()
    await write_documents(begin, folder, OfficialRules(None))
    # What is unfinished has another name until it is renamed.
    outside = {one for one in written if folder not in one.parents and "__pycache__" not in one.parts}
    temporary = {one for one in outside if tmp_path / "tmp" in (one, *one.parents)}
    assert outside - temporary - NAMELESS == set(), "whatever else is written has to be gone through as well"
    left = {one: one.read_bytes().decode("utf-8", "ignore") for one in files_in(tmp_path)}
    assert {one.parent for one in left} == {folder}
    named_in = {one.stem for one, text in left.items() if TRACE.search(text)}
    assert named_in, "an issued invoice is kept as it was told, for five years: bookkeeping"
    assert named_in <= set(issued)
    said = capfd.readouterr()
    assert "dead_letter" in said.out
    assert not TRACE.search(said.out + said.err), "no line of a log names anybody"


def files_in(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


NAMELESS = {Path(os.devnull)}
TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)
TABLES = """
    SELECT c.relname, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relnamespace = 'public'::regnamespace
"""


@pytest.mark.parametrize("restored", SERVICES)
async def test_whoever_was_erased_after_the_backup_that_a_service_is_restored_from_is_erased_there_again(
    house: House, asked: Staff, restored: str
) -> None:
    await goes_through_everything(house)
    await house.at(SOONER)
    await is_billed_for(house, "m-1")
    await goes_wrong(house)
    before = await house.every_event()
    backup = Backup(house.databases[restored].admin_url)
    await backup.take()

    erased = (await house.enrollment.ask(erase_person, ErasePerson(email=EMAIL)))["erased"]
    await house.tell()
    by_address = ForgetPerson(person_ids=tuple(erased), email=EMAIL)
    for service in ("scheduling", "invoicing", "notifications"):
        await house.rooms[service].ask(Forgetting(()).forget, by_address)
    await house.tell()
    assert await house.traces() <= set(STAYS)
    assert (await asyncio.to_thread(erase_again, asked, SERVICES)).done == {}, "nobody is missing anywhere"

    await backup.restore()
    house.starts(restored)
    found = await house.traces()
    assert {one for one in found if one[0] == restored} >= {one for one in STOOD if one[0] == restored}
    again = await asyncio.to_thread(erase_again, asked, SERVICES)
    assert again.done == {restored: sorted(erased)}
    assert again.refused == {}
    await house.tell()
    left = await house.traces() - set(STAYS)
    assert left == {(restored, table) for table in BY_ADDRESS_ALONE.get(restored, ())}
    if left:
        await house.rooms[restored].ask(Forgetting(()).forget, by_address)
        await house.tell()
    assert await house.traces() <= set(STAYS)

    asked.wishes.clear()
    once_more = await asyncio.to_thread(erase_again, asked, SERVICES)
    assert (once_more.done, once_more.refused, once_more.listed) == ({}, {}, len(erased))
    assert asked.wishes == [], "said again it asks for nothing"
    for number, event in enumerate(before):
        await house.take(restored, house.record(anew(event, f"again-{number}", sequence=None)))
    await house.tell()
    assert await house.traces() <= set(STAYS)


async def test_an_id_that_is_none_is_refused_at_the_door(asked: Staff) -> None:
    for service in ("scheduling", "invoicing", "notifications"):
        for path, more in (("erased", {}), ("forget", {"email": EMAIL})):
            refused = await asked.says("POST", f"/api/{service}/people/{path}", {"person_ids": ["p-1", ""], **more})
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "person_ids.1")


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
