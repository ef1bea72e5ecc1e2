"""Every command, in any order, twice and at any time; over the API and over the intake it comes to the same.

Two worlds live the same life, on databases of their own: in one other systems and staff ask over the API, in the other
over the intake wherever it takes the command. After every step both are looked at, and compared.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from services.enrollment.app import SERVICE
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints import acts
from services.enrollment.settings import Settings
from services.enrollment.usecases.confirm_sign_up import ConfirmSignUp
from services.enrollment.usecases.decline_invitation import DeclineInvitation
from services.enrollment.usecases.dismiss_sign_ups import dismiss_sign_ups
from services.enrollment.usecases.import_addresses import ImportAddresses
from services.enrollment.usecases.publish_programme import PublishProgramme
from services.enrollment.usecases.put_organisation import PutOrganisation
from services.enrollment.usecases.read_waiting_list import read_waiting_list
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp
from services.enrollment.usecases.save_draft import SaveDraft
from shared.base.acts import Act
from shared.base.ids import seed_ids
from shared.contracts.enrollment import (
    CancelParticipant,
    ChangeCapacity,
    ChangeGroup,
    DismissSignUp,
    DismissSignUps,
    EnrollmentIntakeRejected,
    InviteMunicipalities,
    RegisterParticipant,
    ReplaceParticipant,
    ResolveReservation,
    VouchForAddress,
    WithdrawEnrolment,
)
from shared.contracts.event import COMMANDS, INTAKE_TOPIC, Command
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingFact, MeetingScheduled, When
from shared.messaging.consumer import Consumer
from shared.messaging.records import StoredRecord
from shared.runtime.application import web_application
from shared.runtime.service import Host, build_inbox, open_host
from shared.web.routes import Write, path_parameters
from tests.support.edges import as_json
from tests.support.enrollment_desk import P1, programme_text, sign_up
from tests.support.room import Room
from tests.support.servers import MakeDatabase

START = datetime(2020, 6, 1, 8, tzinfo=UTC)
TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)
CODES = ("0101", "0147", "0751", "0851")
"""Two of each group."""
PLACED, GONE = "MunicipalityEnrolled", {"EnrolmentWithdrawn", "EnrolmentLapsed"}
TABLES = {
    "organisations": (),
    "role_addresses": (),
    "speakers": (),
    "people": ("person_id",),
    "programmes": (),
    "invitation_rounds": (),
    "invitations": (),
    "enrolments": ("put_in_by", "put_in_number"),
    "sign_ups": ("number", "applicant_id"),
    "drafts": (),
    "meetings": (),
    "rosters": (),
    "seats": (),
    "seat_moves": ("id",),
    "teams": (),
    "team_members": (),
    "option_orders": (),
    "contact_history": (),
}
"""All that the service keeps, and the columns that tell who asked or that chance has chosen."""
FORGOTTEN = """
    SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables
    WHERE schemaname = 'public' AND (tablename = ANY($1) OR tablename IN
        ('timers', 'outbox', 'stream_out', 'inbox', 'stream_in', 'http_requests'))
