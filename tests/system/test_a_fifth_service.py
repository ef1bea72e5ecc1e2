"""A fifth service is one folder and one contracts module: put into a copy of the tree, it runs beside the four.

Nothing else of the tree is edited. What is generated is generated anew; what cannot be derived is checked.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local import postgres
from deploy.local.access import known_login
from deploy.local.databases import database_name, roles
from deploy.local.datadir import ADMIN_PASSWORD
from deploy.local.locations import ROOT, cache_dir, service_names
from deploy.local.principals import OPERATOR, of_producer
from shared.messaging.kafka import client_options
from tests.support import external_producer as crm
from tests.support.eventually import eventually
from tests.support.external_producer import Producer

FIFTH = ROOT / "tests" / "support" / "fifth"
PARTS = ("deploy", "docs", "programmes", "services", "shared", "pyproject.toml", "docker-compose.yml")

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Tree:
    """A checkout with five services."""

    root: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(self.root), "TOVHOLDER_CACHE": str(cache_dir())}
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def contracts(self) -> str:
        """What the import contracts say of it."""
        tool = Path(sys.executable).with_name("lint-imports")
        environment = {**os.environ, "PYTHONPATH": str(self.root), "NO_COLOR": "1", "PYTHONWARNINGS": ""}
        done = subprocess.run(
            [tool, "--no-cache"], cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    root = tmp_path_factory.mktemp("five")
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, root / part)
    shutil.copytree(FIFTH, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return Tree(root)


def test_documents_compose_and_gateway_are_made_with_it(tree: Tree) -> None:
    for generator in ("deploy.docs", "deploy.compose"):
        done = tree.run(generator)
        assert done.returncode == 0, done.stderr

    page = (tree.root / "docs" / "events.md").read_text(encoding="utf-8")
    assert "## Told by `toy` (topic `tovholder.toy`)" in page
    assert "- `toy` gives the municipality a toy; natural key: toy" in page
    assert "| `tovholder.toy.GiveToy.v1` | `toy` |" in page
    assert json.loads((tree.root / "docs/schemas/tovholder.toy.ToyGiven.v1.schema.json").read_text(encoding="utf-8"))
    channels = yaml.safe_load((tree.root / "docs/asyncapi.yaml").read_text(encoding="utf-8"))["channels"]
    assert channels["toy"]["address"] == "tovholder.toy"
    composed = yaml.safe_load((tree.root / "docker-compose.yml").read_text(encoding="utf-8"))
    assert {"toy", "toy-migrate"} <= set(composed["services"])
    assert "toy_database_url" in composed["secrets"]
    assert "/api/toy/*" in (tree.root / "deploy/Caddyfile").read_text(encoding="utf-8")


def test_the_import_contracts_hold_for_it_too(tree: Tree) -> None:
    assert "0 broken" in tree.contracts()
    wrong = tree.root / "services" / "toy" / "domain" / "wrong.py"
    helpers = tree.root / "services" / "toy" / "helpers"
    try:
        wrong.write_text("import asyncio\n\nfrom services.invoicing.domain import claim\n", encoding="utf-8")
        helpers.mkdir()
        (helpers / "__init__.py").write_text("", encoding="utf-8")
        said = tree.contracts()
    finally:
        wrong.unlink()
        shutil.rmtree(helpers)
    for name in (
        "Every service has the same rooms, one above the other BROKEN",
        "Services never import each other BROKEN",
        "A domain is pure BROKEN",
    ):
        assert name in said


@pytest.fixture
def five(tree: Tree, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The addresses of the five services, the servers and the gateway, while the test lasts."""
    command = [sys.executable, "-m", "deploy.local.cli", "up", "--data-dir", str(tmp_path / "data"), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(tree.root), "TOVHOLDER_CACHE": str(cache_dir())}
    with subprocess.Popen(
        command, cwd=tree.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as up:
        try:
            assert up.stdout is not None
            line = up.stdout.readline()
            assert line, up.communicate()[1]
            yield json.loads(line)
        finally:
            up.send_signal(signal.SIGINT)
            up.communicate(timeout=90)


async def test_it_runs_beside_the_four(five: dict[str, Any], tree: Tree) -> None:
    assert set(five["services"]) == {*service_names(), "toy"}
    api = _api(five)

    async def counted() -> list[str]:
        return list((await api.get("/api/toy/toys")).json()["counted"])

    async def claimed() -> list[str]:
        claims = (await api.get("/api/invoicing/claims")).json()["claims"]
        return [claim["organisation"]["code"] for claim in claims]

    admitted = (crm.NAME, "--may", "enrollment", "--source", crm.SOURCE, "--data-dir", five["data_dir"])
    done = await asyncio.to_thread(tree.run, "deploy.local.cli", "producer", "add", *admitted)
    assert done.returncode == 0, done.stderr
    as_crm, as_operator = _login(five, of_producer(crm.NAME)), _login(five, OPERATOR)
    async with api, Producer(as_crm, name=crm.NAME) as other, Producer(as_operator) as producer:
        # Over the gateway, with an idempotency key, told on its own topic and heard by itself.
        given = await api.post("/api/toy/toys", json={"toy_id": "bold", "to": "Asta"}, headers={"Idempotency-Key": "1"})
        assert given.status_code == 201, given.text
        # Over the intake, which enrollment's door takes in.
        wish = {**crm.event("toy.GiveToy", "toy/bil", {"toy_id": "bil", "to": "Bo"}), "source": "/over-http"}
        asked = await api.post("/events", json=wish, headers={"Content-Type": "application/cloudevents+json"})
        assert asked.status_code == 202, asked.text
        # A fact that the four hear is heard here as well.
        await other.tell(crm.enrolled("0461"))
        await eventually(lambda: _is(counted, ["0461", "bil", "bold"]), 30, because="three toys are counted")
        await eventually(lambda: _is(claimed, ["0461"]), 30, because="the municipality's fee is claimed")

        # Its own stream begins with 1: what comes before the beginning waits for it.
        await producer.tell(_told_of_x("x2", sequence=2))
        await eventually(lambda: _gap(five), 30, because="the hole is seen")
        assert await counted() == ["0461", "bil", "bold"]
        await producer.tell(_told_of_x("x1", sequence=1))
        await eventually(lambda: _is(counted, ["0461", "bil", "bold", "x1", "x2"]), 30, because="the hole is filled")

    await _topics_and_roles(five)


def _api(five: dict[str, Any]) -> httpx.AsyncClient:
    token = Path(five["api_token_file"]).read_text(encoding="ascii")
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=five["gateway"], headers=headers, trust_env=False, timeout=30)


