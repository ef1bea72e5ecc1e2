"""Everybody tries everything on a broker that asks who they are: what no right says is refused.

What is allowed follows from the contracts (`deploy/local/rights.py`); here Kafka itself is asked, in its own protocol,
about each principal, each topic and group of two installations, and each thing that one can do with them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.admin import AlterConfigsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeAclsRequest
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest

from deploy.local import access, producers, topics
from deploy.local.kafka_requests import Access, Acl, Operation, Pattern, Resource, open_access
from deploy.local.locations import service_names
from deploy.local.principals import OPERATOR, ROLES, of_producer, principal, principals
from deploy.local.rights import Right, rights
from shared.contracts.catalogue import SERVICES, topics_read_by
from shared.contracts.event import INTAKE_TOPIC, topic_of
from shared.messaging.grants import PRODUCERS_TOPIC, read_grants, topic_from
from shared.messaging.kafka import Address, Kafka, client_options
from tests.support.guarded import Guarded, guarded_broker

HERE, THERE = "", "other."
"""Two installations on one broker."""
CRM = producers.grant("crm", ["enrollment", "tovholder.invoicing.RegisterPayment.v1"], ["/crm"])
BANK = producers.grant("bank", ["tovholder.invoicing.PaymentRegistered.v1"], ["/bank"])
REFUSED = {29, 30, 31}
"""No right to the topic, the group, the cluster."""
UNKNOWN_TOPIC = 3
NEW_TOPIC = "tovholder.enrollment.from.nobody"
ANY = 1

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    async with guarded_broker(tmp_path_factory.mktemp("guarded")) as made:
        await made.install(HERE)
        await made.install(THERE)
        await made.admit(CRM)
        await made.admit(BANK)
        yield made


ALLOWED: Mapping[str, frozenset[Right]] = rights(service_names(), [CRM, BANK])
EVERYBODY = tuple(sorted(ALLOWED))
TOPICS = (
    *map(topic_of, SERVICES),
    INTAKE_TOPIC,
    PRODUCERS_TOPIC,
    *CRM.own_topics,
    *BANK.own_topics,
    NEW_TOPIC,
    *(THERE + topic for topic in (*map(topic_of, SERVICES), INTAKE_TOPIC, PRODUCERS_TOPIC)),
)
GROUPS = (*map(topic_of, SERVICES), "tovholder.nobody", "others", *(THERE + topic_of(name) for name in SERVICES))


def may(who: str, resource: Resource, name: str, operation: Operation) -> bool:
    """What the table of rights says."""
    return any(
        kind == resource and what == operation and (name == named if how == Pattern.LITERAL else name.startswith(named))
        for kind, how, named, what in ALLOWED[who]
    )


class Door:
    """One principal's connection; each method says whether Kafka lets it."""

    def __init__(self, client: AIOKafkaClient) -> None:
        self._client = client

    async def _ask(self, request: Any) -> Any:
        return await self._client.send(self._client.get_random_node(), request)

    async def write(self, topic: str) -> bool:
        answer = await self._ask(ProduceRequest(None, -1, 1000, [(topic, [(0, b"")])]))
        return answer.topics[0][1][0][1] not in REFUSED

    async def read(self, topic: str) -> bool:
        answer = await self._ask(FetchRequest(0, 1, 1000, 0, [(topic, [(0, 0, 1000)])]))
        return answer.topics[0][1][0][1] not in REFUSED

    async def create(self, topic: str) -> bool:
        answer = await self._ask(CreateTopicsRequest([(topic, 1, 1, [], [])], 1000, validate_only=True))
        return answer.topic_errors[0][1] not in REFUSED

    async def delete(self, topic: str) -> bool:
        answer = await self._ask(DeleteTopicsRequest([topic], 1000))
        # One that is not there cannot be deleted either, and whoever may see that is told so.
        return answer.topic_error_codes[0][1] not in {*REFUSED, UNKNOWN_TOPIC}

    async def configure(self, topic: str) -> bool:
        answer = await self._ask(AlterConfigsRequest([(2, topic, [("retention.ms", "1")])], validate_only=True))
        return answer.resources[0][0] not in REFUSED

    async def find_group(self, group: str) -> bool:
        return (await self._ask(FindCoordinatorRequest(group, 0))).error_code not in REFUSED

    async def commit(self, group: str, topic: str) -> bool:
        answer = await self._ask(OffsetCommitRequest(group, -1, "", -1, [(topic, [(0, 0, "")])]))
        return answer.topics[0][1][0][1] not in REFUSED

    async def be_idempotent(self) -> bool:
        return (await self._ask(InitProducerIdRequest(None, 1000))).error_code not in REFUSED

    async def see_rights(self) -> bool:
        return (await self._ask(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))).error_code not in REFUSED

    async def give_rights(self, who: str) -> bool:
        return await self._unless_refused(
            Access(self._client).allow([Acl(who, Resource.TOPIC, Pattern.PREFIXED, "t", Operation.WRITE)])
        )

    async def take_rights(self) -> bool:
        return await self._unless_refused(
            Access(self._client).allow_no_longer(
                [Acl(OPERATOR, Resource.TOPIC, Pattern.PREFIXED, "tovholder.", Operation.READ)]
            )
        )

    async def set_a_password(self, who: str) -> bool:
        return await self._unless_refused(Access(self._client).set_users({who: "chosen by another"}))

    async def remove_a_user(self) -> bool:
        return await self._unless_refused(Access(self._client).set_users({}, gone=["operator"]))

    @staticmethod
    async def _unless_refused(asking: Any) -> bool:
        try:
            await asking
        except KafkaError as error:
            assert error.errno in REFUSED, error  # noqa: PT017  (which error it is, is the point)
            return False
        return True


