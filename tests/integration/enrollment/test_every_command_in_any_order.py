"""Every command, in any order, twice and at any time; over the API and over the intake it comes to the same.

Two worlds live the same life, on databases of their own: in one other systems and staff ask over the API, in the other
over the intake wherever it takes the command. After every step both are looked at, and compared. How each act is asked
for stands in `tests/support/every_command.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, seed, settings
from pydantic import SecretStr

from services.enrollment.app import SERVICE
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints import acts
from services.enrollment.settings import Settings
from services.enrollment.usecases.publish_programme import PublishProgramme
from services.enrollment.usecases.put_organisation import PutOrganisation
from services.enrollment.usecases.read_waiting_list import read_waiting_list
from shared.base.acts import Act
from shared.base.ids import seed_ids
from shared.contracts.enrollment import EnrollmentIntakeRejected
from shared.contracts.event import COMMANDS, INTAKE_TOPIC, Command
from shared.contracts.parties import erased_email
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingFact, MeetingScheduled, StepCompleted, When
from shared.messaging.consumer import Consumer
from shared.messaging.records import StoredRecord
from shared.runtime.application import web_application
from shared.runtime.service import Host, build_inbox, open_host
from shared.web.routes import Write, path_parameters
from tests.support.edges import as_json
from tests.support.enrollment_desk import P1
from tests.support.every_command import (
    ASKED,
    AT_ONCE,
    BEGINNINGS,
    CALLED_OFF,
    CODES,
    COMPLETED,
    DAYS,
    LIVES,
    MEETINGS,
    MEMBERS,
    OF_MEMBERS,
    OPTIONS,
    THERE,
    WAIT,
    Chance,
    Step,
    text_of,
    text_of_members,
)
from tests.support.room import Room
from tests.support.servers import MakeDatabase
from tests.support.tables import own_tables

START = datetime(2020, 6, 1, 8, tzinfo=UTC)
TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)
COUNT = int(os.environ.get("TOVHOLDER_LIVES", "5"))
"""Of the lives that are lived; `make lives` asks for many more."""
PAID_FOR = {"MunicipalityEnrolled", "ExtraParticipantAdded", "OptionOrdered", "QuoteGiven", "BillingReminderDue"}
PLACED, GONE = "MunicipalityEnrolled", {"EnrolmentWithdrawn", "EnrolmentLapsed"}
WHO_ASKED = (
    "correlation_id",
    "causation_id",
    "actor",
    "stored_at",
    "put_in_by",
    "put_in_number",
    "billed_in",
    "order_billed_in",
)
BY_CHANCE: Mapping[str, tuple[str, ...]] = {
    "people": ("person_id",),
    "sign_ups": ("number", "applicant_id"),
    "seat_moves": ("id",),
    "guests": ("guest_id",),
    "completed_steps": ("heard",),
    "accounts": ("made_at",),
    "sessions": ("ended_at",),
}
"""Columns that chance has chosen. All else that the service keeps is the same in both worlds, whatever table it is."""
SIGNED_IN = """
    INSERT INTO accounts (id, issuer, oidc_subject, account_name, account_email)
    VALUES ('konto', 'https://login.example', 'x', 'Asta Eksempel', 'asta@tovholder.example');
    INSERT INTO sessions (id, secret_sha256, account_id, browser, began_at, seen_at)
    SELECT 'session-' || n, sha256(n::text::bytea), 'konto', 'Firefox', '2020-06-01', '2020-06-01'
    FROM generate_series(1, 2) AS n
"""
"""Somebody whom an administrator may sign out."""
IDS = """
    SELECT person_id AS id, 'person ' || organisation_code || ' ' || email_key AS name FROM people
    WHERE email_key NOT LIKE '%@slettet.example'
    UNION ALL SELECT id, 'form ' || enrolment_id || ' ' || received_at FROM sign_ups
    UNION ALL SELECT id, 'draft ' || mailbox || ' ' || begun_at FROM drafts
    UNION ALL SELECT id, 'programme draft ' || draft_of FROM programme_drafts
    UNION ALL SELECT id, 'sheet ' || programme_id || ' ' || begun_at FROM sheet_imports
    UNION ALL SELECT guest_id, 'guest ' || meeting_id || ' ' || guest_email FROM guests
    UNION ALL SELECT applicant_id, 'applicant ' || enrolment_id || ' ' || received_at FROM sign_ups
    WHERE applicant_id NOT IN (SELECT person_id FROM people)
