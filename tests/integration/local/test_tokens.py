"""`tovholder token`: made, listed, exchanged and revoked in every service's database at once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy import compose_secrets
from deploy.local import stack, tokens
from deploy.local.cli import app
from deploy.local.errors import StackError
from shared.storage.pool import open_pool
from shared.web.tokens import Keyring, Tokens
from tests.support.servers import MakeDatabase

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SERVICES = ("enrollment", "scheduling")
END = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
async def databases(database: MakeDatabase) -> dict[str, str]:
    return {service: (await database(service)).url for service in SERVICES}


async def opens(dsn: str, token: str) -> frozenset[str]:
    """What the token opens in this service; nothing if it is none."""
    pool = await open_pool(dsn, "test", size=1)
    try:
        principal = await Keyring(Tokens(()), pool).principal(token)
    finally:
        await pool.close()
    return principal.scopes if principal else frozenset()


async def test_a_token_holds_in_every_service_until_it_is_revoked(databases: dict[str, str]) -> None:
    token = await tokens.add(databases, "crm", ["enrol"], ["/crm"], END)
    assert [await opens(dsn, token) for dsn in databases.values()] == [{"enrol"}, {"enrol"}]
    (client, services) = (await tokens.known(databases))["crm"]
    assert (client.sources, client.ends, services) == (("/crm",), (END,), SERVICES)

    other = await tokens.renew(databases, "crm", END)
    assert other != token
    await tokens.revoke(databases, "crm", release=False)
    for one in (token, other):
        assert [await opens(dsn, one) for dsn in databases.values()] == [frozenset(), frozenset()]
    with pytest.raises(StackError, match="no token that could be revoked"):
        await tokens.revoke(databases, "crm", release=False)


async def test_what_one_service_refuses_is_in_none(databases: dict[str, str]) -> None:
    await tokens.add({"scheduling": databases["scheduling"]}, "cms", ["enrol"], ["/crm"], END)
    with pytest.raises(StackError, match="is the source of token/cms"):
        await tokens.add(databases, "crm", ["enrol"], ["/crm"], END)
    assert "crm" not in await tokens.known(databases)


async def test_what_lies_in_one_service_only_is_revoked_all_the_same(databases: dict[str, str]) -> None:
    token = await tokens.add({"scheduling": databases["scheduling"]}, "cms", ["enrol"], [], END)
    await tokens.revoke(databases, "cms", release=False)
    assert await opens(databases["scheduling"], token) == frozenset()


async def test_of_two_that_make_the_same_client_at_once_one_does(databases: dict[str, str]) -> None:
    made = await asyncio.gather(
        *(tokens.add(databases, "crm", ["enrol"], [], END) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in made) == ["StackError", "str"]
    connection = await asyncpg.connect(databases["enrollment"])
    assert await connection.fetchval("SELECT count(*) FROM client_tokens") == 1
    await connection.close()


def test_the_end_is_a_day_or_a_number_of_days_and_never_far() -> None:
    assert tokens.read_end(None, NOW) == NOW + timedelta(days=365)
    assert tokens.read_end("90d", NOW) == NOW + timedelta(days=90)
    assert tokens.read_end("2026-06-30", NOW) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    for wrong in ("2026-04-30", "0d", "9999d", "i morgen", "2026-13-01", "9999-12-31"):
        with pytest.raises(StackError, match="--until"):
            tokens.read_end(wrong, NOW)


@pytest.mark.parametrize(
    ("name", "scopes", "sources", "said"),
    [
        ("CRM", ["enrol"], [], "CRM"),
        ("local", ["enrol"], [], "miljøet"),
        ("compose", ["staff"], [], "miljøet"),
        ("crm", [], [], "--may"),
        ("crm", ["enrollment.Everything"], [], r"enrollment\.Everything"),
        ("crm", ["enrol"], ["a b"], "--source"),
        ("crm", ["enrol"], [""], "--source"),
    ],
)
def test_words_that_mean_nothing_are_refused(name: str, scopes: list[str], sources: list[str], said: str) -> None:
    with pytest.raises(StackError, match=said):
        tokens.check_words(name, scopes, sources)


def test_the_names_that_installations_give_themselves_are_nobody_elses() -> None:
    assert {stack.TOKEN_NAME, compose_secrets.TOKEN_NAME} == tokens.OF_INSTALLATIONS


def test_lists_and_own_commands_of_services_are_known_too() -> None:
    tokens.check_words("crm", ["invoicing.claims", "enrollment.PublishProgramme", "staff", "calendar"], [])


async def test_the_command_says_the_token_once_and_nothing_else_on_its_line(
    databases: dict[str, str], tmp_path: Path
) -> None:
    for service, dsn in databases.items():
        (tmp_path / f"{service}_database_url").write_text(dsn)
    run = CliRunner()

    def tovholder(*words: str) -> tuple[int, str]:
        done = run.invoke(app, ["token", *words, "--databases", str(tmp_path)])
        return done.exit_code, done.stdout

    made = ("add", "crm", "--may", "enrol", "--may", "invoicing.claims", "--source", "/crm", "--until", "90d")
    status, said = await asyncio.to_thread(tovholder, *made)
    assert status == 0, said
    assert await opens(databases["enrollment"], said.strip()) == {"enrol", "invoicing.claims"}
    _, listed = await asyncio.to_thread(tovholder, "list", "--json")
    shown = json.loads(listed)
    assert (shown["name"], shown["may"], shown["sources"]) == ("crm", ["enrol", "invoicing.claims"], ["/crm"])
    assert said.strip() not in listed
    assert (await asyncio.to_thread(tovholder, "revoke", "crm"))[0] == 0
    assert "spærret eller udløbet" in (await asyncio.to_thread(tovholder, "list"))[1]
