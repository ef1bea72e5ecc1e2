"""A service with one table of things, to try the runtime with. `python -m tests.support.toy` runs it as a process."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import httpx
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from shared.base.acts import act, act_together
from shared.base.answers import Answer, Asked
from shared.base.cause import Cause
from shared.contracts.enrollment import PersonErased
from shared.contracts.event import Command
from shared.contracts.refusal import Refused
from shared.runtime.application import web_application
from shared.runtime.service import Host, Service, open_host
from shared.runtime.settings import ServiceSettings
from shared.runtime.timers import Timer, at
from shared.runtime.why import Effect
from shared.storage.tx import Tx
from shared.web.forms import Form, read_form
from shared.web.gate import Caller
from shared.web.routes import read, write
from tests.support.eventually import eventually
from tests.support.servers import Database

STAFF_TOKEN = "staff-token-of-the-tests"  # noqa: S105 # guards nothing
READER_TOKEN = "reader-token-of-the-tests"  # noqa: S105 # as above
WRITER_TOKEN = "writer-token-of-the-tests"  # noqa: S105 # as above
TOKENS = ",".join(
    f"{name}:{hashlib.sha256(token.encode()).hexdigest()}{scopes}"
    for name, token, scopes in (
        ("staff", STAFF_TOKEN, ""),
        ("reader", READER_TOKEN, ":toy.things"),
        ("writer", WRITER_TOKEN, ":toy.PutThing+toy.MoveThing+toy.things"),
    )
)

HELD = 20200615
"""The advisory lock that a test takes to hold up what is called `held`."""


class PutThing(Command):
    """`name` `taken` is always refused, `n` beyond 1000 is refused by the table, and `bug` divides by zero.

    `held` stays in its transaction, idle, as long as somebody else has the lock HELD.
    """

    type: ClassVar[str] = "tovholder.toy.PutThing.v1"
    service: ClassVar[str] = "toy"

    name: str
    n: int
    note: str = ""


class MoveThing(Command):
    type: ClassVar[str] = "tovholder.toy.MoveThing.v1"
    service: ClassVar[str] = "toy"

    name: str
    place: int
    n: int = 0


async def put_thing(tx: Tx, command: PutThing) -> Answer:
    if command.name == "taken":
        raise Refused("name_taken", "Navnet er taget.", field="name", seats_left=0)
    if command.name == "bug":
        raise ZeroDivisionError("a bug")
    await tx.execute("INSERT INTO things (name, n) VALUES ($1, $2)", command.name, command.n)
    tx.publish(PersonErased(owner=tx.source, person_id=command.name))
    if command.name == "held":
        await eventually(lambda: tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", HELD), because="HELD is free")
    if command.name == "timed":
        tx.arm("ring", "timed", tx.now, {"n": command.n})
    return Answer({"name": command.name, "n": command.n}, location=f"/api/toy/things/{command.name}")


async def put_things(tx: Tx, asked: Sequence[Asked[PutThing]]) -> Sequence[Answer | Refused]:
    """Set-based: one statement for all, so that one bad row fails them all until it stands alone."""
    if any(one.command.name == "bug" for one in asked):
        raise ZeroDivisionError("a bug")
    fine = [one for one in asked if one.command.name != "taken"]
    await tx.execute(
        "INSERT INTO things (name, n, place) SELECT * FROM unnest($1::text[], $2::int[], $3::int[])",
        [one.command.name for one in fine],
        [one.command.n for one in fine],
        [len(asked)] * len(fine),
    )
    for one in fine:
        tx.publish(PersonErased(owner=tx.source, person_id=one.command.name), because=one.cause)
    return [
        Refused("name_taken", "Navnet er taget.") if one.command.name == "taken" else Answer({"name": one.command.name})
        for one in asked
    ]


async def move_thing(tx: Tx, command: MoveThing) -> Answer:
    await tx.execute("UPDATE things SET place = $2 WHERE name = $1", command.name, command.place)
    return Answer({"name": command.name, "place": command.place})


async def list_things(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    rows = await tx.fetch("SELECT name, n, place FROM things ORDER BY name")
    return {"things": [dict(row) for row in rows], "asked": dict(query)}


async def get_thing(tx: Tx, query: Mapping[str, str]) -> dict[str, Any]:
    row = await tx.fetchrow("SELECT name, n FROM things WHERE name = $1", query["name"])
    if row is None:
        raise Refused("unknown_thing", "Den findes ikke.", status=404)
    return dict(row)


async def ring(tx: Tx, timers: Sequence[Timer]) -> None:
    """Writes down what rang; `bad` ones break the table's rule, `again` ones are armed once more."""
    for timer in timers:
        await tx.execute(
            "INSERT INTO rung (timer, key, due, at, together, actor) VALUES ($1, $2, $3, $4, $5, $6)",
            timer.name,
            timer.key,
            timer.due,
            tx.now,
            len(timers),
            timer.cause.actor,
        )
        if timer.key.startswith("bad"):
            raise ZeroDivisionError("a bug")
        if timer.key == "again" and timer.data.get("left"):
            tx.arm(timer.name, timer.key, timer.due, {"left": timer.data["left"] - 1}, because=timer.cause)


