"""All services behind one address, in one process: what one tells, the others hear when `tell_each_other` says so.

`filled` makes it a large installation: a programme of all municipalities with 40 meetings, forms that wait, a waiting
list, teams, options, a forbehold, invoices, mails that were refused, a text to many.
"""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from playwright.async_api import Browser, BrowserContext
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.local.ports import HOST
from services.enrollment.domain.address_book import unit_key
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.entrypoints.kafka import SUBSCRIPTIONS
from services.enrollment.entrypoints.timers import TIMERS
from services.enrollment.usecases.add_client import AddClient, add_client
from services.enrollment.usecases.begin_programme_draft import BeginProgrammeDraft, begin_programme_draft
from services.enrollment.usecases.grant_role import GrantRole, grant_role
from services.enrollment.usecases.import_in_steps import BeginImport, begin_import
from services.enrollment.usecases.invite_guest import invite_guest
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.order_option import order_option
from services.enrollment.usecases.put_organisation import PutOrganisation, PutUnit, put_organisation
from services.notifications.usecases.write_to_many import AttachFile, BeginWriting, attach_file, begin_writing
from services.scheduling.domain.meeting import meeting_id
from services.scheduling.usecases.set_meeting_date import set_meeting_date
from shared.base.tasks import alongside
from shared.contracts.enrollment import InviteGuest, NameTeamMember, OrderOption, ProgrammePublished
from shared.contracts.event import Event
from shared.contracts.parties import Billing
from shared.contracts.programme import MeetingPlan
from shared.contracts.scheduling import SetMeetingDate
from shared.messaging.subscriptions import On
from shared.runtime.application import web_application
from shared.runtime.running import Server
from shared.web.connections import Connection
from tests.integration.scheduling.test_steps import TRACKS
from tests.support.branch import Branch, open_branch
from tests.support.browser import visitor
from tests.support.enrollment_desk import AARHUS, P1, sign_up
from tests.support.facts import BILLING
from tests.support.oidc import Provider
from tests.support.room import Room
from tests.support.servers import MakeDatabase
from tests.support.stack import MUNICIPALITIES
from tests.support.workplace import Workplace, open_workplace

START = datetime(2020, 6, 1, 8, tzinfo=UTC)
INVOICED = datetime(2020, 9, 15, 8, tzinfo=UTC)
"""When invoicing hears of everything, and rings what is due: the fees have fallen due."""
MEETINGS = 40
PLACE = enrolment_id(P1, AARHUS)
PLANS = tuple(
    MeetingPlan(
        key=f"moede-{number}",
        title=f"{number}. møde i {'Vest' if number % 2 else 'Øst'}",
        kind="temadag" if number == 1 else "heldag",
        group="vest" if number % 2 else "oest",
        precision="undated",
    )
    for number in range(1, MEETINGS + 1)
)
FIRST, OF_ALL = (meeting_id(P1, PLANS[at].key) for at in (0, 2))
"""The team's day, and one that people are registered for."""


@dataclass(slots=True)
class Whole:
    url: str
    workplace: Workplace
    rooms: Mapping[str, Room]

    @property
    def pools(self) -> Mapping[str, Any]:
        return {name: room.pool for name, room in self.rooms.items()}

    async def tell_each_other(self, *, as_written: bool = False) -> None:
        """Until nobody has anything new for anybody, each rings what is due. `as_written`: a programme has the meetings
        of its file.
        """
        for _ in range(6):
            told: list[tuple[str, Event]] = []
            for name, room in self.rooms.items():
                await room.ring()
                told += [(name, fact) for fact in await room.told()]
            if not told:
                return
            for name, room in self.rooms.items():
                known = {entry.fact.type for entry in room.subscriptions if isinstance(entry, On)}
                heard = [fact for of, fact in told if of != name and fact.type in known]
                await room.hear(*(heard if as_written else map(_as_heard, heard)))

    async def browser(
        self, chromium: Browser, client: httpx.AsyncClient | None, *, width: str = "desktop", scripts: bool = True
    ) -> BrowserContext:
        """A real browser, of whoever is signed in with `client`; None = of somebody whom nobody knows."""
        context = await visitor(chromium, self, width=width, scripts=scripts)
        for one in client.cookies.jar if client else ():
            await context.add_cookies(
                [
                    {
                        "name": one.name,
                        "value": one.value or "",
                        "url": self.url.replace("http:", "https:"),
                        "secure": True,
                        "httpOnly": True,
                        "sameSite": "Lax",
                    }
                ]
            )
        return context


def _as_heard(fact: Event) -> Event:
    """The programme has tracks and this many meetings: no file of ours has both."""
    if not isinstance(fact, ProgrammePublished):
        return fact
    return fact.model_copy(update={"terms": fact.terms.model_copy(update={"meetings": PLANS, "tracks": TRACKS})})


