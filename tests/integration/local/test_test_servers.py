"""Where the tests' own servers come from, and that they are real."""

from __future__ import annotations

from email.message import EmailMessage

import aiosmtplib
import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local import topics
from tests.support.servers import Database, Mail, MakeDatabase, choose


def must_not_be_asked() -> bool:
    raise AssertionError("Docker was asked although the environment names a server")


def test_a_server_in_the_environment_comes_first() -> None:
    assert choose("TOVHOLDER_TEST_KAFKA", {"TOVHOLDER_TEST_KAFKA": "10.0.0.1:9092"}, must_not_be_asked) == "environment"


def test_docker_comes_second() -> None:
    assert choose("TOVHOLDER_TEST_KAFKA", {"TOVHOLDER_TEST_KAFKA": ""}, lambda: True) == "docker"


def test_the_embedded_server_is_always_there() -> None:
    assert choose("TOVHOLDER_TEST_KAFKA", {}, lambda: False) == "embedded"


async def test_a_record_comes_back_from_the_broker(kafka: str, prefix: str) -> None:
    names = await topics.ensure_topics(kafka, prefix)
    assert f"{prefix}tovholder.intake" in names
    async with AIOKafkaProducer(bootstrap_servers=kafka, max_request_size=3_000_000) as producer:
        await producer.send_and_wait(names[0], b"x" * 2_000_000, key=b"programme/p1")
    async with AIOKafkaConsumer(
        names[0], bootstrap_servers=kafka, group_id=f"{prefix}reader", auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
    assert len(record.value) == 2_000_000
    assert len(await topics.ensure_topics(kafka, prefix)) == len(names)


async def test_each_test_has_a_database_that_others_may_not_enter(database: MakeDatabase) -> None:
    mine, other = await database(), await database()
    owner = await asyncpg.connect(mine.owner_url)
    await owner.execute("CREATE TABLE seats (id int PRIMARY KEY)")
    await owner.close()

    runtime = await asyncpg.connect(mine.url)
    await runtime.execute("INSERT INTO seats VALUES (1)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("DROP TABLE seats")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("CREATE TABLE more (id int)")
    await runtime.close()

    assert await _tables(other) == []


async def test_a_migrated_database_has_its_services_tables_and_its_runtime_role_may_use_them(
    database: MakeDatabase,
) -> None:
    tables = await _tables(await database("invoicing"))
    assert "outbox" in tables
    assert len(tables) > 5


async def test_the_mail_server_keeps_what_it_gets(mail: Mail) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@forening.example", "b@kommune.example", "Plads bekræftet"
    letter.set_content("Kære tovholder")
    host, _, port = mail.smtp.rpartition(":")
    await aiosmtplib.send(letter, hostname=host, port=int(port))
    async with httpx.AsyncClient(base_url=mail.http, headers=mail.headers, trust_env=False) as client:
        kept = (await client.get("/api/messages", params={"to": "b@kommune.example"})).json()
    assert [one["subject"] for one in kept] == ["Plads bekræftet"]


async def _tables(one: Database) -> list[str]:
    connection = await asyncpg.connect(one.url)
    try:
        return [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    finally:
        await connection.close()
