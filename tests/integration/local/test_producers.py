"""`tovholder producer`: whose source it is, is known where tokens are known too, in every service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.local import producers, tokens, topics
from deploy.local.errors import StackError
from shared.messaging.grants import PRODUCERS_TOPIC
from tests.support.servers import MakeDatabase

SERVICES = ("enrollment", "scheduling")
END = datetime(2099, 1, 1, tzinfo=UTC)


class Installation:
    """A broker that is open to everybody, and the databases of two services."""

    def __init__(self, kafka: str, prefix: str, databases: dict[str, str]) -> None:
        self.kafka = kafka
        self.prefix = prefix
        self.databases = databases

    async def admit(self, name: str, *sources: str) -> None:
        grant = producers.grant(name, ["enrollment"], sources)
        await producers.add(self.kafka, grant, None, self.prefix, databases=self.databases)

    async def shut_out(self, name: str, *, release: bool) -> None:
        databases = self.databases if release else None
        await producers.remove(self.kafka, name, self.prefix, guarded=False, databases=databases)

    async def give_token(self, name: str, *sources: str, **more: Any) -> str:
        return await tokens.add(more.get("databases", self.databases), name, ["enrol"], sources, END)

    async def granted(self) -> list[str]:
        return [one.producer for one in await producers.listed(self.kafka, self.prefix)]


@pytest.fixture
async def here(kafka: str, prefix: str, database: MakeDatabase) -> Installation:
    await topics.make_topics(kafka, [prefix + PRODUCERS_TOPIC], partitions=1)
    return Installation(kafka, prefix, {service: (await database(service)).url for service in SERVICES})


async def test_a_token_is_not_granted_the_source_of_a_producer(here: Installation) -> None:
    await here.admit("crm", "/crm")
    with pytest.raises(StackError, match="/crm is the source of producer/crm"):
        await here.give_token("cms", "/crm")
    # The same grant again, or a wider one, is its own.
    await here.admit("crm", "/crm", "/crm/2")
    assert "cms" not in await tokens.known(here.databases)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_producer_is_not_granted_the_source_of_a_token_in_whichever_service(
    here: Installation, service: str
) -> None:
    await here.give_token("cms", "/crm", databases={service: here.databases[service]})
    with pytest.raises(StackError, match="/crm is the source of token/cms"):
        await here.admit("crm", "/crm")
    assert await here.granted() == []
    # Nothing of it is reserved in the other.
    await here.give_token("crm", databases=here.databases)


async def test_the_source_of_a_producer_that_was_removed_is_nobodys_until_it_is_released(here: Installation) -> None:
    await here.admit("crm", "/crm")
    await here.shut_out("crm", release=False)
    with pytest.raises(StackError, match="/crm is the source of producer/crm"):
        await here.admit("other", "/crm")
    await here.shut_out("crm", release=True)
    await here.give_token("cms", "/crm")
    with pytest.raises(StackError, match="Der er ingen afsender, der hedder crm"):
        await here.shut_out("crm", release=True)


async def test_of_a_token_and_two_producers_that_come_to_a_source_at_once_one_gets_it(here: Installation) -> None:
    made = await asyncio.gather(
        here.admit("crm", "/crm"), here.give_token("cms", "/crm"), here.admit("erp", "/crm"), return_exceptions=True
    )
    assert sorted(isinstance(one, StackError) for one in made) == [False, True, True], made
    won = [name for name, one in zip(("crm", "cms", "erp"), made, strict=True) if not isinstance(one, StackError)]
    assert [*await here.granted(), *await tokens.known(here.databases)] == won