@dataclass
class _Gateway:
    """As in production: the first part of a path names its service, and everything else is enrollment's; what is the
    same for everybody is compressed.
    """

    services: Mapping[str, ASGIApp]
    static: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        self.static = GZipMiddleware(self.services["enrollment"], compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/")[1]
        of_all = self.static if first == "static" else self.services["enrollment"]
        await self.services.get(first, of_all)(scope, receive, send)


@asynccontextmanager
async def open_whole(
    database: MakeDatabase, link_key_file: Path, provider: Provider, folder: Path
) -> AsyncIterator[Whole]:
    """Nobody has published anything yet."""
    async with AsyncExitStack() as stack:
        workplace = await stack.enter_async_context(open_workplace(database, link_key_file, provider, folder))
        branches: dict[str, Branch] = {}
        for name in ("scheduling", "invoicing", "notifications"):
            opened = open_branch(name, database, link_key_file, folder, seed=workplace.seed, start=START)
            branches[name] = await stack.enter_async_context(opened)
        branches["invoicing"].room.time = INVOICED
        # Nobody sends what is told here, which would be a reason to take nothing more in.
        workplace.host.outbox._too_old = math.inf
        own = Room("enrollment", workplace.host.pool, SUBSCRIPTIONS, TIMERS, START, links=workplace.host.settings.links)
        hosts = {"enrollment": workplace.host, **{name: branch.host for name, branch in branches.items()}}
        gateway = _Gateway({name: web_application(host) for name, host in hosts.items()})
        server = Server(
            uvicorn.Config(
                gateway,
                host=HOST,
                port=0,
                access_log=False,
                log_config=None,
                http=Connection,
                lifespan="off",
                ws="none",
            )
        )
        stop = asyncio.Event()
        async with alongside(server.run_until(stop)):
            url = f"http://{HOST}:{await server.port()}"
            rooms = {"enrollment": own, **{name: one.room for name, one in branches.items()}}
            try:
                yield Whole(url, workplace, rooms)
            finally:
                stop.set()


async def filled(whole: Whole, text: str) -> None:
    """`text` is the programme's file; it has options, a team's day, a role for invoices and a form."""
    desk, rooms = whole.workplace.desk, whole.rooms
    unit = PutUnit(id="unge", name="Unge")
    entry = PutOrganisation(code=AARHUS, main_email="post@aarhus.example", units=(unit,))
    await desk.ask(put_organisation, entry)
    await desk.publish(text)
    await whole.tell_each_other()
    for number, plan in enumerate(PLANS[:-3]):
        day = date(2020, 9, 8) + timedelta(days=14 * number)
        dated = SetMeetingDate(
            meeting_id=meeting_id(P1, plan.key), day=day, starts="09:30", ends="15:00", place="Salen"
        )
        await rooms["scheduling"].ask(set_meeting_date, dated)
    await whole.tell_each_other()
    answers = {"opbakning": "ja"}
    many = [one for one in MUNICIPALITIES if one != AARHUS]
    await desk.enrol(sign_up(AARHUS, answers=answers, forbehold=True, billing=BILLING))
    await desk.enrol(
        *(sign_up(one, answers=answers, billing=BILLING if one < "05" else Billing()) for one in many[:-6])
    )
    await desk.ask(order_option, OrderOption(enrolment_id=PLACE, option_id="sager", accepted_price_ore=9_500_000))
    for number, name in enumerate(("Anna Andersen", "Bo Bentsen", "Carla Clausen")):
        await desk.register(PLACE, OF_ALL, name, price=100_000 if number else None)
    await desk.ask(name_team_member, NameTeamMember(enrolment_id=PLACE, name="Dorte", email="dorte@k0751.example"))
    guest = InviteGuest(programme_id=P1, meeting_id=OF_ALL, name="Lærke Larsen", email="laerke@fgu.example")
    await desk.ask(invite_guest, guest)
    for number, code in enumerate(many[-6:-1]):
        email = f"frode@elsewhere{number}.example"
        form = await desk.form(code, caller=f"192.0.2.{number}", contact_email=email, answers=answers)
        await desk.press(form)
    await desk.ask(add_client, AddClient(client="crm", scopes=("enrol",), days=30, sha256=sha256(b"crm").hexdigest()))
    await desk.ask(grant_role, GrantRole(email="laeser@tovholder.example", role="reader"))
    draft = BeginProgrammeDraft(source="skabelon:flere-i-arbejde", programme_id="et-nyt", title="Et nyt", year=2027)
    await desk.ask(begin_programme_draft, draft)
    head, row = "kommunekode;navn;e-mail;rolle;svar: opbakning", f"Ib Larsen;ib@k{many[-1]}.example;kontakt;ja"
    sheet = f"{head}\n{many[-1]};{row}\n".encode()
    await desk.ask(begin_import, BeginImport(programme_id=P1, content=base64.b64encode(sheet).decode()))
    await whole.tell_each_other()
    await rooms["invoicing"].ring(INVOICED + timedelta(days=30))
    await whole.tell_each_other()
    await _mails(whole.rooms["notifications"])
    await whole.tell_each_other()


async def _mails(room: Room) -> None:
    await room.pool.execute("UPDATE messages SET state = 'sent', sent_at = written_at")
    for state, reply, at in (("failed", "smtp_550", 0), ("unknown", "", 1)):
        await room.pool.execute(
            """UPDATE messages SET state = $1, reply = $2, sent_at = NULL
               WHERE id = (
                   SELECT id FROM messages WHERE template = 'place_confirmed' ORDER BY number OFFSET $3 LIMIT 1
               )""",
            state,
            reply,
            at,
        )
    draft = BeginWriting(programme_id=P1, headline="Nyt", body="Hej {navn}.", audience="contacts")
    begun = await room.ask(begin_writing, draft)
    content = base64.b64encode(b"%PDF-1.7\n%%EOF\n").decode()
    document = AttachFile(
        programme_id=P1,
        writing_id=begun["writing_id"],
        called="Dagsorden.pdf",
        content=content,
        access="no",
        why_not="Den er scannet",
    )
    await room.ask(attach_file, document)


_AT_ONE = f"""
    SELECT s.person_id FROM seats s JOIN rosters r ON r.id = s.roster_id
    WHERE r.enrolment_id = '{PLACE}' AND r.meeting_id = '{OF_ALL}'
"""
PARTS: Mapping[str, Mapping[str, str]] = {
    "enrollment": {
        "code": f"SELECT '{AARHUS}'",
        "enrolment_id": f"SELECT '{PLACE}'",
        "meeting_id": f"SELECT '{OF_ALL}'",
        "option_id": "SELECT 'sager'",
        "sign_up_id": "SELECT id FROM sign_ups ORDER BY received_at LIMIT 1",
        "sought": f"SELECT '{PLACE}'",
        "unit": f"SELECT '{unit_key('unge')}'",
        "draft_id": "SELECT id FROM programme_drafts LIMIT 1",
        "where": "SELECT 'meetings.2'",
        "import_id": "SELECT id FROM sheet_imports LIMIT 1",
        "grant_id": "SELECT max(id)::text FROM role_grants",
        "session_id": "SELECT id FROM sessions LIMIT 1",
        "client": "SELECT 'crm'",
        "person_id": f"{_AT_ONE} ORDER BY s.number LIMIT 1",
        "role_id": "SELECT 'faktura'",
        "round": "SELECT '1'",
    },
    "scheduling": {
        "person_id": "SELECT 'w1'",
        "enrolment_id": f"SELECT '{PLACE}'",
        "meeting_id": f"SELECT '{OF_ALL}'",
        "sought": f"SELECT '{OF_ALL}'",
    },
    "invoicing": {
        "person_id": "SELECT 'w1'",
        "claim_id": "SELECT id FROM claims ORDER BY (state = 'waiting') DESC, id LIMIT 1",
        "invoice_id": "SELECT id FROM invoices ORDER BY number LIMIT 1",
        "document_id": "SELECT id FROM invoices ORDER BY number LIMIT 1",
        "suffix": "SELECT 'pdf'",
        "sought": "SELECT id FROM invoices ORDER BY number LIMIT 1",
    },
    "notifications": {
        "person_id": "SELECT 'w1'",
        "message_id": "SELECT id FROM messages WHERE state = 'failed' LIMIT 1",
        "number": "SELECT '1'",
        "sought": "SELECT id FROM messages WHERE state = 'failed' LIMIT 1",
        "writing_id": "SELECT id FROM writings LIMIT 1",
        "place": "SELECT '0'",
    },
}
"""Of each service, by the name of a parameter of its paths: what finds one in a filled installation."""
SOMEBODY = {
    "/hold/": f"SELECT person_id FROM team_members WHERE enrolment_id = '{PLACE}' LIMIT 1",
    "/gaester/": "SELECT guest_id FROM guests LIMIT 1",
    "/betaler/": f"{_AT_ONE} ORDER BY s.number DESC LIMIT 1",
}
"""Whom `person_id` is about in paths that are about somebody else than whoever has a seat."""


async def address(whole: Whole, service: str, template: str, parameters: list[str]) -> str:
    """Where one such page is; KeyError = nobody has said in PARTS where there is one of them."""
    found = template
    for name in parameters:
        asked = next((one for part, one in SOMEBODY.items() if name == "person_id" and part in template), None)
        value = P1 if name == "programme_id" else await whole.pools[service].fetchval(asked or PARTS[service][name])
        assert value is not None, f"{template}: there is no {name}"
        for kind in ("", ":int", ":path"):
            found = found.replace(f"{{{name}{kind}}}", str(value))
    return found