async def explain(tx: Tx, sought: str) -> Effect | None:
    row = await tx.fetchrow("SELECT name FROM things WHERE name = $1", sought)
    return None if row is None else Effect("ting", f"Tingen {row['name']}", Cause("c", "e-1", "token/staff"))


PUT = act(PutThing, put_thing, status=201)
PUT_MANY = act_together(PutThing, put_things, status=201)
MOVE = act(MoveThing, move_thing)

ROUTES = (
    write("POST", "/api/toy/things", PUT),
    write("POST", "/api/toy/many", PUT_MANY),
    write("PUT", "/api/toy/things/{name}/place/{place}", MOVE),
    read("/api/toy/things", list_things),
    read("/api/toy/things/{name}", get_thing),
)
LABELS = {"name": "Navn", "n": "Antal"}


def pages(host: Host) -> Sequence[BaseRoute]:
    async def show(_request: Request) -> Response:
        return host.pages.render("toy/thing.html", form=host.gate.open(Form(labels=LABELS)))

    async def send(request: Request) -> Response:
        form = await read_form(request, labels=LABELS)
        if not host.gate.passes(form):
            return host.pages.render("toy/thing.html", status=422, form=form)
        command = form.command(PutThing)
        if command is None:
            return host.pages.render("toy/thing.html", status=422, form=form)
        reply = await host.door.submit(PUT, command, form.key, actor="form", patient=True)
        refused = reply.refusal()
        if refused:
            return host.pages.render("toy/thing.html", status=refused.status, form=form.refuse(refused))
        return RedirectResponse("/ting/tak", 303)

    async def broken(_request: Request) -> Response:
        raise ZeroDivisionError("contact@kommune.example")

    async def limited(_request: Request) -> Response:
        await host.gate.admit("test", Caller("somebody"), limit=3, seconds=3600)
        return Response("fine")

    return [
        Route("/ting", show, methods=["GET"]),
        Route("/ting", send, methods=["POST"]),
        Route("/ting/hemmelig/{token}", show, methods=["GET"]),
        Route("/fejl", broken),
        Route("/begraenset", limited),
    ]


SERVICE = Service(
    name="toy",
    settings=ServiceSettings,
    routes=ROUTES,
    timers=(at("ring", ring), at("alarm", ring)),
    pages=pages,
    explain=explain,
    commands={"count": len},
    home=Path(__file__).parent,
)


@dataclass(slots=True)
class Desk:
    """A running toy service in this process, without Kafka: its host, and clients for staff and a reader."""

    host: Host
    database: Database
    staff: httpx.AsyncClient
    reader: httpx.AsyncClient
    writer: httpx.AsyncClient
    nobody: httpx.AsyncClient

    async def put(
        self, name: str = "kurv", n: int = 1, *, key: str = "k", path: str = "/api/toy/things"
    ) -> httpx.Response:
        return await self.staff.post(path, json={"name": name, "n": n}, headers={"Idempotency-Key": key})

    async def count(self, table: str = "things") -> int:
        found: int = await self.host.pool.fetchval(f"SELECT count(*) FROM {table}")
        return found


def settings_for(database: Database, link_key_file: Path, **more: Any) -> ServiceSettings:
    values: dict[str, Any] = {
        "database_url": database.url,
        "migration_url": database.owner_url,
        "api_tokens": TOKENS,
        "link_key_file": link_key_file,
        "public_url": "http://toy.example",
        "http_port": 0,
    }
    return ServiceSettings(**(values | more))


@asynccontextmanager
async def a_desk(database: Database, link_key_file: Path, **more: Any) -> AsyncIterator[Desk]:
    """The toy service behind an ASGI transport, on a migrated database."""
    host = await open_host(SERVICE, settings_for(database, link_key_file, **more))
    transport = httpx.ASGITransport(app=web_application(host))

    def client(token: str | None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=transport, base_url="http://toy.example", headers=headers)

    async with (
        client(STAFF_TOKEN) as staff,
        client(READER_TOKEN) as reader,
        client(WRITER_TOKEN) as writer,
        client(None) as nobody,
    ):
        try:
            yield Desk(host, database, staff, reader, writer, nobody)
        finally:
            await host.door.close()
            await host.pool.close()