"""
"""When a life is over; the address book stays as it was left."""
BESIDE = ("correlation_id", "causation_id", "actor", "stored_at")


@dataclass(frozen=True)
class Drawn:
    """Which act, and which of whatever it may be about."""

    name: str
    a: int
    b: int
    c: int


@dataclass
class World:
    """A service that is asked by one door, and hears and rings as it does."""

    door: str
    host: Host
    room: Room
    consumer: Consumer
    client: httpx.AsyncClient
    admin_url: str
    programme_id: str = P1
    capacity: str = ""
    taken: int = 0
    agreed: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Of ids that chance has chosen; also of what is gone."""

    @property
    def pool(self) -> Any:
        return self.host.pool

    def move_to(self, now: datetime) -> None:
        """Also back: a life begins where the one before it began."""
        self.host.clock._simulated = now
        self.room.time = now

    async def ask(self, act: Act, command: Command, key: str) -> str:
        """Yes, or the code of the no."""
        route = next((one for one in SERVICE.routes if isinstance(one, Write) and one.act is act), None)
        if self.door == "intake" and act.name in COMMANDS:
            return await self._over_the_intake(command, key)
        if route is not None:
            return await self._over_the_api(route, command, key)
        reply = await self.host.door.submit(act, command, key, actor="form")
        return reply.json()["code"] if reply.refused else "yes"

    async def _over_the_api(self, route: Write, command: Command, key: str) -> str:
        said = command.model_dump(mode="json", exclude_defaults=True)
        inside = {name: said.pop(name) for name in path_parameters(route.path)}
        answer = await self.client.request(
            route.method,
            route.path.format(**inside),
            json=said,
            headers={"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key},
        )
        assert answer.status_code < 500, answer.text
        return "yes" if answer.is_success else str(answer.json()["code"])

    async def _over_the_intake(self, command: Command, key: str) -> str:
        await self.take(command.type, f"ask/{key}", key, "/crm", command.model_dump(mode="json", exclude_defaults=True))
        refused = await self.pool.fetch("SELECT payload FROM outbox WHERE type = $1", EnrollmentIntakeRejected.type)
        told = [json.loads(row["payload"])["data"] for row in refused]
        codes = [one["problem"]["code"] for one in told if one["refused_id"] == key]
        assert len(codes) < 2, "refused once, however often it comes"
        return codes[0] if codes else "yes"

    async def take(self, wire_type: str, subject: str, event_id: str, source: str, data: dict[str, Any]) -> None:
        event = {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": wire_type,
            "subject": subject,
            "time": self.room.time.isoformat(),
            "data": data,
        }
        topic = INTAKE_TOPIC if wire_type in COMMANDS else f"tovholder.{wire_type.split('.')[1]}"
        await self.consumer._take([StoredRecord(topic, 0, next(self.room.ids), 0, b"k", as_json(event), ())])

    async def hear(self, fact: MeetingFact, event_id: str) -> None:
        data = fact.model_dump(mode="json")
        await self.take(fact.type, fact.subject, event_id, "/tovholder/scheduling", data)

    async def ring(self) -> None:
        while await self.room.ring():
            pass

    async def nth(self, sql: str, number: int, *args: Any) -> Any:
        """One of the rows, the same in both worlds; None = there is none."""
        rows = await self.pool.fetch(sql, *args)
        return rows[number % len(rows)] if rows else None

    async def state(self) -> dict[str, list[str]]:
        """All that is kept and told, with names that do not depend on chance."""
        found: dict[str, list[str]] = {}
        for table, left_out in TABLES.items():
            rows = await self.pool.fetch(
                f"SELECT (to_jsonb(t) - $1::text[])::text AS row FROM {table} t", [*left_out, *BESIDE]
            )
            found[table] = [row["row"] for row in rows]
        told = await self.pool.fetch(
            "SELECT key, type, sequence FROM outbox WHERE type <> $1", EnrollmentIntakeRejected.type
        )
        found["told"] = [f"{row['key']} {row['sequence']} {row['type']}" for row in told]
        timers = await self.pool.fetch("SELECT timer, due FROM timers")
        found["timers"] = [f"{row['timer']} {row['due']}" for row in timers]
        self.names.update(await self._names())
        return {what: sorted(_named(row, self.names) for row in rows) for what, rows in found.items()}

    async def _names(self) -> list[tuple[str, str]]:
        return [
            tuple(row)
            for row in await self.pool.fetch(
                """
                SELECT person_id, 'person ' || organisation_code || ' ' || email_key FROM people
                UNION ALL SELECT id, 'form ' || enrolment_id || ' ' || received_at FROM sign_ups
                UNION ALL SELECT id, 'draft ' || mailbox || ' ' || begun_at FROM drafts
                UNION ALL SELECT applicant_id, 'applicant ' || enrolment_id || ' ' || received_at FROM sign_ups
                WHERE applicant_id NOT IN (SELECT person_id FROM people)
                """
            )
        ]

    async def look(self) -> None:
        """What always holds."""
        programme = await self.pool.fetchrow("SELECT * FROM programmes WHERE id = $1", self.programme_id)
        rows = await self.pool.fetch("SELECT * FROM enrolments WHERE programme_id = $1", self.programme_id)
        placed = [row for row in rows if row["state"] == "enrolled"]
        hard = json.loads(programme["terms"])["enrolment"]["capacity"]["hard"]
        assert len(placed) == programme["taken"] <= max(hard, self.taken), "more places than there are"
        self.taken = programme["taken"]

        waiting = sorted(
            (row for row in rows if row["state"] == "waitlisted"), key=lambda row: (row["received_at"], row["number"])
        )
        shown = (await self.room.read(read_waiting_list, programme_id=self.programme_id))["waiting"]
        assert [(one["position"], one["enrolment_id"]) for one in shown] == [
            (at, row["id"]) for at, row in enumerate(waiting, 1)
        ]
        for row in placed:
            key = f"{row['id']} {row['number']}"
            assert self.agreed.setdefault(key, row["agreed"]) == row["agreed"], "what was agreed is no longer so"
        await self._told_adds_up({row["id"] for row in placed})
        await self._seats_add_up()

    async def _told_adds_up(self, placed: set[str]) -> None:
        told = await self.pool.fetch(
            "SELECT key, sequence, type FROM outbox WHERE sequence IS NOT NULL ORDER BY key, id"
        )
        last: Counter[str] = Counter()
        active: dict[str, str] = {}
        for row in told:
            key, kind = row["key"], row["type"].split(".")[2]
            last[key] += 1
            assert row["sequence"] == last[key], f"{key} has a gap"
            if kind in {PLACED, "EnrolmentWaitlisted"}:
                assert active.get(key) != kind, f"{key} has two of one"
                active[key] = kind
            elif kind in GONE:
                active.pop(key, None)
        ours = await self.pool.fetch("SELECT id FROM enrolments WHERE programme_id = $1", self.programme_id)
        found = {row["id"] for row in ours if active.get(f"enrolment/{row['id']}") == PLACED}
        assert found == placed, "the places that were told are not those that are"

    async def _seats_add_up(self) -> None:
        told = await self.pool.fetch("SELECT key, type FROM outbox WHERE key LIKE 'roster/%'")
        entries: dict[str, Counter[str]] = {}
        for row in told:
            entries.setdefault(row["key"], Counter())[row["type"].split(".")[2]] += 1
        seats = await self.pool.fetch(
            """
            SELECT 'roster/' || r.id AS key, count(s.person_id) AS seats, m.meeting ->> 'kind' AS kind, e.agreed
            FROM rosters r JOIN meetings m ON m.id = r.meeting_id JOIN enrolments e ON e.id = r.enrolment_id
            LEFT JOIN seats s ON s.roster_id = r.id GROUP BY r.id, m.id, e.id
            """
        )
        for row in seats:
            told_of = entries.pop(row["key"], Counter())
            assert told_of["ParticipantRegistered"] - told_of["ParticipantCancelled"] == row["seats"]
            moves = Counter(
                one["move"]
                for one in await self.pool.fetch(
                    "SELECT move FROM seat_moves WHERE list_id = $1", row["key"].removeprefix("roster/")
                )
            )
            assert moves["came"] - moves["left"] == row["seats"], "the entries do not sum to the seats"
            terms = {one["kind"]: one for one in json.loads(row["agreed"])["seats"]}
            extras = max(0, row["seats"] - terms[row["kind"]]["included"])
            assert told_of["ExtraParticipantAdded"] - told_of["ExtraParticipantRemoved"] == extras
        assert entries == {}


def _named(row: str, names: dict[str, str]) -> str:
    for what, name in names.items():
        row = row.replace(what, name)
    return row


# What is asked: for each act something about one of few, so that they meet.


def _code(drawn: Drawn) -> str:
    return CODES[drawn.a % len(CODES)]


def _email(code: str, number: int) -> str:
    """Most of them speak for their municipality."""
    return ("karen@ukendt.example", f"karen@k{code}.example", f"bo@k{code}.example")[number % 3]


async def _enrolment(world: World, drawn: Drawn, state: str = "enrolled") -> str:
    """Mostly one in that state, where there is one."""
    row = await world.nth(OURS, drawn.a, world.programme_id, state) if drawn.c % 5 else None
    return enrolment_id(world.programme_id, _code(drawn)) if row is None else str(row["id"])


async def _enrol(world: World, drawn: Drawn) -> Command:
    ago = (None, None, 3, 90, 60 * 24 * 20)[drawn.c % 5]
    return sign_up(
        _code(drawn),
        programme_id=world.programme_id,
        contact_email=_email(_code(drawn), drawn.b),
        forbehold=drawn.b % 4 == 0,
        received_at=None if ago is None else world.room.time - timedelta(minutes=ago),
    )


async def _form(world: World, drawn: Drawn) -> Command:
    form = sign_up(
        _code(drawn),
        programme_id=world.programme_id,
        contact_email=_email(_code(drawn), drawn.b),
        forbehold=drawn.c % 3 == 0,
    )
    draft = await world.nth(DRAFTS, drawn.c, world.programme_id) if drawn.c % 2 else None
    return ReceiveSignUp(form=form, draft_id="" if draft is None else draft["id"], caller=f"192.0.2.{drawn.b}")


async def _draft(world: World, drawn: Drawn) -> Command:
    draft = await world.nth(DRAFTS, drawn.b, world.programme_id) if drawn.b % 2 else None
    known = {} if draft is None else {"draft_id": draft["id"], "revision": draft["revision"] + drawn.c % 4 // 3}
    typed = {"organisation_code": _code(drawn), "contact_email": _email(_code(drawn), drawn.c)}
    return SaveDraft(programme_id=world.programme_id, typed=typed, caller="192.0.2.7", **known)


OURS = "SELECT id, group_id FROM enrolments WHERE programme_id = $1 AND state = $2 ORDER BY id"
FORMS = "SELECT id FROM sign_ups WHERE programme_id = $1 ORDER BY received_at, organisation_code, contact_key"
DRAFTS = "SELECT id, revision FROM drafts WHERE programme_id = $1 ORDER BY begun_at, mailbox"
SEATS = """
    SELECT r.enrolment_id, r.meeting_id, s.person_id FROM seats s JOIN rosters r ON r.id = s.roster_id
    JOIN enrolments e ON e.id = r.enrolment_id WHERE e.programme_id = $1 ORDER BY 1, 2, s.number
"""


async def _vouch(_: World, drawn: Drawn) -> Command:
    return VouchForAddress(
        organisation_code=_code(drawn),
        email=_email(_code(drawn), drawn.b),
        whole_domain=drawn.b % 3 > 0 and drawn.c > 8,
    )


async def _one_form(world: World, drawn: Drawn) -> str:
    row = await world.nth(FORMS, drawn.a, world.programme_id)
    return "nobody" if row is None else str(row["id"])


async def _dismiss(world: World, drawn: Drawn) -> Command:
    return DismissSignUp(sign_up_id=await _one_form(world, drawn))


async def _confirm(world: World, drawn: Drawn) -> Command:
    return ConfirmSignUp(sign_up_id=await _one_form(world, drawn))


async def _dismiss_alike(world: World, drawn: Drawn) -> Command:
    wish = DismissSignUps(email="karen@ukendt.example", whole_domain=drawn.b % 2 == 0)
    counted = await world.room.ask(dismiss_sign_ups, wish)
    if drawn.c % 3 == 0 or counted["up_to"] is None:
        return wish
    return wish.model_copy(update={"count": counted["count"] + (drawn.c % 3 - 1), "up_to": counted["up_to"]})


async def _publish(world: World, drawn: Drawn) -> Command:
    current = await world.pool.fetchval("SELECT version FROM programmes WHERE id = $1", world.programme_id)
    return PublishProgramme(file=text_of(world, version=current + drawn.b % 3, more=drawn.a * 100))


async def _import(_: World, drawn: Drawn) -> Command:
    table = f"kommunekode;hovedpostkasse;domæner\n{_code(drawn)};post@k{_code(drawn)}.example;k{_code(drawn)}.example\n"
    return ImportAddresses(content=base64.b64encode(table.encode()).decode(), dry_run=drawn.b % 3 == 0)


async def _put_organisation(_: World, drawn: Drawn) -> Command:
    domains = () if drawn.b % 4 == 0 else (f"k{_code(drawn)}.example",)
    return PutOrganisation(code=_code(drawn), main_email=f"post@k{_code(drawn)}.example", domains=domains)


async def _register(world: World, drawn: Drawn) -> Command:
    return RegisterParticipant(
        enrolment_id=await _enrolment(world, drawn),
        meeting_id=f"{world.programme_id}-{drawn.b % 4 // 3}",
        name=f"Deltager {drawn.c % 4}",
        email=f"d{drawn.c % 4}@k{_code(drawn)}.example",
        accepted_price_ore=(None, 100_000, 100_000)[drawn.c % 3],
    )


async def _seat(world: World, drawn: Drawn) -> dict[str, str]:
    row = await world.nth(SEATS, drawn.a, world.programme_id)
    known = {
        "enrolment_id": enrolment_id(world.programme_id, _code(drawn)),
        "meeting_id": f"{world.programme_id}-0",
        "person_id": "nobody",
    }
    return known if row is None else {name: row[name] for name in known}


async def _replace(world: World, drawn: Drawn) -> Command:
    named = {"name": f"Deltager {drawn.c % 4}", "email": f"d{drawn.c % 4}@k{CODES[drawn.b % 4]}.example"}
    return ReplaceParticipant(**await _seat(world, drawn), **named)


async def _cancel(world: World, drawn: Drawn) -> Command:
    return CancelParticipant(**await _seat(world, drawn))


async def _invite(world: World, drawn: Drawn) -> Command:
    codes = CODES[: 1 + drawn.b % 4]
    return InviteMunicipalities(programme_id=world.programme_id, round_id=f"r{drawn.a % 2}", organisation_codes=codes)


async def _capacity(world: World, drawn: Drawn) -> Command:
    return ChangeCapacity(programme_id=world.programme_id, usual=1, hard=1 + drawn.a % 4)


async def _resolve(world: World, drawn: Drawn) -> Command:
    return ResolveReservation(enrolment_id=await _enrolment(world, drawn), approved=drawn.b % 2 == 0)


async def _withdraw(world: World, drawn: Drawn) -> Command:
    return WithdrawEnrolment(enrolment_id=await _enrolment(world, drawn))


async def _regroup(world: World, drawn: Drawn) -> Command:
    return ChangeGroup(enrolment_id=await _enrolment(world, drawn), group=("vest", "oest")[drawn.b % 2])


async def _decline(world: World, drawn: Drawn) -> Command:
    return DeclineInvitation(enrolment_id=await _enrolment(world, drawn, "invited"))


ASKED: dict[str, Callable[[World, Drawn], Awaitable[Command]]] = {
    acts.ENROL.name: _enrol,
    acts.SIGN_UP.name: _form,
    acts.SAVE_DRAFT.name: _draft,
    acts.VOUCH.name: _vouch,
    acts.DISMISS.name: _dismiss,
    acts.DISMISS_ALIKE.name: _dismiss_alike,
    acts.CONFIRM.name: _confirm,
    acts.PUBLISH.name: _publish,
    acts.IMPORT_ADDRESSES.name: _import,
    acts.PUT_ORGANISATION.name: _put_organisation,
    acts.REGISTER.name: _register,
    acts.REPLACE.name: _replace,
    acts.CANCEL.name: _cancel,
    acts.INVITE.name: _invite,
    acts.CHANGE_CAPACITY.name: _capacity,
    acts.RESOLVE.name: _resolve,
    acts.WITHDRAW.name: _withdraw,
    acts.CHANGE_GROUP.name: _regroup,
    acts.DECLINE.name: _decline,
}
"""How each is asked. Whatever else can be asked of the service belongs here as well: a test says so."""
ACTS = {one.name: one for one in vars(acts).values() if isinstance(one, Act)}
OFTEN = [acts.ENROL.name, acts.SIGN_UP.name, acts.CONFIRM.name, *[acts.REGISTER.name] * 2, acts.CANCEL.name] * 2
WAIT, CALLED_OFF = "wait", "a meeting is called off"
NUMBER = st.integers(0, 11)
PEOPLED = [
    *(Drawn(one.name, a=3, b=7, c=0) for one in (acts.IMPORT_ADDRESSES, acts.INVITE, acts.DECLINE)),
    *(Drawn(acts.ENROL.name, a=0, b=1, c=0), Drawn(acts.ENROL.name, a=1, b=4, c=0)),
    *(Drawn(acts.REGISTER.name, a=a, b=0, c=c) for a in (0, 1) for c in (1, 2)),
    *(Drawn(acts.SIGN_UP.name, a=2, b=0, c=2), Drawn(acts.CONFIRM.name, a=0, b=0, c=2)),
]
"""How a life may begin: an invitation is declined; there are places, one with a forbehold, people, and a form."""
LIVES = st.tuples(
    st.sampled_from(("holds: always", "holds: until, until: 2020-08-25", 'holds: "no"')),
    st.sampled_from(("at_once", "at_deadline")),
    st.sampled_from(("waiting_list", "refuse")),
    st.sampled_from(([], PEOPLED, [*PEOPLED, Drawn(acts.RESOLVE.name, a=1, b=0, c=0)])),
    st.lists(
        st.builds(Drawn, st.sampled_from([*ASKED, *OFTEN, WAIT, WAIT, CALLED_OFF]), NUMBER, NUMBER, NUMBER),
        min_size=15,
        max_size=30,
    ),
)


def lives(count: int = 24) -> list[Any]:
    found: list[Any] = []

    @seed(23)
    @settings(max_examples=count, database=None, deadline=None)
    @given(LIVES)
    def tell(life: Any) -> None:
        found.append(life)

    tell()
    return found


def text_of(world: World, *, version: int = 1, more: int = 0) -> str:
    changes = {
        f"id: {P1}\n": f"id: {world.programme_id}\n",
        "version: 1": f"version: {version}",
        "19500": str(19_500 + more),
        "included: 3": "included: 1",
        "  contact_label:": f"{world.capacity}  contact_label:",
    }
    text = programme_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    return text


@pytest.fixture
async def worlds(database: MakeDatabase, link_key_file: Path) -> AsyncIterator[list[World]]:
    made = []
    for door in ("api", "intake"):
        where = await database("enrollment")
        told = Settings(
            database_url=SecretStr(where.url),
            api_tokens=SecretStr(f"staff:{sha256(TOKEN.encode()).hexdigest()}"),
            link_key_file=link_key_file,
            simulated_start=START,
        )
        host = await open_host(SERVICE, told)
        seed_ids(None)
        room = Room("enrollment", host.pool, SERVICE.subscriptions, SERVICE.timers, START, links=told.links)
        consumer = Consumer(build_inbox(host), dsn=where.url, kafka="", topics=[])
        transport = httpx.ASGITransport(app=web_application(host))
        client = httpx.AsyncClient(transport=transport, base_url="http://test.example")
        made.append(World(door, host, room, consumer, client, where.admin_url))
    yield made
    for world in made:
        await world.client.aclose()
        await world.consumer._disconnect()
        await world.host.door.close()
        await world.host.pool.close()


def test_whatever_can_be_asked_is_asked() -> None:
    ours = {name for name, command in COMMANDS.items() if command.service == "enrollment"}
    assert ACTS.keys() == ASKED.keys()
    assert ours <= ASKED.keys()


async def begin(world: World, life: str, capacity: str) -> None:
    world.programme_id, world.capacity, world.taken, world.agreed = f"{P1}-{life}", capacity, 0, {}
    world.move_to(START)
    world.names.clear()
    connection = await asyncpg.connect(world.admin_url)
    try:
        emptied = await connection.fetchval(FORGOTTEN, [table for table in TABLES if table != "organisations"])
        await connection.execute(f"TRUNCATE {emptied} CASCADE")
    finally:
        await connection.close()
    published = PublishProgramme(file=text_of(world))
    assert await world.ask(acts.PUBLISH, published, f"{life}-publish") == "yes"
    for number, group in enumerate(("oest", "vest")):
        await world.hear(await meeting(world, MeetingScheduled, number, group), f"{life}-meeting-{number}")


async def meeting(world: World, kind: type[MeetingFact], number: int, group: str) -> MeetingFact:
    ref = await world.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", world.programme_id)
    when = When.model_validate_json(json.dumps({"first_day": "2021-04-15", "last_day": "2021-04-15"}))
    one = Meeting(
        id=f"{world.programme_id}-{number}",
        key=f"{group}-heldag-1",
        title="Møde",
        kind="heldag",
        group=group,
        when=when,
    )
    data = {"owner": "/tovholder/scheduling", "programme": json.loads(ref), "meeting": one.model_dump(mode="json")}
    return kind.model_validate_json(json.dumps(data))


async def go(world: World, drawn: Drawn, key: str) -> str:
    if drawn.name == WAIT:
        world.move_to(world.room.time + timedelta(hours=(1, 24, 24 * 40, 24 * 80)[drawn.a % 4]))
        outcome = "waited"
    elif drawn.name == CALLED_OFF:
        fact = await meeting(world, MeetingCancelled, drawn.a % 2, ("oest", "vest")[drawn.a % 2])
        for _ in range(2):
            await world.hear(fact, key)
        outcome = "heard"
    else:
        command = await ASKED[drawn.name](world, drawn)
        outcome = await world.ask(ACTS[drawn.name], command, key)
        if drawn.c % 2:
            assert await world.ask(ACTS[drawn.name], command, key) == outcome, "the same again is answered the same"
    await world.ring()
    if drawn.name in ACTS and drawn.c % 2 == 0:
        before = await world.state()
        await world.ask(ACTS[drawn.name], command, key)
        await world.ring()
        assert await world.state() == before, "asked twice it is done once"
    return outcome


@pytest.mark.timeout(600)
async def test_any_life_keeps_its_promises_and_is_the_same_by_both_doors(worlds: list[World]) -> None:
    outcomes: Counter[tuple[str, str]] = Counter()
    for number, (policy, given_when, when_full, before, drawn_steps) in enumerate(lives()):
        steps = [*before, *drawn_steps]
        capacity = (
            f"  capacity: {{usual: 1, hard: 2, when_full: {when_full}, given: {given_when}}}\n"
            f"  reservation_allowed: true\n  forbehold: {{{policy}}}\n"
        )
        for world in worlds:
            await begin(world, str(number), capacity)
        for at, drawn in enumerate(steps):
            said = []
            for world in worlds:
                world.move_to(world.room.time + timedelta(seconds=1))
                said.append(await go(world, drawn, f"{number}-{at}"))
                await world.look()
            where = f"life {number}, step {at} of {steps[: at + 1]}"
            assert said[0] == said[1], where
            api, intake = [await world.state() for world in worlds]
            for what in api:
                assert api[what] == intake[what], f"{what}: {where}"
            outcomes[drawn.name, said[0]] += 1
    for world in worlds:
        assert await world.pool.fetchval("SELECT count(*) FROM dead_letters") == 0
        assert await world.pool.fetchval("SELECT count(*) FROM parked_events") == 0
    assert {name for name, outcome in outcomes if outcome == "yes"} == set(ASKED), outcomes
