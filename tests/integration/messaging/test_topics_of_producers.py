"""Other systems tell on topics of their own: they are read as soon as they may be, and believed in what was granted."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.local import access, producers, topics
from shared.contracts.event import INTAKE_TOPIC
from shared.contracts.invoicing import InvoiceRejected, PaymentRegistered
from shared.messaging import dead_letters
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import NotDone
from shared.messaging.grants import PRODUCERS_TOPIC, Grant, Granted, Grants, topic_from
from tests.integration.messaging.harness import OWNER, Reader, event
from tests.integration.messaging.test_topics_made_anew import delete
from tests.support.eventually import eventually

INVOICING = "tovholder.invoicing"
CRM = producers.grant("crm", [InvoiceRejected.type], ["/crm"])


@pytest.fixture
async def following(kafka_reader: Reader) -> Reader:
    """Reads from Kafka, with what is granted there."""
    await topics.ensure_topics(kafka_reader.kafka, kafka_reader.prefix)
    return kafka_reader


def again(reader: Reader) -> Consumer:
    """As after a restart."""
    reader.build()
    grants = Grants(reader.kafka, reader.prefix)
    reader.consumer = Consumer(
        reader.inbox,
        dsn=reader.database.url,
        kafka=reader.kafka,
        topics=[INVOICING],
        prefix=reader.prefix,
        grants=grants,
    )
    return reader.consumer


async def grant(reader: Reader, wanted: Grant) -> str:
    """Its topic."""
    await access.put_producer(reader.kafka, wanted, None, reader.prefix)
    return reader.prefix + topic_from(INVOICING, wanted.producer)


async def has_effects(reader: Reader, invoice: str, sequences: list[int]) -> None:
    async def has() -> bool:
        return await reader.effects(invoice) == sequences

    await eventually(has, 30, because=f"{invoice} has {sequences}")


def from_crm(invoice: str, sequence: int | None = 1, **more: Any) -> dict[str, Any]:
    return event(invoice, sequence, source="/crm", **more)


async def test_a_producer_is_read_without_another_start_and_after_one(following: Reader) -> None:
    again(following)
    async with following.running() as consumer:
        await eventually(lambda: consumer.ready, 30)
        topic = await grant(following, CRM)
        await following.send(from_crm("a"), from_crm("a", 2), topic=topic)
        await has_effects(following, "a", [1, 2])
        # Whoever is granted more says so at once, before anybody could have looked.
        await grant(following, producers.grant("crm", ["invoicing"], ["/crm"]))
        paid = {"owner": "/crm", "invoice_id": "b", "payment_id": "1", "amount_ore": 1, "paid_on": "2020-06-01"}
        paid |= {"outstanding_ore": 0}
        await following.send(from_crm("b", wire_type=PaymentRegistered.type, data=paid), topic=topic)
        await has_effects(following, "b", [1])
    again(following)
    async with following.running():
        await following.send(from_crm("a", 3), topic=topic)
        await has_effects(following, "a", [1, 2, 3])
        await access.remove_producer(following.kafka, "crm", following.prefix, guarded=False)

        async def no_longer() -> bool:
            return following.inbox.granted.producers == {}

        await eventually(no_longer, 30)
    assert await following.dead() == []


async def test_what_is_granted_is_read_again_when_its_topic_was_made_anew(following: Reader) -> None:
    for number in range(3):
        await grant(following, producers.grant("crm", [InvoiceRejected.type], [f"/crm/{number}"]))
    grants = Grants(following.kafka, following.prefix)
    try:
        assert set((await grants.catch_up()).producers) == {"crm"}
        await delete(following.kafka, following.prefix + PRODUCERS_TOPIC)
        await topics.ensure_topics(following.kafka, following.prefix)
        await grant(following, producers.grant("erp", [InvoiceRejected.type], ["/erp"]))

        async def read_anew() -> bool:
            return set((await grants.look()).producers) == {"erp"}

        await eventually(read_anew, 30, because="the one is granted, the other no more")
    finally:
        await grants.close()


async def test_a_producer_is_read_whoever_heard_of_it_first(following: Reader) -> None:
    """A batch of another one's looks at what is granted as well, and must not keep the news to itself."""
    again(following)
    topic = await grant(following, CRM)
    async with following.running() as consumer:
        await eventually(lambda: consumer.ready, 30)
        for number in range(1, 4):
            other = await grant(
                following, producers.grant(f"bank-{number}", [InvoiceRejected.type], [f"/bank/{number}"])
            )
            await following.send(from_crm("a", number), topic=topic)
            await has_effects(following, "a", [*range(1, number + 1)])
            await following.send(event(f"b{number}", 1, source=f"/bank/{number}"), topic=other)

            async def is_read(count: int = number) -> bool:
                # These are the other system's invoices, so what is read is a dead letter.
                return await following.dead() == ["not_owner"] * count

            await eventually(is_read, 30)