async def open_door(kafka: Address) -> Door:
    client = AIOKafkaClient(**client_options(kafka))
    await client.bootstrap()
    return Door(client)


@pytest.fixture(params=EVERYBODY)
async def someone(request: pytest.FixtureRequest, guarded: Guarded) -> AsyncIterator[tuple[str, Door]]:
    door = await open_door(guarded.login(request.param))
    yield request.param, door
    await door._client.close()


async def test_nobody_does_to_a_topic_what_no_right_says(someone: tuple[str, Door]) -> None:
    who, door = someone
    for topic in TOPICS:
        assert await door.write(topic) == may(who, Resource.TOPIC, topic, Operation.WRITE), f"{who} writes {topic}"
        assert await door.read(topic) == may(who, Resource.TOPIC, topic, Operation.READ), f"{who} reads {topic}"
        assert await door.create(topic) == may(who, Resource.TOPIC, topic, Operation.CREATE), f"{who} makes {topic}"
        assert not await door.delete(topic), f"{who} deletes {topic}"
        assert not await door.configure(topic), f"{who} changes {topic}"


async def test_nobody_speaks_for_a_group_that_is_not_its_own(someone: tuple[str, Door]) -> None:
    who, door = someone
    for group in GROUPS:
        is_ours = may(who, Resource.GROUP, group, Operation.READ)
        assert await door.find_group(group) == is_ours, f"{who} and {group}"
        for topic in TOPICS:
            reads = may(who, Resource.TOPIC, topic, Operation.READ)
            assert await door.commit(group, topic) == (is_ours and reads), f"{who} commits {topic} for {group}"


async def test_nobody_changes_who_may_do_what(someone: tuple[str, Door]) -> None:
    who, door = someone
    writes = any(operation == Operation.WRITE for *_, operation in ALLOWED[who])
    assert await door.be_idempotent() == writes, f"{who} as an idempotent producer"
    assert not await door.see_rights(), who
    assert not await door.give_rights(who), who
    assert not await door.take_rights(), who
    for whose in (who, "admin", "broker", "enrollment"):
        assert not await door.set_a_password(whose), f"{who} sets the password of {whose}"
    assert not await door.remove_a_user(), who