"""
"""Of what there is, and what it is called in both worlds; whoever is erased keeps the name they had."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|token/staff|source/crm")
OWN = own_tables("enrollment")
"""Tables that the service keeps all of its own in."""
OF_A_LIFE = (
    *("timers", "outbox", "stream_out", "inbox", "stream_in", "http_requests"),
    *("clients", "client_tokens", "client_sources", "session_epochs"),
)
"""What a life leaves in them is gone when it is over; so is all of the service's own but the address book."""


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
    members_id: str = f"{P1}-medlemmer"
    """The other one, which members are invited to by name."""
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

    async def chance(self, step: Step) -> Chance:
        programme_id = self.programme_of(step)
        rows = await self.pool.fetch(FOUND, programme_id)
        there = {row["what"]: json.loads(row["rows"]) for row in rows}
        return Chance(step, programme_id, self.capacity, self.room, there)

    def programme_of(self, step: Step) -> str:
        return self.members_id if step.a >= OF_MEMBERS else self.programme_id

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

    async def hear(self, fact: MeetingFact | StepCompleted, event_id: str) -> None:
        data = fact.model_dump(mode="json")
        await self.take(fact.type, fact.subject, event_id, "/tovholder/scheduling", data)

    async def ring(self) -> None:
        while await self.room.ring():
            pass

    async def state(self) -> dict[str, list[str]]:
        """All that is kept and told, with names that do not depend on chance."""
        found: dict[str, list[str]] = {}
        for row in await self.pool.fetch(STATE):
            found.setdefault(row["what"], []).append(row["row"])
        ids = dict(one.split(" is ", 1) for one in found.pop("ids", ()))
        # Of several persons with one address any may stand for the others.
        self.names |= ids | {
            erased_email(one).partition("@")[0]: f"erased {name.rpartition(' ')[2]}" for one, name in ids.items()
        }
        named = partial(ID.sub, lambda match: self.names.get(match[0], match[0]))
        return {what: sorted(map(named, rows)) for what, rows in found.items()}

    async def look(self) -> None:
        """What always holds."""
        programme = await self.pool.fetchrow("SELECT * FROM programmes WHERE id = $1", self.programme_id)
        rows = await self.pool.fetch("SELECT * FROM enrolments WHERE programme_id = $1", self.programme_id)
        placed = [row for row in rows if row["state"] == "enrolled"]
        hard = json.loads(programme["terms"])["enrolment"]["capacity"]["hard"]
        assert len(placed) == programme["taken"] <= max(hard, self.taken), "more places than there are"
        self.taken = programme["taken"]

        waiting = sorted(
            (row for row in rows if row["state"] == "waitlisted" and programme["state"] == "open"),
            key=lambda row: (row["received_at"], row["number"]),
        )
        shown = (await self.room.read(read_waiting_list, programme_id=self.programme_id))["waiting"]
        assert [(one["position"], one["enrolment_id"]) for one in shown] == [
            (at, row["id"]) for at, row in enumerate(waiting, 1)
        ]
        for row in placed:
            key = f"{row['id']} {row['number']}"
            assert self.agreed.setdefault(key, row["agreed"]) == row["agreed"], "what was agreed is no longer so"
        told = await self.pool.fetch(TOLD)
        _told_adds_up(told, {row["id"] for row in placed})
        _seats_add_up(told, await self.pool.fetch(SEATS))
        _members_pay_nothing(told, await self.pool.fetch(OF_A_MEMBER, self.members_id))
        named = await self.pool.fetchval("SELECT taken FROM programmes WHERE id = $1", self.members_id)
        places = "SELECT count(*) FROM enrolments WHERE programme_id = $1 AND state = 'enrolled'"
        assert named == await self.pool.fetchval(places, self.members_id)
        _teams_add_up(told, await self.pool.fetch(TEAMS))
        _orders_add_up(told, await self.pool.fetch(ORDERS))