async def test_a_forger_neither_speaks_for_us_nor_stands_in_our_way(following: Reader) -> None:
    again(following)
    topic = await grant(following, CRM)
    async with following.running():
        forged = [
            event("a", 1, "forged", event_id="ours-1"),
            event("a", 7, "forged", event_id="forged-7"),
            event("a", 1, "forged", event_id="forged-1", data={"owner": OWNER, "reason": 1}),
            event("b", 1, source="/bank"),
            from_crm("c", wire_type=PaymentRegistered.type, data={}),
        ]
        await following.send(*forged, topic=topic)

        async def buried() -> bool:
            return len(await following.dead()) == len(forged)

        await eventually(buried, 30)
        # The very id and sequence that were forged.
        await following.send(event("a", 1, event_id="ours-1"), event("a", 2), topic=following.topic)
        await has_effects(following, "a", [1, 2])
    assert await following.dead() == ["not_granted"] * len(forged)
    assert await following.parked() == []
    assert await following.count("parked_keys") == 0
    assert await following.count("owners") == 1


async def test_a_plain_topic_that_is_closed_takes_its_own_service_and_what_stood_there_before(reader: Reader) -> None:
    reader.inbox.granted = Granted(closed={INVOICING: (2,)})
    await reader.take(from_crm("a", 1), from_crm("b", 1))
    await reader.take(from_crm("a", 2), event("c", 1))
    assert await reader.effects() == [1, 1]
    # Ours comes to its turn, where it is judged as ever: these are the other system's invoices.
    assert await reader.dead() == ["not_granted", "not_owner"]
    assert [row["source"] for row in await reader.pool.fetch("SELECT source FROM parked_keys")] == [OWNER]


async def test_a_retry_asks_what_is_granted_now(reader: Reader) -> None:
    topic = reader.prefix + topic_from(INVOICING, "crm")
    await reader.take(reader.record(from_crm("a"), topic=topic))
    assert await reader.dead() == ["not_granted"]
    (number,) = [row["id"] for row in await reader.pool.fetch("SELECT id FROM dead_letters")]
    async with reader.pool.acquire() as connection:
        with pytest.raises(NotDone, match="not_granted"):
            await dead_letters.retry(reader.inbox, connection, number)
        reader.inbox.granted = Granted({"crm": CRM})
        assert await dead_letters.retry(reader.inbox, connection, number) == 1
    assert await reader.effects("a") == [1]
    assert await reader.dead() == []


async def test_a_fact_in_a_producers_topic_stands_beside_the_topic_of_its_own_service(reader: Reader) -> None:
    scheduling = producers.grant("crm", ["scheduling"], ["/crm"])
    reader.inbox.granted = Granted({"crm": scheduling.model_copy(update={"may": (InvoiceRejected.type,)})})
    await reader.take(reader.record(from_crm("a"), topic=reader.prefix + topic_from("tovholder.scheduling", "crm")))
    assert await reader.dead() == ["wrong_topic"]


async def test_a_command_comes_over_the_producers_own_intake_as_who_it_may_be(reader: Reader) -> None:
    reader.build(service="enrollment", doorkeeper=True)
    bank = producers.grant("bank", ["intake"], ["/bank"])
    reader.inbox.granted = Granted({"bank": bank})
    topic = reader.prefix + topic_from(INTAKE_TOPIC, "bank")
    kind = "tovholder.enrollment.Nothing.v1"
    told, forged = (
        event("a", None, source=source, wire_type=kind, subject="intake/a", event_id=source)
        for source in ("/bank", "/crm")
    )
    told["actor"] = "token/staff"
    await reader.take(reader.record(told, topic=topic), reader.record(forged, topic=topic))
    assert await reader.dead() == ["not_granted"]
    refused = await reader.pool.fetch("SELECT type, actor FROM outbox")
    assert [tuple(row) for row in refused] == [("tovholder.enrollment.IntakeRejected.v1", "client/~bank")]
