"""Whatever the OpenAPI documents let one ask for is answered as they say; nothing that is asked breaks a service."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deploy.local.locations import ROOT, service_names
from services.enrollment.adapters.papers import PAPERS
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.receive_sign_up import ReceiveSignUp, receive_sign_up
from shared.base.ids import seed_ids
from shared.base.links import Links
from shared.messaging.subscriptions import Intake, On
from shared.runtime.running import Running
from shared.runtime.service import Service, open_host
from shared.web.routes import Write, path_parameters
from tests.integration.bounds.test_nothing_halts_a_service import A_YEAR_LATER, AT, LATER, SERVICES, Fuzzed, fuzzed
from tests.integration.bounds.test_nothing_halts_a_service import EXAMPLES as EVENTS
from tests.support.enrollment_desk import HVIDOVRE, programme_text, sign_up
from tests.support.facts import COMMAND_EXAMPLES, ENROLMENT_ID, MEETING, PERSON, PROGRAMME
from tests.support.servers import Database, MakeDatabase

TOKEN = "staff-of-the-tests"  # noqa: S105  (known to one test run only)
SECONDS = os.environ.get("TOVHOLDER_API_SECONDS", "60")
"""How long each service is asked for as much as there is time for."""
ENDS = LATER | {"tovholder.enrollment.ExtraParticipantRemoved.v1"}
BEGINS = {
    f"tovholder.{name}.v1"
    for name in ("enrollment.EnrolMunicipality", "enrollment.RegisterParticipant", "scheduling.SetMeetingDate")
}
PHASES = ("coverage", "fuzzing", "stateful")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)


def found_in(answer: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each text in it, by the name that it has there."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield from found_in(value, key)
    elif isinstance(answer, list):
        for one in answer:
            yield from found_in(one, name)
    elif isinstance(answer, str):
        yield name, answer


async def ids_that_are_there(client: httpx.AsyncClient, document: dict[str, Any]) -> dict[str, list[str]]:
    """What a path may name, as the lists of the service show it."""
    wanted = {name for path in document["paths"] for name in path_parameters(path)}
    known = {
        "programme_id": [PROGRAMME.id],
        "enrolment_id": [ENROLMENT_ID],
        "meeting_id": [MEETING.id],
        "person_id": [PERSON.person_id],
        "paper": ["enrolments", *PAPERS],
        "version": ["1"],
    }
    for path, methods in document["paths"].items():
        if "get" not in methods or path_parameters(path) or path.endswith("/why"):
            continue
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        one_of = path.rpartition("/")[2].removesuffix("s").replace("-", "_")
        for name, value in found_in(answer.json()):
            for one in wanted & {name, f"{one_of}_{name}"}:
                known.setdefault(one, []).append(value)
    return known


def bodies_that_are_taken(service: Service) -> dict[str, dict[str, Any]]:
    """For each operation an ordinary body."""
    usual = {one.type: one.model_dump(mode="json", exclude_defaults=True) for one in COMMAND_EXAMPLES} | {
        "PublishProgramme": {"file": programme_text()},
        "PutOrganisation": {"main_email": "post@kobenhavn.example", "domains": ["kobenhavn.example"]},
        "ImportAddresses": {
            "content": base64.b64encode(b"kommunekode;hovedpostkasse\n0101;post@kobenhavn.example\n").decode(),
            "dry_run": False,
        },
    }
    bodies = {}
    for route in service.routes:
        if isinstance(route, Write) and route.act.name in usual:
            inside = path_parameters(route.path)
            body = {name: value for name, value in usual[route.act.name].items() if name not in inside}
            bodies[route.name] = body
    return bodies


async def some_life(one: Fuzzed) -> None:
    """Something of each kind is there to be asked for, and not yet at its end."""
    if one.service.name == "enrollment":
        await one.room.ask(publish_programme, PublishProgramme(file=programme_text()))
        await one.room.ask(receive_sign_up, ReceiveSignUp(form=sign_up(HVIDOVRE), caller="192.0.2.1"))
    told = [entry.fact.type for entry in one.service.subscriptions if isinstance(entry, On)]
    asked = [entry.act.name for entry in one.service.subscriptions if isinstance(entry, Intake)]
    begins = [name for name in EVENTS if (name in told and name not in ENDS) or (name in asked and name in BEGINS)]
    await one.take([one.record({**EVENTS[name], "id": name}) for name in begins])
    if one.service.name in {"invoicing", "notifications"}:
        await one.room.ring(A_YEAR_LATER)
    assert one.halts == {}


async def asked_by_its_document(service: str, base: str, known: Path) -> tuple[int, str]:
    """How schemathesis ended, and what it said."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{base}/api/{service}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {TOKEN}", "--phases", ",".join(PHASES), "--seed", "11"]
    command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--no-color"]
    command += ["--max-time", SECONDS, "--generation-database", "none", "--warnings", "off"]
    hooks = {
        # What Hypothesis knows of Unicode takes ten seconds to make; here it lies already.
        "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),
        "SCHEMATHESIS_HOOKS": "tests.support.known_ids",
        "TOVHOLDER_KNOWN_IDS": str(known),
        "PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))).rstrip(os.pathsep),
    }
    asking = await asyncio.create_subprocess_exec(
        *command, cwd=known.parent, env={**os.environ, **hooks}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        said, _ = await asking.communicate()
    finally:
        if asking.returncode is None:
            asking.kill()
    return asking.returncode or 0, said.decode()


@pytest.mark.api
@pytest.mark.timeout(600)
@pytest.mark.parametrize("service", service_names())
async def test_every_operation_answers_as_its_document_says(
    database: MakeDatabase, links: Links, link_key_file: Path, tmp_path: Path, service: str
) -> None:
    where = await database(service)

    async def made(_: str) -> Database:
        return where

    async with fuzzed(SERVICES[service], made, links) as one:
        await some_life(one)
    settings = SERVICES[service].settings(
        database_url=SecretStr(where.url),
        http_port=0,
        api_tokens=SecretStr(f"staff:{sha256(TOKEN.encode()).hexdigest()}"),
        link_key_file=link_key_file,
        simulated_start=AT,
    )
    host = await open_host(SERVICES[service], settings)
    # Nobody sends what is told here, which would be a reason to take nothing more in.
    host.outbox._too_old = math.inf
    running = Running(host, "web")
    await running.start()
    try:
        base = f"http://127.0.0.1:{running.port}"
        async with httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            document = (await client.get(f"/api/{service}/openapi.json")).json()
            ids = await ids_that_are_there(client, document)
        known = tmp_path / "known.json"
        known.write_text(json.dumps({"ids": ids, "bodies": bodies_that_are_taken(SERVICES[service])}))
        status, said = await asked_by_its_document(service, base, known)
        tested = f"Tested: {sum(len(methods) for methods in document['paths'].values())}\n"
        assert status == 0, said
        assert tested in said, said
    finally:
        await running.stop()
        seed_ids(None)