FOUND = " UNION ALL ".join(
    f"SELECT '{what}' AS what, coalesce(json_agg(t), '[]')::text AS rows FROM ({sql}) t" for what, sql in THERE.items()
)
STATE = " UNION ALL ".join(
    [
        *(
            f"SELECT '{table}' AS what, (to_jsonb(t) - ARRAY{[*BY_CHANCE.get(table, ()), *WHO_ASKED]})::text AS row"
            f" FROM {table} t"
            for table in OWN
        ),
        "SELECT 'told', concat_ws(' ', key, sequence, type) FROM outbox WHERE type NOT LIKE '%.IntakeRejected.%'",
        "SELECT 'timers', concat_ws(' ', timer, due) FROM timers",
        f"SELECT 'ids', id || ' is ' || name FROM ({IDS}) t",
    ]
)
TOLD = """
    SELECT key, sequence, split_part(type, '.', 3) AS kind, payload #>> '{data,ordered}' = 'true' AS ordered,
           payload #>> '{data,approved}' = 'false' AS refused
    FROM (SELECT id, key, sequence, type, convert_from(payload, 'utf8')::jsonb AS payload FROM outbox
          WHERE sequence IS NOT NULL) t
    ORDER BY key, id
"""
SEATS = """
    SELECT r.id, m.meeting ->> 'kind' AS kind, e.agreed, count(s.person_id) AS seats,
           (SELECT count(*) FILTER (WHERE move = 'came') - count(*) FILTER (WHERE move = 'left')
            FROM seat_moves WHERE list_id = r.id) AS moved
    FROM rosters r JOIN meetings m ON m.id = r.meeting_id JOIN enrolments e ON e.id = r.enrolment_id
    LEFT JOIN seats s ON s.roster_id = r.id GROUP BY r.id, m.id, e.id
"""
OF_A_MEMBER = """
    SELECT e.id, e.state, e.agreed, count(m.meeting_id) AS called
    FROM enrolments e LEFT JOIN member_meetings m ON m.enrolment_id = e.id WHERE e.programme_id = $1 GROUP BY e.id
"""
TEAMS = """
    SELECT t.enrolment_id AS id, t.size, e.agreed, e.state, count(m.person_id) AS members,
           (SELECT count(*) FILTER (WHERE move = 'came') - count(*) FILTER (WHERE move = 'left')
            FROM seat_moves WHERE list_id = t.enrolment_id) AS moved
    FROM teams t JOIN enrolments e ON e.id = t.enrolment_id LEFT JOIN team_members m USING (enrolment_id)
    GROUP BY t.enrolment_id, e.id
"""
ORDERS = """
    SELECT enrolment_id, count(*) FILTER (WHERE state IN ('ordered', 'delivered')) AS owed
    FROM option_orders GROUP BY 1
"""
Rows = Sequence[Mapping[str, Any]]


def _counted(told: Rows, kind: str) -> dict[str, Counter[str]]:
    """How often each fact was told of each subject of that kind."""
    found: dict[str, Counter[str]] = {}
    for row in told:
        if row["key"].startswith(f"{kind}/"):
            found.setdefault(row["key"].removeprefix(f"{kind}/"), Counter())[row["kind"]] += 1
    return found


def _told_adds_up(told: Rows, placed: set[str]) -> None:
    last: Counter[str] = Counter()
    active: dict[str, str] = {}
    for row in told:
        key, kind = row["key"], row["kind"]
        last[key] += 1
        assert row["sequence"] == last[key], f"{key} has a gap"
        if kind in {PLACED, "EnrolmentWaitlisted"}:
            assert active.get(key) != kind, f"{key} has two of one"
            active[key] = kind
        elif kind in GONE or row["refused"]:
            active.pop(key, None)
    found = {key.removeprefix("enrolment/") for key, kind in active.items() if kind == PLACED}
    assert found == placed, "the places that were told are not those that are"


def _seats_add_up(told: Rows, rosters: Rows) -> None:
    of_rosters = _counted(told, "roster")
    for row in rosters:
        told_of = of_rosters.pop(row["id"], Counter())
        assert told_of["ParticipantRegistered"] - told_of["ParticipantCancelled"] == row["seats"]
        assert row["moved"] == row["seats"], "the entries do not sum to the seats"
        terms = {one["kind"]: one for one in json.loads(row["agreed"])["seats"]}
        extras = max(0, row["seats"] - terms[row["kind"]]["included"])
        assert told_of["ExtraParticipantAdded"] - told_of["ExtraParticipantRemoved"] == extras
    assert of_rosters == {}