async def test_the_administrator_may_do_it_all_so_that_a_refusal_means_something(guarded: Guarded) -> None:
    door = await open_door(guarded.admin)
    await topics.make_topics(guarded.admin, ["spare"])
    for asked in (door.write, door.read, door.configure, door.delete):
        assert await asked("spare")
    assert await door.create(NEW_TOPIC)
    assert await door.find_group("others")
    assert await door.commit("others", INTAKE_TOPIC)
    assert await door.see_rights()
    assert await door.set_a_password("spare")
    await Access(door._client).set_users({}, gone=["spare"])
    await door._client.close()


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "PLAINTEXT", "mechanism": None},
        {"password": "guessed"},
        {"username": "nobody"},
        {"username": "admin"},
        {"username": "broker"},
        {"username": "other.enrollment", "password": "guessed"},
        {"mechanism": "PLAIN"},
        {"mechanism": "PLAIN", "username": "admin"},
    ],
    ids=lambda change: ", ".join(f"{name}={value}" for name, value in change.items()),
)
async def test_nobody_comes_in_without_a_name_or_under_another(guarded: Guarded, change: dict[str, Any]) -> None:
    known = guarded.login(OPERATOR)
    assert isinstance(known, Kafka)
    client = AIOKafkaClient(**client_options(replace(known, **change)))
    with pytest.raises(KafkaError):
        await client.bootstrap()
    await client.close()


async def test_a_forged_fact_is_refused_where_only_its_service_writes(guarded: Guarded) -> None:
    async with AIOKafkaProducer(**client_options(guarded.login(of_producer("crm")))) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic_of("enrollment"), b"{}", partition=0)
        await producer.send_and_wait(topic_from(topic_of("enrollment"), "crm"), b"{}", partition=0)


@pytest.mark.parametrize("service", SERVICES)
def test_rights_follow_from_what_a_service_listens_to(service: str) -> None:
    read = {name for kind, how, name, what in ALLOWED[f"{service}-worker"] if (kind, how) == (2, 3) and what == 3}
    assert read == topics_read_by(service) | {PRODUCERS_TOPIC}
    assert ALLOWED[f"{service}-web"] == frozenset()
    assert ALLOWED[service] == ALLOWED[f"{service}-worker"] | ALLOWED[f"{service}-relay"]
    written = {name for kind, _, name, what in ALLOWED[service] if kind == Resource.TOPIC and what == Operation.WRITE}
    assert written == {topic_of(service), INTAKE_TOPIC}


async def test_what_is_otherwise_than_it_has_to_be_is_put_right_and_nothing_else_is_touched(guarded: Guarded) -> None:
    stray = Acl(of_producer("crm"), Resource.TOPIC, Pattern.LITERAL, topic_of("enrollment"), Operation.WRITE)
    foreign = Acl("somebody", Resource.TOPIC, Pattern.LITERAL, "elsewhere", Operation.READ)
    async with open_access(guarded.admin) as rights_here:
        before = await rights_here.acls()
        await rights_here.allow([stray, foreign])
        await rights_here.allow_no_longer([one for one in before if one.principal == "invoicing"])
        await access.ensure_access(guarded.admin, guarded.passwords)
        await rights_here.until_it_holds([], {*before, foreign})
        assert await rights_here.acls() == {*before, foreign}
        assert await rights_here.users() == {
            *principals(SERVICES), *(THERE + who for who in principals(SERVICES)), "from-crm", "from-bank",
        }  # fmt: skip


async def test_a_producer_that_is_removed_writes_no_more_and_its_grant_is_gone(guarded: Guarded) -> None:
    grant = producers.grant("guest", ["scheduling"])
    topic = topic_from(topic_of("scheduling"), "guest")
    kafka = await guarded.admit(grant)
    async with AIOKafkaProducer(**client_options(kafka)) as producer:
        await producer.send_and_wait(topic, b"{}", partition=0)
        assert (await read_grants(guarded.login("notifications"))).producers["guest"] == grant
        await producers.remove(guarded.admin, "guest")
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"{}", partition=0)
    assert "guest" not in (await read_grants(guarded.login("notifications"))).producers
    assert topic in await topics.event_topics(guarded.login(OPERATOR))


def test_every_role_of_a_service_is_somebody() -> None:
    assert {principal("enrollment", role) for role in ROLES} == {
        "enrollment", "enrollment-web", "enrollment-worker", "enrollment-relay",
    }  # fmt: skip