def _login(five: dict[str, Any], who: str) -> dict[str, Any]:
    return client_options(known_login(five["kafka"], five["kafka_secrets"], who))


def _told_of_x(toy_id: str, *, sequence: int) -> dict[str, Any]:
    said = {"owner": "/tovholder/toy", "toy_id": toy_id, "to": "C"}
    return crm.event("toy.ToyGiven", "toy/x", said, sequence=sequence) | {"source": "/tovholder/toy"}


async def _is(counted: Any, expected: list[str]) -> bool:
    return bool(await counted() == expected)


async def _gap(five: dict[str, Any]) -> bool:
    answer = await _ask(five, "SELECT subject FROM parked_keys WHERE reason = 'gap'")
    return answer == ["toy/x"]


async def _ask(five: dict[str, Any], sql: str) -> list[Any]:
    connection = await asyncpg.connect(_admin(five, database_name("toy")))
    try:
        return [row[0] for row in await connection.fetch(sql)]
    finally:
        await connection.close()


def _admin(five: dict[str, Any], database: str) -> str:
    password = (Path(five["data_dir"]) / "secrets" / ADMIN_PASSWORD).read_text(encoding="ascii").strip()
    return f"postgresql://{postgres.ADMIN}:{password}@{five['postgres']}/{database}"


async def _topics_and_roles(five: dict[str, Any]) -> None:
    admin = AIOKafkaAdminClient(**_login(five, OPERATOR))
    await admin.start()
    try:
        assert "tovholder.toy" in await admin.list_topics()
    finally:
        await admin.close()
    made = await _ask(five, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'toy%'")
    assert set(made) == set(roles("toy"))