def _teams_add_up(told: Rows, teams: Rows) -> None:
    of_teams = _counted(told, "team")
    for row in teams:
        told_of = of_teams.pop(row["id"], Counter())
        assert told_of["TeamMemberNamed"] - told_of["TeamMemberRemoved"] == row["members"] == row["size"]
        assert row["moved"] == row["size"], "the entries do not sum to the team"
        # Whoever left, came back and waits has agreed to nothing yet, and its team is gone.
        assert row["agreed"] is not None or (row["state"], row["size"]) == ("waitlisted", 0), dict(row)
        agreed = json.loads(row["agreed"] or '{"seats": []}')
        terms = [one for one in agreed["seats"] if one["attendance"] in {"team", "members"}]
        most = [one["included"] for one in terms if one["included"] is not None]
        assert row["size"] <= min(most, default=row["size"]), "more are named than there is room for"
    assert of_teams == {}


def _members_pay_nothing(told: Rows, members: Rows) -> None:
    """Nothing that invoices hear of is told of a member; and where it is invited is what was told of that."""
    of_members = _counted(told, "enrolment")
    assert len(members) == len(MEMBERS)
    for row in members:
        told_of = of_members.pop(row["id"], Counter())
        agreed = json.loads(row["agreed"])
        assert agreed["fees"] == []
        assert [one["extra"] for one in agreed["seats"]] == [None] * len(agreed["seats"])
        assert not told_of.keys() & PAID_FOR, "a member is asked to pay"
        assert row["state"] in {"enrolled", "withdrawn"}
        if row["state"] == "enrolled":
            assert told_of["MemberInvited"] - told_of["MemberUninvited"] == row["called"]


def _orders_add_up(told: Rows, orders: Rows) -> None:
    ordered = Counter(row["key"].removeprefix("enrolment/") for row in told if row["kind"] == "OptionOrdered")
    ordered.subtract(row["key"].removeprefix("enrolment/") for row in told if row["ordered"])
    assert +ordered == +Counter({row["enrolment_id"]: row["owed"] for row in orders}), "owed is what was agreed"


def lives() -> list[Any]:
    found: list[Any] = []

    @seed(23)
    @settings(max_examples=COUNT, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(LIVES)
    def tell(life: Any) -> None:
        found.append(life)

    tell()
    return found


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
    where = "has no line in ASKED of tests/support/every_command.py"
    every = {one.name: one for one in vars(acts).values() if isinstance(one, Act)}
    lacking = [name for name, act in every.items() if act not in ASKED]
    assert not lacking, f"{lacking} {where}"
    ours = {name for name, command in COMMANDS.items() if command.service == "enrollment"}
    assert ours <= every.keys(), f"{ours - every.keys()} {where}"


PARTED = "UPDATE organisations SET merged_into = NULL, merged_at = NULL WHERE merged_into IS NOT NULL"
"""Whoever was merged into another in one life is an organisation of its own in the next."""


async def begin(world: World, life: str, capacity: str) -> None:
    world.programme_id, world.capacity, world.taken, world.agreed = f"{P1}-{life}", capacity, 0, {}
    world.members_id = f"{P1}-{life}-medlemmer"
    world.move_to(START)
    world.names = {"token/staff": "who asked", "source/crm": "who asked"}
    emptied = [table for table in (*OWN, *OF_A_LIFE) if not table.startswith("organisation")]
    connection = await asyncpg.connect(world.admin_url)
    try:
        # The address book stays, although members of programmes stand in it; so nothing is asked of what points where.
        emptying = "; ".join(f"DELETE FROM {table}" for table in emptied)
        await connection.execute(f"SET session_replication_role = replica; {emptying}")
        await connection.execute(f"SET session_replication_role = origin; {SIGNED_IN}; {PARTED}")
    finally:
        await connection.close()
    published = PublishProgramme(file=text_of(world.programme_id, world.capacity))
    assert await world.ask(acts.PUBLISH, published, f"{life}-publish") == "yes"
    members = PublishProgramme(file=text_of_members(world.members_id))
    assert await world.ask(acts.PUBLISH, members, f"{life}-publish-members") == "yes"
    first = f"{world.members_id}.{MEMBERS[0]}"
    mailbox = PutOrganisation(code=first, main_email=f"post@k{first}.example")
    assert await world.ask(acts.PUT_ORGANISATION, mailbox, f"{life}-mailbox") == "yes"
    for programme_id in (world.programme_id, world.members_id):
        for number in range(len(MEETINGS)):
            fact = await meeting(world, MeetingScheduled, number, programme_id)
            await world.hear(fact, f"{life}-meeting-{number}-of-{programme_id}")


async def meeting(world: World, kind: type[MeetingFact], number: int, programme_id: str) -> MeetingFact:
    ref = await world.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", programme_id)
    group, day = MEETINGS[number]
    of_members = programme_id == world.members_id
    one = Meeting(
        id=f"{programme_id}-{number}",
        key=f"moede-{number}" if of_members else f"{group}-heldag-{number}",
        title="Møde",
        kind="temamoede" if of_members else "heldag",
        group=None if of_members else group,
        when=When.model_validate_json(json.dumps({"first_day": day, "last_day": day})),
    )
    data = {"owner": "/tovholder/scheduling", "programme": json.loads(ref), "meeting": one.model_dump(mode="json")}
    return kind.model_validate_json(json.dumps(data))


async def a_step(world: World, step: Step) -> StepCompleted:
    """One of the two that deliver an option, of somebody who may have ordered it, or may do so later, or never."""
    programme_id = world.programme_of(step)
    ref = await world.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", programme_id)
    option = OPTIONS[step.b % len(OPTIONS)]
    data = {
        "owner": "/tovholder/scheduling",
        "programme": json.loads(ref),
        "enrolment_id": enrolment_id(programme_id, CODES[step.a % len(CODES)]),
        "track": "kommunespor",
        "phase": "opstart",
        "step": option,
        "option": option,
        "completed_on": "2020-06-01",
    }
    return StepCompleted.model_validate_json(json.dumps(data))


async def go(world: World, step: Step, key: str) -> str:
    if step.name == WAIT:
        world.move_to(world.room.time + timedelta(days=DAYS[step.a % len(DAYS)], hours=1))
        await world.ring()
        return "waited"
    if step.name == CALLED_OFF:
        fact = await meeting(world, MeetingCancelled, step.a % len(MEETINGS), world.programme_of(step))
        for _ in range(2):
            await world.hear(fact, key)
        return "heard"
    if step.name == COMPLETED:
        told = await a_step(world, step)
        for _ in range(2):
            await world.hear(told, key)
        return "heard"
    act = next(one for one in ASKED if one.name == step.name)
    made = ASKED[act](await world.chance(step))
    command = await made if inspect.isawaitable(made) else made
    outcome = await world.ask(act, command, key)
    if step.c % 2:
        assert await world.ask(act, command, key) == outcome, "the same again is answered the same"
    # What an act has left to a timer that rings at once is as often not done yet when the next one comes.
    rings = step.b % 2 == 0
    if rings:
        await world.ring()
    if step.c % 2 == 0:
        before = await world.state()
        await world.ask(act, command, key)
        if rings:
            await world.ring()
        assert await world.state() == before, "asked twice it is done once"
    return outcome


async def live(world: World, step: Step, key: str, where: str) -> dict[str, list[str]]:
    """What was said, and what is kept and told afterwards."""
    world.move_to(world.room.time + timedelta(seconds=1))
    try:
        said = await go(world, step, key)
        await world.look()
    except Exception as error:
        error.add_note(f"{world.door}: {where}")
        raise
    return {"said": [said], **await world.state()}


@pytest.mark.timeout(60 + 60 * COUNT)
async def test_any_life_keeps_its_promises_and_is_the_same_by_both_doors(worlds: list[World]) -> None:
    outcomes: Counter[tuple[str, str]] = Counter()
    for number, (policy, given_when, when_full, drawn) in enumerate(lives()):
        beginning = number % len(BEGINNINGS)
        steps = [*BEGINNINGS[beginning], *drawn]
        given_then = "at_once" if beginning in AT_ONCE else given_when
        capacity = (
            f"  capacity: {{usual: 1, hard: 2, when_full: {when_full}, given: {given_then}}}\n"
            f"  reservation_allowed: true\n  forbehold: {{{policy}}}\n"
        )
        await asyncio.gather(*(begin(world, str(number), capacity) for world in worlds))
        for at, step in enumerate(steps):
            where = f"life {number}, step {at} of {capacity} {steps[: at + 1]}"
            api, intake = await asyncio.gather(*(live(world, step, f"{number}-{at}", where) for world in worlds))
            for what in api.keys() | intake.keys():
                assert api.get(what) == intake.get(what), f"{what}: {where}"
            outcomes[step.name, api["said"][0]] += 1
    for world in worlds:
        assert await world.pool.fetchval("SELECT count(*) FROM dead_letters") == 0
        assert await world.pool.fetchval("SELECT count(*) FROM parked_events") == 0
    never = {act.name for act in ASKED} - {name for name, outcome in outcomes if outcome == "yes"}
    assert not never, f"nobody says yes to {never}: a step of it belongs to a beginning; {outcomes}"
